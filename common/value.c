#include "common/value.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "common/array_body.h"
#include "common/awaited.h"
#include "common/plain.h"

ipc_value_t ipc_none(void)
{
    return (ipc_value_t){.kind = IPC_KIND_NONE};
}

ipc_value_t ipc_value_from_bool(bool value)
{
    return (ipc_value_t){.kind = IPC_KIND_BOOL, .as.boolean = value};
}

ipc_value_t ipc_bool(bool value)
{
    return ipc_value_from_bool(value);
}

ipc_value_t ipc_value_from_i64(int64_t value)
{
    return (ipc_value_t){.kind = IPC_KIND_I64, .as.i64 = value};
}

ipc_value_t ipc_value_from_u64(uint64_t value)
{
    return (ipc_value_t){.kind = IPC_KIND_U64, .as.u64 = value};
}

ipc_value_t ipc_value_from_f64(double value)
{
    return (ipc_value_t){.kind = IPC_KIND_F64, .as.f64 = value};
}

ipc_value_t ipc_value_from_c128(double _Complex value)
{
    ipc_value_t self = {.kind = IPC_KIND_C128};
    memcpy(self.as.c128, &value, sizeof value);
    return self;
}

ipc_value_t ipc_value_from_str(const char *value)
{
    if (!value)
        return ipc_none();
    return (ipc_value_t){.kind = IPC_KIND_STR, .count = (uint32_t) strnlen(value, UINT32_MAX),
                         .as.string = value};
}

ipc_value_t ipc_value_from_array(const ipc_array_t *value)
{
    return value ? (ipc_value_t){.kind = IPC_KIND_ARRAY, .as.array = value} : ipc_none();
}

ipc_value_t ipc_value_from_result(const struct ipc_result *value)
{
    return value ? (ipc_value_t){.kind = IPC_KIND_RESULT, .count = IPC_ALL_POSITIONS,
                                 .as.result = (struct ipc_result *) (uintptr_t) value}
                 : ipc_none();
}

ipc_value_t ipc_value_from_value(ipc_value_t value)
{
    return value;
}

ipc_value_t ipc_value_from_list(const ipc_value_t *items, size_t count)
{
    return (ipc_value_t){.kind = IPC_KIND_LIST, .count = (uint32_t) count, .as.items = items};
}

//  An odd count or a key that is no string cannot be told here, without an error argument: such a dictionary
//  is refused by the call that takes it (value_codec.c).
ipc_value_t ipc_value_from_dict(const ipc_value_t *items, size_t count)
{
    return (ipc_value_t){.kind = IPC_KIND_DICT, .reserved = count % 2, .count = (uint32_t) (count / 2),
                         .as.items = items};
}

ipc_value_t ipc_value_from_zip(const ipc_value_t *sequences, size_t count)
{
    return (ipc_value_t){.kind = IPC_KIND_ZIP, .count = (uint32_t) count, .as.items = sequences};
}

ipc_value_t ipc_range(int64_t first, int64_t end)
{
    return (ipc_value_t){.kind = IPC_KIND_RANGE, .as.range = {first, end > first ? end : first}};
}

ipc_value_t ipc_ref(const char *name)
{
    name = name ? name : "";
    return (ipc_value_t){.kind = IPC_KIND_REF, .count = (uint32_t) strlen(name), .as.string = name};
}

ipc_value_t ipc_view1(ipc_dtype_t dtype, const void *data, size_t n)
{
    return (ipc_value_t){.kind = IPC_KIND_ARRAY, .dtype = (uint8_t) dtype, .ndim = 1,
                         .as.borrowed = {data, {n, 1}}};
}

ipc_value_t ipc_view2(ipc_dtype_t dtype, const void *data, size_t rows, size_t columns)
{
    return (ipc_value_t){.kind = IPC_KIND_ARRAY, .dtype = (uint8_t) dtype, .ndim = 2,
                         .as.borrowed = {data, {rows, columns}}};
}

