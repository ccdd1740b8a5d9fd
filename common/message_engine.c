//  What the controller and engines say to one another.
#include "common/message_body.h"

void ipc_pack_task(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->task.function);
    ipc_write_u64(w, self->task.items);
    ipc_write_u64(w, self->task.recallable);
    ipc_write_u64(w, self->task.lone);
    ipc_write_u64(w, self->task.span);
    ipc_write_u64(w, self->task.first);
    ipc_write_u64(w, self->task.count);
    ipc_write_i64(w, self->task.base);
    put_objects(w, self->task.objects);
    put(w, self->task.arguments);
    put(w, self->task.data);
}
void ipc_unpack_task(ipc_msg_t *self, ipc_reader_t *r)
{
    self->task.function = ipc_read_u32(r);
    self->task.items = ipc_read_u32(r);
    self->task.recallable = ipc_read_u32(r);
    self->task.lone = ipc_read_u32(r);
    self->task.span = ipc_read_u64(r);
    self->task.first = ipc_read_u64(r);
    self->task.count = ipc_read_u64(r);
    self->task.base = ipc_read_i64(r);
    self->task.objects = get_objects(r);
    self->task.arguments = get(r);
    self->task.data = get(r);
    if (self->task.items >= IPC_ITEMS_KINDS)
        ipc_reader_refuse(r);
}

void ipc_pack_done(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->done.failed);
    ipc_write_u64(w, self->done.span);
    ipc_write_u64(w, self->done.first);
    ipc_write_u64(w, self->done.count);
    ipc_write_i64(w, self->done.started);
    ipc_write_i64(w, self->done.finished);
    put_objects(w, self->done.objects);
    put(w, self->done.durations);
    put(w, self->done.out);
    put(w, self->done.err);
    put(w, self->done.body);
    ipc_write_u64(w, self->done.peak_memory);
}
void ipc_unpack_done(ipc_msg_t *self, ipc_reader_t *r)
{
    self->done.failed = ipc_read_u32(r);
    self->done.span = ipc_read_u64(r);
    self->done.first = ipc_read_u64(r);
    self->done.count = ipc_read_u64(r);
    self->done.started = ipc_read_i64(r);
    self->done.finished = ipc_read_i64(r);
    self->done.objects = get_objects(r);
    self->done.durations = get(r);
    self->done.out = get(r);
    self->done.err = get(r);
    self->done.body = get(r);
    self->done.peak_memory = ipc_read_u64(r);
}

void ipc_pack_recall(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->recall.count);
}
void ipc_unpack_recall(ipc_msg_t *self, ipc_reader_t *r)
{
    self->recall.count = ipc_read_u64(r);
}

void ipc_pack_gave(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->gave.span);
    ipc_write_u64(w, self->gave.first);
    ipc_write_u64(w, self->gave.count);
    ipc_write_u64(w, self->gave.last);
}
void ipc_unpack_gave(ipc_msg_t *self, ipc_reader_t *r)
{
    self->gave.span = ipc_read_u64(r);
    self->gave.first = ipc_read_u64(r);
    self->gave.count = ipc_read_u64(r);
    self->gave.last = ipc_read_u32(r);
}

