#include "common/members.h"

#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/fail.h"

//  A name, read from left to right.
typedef struct walk {
    const char *name;
    const char *at;                    // what was not read yet: "", ".b", "[2].c"
    const char *where;                 // for sentences
    ipc_error_t *error;
} walk_t;

//  One step of it: a key or an index.
typedef struct step {
    const char *key;                   // NULL: it is an index
    size_t size;                       // of key
    long index;
} step_t;

static size_t read_so_far(const walk_t *self)
{
    return (size_t) (self->at - self->name);
}

//  Finds the longest first part that is bound, whole names before others; at stands behind it. NULL: there is none.
static const ipc_value_t *find_head(walk_t *self, const names_t *names)
{
    size_t size = strlen(self->name);
    const ipc_value_t *found = names_get(names, self->name);
    char *head = found ? NULL : ipc_xstrdup(self->name);
    while (!found && size > 0) {
        do size--;
        while (size > 0 && head[size] != '.' && head[size] != '[');
        head[size] = 0;
        found = size > 0 ? names_get(names, head) : NULL;
    }
    free(head);
    self->at = self->name + size;
    return found;
}

static int fail_unbound(const walk_t *self, const names_t *names)
{
    size_t size = strcspn(self->name, ".[");
    const names_bond_t *bond = names_bond(names, self->name);
    if (bond && bond->what)
        return ipc_fail(self->error, IPC_E_NAME, "'%s' is %s%s: only numbers, strings and arrays of numbers can be read from outside",
                        self->name, bond->what, self->where);
    return ipc_fail(self->error, IPC_E_NAME, "name '%.*s' is not defined%s",
                    (int) (size ? size : strlen(self->name)), self->name, self->where);
}

static int fail_member(const walk_t *self, const step_t *step)
{
    if (step->key)
        return ipc_fail(self->error, IPC_E_NAME, "'%.*s' has no member '%.*s'%s", (int) read_so_far(self),
                        self->name, (int) step->size, step->key, self->where);
    return ipc_fail(self->error, IPC_E_NAME, "'%.*s' has no member at %ld%s", (int) read_so_far(self),
                    self->name, step->index, self->where);
}

//  Reads a step ahead and gives where it ends; NULL with *error when it is none.
static const char *read_step(const walk_t *self, step_t *step)
{
    *step = (step_t){0};
    if (*self->at == '.') {
        step->key = self->at + 1;
        step->size = strcspn(step->key, ".[");
        return step->key + step->size;
    }
    char *end = NULL;
    step->index = strtol(self->at + 1, &end, 10);
    if (*self->at == '[' && end > self->at + 1 && *end == ']')
        return end + 1;
    ipc_fail(self->error, IPC_E_NAME, "'%s' leads to no value behind '%.*s': write .key or [number]", self->name,
             (int) read_so_far(self), self->name);
    return NULL;
}

//  The place of a step's member among those of a container; its count when a dictionary lacks the key, -1 with
//  *error when there can be none.
static int64_t place_of(const walk_t *self, const ipc_value_t *container, const step_t *step)
{
    int64_t count = (int64_t) ipc_value_count(*container), i = 0;
    if (step->key) {
        if (container->kind != IPC_KIND_DICT)
            return ipc_fail(self->error, IPC_E_NAME, "'%.*s' is no dictionary%s: it has no member '%.*s'",
                            (int) read_so_far(self), self->name, self->where, (int) step->size, step->key);
        for (; i < count; i++) {
            const char *key = ipc_value_key(*container, (size_t) i);
            if (strncmp(key, step->key, step->size) == 0 && key[step->size] == 0)
                break;
        }
        return i;
    }
    const ipc_array_t *array = ipc_value_array(*container);
    if (array)
        count = (int64_t) array->shape[0];
    else if (container->kind != IPC_KIND_LIST && container->kind != IPC_KIND_RANGE)
        return ipc_fail(self->error, IPC_E_NAME,
                        "'%.*s' is neither a list nor an array%s: it has no member at %ld",
                        (int) read_so_far(self), self->name, self->where, step->index);
    i = step->index < 0 ? step->index + count : step->index;
    return i >= 0 && i < count ? i : fail_member(self, step);
}

//  An element of a 1-D array, a row of another.
static ipc_value_t row_of(const ipc_array_t *array, size_t i, ipc_arena_t *arena)
{
    if (array->ndim == 1)
        return ipc_value_at(ipc_value_from_array(array), i);
    size_t size = ipc_array_size(array) / array->shape[0];
    void *data = (char *) array->data + i * size;
    if ((uintptr_t) data % 64)
        data = size > 0 ? memcpy(ipc_arena_alloc(arena, size), data, size) : data;
    ipc_array_t *row = ipc_array_wrap((ipc_dtype_t) array->dtype, (int) array->ndim - 1, array->shape + 1, data, NULL,
                                      NULL);
    ipc_arena_hold(arena, row);
    return ipc_value_from_array(row);
}

int members_get(const names_t *names, const char *name, ipc_arena_t *arena, const char *where, ipc_value_t *value,
                ipc_error_t *error)
{
    walk_t walk = {.name = name, .where = where, .error = error};
    const ipc_value_t *head = find_head(&walk, names);
    if (!head)
        return fail_unbound(&walk, names);
    ipc_value_t found = *head;
    while (*walk.at) {
        step_t step;
        const char *behind = read_step(&walk, &step);
        int64_t i = behind ? place_of(&walk, &found, &step) : -1;
        if (i < 0)
            return -1;
        if (step.key && i == (int64_t) found.count)
            return fail_member(&walk, &step);
        const ipc_array_t *array = ipc_value_array(found);
        found = array ? row_of(array, (size_t) i, arena) : ipc_value_at(found, (size_t) i);
        walk.at = behind;
    }
    *value = found;
    return 0;
}

