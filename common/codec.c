#include "common/codec.h"

#include <string.h>

#include "common/array_body.h"
#include "common/awaited.h"
#include "common/fail.h"

//  Extension types of msgpack that are ours. The numbers travel.
enum { EXT_COMPLEX = 1, EXT_ARRAY = 2, EXT_OBJECT = 3, EXT_REF = 4, EXT_RANGE = 5, EXT_HOLE = 6 };

//  An array's head: dtype, ndim, then the lengths as little-endian 64-bit numbers.
enum { HEAD_SIZE = 2 };

void ipc_value_elements(const ipc_value_t *self, ipc_dtype_t *dtype, int *ndim, const size_t **shape,
                        const void **data)
{
    const ipc_array_t *array = self->as.array;
    *dtype = self->ndim ? (ipc_dtype_t) self->dtype : (ipc_dtype_t) array->dtype;
    *ndim = self->ndim ? self->ndim : (int) array->ndim;
    *shape = self->ndim ? self->as.borrowed.shape : array->shape;
    *data = self->ndim ? self->as.borrowed.data : array->data;
}

static void write_head(ipc_writer_t *writer, ipc_dtype_t dtype, int ndim, const size_t *shape)
{
    char head[HEAD_SIZE] = {(char) dtype, (char) ndim};
    ipc_write_raw(writer, head, sizeof head);
    ipc_write_raw(writer, shape, (size_t) ndim * sizeof shape[0]);
}

static int read_head(const char *at, size_t size, ipc_dtype_t *dtype, int *ndim, size_t *shape,
                     size_t *count)
{
    if (size < HEAD_SIZE)
        return -1;
    *dtype = (ipc_dtype_t) (unsigned char) at[0];
    *ndim = (unsigned char) at[1];
    if (*ndim < 1 || *ndim > IPC_MAX_DIMENSIONS || size - HEAD_SIZE < (size_t) *ndim * sizeof shape[0])
        return -1;
    memcpy(shape, at + HEAD_SIZE, (size_t) *ndim * sizeof shape[0]);
    return ipc_shape_count(*dtype, *ndim, shape, count, NULL);
}

void ipc_array_ref_write(const ipc_array_ref_t *self, ipc_writer_t *writer)
{
    uint64_t place[3] = {self->object.owner, self->object.number, self->offset};
    ipc_write_ext(writer, EXT_OBJECT,
                  sizeof place + HEAD_SIZE + (size_t) self->ndim * sizeof self->shape[0]);
    ipc_write_raw(writer, place, sizeof place);
    write_head(writer, self->dtype, self->ndim, self->shape);
}

static int read_ref(ipc_array_ref_t *self, const char *at, size_t size)
{
    uint64_t place[3];
    size_t count = 0;
    if (size < sizeof place)
        return -1;
    memcpy(place, at, sizeof place);
    self->object = (ipc_object_t){place[0], place[1]};
    self->offset = place[2];
    return read_head(at + sizeof place, size - sizeof place, &self->dtype, &self->ndim, self->shape, &count);
}

int ipc_array_ref_read(ipc_array_ref_t *self, ipc_reader_t *reader)
{
    ipc_reader_t ahead = *reader;
    int8_t type = 0;
    size_t size = 0;
    if (ipc_read_type(&ahead) != IPC_WIRE_EXT)
        return 0;
    const char *at = ipc_read_ext(&ahead, &type, &size);
    if (ahead.bad || type != EXT_OBJECT || read_ref(self, at, size))
        return 0;
    *reader = ahead;
    return 1;
}

