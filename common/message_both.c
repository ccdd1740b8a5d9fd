//  What the controller says to, or hears from, clients and engines alike.
#include "common/message_body.h"

void ipc_pack_refused(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->refused.code);
    put(w, self->refused.text);
}
void ipc_unpack_refused(ipc_msg_t *self, ipc_reader_t *r)
{
    self->refused.code = ipc_read_u32(r);
    self->refused.text = get(r);
}

void ipc_pack_function(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->function.function);
    ipc_write_u64(w, self->function.kind);
    put(w, self->function.key);
    put(w, self->function.name);
    put(w, self->function.libraries);
}
void ipc_unpack_function(ipc_msg_t *self, ipc_reader_t *r)
{
    self->function.function = ipc_read_u32(r);
    self->function.kind = ipc_read_u32(r);
    self->function.key = get(r);
    self->function.name = get(r);
    self->function.libraries = get(r);
    if (self->function.kind >= IPC_FUNCTION_KINDS)
        ipc_reader_refuse(r);
}

void ipc_pack_output(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->output.span);
    ipc_write_u64(w, self->output.item);
    ipc_write_u64(w, self->output.stream);
    ipc_write_u64(w, self->output.engine);
    put(w, self->output.text);
}
void ipc_unpack_output(ipc_msg_t *self, ipc_reader_t *r)
{
    self->output.span = ipc_read_u64(r);
    self->output.item = ipc_read_u64(r);
    self->output.stream = ipc_read_u32(r);
    self->output.engine = ipc_read_u32(r);
    self->output.text = get(r);
    if (self->output.stream != 1 && self->output.stream != 2)
        ipc_reader_refuse(r);
}

void ipc_pack_release(const ipc_msg_t *self, ipc_writer_t *w)
{
    put_object(w, self->release.object);
    ipc_write_u64(w, self->release.count);
}
void ipc_unpack_release(ipc_msg_t *self, ipc_reader_t *r)
{
    self->release.object = get_object(r);
    self->release.count = ipc_read_u64(r);
}

void ipc_pack_freed(const ipc_msg_t *self, ipc_writer_t *w)
{
    put_object(w, self->freed.object);
}
void ipc_unpack_freed(ipc_msg_t *self, ipc_reader_t *r)
{
    self->freed.object = get_object(r);
}

void ipc_pack_lapsed(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->lapsed.number);
}
void ipc_unpack_lapsed(ipc_msg_t *self, ipc_reader_t *r)
{
    self->lapsed.number = ipc_read_u64(r);
}

void ipc_pack_ping(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->ping.number);
}
void ipc_unpack_ping(ipc_msg_t *self, ipc_reader_t *r)
{
    self->ping.number = ipc_read_u64(r);
}

void ipc_pack_pong(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->pong.number);
}
void ipc_unpack_pong(ipc_msg_t *self, ipc_reader_t *r)
{
    self->pong.number = ipc_read_u64(r);
}

void ipc_pack_bye(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->bye.reason);
}
void ipc_unpack_bye(ipc_msg_t *self, ipc_reader_t *r)
{
    self->bye.reason = ipc_read_u32(r);
}

void ipc_pack_limits(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->limits.wait_ms);
    ipc_write_u64(w, self->limits.run_ms);
}
void ipc_unpack_limits(ipc_msg_t *self, ipc_reader_t *r)
{
    self->limits.wait_ms = ipc_read_u32(r);
    self->limits.run_ms = ipc_read_u32(r);
}

void ipc_pack_publish(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->publish.span);
    ipc_write_u64(w, self->publish.item);
    ipc_write_u64(w, self->publish.engine);
    put(w, self->publish.name);
    put(w, self->publish.value);
}
void ipc_unpack_publish(ipc_msg_t *self, ipc_reader_t *r)
{
    self->publish.span = ipc_read_u64(r);
    self->publish.item = ipc_read_u64(r);
    self->publish.engine = ipc_read_u32(r);
    self->publish.name = get(r);
    self->publish.value = get(r);
}

void ipc_pack_supply(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->supply.job);
    ipc_write_u64(w, self->supply.first);
    ipc_write_u64(w, self->supply.count);
    put_objects(w, self->supply.objects);
    put(w, self->supply.body);
}
void ipc_unpack_supply(ipc_msg_t *self, ipc_reader_t *r)
{
    self->supply.job = ipc_read_u64(r);
    self->supply.first = ipc_read_u64(r);
    self->supply.count = ipc_read_u64(r);
    self->supply.objects = get_objects(r);
    self->supply.body = get(r);
}
