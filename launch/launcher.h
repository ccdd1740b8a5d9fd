//  launcher_t: how processes of a cluster come to run: here (local.h), as ranks of an MPI
//  world (mpi.h); over ssh or a batch system later. All of them look like a local process to
//  the supervisor: a descriptor tells when it has ended.
#ifndef IPC_LAUNCH_LAUNCHER_H
#define IPC_LAUNCH_LAUNCHER_H

#include "common/error.h"
#include "common/paths.h"
#include "launch/process.h"

enum {
    LAUNCH_EXTRA_FD = 3, // what the started process gets as launch_job_t.extra_fd
    LAUNCH_FDS = 2       // what a launcher waits for
};

//  What to start. All is borrowed.
typedef struct launch_job {
    const char *program;            // its path
    const char *const *arguments;   // argv, with the name first and NULL last
    const char *const *environment; // "NAME=VALUE" …, NULL last; NULL: the caller's own
    const char *log;                // the file that stdout and stderr are appended to
    int extra_fd;                   // a descriptor that it gets as LAUNCH_EXTRA_FD, or -1
    int engine;                     // whose nanny it is; -1: the controller
} launch_job_t;

//  What was started.
typedef struct launch_process {
    process_t process; // pid 0: nothing runs
    int fd;            // readable when it has ended
} launch_process_t;

//  What a launcher waits for: until one of the descriptors is readable, or that time has come.
typedef struct launch_wait {
    int fds[LAUNCH_FDS]; // -1: none
    int64_t until_ms;    // monotonic
} launch_wait_t;

//  What a launcher keeps of one cluster.
typedef struct launch_state launch_state_t;

typedef struct launcher {
    const char *name; // as of --engines

    //  Looks whether what it needs is there, and gives its state for a cluster. NULL:
    //  the launcher keeps nothing, and its state is NULL. 0, or -1 with *error: NAME (a program
    //  is missing), SYSTEM.
    //      paths      borrowed for the life of the state; the cluster's, whose directories exist
    int (*open)(launch_state_t **state_p, const ipc_paths_t *paths, ipc_error_t *error);

    //  Ends what the state holds, once the engines have ended; NULL is fine. NULL as open is.
    void (*close)(launch_state_t **state_p);

    //  All engines are to be started, or started anew: what they shared before is left behind,
    //  and begins anew with the next start. NULL: they share nothing.
    //      ids        borrowed; count of them, count > 0
    void (*renew)(launch_state_t *state, const int *ids, size_t count);

    //  What an engine shares with others must have begun before it is started, which may take long: 1 when it has,
    //  or there is nothing; 0 while it begins, to be asked again after *wait; -1 with *error: SYSTEM. NULL: there is
    //  never anything.
    int (*prepare)(launch_state_t *state, int engine, launch_wait_t *wait, ipc_error_t *error);

    //  Starts a job in a session of its own (a Ctrl-C at the terminal does not reach it)
    //  with signals as they are by default. 0, or -1 with *error: SYSTEM, naming the
    //  program.
    int (*start)(launch_state_t *state, const launch_job_t *job, launch_process_t *process,
                 ipc_error_t *error);

    //  Sends a signal to the process; to all that it started as well, if it is SIGKILL.
    void (*signal)(const launch_process_t *process, int signal);

    //  True when the process had ended: it is cleared, what it left in its group is killed,
    //  and *status is as waitpid() gives it.
    bool (*reap)(launch_process_t *process, int *status);
} launcher_t;

//  The launcher of that name ("local", "mpi"), or NULL; and all names, for a sentence.
const launcher_t *launcher_find(const char *name);
#define LAUNCHER_NAMES "local, mpi"

#endif
