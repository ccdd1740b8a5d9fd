//  What the chaos test writes down: the tasks themselves each start and each end, the clients each result that reached
//  them. Two files of fixed records in the cluster's own directory, which every process appends to.
#ifndef IPC_TESTS_CHAOS_LEDGER_H
#define IPC_TESTS_CHAOS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  How a task ended, as its client sees it.
typedef enum outcome {
    OUTCOME_RIGHT,             // with the right value
    OUTCOME_RAISED,            // with the error that the function raises
    OUTCOME_CRASHED,           // its process died: kind SIGKILL, SIGSEGV, …
    OUTCOME_LOST,              // EngineLost, ResultLost
    OUTCOME_IMPOSSIBLE,        // what it depends on ended otherwise
    OUTCOME_ABORTED,
    OUTCOME_NAME,              // its engine has not what was pushed: it was started again
    OUTCOME_MEMORY,            // /dev/shm was full
    OUTCOME_DISCONNECTED,      // the controller died
    OUTCOME_WRONG,             // none of these, or another value: no fault explains it
    OUTCOMES
} outcome_t;

extern const char *const outcome_names[OUTCOMES];

//  What is so of a task whatever becomes of it; bits of its id.
enum {
    TASK_RETRIES = 1 << 28,    // it may run again, RETRIES times
    TASK_CRASHES = 1 << 29,    // it ends its process
    TASK_RAISES = 1 << 30,     // it raises
    CLIENT_TASKS = 1 << 18,    // a client's ids begin at its number times this
    TASK_NUMBER = (1 << 28) - 1, // the bits of an id that tell it from others
    RETRIES = 6
};

//  A start or an end of a task.
typedef struct entry {
    uint32_t task;
    uint32_t ends;             // 0: a start
    int64_t time;              // monotonic, ns
} entry_t;

//  A result that a client has.
typedef struct report {
    uint32_t task;
    uint32_t outcome;          // outcome_t
    uint32_t after;            // the task that it waits for to succeed, 0: none
    uint32_t client;
    int64_t time;              // when it was seen, monotonic, ns
} report_t;

int64_t ledger_now(void);

//  The value that a task gives.
int64_t ledger_value(int64_t task);

//  Appends to the files.
void ledger_note(uint32_t task, bool ends);
void ledger_report(const report_t *report);

//  The whole of a file: given, free() it.
entry_t *ledger_entries(size_t *count);
report_t *ledger_reports(size_t *count);

#endif
