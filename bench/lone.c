#include "bench/lone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/connection.h"
#include "common/fail.h"

enum { READY_MS = 20000, LINE_MAX_BYTES = 512 };

static int write_connection(const lone_t *self, const char *role, const char *socket, const char *path,
                            ipc_error_t *error)
{
    ipc_connection_t file = {.version = 1, .profile = "lone", .cluster_id = "lone", .supervisor = getpid(),
                             .supervisor_start = ipc_process_start(getpid())};
    snprintf(file.role, sizeof file.role, "%s", role);
    memset(file.token, role[0], sizeof file.token - 1); // nobody else can reach the directory
    if (snprintf(file.endpoint, sizeof file.endpoint, "ipc://%s/%s", self->directory, socket) >=
            (int) sizeof file.endpoint ||
        snprintf(file.shm, sizeof file.shm, "%s/shm", self->directory) >= (int) sizeof file.shm)
        return ipc_fail(error, IPC_E_ARGUMENT, "the path of the directory is too long");
    ipc_text_copy(file.directory, sizeof file.directory, self->directory);
    return ipc_connection_write(&file, path, error);
}

static int make_directory(lone_t *self, const char *parent, ipc_error_t *error)
{
    static const char *const folders[] = {"shm", "images", "log"};
    char path[IPC_PATH_MAX + 16];
    if (snprintf(self->directory, sizeof self->directory, "%s/l.XXXXXX", parent) >= IPC_PATH_MAX ||
        !mkdtemp(self->directory)) {
        self->directory[0] = 0;
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make a directory in %s: %s", parent, strerror(errno));
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", self->directory, folders[i]);
        if (mkdir(path, 0700))
            return ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    }
    snprintf(self->client_file, sizeof self->client_file, "%s/client.json", self->directory);
    snprintf(self->engine_file, sizeof self->engine_file, "%s/engine.json", self->directory);
    snprintf(self->log, sizeof self->log, "%s/ipcd.log", self->directory);
    if (write_connection(self, "engine", "e", self->engine_file, error))
        return -1;
    return write_connection(self, "client", "c", self->client_file, error);
}

int lone_prepare(lone_t *self, const char *parent, ipc_error_t *error)
{
    *self = (lone_t){0};
    if (!make_directory(self, parent, error))
        return 0;
    lone_stop(self);
    return -1;
}

//  In the child: becomes ipcd.
static void become(const lone_t *self, const char *program, unsigned files, pid_t parent, int said)
{
    process_die_with_parent(parent);
    struct rlimit limit = {files, files};
    int log = open(self->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(said, STDOUT_FILENO) < 0 ||
        (files > 0 && setrlimit(RLIMIT_NOFILE, &limit)))
        _exit(126);
    execl(program, program, "--directory", self->directory, "--ready-fd", "1", (char *) NULL);
    _exit(127);
}

int lone_start(lone_t *self, const char *program, const char *parent, unsigned files, ipc_error_t *error)
{
    int ends[2];
    if (lone_prepare(self, parent, error))
        return -1;
    if (pipe2(ends, O_CLOEXEC)) {
        lone_stop(self);
        return ipc_fail(error, IPC_E_SYSTEM, "no pipe for ipcd: %s", strerror(errno));
    }
    pid_t us = getpid();
    self->ipcd = (process_t){.pid = fork(), .output = ends[0]};
    if (self->ipcd.pid == 0)
        become(self, program, files, us, ends[1]);
    close(ends[1]);
    if (self->ipcd.pid > 0 && process_ready(&self->ipcd, READY_MS, error) == 0)
        return 0;
    lone_stop(self);
    return -1;
}

void lone_stop(lone_t *self)
{
    if (self->ipcd.pid > 0)
        process_stop(&self->ipcd);
    if (self->directory[0])
        ipc_remove_tree(self->directory);
    *self = (lone_t){0};
}

//  A line that a process writes within the time; "" when there is none.
static void read_line(int from, char *line, size_t size, int timeout_ms)
{
    struct pollfd wanted = {.fd = from, .events = POLLIN};
    ssize_t got = poll(&wanted, 1, timeout_ms) == 1 ? read(from, line, size - 1) : 0;
    line[got > 0 ? got : 0] = 0;
    line[strcspn(line, "\n")] = 0;
}

int lone_add_engines(const lone_t *self, process_t *engines, const char *program, unsigned first, unsigned count,
                     ipc_error_t *error)
{
    char numbers[2][16], line[LINE_MAX_BYTES];
    snprintf(numbers[0], sizeof numbers[0], "%u", first);
    snprintf(numbers[1], sizeof numbers[1], "%u", count);
    char *const arguments[] = {(char *) program, (char *) self->engine_file, numbers[0], numbers[1], NULL};
    if (process_spawn(engines, arguments, error))
        return -1;
    read_line(engines->output, line, sizeof line, READY_MS);
    if (!strcmp(line, "ready"))
        return 0;
    process_stop(engines);
    return ipc_fail(error, line[0] ? IPC_E_LIMIT : IPC_E_TIMEOUT, "%s",
                    line[0] ? line : "the simulated engines were not accepted in time");
}
