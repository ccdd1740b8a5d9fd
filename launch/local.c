#include "launch/local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"

extern char **environ;

static void set_files(posix_spawn_file_actions_t *actions, const launch_job_t *job)
{
    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(actions, STDERR_FILENO, job->log,
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
    if (job->extra_fd >= 0)
        posix_spawn_file_actions_adddup2(actions, job->extra_fd, LAUNCH_EXTRA_FD);
}

static void set_attributes(posix_spawnattr_t *attributes)
{
    // The supervisor blocks and ignores signals, and both would be inherited.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETSID);
}

static int local_start(launch_state_t *state, const launch_job_t *job,
                       launch_process_t *process, ipc_error_t *error)
{
    (void) state;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    set_files(&actions, job);
    set_attributes(&attributes);
    pid_t pid = 0;
    char *const *environment = job->environment ? (char *const *) job->environment : environ;
    int cause = posix_spawn(&pid, job->program, &actions, &attributes,
                            (char *const *) job->arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (cause)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot start %s (log: %s): %s", job->program,
                        job->log, strerror(cause));
    int descriptor = pidfd_open(pid, 0); // not reaped yet, so the pid is still this child's
    if (descriptor < 0) {
        cause = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return ipc_fail(error, IPC_E_SYSTEM, "cannot watch %s: %s", job->program,
                        strerror(cause));
    }
    *process = (launch_process_t){.process = process_of(pid), .fd = descriptor};
    return 0;
}

static void local_signal(const launch_process_t *process, int signal)
{
    if (process->process.pid <= 0)
        return;
    if (signal == SIGKILL)
        kill(-process->process.pid, SIGKILL);
    pidfd_send_signal(process->fd, signal, NULL, 0);
}

static bool local_reap(launch_process_t *process, int *status)
{
    siginfo_t info = {.si_pid = 0};
    pid_t pid = process->process.pid;
    if (pid <= 0 ||
        waitid(P_PIDFD, (id_t) process->fd, &info, WEXITED | WNOHANG | WNOWAIT) ||
        info.si_pid == 0)
        return false;
    // Not yet reaped, the process still holds its pid, so the group of that number is its
    // own.
    kill(-pid, SIGKILL);
    waitpid(pid, status, 0);
    close(process->fd);
    *process = (launch_process_t){.fd = -1};
    return true;
}

const launcher_t launcher_local = {
    .name = "local",
    .start = local_start,
    .signal = local_signal,
    .reap = local_reap,
};