static int pack_array(const ipc_value_t *self, ipc_writer_t *writer, ipc_place_fn *place, void *context,
                      ipc_error_t *error)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    size_t count = 0;
    ipc_value_elements(self, &dtype, &ndim, &shape, &data);
    if (ipc_shape_count(dtype, ndim, shape, &count, error))
        return -1;
    size_t size = count * ipc_dtype_size(dtype);
    if (size > 0 && !data)
        return ipc_fail(error, IPC_E_ARGUMENT, "an argument is an array of %zu elements at NULL", count);
    if (place && size > IPC_INLINE_LIMIT) {
        ipc_array_ref_t ref = {.dtype = dtype, .ndim = ndim};
        memcpy(ref.shape, shape, (size_t) ndim * sizeof shape[0]);
        if (place(context, data, size, &ref, error))
            return -1;
        ipc_array_ref_write(&ref, writer);
        return 0;
    }
    if (size > IPC_MAX_FRAME / 2)
        return ipc_fail(error, IPC_E_LIMIT, "an array of %zu bytes is too large for a message", size);
    ipc_write_ext(writer, EXT_ARRAY, HEAD_SIZE + (size_t) ndim * sizeof shape[0] + size);
    write_head(writer, dtype, ndim, shape);
    ipc_write_raw(writer, data, size);
    return 0;
}

static int pack_hole(ipc_value_t self, ipc_writer_t *writer, ipc_error_t *error)
{
    uint64_t hole[2] = {self.as.u64, self.count};
    if (!ipc_value_is_hole(self))
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "a result stands here, which only the arguments of a call and of a push may hold: read it "
                        "first");
    ipc_write_ext(writer, EXT_HOLE, sizeof hole);
    ipc_write_raw(writer, hole, sizeof hole);
    return 0;
}

static int pack(ipc_value_t self, ipc_writer_t *writer, ipc_place_fn *place, void *context, int depth,
                ipc_error_t *error)
{
    if (depth >= IPC_MAX_DEPTH && (self.kind == IPC_KIND_LIST || self.kind == IPC_KIND_DICT))
        return ipc_fail(error, IPC_E_ARGUMENT, "an argument holds lists more than %d deep", IPC_MAX_DEPTH);
    switch (self.kind) {
    case IPC_KIND_NONE: ipc_write_nil(writer); return 0;
    case IPC_KIND_BOOL: ipc_write_bool(writer, self.as.boolean); return 0;
    case IPC_KIND_I64: ipc_write_i64(writer, self.as.i64); return 0;
    case IPC_KIND_U64: ipc_write_u64(writer, self.as.u64); return 0;
    case IPC_KIND_F64: ipc_write_f64(writer, self.as.f64); return 0;
    case IPC_KIND_STR: ipc_write_string(writer, self.as.string, self.count); return 0;
    case IPC_KIND_C128:
        ipc_write_ext(writer, EXT_COMPLEX, sizeof self.as.c128);
        ipc_write_raw(writer, self.as.c128, sizeof self.as.c128);
        return 0;
    case IPC_KIND_REF:
        ipc_write_ext(writer, EXT_REF, self.count);
        ipc_write_raw(writer, self.as.string, self.count);
        return 0;
    case IPC_KIND_RANGE:
        ipc_write_ext(writer, EXT_RANGE, sizeof self.as.range);
        ipc_write_raw(writer, &self.as.range, sizeof self.as.range);
        return 0;
    case IPC_KIND_ARRAY: return pack_array(&self, writer, place, context, error);
    case IPC_KIND_RESULT: return pack_hole(self, writer, error);
    case IPC_KIND_LIST: {
        ipc_write_list(writer, self.count);
        for (size_t i = 0; i < self.count; i++)
            if (pack(self.as.items[i], writer, place, context, depth + 1, error))
                return -1;
        return 0;
    }
    case IPC_KIND_DICT: {
        if (self.reserved)
            return ipc_fail(error, IPC_E_ARGUMENT, "an argument is a dictionary with a key but no value");
        ipc_write_map(writer, self.count);
        for (size_t i = 0; i < self.count; i++) {
            if (self.as.items[2 * i].kind != IPC_KIND_STR)
                return ipc_fail(error, IPC_E_ARGUMENT, "an argument is a dictionary whose key %zu is no string",
                                i);
            if (pack(self.as.items[2 * i], writer, place, context, depth + 1, error) ||
                pack(self.as.items[2 * i + 1], writer, place, context, depth + 1, error))
                return -1;
        }
        return 0;
    }
    case IPC_KIND_ZIP: return ipc_fail(error, IPC_E_ARGUMENT, "an argument is a zip, which is for the items of a map");
    default: return ipc_fail(error, IPC_E_ARGUMENT, "an argument is of unknown kind %d", self.kind);
    }
}

