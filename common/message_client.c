//  What clients and the controller say to one another.
#include "common/message_body.h"

void ipc_pack_hello(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->hello.token);
    put(w, self->hello.name);
    ipc_write_u64(w, self->hello.uuid);
    ipc_write_u64(w, self->hello.pid);
}
void ipc_unpack_hello(ipc_msg_t *self, ipc_reader_t *r)
{
    self->hello.token = get(r);
    self->hello.name = get(r);
    self->hello.uuid = ipc_read_u64(r);
    self->hello.pid = ipc_read_u32(r);
}

void ipc_pack_welcome(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->welcome.client);
    ipc_write_u64(w, self->welcome.pid);
    ipc_write_u64(w, self->welcome.task_limit);
    ipc_write_u64(w, self->welcome.byte_limit);
    put(w, self->welcome.sanitizers);
    ipc_write_u64(w, self->welcome.keeps);
}
void ipc_unpack_welcome(ipc_msg_t *self, ipc_reader_t *r)
{
    self->welcome.client = ipc_read_u32(r);
    self->welcome.pid = ipc_read_u32(r);
    self->welcome.task_limit = ipc_read_u64(r);
    self->welcome.byte_limit = ipc_read_u64(r);
    self->welcome.sanitizers = get(r);
    self->welcome.keeps = ipc_read_u32(r);
}

void ipc_pack_engines(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->engines.ids);
    put(w, self->engines.ready);
}
void ipc_unpack_engines(ipc_msg_t *self, ipc_reader_t *r)
{
    self->engines.ids = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
    self->engines.ready = get_row(r, 1, IPC_MAX_TARGETS);
    if (self->engines.ids.size != self->engines.ready.size * sizeof(uint32_t))
        ipc_reader_refuse(r);
}

void ipc_pack_submit(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->submit.function);
    ipc_write_u64(w, self->submit.flags);
    ipc_write_u64(w, self->submit.items);
    ipc_write_u64(w, self->submit.retries);
    ipc_write_u64(w, self->submit.chunk);
    ipc_write_i64(w, self->submit.priority);
    ipc_write_u64(w, self->submit.job);
    ipc_write_u64(w, self->submit.count);
    ipc_write_i64(w, self->submit.base);
    ipc_write_i64(w, self->submit.submitted);
    put(w, self->submit.label);
    put(w, self->submit.targets);
    put_objects(w, self->submit.objects);
    put(w, self->submit.arguments);
    put(w, self->submit.places);
    put(w, self->submit.data);
}
void ipc_unpack_submit(ipc_msg_t *self, ipc_reader_t *r)
{
    self->submit.function = ipc_read_u32(r);
    self->submit.flags = ipc_read_u32(r);
    self->submit.items = ipc_read_u32(r);
    self->submit.retries = ipc_read_u32(r);
    self->submit.chunk = ipc_read_u32(r);
    int64_t priority = ipc_read_i64(r);
    if (priority < INT32_MIN || priority > INT32_MAX)
        ipc_reader_refuse(r);
    self->submit.priority = (int32_t) priority;
    self->submit.job = ipc_read_u64(r);
    self->submit.count = ipc_read_u64(r);
    self->submit.base = ipc_read_i64(r);
    self->submit.submitted = ipc_read_i64(r);
    self->submit.label = get(r);
    self->submit.targets = get_row(r, sizeof(ipc_target_t), IPC_MAX_TARGETS);
    self->submit.objects = get_objects(r);
    self->submit.arguments = get(r);
    self->submit.places = get_row(r, sizeof(uint32_t), UINT32_MAX);
    self->submit.data = get(r);
    if (self->submit.items >= IPC_ITEMS_KINDS)
        ipc_reader_refuse(r);
}

