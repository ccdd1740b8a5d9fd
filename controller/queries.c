//  What clients ask about tasks and queues: the history, and what is not over yet.
#include "controller/queries.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/detached.h"
#include "controller/listing.h"

enum { UNFINISHED_MAX = HISTORY_MAX }; // rows

typedef struct addition {
    const controller_t *controller;
    search_t *search;
} addition_t;

static ipc_bytes_t function_name(const controller_t *self, uint32_t number)
{
    return ipc_bytes_of(functions_at(self->functions, number)->name);
}

static bool add_unfinished(void *context, const unfinished_t *item)
{
    addition_t *self = context;
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
    search_add(self->search, &row);
    return search_count(self->search) < UNFINISHED_MAX;
}

static bool add_finished(void *context, const history_entry_t *entry)
{
    addition_t *self = context;
    search_add_entry(self->search, entry, function_name(self->controller, entry->function));
    return true;
}

void query_answer(peer_t *peer, const ipc_msg_t *query, uint64_t count, const ipc_writer_t *body)
{
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_ANSWER,
                                 .answer = {.number = query->query.number,
                                            .count = count,
                                            .text = {"", 0},
                                            .body = {body->data ? body->data : "", body->size}}});
}

void query_answer_text(peer_t *peer, const ipc_msg_t *query, int code, const char *text)
{
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_ANSWER,
                                 .answer = {.number = query->query.number,
                                            .code = (uint32_t) code,
                                            .text = ipc_bytes_of(text),
                                            .body = {"", 0}}});
}

void query_add_unfinished(controller_t *self, search_t *search)
{
    addition_t addition = {self, search};
    scheduler_list(self->scheduler, add_unfinished, &addition);
}