int ipc_value_pack(ipc_value_t self, ipc_writer_t *writer, ipc_place_fn *place, void *context,
                   ipc_error_t *error)
{
    return pack(self, writer, place, context, 0, error);
}

typedef struct unpacker {
    ipc_reader_t *reader;
    ipc_arena_t *arena;
    ipc_open_fn *open;
    void *context;
    ipc_error_t *error;
    size_t members;                    // that lists may still claim: each takes a byte of the message at least
} unpacker_t;

static int malformed(unpacker_t *u)
{
    ipc_reader_refuse(u->reader);
    return ipc_fail(u->error, IPC_E_PROTOCOL, "a malformed value in a message");
}

static int unpack_array(unpacker_t *u, const char *at, size_t size, ipc_value_t *value)
{
    ipc_dtype_t dtype;
    int ndim = 0;
    size_t shape[IPC_MAX_DIMENSIONS], count = 0;
    if (read_head(at, size, &dtype, &ndim, shape, &count))
        return malformed(u);
    size_t head = HEAD_SIZE + (size_t) ndim * sizeof shape[0];
    size_t bytes = count * ipc_dtype_size(dtype);
    if (size - head != bytes)
        return malformed(u);
    for (size_t i = 0; dtype == IPC_BOOL && i < bytes; i++)
        if ((unsigned char) at[head + i] > 1)
            return malformed(u);
    void *data = ipc_arena_alloc(u->arena, bytes);
    memcpy(data, at + head, bytes);
    ipc_array_t *array = ipc_array_wrap(dtype, ndim, shape, data, NULL, NULL);
    ipc_arena_hold(u->arena, array);
    *value = ipc_value_from_array(array);
    return 0;
}

static int unpack_object(unpacker_t *u, const char *at, size_t size, ipc_value_t *value)
{
    ipc_array_ref_t ref;
    if (!u->open || read_ref(&ref, at, size))
        return malformed(u);
    ipc_array_t *array = u->open(u->context, &ref, u->error);
    if (!array)
        return -1;
    ipc_arena_hold(u->arena, array);
    *value = ipc_value_from_array(array);
    return 0;
}