void ipc_pack_result(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->result.failed);
    ipc_write_u64(w, self->result.engine);
    ipc_write_u64(w, self->result.attempts);
    ipc_write_u64(w, self->result.job);
    ipc_write_u64(w, self->result.first);
    ipc_write_u64(w, self->result.count);
    ipc_write_i64(w, self->result.accepted);
    ipc_write_i64(w, self->result.sent);
    ipc_write_i64(w, self->result.started);
    ipc_write_i64(w, self->result.finished);
    put_objects(w, self->result.objects);
    put(w, self->result.durations);
    put(w, self->result.out);
    put(w, self->result.err);
    put(w, self->result.body);
    ipc_write_u64(w, self->result.peak_memory);
}
void ipc_unpack_result(ipc_msg_t *self, ipc_reader_t *r)
{
    self->result.failed = ipc_read_u32(r);
    self->result.engine = ipc_read_u32(r);
    self->result.attempts = ipc_read_u32(r);
    self->result.job = ipc_read_u64(r);
    self->result.first = ipc_read_u64(r);
    self->result.count = ipc_read_u64(r);
    self->result.accepted = ipc_read_i64(r);
    self->result.sent = ipc_read_i64(r);
    self->result.started = ipc_read_i64(r);
    self->result.finished = ipc_read_i64(r);
    self->result.objects = get_objects(r);
    self->result.durations = get(r);
    self->result.out = get(r);
    self->result.err = get(r);
    self->result.body = get(r);
    self->result.peak_memory = ipc_read_u64(r);
}

void ipc_pack_status(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->status.number);
}
void ipc_unpack_status(ipc_msg_t *self, ipc_reader_t *r)
{
    self->status.number = ipc_read_u64(r);
}

void ipc_pack_report(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->report.number);
    put(w, self->report.text);
}
void ipc_unpack_report(ipc_msg_t *self, ipc_reader_t *r)
{
    self->report.number = ipc_read_u64(r);
    self->report.text = get(r);
}

void ipc_pack_query(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->query.number);
    ipc_write_u64(w, self->query.kind);
    ipc_write_u64(w, self->query.job);
    ipc_write_u64(w, self->query.limit);
    ipc_write_i64(w, self->query.since);
    ipc_write_i64(w, self->query.until);
    put(w, self->query.label);
    put(w, self->query.function);
    ipc_write_u64(w, self->query.states);
    ipc_write_u64(w, self->query.client);
    ipc_write_i64(w, self->query.submitted_from);
    ipc_write_i64(w, self->query.submitted_before);
    put(w, self->query.engines);
    put(w, self->query.jobs);
    put(w, self->query.not_label);
    put(w, self->query.not_function);
}
void ipc_unpack_query(ipc_msg_t *self, ipc_reader_t *r)
{
    self->query.number = ipc_read_u64(r);
    self->query.kind = ipc_read_u32(r);
    self->query.job = ipc_read_u64(r);
    self->query.limit = ipc_read_u64(r);
    self->query.since = ipc_read_i64(r);
    self->query.until = ipc_read_i64(r);
    self->query.label = get(r);
    self->query.function = get(r);
    self->query.states = ipc_read_u32(r);
    self->query.client = ipc_read_u64(r);
    self->query.submitted_from = ipc_read_i64(r);
    self->query.submitted_before = ipc_read_i64(r);
    self->query.engines = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
    self->query.jobs = get_row(r, sizeof(uint64_t), IPC_MAX_TARGETS);
    self->query.not_label = get(r);
    self->query.not_function = get(r);
}

void ipc_pack_answer(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->answer.number);
    ipc_write_u64(w, self->answer.count);
    ipc_write_u64(w, self->answer.code);
    put(w, self->answer.text);
    put(w, self->answer.body);
}
void ipc_unpack_answer(ipc_msg_t *self, ipc_reader_t *r)
{
    self->answer.number = ipc_read_u64(r);
    self->answer.count = ipc_read_u64(r);
    self->answer.code = ipc_read_u32(r);
    self->answer.text = get(r);
    self->answer.body = get(r);
}

