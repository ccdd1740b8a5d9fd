//  What clients ask about tasks and queues: the history, and what is not over yet.
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/rows.h"
#include "controller/detached.h"
#include "controller/listing.h"

enum { UNFINISHED_MAX = HISTORY_MAX }; // rows

//  Rows that match a query.
typedef struct search {
    controller_t *controller;
    const ipc_msg_t *query;
    uint64_t *jobs;                    // the ids asked for, in order; none: any
    size_t job_count;
    char *label, *function;            // patterns, "": any
    char *not_label, *not_function;    // likewise, "": none
    ipc_task_row_t *rows;
    size_t count, room;
} search_t;

//  Of a function "add (prog.c:12)" a pattern may match the name alone.
static bool function_matches(const char *pattern, ipc_bytes_t function)
{
    char name[256];
    size_t size = function.size < sizeof name ? function.size : sizeof name - 1;
    memcpy(name, function.data, size);
    name[size] = 0;
    if (fnmatch(pattern, name, 0) == 0)
        return true;
    name[strcspn(name, " ")] = 0;
    return fnmatch(pattern, name, 0) == 0;
}

static bool label_matches(const char *pattern, ipc_bytes_t label)
{
    char text[HISTORY_LABEL];
    memcpy(text, label.data, label.size);
    text[label.size] = 0;
    return fnmatch(pattern, text, 0) == 0;
}

static bool state_matches(const ipc_msg_t *query, const ipc_task_row_t *row)
{
    return query->query.states == 0 || (query->query.states >> row->state & 1) != 0;
}

static bool engine_matches(const ipc_msg_t *query, const ipc_task_row_t *row)
{
    ipc_bytes_t engines = query->query.engines;
    bool found = engines.size == 0;
    for (size_t at = 0; !found && at < engines.size; at += sizeof(uint32_t))
        found = memcmp(engines.data + at, &row->engine, sizeof(uint32_t)) == 0;
    return found;
}

static int by_number(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *) one, b = *(const uint64_t *) other;
    return a < b ? -1 : a > b;
}

//  In order: many ids may be asked for, and each row is held against them.
static void take_jobs(search_t *self)
{
    ipc_bytes_t jobs = self->query->query.jobs;
    self->jobs = ipc_xalloc(jobs.size + sizeof self->jobs[0]);
    self->job_count = jobs.size / sizeof self->jobs[0];
    if (jobs.size > 0)
        memcpy(self->jobs, jobs.data, jobs.size);
    if (self->query->query.job)
        self->jobs[self->job_count++] = self->query->query.job;
    qsort(self->jobs, self->job_count, sizeof self->jobs[0], by_number);
}

//  Whether one of the ids is a row's: the first that is not below it.
static bool job_matches(const search_t *self, const ipc_task_row_t *row)
{
    size_t low = 0, high = self->job_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->jobs[middle] < row->job)
            low = middle + 1;
        else
            high = middle;
    }
    return self->job_count == 0 || (low < self->job_count && self->jobs[low] - row->job < row->first + row->count);
}

//  A row is of the time from its acceptance to its end, or to now; and of the moment of its submission.
static bool time_matches(const ipc_msg_t *query, const ipc_task_row_t *row)
{
    return (query->query.since == 0 || row->received == 0 || row->received >= query->query.since) &&
           (query->query.until == 0 || row->accepted <= query->query.until) &&
           (query->query.submitted_from == 0 || row->submitted >= query->query.submitted_from) &&
           (query->query.submitted_before == 0 || row->submitted < query->query.submitted_before);
}

static bool row_matches(const search_t *self, const ipc_task_row_t *row)
{
    const ipc_msg_t *query = self->query;
    return state_matches(query, row) && engine_matches(query, row) && job_matches(self, row) &&
           time_matches(query, row) && (query->query.client == 0 || query->query.client == row->client) &&
           (!self->label[0] || label_matches(self->label, row->label)) &&
           (!self->function[0] || function_matches(self->function, row->function)) &&
           (!self->not_label[0] || !label_matches(self->not_label, row->label)) &&
           (!self->not_function[0] || !function_matches(self->not_function, row->function));
}

static void search_add(search_t *self, const ipc_task_row_t *row)
{
    if (!row_matches(self, row))
        return;
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->rows = ipc_xrealloc(self->rows, self->room * sizeof self->rows[0]);
    }
    self->rows[self->count++] = *row;
}

static ipc_bytes_t function_name(const controller_t *self, uint32_t number)
{
    return ipc_bytes_of(functions_at(self->functions, number)->name);
}