#define BORROW(suffix, type, code)                                                            \
    ipc_value_t ipc_##suffix(type const *data, size_t n)                                      \
    {                                                                                         \
        return ipc_view1(code, data, n);                                                      \
    }
BORROW(i8, int8_t, IPC_I8)
BORROW(i16, int16_t, IPC_I16)
BORROW(i32, int32_t, IPC_I32)
BORROW(i64, int64_t, IPC_I64)
BORROW(u8, uint8_t, IPC_U8)
BORROW(u16, uint16_t, IPC_U16)
BORROW(u32, uint32_t, IPC_U32)
BORROW(u64, uint64_t, IPC_U64)
BORROW(f32, float, IPC_F32)
BORROW(f64, double, IPC_F64)
BORROW(c64, float _Complex, IPC_C64)
BORROW(c128, double _Complex, IPC_C128)

ipc_kind_t ipc_value_kind(ipc_value_t self)
{
    return (ipc_kind_t) self.kind;
}

bool ipc_value_is_none(ipc_value_t self)
{
    return self.kind == IPC_KIND_NONE;
}

//  The parts of an array value, however it is held.
typedef struct elements {
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const char *data;
} elements_t;

static elements_t elements_of(const ipc_value_t *self)
{
    if (self->ndim)
        return (elements_t){(ipc_dtype_t) self->dtype, self->ndim, self->as.borrowed.shape,
                            self->as.borrowed.data};
    const ipc_array_t *array = self->as.array;
    return (elements_t){(ipc_dtype_t) array->dtype, (int) array->ndim, array->shape, array->data};
}

static ipc_value_t scalar_at(ipc_dtype_t dtype, const char *at)
{
    union { int8_t i8; int16_t i16; int32_t i32; int64_t i64; uint8_t u8; uint16_t u16; uint32_t u32;
            uint64_t u64; float f32; double f64; float c64[2]; double c128[2]; } u = {0};
    memcpy(&u, at, ipc_dtype_size(dtype));
    switch (dtype) {
    case IPC_BOOL: return ipc_value_from_bool(u.u8 != 0);
    case IPC_I8: return ipc_value_from_i64(u.i8);
    case IPC_I16: return ipc_value_from_i64(u.i16);
    case IPC_I32: return ipc_value_from_i64(u.i32);
    case IPC_I64: return ipc_value_from_i64(u.i64);
    case IPC_U8: return ipc_value_from_u64(u.u8);
    case IPC_U16: return ipc_value_from_u64(u.u16);
    case IPC_U32: return ipc_value_from_u64(u.u32);
    case IPC_U64: return ipc_value_from_u64(u.u64);
    case IPC_F32: return ipc_value_from_f64((double) u.f32);
    case IPC_F64: return ipc_value_from_f64(u.f64);
    case IPC_C64:
        return (ipc_value_t){.kind = IPC_KIND_C128, .as.c128 = {(double) u.c64[0], (double) u.c64[1]}};
    case IPC_C128: return (ipc_value_t){.kind = IPC_KIND_C128, .as.c128 = {u.c128[0], u.c128[1]}};
    default: return ipc_none();
    }
}

//  Items that a map takes of a sequence.
static size_t length_of(ipc_value_t sequence)
{
    return sequence.kind == IPC_KIND_ARRAY ? elements_of(&sequence).shape[0] : ipc_value_count(sequence);
}

static size_t shortest(ipc_value_t zip)
{
    size_t least = zip.count > 0 ? length_of(zip.as.items[0]) : 0;
    for (uint32_t k = 1; k < zip.count; k++)
        least = length_of(zip.as.items[k]) < least ? length_of(zip.as.items[k]) : least;
    return least;
}

size_t ipc_value_count(ipc_value_t self)
{
    switch (self.kind) {
    case IPC_KIND_ZIP: return shortest(self);
    case IPC_KIND_STR:
    case IPC_KIND_LIST:
    case IPC_KIND_DICT: return self.count;
    case IPC_KIND_RANGE: return (size_t) self.as.range.end - (size_t) self.as.range.first;
    case IPC_KIND_ARRAY:
        return self.ndim ? self.as.borrowed.shape[0] * self.as.borrowed.shape[1] : self.as.array->count;
    default: return 0;
    }
}

