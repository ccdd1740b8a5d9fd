//  nanny_t: keeps one engine alive. It starts the engine's worker, relays signals to it, finds out what it
//  died of, and starts the next one under the same id, which reports the death from the page (page.h).
//  It runs no user code and links libc only. It belongs to one thread, whose signals it takes.
#ifndef IPC_ENGINE_NANNY_H
#define IPC_ENGINE_NANNY_H

#include <sys/types.h>

#include "common/error.h"

typedef struct nanny nanny_t;

typedef struct nanny_options {
    const char *directory;     // the cluster's; borrowed for the nanny's life
    const char *shm;           // the cluster's shared-memory directory; borrowed likewise
    const char *program;       // the worker's path; borrowed likewise
    int id;                    // the engine's
    pid_t supervisor;          // the process without which it ends after 10 s; 0: none
    int orphan_ms;             // instead of those 10 s; 0: 10 s
    int retry_ms;              // the pause of a worker that dies again and again; 0: 10 s
} nanny_options_t;

//  Maps the page and blocks the signals TERM, INT, HUP, USR1 and USR2. A worker that a former nanny left
//  behind is waited for and its death is written to the page. Gives the nanny, or NULL with *error: BUSY
//  (another nanny serves this engine), PERMISSION, SYSTEM.
nanny_t *nanny_new(const nanny_options_t *options, ipc_error_t *error);

//  Frees the nanny and sets *self_p to NULL; NULL is fine. The page stays, for the next nanny.
void nanny_destroy(nanny_t **self_p);

//  Runs until one of these; then it gives the exit code of the program:
//      0   SIGTERM, SIGINT or SIGHUP: the worker has 2 s to end, and is killed then
//      0   the supervisor is gone, and 10 s have passed: likewise
//      0   the worker ended itself with status 0 and no task running
//      1   the worker ended with status 97: the controller refused it, or it cannot be executed
//  Anything else that a worker dies of makes the next one start at once; after 5 deaths in a minute with no
//  task running, 10 s later. SIGUSR1 and SIGUSR2 are sent on to a worker that is registered.
int nanny_run(nanny_t *self);

#endif
