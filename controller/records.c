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

void record_done(controller_t *self, const scheduler_job_t *job, uint32_t engine, uint32_t attempts, int64_t sent,
                 const ipc_msg_t *done)
{
    history_entry_t entry = {.first = done->done.first, .count = done->done.count, .engine = engine,
                             .attempts = attempts, .sent = sent, .started = done->done.started,
                             .finished = done->done.finished, .peak_memory = done->done.peak_memory,
                             .state = IPC_ROW_DONE};
    ipc_failure_t failure;
    if (done->done.failed && ipc_failure_unpack(&failure, done->done.body) == 0) {
        size_t size = failure.kind.size < sizeof entry.error ? failure.kind.size : sizeof entry.error - 1;
        memcpy(entry.error, failure.kind.data, size);
        entry.state = failure.code == IPC_E_ABORTED ? IPC_ROW_ABORTED : IPC_ROW_FAILED;
    } else if (done->done.failed) {
        entry.state = IPC_ROW_FAILED;
    }
    record(self, job, &entry);
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
