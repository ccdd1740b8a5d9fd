#include "client/history.h"

#include <stdlib.h>
#include <string.h>

#include "client/questions.h"
#include "client/results.h"
#include "common/fail.h"
#include "common/rows.h"

enum { ANSWER_MS = 10000 };            // a controller that does not answer for so long hangs

struct ipc_history {
    ipc_task_t *tasks;
    size_t count;
    ipc_arena_t *texts;
};

static const char *const states[] = {
    [IPC_TASK_ANY] = "any",   [IPC_TASK_WAITING] = "waiting", [IPC_TASK_RUNNING] = "running",
    [IPC_TASK_DONE] = "done", [IPC_TASK_FAILED] = "failed",   [IPC_TASK_ABORTED] = "aborted",
};
enum { STATES = sizeof states / sizeof states[0] };
_Static_assert((int) STATES == (int) IPC_ROW_STATES && (int) IPC_TASK_ABORTED == (int) IPC_ROW_ABORTED,
               "states travel as they are");

uint64_t ipc_client_number(ipc_client_t *self)
{
    pthread_mutex_lock(&self->lock);
    uint64_t number = self->uuid;
    pthread_mutex_unlock(&self->lock);
    return number;
}

const char *ipc_task_state_name(ipc_task_state_t state)
{
    return (size_t) state < STATES ? states[state] : "any";
}

ipc_task_state_t ipc_task_state_of(const char *name)
{
    for (size_t i = 1; i < STATES; i++)
        if (strcmp(name, states[i]) == 0)
            return (ipc_task_state_t) i;
    return IPC_TASK_ANY;
}

//  --- Tasks ----------------------------------------------------------------------------------------------------

//  The ids in a text such as "0,2", uint32_t each.
static int read_engines(const char *text, ipc_writer_t *engines, ipc_error_t *error)
{
    enum { ENGINE_DIGITS = 9 };
    for (const char *at = text; at;) {
        size_t size = strcspn(at, ","), digits = strspn(at, "0123456789");
        if (size == 0 || size > ENGINE_DIGITS || digits != size)
            return ipc_fail(error, IPC_E_ARGUMENT, "the argument engine is \"%s\", not the id of one, nor a list",
                            text);
        uint32_t engine = (uint32_t) strtoul(at, NULL, 10);
        ipc_write_raw(engines, &engine, sizeof engine);
        at = at[size] ? at + size + 1 : NULL;
    }
    return 0;
}

static double seconds(int64_t nanoseconds)
{
    return 1e-9 * (double) nanoseconds;
}

