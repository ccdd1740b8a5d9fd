//  ipcluster list, status, logs: what runs, and how it goes.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "ipcluster.h"
#include "launch/log.h"
#include "launch/status.h"

static void list_as_json(const cluster_list_t *list)
{
    json_t *json = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const record_t *record = list->records[i];
        json_array_append_new(
            json,
            json_pack("{s:s, s:s, s:i, s:I, s:s}", "profile", record->profile, "cluster_id",
                      record->cluster_id, "pid", (int) record->supervisor.pid, "engines",
                      (json_int_t) record_engines(record), "directory", record->directory));
    }
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static void list_as_text(const cluster_list_t *list)
{
    int profile_width = (int) strlen("profile"), id_width = (int) strlen("cluster id");
    for (size_t i = 0; i < list->count; i++) {
        int profile = (int) strlen(list->records[i]->profile);
        int id = (int) strlen(list->records[i]->cluster_id);
        profile_width = profile > profile_width ? profile : profile_width;
        id_width = id > id_width ? id : id_width;
    }
    printf("%-*s  %-*s  %7s  %7s  %s\n", profile_width, "profile", id_width, "cluster id",
           "pid", "engines", "directory");
    for (size_t i = 0; i < list->count; i++) {
        const record_t *record = list->records[i];
        printf("%-*s  %-*s  %7d  %7zu  %s\n", profile_width, record->profile, id_width,
               record->cluster_id[0] ? record->cluster_id : "\"\"",
               (int) record->supervisor.pid, record_engines(record), record->directory);
    }
}

int run_list(const arguments_t *arguments)
{
    ipc_error_t error;
    ipc_auto(cluster_list_destroy) cluster_list_t list = {.count = 0};
    if (cluster_list(&list, &error))
        return fail(&error);
    if (arguments->json)
        list_as_json(&list);
    else if (list.count == 0)
        puts("no cluster is running");
    else
        list_as_text(&list);
    return EXIT_DONE;
}

//  How much of the memory of the engines' devices is used now. Asked once, for those that engines own.
static void ask_devices(record_t *record)
{
    if (record->gpus.count > 0)
        gpus_ask_used(&record->gpus);
}

static json_t *gpu_as_json(const gpu_t *gpu, const engine_status_t *status)
{
    if (!gpu)
        return json_null();
    json_t *json = json_pack("{s:s, s:s, s:s, s:I}", "device", gpu->visible, "name", gpu->name, "bus", gpu->bus,
                             "total", (json_int_t) gpu->total);
    json_object_set_new(json, "used", gpu->used == GPU_UNKNOWN ? json_null() : json_integer((json_int_t) gpu->used));
    json_object_set_new(json, "failure", status->gpu_failure[0] ? json_of_text(status->gpu_failure) : json_null());
    return json;
}

static void status_as_json(const record_t *record, const ipc_queue_status_t *queues, const char *journal, bool fails)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "profile", record->profile, "cluster_id",
                             record->cluster_id, "pid", (int) record->supervisor.pid, "directory",
                             record->directory);
    json_object_update_new(json, json_pack("{s:s, s:I}", "scheme", ipc_scheme_name(record->scheme), "hwm",
                                           (json_int_t) record->hwm));
    json_object_set_new(json, "journal", journal ? json_of_text(journal) : json_null());
    json_object_set_new(json, "journal_fails", json_boolean(fails));
    json_t *engines = json_array();
    for (size_t i = 0; i < record->engines; i++) {
        engine_status_t status = engine_status(record, i);
        const ipc_engine_queue_t *queue = queue_of_engine(queues, i);
        json_t *engine = json_pack("{s:I, s:i, s:s}", "id", (json_int_t) i, "pid", (int) status.worker, "state",
                                   status.state);
        if (status.why[0])
            json_object_set_new(engine, "why", json_string(status.why));
        json_object_set_new(engine, "gpu", gpu_as_json(record_gpu(record, i), &status));
        if (queue)
            json_object_update_new(engine, json_pack("{s:I, s:I, s:I}", "queued", (json_int_t) queue->queued,
                                                     "running", (json_int_t) queue->running, "finished",
                                                     (json_int_t) queue->finished));
        if (record->nannies[i].pid)
            json_array_append_new(engines, engine);
        else
            json_decref(engine);
    }
    json_object_set_new(json, "engines", engines);
    json_object_set_new(json, "unassigned", queues ? json_integer((json_int_t) queues->unassigned) : json_null());
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

//  ", GPU 0: NVIDIA H200, 0.5 of 139.8 GiB used".
static void show_gpu(const gpu_t *gpu, const engine_status_t *status)
{
    const double gib = 1 << 30;
    if (!gpu)
        return;
    printf(", GPU %s: %s, ", gpu->visible, gpu->name);
    if (status->gpu_failure[0])
        printf("failed: %s", status->gpu_failure);
    else if (gpu->used == GPU_UNKNOWN)
        printf("%.1f GiB", (double) gpu->total / gib);
    else
        printf("%.1f of %.1f GiB used", (double) gpu->used / gib, (double) gpu->total / gib);
}

