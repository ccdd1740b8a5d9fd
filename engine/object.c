#include "engine/object.h"

#include <string.h>

#include "common/array_body.h"
#include "common/convert.h"

static const struct { uint8_t type, dtype; } dtypes[] = {
    {IPC_TYPE_BOOL, IPC_BOOL}, {IPC_TYPE_I8, IPC_I8},   {IPC_TYPE_I16, IPC_I16}, {IPC_TYPE_I32, IPC_I32},
    {IPC_TYPE_I64, IPC_I64},   {IPC_TYPE_U8, IPC_U8},   {IPC_TYPE_U16, IPC_U16}, {IPC_TYPE_U32, IPC_U32},
    {IPC_TYPE_U64, IPC_U64},   {IPC_TYPE_F32, IPC_F32}, {IPC_TYPE_F64, IPC_F64}, {IPC_TYPE_C64, IPC_C64},
    {IPC_TYPE_C128, IPC_C128},
};

int object_dtype(uint32_t type)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (dtypes[i].type == type)
            return dtypes[i].dtype;
    return -1;
}

ipc_value_t object_scalar(uint32_t type, const void *address)
{
    switch ((ipc_type_t) type) {
    case IPC_TYPE_BOOL: return ipc_value_from_bool(*(const bool *) address);
    case IPC_TYPE_CHAR: return ipc_value_from_i64(*(const char *) address);
    case IPC_TYPE_I8: return ipc_value_from_i64(*(const int8_t *) address);
    case IPC_TYPE_I16: return ipc_value_from_i64(*(const int16_t *) address);
    case IPC_TYPE_I32: return ipc_value_from_i64(*(const int32_t *) address);
    case IPC_TYPE_I64: return ipc_value_from_i64(*(const int64_t *) address);
    case IPC_TYPE_U8: return ipc_value_from_u64(*(const uint8_t *) address);
    case IPC_TYPE_U16: return ipc_value_from_u64(*(const uint16_t *) address);
    case IPC_TYPE_U32: return ipc_value_from_u64(*(const uint32_t *) address);
    case IPC_TYPE_U64: return ipc_value_from_u64(*(const uint64_t *) address);
    case IPC_TYPE_F32: return ipc_value_from_f64(*(const float *) address);
    case IPC_TYPE_F64: return ipc_value_from_f64(*(const double *) address);
    case IPC_TYPE_C64: return ipc_value_from_c128(*(const float _Complex *) address);
    case IPC_TYPE_C128: return ipc_value_from_c128(*(const double _Complex *) address);
    case IPC_TYPE_STR:
        return *(const char *const *) address ? ipc_value_from_str(*(const char *const *) address) : ipc_none();
    case IPC_TYPE_ARRAY:
    case IPC_TYPE_ARRAY_MUT: return ipc_value_from_array(*(const ipc_array_t *const *) address);
    case IPC_TYPE_VALUE: return *(const ipc_value_t *) address;
    default: return ipc_none();
    }
}

void object_set_scalar(uint32_t type, void *address, const ipc_value_t *value)
{
    switch ((ipc_type_t) type) {
    case IPC_TYPE_BOOL: *(bool *) address = ipc_take_bool(value); break;
    case IPC_TYPE_CHAR: *(char *) address = ipc_take_char(value); break;
    case IPC_TYPE_I8: *(int8_t *) address = ipc_take_i8(value); break;
    case IPC_TYPE_I16: *(int16_t *) address = ipc_take_i16(value); break;
    case IPC_TYPE_I32: *(int32_t *) address = ipc_take_i32(value); break;
    case IPC_TYPE_I64: *(int64_t *) address = value->as.i64; break;
    case IPC_TYPE_U8: *(uint8_t *) address = ipc_take_u8(value); break;
    case IPC_TYPE_U16: *(uint16_t *) address = ipc_take_u16(value); break;
    case IPC_TYPE_U32: *(uint32_t *) address = ipc_take_u32(value); break;
    case IPC_TYPE_U64: *(uint64_t *) address = value->as.u64; break;
    case IPC_TYPE_F32: *(float *) address = ipc_take_f32(value); break;
    case IPC_TYPE_F64: *(double *) address = ipc_take_f64(value); break;
    case IPC_TYPE_C64: *(float _Complex *) address = ipc_take_c64(value); break;
    case IPC_TYPE_C128: *(double _Complex *) address = ipc_take_c128(value); break;
    case IPC_TYPE_STR: *(const char **) address = value->as.string; break;
    default: break;
    }
}

//  A part of an array, of one dimension less.
static ipc_cell_member_t part_of(const ipc_cell_member_t *type)
{
    ipc_cell_member_t part = *type;
    part.ndim--;
    memmove(part.shape, part.shape + 1, part.ndim * sizeof part.shape[0]);
    return part;
}

static ipc_value_t list_of(const ipc_cell_member_t *type, const char *address, ipc_arena_t *arena)
{
    ipc_cell_member_t part = part_of(type);
    size_t size = type->size, count = type->shape[0];
    for (uint32_t k = 0; k < part.ndim; k++) size *= part.shape[k];
    ipc_value_t *items = ipc_arena_take(arena, (count + 1) * sizeof items[0]);
    for (size_t i = 0; i < count; i++) items[i] = object_read(&part, address + i * size, arena);
    return ipc_value_from_list(items, count);
}