//  The first nanosecond that is told as that time or a later one; or as a later one. Times as tasks tell them are
//  coarser than nanoseconds: so what is told as a time is found by that time.
static int64_t first_nanosecond(double time, bool later)
{
    enum { COARSE = 1024 };            // more than two neighbours of such times are apart, in nanoseconds
    const double never = 9e9;
    if (time == 0 || !(time < never))
        return time == 0 ? 0 : INT64_MAX;
    int64_t low = time > 1 ? (int64_t) (1e9 * time) - COARSE : 1, high = low + 2 * (int64_t) COARSE;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (later ? seconds(middle) > time : seconds(middle) >= time)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int write_query(const ipc_history_query_t *query, ipc_writer_t *engines, ipc_msg_t *msg, ipc_error_t *error)
{
    if ((size_t) query->state >= STATES || query->states >> STATES)
        return ipc_fail(error, IPC_E_ARGUMENT, "the argument state%s is %u, which is none",
                        query->states >> STATES ? "s" : "",
                        query->states >> STATES ? query->states : (unsigned) query->state);
    if (query->id_count > IPC_MAX_TARGETS)
        return ipc_fail(error, IPC_E_ARGUMENT, "the argument id_count is %zu, at most %d can be asked for",
                        query->id_count, IPC_MAX_TARGETS);
    if (read_engines(query->engine, engines, error))
        return -1;
    int64_t after = query->until == 0 ? 0 : first_nanosecond(query->until, true);
    *msg = (ipc_msg_t){.query = {.kind = IPC_QUERY_TASKS,
                                 .states = query->states | (query->state ? IPC_TASK_BIT(query->state) : 0),
                                 .engines = {engines->data ? engines->data : "", engines->size},
                                 .job = query->id,
                                 .jobs = {query->ids ? (const char *) query->ids : "",
                                          query->id_count * sizeof query->ids[0]},
                                 .client = query->client,
                                 .limit = query->limit,
                                 .since = first_nanosecond(query->since, false),
                                 .until = after > 1 ? after - 1 : after,
                                 .submitted_from = first_nanosecond(query->submitted_from, false),
                                 .submitted_before = first_nanosecond(query->submitted_before, false),
                                 .label = ipc_bytes_of(query->label),
                                 .function = ipc_bytes_of(query->function),
                                 .not_label = ipc_bytes_of(query->not_label),
                                 .not_function = ipc_bytes_of(query->not_function)}};
    return 0;
}

static const char *keep_text(ipc_arena_t *texts, ipc_bytes_t bytes)
{
    char *text = ipc_arena_take(texts, bytes.size + 1);
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = 0;
    return text;
}

static ipc_task_t task_of(const ipc_task_row_t *row, ipc_arena_t *texts)
{
    return (ipc_task_t){.id = row->job,
                        .client = row->client,
                        .first = row->first,
                        .count = row->count,
                        .state = (ipc_task_state_t) row->state,
                        .engine = row->engine == UINT32_MAX ? -1 : (int) row->engine,
                        .attempts = (int) row->attempts,
                        .function = keep_text(texts, row->function),
                        .label = keep_text(texts, row->label),
                        .error = keep_text(texts, row->error),
                        .submitted = seconds(row->submitted),
                        .accepted = seconds(row->accepted),
                        .sent = seconds(row->sent),
                        .started = seconds(row->started),
                        .finished = seconds(row->finished),
                        .received = seconds(row->received),
                        .peak_memory = row->peak_memory};
}

static int read_tasks(ipc_history_t *self, const question_t *answer, ipc_error_t *error)
{
    enum { ROW_BYTES = 16 };           // the least
    ipc_reader_t reader = ipc_reader(answer->body.data, answer->body.size);
    if (answer->count > answer->body.size / ROW_BYTES)
        return ipc_fail(error, IPC_E_PROTOCOL, "a malformed history");
    self->tasks = ipc_xalloc((size_t) answer->count * sizeof self->tasks[0]);
    self->texts = ipc_arena_new();
    for (; self->count < answer->count; self->count++) {
        ipc_task_row_t row;
        ipc_task_row_unpack(&row, &reader);
        self->tasks[self->count] = task_of(&row, self->texts);
    }
    return ipc_reader_ok(&reader) ? 0 : ipc_fail(error, IPC_E_PROTOCOL, "a malformed history");
}

ipc_history_t *ipc_client_history(ipc_client_t *client, const ipc_history_query_t *query, ipc_error_t *error)
{
    ipc_msg_t msg;
    question_t answer = {0};
    ipc_auto(ipc_writer_destroy) ipc_writer_t engines = {0};
    if (write_query(query ? query : &(ipc_history_query_t){0}, &engines, &msg, error))
        return NULL;
    pthread_mutex_lock(&client->lock);
    int rc = question_ask(&answer, client, &msg, ANSWER_MS, error);
    pthread_mutex_unlock(&client->lock);
    ipc_history_t *self = rc ? NULL : ipc_xalloc(sizeof *self);
    if (self && read_tasks(self, &answer, error))
        ipc_history_destroy(&self);
    question_free(&answer);
    return self;
}

size_t ipc_history_count(const ipc_history_t *self)
{
    return self->count;
}

const ipc_task_t *ipc_history_at(const ipc_history_t *self, size_t i)
{
    return i < self->count ? &self->tasks[i] : NULL;
}

void ipc_history_destroy(ipc_history_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ipc_history_t *self = *self_p;
    *self_p = NULL;
    ipc_arena_destroy(&self->texts);
    free(self->tasks);
    free(self);
}

//  --- Queues ---------------------------------------------------------------------------------------------------

static int read_queues(ipc_queue_status_t *self, const question_t *answer, ipc_error_t *error)
{
    ipc_reader_t reader = ipc_reader(answer->body.data, answer->body.size);
    self->unassigned = answer->count;
    while (reader.at < reader.end && !reader.bad) {
        ipc_queue_row_t row;
        ipc_queue_row_unpack(&row, &reader);
        self->engines = ipc_xrealloc(self->engines, (self->count + 1) * sizeof self->engines[0]);
        self->engines[self->count++] = (ipc_engine_queue_t){.engine = (int) row.engine,
                                                            .ready = row.ready != 0,
                                                            .queued = row.queued,
                                                            .running = row.running,
                                                            .finished = row.finished};
    }
    return ipc_reader_ok(&reader) ? 0 : ipc_fail(error, IPC_E_PROTOCOL, "a malformed list of queues");
}

ipc_queue_status_t *ipc_client_queue_status(ipc_client_t *client, int timeout_ms, ipc_error_t *error)
{
    ipc_msg_t msg = {.query = {.kind = IPC_QUERY_QUEUES}};
    question_t answer = {0};
    pthread_mutex_lock(&client->lock);
    int rc = question_ask(&answer, client, &msg, timeout_ms, error);
    pthread_mutex_unlock(&client->lock);
    ipc_queue_status_t *self = rc ? NULL : ipc_xalloc(sizeof *self);
    if (self && read_queues(self, &answer, error))
        ipc_queue_status_destroy(&self);
    question_free(&answer);
    return self;
}

void ipc_queue_status_destroy(ipc_queue_status_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ipc_queue_status_t *self = *self_p;
    *self_p = NULL;
    free(self->engines);
    free(self);
}

//  --- One task -------------------------------------------------------------------------------------------------

uint64_t ipc_result_id(const ipc_result_t *self)
{
    return self->job;
}

static int ask_of_task(ipc_client_t *client, ipc_query_kind_t kind, uint64_t id, question_t *answer, ipc_error_t *error)
{
    ipc_msg_t msg = {.query = {.kind = kind, .job = id}};
    return question_ask(answer, client, &msg, ANSWER_MS, error);
}

char *ipc_client_journal(ipc_client_t *client, int timeout_ms, ipc_error_t *error)
{
    ipc_msg_t msg = {.query = {.kind = IPC_QUERY_JOURNAL}};
    question_t answer = {0};
    pthread_mutex_lock(&client->lock);
    int rc = question_ask(&answer, client, &msg, timeout_ms, error);
    pthread_mutex_unlock(&client->lock);
    char *text = rc ? NULL : ipc_xstrdup(answer.text);
    question_free(&answer);
    return text;
}

char *ipc_client_explain(ipc_client_t *client, uint64_t id, ipc_error_t *error)
{
    question_t answer = {0};
    pthread_mutex_lock(&client->lock);
    int rc = ask_of_task(client, IPC_QUERY_EXPLAIN, id, &answer, error);
    pthread_mutex_unlock(&client->lock);
    char *text = rc ? NULL : ipc_xstrdup(answer.text);
    question_free(&answer);
    return text;
}

int ipc_client_purge(ipc_client_t *client, uint64_t id, ipc_error_t *error)
{
    question_t answer = {0};
    pthread_mutex_lock(&client->lock);
    int rc = ask_of_task(client, IPC_QUERY_PURGE, id, &answer, error);
    pthread_mutex_unlock(&client->lock);
    question_free(&answer);
    return rc;
}

//  Those of some tasks that are over; adds how many there were. With the lock.
static int purge_some(ipc_client_t *client, const uint64_t *ids, size_t count, int64_t *purged, ipc_error_t *error)
{
    ipc_msg_t msg = {.query = {.kind = IPC_QUERY_PURGE, .jobs = {(const char *) ids, count * sizeof ids[0]}}};
    question_t answer = {0};
    int rc = question_ask(&answer, client, &msg, ANSWER_MS, error);
    *purged += (int64_t) answer.count;
    question_free(&answer);
    return rc;
}

int64_t ipc_client_purge_where(ipc_client_t *client, const ipc_history_query_t *query, ipc_error_t *error)
{
    ipc_auto(ipc_history_destroy) ipc_history_t *found = ipc_client_history(client, query, error);
    if (!found)
        return -1;
    uint64_t *ids = ipc_xalloc((found->count + 1) * sizeof ids[0]);
    size_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        const ipc_task_t *task = &found->tasks[i];
        bool over = task->state != IPC_TASK_WAITING && task->state != IPC_TASK_RUNNING;
        if (over && (count == 0 || ids[count - 1] != task->id)) // several rows of a task follow one another
            ids[count++] = task->id;
    }
    int64_t purged = 0;
    int rc = 0;
    pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < count && !rc; i += IPC_MAX_TARGETS)
        rc = purge_some(client, ids + i, count - i < IPC_MAX_TARGETS ? count - i : IPC_MAX_TARGETS, &purged, error);
    pthread_mutex_unlock(&client->lock);
    free(ids);
    return rc ? -1 : purged;
}

