#include "bench/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"

extern char **environ;

void process_die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); // it had ended before
}

int process_beside(const char *program, char *path, size_t size, ipc_error_t *error)
{
    char directory[IPC_PATH_MAX];
    if (ipc_program_directory(directory, error))
        return -1;
    if ((size_t) snprintf(path, size, "%s/%s", directory, program) >= size)
        return ipc_fail(error, IPC_E_ARGUMENT, "the path of %s is too long", program);
    return 0;
}

int process_spawn(process_t *self, char *const arguments[], ipc_error_t *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return ipc_fail(error, IPC_E_SYSTEM, "no pipe for %s: %s", arguments[0],
                        strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int cause = posix_spawn(&self->pid, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    self->output = ends[0];
    if (cause) {
        *self = (process_t){0};
        close(ends[0]);
        return ipc_fail(error, IPC_E_SYSTEM, "cannot start %s: %s", arguments[0],
                        strerror(cause));
    }
    return 0;
}

int process_ready(process_t *self, int timeout_ms, ipc_error_t *error)
{
    struct pollfd wanted = {.fd = self->output, .events = POLLIN};
    char text[64];
    if (poll(&wanted, 1, timeout_ms) != 1)
        return ipc_fail(error, IPC_E_TIMEOUT, "process %d was not ready after %d ms",
                        (int) self->pid, timeout_ms);
    if (read(self->output, text, sizeof text) <= 0)
        return ipc_fail(error, IPC_E_SYSTEM, "process %d ended before it was ready",
                        (int) self->pid);
    return 0;
}

int process_start(process_t *self, char *const arguments[], int timeout_ms,
                  ipc_error_t *error)
{
    if (process_spawn(self, arguments, error))
        return -1;
    if (!process_ready(self, timeout_ms, error))
        return 0;
    process_stop(self);
    return -1;
}

void process_stop(process_t *self)
{
    if (!self->pid)
        return;
    kill(self->pid, SIGKILL); // the baselines keep nothing that they would have to put away
    waitpid(self->pid, NULL, 0);
    close(self->output);
    *self = (process_t){0};
}

//  The last bytes of a file, on one line.
static void last_words(const char *path, char *text, size_t size)
{
    text[0] = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    off_t end = lseek(file, 0, SEEK_END);
    off_t first = end > (off_t) size - 1 ? end - (off_t) size + 1 : 0;
    ssize_t got = pread(file, text, size - 1, first);
    close(file);
    text[got > 0 ? got : 0] = 0;
    for (char *c = text; *c; c++)
        if (*c == '\n')
            *c = c[1] ? ' ' : 0;
}

//  Waits for the end of a child until the deadline. Its status, or -1.
static int wait_end(pid_t pid, int timeout_ms)
{
    int watched = pidfd_open(pid, 0);
    struct pollfd wanted = {.fd = watched, .events = POLLIN};
    int ended = poll(&wanted, 1, timeout_ms);
    close(watched);
    if (ended != 1)
        kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    return ended == 1 ? status : -1;
}

int process_run(char *const arguments[], const char *log, int timeout_ms,
                ipc_error_t *error)
{
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    int cause = posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (cause)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot start %s: %s", arguments[0],
                        strerror(cause));
    int status = wait_end(pid, timeout_ms);
    if (!status)
        return 0;
    char words[300];
    last_words(log, words, sizeof words);
    if (status == -1)
        return ipc_fail(error, IPC_E_TIMEOUT, "%s %s had not ended after %d ms: %s",
                        arguments[0], arguments[1] ? arguments[1] : "", timeout_ms, words);
    return ipc_fail(error, IPC_E_SYSTEM, "%s %s failed: %s", arguments[0],
                    arguments[1] ? arguments[1] : "", words);
}

int process_memory(pid_t pid, memory_t *memory, ipc_error_t *error)
{
    char path[64], line[128];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int) pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot read %s: %s", path, strerror(errno));
    *memory = (memory_t){0};
    while (fgets(line, sizeof line, file)) {
        double kib;
        if (sscanf(line, "Pss: %lf", &kib) == 1)
            memory->pss = kib * 1024;
        else if (sscanf(line, "Rss: %lf", &kib) == 1)
            memory->rss = kib * 1024;
    }
    fclose(file);
    return 0;
}