//  The rest of an engine's line.
static void show_rest(const ipc_engine_queue_t *queue, const gpu_t *gpu, const engine_status_t *status)
{
    if (queue)
        printf(", %" PRIu64 " queued, %" PRIu64 " running, %" PRIu64 " finished", queue->queued, queue->running,
               queue->finished);
    show_gpu(gpu, status);
    putchar('\n');
}

static void show_scheduling(const record_t *record)
{
    printf("scheduling: %s, ", ipc_scheme_name(record->scheme));
    if (record->hwm)
        printf("at most %u balanced task%s at an engine\n", (unsigned) record->hwm, record->hwm == 1 ? "" : "s");
    else
        puts("balanced tasks at an engine by its pace");
}

static void free_text(char **text)
{
    free(*text);
}

int run_status(const arguments_t *arguments)
{
    ipc_error_t error;
    ipc_auto(free_text) char *journal = NULL;
    bool fails = false;
    ipc_auto(record_destroy) record_t *record =
        cluster_find(arguments->profile, arguments->cluster_id, &error);
    if (!record)
        return fail(&error);
    ipc_auto(ipc_queue_status_destroy) ipc_queue_status_t *queues =
        queues_of_cluster(arguments, &journal, &fails, &error);
    ask_devices(record);
    if (arguments->json)
        return status_as_json(record, queues, journal, fails), EXIT_DONE;
    printf("supervisor: pid %d, profile %s, cluster id \"%s\"\n",
           (int) record->supervisor.pid, record->profile, record->cluster_id);
    if (process_lives(&record->controller))
        printf("controller: pid %d, running\n", (int) record->controller.pid);
    else
        puts("controller: down");
    show_scheduling(record);
    if (journal)
        printf("%s%s\n", fails ? "no task is taken: " : "journal: ", journal);
    for (size_t i = 0; i < record->engines; i++) {
        engine_status_t status = engine_status(record, i);
        if (status.worker)
            printf("engine %zu: pid %d, %s", i, (int) status.worker, status.state);
        else if (record->nannies[i].pid)
            printf("engine %zu: %s", i, status.state);
        else
            continue;
        if (status.why[0])
            printf(": %s", status.why);
        show_rest(queue_of_engine(queues, i), record_gpu(record, i), &status);
    }
    if (queues)
        printf("tasks at no engine yet: %" PRIu64 "\n", queues->unassigned);
    else
        printf("queues are not known: %s\n", error.text);
    return EXIT_DONE;
}

static int show_log(const char *name, const char *path, bool titled, ipc_error_t *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return ipc_fail(error, IPC_E_NAME, "there is no log %s: %s", path, strerror(errno));
    if (titled)
        printf("==> %s <==\n", name);
    char bytes[4096];
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, file)) > 0;)
        fwrite(bytes, 1, size, stdout);
    fclose(file);
    return 0;
}

static int show_named_log(const record_t *record, const char *logs, const char *name,
                          ipc_error_t *error)
{
    char path[IPC_PATH_MAX], *end;
    unsigned long id = strtoul(name, &end, 10);
    bool number = name[0] >= '0' && name[0] <= '9' && !*end;
    if (number && id < record->engines)
        log_path(path, logs, (int) id);
    else if (!strcmp(name, "ipcd"))
        log_path(path, logs, -1);
    else
        return ipc_fail(error, IPC_E_NAME,
                        "there is no log of \"%s\": name ipcd, or an engine from 0 to %zu",
                        name, record->engines - 1);
    return show_log(name, path, false, error);
}

int run_logs(const arguments_t *arguments)
{
    ipc_error_t error;
    ipc_paths_t paths;
    ipc_auto(record_destroy) record_t *record =
        cluster_find(arguments->profile, arguments->cluster_id, &error);
    if (!record || ipc_paths_find(&paths, record->profile, record->cluster_id, &error))
        return fail(&error);
    if (arguments->names[0])
        return show_named_log(record, paths.logs, arguments->names[0], &error) ? fail(&error)
                                                                           : EXIT_DONE;
    char path[IPC_PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/supervisor.log", paths.logs);
    show_log("supervisor", path, true,
             NULL); // there is none when it runs in the foreground
    for (int id = -1; id < (int) record->engines; id++) {
        char name[32] = "ipcd";
        if (id >= 0)
            snprintf(name, sizeof name, "engine %d", id);
        log_path(path, paths.logs, id);
        if (show_log(name, path, true, &error))
            fail(&error);
    }
    return EXIT_DONE;
}
