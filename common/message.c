#include "common/message.h"

#include <string.h>

#include "common/fail.h"
#include "common/message_body.h"

ipc_bytes_t ipc_bytes_of(const char *text)
{
    return (ipc_bytes_t){text ? text : "", text ? strlen(text) : 0};
}

char *ipc_bytes_text(ipc_bytes_t bytes)
{
    char *text = ipc_xalloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(text, bytes.data, bytes.size);
    return text;
}

ipc_object_t ipc_object_at(const ipc_objects_t *self, size_t i)
{
    ipc_object_t object;
    memcpy(&object, self->data + i * sizeof object, sizeof object);
    return object;
}

ipc_target_t ipc_target_at(ipc_bytes_t targets, size_t i)
{
    ipc_target_t target;
    memcpy(&target, targets.data + i * sizeof target, sizeof target);
    return target;
}

ipc_range_t ipc_range_at(ipc_bytes_t ranges, size_t i)
{
    ipc_range_t range;
    memcpy(&range, ranges.data + i * sizeof range, sizeof range);
    return range;
}

#define MESSAGE_ROW(name, field) [IPC_MSG_##name] = {#name, ipc_pack_##field, ipc_unpack_##field},
static const struct {
    const char *name;
    void (*pack)(const ipc_msg_t *self, ipc_writer_t *w);
    void (*unpack)(ipc_msg_t *self, ipc_reader_t *r);
} messages[] = {IPC_MESSAGES(MESSAGE_ROW)};
#undef MESSAGE_ROW

static const char frame_header[IPC_FRAME_HEADER] = {'I', 'P', 'C', IPC_PROTOCOL};

void ipc_msg_pack(const ipc_msg_t *self, ipc_writer_t *frame)
{
    if (frame->size == 0)
        ipc_write_raw(frame, frame_header, sizeof frame_header);
    ipc_write_u64(frame, self->type);
    messages[self->type].pack(self, frame);
}

int ipc_frame_open(ipc_reader_t *frame, const void *data, size_t size, ipc_error_t *error)
{
    if (size > IPC_MAX_FRAME)
        return ipc_fail(error, IPC_E_PROTOCOL, "a message of %zu bytes, the limit is %d", size,
                        IPC_MAX_FRAME);
    if (size < IPC_FRAME_HEADER || memcmp(data, frame_header, IPC_FRAME_HEADER - 1) != 0)
        return ipc_fail(error, IPC_E_PROTOCOL, "a message that is not of this system");
    unsigned version = ((const unsigned char *) data)[IPC_FRAME_HEADER - 1];
    if (version != IPC_PROTOCOL)
        return ipc_fail(error, IPC_E_PROTOCOL,
                        "the peer speaks version %u of the protocol, this program version %d: install the "
                        "same version of both",
                        version, IPC_PROTOCOL);
    *frame = ipc_reader((const char *) data + IPC_FRAME_HEADER, size - IPC_FRAME_HEADER);
    return 0;
}

int ipc_msg_unpack(ipc_msg_t *self, ipc_reader_t *frame, ipc_error_t *error)
{
    if (frame->at == frame->end && !frame->bad)
        return 0;
    uint64_t type = ipc_read_u64(frame);
    if (type >= IPC_MSG_COUNT || frame->bad)
        return ipc_fail(error, IPC_E_PROTOCOL, "a message of unknown type");
    self->type = (ipc_msg_type_t) type;
    messages[type].unpack(self, frame);
    if (frame->bad)
        return ipc_fail(error, IPC_E_PROTOCOL, "a malformed %s message", messages[type].name);
    return 1;
}

const char *ipc_msg_name(ipc_msg_type_t type)
{
    return (unsigned) type < IPC_MSG_COUNT ? messages[type].name : "unknown";
}

void ipc_failure_pack(const ipc_failure_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->code);
    put(w, self->kind);
    put(w, self->text);
    put(w, self->where);
    put(w, self->trace);
    put(w, self->last);
    put(w, self->out);
    put(w, self->err);
    put(w, self->attempts);
}

int ipc_failure_unpack(ipc_failure_t *self, ipc_bytes_t body)
{
    ipc_reader_t r = ipc_reader(body.data, body.size);
    self->code = ipc_read_u32(&r);
    self->kind = get(&r);
    self->text = get(&r);
    self->where = get(&r);
    self->trace = get(&r);
    self->last = get(&r);
    self->out = get(&r);
    self->err = get(&r);
    self->attempts = get(&r);
    return ipc_reader_ok(&r) ? 0 : -1;
}