static bool add_unfinished(void *context, const unfinished_t *item)
{
    search_t *self = context;
    const payload_t *payload = item->job->payload;
    ipc_task_row_t row = {.client = payload->owner,
                          .job = item->job->id,
                          .first = item->first,
                          .count = item->count,
                          .state = item->running ? IPC_ROW_RUNNING : IPC_ROW_WAITING,
                          .attempts = item->attempts + item->running,
                          .engine = item->engine,
                          .submitted = payload->submitted,
                          .accepted = item->job->accepted,
                          .sent = item->sent,
                          .function = function_name(self->controller, item->job->function),
                          .label = ipc_bytes_of(payload->more ? payload->more->label : NULL)};
    if (payload->items == IPC_ITEMS_CALLS) { // each is a task of its own
        row.job += row.first;
        row.first = 0;
    }
    search_add(self, &row);
    return self->count < UNFINISHED_MAX;
}

static bool add_finished(void *context, const history_entry_t *entry)
{
    search_t *self = context;
    ipc_task_row_t row = {.client = entry->client,
                          .job = entry->job,
                          .first = entry->first,
                          .count = entry->count,
                          .state = entry->state,
                          .attempts = entry->attempts,
                          .engine = entry->engine,
                          .submitted = entry->submitted,
                          .accepted = entry->accepted,
                          .sent = entry->sent,
                          .started = entry->started,
                          .finished = entry->finished,
                          .received = entry->received,
                          .peak_memory = entry->peak_memory,
                          .function = function_name(self->controller, entry->function),
                          .label = ipc_bytes_of(entry->label),
                          .error = ipc_bytes_of(entry->error)};
    search_add(self, &row);
    return true;
}

static int in_order(const void *one, const void *other)
{
    const ipc_task_row_t *a = one, *b = other;
    if (a->submitted != b->submitted)
        return a->submitted < b->submitted ? -1 : 1;
    if (a->accepted != b->accepted)
        return a->accepted < b->accepted ? -1 : 1;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

static void answer(peer_t *peer, const ipc_msg_t *query, uint64_t count, const ipc_writer_t *body)
{
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_ANSWER,
                                 .answer = {.number = query->query.number,
                                            .count = count,
                                            .text = {"", 0},
                                            .body = {body->data ? body->data : "", body->size}}});
}

static void answer_text(peer_t *peer, const ipc_msg_t *query, int code, const char *text)
{
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_ANSWER,
                                 .answer = {.number = query->query.number,
                                            .code = (uint32_t) code,
                                            .text = ipc_bytes_of(text),
                                            .body = {"", 0}}});
}

static search_t search_tasks(controller_t *self, const ipc_msg_t *query)
{
    search_t search = {.controller = self,
                       .query = query,
                       .label = ipc_bytes_text(query->query.label),
                       .function = ipc_bytes_text(query->query.function),
                       .not_label = ipc_bytes_text(query->query.not_label),
                       .not_function = ipc_bytes_text(query->query.not_function)};
    take_jobs(&search);
    scheduler_list(self->scheduler, add_unfinished, &search);
    history_each(self->history, add_finished, &search);
    if (search.count > 0)
        qsort(search.rows, search.count, sizeof search.rows[0], in_order);
    return search;
}

static void search_free(search_t *self)
{
    free(self->jobs);
    free(self->label);
    free(self->function);
    free(self->not_label);
    free(self->not_function);
    free(self->rows);
}

static void on_tasks(controller_t *self, peer_t *peer, const ipc_msg_t *query)
{
    search_t search = search_tasks(self, query);
    uint64_t limit = query->query.limit ? query->query.limit : UINT64_MAX;
    size_t first = search.count > limit ? search.count - (size_t) limit : 0;
    ipc_writer_t body = {0};
    for (size_t i = first; i < search.count; i++) ipc_task_row_pack(&search.rows[i], &body);
    answer(peer, query, search.count - first, &body);
    ipc_writer_destroy(&body);
    search_free(&search);
}

//  --- Queues ---------------------------------------------------------------------------------------------------

typedef struct queues {
    ipc_queue_row_t *rows;             // by engine
    uint32_t count;
    uint64_t unassigned;
} queues_t;

static bool add_to_queue(void *context, const unfinished_t *item)
{
    queues_t *self = context;
    if (item->engine >= self->count)
        self->unassigned += item->count;
    else if (item->running)
        self->rows[item->engine].running += item->count;
    else
        self->rows[item->engine].queued += item->count;
    return true;
}

static void on_queues(controller_t *self, peer_t *peer, const ipc_msg_t *query)
{
    queues_t queues = {.rows = ipc_xalloc(self->entry_count * sizeof queues.rows[0]), .count = self->entry_count};
    scheduler_list(self->scheduler, add_to_queue, &queues);
    ipc_writer_t body = {0};
    for (uint32_t i = 0; i < self->entry_count; i++) {
        const engine_entry_t *entry = &self->entries[i];
        ipc_queue_row_t *row = &queues.rows[i];
        row->engine = i;
        row->ready = entry->peer != NULL;
        row->pid = (uint32_t) entry->pid;
        row->restarts = entry->restarts;
        row->finished = scheduler_engine_finished(self->scheduler, i);
        if (entry->known)
            ipc_queue_row_pack(row, &body);
    }
    answer(peer, query, queues.unassigned, &body);
    ipc_writer_destroy(&body);
    free(queues.rows);
}