//  --- Setting a member ----------------------------------------------------------------------------------------

//  A value that stays beside the new member. Arrays with memory of their own are shared with what it was copied from,
//  which goes soon: what functions changed in them stays.
static ipc_value_t keep(ipc_value_t value, ipc_arena_t *arena)
{
    const ipc_array_t *array = ipc_value_array(value);
    if (array && array->release) {
        ipc_arena_hold(arena, ipc_array_retain((ipc_array_t *) (uintptr_t) array));
        return value;
    }
    if (value.kind != IPC_KIND_LIST && value.kind != IPC_KIND_DICT)
        return ipc_value_copy(value, arena);
    size_t count = (size_t) value.count * (value.kind == IPC_KIND_DICT ? 2 : 1);
    ipc_value_t *items = ipc_arena_take(arena, (count + 1) * sizeof items[0]);
    for (size_t i = 0; i < count; i++) items[i] = keep(value.as.items[i], arena);
    value.as.items = items;
    return value;
}

//  Gives a copy of the container with all but the member at i, for which there is room; the pair of a new key is
//  begun.
static ipc_value_t *copy_around(ipc_value_t *container, int64_t i, const step_t *step, ipc_arena_t *arena)
{
    size_t width = container->kind == IPC_KIND_DICT ? 2 : 1;
    size_t count = container->count, place = (size_t) i * width + width - 1;
    ipc_value_t *items = ipc_arena_take(arena, (count + 1) * width * sizeof items[0]);
    for (size_t k = 0; k < count * width; k++)
        if (k != place)
            items[k] = keep(container->as.items[k], arena);
    if ((size_t) i == count) {
        char *key = ipc_arena_take(arena, step->size + 1);
        memcpy(key, step->key, step->size);
        key[step->size] = 0;
        items[place - 1] = ipc_value_from_str(key);
        container->count++;
    }
    container->as.items = items;
    return &items[place];
}

//  Follows the walk to its end. With an arena, value becomes a copy in it that has the member; without, it is only
//  looked at whether that can be.
static int set_member(walk_t *self, ipc_value_t *value, const ipc_value_t *member, ipc_arena_t *arena)
{
    while (*self->at) {
        step_t step;
        const char *behind = read_step(self, &step);
        int64_t i = behind ? place_of(self, value, &step) : -1;
        if (i < 0)
            return -1;
        bool is_new = step.key && i == (int64_t) value->count;
        if (is_new && *behind)
            return fail_member(self, &step);
        if (value->kind != IPC_KIND_DICT && value->kind != IPC_KIND_LIST)
            return ipc_fail(self->error, IPC_E_NAME,
                            "'%.*s' is no list or dictionary%s: its members cannot be bound one by one",
                            (int) read_so_far(self), self->name, self->where);
        self->at = behind;
        ipc_value_t old = is_new ? ipc_none() : ipc_value_at(*value, (size_t) i);
        if (!arena && is_new)
            return 0;
        ipc_value_t *place = arena ? copy_around(value, i, &step, arena) : value;
        *place = old;
        value = place;
    }
    if (arena)
        *value = *member;
    return 0;
}

int members_check(const names_t *names, const char *name, const char *where, ipc_error_t *error)
{
    walk_t walk = {.name = name, .where = where, .error = error};
    const ipc_value_t *head = find_head(&walk, names);
    ipc_value_t value = head ? *head : ipc_none();
    return head && *walk.at ? set_member(&walk, &value, NULL, NULL) : 0;
}

int members_put(names_t *names, const char *name, ipc_value_t value, ipc_arena_t **arena_p, const char *where,
                ipc_error_t *error)
{
    walk_t walk = {.name = name, .where = where, .error = error};
    const ipc_value_t *head = find_head(&walk, names);
    if (!head || !*walk.at) {
        names_put(names, name, value, arena_p);
        return 0;
    }
    size_t size = read_so_far(&walk);
    ipc_value_t whole = *head;
    if (set_member(&walk, &whole, &value, *arena_p))
        return -1;
    char *first = ipc_xstrdup(name);
    first[size] = 0;
    names_put(names, first, whole, arena_p);
    free(first);
    return 0;
}

int members_set(names_t *names, const char *name, ipc_value_t value, const char *where, ipc_error_t *error)
{
    ipc_arena_t *arena = ipc_arena_new();
    ipc_value_t copy = ipc_value_copy(value, arena);
    int rc = members_put(names, name, copy, &arena, where, error);
    ipc_arena_destroy(&arena);
    return rc;
}

int members_keep(names_t *names, const char *name, ipc_array_t *array, const char *where, ipc_error_t *error)
{
    const ipc_value_t value = ipc_value_from_array(array);
    if (!array->release) {
        int rc = members_set(names, name, value, where, error);
        ipc_array_destroy(&array);
        return rc;
    }
    ipc_arena_t *arena = ipc_arena_new();
    ipc_arena_hold(arena, array->in_task ? ipc_array_retain(array) : array);
    int rc = members_put(names, name, value, &arena, where, error);
    ipc_arena_destroy(&arena);
    return rc;
}