static ipc_value_t array_of(const ipc_cell_member_t *type, int dtype, const void *address, ipc_arena_t *arena)
{
    ipc_array_t *lent = ipc_array_wrap((ipc_dtype_t) dtype, (int) type->ndim, type->shape,
                                       (void *) (uintptr_t) address, NULL, NULL);
    ipc_value_t copy = ipc_value_copy(ipc_value_from_array(lent), arena);
    ipc_array_destroy(&lent);
    return copy;
}

ipc_value_t object_read(const ipc_cell_member_t *type, const void *address, ipc_arena_t *arena)
{
    int dtype = object_dtype(type->type);
    if (type->type == IPC_TYPE_CHAR && type->ndim == 1) {
        ipc_value_t text = {.kind = IPC_KIND_STR, .as.string = address};
        text.count = (uint32_t) strnlen(address, type->shape[0]);
        char *copy = ipc_arena_take(arena, (size_t) text.count + 1);
        memcpy(copy, address, text.count);
        copy[text.count] = 0;
        text.as.string = copy;
        return text;
    }
    if (type->ndim > 0)
        return dtype >= 0 ? array_of(type, dtype, address, arena) : list_of(type, address, arena);
    if (type->members)
        return object_value(type->members, address, arena);
    return ipc_value_copy(object_scalar(type->type, address), arena);
}

ipc_value_t object_value(const ipc_cell_member_t *members, const void *address, ipc_arena_t *arena)
{
    size_t count = 0;
    while (members[count].name) count++;
    ipc_value_t *items = ipc_arena_take(arena, (2 * count + 1) * sizeof items[0]);
    for (size_t i = 0; i < count; i++) {
        items[2 * i] = ipc_value_from_str(members[i].name);
        items[2 * i + 1] = object_read(&members[i], (const char *) address + members[i].offset, arena);
    }
    ipc_value_t value = {.kind = IPC_KIND_DICT, .count = (uint32_t) count, .as.items = items};
    return value;
}

//  --- Writing -------------------------------------------------------------------------------------------------

//  Each function looks whether the value fits, and writes it if it is to.
static bool write_any(const ipc_cell_member_t *type, void *address, ipc_value_t value, bool writes);

static const ipc_cell_member_t *find_member(const ipc_cell_member_t *members, const char *name)
{
    while (members->name && strcmp(members->name, name) != 0) members++;
    return members->name ? members : NULL;
}

static bool write_members(const ipc_cell_member_t *members, char *address, ipc_value_t value, bool writes)
{
    bool fits = value.kind == IPC_KIND_DICT;
    for (size_t i = 0; fits && i < value.count; i++) {
        const ipc_cell_member_t *member = find_member(members, ipc_value_key(value, i));
        fits = member && write_any(member, address + member->offset, ipc_value_at(value, i), writes);
    }
    return fits;
}

static bool write_list(const ipc_cell_member_t *type, char *address, ipc_value_t value, bool writes)
{
    ipc_cell_member_t part = part_of(type);
    size_t size = type->size;
    for (uint32_t k = 0; k < part.ndim; k++) size *= part.shape[k];
    bool fits = value.kind == IPC_KIND_LIST && value.count == type->shape[0];
    for (size_t i = 0; fits && i < value.count; i++)
        fits = write_any(&part, address + i * size, ipc_value_at(value, i), writes);
    return fits;
}

static bool write_array(const ipc_cell_member_t *type, void *address, const ipc_array_t *array, bool writes)
{
    bool fits = array && (int) array->dtype == object_dtype(type->type) && array->ndim == type->ndim &&
                memcmp(array->shape, type->shape, type->ndim * sizeof type->shape[0]) == 0;
    if (fits && writes)
        memmove(address, array->data, ipc_array_size(array));
    return fits;
}

static bool write_text(const ipc_cell_member_t *type, char *address, ipc_value_t value, bool writes)
{
    bool fits = value.kind == IPC_KIND_STR && value.count < type->shape[0];
    if (fits && writes) {
        memset(address, 0, type->shape[0]);
        memcpy(address, value.as.string, value.count);
    }
    return fits;
}

static bool write_scalar(const ipc_cell_member_t *type, void *address, ipc_value_t value, bool writes)
{
    ipc_value_t converted;
    if (value.kind == IPC_KIND_NONE)
        return type->type == IPC_TYPE_VOID || type->type == IPC_TYPE_STR; // as it was read: it stays
    if (type->type > IPC_TYPE_STR || ipc_convert(value, (ipc_type_t) type->type, "", 1, &converted, NULL))
        return false;
    if (writes)
        object_set_scalar(type->type, address, &converted);
    return true;
}

static bool write_any(const ipc_cell_member_t *type, void *address, ipc_value_t value, bool writes)
{
    if (type->type == IPC_TYPE_CHAR && type->ndim == 1)
        return write_text(type, address, value, writes);
    if (type->ndim > 0)
        return object_dtype(type->type) >= 0 ? write_array(type, address, ipc_value_array(value), writes)
                                             : write_list(type, address, value, writes);
    if (type->members)
        return write_members(type->members, address, value, writes);
    return write_scalar(type, address, value, writes);
}

bool object_write(const ipc_cell_member_t *type, void *address, ipc_value_t value)
{
    return write_any(type, address, value, false) && write_any(type, address, value, true);
}