//  The name that stands in errors lives as long as the library.
static const char *method_named(const char *name)
{
    static const char *const methods[] = {"apply", "map", "push", "pull", "scatter", "require", "execute"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(name, methods[i]) == 0)
            return methods[i];
    return "fetch";
}

//  A result of a kept task; it comes as positions of a job of ours.
static ipc_result_t *revive(ipc_client_t *client, uint64_t id, bool again)
{
    enum { METHOD_TEXT = 16 };
    question_t answer = {0};
    ipc_error_t error = {0};
    char method[METHOD_TEXT] = "";
    pthread_mutex_lock(&client->lock);
    bool refused = ask_of_task(client, IPC_QUERY_FIND, id, &answer, &error);
    ipc_reader_t reader = ipc_reader(answer.body.data, answer.body.size);
    bool is_list = !refused && ipc_read_bool(&reader);
    if (!refused)
        ipc_read_text(&reader, method, sizeof method);
    size_t count = refused || answer.count == 0 ? 1 : (size_t) answer.count;
    ipc_result_t *result =
        result_new(client, method_named(method), is_list ? RESULT_LIST : RESULT_BARE, count);
    if (refused) {
        result_refuse(result, &error);
    } else {
        uint64_t job = ticket_new(client, result, count, 0)->job;
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_FETCH,
                                       .fetch = {.number = id, .job = job, .count = count, .again = again}});
        if (again)
            client_owe(client, WORK_HEARD_MS);
        client_wake(client);
    }
    pthread_mutex_unlock(&client->lock);
    question_free(&answer);
    return result;
}

ipc_result_t *ipc_client_fetch(ipc_client_t *client, uint64_t id)
{
    return revive(client, id, false);
}

ipc_result_t *ipc_client_resubmit(ipc_client_t *client, uint64_t id)
{
    return revive(client, id, true);
}