ipc_value_t ipc_value_at(ipc_value_t self, size_t i)
{
    if (self.kind == IPC_KIND_LIST && i < self.count)
        return self.as.items[i];
    if (self.kind == IPC_KIND_DICT && i < self.count)
        return self.as.items[2 * i + 1];
    if (self.kind == IPC_KIND_RANGE && i < ipc_value_count(self))
        return ipc_value_from_i64((int64_t) ((uint64_t) self.as.range.first + i));
    if (self.kind == IPC_KIND_ARRAY) {
        elements_t e = elements_of(&self);
        if (e.ndim == 1 && i < e.shape[0])
            return scalar_at(e.dtype, e.data + i * ipc_dtype_size(e.dtype));
    }
    return ipc_none();
}

const char *ipc_value_key(ipc_value_t self, size_t i)
{
    return self.kind == IPC_KIND_DICT && i < self.count ? ipc_value_str(self.as.items[2 * i]) : NULL;
}

static const ipc_value_t *find(const ipc_value_t *self, const char *key)
{
    for (size_t i = 0; self->kind == IPC_KIND_DICT && i < self->count; i++) {
        const char *name = ipc_value_key(*self, i);
        if (name && strcmp(name, key) == 0)
            return &self->as.items[2 * i + 1];
    }
    return NULL;
}

ipc_value_t ipc_value_get(ipc_value_t self, const char *key)
{
    const ipc_value_t *found = find(&self, key);
    return found ? *found : ipc_none();
}

bool ipc_value_has(ipc_value_t self, const char *key)
{
    return find(&self, key) != NULL;
}

bool ipc_value_bool(ipc_value_t self)
{
    if (self.kind == IPC_KIND_BOOL)
        return self.as.boolean;
    return (self.kind == IPC_KIND_I64 && self.as.i64 == 1) || (self.kind == IPC_KIND_U64 && self.as.u64 == 1);
}

int64_t ipc_value_i64(ipc_value_t self)
{
    switch (self.kind) {
    case IPC_KIND_BOOL: return self.as.boolean;
    case IPC_KIND_I64: return self.as.i64;
    case IPC_KIND_U64: return self.as.u64 <= INT64_MAX ? (int64_t) self.as.u64 : 0;
    default: return 0;
    }
}

uint64_t ipc_value_u64(ipc_value_t self)
{
    switch (self.kind) {
    case IPC_KIND_BOOL: return self.as.boolean;
    case IPC_KIND_I64: return self.as.i64 >= 0 ? (uint64_t) self.as.i64 : 0;
    case IPC_KIND_U64: return self.as.u64;
    default: return 0;
    }
}

double ipc_value_f64(ipc_value_t self)
{
    switch (self.kind) {
    case IPC_KIND_BOOL: return self.as.boolean;
    case IPC_KIND_I64: return (double) self.as.i64;
    case IPC_KIND_U64: return (double) self.as.u64;
    case IPC_KIND_F64: return self.as.f64;
    default: return NAN;
    }
}

double _Complex ipc_value_c128(ipc_value_t self)
{
    double parts[2] = {self.as.c128[0], self.as.c128[1]};
    if (self.kind != IPC_KIND_C128) {
        parts[0] = ipc_value_f64(self);
        parts[1] = isnan(parts[0]) ? NAN : 0;
    }
    double _Complex value;
    memcpy(&value, parts, sizeof value);
    return value;
}

const char *ipc_value_str(ipc_value_t self)
{
    return self.kind == IPC_KIND_STR ? self.as.string : NULL;
}

const ipc_array_t *ipc_value_array(ipc_value_t self)
{
    return self.kind == IPC_KIND_ARRAY && !self.ndim ? self.as.array : NULL;
}

