//  What the cluster remembers: the last tasks of all clients (all of them, where it has a journal), how they stand, the
//  queues of the engines; and results
//  of tasks that were detached (ipc_options_t), by id, for whoever comes later.
#ifndef IPC_CLIENT_HISTORY_H
#define IPC_CLIENT_HISTORY_H

#include "client/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ipc_client ipc_client_t;

typedef enum ipc_task_state {
    IPC_TASK_ANY,          // in a query
    IPC_TASK_WAITING,      // for an engine, or at one behind others
    IPC_TASK_RUNNING,
    IPC_TASK_DONE,
    IPC_TASK_FAILED,
    IPC_TASK_ABORTED       // it ended before it ran, or while it did, since it was told to, or its client went
} ipc_task_state_t;

//  One task, or positions of one that share their fate: those of a map that came back in one message, for example.
//  Times are seconds since 1970, 0: it has not come to that. Submitted is by the clock of its client, accepted, sent
//  and received (when the controller had the result) by the controller's, started and finished by the engine's.
typedef struct ipc_task {
    uint64_t id;               // as ipc_result_id() gives it; of calls that went together, the first one's
    uint64_t client;           // a number of its client's own
    uint64_t first, count;     // its positions from first on; or so many calls, whose ids count up
    ipc_task_state_t state;
    int engine;                // that has it, or had it; -1: none
    int attempts;              // how often it was started
    const char *function;      // "add (prog.c:12)"
    const char *label;         // as its client gave it, or ""
    const char *error;         // the kind of its error, or ""
    double submitted, accepted, sent, started, finished, received;
    uint64_t peak_memory;      // bytes, as ipc_metadata_t has it; 0: not measured
    uint64_t reserved[7];      // room for later versions
} ipc_task_t;                  // 'ipcluster tasks --sql' has a table "tasks" with these names as its columns

//  Which tasks; every default, zero, means all.
typedef struct ipc_history_query {
    ipc_task_state_t state;
    const char *engine;        // its id: "2"; or several: "0,2"
    const char *label;         // patterns as of the shell: "sweep*"
    const char *function;      // likewise: "add", or "add (prog.c:12)"
    double since, until;       // seconds since 1970: tasks that were not over before, that came until then
    uint64_t id;               // of one task
    size_t limit;              // the newest so many
    unsigned states;           // several: IPC_TASK_BIT(IPC_TASK_DONE) | …, and state
    const uint64_t *ids;       // several tasks: id_count of them, and id; borrowed
    size_t id_count;
    uint64_t client;           // that submitted them, as ipc_task_t and ipc_client_number() have it
    const char *not_label;     // patterns of what is not wanted: "?*" leaves those without a label
    const char *not_function;
    double submitted_from;     // seconds since 1970, as ipc_task_t.submitted has them: from then on,
    double submitted_before;   //   and before then. So of ranges that meet each task is in one, and in one alone
    uint64_t reserved[8];      // room for later versions
} ipc_history_query_t;

#define IPC_TASK_BIT(state) (1u << (state))

typedef struct ipc_history ipc_history_t;

//  Asks the controller for tasks of all clients: those under way (10,000 entries at most), and the last 10,000 entries
//  of those that are over (2,000,000 bytes: an entry has 200, whatever its texts), or with a journal all that it has,
//  also those before the cluster was started again; in the order of their submission, oldest first. What is asked for
//  must all be so; of several states, engines, ids one is enough. Given; NULL with *error: ARGUMENT, CONNECTION,
//  TIMEOUT; with a journal LIMIT (more than an answer can have), SYSTEM (it is damaged).
//      query        borrowed; NULL: all
ipc_history_t *ipc_client_history(ipc_client_t *self, const ipc_history_query_t *query, ipc_error_t *error);

size_t ipc_history_count(const ipc_history_t *self);
const ipc_task_t *ipc_history_at(const ipc_history_t *self, size_t i); // lent by the history; NULL: out of range

//  Frees it and sets *self_p to NULL; NULL is fine.
void ipc_history_destroy(ipc_history_t **self_p);

//  What this client's own tasks have as their client. Another one when it connects anew, to a controller that was
//  started again and has no history.
uint64_t ipc_client_number(ipc_client_t *self);

//  "waiting", "running", …; the state of such a name, IPC_TASK_ANY if there is none.
const char *ipc_task_state_name(ipc_task_state_t state);
ipc_task_state_t ipc_task_state_of(const char *name);

//  One engine's queue: positions that wait for it or at it, that it runs (one, or none), that it has finished since
//  the controller was started.
typedef struct ipc_engine_queue {
    int engine;
    bool ready;                // false: its process is being restarted
    uint64_t queued, running, finished;
    uint64_t reserved[4];      // room for later versions
} ipc_engine_queue_t;

typedef struct ipc_queue_status {
    uint64_t unassigned;       // positions of balanced work that are at no engine yet
    size_t count;              // of engines
    ipc_engine_queue_t *engines; // in rising order of their ids
} ipc_queue_status_t;

//  How things are in the controller now. Given; NULL with *error: CONNECTION, TIMEOUT.
//      timeout_ms   IPC_FOREVER waits without limit
ipc_queue_status_t *ipc_client_queue_status(ipc_client_t *self, int timeout_ms, ipc_error_t *error);
void ipc_queue_status_destroy(ipc_queue_status_t **self_p);

//  Where the cluster keeps its journal (ipcluster start --journal) and how large that is, for people to read; "" when
//  there is none. Given: free() it. NULL with *error: SYSTEM (it cannot be written, the text says why; no task is taken
//  meanwhile), CONNECTION, TIMEOUT.
//      timeout_ms   IPC_FOREVER waits without limit
char *ipc_client_journal(ipc_client_t *self, int timeout_ms, ipc_error_t *error);

//  Says in a sentence why a task has not started, where it is, or how it ended. Given: free() it. NULL with *error:
//  NAME (no such task), CONNECTION, TIMEOUT.
char *ipc_client_explain(ipc_client_t *self, uint64_t id, ipc_error_t *error);

//  The id of a result's task, the same for every client; 0 if it was never sent. Position i has this id plus i.
uint64_t ipc_result_id(const ipc_result_t *self);

//  The results of a detached task by its id, whoever submitted it: those that are there, then those that come. They
//  are kept for fetching again, 64 MiB in all: the oldest delivered ones go first. Never NULL: the result holds the
//  error NAME when they are not kept.
ipc_result_t *ipc_client_fetch(ipc_client_t *self, uint64_t id);

//  Runs a detached task once more, as a balanced one, with the same arguments and options but for what it depended on;
//  it has an id of its own, and is detached too. Never NULL: the result holds the error NAME when what it was given is
//  not kept, ARGUMENT if it was no apply or map, ENGINE_LOST if those that may run it are gone.
ipc_result_t *ipc_client_resubmit(ipc_client_t *self, uint64_t id);

//  Forgets a task that is over, and its results; of calls that came back in one message, all. 0, or -1 with *error:
//  NAME (no such task), BUSY (it is not over), CONNECTION, TIMEOUT.
//      id           0: all tasks that are over, of all clients
int ipc_client_purge(ipc_client_t *self, uint64_t id, ipc_error_t *error);

//  The same for all tasks that a query finds and that are over: of an engine, a label, a time. A call on several
//  engines is one task. Gives how many, or -1 with *error: ARGUMENT, CONNECTION, TIMEOUT.
//      query        borrowed; NULL: all
int64_t ipc_client_purge_where(ipc_client_t *self, const ipc_history_query_t *query, ipc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
