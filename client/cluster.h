//  ipc_cluster_t: a cluster that a program starts for itself, or one that runs and that it takes hold of. One
//  thread at a time. What it does, the program `ipcluster` does for it: the folder in IPC_PROGRAM_PATH, beside
//  libipclient, beside the program itself, and PATH are searched for it.
#ifndef IPC_CLIENT_CLUSTER_H
#define IPC_CLIENT_CLUSTER_H

#include "client/client.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ipc_cluster ipc_cluster_t;

//  Every default is zero.
typedef struct ipc_cluster_options {
    size_t engines;            // 0: one for each CPU, or for each GPU that gpus finds
    const char *id;            // a name for it, as in --cluster-id; NULL: a new one of its own
    const char *profile;       // NULL: IPC_PROFILE of the environment, else "default"
    bool detach;               // it stays when this process ends, until it is stopped
    const char *scheme;        // which engine gets the next balanced task, of those with room: "leastload" (NULL),
                               //   "lru", "random", "twobin" or "weighted", as of `ipcluster start --scheme`
    uint32_t hwm;              // balanced tasks that an engine may have at a time, to 1,000,000: 1 hands them out one
                               //   by one; 0: as many as the pace that is measured asks for
    const char *gpus;          // "auto": each engine owns one GPU, in turns if there are fewer, none if there are none;
                               //   and what else `ipcluster start --gpus` takes; NULL: they own none
    const char *journal;       // the history of all tasks is kept on disk, and work outlasts the controller: "", or terms
                               //   as of `ipcluster start --journal=TERMS`, such as "sync"; NULL: neither. The next
                               //   cluster of the same id goes on with it; where id is NULL there is none, and it goes
                               //   with the cluster
    const char *launcher;      // how engines come to run: "local" (NULL), or "mpi", as the ranks of one MPI world
    uint64_t reserved[3];      // room for later versions, zero
} ipc_cluster_options_t;

//  Starts a controller and engines, and waits until all are ready; NULL with *error: ARGUMENT, BUSY (a cluster of
//  that id runs), NAME (ipcluster is not found), SYSTEM (what could not be started, and why). Nothing is left then.
//  The cluster is stopped within moments of the end of this process, however it ends (exit, a signal, SIGKILL),
//  unless it is detached. A child of fork() does not keep it.
//      options      borrowed; NULL: all defaults
ipc_cluster_t *ipc_cluster_start(const ipc_cluster_options_t *options, ipc_error_t *error);

//  Takes hold of a running cluster, which does not end with this process for that; NULL with *error: ARGUMENT,
//  BUSY (none of that id runs), NAME, SYSTEM.
//      id           borrowed; NULL: IPC_CLUSTER_ID of the environment, else the one that has no id
ipc_cluster_t *ipc_cluster_attach(const char *id, ipc_error_t *error);

//  Its id, for ipc_cluster_attach() in other processes, and the path of its connection file; lent.
const char *ipc_cluster_id(const ipc_cluster_t *self);
const char *ipc_cluster_connection(const ipc_cluster_t *self);

//  A client of it (given: ipc_client_destroy()), once all engines that it has are ready; NULL with *error: as
//  ipc_client_new(), and TIMEOUT after 30 s.
ipc_client_t *ipc_cluster_client(ipc_cluster_t *self, ipc_error_t *error);

//  Adds engines and waits until they are ready. Their ids follow on from the highest there ever was. 0, or -1
//  with *error: ARGUMENT, BUSY (the cluster does not run), SYSTEM.
int ipc_cluster_add(ipc_cluster_t *self, size_t engines, ipc_error_t *error);

//  Takes an engine away: the task that it runs ends with an error, direct tasks that wait for it too, balanced
//  ones go to others. Its id is not used again. Clients are told at the same time: a call on all that is made right
//  after it may still be for that engine, whose position then ends with ENGINE_LOST; none is after that. 0, or -1
//  with *error: BUSY, SYSTEM (there is no such engine).
int ipc_cluster_remove(ipc_cluster_t *self, int engine, ipc_error_t *error);

//  Ends an engine, or all (-1), and waits until it runs anew, under its id, with an empty namespace. A task that
//  it runs ends with an error; those that wait go on. 0, or -1 with *error: as above.
int ipc_cluster_restart(ipc_cluster_t *self, int engine, ipc_error_t *error);

//  Sends a signal to the process of an engine, or of all (-1). 0, or -1 with *error: ARGUMENT, BUSY, NAME.
int ipc_cluster_signal(ipc_cluster_t *self, int engine, int signal, ipc_error_t *error);

//  What a process of it wrote outside of tasks, such as why it could not start: an engine's, or the
//  controller's (-1). Lent until the next call; NULL with *error: BUSY, NAME (no such engine).
const char *ipc_cluster_log(ipc_cluster_t *self, int engine, ipc_error_t *error);

//  Stops the cluster, waits until no process, file or shared memory of it is left, frees the handle and sets
//  *self_p to NULL; NULL is fine. 0, or -1 when it could not be stopped or did not run any more.
int ipc_cluster_stop(ipc_cluster_t **self_p);

//  Frees the handle alone and sets *self_p to NULL; NULL is fine. The cluster goes on.
void ipc_cluster_destroy(ipc_cluster_t **self_p);

#ifdef __cplusplus
}
#endif
#endif
