//  What the files of ipcluster share.
#ifndef IPC_TOOLS_IPCLUSTER_H
#define IPC_TOOLS_IPCLUSTER_H

#include <jansson.h>
#include <time.h>

#include "client/history.h"
#include "launch/cluster.h"
#include "launch/launcher.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, NAMES_MAX = 2, IDS_MAX = 64 };

typedef struct arguments {
    struct timespec begin;            // of the program
    const char *profile, *cluster_id; // NULL: not given
    size_t engines;                   // -n; 0: not given
    ipc_scheme_t scheme;
    uint32_t hwm;                     // 0: by the measured pace
    const char *suspect_after, *lose_after; // seconds; NULL: not given
    const launcher_t *launcher;       // --engines; NULL: local
    const char *gpus;                 // --gpus: see launch/devices.h; NULL: not given
    const gpus_t *devices;            // of them, once they are found
    const char *journal;              // --journal: its terms, "" by default; NULL: none
    bool journals;                    // of clean
    long owner;                       // --owner: a pid, 0: none
    bool daemonize, all, json;
    const char *removed;              // --remove: the id of an engine, or NULL
    ipc_history_query_t query;        // of tasks
    uint64_t ids[IDS_MAX];            // --id: those of the query
    const char *sql;                  // --sql: a SELECT, or NULL
    const char *names[NAMES_MAX];     // the words that follow the command, or NULL
} arguments_t;

//  Prints the error and gives EXIT_FAILED.
int fail(const ipc_error_t *error);

//  Prints what is wrong, and where the help is; gives EXIT_USAGE.
__attribute__((format(printf, 1, 2))) int fail_usage(const char *format, ...);

//  tools/ipcluster_start.c
int run_start(const arguments_t *arguments);

//  tools/ipcluster_show.c
int run_list(const arguments_t *arguments);
int run_status(const arguments_t *arguments);
int run_logs(const arguments_t *arguments);

//  tools/ipcluster_engines.c
int run_engines(const arguments_t *arguments);
int run_restart(const arguments_t *arguments);
int run_signal(const arguments_t *arguments);

//  tools/ipcluster_tasks.c
int run_tasks(const arguments_t *arguments);
int run_explain(const arguments_t *arguments);

//  A text as JSON, in ASCII where it is no UTF-8 (given); prints JSON and the end of a line.
json_t *json_of_text(const char *text);
void print_json(const json_t *json);

//  tools/ipcluster_query.c: one of the options of tasks: 0, or EXIT_USAGE; and what 'ipcluster tasks --help' says.
int read_task_option(arguments_t *arguments, int letter, const char *text);
extern const char tasks_help[];

//  tools/ipcluster_sql.c: prints what a SELECT gives of the tasks, as aligned text ("-": NULL) or as an array of
//  objects. 0, or -1 with *error, of one sentence: ARGUMENT, SYSTEM.
int show_sql(const ipc_history_t *history, const char *sql, bool as_json, ipc_error_t *error);

//  What the controller says of the engines' queues within a second (given), or NULL with *error; of one engine of
//  these (lent), or NULL.
//      journal    written: where the journal is or why it cannot be written; NULL: there is none. free() it
//      fails      written: the journal cannot be written
ipc_queue_status_t *queues_of_cluster(const arguments_t *arguments, char **journal, bool *fails, ipc_error_t *error);
const ipc_engine_queue_t *queue_of_engine(const ipc_queue_status_t *status, size_t id);

#endif
