//  ipc_writer_t and ipc_reader_t: msgpack on the way out and in. The writer is msgpack-c's packer over a
//  buffer that grows. The reader is a cursor of our own: msgpack-c's makes a tree of objects on the heap
//  for every message, before its size can be held against a limit. It allocates nothing; reading past the
//  end or another type yields zeros and marks it, so it is checked once, at the end.
#ifndef IPC_COMMON_WIRE_H
#define IPC_COMMON_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ipc_writer {
    char *data;                        // the bytes written, owned
    size_t size;                       // their number
    size_t room;                       // of data
} ipc_writer_t;

void ipc_writer_clear(ipc_writer_t *self);       // empty again; memory over 1 MiB is given back
void ipc_writer_destroy(ipc_writer_t *self);     // frees data; the struct is the caller's
void ipc_writer_grow(ipc_writer_t *self, size_t size); // makes room for so many bytes more
//  Room for bytes that the caller fills.
static inline char *ipc_write_room(ipc_writer_t *self, size_t size)
{
    if (size > self->room - self->size)
        ipc_writer_grow(self, size);
    char *at = self->data + self->size;
    self->size += size;
    return at;
}
//  Bytes as they are, no header.
static inline void ipc_write_raw(ipc_writer_t *self, const void *data, size_t size)
{
    if (size > 0)
        memcpy(ipc_write_room(self, size), data, size);
}
void ipc_write_nil(ipc_writer_t *self);
void ipc_write_bool(ipc_writer_t *self, bool value);
void ipc_write_u64(ipc_writer_t *self, uint64_t value);
void ipc_write_i64(ipc_writer_t *self, int64_t value);
void ipc_write_f64(ipc_writer_t *self, double value);
void ipc_write_text(ipc_writer_t *self, const char *text);                   // NULL is ""
void ipc_write_string(ipc_writer_t *self, const char *text, size_t size);
void ipc_write_bytes(ipc_writer_t *self, const void *data, size_t size);
void ipc_write_list(ipc_writer_t *self, size_t count);                       // the members follow
void ipc_write_map(ipc_writer_t *self, size_t count);                        // key, value, key, … follow
void ipc_write_ext(ipc_writer_t *self, int8_t type, size_t size);            // size raw bytes follow

//  A number of bytes, written later: gives its place, 5 bytes whatever the size.
size_t ipc_write_bytes_begin(ipc_writer_t *self);
void ipc_write_bytes_end(ipc_writer_t *self, size_t place);

typedef struct ipc_reader {
    const uint8_t *at, *end;
    bool bad;                          // something did not fit
} ipc_reader_t;

typedef enum ipc_wire_type {
    IPC_WIRE_END, IPC_WIRE_NIL, IPC_WIRE_BOOL, IPC_WIRE_UINT, IPC_WIRE_INT, IPC_WIRE_FLOAT,
    IPC_WIRE_STRING, IPC_WIRE_BYTES, IPC_WIRE_LIST, IPC_WIRE_MAP, IPC_WIRE_EXT, IPC_WIRE_UNKNOWN
} ipc_wire_type_t;

ipc_reader_t ipc_reader(const void *data, size_t size);
ipc_wire_type_t ipc_read_type(const ipc_reader_t *self); // of what comes next; reads nothing
bool ipc_read_nil(ipc_reader_t *self);                   // true, and read, when nil is next
bool ipc_read_bool(ipc_reader_t *self);
uint64_t ipc_read_u64(ipc_reader_t *self);
uint32_t ipc_read_u32(ipc_reader_t *self);
int64_t ipc_read_i64(ipc_reader_t *self);
double ipc_read_f64(ipc_reader_t *self);
const char *ipc_read_string(ipc_reader_t *self, size_t *size);     // lent; no zero byte at its end
const void *ipc_read_bytes(ipc_reader_t *self, size_t *size);      // lent
size_t ipc_read_list(ipc_reader_t *self);  // at most as many as bytes are left
size_t ipc_read_map(ipc_reader_t *self);
const void *ipc_read_ext(ipc_reader_t *self, int8_t *type, size_t *size);
//  Copies a string into a buffer with a zero byte; one that does not fit marks the reader.
void ipc_read_text(ipc_reader_t *self, char *buffer, size_t room);
//  Marks the reader: what was read makes no sense.
void ipc_reader_refuse(ipc_reader_t *self);
//  True when all was read and nothing was wrong.
bool ipc_reader_ok(const ipc_reader_t *self);

#endif
