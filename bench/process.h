//  process_t: a program that the benchmark starts, waits for, measures and ends.
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <sys/types.h>

#include "common/error.h"

typedef struct process {
    pid_t pid;  // 0: not running
    int output; // its stdout
} process_t;

//  Memory of a process, in bytes.
typedef struct memory {
    double pss; // its own pages, and its share of those that others have too
    double rss; // all that it has mapped and touched
} memory_t;

//  Starts a program with a pipe as stdout and waits until it writes there, which says that
//  it is ready. 0, or -1 with *error: SYSTEM, TIMEOUT.
//      arguments   borrowed; as for exec; [0] is the path
int process_start(process_t *self, char *const arguments[], int timeout_ms,
                  ipc_error_t *error);

//  Starts a program that is ready at once.
int process_spawn(process_t *self, char *const arguments[], ipc_error_t *error);

//  Waits until what process_spawn() started writes.
int process_ready(process_t *self, int timeout_ms, ipc_error_t *error);

//  Ends it, if it runs.
void process_stop(process_t *self);

//  Runs a program to its end. 0 when it exits with 0, or -1 with *error, which has its last
//  words.
//      log         borrowed; the file that takes its stdout and stderr
int process_run(char *const arguments[], const char *log, int timeout_ms,
                ipc_error_t *error);

//  0, or -1 with *error: SYSTEM.
int process_memory(pid_t pid, memory_t *memory, ipc_error_t *error);

//  Asks the kernel to end this process when its parent ends.
void process_die_with_parent(pid_t parent);

//  The path of one of the benchmark's own programs, which lie beside the running one.
int process_beside(const char *program, char *path, size_t size, ipc_error_t *error);

#endif
