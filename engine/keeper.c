#include "engine/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/fail.h"

struct kept {
    keeper_t *keeper;
    kept_t *next, **here;              // of the list; what points to it
    void *address;
    bool is_array;
    ipc_value_t value;                 // what it held when it was looked at last
    ipc_arena_t *arena, *old_arena;    // of that value's memory, and of the one before; NULL: it is not ours
    ipc_array_t *array, *old_array;    // likewise a reference
};

struct keeper {
    kept_t *first;
};

keeper_t *keeper_new(void)
{
    return ipc_xalloc(sizeof(keeper_t));
}

void keeper_destroy(keeper_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

//  --- One variable --------------------------------------------------------------------------------------------

static ipc_value_t content(const kept_t *self)
{
    return self->is_array ? ipc_value_from_array(*(const ipc_array_t *const *) self->address)
                          : *(const ipc_value_t *) self->address;
}

static void set(kept_t *self, ipc_value_t value)
{
    self->value = value;
    if (self->is_array)
        *(const ipc_array_t **) self->address = value.kind == IPC_KIND_ARRAY ? value.as.array : NULL;
    else
        *(ipc_value_t *) self->address = value;
}

static bool has_changed(const kept_t *self)
{
    ipc_value_t value = content(self);
    return self->is_array ? value.as.array != self->value.as.array || value.kind != self->value.kind
                          : memcmp(&value, &self->value, sizeof value) != 0;
}

static void release_array(ipc_array_t **array_p)
{
    if (*array_p)
        (*array_p)->in_task = 0;
    ipc_array_destroy(array_p);
}

//  Takes a reference; of data that belong to somebody else a copy.
static void own_array(kept_t *self, ipc_value_t value)
{
    ipc_array_t *array = (ipc_array_t *) (uintptr_t) ipc_value_array(value);
    if (!array) {
        self->value = value;
    } else if (array->release) {
        self->array = ipc_array_retain(array);
        self->value = value;
    } else {
        self->arena = ipc_arena_new();
        set(self, ipc_value_copy(value, self->arena));
    }
}

static void own(kept_t *self)
{
    ipc_value_t value = content(self);
    self->old_arena = self->arena;
    self->old_array = self->array;
    self->arena = NULL;
    self->array = NULL;
    if (self->is_array) {
        own_array(self, value);
    } else {
        self->arena = ipc_arena_new();
        set(self, ipc_value_copy(value, self->arena));
    }
}

static void release_old(kept_t *self)
{
    ipc_arena_destroy(&self->old_arena);
    release_array(&self->old_array);
}

//  --- All -----------------------------------------------------------------------------------------------------

void keeper_guard(keeper_t *self)
{
    for (kept_t *kept = self->first; kept; kept = kept->next) {
        ipc_value_t value = content(kept);
        if (kept->is_array && value.kind == IPC_KIND_ARRAY)
            ((ipc_array_t *) (uintptr_t) value.as.array)->in_task = 1;
    }
}

//  One may hold what another one held: all are copied before the first goes.
void keeper_keep(keeper_t *self)
{
    for (kept_t *kept = self->first; kept; kept = kept->next)
        if (has_changed(kept))
            own(kept);
    for (kept_t *kept = self->first; kept; kept = kept->next) release_old(kept);
}

void keeper_restore(keeper_t *self)
{
    for (kept_t *kept = self->first; kept; kept = kept->next) set(kept, kept->value);
}

kept_t *keeper_add(keeper_t *self, void *address, uint32_t type)
{
    kept_t *kept = ipc_xalloc(sizeof *kept);
    *kept = (kept_t){.keeper = self, .next = self->first, .here = &self->first, .address = address,
                     .is_array = type != IPC_TYPE_VALUE};
    if (kept->next)
        kept->next->here = &kept->next;
    self->first = kept;
    set(kept, ipc_none());
    return kept;
}

void kept_drop(kept_t *self)
{
    kept_lend(self, ipc_none());
    *self->here = self->next;
    if (self->next)
        self->next->here = self->here;
    free(self);
}

void kept_lend(kept_t *self, ipc_value_t value)
{
    self->old_arena = self->arena;
    self->old_array = self->array;
    self->arena = NULL;
    self->array = NULL;
    set(self, value);
    release_old(self);
}
