//  ipcluster tasks, explain and the queues of ipcluster status: what the controller says.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/history.h"
#include "client/client.h"
#include "common/fail.h"
#include "tools/ipcluster.h"

enum { TASKS_SHOWN = 100, STATUS_MS = 1000 };

//  The client's connection file of the cluster that the arguments mean; NULL with *error.
static ipc_client_t *connect_to(const arguments_t *arguments, int timeout_ms, ipc_error_t *error)
{
    ipc_auto(record_destroy) record_t *record = cluster_find(arguments->profile, arguments->cluster_id, error);
    char path[IPC_PATH_MAX + sizeof "/client.json"];
    if (!record)
        return NULL;
    snprintf(path, sizeof path, "%s/client.json", record->directory);
    return ipc_client_new_within(path, timeout_ms, error);
}

//  --- tasks --------------------------------------------------------------------------------------------------------

json_t *json_of_text(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    char *ascii = ipc_xstrdup(text);
    for (char *at = ascii; *at; at++)
        if (*at & 0x80)
            *at = '?';
    json = json_string(ascii);
    free(ascii);
    return json;
}

void print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
}

static json_t *json_of_task(const ipc_task_t *task)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:i, s:i, s:o, s:o, s:o, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "id",
                     (json_int_t) task->id, "client", (json_int_t) task->client, "first", (json_int_t) task->first,
                     "count", (json_int_t) task->count, "state", ipc_task_state_name(task->state), "engine",
                     task->engine, "attempts", task->attempts, "function", json_of_text(task->function), "label",
                     json_of_text(task->label), "error", json_of_text(task->error), "submitted", task->submitted,
                     "accepted", task->accepted, "sent", task->sent, "started", task->started, "finished",
                     task->finished, "received", task->received, "peak_memory", (json_int_t) task->peak_memory);
}

static void tasks_as_json(const ipc_history_t *history)
{
    json_t *json = json_array();
    for (size_t i = 0; i < ipc_history_count(history); i++)
        json_array_append_new(json, json_of_task(ipc_history_at(history, i)));
    print_json(json);
    json_decref(json);
}

//  In a unit in which it can be read: most tasks take no millisecond.
static void write_seconds(char *text, size_t size, double seconds)
{
    if (seconds < 1e-3)
        snprintf(text, size, "%.1f us", 1e6 * seconds);
    else if (seconds < 1)
        snprintf(text, size, "%.1f ms", 1e3 * seconds);
    else
        snprintf(text, size, "%.3f s", seconds);
}

static void show_task(const ipc_task_t *task)
{
    char when[32] = "-", engine[16] = "-", took[32] = "-", memory[32] = "-";
    time_t accepted = (time_t) task->accepted;
    struct tm local;
    if (localtime_r(&accepted, &local))
        strftime(when, sizeof when, "%F %T", &local);
    if (task->engine >= 0)
        snprintf(engine, sizeof engine, "%d", task->engine);
    if (task->finished > 0)
        write_seconds(took, sizeof took, task->finished - task->started);
    if (task->peak_memory > 0)
        snprintf(memory, sizeof memory, "%.0f MB", 1e-6 * (double) task->peak_memory);
    printf("%-19" PRIu64 "  %-19s  %-7s  %6s  %10" PRIu64 "  %10s  %9s  %s%s%s%s%s%s\n", task->id, when,
           ipc_task_state_name(task->state), engine, task->count, took, memory, task->function,
           task->label[0] ? " [" : "", task->label, task->label[0] ? "]" : "", task->error[0] ? ": " : "", task->error);
}

static void tasks_as_text(const ipc_history_t *history)
{
    if (ipc_history_count(history) == 0) {
        puts("no task");
        return;
    }
    printf("%-19s  %-19s  %-7s  %6s  %10s  %10s  %9s  %s\n", "id", "accepted", "state", "engine", "positions", "took",
           "memory", "function [label]: error");
    for (size_t i = 0; i < ipc_history_count(history); i++) show_task(ipc_history_at(history, i));
}

int run_tasks(const arguments_t *arguments)
{
    ipc_error_t error;
    ipc_history_query_t query = arguments->query;
    if (query.limit == 0 && !arguments->sql)
        query.limit = TASKS_SHOWN;
    ipc_auto(ipc_client_destroy) ipc_client_t *client = connect_to(arguments, IPC_FOREVER, &error);
    ipc_auto(ipc_history_destroy) ipc_history_t *history = client ? ipc_client_history(client, &query, &error) : NULL;
    if (!history)
        return fail(&error);
    if (arguments->sql)
        return show_sql(history, arguments->sql, arguments->json, &error) ? fail(&error) : EXIT_DONE;
    if (arguments->json)
        tasks_as_json(history);
    else
        tasks_as_text(history);
    return EXIT_DONE;
}

//  --- explain ------------------------------------------------------------------------------------------------------

int run_explain(const arguments_t *arguments)
{
    ipc_error_t error;
    const char *text = arguments->names[0];
    if (!text)
        return fail_usage("'ipcluster explain' takes the id of a task, as 'ipcluster tasks' shows it");
    char *end;
    errno = 0;
    uint64_t id = strtoull(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || id == 0)
        return fail_usage("'ipcluster explain' takes the id of a task, not \"%s\"", text);
    ipc_auto(ipc_client_destroy) ipc_client_t *client = connect_to(arguments, IPC_FOREVER, &error);
    char *sentence = client ? ipc_client_explain(client, id, &error) : NULL;
    if (!sentence)
        return fail(&error);
    puts(sentence);
    free(sentence);
    return EXIT_DONE;
}

//  --- status -------------------------------------------------------------------------------------------------------

static void ask_journal(ipc_client_t *client, char **journal, bool *fails)
{
    ipc_error_t error;
    char *text = ipc_client_journal(client, STATUS_MS, &error);
    *fails = !text && error.code == IPC_E_SYSTEM;
    if (*fails)
        *journal = ipc_xstrdup(error.text);
    else if (text && text[0])
        *journal = ipc_xstrdup(text);
    free(text);
}

ipc_queue_status_t *queues_of_cluster(const arguments_t *arguments, char **journal, bool *fails, ipc_error_t *error)
{
    ipc_auto(ipc_client_destroy) ipc_client_t *client = connect_to(arguments, STATUS_MS, error);
    *journal = NULL;
    *fails = false;
    if (client)
        ask_journal(client, journal, fails);
    return client ? ipc_client_queue_status(client, STATUS_MS, error) : NULL;
}

const ipc_engine_queue_t *queue_of_engine(const ipc_queue_status_t *status, size_t id)
{
    for (size_t i = 0; status && i < status->count; i++)
        if ((size_t) status->engines[i].engine == id)
            return &status->engines[i];
    return NULL;
}