//  --- One task -------------------------------------------------------------------------------------------------

typedef struct ended {
    uint64_t id;
    uint64_t positions[IPC_ROW_STATES];
    uint32_t function;
    const char *error;                 // the kind of the first error; NULL: none
    bool known;
} ended_t;

//  How many positions of a task are over, and how.
static bool count_finished(void *context, const history_entry_t *entry)
{
    ended_t *self = context;
    if (!history_entry_is_of(entry, self->id))
        return true;
    self->positions[entry->state] += entry->count;
    self->function = entry->function;
    self->known = true;
    if (entry->error[0])
        self->error = entry->error;
    return true;
}

//  What the history says of a task; given, or NULL.
static char *explain_end(const controller_t *self, uint64_t id)
{
    ended_t ended = {.id = id};
    history_each(self->history, count_finished, &ended);
    if (!ended.known)
        return NULL;
    return ipc_xformat("%s is over: %llu done, %llu failed, %llu aborted%s%s",
                       functions_at(self->functions, ended.function)->name,
                       (unsigned long long) ended.positions[IPC_ROW_DONE],
                       (unsigned long long) ended.positions[IPC_ROW_FAILED],
                       (unsigned long long) ended.positions[IPC_ROW_ABORTED],
                       ended.error ? "; the first error was " : "", ended.error ? ended.error : "");
}

static bool explain_wait(const controller_t *self, uint64_t id, char *text, size_t size)
{
    bool known = self->detached_client != SCHEDULER_NO_CLIENT &&
                 scheduler_explain(self->scheduler, self->detached_client, id, text, size);
    for (size_t i = 0; !known && i < self->by_client_count; i++)
        known = scheduler_explain(self->scheduler, (uint32_t) i, id, text, size);
    return known;
}

static void on_explain(controller_t *self, peer_t *peer, const ipc_msg_t *query)
{
    char text[512];
    if (explain_wait(self, query->query.job, text, sizeof text)) {
        answer_text(peer, query, IPC_E_NONE, text);
        return;
    }
    char *end = explain_end(self, query->query.job);
    answer_text(peer, query, end ? IPC_E_NONE : IPC_E_NAME,
                end ? end : "no task of this id is known: it may be older than the history");
    free(end);
}

static void on_find(controller_t *self, peer_t *peer, const ipc_msg_t *query)
{
    const detached_job_t *job = detached_find(self->detached, query->query.job);
    if (!job) {
        answer_text(peer, query, IPC_E_NAME,
                    "the results of this task are not kept: it is not known, was not detached, was purged, or room "
                    "was needed for later ones");
        return;
    }
    ipc_writer_t body = {0};
    ipc_write_bool(&body, job->is_list);
    ipc_write_text(&body, job->method);
    answer(peer, query, job->job.count, &body);
    ipc_writer_destroy(&body);
}

static void on_purge(controller_t *self, peer_t *peer, const ipc_msg_t *query)
{
    ipc_msg_t all = {.query = {.job = query->query.job}};
    search_t search = search_tasks(self, &all);
    bool pending = false;
    for (size_t i = 0; i < search.count; i++)
        pending = pending || search.rows[i].state == IPC_ROW_WAITING || search.rows[i].state == IPC_ROW_RUNNING;
    if (query->query.job && search.count == 0 && !detached_find(self->detached, query->query.job)) {
        answer_text(peer, query, IPC_E_NAME, "no task of this id is known: it may be older than the history");
    } else if (query->query.job && pending) {
        answer_text(peer, query, IPC_E_BUSY, "the task is not over: it can be purged once it is");
    } else {
        size_t count = history_purge(self->history, query->query.job);
        detached_purge(self->detached, query->query.job);
        answer(peer, query, count, &(ipc_writer_t){0});
    }
    search_free(&search);
}

static void on_supervisor(controller_t *self, peer_t *peer, const ipc_msg_t *query)
{
    if (self->is_ordered && self->supervisor > 0)
        answer(peer, query, (uint64_t) self->supervisor, &(ipc_writer_t){0});
    else
        answer_text(peer, query, IPC_E_SYSTEM,
                    "the cluster was not started by ipcluster: nobody can stop it from here");
}

void on_query(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    typedef void query_fn(controller_t *controller, peer_t *client, const ipc_msg_t *query);
    static query_fn *const queries[IPC_QUERY_KINDS] = {
        [IPC_QUERY_TASKS] = on_tasks, [IPC_QUERY_QUEUES] = on_queues, [IPC_QUERY_EXPLAIN] = on_explain,
        [IPC_QUERY_FIND] = on_find,   [IPC_QUERY_PURGE] = on_purge,
        [IPC_QUERY_SUPERVISOR] = on_supervisor,
    };
    (void) parcel;
    if (msg->query.kind < IPC_QUERY_KINDS)
        queries[msg->query.kind](self, peer, msg);
    else
        answer_text(peer, msg, IPC_E_PROTOCOL, "a question of unknown kind");
}
