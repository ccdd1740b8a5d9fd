#include "engine/variable.h"

#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/convert.h"
#include "common/fail.h"
#include "engine/object.h"

enum { READS = 4 };                    // that may be in use at once

typedef struct variable {
    names_bond_t bond;
    char *label;
    bool is_function;
    const ipc_remote_t *remote;        // of a function
    ipc_cell_variable_t defined;       // of a variable
    ipc_array_t *array;                // over one of a fixed length; or NULL
    kept_t *kept;                      // of one that holds what has memory of its own; or NULL
    bool is_adopted;                   // it was pushed
    ipc_arena_t *read[READS];          // of a struct's value, as the last reads found it
    size_t reads;
} variable_t;

//  --- The bond ------------------------------------------------------------------------------------------------

static bool is_text(const ipc_cell_variable_t *defined)
{
    return defined->type == IPC_TYPE_CHAR && defined->ndim == 1;
}

//  A struct, structs, strings: what has no memory as values do.
static bool is_object(const ipc_cell_variable_t *defined)
{
    return defined->members || (defined->ndim > 0 && !is_text(defined) &&
                                (defined->type == IPC_TYPE_STR || defined->type == IPC_TYPE_CHAR));
}

static ipc_cell_member_t type_of(const ipc_cell_variable_t *defined)
{
    ipc_cell_member_t type = {.type = defined->type, .ndim = defined->ndim, .size = defined->size,
                              .members = defined->members};
    memcpy(type.shape, defined->shape, sizeof type.shape);
    return type;
}

static ipc_value_t read_object(variable_t *self)
{
    const ipc_cell_variable_t *defined = &self->defined;
    ipc_cell_member_t type = type_of(defined);
    ipc_arena_t **arena = &self->read[self->reads++ % READS];
    ipc_arena_destroy(arena);
    *arena = ipc_arena_new();
    return object_read(&type, defined->address, *arena);
}

static bool write_object(const ipc_cell_variable_t *defined, ipc_value_t value)
{
    ipc_cell_member_t type = type_of(defined);
    return object_write(&type, defined->address, value);
}

static bool read_variable(void *context, ipc_value_t *value)
{
    variable_t *self = context;
    const ipc_cell_variable_t *defined = &self->defined;
    if (self->bond.what)
        return false;
    if (defined->count)
        return true; // the array that it follows
    if (is_object(defined)) {
        *value = read_object(self);
    } else if (is_text(defined)) {
        *value = ipc_value_from_str(defined->address);
        value->count = (uint32_t) strnlen(defined->address, defined->shape[0]);
    } else if (self->array) {
        *value = ipc_value_from_array(self->array);
    } else {
        *value = object_scalar(defined->type, defined->address);
    }
    return true;
}

static bool follow(const ipc_cell_variable_t *defined, ipc_value_t value)
{
    const ipc_array_t *array = ipc_value_array(value);
    if (!array || (int) array->dtype != object_dtype(defined->type))
        return false;
    *(void **) defined->address = array->data;
    *defined->count = ipc_array_count(array);
    *defined->dimensions = (int) array->ndim;
    memset(defined->lengths, 0, IPC_MAX_DIMENSIONS * sizeof defined->lengths[0]);
    memcpy(defined->lengths, array->shape, array->ndim * sizeof array->shape[0]);
    return true;
}

//  Text takes strings for which there is room, with their zero byte.
static bool write_text(const ipc_cell_variable_t *defined, ipc_value_t value)
{
    if (value.kind != IPC_KIND_STR || value.count >= defined->shape[0])
        return false;
    memset(defined->address, 0, defined->shape[0]);
    memcpy(defined->address, value.as.string, value.count);
    return true;
}

//  An array takes one of its own shape.
static bool write_array(const ipc_array_t *self, ipc_value_t value)
{
    const ipc_array_t *other = ipc_value_array(value);
    if (!other || other->dtype != self->dtype || other->ndim != self->ndim ||
        memcmp(other->shape, self->shape, self->ndim * sizeof self->shape[0]) != 0)
        return false;
    memmove(self->data, other->data, ipc_array_size(self));
    return true;
}

