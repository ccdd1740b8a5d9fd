//  What comes of positions, as entries of the history: one for each message, never for each item.
#include <string.h>

#include "common/fail.h"
#include "common/rows.h"
#include "controller/listing.h"
#include "controller/state.h"

static void describe(const scheduler_job_t *job, history_entry_t *entry)
{
    const payload_t *payload = job->payload;
    entry->client = payload->owner;
    entry->job = job->id;
    entry->function = job->function;
    entry->submitted = payload->submitted;
    entry->accepted = job->accepted;
    if (payload->more)
        memcpy(entry->label, payload->more->label, sizeof entry->label);
}

static void note(controller_t *self, const history_entry_t *entry)
{
    if (self->journal)
        journal_add(self->journal, entry, functions_at(self->functions, entry->function)->name);
}

static void record(controller_t *self, const scheduler_job_t *job, history_entry_t *entry)
{
    const payload_t *payload = job->payload;
    describe(job, entry);
    if (payload->items == IPC_ITEMS_CALLS) { // each is a task of its own
        entry->job += entry->first;
        entry->first = 0;
    }
    entry->received = self->now;
    history_add(self->history, entry);
    note(self, entry);
}

void record_accepted(controller_t *self, const scheduler_job_t *job)
{
    if (!self->journal)
        return;
    history_entry_t entry = {.count = job->count, .engine = SCHEDULER_NO_ENGINE, .state = IPC_ROW_WAITING};
    describe(job, &entry);
    note(self, &entry);
}

void record_resumed(controller_t *self, const peer_t *client, const ipc_msg_t *submission, uint32_t function,
                    const ipc_ranges_t *missing)
{
    size_t size = submission->submit.label.size;
    history_entry_t entry = {.client = client->owner, .job = submission->submit.job, .function = function,
                             .submitted = submission->submit.submitted, .accepted = self->now,
                             .engine = SCHEDULER_NO_ENGINE, .state = IPC_ROW_WAITING};
    memcpy(entry.label, submission->submit.label.data, size < sizeof entry.label ? size : sizeof entry.label - 1);
    for (size_t i = 0; i < missing->count; i++) {
        entry.first = missing->ranges[i].first;
        entry.count = missing->ranges[i].count;
        note(self, &entry);
    }
}

static void describe_end(history_entry_t *entry, const ipc_msg_t *done)
{
    ipc_failure_t failure;
    entry->count = done->done.count;
    entry->started = done->done.started;
    entry->finished = done->done.finished;
    entry->peak_memory = done->done.peak_memory;
    entry->state = done->done.failed ? IPC_ROW_FAILED : IPC_ROW_DONE;
    if (!done->done.failed || ipc_failure_unpack(&failure, done->done.body))
        return;
    size_t size = failure.kind.size < sizeof entry->error ? failure.kind.size : sizeof entry->error - 1;
    memcpy(entry->error, failure.kind.data, size);
    if (failure.code == IPC_E_ABORTED)
        entry->state = IPC_ROW_ABORTED;
}

void record_done(controller_t *self, const scheduler_job_t *job, uint32_t engine, uint32_t attempts, int64_t sent,
                 const ipc_msg_t *done)
{
    history_entry_t entry = {.first = done->done.first, .engine = engine, .attempts = attempts, .sent = sent};
    describe_end(&entry, done);
    record(self, job, &entry);
}

void record_recovered(controller_t *self, history_entry_t *entry, const ipc_msg_t *done)
{
    describe_end(entry, done);
    entry->attempts = 1;
    entry->received = self->now;
    history_add(self->history, entry);
    note(self, entry);
}

void record_lost(controller_t *self, const scheduler_job_t *job, uint64_t first, uint64_t count, uint32_t engine,
                 uint32_t attempts, int code, const char *kind, uint64_t peak_memory)
{
    history_entry_t entry = {.first = first, .count = count, .engine = engine, .attempts = attempts,
                             .peak_memory = peak_memory,
                             .state = code == IPC_E_ABORTED ? IPC_ROW_ABORTED : IPC_ROW_FAILED};
    ipc_text_copy(entry.error, sizeof entry.error, kind);
    record(self, job, &entry);
}

static bool abort_unfinished(void *context, const unfinished_t *item)
{
    controller_t *self = context;
    record_lost(self, item->job, item->first, item->count, item->engine, item->attempts + item->running, IPC_E_ABORTED,
                "TaskAborted", 0);
    return true;
}

void records_end(controller_t *self)
{
    if (self->journal)
        scheduler_list(self->scheduler, abort_unfinished, self);
}
