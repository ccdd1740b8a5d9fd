#include "controller/history.h"

#include <stdlib.h>

#include "common/fail.h"

struct history {
    history_entry_t *entries;          // a ring of HISTORY_MAX
    size_t newest;                     // place of the newest, if there is one
    size_t count;
};

history_t *history_new(void)
{
    history_t *self = ipc_xalloc(sizeof *self);
    self->entries = ipc_xalloc(HISTORY_MAX * sizeof self->entries[0]); // pages come as they are used
    return self;
}

void history_destroy(history_t **self_p)
{
    history_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free(self->entries);
    free(self);
}

void history_add(history_t *self, const history_entry_t *entry)
{
    self->newest = self->newest + 1 == HISTORY_MAX ? 0 : self->newest + 1;
    self->count += self->count < HISTORY_MAX;
    self->entries[self->newest] = *entry;
}

size_t history_count(const history_t *self)
{
    return self->count;
}

//  The entry that is so much older than the newest.
static history_entry_t *entry_at(const history_t *self, size_t age)
{
    return &self->entries[(self->newest + HISTORY_MAX - age) % HISTORY_MAX];
}

void history_each(const history_t *self, history_visit_fn *visit, void *context)
{
    for (size_t age = 0; age < self->count; age++)
        if (!visit(context, entry_at(self, age)))
            return;
}

bool history_entry_is_of(const history_entry_t *entry, uint64_t job)
{
    return job >= entry->job && job - entry->job < entry->first + entry->count;
}

size_t history_purge(history_t *self, uint64_t job)
{
    size_t kept = 0, before = self->count;
    for (size_t age = 0; age < before; age++)
        if (job != 0 && !history_entry_is_of(entry_at(self, age), job))
            *entry_at(self, kept++) = *entry_at(self, age);
    self->count = kept;
    return before - kept;
}
