//  process_t: a process that some other process started: its pid, and its start time
//  against reuse of the pid.
#ifndef IPC_LAUNCH_PROCESS_H
#define IPC_LAUNCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct process {
    pid_t pid;      // 0: none
    uint64_t start; // as ipc_process_start() gives it
} process_t;

//  The process that has this pid now.
process_t process_of(pid_t pid);

bool process_lives(const process_t *self);

//  Gives a pidfd (close-on-exec) of this very process, or -1 when it has ended.
int process_open(const process_t *self);

//  Sends a signal and waits until the process has ended. True when it has.
//      timeout_ms  0 looks once
bool process_end(const process_t *self, int signal, int timeout_ms);

//  Kills it with its process group, and waits until it has ended, at most 5 s. True when it
//  has.
bool process_kill(const process_t *self);

#endif
