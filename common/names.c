#include "common/names.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

typedef struct entry {
    char *name;                        // NULL: free
    ipc_value_t value;
    ipc_arena_t *arena;                // of the value's memory
    const names_bond_t *bond;          // where the value is kept; NULL: here
} entry_t;

//  Open addressing with linear probing; room is a power of two, at most two thirds full.
struct names {
    entry_t *entries;
    size_t count, room;
};

static uint64_t hash_of(const char *name)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (; *name; name++) hash = (hash ^ (unsigned char) *name) * 1099511628211u;
    return hash;
}

names_t *names_new(void)
{
    names_t *self = ipc_xalloc(sizeof *self);
    self->room = 16;
    self->entries = ipc_xalloc(self->room * sizeof self->entries[0]);
    return self;
}

static size_t place_of(const names_t *self, const char *name)
{
    size_t i = hash_of(name) & (self->room - 1);
    while (self->entries[i].name && strcmp(self->entries[i].name, name) != 0)
        i = (i + 1) & (self->room - 1);
    return i;
}

static void drop_bond(entry_t *entry)
{
    const names_bond_t *bond = entry->bond;
    entry->bond = NULL;
    if (bond)
        bond->drop(bond->context);
}

static void entry_free(entry_t *entry)
{
    drop_bond(entry);
    free(entry->name);
    ipc_arena_destroy(&entry->arena);
    *entry = (entry_t){0};
}

void names_clear(names_t *self)
{
    for (size_t i = 0; i < self->room; i++)
        if (self->entries[i].name)
            entry_free(&self->entries[i]);
    self->count = 0;
}

void names_destroy(names_t **self_p)
{
    names_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    names_clear(self);
    free(self->entries);
    free(self);
}

const ipc_value_t *names_get(const names_t *self, const char *name)
{
    entry_t *entry = &self->entries[place_of(self, name)];
    if (entry->bond && !entry->bond->read(entry->bond->context, &entry->value))
        return NULL;
    return entry->name ? &entry->value : NULL;
}

static void grow(names_t *self)
{
    names_t larger = {.room = 2 * self->room, .count = self->count};
    larger.entries = ipc_xalloc(larger.room * sizeof larger.entries[0]);
    for (size_t i = 0; i < self->room; i++)
        if (self->entries[i].name)
            larger.entries[place_of(&larger, self->entries[i].name)] = self->entries[i];
    free(self->entries);
    *self = larger;
}

//  The entry of a name, made if there is none.
static entry_t *entry_of(names_t *self, const char *name)
{
    if (3 * (self->count + 1) > 2 * self->room)
        grow(self);
    entry_t *entry = &self->entries[place_of(self, name)];
    if (!entry->name) {
        entry->name = ipc_xstrdup(name);
        self->count++;
    }
    return entry;
}

void names_bind(names_t *self, const char *name, const names_bond_t *bond)
{
    entry_t *entry = entry_of(self, name);
    drop_bond(entry);
    entry->bond = bond;
}

const names_bond_t *names_bond(const names_t *self, const char *name)
{
    return self->entries[place_of(self, name)].bond;
}

void names_put(names_t *self, const char *name, ipc_value_t value, ipc_arena_t **arena_p)
{
    entry_t *entry = entry_of(self, name);
    ipc_arena_t *old = entry->arena;
    entry->value = value;
    entry->arena = *arena_p;
    *arena_p = NULL;
    if (entry->bond && !entry->bond->write(entry->bond->context, value))
        drop_bond(entry);
    ipc_arena_destroy(&old);
}

void names_set(names_t *self, const char *name, ipc_value_t value)
{
    ipc_arena_t *arena = ipc_arena_new();
    ipc_value_t copy = ipc_value_copy(value, arena);
    names_put(self, name, copy, &arena);
}

void names_remove(names_t *self, const char *name)
{
    size_t i = place_of(self, name);
    if (!self->entries[i].name)
        return;
    entry_free(&self->entries[i]);
    self->count--;
    // What stood behind it in its run of full places is placed again.
    for (i = (i + 1) & (self->room - 1); self->entries[i].name; i = (i + 1) & (self->room - 1)) {
        entry_t moved = self->entries[i];
        self->entries[i] = (entry_t){0};
        self->entries[place_of(self, moved.name)] = moved;
    }
}

size_t names_count(const names_t *self)
{
    return self->count;
}

const char *names_next(const names_t *self, size_t *place)
{
    while (*place < self->room && !self->entries[*place].name) ++*place;
    return *place < self->room ? self->entries[(*place)++].name : NULL;
}
