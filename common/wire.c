#include "common/wire.h"

#include <endian.h>
#include <msgpack/pack.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

enum { KEPT_ROOM = 1 << 20 };

void ipc_writer_grow(ipc_writer_t *self, size_t size)
{
    size_t room = self->room ? 2 * self->room : 256;
    while (room - self->size < size) room *= 2;
    self->data = ipc_xrealloc(self->data, room);
    self->room = room;
}

void ipc_writer_clear(ipc_writer_t *self)
{
    if (self->room > KEPT_ROOM)
        ipc_writer_destroy(self);
    self->size = 0;
}

void ipc_writer_destroy(ipc_writer_t *self)
{
    free(self->data);
    *self = (ipc_writer_t){0};
}

static int append(void *data, const char *bytes, size_t size)
{
    ipc_write_raw(data, bytes, size);
    return 0;
}

static inline msgpack_packer packer_of(ipc_writer_t *self)
{
    return (msgpack_packer){.data = self, .callback = append};
}

void ipc_write_nil(ipc_writer_t *self)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_nil(&packer);
}

void ipc_write_bool(ipc_writer_t *self, bool value)
{
    msgpack_packer packer = packer_of(self);
    value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer);
}

void ipc_write_u64(ipc_writer_t *self, uint64_t value)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_uint64(&packer, value);
}

void ipc_write_i64(ipc_writer_t *self, int64_t value)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_int64(&packer, value);
}

void ipc_write_f64(ipc_writer_t *self, double value)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_double(&packer, value);
}

void ipc_write_string(ipc_writer_t *self, const char *text, size_t size)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_str(&packer, size);
    ipc_write_raw(self, text, size);
}

void ipc_write_text(ipc_writer_t *self, const char *text)
{
    ipc_write_string(self, text, text ? strlen(text) : 0);
}

void ipc_write_bytes(ipc_writer_t *self, const void *data, size_t size)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_bin(&packer, size);
    ipc_write_raw(self, data, size);
}

void ipc_write_list(ipc_writer_t *self, size_t count)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_array(&packer, count);
}

void ipc_write_map(ipc_writer_t *self, size_t count)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_map(&packer, count);
}

void ipc_write_ext(ipc_writer_t *self, int8_t type, size_t size)
{
    msgpack_packer packer = packer_of(self);
    msgpack_pack_ext(&packer, size, type);
}

enum { BIN32 = 0xc6, BIN32_HEADER = 5 };

size_t ipc_write_bytes_begin(ipc_writer_t *self)
{
    size_t place = self->size;
    memset(ipc_write_room(self, BIN32_HEADER), 0, BIN32_HEADER);
    return place;
}

void ipc_write_bytes_end(ipc_writer_t *self, size_t place)
{
    size_t size = self->size - place - BIN32_HEADER;
    unsigned char *at = (unsigned char *) self->data + place;
    at[0] = BIN32;
    for (int i = 0; i < 4; i++) at[1 + i] = (unsigned char) (size >> (24 - 8 * i));
}

ipc_reader_t ipc_reader(const void *data, size_t size)
{
    return (ipc_reader_t){.at = data, .end = (const uint8_t *) data + size};
}

void ipc_reader_refuse(ipc_reader_t *self)
{
    self->bad = true;
    self->at = self->end;
}

bool ipc_reader_ok(const ipc_reader_t *self)
{
    return !self->bad && self->at == self->end;
}

static inline size_t left(const ipc_reader_t *self)
{
    return (size_t) (self->end - self->at);
}

static const uint8_t *take(ipc_reader_t *self, size_t size)
{
    if (size > left(self)) {
        ipc_reader_refuse(self);
        return NULL;
    }
    const uint8_t *at = self->at;
    self->at += size;
    return at;
}

//  A big-endian number of size bytes.
static uint64_t take_number(ipc_reader_t *self, size_t size)
{
    const uint8_t *at = take(self, size);
    uint64_t number = 0;
    if (at)
        memcpy((char *) &number + sizeof number - size, at, size);
    return be64toh(number);
}

//  The msgpack specification's table of first bytes.
ipc_wire_type_t ipc_read_type(const ipc_reader_t *self)
{
    if (self->at == self->end)
        return IPC_WIRE_END;
    uint8_t b = *self->at;
    if (b <= 0x7f)
        return IPC_WIRE_UINT;
    if (b <= 0x8f)
        return IPC_WIRE_MAP;
    if (b <= 0x9f)
        return IPC_WIRE_LIST;
    if (b <= 0xbf)
        return IPC_WIRE_STRING;
    if (b >= 0xe0)
        return IPC_WIRE_INT;
    static const uint8_t types[] = {
        [0x00] = IPC_WIRE_NIL,    [0x01] = IPC_WIRE_UNKNOWN, [0x02] = IPC_WIRE_BOOL,
        [0x03] = IPC_WIRE_BOOL,   [0x04] = IPC_WIRE_BYTES,   [0x05] = IPC_WIRE_BYTES,
        [0x06] = IPC_WIRE_BYTES,  [0x07] = IPC_WIRE_EXT,     [0x08] = IPC_WIRE_EXT,
        [0x09] = IPC_WIRE_EXT,    [0x0a] = IPC_WIRE_FLOAT,   [0x0b] = IPC_WIRE_FLOAT,
        [0x0c] = IPC_WIRE_UINT,   [0x0d] = IPC_WIRE_UINT,    [0x0e] = IPC_WIRE_UINT,
        [0x0f] = IPC_WIRE_UINT,   [0x10] = IPC_WIRE_INT,     [0x11] = IPC_WIRE_INT,
        [0x12] = IPC_WIRE_INT,    [0x13] = IPC_WIRE_INT,     [0x14] = IPC_WIRE_EXT,
        [0x15] = IPC_WIRE_EXT,    [0x16] = IPC_WIRE_EXT,     [0x17] = IPC_WIRE_EXT,
        [0x18] = IPC_WIRE_EXT,    [0x19] = IPC_WIRE_STRING,  [0x1a] = IPC_WIRE_STRING,
        [0x1b] = IPC_WIRE_STRING, [0x1c] = IPC_WIRE_LIST,    [0x1d] = IPC_WIRE_LIST,
        [0x1e] = IPC_WIRE_MAP,    [0x1f] = IPC_WIRE_MAP,
    };
    return (ipc_wire_type_t) types[b - 0xc0];
}

