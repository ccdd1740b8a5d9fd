#include "controller/history.h"

#include <stdlib.h>

#include "common/fail.h"
#include "common/rows.h"

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

size_t history_find_id(const uint64_t *ids, size_t count, uint64_t job, uint64_t end)
{
    size_t low = 0, high = count;
    while (low < high) { // the first that is not below job
        size_t middle = low + (high - low) / 2;
        if (ids[middle] < job)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ids[low] - job < end - job ? low : count;
}

bool history_note_ids(const history_entry_t *entry, const uint64_t *ids, size_t count, bool *found)
{
    uint64_t end = entry->job + entry->first + entry->count;
    size_t first = history_find_id(ids, count, entry->job, end);
    for (size_t i = first; i < count && ids[i] < end; i++) found[i] = found[i] || entry->state >= IPC_ROW_DONE;
    return first < count;
}

size_t history_purge(history_t *self, const uint64_t *ids, size_t count, bool *found)
{
    size_t kept = 0, before = self->count;
    for (size_t age = 0; age < before; age++)
        if (count > 0 && !history_note_ids(entry_at(self, age), ids, count, found))
            *entry_at(self, kept++) = *entry_at(self, age);
    self->count = kept;
    return before - kept;
}
