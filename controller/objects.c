#include "controller/objects.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

typedef struct hold {
    uint32_t holder;
    uint64_t count;
} hold_t;

typedef struct entry {
    ipc_object_t object;
    hold_t *holds;
    size_t count, room;                // of holds
    struct entry *next;                // of the bucket
} entry_t;

enum { BUCKETS = 1024 };

struct objects {
    objects_freed_fn *freed;
    void *context;
    entry_t *buckets[BUCKETS];
    size_t count;
};

objects_t *objects_new(objects_freed_fn *freed, void *context)
{
    objects_t *self = ipc_xalloc(sizeof *self);
    self->freed = freed;
    self->context = context;
    return self;
}

static void entry_free(entry_t *entry)
{
    free(entry->holds);
    free(entry);
}

void objects_destroy(objects_t **self_p)
{
    objects_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (entry_t *entry = self->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            entry_free(entry);
        }
    free(self);
}

//  The place that holds the pointer to the entry, or to NULL where it would stand.
static entry_t **find(objects_t *self, ipc_object_t object)
{
    uint64_t hash = (object.owner ^ object.number * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    entry_t **at = &self->buckets[(hash >> 32) % BUCKETS];
    while (*at && ((*at)->object.owner != object.owner || (*at)->object.number != object.number))
        at = &(*at)->next;
    return at;
}

void objects_hold(objects_t *self, ipc_object_t object, uint32_t holder, uint64_t count)
{
    entry_t **at = find(self, object);
    if (!*at) {
        *at = ipc_xalloc(sizeof **at);
        (*at)->object = object;
        self->count++;
    }
    entry_t *entry = *at;
    for (size_t i = 0; i < entry->count; i++)
        if (entry->holds[i].holder == holder) {
            entry->holds[i].count += count;
            return;
        }
    if (entry->count == entry->room) {
        entry->room = entry->room ? 2 * entry->room : 4;
        entry->holds = ipc_xrealloc(entry->holds, entry->room * sizeof entry->holds[0]);
    }
    entry->holds[entry->count++] = (hold_t){holder, count};
}

//  Takes count holds off; the entry goes when none is left. True when it went.
static bool take_off(objects_t *self, entry_t **at, uint32_t holder, uint64_t count)
{
    entry_t *entry = *at;
    for (size_t i = 0; i < entry->count; i++) {
        hold_t *hold = &entry->holds[i];
        if (hold->holder != holder)
            continue;
        hold->count -= count < hold->count ? count : hold->count;
        if (hold->count == 0)
            *hold = entry->holds[--entry->count];
        break;
    }
    if (entry->count > 0)
        return false;
    ipc_object_t object = entry->object;
    *at = entry->next;
    entry_free(entry);
    self->count--;
    self->freed(self->context, object);
    return true;
}

void objects_release(objects_t *self, ipc_object_t object, uint32_t holder, uint64_t count)
{
    entry_t **at = find(self, object);
    if (*at)
        take_off(self, at, holder, count);
}

void objects_forget(objects_t *self, uint32_t holder)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (entry_t **at = &self->buckets[i]; *at;)
            if (!take_off(self, at, holder, UINT64_MAX))
                at = &(*at)->next;
}

size_t objects_count(const objects_t *self)
{
    return self->count;
}

bool objects_is_held(objects_t *self, ipc_object_t object)
{
    return *find(self, object) != NULL;
}