//  One that was pushed as a list, range or dictionary is one as long as it has no other type in C.
static bool write_kept(const variable_t *self, ipc_value_t value)
{
    bool is_value = self->defined.type == IPC_TYPE_VALUE;
    bool is_list = value.kind == IPC_KIND_LIST || value.kind == IPC_KIND_RANGE || value.kind == IPC_KIND_DICT;
    bool fits = is_value ? is_list || !self->is_adopted : ipc_value_array(value) != NULL || value.kind == IPC_KIND_NONE;
    if (fits)
        kept_lend(self->kept, value);
    return fits;
}

static bool write_variable(void *context, ipc_value_t value)
{
    const variable_t *self = context;
    const ipc_cell_variable_t *defined = &self->defined;
    ipc_value_t converted;
    if (self->bond.what)
        return false;
    if (defined->count)
        return follow(defined, value);
    if (is_object(defined))
        return write_object(defined, value);
    if (is_text(defined))
        return write_text(defined, value);
    if (self->array)
        return write_array(self->array, value);
    if (self->kept)
        return write_kept(self, value);
    if (ipc_convert(value, (ipc_type_t) defined->type, "", 1, &converted, NULL))
        return false;
    object_set_scalar(defined->type, defined->address, &converted);
    return true;
}

//  Functions that were compiled with it may run still: they find nothing rather than memory that has gone.
static void drop_variable(void *context)
{
    variable_t *self = context;
    if (self->defined.count) {
        *(void **) self->defined.address = NULL;
        *self->defined.count = 0;
        *self->defined.dimensions = 0;
        memset(self->defined.lengths, 0, IPC_MAX_DIMENSIONS * sizeof self->defined.lengths[0]);
    }
    if (self->kept)
        kept_drop(self->kept);
    ipc_array_destroy(&self->array);
    for (size_t i = 0; i < READS; i++) ipc_arena_destroy(&self->read[i]);
    free(self->label);
    free(self);
}

static variable_t *variable_new(const char *label)
{
    variable_t *self = ipc_xalloc(sizeof *self);
    self->bond = (names_bond_t){read_variable, write_variable, drop_variable, self, NULL};
    self->label = ipc_xstrdup(label);
    return self;
}

static bool has_value(const ipc_cell_variable_t *defined)
{
    if (is_object(defined))
        return true;
    if (defined->ndim == 0)
        return defined->type != IPC_TYPE_VOID;
    return is_text(defined) || object_dtype(defined->type) >= 0;
}

static bool is_kept(const ipc_cell_variable_t *defined)
{
    return defined->ndim == 0 && (defined->type == IPC_TYPE_VALUE || defined->type == IPC_TYPE_ARRAY ||
                                  defined->type == IPC_TYPE_ARRAY_MUT);
}

void variable_bind(names_t *names, const ipc_cell_variable_t *defined, const char *label, bool adopted,
                   keeper_t *keeper)
{
    variable_t *self = variable_new(label);
    self->defined = *defined;
    self->is_adopted = adopted;
    if (is_kept(defined))
        self->kept = keeper_add(keeper, defined->address, defined->type);
    if (!has_value(defined))
        self->bond.what = "a variable of a struct or another C type";
    else if (defined->ndim > 0 && !is_text(defined) && !is_object(defined))
        self->array = ipc_array_wrap((ipc_dtype_t) object_dtype(defined->type), (int) defined->ndim, defined->shape,
                                     defined->address, NULL, NULL);
    const ipc_value_t *value = adopted ? names_get(names, defined->name) : NULL;
    if (value)
        write_variable(self, *value);
    names_bind(names, defined->name, &self->bond);
}

void variable_bind_function(names_t *names, const char *name, const ipc_remote_t *remote, const char *label)
{
    variable_t *self = variable_new(label);
    self->is_function = true;
    self->remote = remote;
    self->bond.what = "a function";
    names_bind(names, name, &self->bond);
}

const char *variable_label(const names_t *names, const char *name)
{
    const names_bond_t *bond = names_bond(names, name);
    return bond ? ((const variable_t *) bond->context)->label : NULL;
}

const ipc_remote_t *variable_function(const names_t *names, const char *name, bool *known, ipc_error_t *error)
{
    const names_bond_t *bond = names_bond(names, name);
    const variable_t *self = bond ? bond->context : NULL;
    *known = self && self->is_function;
    if (*known && !self->remote)
        ipc_fail(error, IPC_E_NAME,
                 "function '%s' cannot be called by name: its parameters and result are not all numbers, strings, arrays, "
                 "values or void",
                 name);
    return *known ? self->remote : NULL;
}