static void on_tasks(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    if (recorded_tasks(self, peer, query, parcel))
        return;
    search_t *search = search_new(query);
    ipc_auto(ipc_writer_destroy) ipc_writer_t body = {0};
    query_add_unfinished(self, search);
    history_each(self->history, add_finished, &(addition_t){self, search});
    size_t count = search_pack(search, &body);
    query_answer(peer, query, count, &body);
    search_destroy(&search);
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

static void on_queues(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    (void) parcel;
    queues_t queues = {.rows = ipc_xalloc(self->entry_count * sizeof queues.rows[0]), .count = self->entry_count};
    scheduler_list(self->scheduler, add_to_queue, &queues);
    ipc_writer_t body = {0};
    for (uint32_t i = 0; i < self->entry_count; i++) {
        const engine_entry_t *entry = &self->entries[i];
        ipc_queue_row_t *row = &queues.rows[i];
        row->engine = i;
        row->ready = engine_is_here(entry);
        row->pid = (uint32_t) entry->pid;
        row->restarts = entry->restarts;
        row->finished = scheduler_engine_finished(self->scheduler, i);
        if (entry->known)
            ipc_queue_row_pack(row, &body);
    }
    query_answer(peer, query, queues.unassigned, &body);
    ipc_writer_destroy(&body);
    free(queues.rows);
}

//  --- One task -------------------------------------------------------------------------------------------------

void ended_note(ended_t *self, const history_entry_t *entry, ipc_bytes_t function)
{
    if (!history_entry_is_of(entry, self->id))
        return;
    self->positions[entry->state] += entry->count;
    if (!self->function)
        self->function = ipc_bytes_text(function);
    if (entry->error[0])
        ipc_text_copy(self->error, sizeof self->error, entry->error);
}

char *ended_explain(const ended_t *self)
{
    if (!self->function)
        return NULL;
    return ipc_xformat("%s is over: %llu done, %llu failed, %llu aborted%s%s", self->function,
                       (unsigned long long) self->positions[IPC_ROW_DONE],
                       (unsigned long long) self->positions[IPC_ROW_FAILED],
                       (unsigned long long) self->positions[IPC_ROW_ABORTED],
                       self->error[0] ? "; the first error was " : "", self->error);
}

typedef struct look {
    const controller_t *controller;
    ended_t ended;
} look_t;

//  How many positions of a task are over, and how.
static bool count_finished(void *context, const history_entry_t *entry)
{
    look_t *self = context;
    ended_note(&self->ended, entry, function_name(self->controller, entry->function));
    return true;
}

void query_answer_end(peer_t *peer, const ipc_msg_t *query, ended_t *ended)
{
    char *end = ended_explain(ended), runs[ATTEMPTS_TEXT];
    if (end && attempts_write(peer->controller->attempts, query->query.job, runs) > 0) {
        char *longer = ipc_xformat("%s; it ran before:\n%.*s", end, (int) strlen(runs) - 1, runs);
        free(end);
        end = longer;
    }
    query_answer_text(peer, query, end ? IPC_E_NONE : IPC_E_NAME,
                      end ? end : "no task of this id is known: it may be older than the history");
    free(end);
    free(ended->function);
    ended->function = NULL;
}

static bool explain_wait(const controller_t *self, uint64_t id, char *text, size_t size)
{
    bool known = self->detached_client != SCHEDULER_NO_CLIENT &&
                 scheduler_explain(self->scheduler, self->detached_client, id, text, size);
    for (size_t i = 0; !known && i < self->by_client_count; i++)
        known = scheduler_explain(self->scheduler, (uint32_t) i, id, text, size);
    return known;
}

static void on_explain(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    char text[512 + ATTEMPTS_TEXT];
    if (explain_wait(self, query->query.job, text, sizeof text)) {
        size_t size = strlen(text);
        char runs[ATTEMPTS_TEXT];
        if (attempts_write(self->attempts, query->query.job, runs) > 0)
            snprintf(text + size, sizeof text - size, "; it ran before:\n%.*s", (int) strlen(runs) - 1, runs);
        query_answer_text(peer, query, IPC_E_NONE, text);
        return;
    }
    look_t look = {.controller = self, .ended = {.id = query->query.job}};
    history_each(self->history, count_finished, &look);
    if (!look.ended.function && recorded_end(self, peer, query, parcel))
        return;
    query_answer_end(peer, query, &look.ended);
}

static void on_find(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    (void) parcel;
    const detached_job_t *job = detached_find(self->detached, query->query.job);
    if (!job) {
        query_answer_text(peer, query, IPC_E_NAME,
                          "the results of this task are not kept: it is not known, was not detached, was purged, or "
                          "room was needed for later ones");
        return;
    }
    ipc_writer_t body = {0};
    ipc_write_bool(&body, job->is_list);
    ipc_write_text(&body, job->method);
    query_answer(peer, query, job->job.count, &body);
    ipc_writer_destroy(&body);
}

//  Without a journal the answer is empty. One that cannot be written is an error.
static void on_journal(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    (void) parcel;
    const char *failure = self->journal ? journal_failure(self->journal) : NULL;
    char *text = self->journal && !failure ? journal_describe(self->journal) : NULL;
    query_answer_text(peer, query, failure ? IPC_E_SYSTEM : IPC_E_NONE, failure ? failure : text ? text : "");
    free(text);
}

static void on_supervisor(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    (void) parcel;
    if (self->is_ordered && self->supervisor > 0)
        query_answer(peer, query, (uint64_t) self->supervisor, &(ipc_writer_t){0});
    else
        query_answer_text(peer, query, IPC_E_SYSTEM,
                          "the cluster was not started by ipcluster: nobody can stop it from here");
}

void on_query(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    static handler_fn *const queries[IPC_QUERY_KINDS] = {
        [IPC_QUERY_TASKS] = on_tasks, [IPC_QUERY_QUEUES] = on_queues, [IPC_QUERY_EXPLAIN] = on_explain,
        [IPC_QUERY_FIND] = on_find,   [IPC_QUERY_PURGE] = on_purge,
        [IPC_QUERY_SUPERVISOR] = on_supervisor, [IPC_QUERY_JOURNAL] = on_journal,
    };
    if (msg->query.kind < IPC_QUERY_KINDS)
        queries[msg->query.kind](self, peer, msg, parcel);
    else
        query_answer_text(peer, msg, IPC_E_PROTOCOL, "a question of unknown kind");
}
