#include "common/gpus.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"

enum { ANSWER_MAX = 32 * 1024, ANSWER_MS = 30 * 1000 };

extern char **environ;

//  --- The answer of ipengine-gpus ----------------------------------------------------------------------------

void gpu_print(const gpu_t *gpu)
{
    printf("gpu\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\n", gpu->uuid, gpu->bus, gpu->total, gpu->used, gpu->name);
}

void gpus_print_none(const char *why)
{
    printf("none\t%s\n", why);
}

static int read_gpu(gpu_t *self, const char *line)
{
    *self = (gpu_t){.used = GPU_UNKNOWN};
    return sscanf(line, "gpu\t%63[^\t]\t%31[^\t]\t%" SCNu64 "\t%" SCNu64 "\t%95[^\n]", self->uuid, self->bus,
                  &self->total, &self->used, self->name) == 5
               ? 0
               : -1;
}

//  Cuts the answer to lines.
static int read_answer(gpus_t *self, char *answer, ipc_error_t *error)
{
    self->count = 0;
    for (char *line; (line = strsep(&answer, "\n"));) {
        if (!line[0])
            continue;
        if (!strncmp(line, "none\t", 5))
            return ipc_fail(error, IPC_E_CUDA, "%s", line + 5);
        if (self->count == GPUS_MAX || read_gpu(&self->all[self->count++], line))
            return ipc_fail(error, IPC_E_SYSTEM, "ipengine-gpus says something odd: %.100s", line);
    }
    return 0;
}

//  --- Asking -------------------------------------------------------------------------------------------------

//  Starts the program; gives the end of its output.
static int start(const char *const *arguments, pid_t *pid, ipc_error_t *error)
{
    int ends[2];
    char program[IPC_PATH_MAX];
    if (ipc_program_path(arguments[0], program, error))
        return -1;
    if (pipe2(ends, O_CLOEXEC))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make a pipe: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int cause = posix_spawn(pid, program, &actions, &attributes, (char *const *) arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (!cause)
        return ends[0];
    close(ends[0]);
    return ipc_fail(error, IPC_E_SYSTEM, "cannot start %s: %s", program, strerror(cause));
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

//  All that comes until the end; true in time.
static bool read_all(int fd, char answer[ANSWER_MAX])
{
    int64_t until = now_ms() + ANSWER_MS, left;
    size_t size = 0;
    while (size < ANSWER_MAX - 1 && (left = until - now_ms()) > 0) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        if (poll(&poller, 1, (int) left) <= 0)
            continue;
        ssize_t got = read(fd, answer + size, ANSWER_MAX - 1 - size);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            answer[size] = 0;
            return true;
        }
        size += got > 0 ? (size_t) got : 0;
    }
    return false;
}

//  What a program that did not answer came to. One that hangs in the driver may not even be killed: it is not waited
//  for then.
static int end(pid_t pid, bool in_time, ipc_error_t *error)
{
    int status = 0;
    if (!in_time) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, WNOHANG);
        return ipc_fail(error, IPC_E_TIMEOUT, "the CUDA driver has not answered for %d s", ANSWER_MS / 1000);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) // ended, and taken in by somebody else
            return 0;
    if (WIFSIGNALED(status))
        return ipc_fail(error, IPC_E_CUDA, "the CUDA driver crashed when it was asked (%s)",
                        strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) > 1)
        return ipc_fail(error, IPC_E_SYSTEM, "ipengine-gpus ended with exit status %d", WEXITSTATUS(status));
    return 0;
}

static int ask(gpus_t *self, const char *const *arguments, ipc_error_t *error)
{
    pid_t pid = 0;
    int fd = start(arguments, &pid, error);
    if (fd < 0)
        return -1;
    char *answer = ipc_xalloc(ANSWER_MAX);
    bool in_time = read_all(fd, answer);
    close(fd);
    int rc = end(pid, in_time, error) || read_answer(self, answer, error) ? -1 : 0;
    free(answer);
    return rc;
}

int gpus_ask(gpus_t *self, const char *visible, ipc_error_t *error)
{
    const char *arguments[] = {"ipengine-gpus", visible ? "--visible" : NULL, visible, NULL};
    return ask(self, arguments, error);
}

void gpus_ask_used(gpus_t *self)
{
    gpus_t *now = ipc_xalloc(sizeof *now);
    char names[GPUS_MAX * GPU_VISIBLE] = "";
    size_t size = 0;
    for (size_t i = 0; i < self->count; i++)
        size += (size_t) snprintf(names + size, sizeof names - size, "%s%s", i > 0 ? "," : "", self->all[i].uuid);
    const char *arguments[] = {"ipengine-gpus", "--used", names, NULL};
    bool known = self->count > 0 && !ask(now, arguments, NULL) && now->count == self->count;
    for (size_t i = 0; i < self->count; i++) self->all[i].used = known ? now->all[i].used : GPU_UNKNOWN;
    free(now);
}

int gpus_try(ipc_error_t *error)
{
    gpus_t *gpus = ipc_xalloc(sizeof *gpus);
    const char *arguments[] = {"ipengine-gpus", "--try", NULL};
    int rc = ask(gpus, arguments, error);
    free(gpus);
    return rc;
}

//  --- Cores --------------------------------------------------------------------------------------------------

void gpu_find_near(gpu_t *self, const char *sysfs)
{
    const char *given = sysfs ? sysfs : getenv("IPC_SYSFS");
    char path[512], bus[GPU_BUS];
    size_t i = 0;
    for (; self->bus[i]; i++) bus[i] = (char) tolower((unsigned char) self->bus[i]);
    bus[i] = self->near[0] = 0;
    const char *place = strlen(bus) > strlen("0000:3b:00.0") ? bus + strlen(bus) - strlen("0000:3b:00.0") : bus;
    snprintf(path, sizeof path, "%s/bus/pci/devices/%s/local_cpulist", given && given[0] ? given : "/sys", place);
    FILE *file = strchr(place, '/') ? NULL : fopen(path, "re");
    if (file && fgets(self->near, sizeof self->near, file))
        self->near[strcspn(self->near, "\n")] = 0;
    if (file)
        fclose(file);
}

//  Reads "0-15,32-47". False for anything else.
static bool read_cores(const char *list, cpu_set_t *cores)
{
    CPU_ZERO(cores);
    for (const char *at = list; *at; at += *at == ',') {
        char *stop;
        unsigned long first = strtoul(at, &stop, 10), last = first;
        if (!isdigit((unsigned char) *at))
            return false;
        bool is_range = *stop == '-';
        if (is_range && !isdigit((unsigned char) stop[1]))
            return false;
        if (is_range)
            last = strtoul(stop + 1, &stop, 10);
        if ((*stop && *stop != ',') || last >= CPU_SETSIZE)
            return false;
        for (; first <= last; first++) CPU_SET(first, cores);
        at = stop;
    }
    return true;
}

void gpu_stay_near(const char *list)
{
    cpu_set_t near, allowed, both;
    if (!read_cores(list, &near) || sched_getaffinity(0, sizeof allowed, &allowed))
        return;
    CPU_AND(&both, &near, &allowed);
    if (CPU_COUNT(&both) > 0)
        sched_setaffinity(0, sizeof both, &both);
}