void ipc_pack_registration(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->registration.token);
    ipc_write_u64(w, self->registration.engine);
    ipc_write_u64(w, self->registration.epoch);
    ipc_write_u64(w, self->registration.pid);
    ipc_write_u64(w, self->registration.nanny);
    ipc_write_u64(w, self->registration.owner);
    ipc_write_u64(w, self->registration.death_epoch);
    ipc_write_u64(w, self->registration.signal);
    ipc_write_u64(w, self->registration.status);
    ipc_write_u64(w, self->registration.stack_overflow);
    ipc_write_u64(w, self->registration.idle_deaths);
    ipc_write_u64(w, self->registration.span);
    ipc_write_u64(w, self->registration.item);
    ipc_write_u64(w, self->registration.done_span);
    ipc_write_u64(w, self->registration.done_item);
    ipc_write_u64(w, self->registration.address);
    put(w, self->registration.trace);
    put(w, self->registration.output);
    put(w, self->registration.errors);
    ipc_write_u64(w, self->registration.verdict);
    put(w, self->registration.has);
    put(w, self->registration.host);
    put(w, self->registration.host_has);
    ipc_write_u64(w, self->registration.peak_memory);
    ipc_write_u64(w, self->registration.connection);
}
void ipc_unpack_registration(ipc_msg_t *self, ipc_reader_t *r)
{
    self->registration.token = get(r);
    self->registration.engine = ipc_read_u32(r);
    self->registration.epoch = ipc_read_u32(r);
    self->registration.pid = ipc_read_u32(r);
    self->registration.nanny = ipc_read_u32(r);
    self->registration.owner = ipc_read_u64(r);
    self->registration.death_epoch = ipc_read_u32(r);
    self->registration.signal = ipc_read_u32(r);
    self->registration.status = ipc_read_u32(r);
    self->registration.stack_overflow = ipc_read_u32(r);
    self->registration.idle_deaths = ipc_read_u32(r);
    self->registration.span = ipc_read_u64(r);
    self->registration.item = ipc_read_u64(r);
    self->registration.done_span = ipc_read_u64(r);
    self->registration.done_item = ipc_read_u64(r);
    self->registration.address = ipc_read_u64(r);
    self->registration.trace = get(r);
    self->registration.output = get(r);
    self->registration.errors = get(r);
    self->registration.verdict = ipc_read_u32(r);
    self->registration.has = get(r);
    self->registration.host = get(r);
    self->registration.host_has = get(r);
    self->registration.peak_memory = ipc_read_u64(r);
    self->registration.connection = ipc_read_u32(r);
}

void ipc_pack_accepted(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->accepted.engine);
    ipc_write_u64(w, self->accepted.pid);
    ipc_write_u64(w, self->accepted.keeps);
}
void ipc_unpack_accepted(ipc_msg_t *self, ipc_reader_t *r)
{
    self->accepted.engine = ipc_read_u32(r);
    self->accepted.pid = ipc_read_u32(r);
    self->accepted.keeps = ipc_read_u32(r);
}

void ipc_pack_drop(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->drop.span);
    ipc_write_u64(w, self->drop.first);
    ipc_write_u64(w, self->drop.count);
    ipc_write_u64(w, self->drop.how);
}
void ipc_unpack_drop(ipc_msg_t *self, ipc_reader_t *r)
{
    self->drop.span = ipc_read_u64(r);
    self->drop.first = ipc_read_u64(r);
    self->drop.count = ipc_read_u64(r);
    self->drop.how = ipc_read_u32(r);
    if (self->drop.how >= IPC_DROPS)
        ipc_reader_refuse(r);
}

void ipc_pack_job(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->job.job);
}
void ipc_unpack_job(ipc_msg_t *self, ipc_reader_t *r)
{
    self->job.job = ipc_read_u64(r);
}

void ipc_pack_runs(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->runs.job);
    ipc_write_u64(w, self->runs.first);
    ipc_write_u64(w, self->runs.count);
    ipc_write_u64(w, self->runs.last);
    ipc_write_u64(w, self->runs.span);
}
void ipc_unpack_runs(ipc_msg_t *self, ipc_reader_t *r)
{
    self->runs.job = ipc_read_u64(r);
    self->runs.first = ipc_read_u64(r);
    self->runs.count = ipc_read_u64(r);
    self->runs.last = ipc_read_u32(r);
    self->runs.span = ipc_read_u64(r);
}

void ipc_pack_safe(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->safe.numbers);
}
void ipc_unpack_safe(ipc_msg_t *self, ipc_reader_t *r)
{
    self->safe.numbers = get_row(r, sizeof(uint64_t), UINT32_MAX);
}
