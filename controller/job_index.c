#include "controller/job_index.h"

#include <stdlib.h>

#include "common/fail.h"

//  A hash table with linear probing, at most half full.
struct job_index {
    scheduler_job_t **slots;           // NULL: free
    size_t count, mask;                // mask: slots - 1
};

enum { LEAST_SLOTS = 64 };

//  Ids count up: neighbours are to be apart, or a client's jobs would be one long run.
static size_t slot_of(const job_index_t *self, uint64_t id)
{
    return (size_t) (id * 0x9e3779b97f4a7c15u >> 20) & self->mask;
}

job_index_t *job_index_new(void)
{
    job_index_t *self = ipc_xalloc(sizeof *self);
    self->slots = ipc_xalloc(LEAST_SLOTS * sizeof self->slots[0]);
    self->mask = LEAST_SLOTS - 1;
    return self;
}

void job_index_destroy(job_index_t **self_p)
{
    job_index_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free(self->slots);
    free(self);
}

static void put(job_index_t *self, scheduler_job_t *job)
{
    size_t slot = slot_of(self, job->id);
    while (self->slots[slot]) slot = (slot + 1) & self->mask;
    self->slots[slot] = job;
}

static void resize(job_index_t *self, size_t slots)
{
    scheduler_job_t **former = self->slots;
    size_t count = self->mask + 1;
    self->slots = ipc_xalloc(slots * sizeof self->slots[0]);
    self->mask = slots - 1;
    for (size_t i = 0; i < count; i++)
        if (former[i])
            put(self, former[i]);
    free(former);
}

void job_index_add(job_index_t *self, scheduler_job_t *job)
{
    if (2 * ++self->count > self->mask)
        resize(self, 2 * (self->mask + 1));
    put(self, job);
}

//  What stands behind a slot that became free moves up, where it is found from there on.
static void close_gap(job_index_t *self, size_t gap)
{
    for (size_t slot = (gap + 1) & self->mask; self->slots[slot]; slot = (slot + 1) & self->mask) {
        size_t home = slot_of(self, self->slots[slot]->id);
        if (((slot - home) & self->mask) < ((slot - gap) & self->mask))
            continue; // it began behind the gap
        self->slots[gap] = self->slots[slot];
        gap = slot;
    }
    self->slots[gap] = NULL;
}

void job_index_remove(job_index_t *self, const scheduler_job_t *job)
{
    size_t slot = slot_of(self, job->id);
    while (self->slots[slot] && self->slots[slot] != job) slot = (slot + 1) & self->mask;
    if (!self->slots[slot])
        return;
    close_gap(self, slot);
    self->count--;
    if (self->mask >= LEAST_SLOTS && 16 * self->count < self->mask)
        resize(self, (self->mask + 1) / 4);
}

size_t job_index_count(const job_index_t *self)
{
    return self->count;
}

scheduler_job_t *job_index_next(const job_index_t *self, uint64_t id, size_t *place)
{
    size_t home = slot_of(self, id);
    for (;;) {
        scheduler_job_t *job = self->slots[(home + (*place)++) & self->mask];
        if (!job || job->id == id)
            return job;
    }
}