//  Sequences of more members than ALL_SHOWN show EDGE_SHOWN of them at either end.
enum { ALL_SHOWN = 1000, EDGE_SHOWN = 3 };

static void print_string(const char *text, FILE *stream)
{
    fputc('"', stream);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(stream, "\\%c", *c);
        else if (*c == '\n')
            fputs("\\n", stream);
        else if ((unsigned char) *c < ' ')
            fprintf(stream, "\\x%02x", (unsigned) (unsigned char) *c);
        else
            fputc(*c, stream);
    }
    fputc('"', stream);
}

//  True when member i of count is shown; prints what stands before it.
static bool print_separator(size_t *i, size_t count, size_t total, FILE *stream)
{
    if (*i > 0)
        fputs(", ", stream);
    if (total > ALL_SHOWN && count > 2 * EDGE_SHOWN && *i == EDGE_SHOWN) {
        fputs("…, ", stream);
        *i = count - EDGE_SHOWN;
    }
    return *i < count;
}

//  How many pieces an array is printed in: its elements, or, if it has none, the empty rows that it has.
static size_t pieces_of(const elements_t *e)
{
    size_t pieces = 1;
    for (int k = 0; k < e->ndim && e->shape[k] > 0; k++)
        if (__builtin_mul_overflow(pieces, e->shape[k], &pieces))
            return SIZE_MAX;
    return pieces;
}

static void print_elements(const elements_t *e, int k, const char *data, size_t total, FILE *stream)
{
    size_t stride = ipc_dtype_size(e->dtype);
    for (int j = k + 1; j < e->ndim; j++) stride *= e->shape[j];
    fputc('[', stream);
    for (size_t i = 0; i < e->shape[k]; i++) {
        print_separator(&i, e->shape[k], total, stream);
        if (k + 1 < e->ndim)
            print_elements(e, k + 1, data + i * stride, total, stream);
        else
            ipc_value_print(scalar_at(e->dtype, data + i * stride), stream);
    }
    fputc(']', stream);
}

static void print_members(ipc_value_t self, FILE *stream)
{
    bool dict = self.kind == IPC_KIND_DICT;
    size_t count = ipc_value_count(self);
    fputc(dict ? '{' : '[', stream);
    for (size_t i = 0; i < count; i++) {
        print_separator(&i, count, count, stream);
        if (dict) {
            const char *key = ipc_value_key(self, i);
            print_string(key ? key : "", stream);
            fputs(": ", stream);
        }
        ipc_value_print(ipc_value_at(self, i), stream);
    }
    fputc(dict ? '}' : ']', stream);
}

void ipc_value_print(ipc_value_t self, FILE *stream)
{
    switch (self.kind) {
    case IPC_KIND_BOOL: fputs(self.as.boolean ? "true" : "false", stream); return;
    case IPC_KIND_I64: fprintf(stream, "%" PRId64, self.as.i64); return;
    case IPC_KIND_U64: fprintf(stream, "%" PRIu64, self.as.u64); return;
    case IPC_KIND_F64: plain_print(self.as.f64, false, stream); return;
    case IPC_KIND_C128:
        plain_print(self.as.c128[0], false, stream);
        plain_print(self.as.c128[1], true, stream);
        fputc('i', stream);
        return;
    case IPC_KIND_STR: print_string(self.as.string, stream); return;
    case IPC_KIND_REF: fputs(self.as.string, stream); return;
    case IPC_KIND_LIST:
    case IPC_KIND_DICT:
    case IPC_KIND_RANGE: print_members(self, stream); return;
    case IPC_KIND_ZIP:
        fputs("zip ", stream);
        print_members(ipc_value_from_list(self.as.items, self.count), stream);
        return;
    case IPC_KIND_ARRAY: {
        elements_t e = elements_of(&self);
        print_elements(&e, 0, e.data, pieces_of(&e), stream);
        return;
    }
    default: fputs("null", stream);
    }
}
