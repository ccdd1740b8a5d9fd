//  What was accepted and has no end, found from the entries of a run: ids of positions are numbers, those of a job one
//  after another, and no two jobs share any. So what is over is taken off from what was accepted, both in order.
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/fail.h"
#include "common/rows.h"
#include "controller/journal_body.h"

typedef struct range {
    uint64_t begin, end;               // ids
} range_t;

struct losses {
    history_entry_t *jobs;             // that were accepted
    ipc_bytes_t *functions;            // of each, in texts
    size_t job_count, job_room;
    range_t *over;
    size_t over_count, over_room;
    ipc_arena_t *texts;                // names of functions
    bool sorted;                       // jobs are in order
};

losses_t *losses_new(void)
{
    losses_t *self = ipc_xalloc(sizeof *self);
    self->texts = ipc_arena_new();
    return self;
}

void losses_destroy(losses_t **self_p)
{
    losses_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipc_arena_destroy(&self->texts);
    free(self->jobs);
    free(self->functions);
    free(self->over);
    free(self);
}

//  The name, to last; most jobs have the function of the one before.
static ipc_bytes_t keep_name(losses_t *self, ipc_bytes_t name)
{
    ipc_bytes_t last = self->job_count > 0 ? self->functions[self->job_count - 1] : (ipc_bytes_t){"", 0};
    if (last.size == name.size && memcmp(last.data, name.data, name.size) == 0)
        return last;
    char *text = ipc_arena_take(self->texts, name.size + 1);
    memcpy(text, name.data, name.size);
    return (ipc_bytes_t){text, name.size};
}

static void see_job(losses_t *self, const history_entry_t *entry, ipc_bytes_t function)
{
    if (self->job_count == self->job_room) {
        self->job_room = self->job_room ? 2 * self->job_room : 64;
        self->jobs = ipc_xrealloc(self->jobs, self->job_room * sizeof self->jobs[0]);
        self->functions = ipc_xrealloc(self->functions, self->job_room * sizeof self->functions[0]);
    }
    self->functions[self->job_count] = keep_name(self, function);
    self->jobs[self->job_count] = *entry;
    self->jobs[self->job_count].function = (uint32_t) self->job_count;
    self->job_count++;
}

void losses_see(losses_t *self, const history_entry_t *entry, ipc_bytes_t function)
{
    if (entry->state == IPC_ROW_WAITING) {
        see_job(self, entry, function);
        return;
    }
    if (self->over_count == self->over_room) {
        self->over_room = self->over_room ? 2 * self->over_room : 64;
        self->over = ipc_xrealloc(self->over, self->over_room * sizeof self->over[0]);
    }
    uint64_t begin = entry->job + entry->first;
    self->over[self->over_count++] = (range_t){begin, begin + entry->count};
}

//  Of jobs by the first id of theirs that was accepted.
static int by_job(const void *one, const void *other)
{
    const history_entry_t *a = one, *b = other;
    uint64_t x = a->job + a->first, y = b->job + b->first;
    return x < y ? -1 : x > y;
}

void losses_resume(losses_t *self, uint64_t job)
{
    if (!self->sorted)
        qsort(self->jobs, self->job_count, sizeof self->jobs[0], by_job);
    self->sorted = true;
    size_t low = 0, high = self->job_count;
    while (low < high) { // the first that is not below it
        size_t middle = low + (high - low) / 2;
        if (self->jobs[middle].job < job)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < self->job_count && self->jobs[low].job == job; low++) self->jobs[low].state = IPC_ROW_RUNNING;
}

static int by_begin(const void *one, const void *other)
{
    uint64_t a = ((const range_t *) one)->begin, b = ((const range_t *) other)->begin;
    return a < b ? -1 : a > b;
}

//      batch      the newest of the list, which gets another one when it is full
static void lose(losses_t *self, batch_t **batch, const history_entry_t *job, range_t range, int64_t now)
{
    history_entry_t entry = *job;
    entry.first = range.begin - job->job;
    entry.count = range.end - range.begin;
    entry.engine = UINT32_MAX;
    entry.received = now;
    entry.state = IPC_ROW_FAILED;
    ipc_text_copy(entry.error, sizeof entry.error, ipc_code_kind(IPC_E_CONNECTION)); // as its client was told
    if (!*batch || (*batch)->body.size > JOURNAL_BATCH) {
        batch_t *full = *batch;
        *batch = batch_new();
        (*batch)->next = full;
    }
    batch_add(*batch, &entry, self->functions[job->function]);
}

batch_t *losses_take(losses_t *self, int64_t now)
{
    batch_t *batches = NULL;
    size_t at = 0;
    uint64_t open = 0;                 // the first id that is not looked at yet
    if (self->job_count > 0 && !self->sorted)
        qsort(self->jobs, self->job_count, sizeof self->jobs[0], by_job);
    if (self->over_count > 0)
        qsort(self->over, self->over_count, sizeof self->over[0], by_begin);
    for (size_t i = 0; i < self->job_count; i++) {
        const history_entry_t *job = &self->jobs[i];
        uint64_t begin = job->job + job->first, end = begin + job->count;
        open = begin > open ? begin : open; // a job that went on was accepted twice
        for (; at < self->over_count && self->over[at].begin < end; at++) {
            range_t over = self->over[at];
            if (over.begin > open && job->state == IPC_ROW_WAITING)
                lose(self, &batches, job, (range_t){open, over.begin}, now);
            open = over.end > open ? over.end : open;
        }
        if (open < end && job->state == IPC_ROW_WAITING)
            lose(self, &batches, job, (range_t){open, end}, now);
        open = end > open ? end : open;
    }
    return batches;
}
