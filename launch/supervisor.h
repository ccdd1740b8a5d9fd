//  supervisor_t: the parent of a cluster's processes. It starts one controller and the
//  nannies of N engines, starts each again when it dies, and removes all that the cluster
//  has when it stops. One process has one: SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked
//  for it, and every child of the process is ended with it.
#ifndef IPC_LAUNCH_SUPERVISOR_H
#define IPC_LAUNCH_SUPERVISOR_H

#include "common/gpus.h"
#include "common/paths.h"
#include "common/scheme.h"
#include "launch/launcher.h"
#include "launch/record.h"

typedef struct supervisor supervisor_t;

typedef struct supervisor_options {
    const char *profile, *cluster_id; // borrowed; NULL as in ipc_paths_find()
    size_t engines;                   // 1 … CLUSTER_ENGINES_MAX
    ipc_scheme_t scheme;              // of the balanced work
    uint32_t hwm;                     // balanced tasks that an engine may have, 0: by its pace
    const char *suspect_after, *lose_after; // borrowed: seconds, as common/silence.h has them; NULL: not said
    const char *journal; // borrowed: the terms of one (common/journal.h), "" by default; NULL: none
    const gpus_t *gpus;               // borrowed for the supervisor's life: engine i owns device i modulo their count;
                                      //   NULL or none: engines own none
    bool hides_gpus;                  // engines that own none see none
    const launcher_t *launcher;       // borrowed for the supervisor's life; NULL: local
    int timeout_ms;                   // for getting ready; 0: 30 s
    int waiter_fd; // a pipe's writing end: who reads it waits for the start, which is
                   //   given up when nobody does any more; 0 or less: nobody
    int owner_fd;  // a process's pidfd: the cluster ends with that process; 0 or less: it does not
    void (*log)(void *context, const char *line); // one event worth a line; NULL: not told
    void *context;
} supervisor_options_t;

//  Takes the cluster's lock, cleans what an earlier one left, makes directories, tokens and
//  connection files. Or gives NULL with *error: BUSY (one runs already), ARGUMENT,
//  PERMISSION, SYSTEM; nothing is left.
//      options    borrowed
supervisor_t *supervisor_new(const supervisor_options_t *options, ipc_error_t *error);

//  Stops every process, removes every file, and frees the supervisor.
void supervisor_destroy(supervisor_t **self_p);

//  Starts all processes and waits until every engine is ready. 0, or -1 with *error: NAME
//  (a program is missing), SYSTEM (one died), TIMEOUT, ABORTED (a signal came, or nobody
//  waits any more).
int supervisor_start(supervisor_t *self, ipc_error_t *error);

//  The last lines of the log of the process that made the start fail, or "" (lent).
const char *supervisor_last_words(const supervisor_t *self);

//  Watches the processes, starts those again that die, and does what is asked for (launch/control.h);
//  gives back when SIGINT, SIGTERM or SIGHUP came, or the owner is gone.
void supervisor_run(supervisor_t *self);

//  The paths of its cluster (lent).
const ipc_paths_t *supervisor_paths(const supervisor_t *self);

#endif
