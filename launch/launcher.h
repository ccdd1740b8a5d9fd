//  launcher_t: how processes of a cluster come to run: here (local.h); over ssh, MPI or a
//  batch system later. All of them look like a local process to the supervisor: a
//  descriptor tells when it has ended.
#ifndef IPC_LAUNCH_LAUNCHER_H
#define IPC_LAUNCH_LAUNCHER_H

#include "common/error.h"
#include "launch/process.h"

enum { LAUNCH_EXTRA_FD = 3 }; // what the started process gets as launch_job_t.extra_fd

//  What to start. All is borrowed.
typedef struct launch_job {
    const char *program;          // its path
    const char *const *arguments; // argv, with the name first and NULL last
    const char *log;              // the file that stdout and stderr are appended to
    int extra_fd;                 // a descriptor that it gets as LAUNCH_EXTRA_FD, or -1
} launch_job_t;

//  What was started.
typedef struct launch_process {
    process_t process; // pid 0: nothing runs
    int fd;            // readable when it has ended
} launch_process_t;

typedef struct launcher {
    const char *name;

    //  Starts a job in a session of its own (a Ctrl-C at the terminal does not reach it)
    //  with signals as they are by default. 0, or -1 with *error: SYSTEM, naming the
    //  program.
    int (*start)(const launch_job_t *job, launch_process_t *process, ipc_error_t *error);

    //  Sends a signal to the process; to all that it started as well, if it is SIGKILL.
    void (*signal)(const launch_process_t *process, int signal);

    //  True when the process had ended: it is cleared, what it left in its group is killed,
    //  and *status is as waitpid() gives it.
    bool (*reap)(launch_process_t *process, int *status);
} launcher_t;

#endif
