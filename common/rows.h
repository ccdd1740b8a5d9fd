//  What the controller lists in ANSWER messages, one row after another: tasks of its history, and engines with
//  their queues.
#ifndef IPC_COMMON_ROWS_H
#define IPC_COMMON_ROWS_H

#include "common/message.h"

//  What a QUERY asks for.
typedef enum ipc_query_kind {
    IPC_QUERY_TASKS,       // rows of tasks, oldest first
    IPC_QUERY_QUEUES,      // rows of engines; count: positions that are at no engine yet
    IPC_QUERY_EXPLAIN,     // text: why a task has not started
    IPC_QUERY_FIND,        // count: positions of a task whose results can be fetched, or that can run again
    IPC_QUERY_PURGE,       // forgets tasks that are over: of all ids, or all; count: how many
    IPC_QUERY_SUPERVISOR,  // count: the pid of the cluster's supervisor, which ends last when the cluster is stopped
    IPC_QUERY_JOURNAL,     // text: where the journal is; "": there is none
    IPC_QUERY_KINDS
} ipc_query_kind_t;

//  The state of a row of tasks, as ipc_task_state_t of client/history.h has it.
enum { IPC_ROW_ANY, IPC_ROW_WAITING, IPC_ROW_RUNNING, IPC_ROW_DONE, IPC_ROW_FAILED, IPC_ROW_ABORTED, IPC_ROW_STATES };

//  Positions of one task that share their fate. Times are nanoseconds since 1970, 0: not yet.
typedef struct ipc_task_row {
    uint64_t client, job;              // the task's id
    uint64_t first, count;             // positions of it
    uint32_t state, attempts;
    uint32_t engine;                   // UINT32_MAX: none
    int64_t submitted, accepted, sent, started, finished, received;
    uint64_t peak_memory;              // bytes; 0: not measured
    ipc_bytes_t function, label, error; // error: its kind
} ipc_task_row_t;

typedef struct ipc_queue_row {
    uint32_t engine, ready, pid, restarts;
    uint64_t queued, running, finished; // positions
} ipc_queue_row_t;

void ipc_task_row_pack(const ipc_task_row_t *self, ipc_writer_t *w);
void ipc_task_row_unpack(ipc_task_row_t *self, ipc_reader_t *r); // check the reader at the end
void ipc_queue_row_pack(const ipc_queue_row_t *self, ipc_writer_t *w);
void ipc_queue_row_unpack(ipc_queue_row_t *self, ipc_reader_t *r);

#endif
