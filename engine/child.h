//  child_t: one worker as its nanny has it: the process, and the nanny's ends of the pipes that live as long
//  as it. Plain data, for the nanny's poll.
#ifndef IPC_ENGINE_CHILD_H
#define IPC_ENGINE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

typedef struct child {
    pid_t pid;                 // leads a process group of its own, as its tasks may start processes
    int pid_fd;                // readable when it is dead; -1: there is no worker
    int output_fd;             // of its stdout, the read end, non-blocking; the worker reads it too,
    int errors_fd;             //   likewise of its stderr; what it leaves is the nanny's
    int crash_fd;              // the read end, non-blocking: crash records; -1 once it is closed
    int ack_fd;                // the write end: a byte lets a crashed worker die
    uint64_t peak_memory;      // once it is reaped: the most that it had since that was set back (memory.h), in bytes
} child_t;

//  No worker yet.
#define CHILD_NONE                                                                            \
    ((child_t){.pid_fd = -1, .output_fd = -1, .errors_fd = -1, .crash_fd = -1, .ack_fd = -1})

//  What the worker is told.
typedef struct child_options {
    const char *program;       // ipengine-worker's path
    const char *directory;     // the cluster's
    int id;                    // the engine's
    uint32_t epoch;            // the worker's
    int page_fd;               // of the page, inherited
} child_options_t;

enum {
    CHILD_REFUSED = 97,        // exit status: do not start me again
    CHILD_SIGNALLED = -1       // from child_reap(): it exited with no status, a signal ended it
};

//  Starts a worker; it dies with this process. Its stdin is /dev/null, stdout and stderr are the pipes'
//  write ends, its log goes to this process's stderr. A program that cannot be executed says so there and
//  ends with CHILD_REFUSED. 0, or -1 with *error: SYSTEM.
//      options   borrowed
//      self      written
int child_start(const child_options_t *options, child_t *self, ipc_error_t *error);

//  Sends a signal, if the worker still lives.
void child_signal(const child_t *self, int signal_number);

//  Waits for a worker that is dead (pid_fd is readable), or about to be. What its tasks had started and is
//  still in its process group is killed. The pipes stay, for child_drain().
//      signal_p   written; the signal that ended it, or 0
//      status_p   written; its exit status, or CHILD_SIGNALLED
void child_reap(child_t *self, int *signal_p, int *status_p);

//  Reads what is left in a pipe without waiting, and keeps the last size - 1 bytes, zero-terminated.
void child_drain(int fd, char *text, size_t size);

//  Closes what is open.
void child_close(child_t *self);

#endif
