//  worker_t: the engine proper: one client of the controller that runs tasks, one at a time, on the thread
//  that calls worker_run(); a second thread speaks with the controller while a task takes long (DESIGN.md 5).
#ifndef IPC_ENGINE_WORKER_H
#define IPC_ENGINE_WORKER_H

#include "common/connection.h"

typedef struct worker worker_t;

typedef struct worker_options {
    const char *directory;             // the cluster's, with engine.json
    int engine;                        // its id
    uint32_t epoch;
    int output_fd, error_fd;           // read ends of the pipes that are descriptors 1 and 2
    int crash_fd, ack_fd;              // see crash.h; -1: no nanny
    int page_fd;                       // see page.h
    int log_fd;                        // where its own words go: descriptor 2 is for tasks
    int nanny;                         // its pid
} worker_options_t;

//  Connects and registers. NULL with *error: as ipc_connection_read(), SYSTEM.
worker_t *worker_new(const worker_options_t *options, ipc_error_t *error);

//  Runs tasks until SIGTERM: gives the exit status, 97 when the controller refused the engine.
int worker_run(worker_t *self);

#endif
