//  The inside of message.c, of which message_client.c, message_engine.c and message_both.c are parts: how fields are
//  written that more than one message has, and the two halves of every message.
#ifndef IPC_COMMON_MESSAGE_BODY_H
#define IPC_COMMON_MESSAGE_BODY_H

#include "common/message.h"

static inline void put(ipc_writer_t *w, ipc_bytes_t bytes)
{
    ipc_write_bytes(w, bytes.data, bytes.size);
}

static inline ipc_bytes_t get(ipc_reader_t *r)
{
    ipc_bytes_t bytes;
    bytes.data = ipc_read_bytes(r, &bytes.size);
    return bytes;
}

//  Bytes that are a row of elements of one size, at most limit of them.
static inline ipc_bytes_t get_row(ipc_reader_t *r, size_t element, size_t limit)
{
    ipc_bytes_t bytes = get(r);
    if (bytes.size % element || bytes.size / element > limit) {
        ipc_reader_refuse(r);
        bytes.size = 0;
    }
    return bytes;
}

static inline void put_objects(ipc_writer_t *w, ipc_objects_t objects)
{
    ipc_write_bytes(w, objects.data, objects.count * sizeof(ipc_object_t));
}

static inline ipc_objects_t get_objects(ipc_reader_t *r)
{
    ipc_bytes_t bytes = get_row(r, sizeof(ipc_object_t), IPC_MAX_OBJECTS);
    return (ipc_objects_t){bytes.data, bytes.size / sizeof(ipc_object_t)};
}

static inline void put_object(ipc_writer_t *w, ipc_object_t object)
{
    ipc_write_u64(w, object.owner);
    ipc_write_u64(w, object.number);
}

static inline ipc_object_t get_object(ipc_reader_t *r)
{
    ipc_object_t object;
    object.owner = ipc_read_u64(r);
    object.number = ipc_read_u64(r);
    return object;
}

#define MESSAGE_HALVES(name, field)                                                           \
    void ipc_pack_##field(const ipc_msg_t *self, ipc_writer_t *w);                            \
    void ipc_unpack_##field(ipc_msg_t *self, ipc_reader_t *r);
IPC_MESSAGES(MESSAGE_HALVES)
#undef MESSAGE_HALVES

#endif