static char *arena_text(ipc_arena_t *arena, const char *text, size_t size)
{
    char *copy = ipc_arena_take(arena, size + 1);
    memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

static int unpack_hole(unpacker_t *u, const char *at, size_t size, ipc_value_t *value)
{
    uint64_t hole[2];
    if (size != sizeof hole)
        return malformed(u);
    memcpy(hole, at, sizeof hole);
    *value = ipc_hole(hole[0], (uint32_t) hole[1]);
    return hole[1] < UINT32_MAX ? 0 : malformed(u);
}

static int unpack_ext(unpacker_t *u, ipc_value_t *value)
{
    int8_t type = 0;
    size_t size = 0;
    const char *at = ipc_read_ext(u->reader, &type, &size);
    if (u->reader->bad)
        return malformed(u);
    switch (type) {
    case EXT_COMPLEX:
        if (size != sizeof value->as.c128)
            return malformed(u);
        *value = (ipc_value_t){.kind = IPC_KIND_C128};
        memcpy(value->as.c128, at, size);
        return 0;
    case EXT_RANGE:
        if (size != sizeof value->as.range)
            return malformed(u);
        *value = (ipc_value_t){.kind = IPC_KIND_RANGE};
        memcpy(&value->as.range, at, size);
        return value->as.range.end >= value->as.range.first ? 0 : malformed(u);
    case EXT_REF:
        if (memchr(at, 0, size))
            return malformed(u);
        *value = (ipc_value_t){.kind = IPC_KIND_REF, .count = (uint32_t) size,
                               .as.string = arena_text(u->arena, at, size)};
        return 0;
    case EXT_HOLE: return unpack_hole(u, at, size, value);
    case EXT_ARRAY: return unpack_array(u, at, size, value);
    case EXT_OBJECT: return unpack_object(u, at, size, value);
    default: return malformed(u);
    }
}

static int unpack(unpacker_t *u, int depth, ipc_value_t *value);

static int unpack_members(unpacker_t *u, int depth, bool dict, ipc_value_t *value)
{
    size_t count = dict ? ipc_read_map(u->reader) : ipc_read_list(u->reader);
    size_t members = dict ? 2 * count : count;
    if (u->reader->bad || count > UINT32_MAX || depth >= IPC_MAX_DEPTH || members > u->members)
        return malformed(u);
    u->members -= members;
    ipc_value_t *items = ipc_arena_take(u->arena, members * sizeof items[0]);
    for (size_t i = 0; i < members; i++) {
        if (unpack(u, depth + 1, &items[i]))
            return -1;
        if (dict && i % 2 == 0 && items[i].kind != IPC_KIND_STR)
            return malformed(u);
    }
    *value = (ipc_value_t){.kind = dict ? IPC_KIND_DICT : IPC_KIND_LIST, .count = (uint32_t) count,
                           .as.items = items};
    return 0;
}

static int unpack(unpacker_t *u, int depth, ipc_value_t *value)
{
    ipc_reader_t *r = u->reader;
    switch (ipc_read_type(r)) {
    case IPC_WIRE_NIL: ipc_read_nil(r); *value = ipc_none(); return 0;
    case IPC_WIRE_BOOL: *value = ipc_value_from_bool(ipc_read_bool(r)); break;
    case IPC_WIRE_INT: *value = ipc_value_from_i64(ipc_read_i64(r)); break;
    case IPC_WIRE_FLOAT: *value = ipc_value_from_f64(ipc_read_f64(r)); break;
    case IPC_WIRE_UINT: {
        uint64_t number = ipc_read_u64(r); // msgpack does not tell signed from unsigned
        *value = number <= INT64_MAX ? ipc_value_from_i64((int64_t) number) : ipc_value_from_u64(number);
        break;
    }
    case IPC_WIRE_STRING: {
        size_t size = 0;
        const char *text = ipc_read_string(r, &size);
        if (r->bad || memchr(text, 0, size))
            return malformed(u);
        *value = (ipc_value_t){.kind = IPC_KIND_STR, .count = (uint32_t) size,
                               .as.string = arena_text(u->arena, text, size)};
        break;
    }
    case IPC_WIRE_LIST: return unpack_members(u, depth, false, value);
    case IPC_WIRE_MAP: return unpack_members(u, depth, true, value);
    case IPC_WIRE_EXT: return unpack_ext(u, value);
    default: return malformed(u);
    }
    return r->bad ? malformed(u) : 0;
}

int ipc_value_unpack(ipc_value_t *self, ipc_reader_t *reader, ipc_arena_t *arena, ipc_open_fn *open,
                     void *context, ipc_error_t *error)
{
    unpacker_t u = {reader, arena, open, context, error, (size_t) (reader->end - reader->at)};
    *self = ipc_none();
    return unpack(&u, 0, self);
}

static void skip(ipc_reader_t *r, int depth)
{
    size_t size = 0;
    int8_t type = 0;
    switch (ipc_read_type(r)) {
    case IPC_WIRE_NIL: ipc_read_nil(r); return;
    case IPC_WIRE_BOOL: ipc_read_bool(r); return;
    case IPC_WIRE_UINT: ipc_read_u64(r); return;
    case IPC_WIRE_INT: ipc_read_i64(r); return;
    case IPC_WIRE_FLOAT: ipc_read_f64(r); return;
    case IPC_WIRE_STRING: ipc_read_string(r, &size); return;
    case IPC_WIRE_EXT: ipc_read_ext(r, &type, &size); return;
    case IPC_WIRE_LIST: size = ipc_read_list(r); break;
    case IPC_WIRE_MAP: size = 2 * ipc_read_map(r); break;
    default: ipc_reader_refuse(r); return;
    }
    if (depth >= IPC_MAX_DEPTH)
        ipc_reader_refuse(r);
    for (size_t i = 0; i < size && !r->bad; i++) skip(r, depth + 1);
}

void ipc_value_skip(ipc_reader_t *reader)
{
    skip(reader, 0);
}
