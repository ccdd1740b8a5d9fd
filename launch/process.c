#include "launch/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "common/connection.h"

enum { KILL_TIMEOUT_MS = 5000 };

process_t process_of(pid_t pid)
{
    return (process_t){.pid = pid, .start = ipc_process_start(pid)};
}

bool process_lives(const process_t *self)
{
    return self->pid > 0 && self->start && ipc_process_start(self->pid) == self->start;
}

int process_open(const process_t *self)
{
    if (self->pid <= 0)
        return -1;
    int descriptor = pidfd_open(self->pid, 0);
    if (descriptor < 0)
        return -1;
    // Looked at after the open: now the pid cannot come to mean another process any more.
    if (process_lives(self))
        return descriptor;
    close(descriptor);
    return -1;
}

static bool wait_for_end(int descriptor, int timeout_ms)
{
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    int left_ms = timeout_ms;
    for (;;) {
        struct pollfd poller = {.fd = descriptor, .events = POLLIN};
        int ready = poll(&poller, 1, left_ms);
        if (ready >= 0 || errno != EINTR)
            return ready > 0;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t passed_ms = (int64_t) (now.tv_sec - begin.tv_sec) * 1000 +
                            (now.tv_nsec - begin.tv_nsec) / 1000000;
        left_ms = passed_ms < timeout_ms ? (int) (timeout_ms - passed_ms) : 0;
    }
}

bool process_end(const process_t *self, int signal, int timeout_ms)
{
    int descriptor = process_open(self);
    if (descriptor < 0)
        return true;
    pidfd_send_signal(descriptor, signal, NULL, 0);
    bool ended = wait_for_end(descriptor, timeout_ms);
    close(descriptor);
    return ended;
}

bool process_kill(const process_t *self)
{
    int descriptor = process_open(self);
    if (descriptor < 0)
        return true;
    if (getpgid(self->pid) == self->pid)
        kill(-self->pid, SIGKILL);
    pidfd_send_signal(descriptor, SIGKILL, NULL, 0);
    bool ended = wait_for_end(descriptor, KILL_TIMEOUT_MS);
    close(descriptor);
    return ended;
}