void ipc_pack_fetch(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->fetch.number);
    ipc_write_u64(w, self->fetch.job);
    ipc_write_u64(w, self->fetch.count);
    ipc_write_u64(w, self->fetch.again);
}
void ipc_unpack_fetch(ipc_msg_t *self, ipc_reader_t *r)
{
    self->fetch.number = ipc_read_u64(r);
    self->fetch.job = ipc_read_u64(r);
    self->fetch.count = ipc_read_u64(r);
    self->fetch.again = ipc_read_u32(r);
}

void ipc_pack_terms(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->terms.seen);
    ipc_write_u64(w, self->terms.after_mode);
    ipc_write_u64(w, self->terms.follow_mode);
    put(w, self->terms.after);
    put(w, self->terms.follow);
    put(w, self->terms.needs);
    put(w, self->terms.arguments);
}
void ipc_unpack_terms(ipc_msg_t *self, ipc_reader_t *r)
{
    self->terms.seen = ipc_read_u64(r);
    self->terms.after_mode = ipc_read_u32(r);
    self->terms.follow_mode = ipc_read_u32(r);
    self->terms.after = get_row(r, sizeof(ipc_parent_t), IPC_MAX_TARGETS);
    self->terms.follow = get_row(r, sizeof(ipc_parent_t), IPC_MAX_TARGETS);
    self->terms.needs = get(r);
    self->terms.arguments = get_row(r, sizeof(ipc_parent_t), IPC_MAX_TARGETS);
}

void ipc_pack_abort(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->abort.job);
    ipc_write_u64(w, self->abort.first);
    ipc_write_u64(w, self->abort.count);
    ipc_write_u64(w, self->abort.balanced);
    put(w, self->abort.engines);
}
void ipc_unpack_abort(ipc_msg_t *self, ipc_reader_t *r)
{
    self->abort.job = ipc_read_u64(r);
    self->abort.first = ipc_read_u64(r);
    self->abort.count = ipc_read_u64(r);
    self->abort.balanced = ipc_read_u32(r);
    self->abort.engines = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
}

void ipc_pack_signal(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->signal.job);
    ipc_write_u64(w, self->signal.signal);
    put(w, self->signal.engines);
}
void ipc_unpack_signal(ipc_msg_t *self, ipc_reader_t *r)
{
    self->signal.job = ipc_read_u64(r);
    self->signal.signal = ipc_read_u32(r);
    self->signal.engines = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
}

void ipc_pack_want(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->want.job);
    ipc_write_u64(w, self->want.first);
    ipc_write_u64(w, self->want.count);
}
void ipc_unpack_want(ipc_msg_t *self, ipc_reader_t *r)
{
    self->want.job = ipc_read_u64(r);
    self->want.first = ipc_read_u64(r);
    self->want.count = ipc_read_u64(r);
}

void ipc_pack_shutdown(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->shutdown.job);
    ipc_write_u64(w, self->shutdown.restart);
    put(w, self->shutdown.engines);
}
void ipc_unpack_shutdown(ipc_msg_t *self, ipc_reader_t *r)
{
    self->shutdown.job = ipc_read_u64(r);
    self->shutdown.restart = ipc_read_u32(r);
    self->shutdown.engines = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
}

void ipc_pack_seen(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->seen.count);
}
void ipc_unpack_seen(ipc_msg_t *self, ipc_reader_t *r)
{
    self->seen.count = ipc_read_u64(r);
}

//  TAKEN, client to controller: bytes u64
void ipc_pack_taken(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->taken.bytes);
}

void ipc_unpack_taken(ipc_msg_t *self, ipc_reader_t *r)
{
    self->taken.bytes = ipc_read_u64(r);
}

void ipc_pack_resume(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->resume.missing);
}
void ipc_unpack_resume(ipc_msg_t *self, ipc_reader_t *r)
{
    self->resume.missing = get_row(r, sizeof(ipc_range_t), UINT32_MAX);
}
