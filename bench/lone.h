//  lone_t: an ipcd without a supervisor's cluster around it, in a private directory, for engines that are
//  simulated. It ends with the process that started it.
#ifndef BENCH_LONE_H
#define BENCH_LONE_H

#include "bench/process.h"
#include "common/paths.h"

typedef struct lone {
    char directory[IPC_PATH_MAX];
    char client_file[IPC_PATH_MAX + 16]; // connection files
    char engine_file[IPC_PATH_MAX + 16];
    char log[IPC_PATH_MAX + 16];         // its stderr
    process_t ipcd;                      // its output: lines about readiness
} lone_t;

//  Makes the directory below an existing one, with the connection files, for whoever serves there. lone_stop()
//  removes it.
int lone_prepare(lone_t *self, const char *parent, ipc_error_t *error);

//  Makes a directory likewise, starts ipcd there and waits until it listens. 0, or -1 with *error
//  and nothing started.
//      program    borrowed; the path of ipcd
//      parent     borrowed; a short path, since those of sockets are
//      files      descriptors that it may open; 0: as many as we may
int lone_start(lone_t *self, const char *program, const char *parent, unsigned files, ipc_error_t *error);

//  Ends ipcd and removes the directory.
void lone_stop(lone_t *self);

//  Starts count simulated engines with the ids from first on and waits until ipcd has accepted them. 0, or -1 with
//  *error: what it answered, or SYSTEM, TIMEOUT. End them with process_stop().
//      program    borrowed; the path of ipcbench-engines
int lone_add_engines(const lone_t *self, process_t *engines, const char *program, unsigned first, unsigned count,
                     ipc_error_t *error);

#endif
