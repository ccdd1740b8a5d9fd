//  Tasks that are to be forgotten, in memory and in the journal.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/detached.h"
#include "controller/listing.h"
#include "controller/queries.h"

//  Tasks by their ids, in rising order.
typedef struct selection {
    uint64_t *ids;
    bool *found;                       // each: it is there
    size_t count;                      // 0: all that is over
} selection_t;

static void selection_free(selection_t *self)
{
    free(self->ids);
    free(self->found);
}

static int by_number(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *) one, b = *(const uint64_t *) other;
    return a < b ? -1 : a > b;
}

static selection_t selection_of(const ipc_msg_t *query)
{
    ipc_bytes_t jobs = query->query.jobs;
    size_t given = jobs.size / sizeof(uint64_t);
    selection_t self = {.ids = ipc_xalloc((given + 1) * sizeof self.ids[0]),
                        .found = ipc_xalloc((given + 1) * sizeof self.found[0])};
    if (given > 0)
        memcpy(self.ids, jobs.data, given * sizeof self.ids[0]);
    if (query->query.job)
        self.ids[given++] = query->query.job;
    qsort(self.ids, given, sizeof self.ids[0], by_number);
    for (size_t i = 0; i < given; i++) // each once
        if (i == 0 || self.ids[i] != self.ids[i - 1])
            self.ids[self.count++] = self.ids[i];
    return self;
}

//  Notes which tasks wait or run.
static bool note_unfinished(void *context, const unfinished_t *item)
{
    selection_t *self = context;
    const payload_t *payload = item->job->payload;
    history_entry_t entry = {.job = item->job->id, .first = item->first, .count = item->count, .state = IPC_ROW_DONE};
    if (payload->items == IPC_ITEMS_CALLS) {
        entry.job += entry.first;
        entry.first = 0;
    }
    history_note_ids(&entry, self->ids, self->count, self->found);
    return true;
}

//  Leaves only tasks that are over in it; gives how many were not.
static size_t drop_unfinished(controller_t *self, selection_t *tasks)
{
    size_t over = 0;
    scheduler_list(self->scheduler, note_unfinished, tasks);
    for (size_t i = 0; i < tasks->count; i++)
        if (!tasks->found[i])
            tasks->ids[over++] = tasks->ids[i];
    size_t dropped = tasks->count - over;
    memset(tasks->found, 0, tasks->count * sizeof tasks->found[0]);
    tasks->count = over;
    return dropped;
}

void purge_answer(peer_t *peer, const ipc_msg_t *query, size_t count)
{
    if (count == 0 && query->query.job)
        query_answer_text(peer, query, IPC_E_NAME, "no task of this id is known: it may be older than the history");
    else
        query_answer(peer, query, count, &(ipc_writer_t){0});
}

void on_purge(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    ipc_auto(selection_free) selection_t tasks = selection_of(msg);
    const char *failure = self->journal ? journal_failure(self->journal) : NULL;
    bool all = tasks.count == 0;
    if (failure) {
        query_answer_text(peer, msg, IPC_E_SYSTEM, failure);
        return;
    }
    if (drop_unfinished(self, &tasks) > 0 && msg->query.job) {
        query_answer_text(peer, msg, IPC_E_BUSY, "the task is not over: it can be purged once it is");
        return;
    }
    if (tasks.count == 0 && !all) {
        purge_answer(peer, msg, 0);
        return;
    }
    size_t count = history_purge(self->history, tasks.ids, tasks.count, tasks.found);
    detached_purge(self->detached, tasks.ids, tasks.count, tasks.found);
    if (self->journal) {
        recorded_purge(self, peer, msg, parcel, &tasks.ids, &tasks.found, tasks.count);
        return;
    }
    for (size_t i = count = all ? count : 0; i < tasks.count; i++) count += tasks.found[i];
    purge_answer(peer, msg, count);
}
