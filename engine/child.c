#include "engine/child.h"

#include "common/fail.h"
#include "common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_PIPE_BYTES = 1 << 20, CRASH_PIPE_BYTES = 128 << 10, LEAST_FREE_FD = 3 };

//  The worker's ends.
typedef struct ends {
    int output, errors, crash, ack, null, log;
} ends_t;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_ends(ends_t *self)
{
    int *const all[] = {&self->output, &self->errors, &self->crash,
                        &self->ack,    &self->null,   &self->log};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) close_fd(all[i]);
}

void child_close(child_t *self)
{
    int *const all[] = {&self->pid_fd, &self->output_fd, &self->errors_fd, &self->crash_fd,
                        &self->ack_fd};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) close_fd(all[i]);
}

//  A pipe of the worker's output, or of records. A size that the kernel does not grant (too many pipes of
//  this user) is no reason not to start.
static int make_pipe(int *read_end, int *write_end, int size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    *read_end = ends[0];
    *write_end = ends[1];
    if (size > 0) {
        (void) fcntl(ends[0], F_SETPIPE_SZ, size);
        return fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static int make_ends(child_t *self, ends_t *ends)
{
    if (make_pipe(&self->output_fd, &ends->output, OUTPUT_PIPE_BYTES) ||
        make_pipe(&self->errors_fd, &ends->errors, OUTPUT_PIPE_BYTES) ||
        make_pipe(&self->crash_fd, &ends->crash, CRASH_PIPE_BYTES) ||
        make_pipe(&ends->ack, &self->ack_fd, 0))
        return -1;
    ends->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ends->log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, LEAST_FREE_FD);
    return ends->null < 0 || ends->log < 0 ? -1 : 0;
}

//  A directory of the worker's own in LD_LIBRARY_PATH, which glibc reads when a program starts: there the worker
//  links libraries that have no soname, so that images find them by name. The worker takes it out again.
static void add_library_directory(const child_options_t *options)
{
    char directory[IPC_PATH_MAX + 32], path[8 * IPC_PATH_MAX];
    const char *before = getenv("LD_LIBRARY_PATH");
    snprintf(directory, sizeof directory, "%s/libraries-%d", options->directory, options->id);
    if ((mkdir(directory, 0700) && errno != EEXIST) || (before && strlen(before) > sizeof path / 2))
        return;
    snprintf(path, sizeof path, "%s%s%s", directory, before ? ":" : "", before ? before : "");
    setenv("LD_LIBRARY_PATH", path, 1);
    setenv("IPC_LIBRARY_DIRECTORY", directory, 1);
}

static _Noreturn void execute(const child_options_t *options, const child_t *self,
                              const ends_t *ends, pid_t nanny)
{
    //  Descriptors stay the worker's own where exec must not close them.
    const int kept[] = {self->output_fd, self->errors_fd, ends->crash,
                        ends->ack,       options->page_fd, ends->log};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) fcntl(kept[i], F_SETFD, 0);

    char numbers[9][12];
    const int values[9] = {options->id,     (int) options->epoch, self->output_fd,
                           self->errors_fd, ends->crash,          ends->ack,
                           options->page_fd, (int) nanny,         ends->log};
    for (size_t i = 0; i < 9; i++) snprintf(numbers[i], sizeof numbers[i], "%d", values[i]);
    const char *arguments[] = {
        options->program, "--directory", options->directory, "--id",       numbers[0],
        "--epoch",        numbers[1],    "--output-fd",      numbers[2],   "--error-fd",
        numbers[3],       "--crash-fd",  numbers[4],         "--ack-fd",   numbers[5],
        "--page-fd",      numbers[6],    "--nanny",          numbers[7],   "--log-fd",
        numbers[8],       NULL};

    add_library_directory(options);
    dup2(ends->null, STDIN_FILENO);
    dup2(ends->output, STDOUT_FILENO);
    dup2(ends->errors, STDERR_FILENO);
    execv(options->program, (char *const *) arguments);
    dprintf(ends->log, "engine %d: cannot execute %s: %s\n", options->id, options->program,
            strerror(errno));
    _exit(CHILD_REFUSED);
}

//  Between fork and exec. The nanny blocks signals for its signalfd and ignores SIGPIPE; the worker starts
//  with neither.
static _Noreturn void run_child(const child_options_t *options, const child_t *self,
                                const ends_t *ends, pid_t nanny)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != nanny)
        _exit(CHILD_REFUSED); // the nanny died before the line above
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execute(options, self, ends, nanny);
}

int child_start(const child_options_t *options, child_t *self, ipc_error_t *error)
{
    child_t child = CHILD_NONE;
    ends_t ends = {-1, -1, -1, -1, -1, -1};
    pid_t nanny = getpid();
    if (make_ends(&child, &ends)) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot make the pipes of engine %d: %s", options->id,
                 strerror(errno));
        goto fail;
    }
    child.pid = fork();
    if (child.pid == 0)
        run_child(options, &child, &ends, nanny);
    if (child.pid < 0) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot start the worker of engine %d: %s", options->id,
                 strerror(errno));
        goto fail;
    }
    child.pid_fd = (int) syscall(SYS_pidfd_open, child.pid, 0);
    if (child.pid_fd < 0) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot watch the worker of engine %d: %s", options->id,
                 strerror(errno));
        kill(child.pid, SIGKILL);
        waitpid(child.pid, NULL, 0);
        goto fail;
    }
    close_ends(&ends);
    *self = child;
    return 0;
fail:
    close_ends(&ends);
    child_close(&child);
    return -1;
}

void child_signal(const child_t *self, int signal_number)
{
    if (self->pid_fd >= 0)
        syscall(SYS_pidfd_send_signal, self->pid_fd, signal_number, NULL, 0);
}

//  By a file LLVM's OpenMP knows a second one in the same process. It removes that when the process ends by exit(),
//  which a worker does not.
static void remove_openmp_mark(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/dev/shm/__KMP_REGISTERED_LIB_%d_%d", (int) pid, (int) getuid());
    unlink(path);
}

void child_reap(child_t *self, int *signal_p, int *status_p)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t) self->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        continue;
    //  As long as the leader is not reaped its number is not given to another group.
    kill(-self->pid, SIGKILL);
    remove_openmp_mark(self->pid);
    int status = 0;
    struct rusage usage = {0};
    while (wait4(self->pid, &status, 0, &usage) < 0 && errno == EINTR) continue;
    self->peak_memory = (uint64_t) usage.ru_maxrss << 10;
    *signal_p = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *status_p = WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_SIGNALLED;
    close_fd(&self->pid_fd);
}

//  A chunk at a time through one buffer: the last bytes of a megabyte are wanted.
void child_drain(int fd, char *text, size_t size)
{
    size_t length = 0;
    char chunk[1024];
    int left = 0;
    if (fd >= 0)
        ioctl(fd, FIONREAD, &left); // bounded, for a process that the task left behind may still write
    while (left > 0) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n <= 0)
            break;
        left -= (int) n;
        const char *from = chunk;
        size_t count = (size_t) n, room = size - 1;
        if (count > room) {
            from += count - room;
            count = room;
        }
        size_t kept = length + count > room ? room - count : length;
        memmove(text, text + length - kept, kept);
        memcpy(text + kept, from, count);
        length = kept + count;
    }
    text[length] = 0;
}