//  Reads the first byte when the type is the one that is wanted; else marks the reader and gives 0xc1,
//  which msgpack never uses.
static uint8_t begin(ipc_reader_t *self, ipc_wire_type_t wanted)
{
    if (ipc_read_type(self) == wanted)
        return *self->at++;
    ipc_reader_refuse(self);
    return 0xc1;
}

bool ipc_read_nil(ipc_reader_t *self)
{
    if (ipc_read_type(self) != IPC_WIRE_NIL)
        return false;
    self->at++;
    return true;
}

bool ipc_read_bool(ipc_reader_t *self)
{
    return begin(self, IPC_WIRE_BOOL) == 0xc3;
}

uint64_t ipc_read_u64(ipc_reader_t *self)
{
    if (self->at < self->end && *self->at <= 0x7f) // nearly always
        return *self->at++;
    uint8_t b = begin(self, IPC_WIRE_UINT);
    return b == 0xc1 ? 0 : take_number(self, (size_t) 1 << (b - 0xcc));
}

uint32_t ipc_read_u32(ipc_reader_t *self)
{
    uint64_t value = ipc_read_u64(self);
    if (value > UINT32_MAX)
        ipc_reader_refuse(self);
    return (uint32_t) value;
}

int64_t ipc_read_i64(ipc_reader_t *self)
{
    if (ipc_read_type(self) == IPC_WIRE_UINT) {
        uint64_t value = ipc_read_u64(self);
        if (value > INT64_MAX)
            ipc_reader_refuse(self);
        return (int64_t) value;
    }
    uint8_t b = begin(self, IPC_WIRE_INT);
    if (b >= 0xe0)
        return (int8_t) b;
    if (b == 0xc1)
        return 0;
    size_t size = (size_t) 1 << (b - 0xd0);
    uint64_t value = take_number(self, size);
    unsigned shift = (unsigned) (64 - 8 * size);
    return (int64_t) (value << shift) >> shift;
}

double ipc_read_f64(ipc_reader_t *self)
{
    uint8_t b = begin(self, IPC_WIRE_FLOAT);
    if (b == 0xca) {
        uint32_t bits = (uint32_t) take_number(self, 4);
        float value;
        memcpy(&value, &bits, sizeof value);
        return (double) value;
    }
    uint64_t bits = b == 0xcb ? take_number(self, 8) : 0;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

const char *ipc_read_string(ipc_reader_t *self, size_t *size)
{
    uint8_t b = begin(self, IPC_WIRE_STRING);
    *size = b == 0xc1 ? 0 : b <= 0xbf ? b & 0x1f : take_number(self, (size_t) 1 << (b - 0xd9));
    const uint8_t *at = take(self, *size);
    if (!at)
        *size = 0;
    return at ? (const char *) at : "";
}

const void *ipc_read_bytes(ipc_reader_t *self, size_t *size)
{
    uint8_t b = begin(self, IPC_WIRE_BYTES);
    *size = b == 0xc1 ? 0 : take_number(self, (size_t) 1 << (b - 0xc4));
    const uint8_t *at = take(self, *size);
    if (!at)
        *size = 0;
    return at ? (const void *) at : "";
}

static size_t read_count(ipc_reader_t *self, ipc_wire_type_t type, uint8_t fixed, uint8_t two)
{
    uint8_t b = begin(self, type);
    size_t count = b == 0xc1 ? 0 : b < 0xc0 ? (size_t) (b - fixed) : take_number(self, b == two ? 2 : 4);
    if (count <= left(self)) // each member takes a byte at least
        return count;
    ipc_reader_refuse(self);
    return 0;
}

size_t ipc_read_list(ipc_reader_t *self)
{
    return read_count(self, IPC_WIRE_LIST, 0x90, 0xdc);
}

size_t ipc_read_map(ipc_reader_t *self)
{
    return read_count(self, IPC_WIRE_MAP, 0x80, 0xde);
}

const void *ipc_read_ext(ipc_reader_t *self, int8_t *type, size_t *size)
{
    uint8_t b = begin(self, IPC_WIRE_EXT);
    *size = b == 0xc1   ? 0
            : b >= 0xd4 ? (size_t) 1 << (b - 0xd4)
                        : take_number(self, (size_t) 1 << (b - 0xc7));
    *type = b == 0xc1 ? 0 : (int8_t) take_number(self, 1);
    const uint8_t *at = take(self, *size);
    if (!at)
        *size = 0;
    return at ? (const void *) at : "";
}

void ipc_read_text(ipc_reader_t *self, char *buffer, size_t room)
{
    size_t size = 0;
    const char *text = ipc_read_string(self, &size);
    if (size >= room || memchr(text, 0, size)) {
        ipc_reader_refuse(self);
        size = 0;
    }
    memcpy(buffer, text, size);
    buffer[size] = 0;
}
