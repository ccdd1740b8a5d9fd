#include "bench/rival.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/process.h"
#include "common/fail.h"

static IPC_REMOTE(int64_t, same_item, (int64_t item))
{
    return item;
}

void rival_computes(int progress)
{
    (void) !write(progress, "", 1);
    for (volatile unsigned i = 0;; i++) continue;
}

void rival_streams(int progress)
{
    enum { ITEMS = 1000000 };
    ipc_error_t error = {0};
    ipc_client_t *client = bench_client(&error);
    ipc_view_t *view = client ? ipc_balanced_view(client, NULL, &error) : NULL;
    while (view) {
        ipc_result_t *result = ipc_map_with(view, same_item, ipc_range(0, ITEMS),
                                            &(ipc_options_t){.chunk = 1});
        if (bench_finish(result, BENCH_WAIT_MS, &error) ||
            ipc_result_i64(result, ITEMS - 1) != ITEMS - 1)
            break;
        ipc_result_destroy(&result);
        (void) !write(progress, "", 1);
    }
    ipc_error_print(&error, stderr);
}

int rival_make(rival_t *self, rival_fn *function, ipc_error_t *error)
{
    int go[2], progress[2];
    if (pipe2(go, O_CLOEXEC))
        return ipc_fail(error, IPC_E_SYSTEM, "no pipe: %s", strerror(errno));
    if (pipe2(progress, O_CLOEXEC | O_NONBLOCK)) {
        close(go[0]);
        close(go[1]);
        return ipc_fail(error, IPC_E_SYSTEM, "no pipe: %s", strerror(errno));
    }
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        char byte;
        process_die_with_parent(parent);
        close(go[1]);
        if (read(go[0], &byte, 1) == 1)
            function(progress[1]);
        _exit(1);
    }
    close(go[0]);
    close(progress[1]);
    *self = (rival_t){.pid = child > 0 ? child : 0, .go = go[1], .progress = progress[0]};
    if (child > 0)
        return 0;
    rival_end(self);
    return ipc_fail(error, IPC_E_SYSTEM, "cannot start a process: %s", strerror(errno));
}

void rival_begin(rival_t *self)
{
    (void) !write(self->go, "", 1);
}

size_t rival_progress(rival_t *self, int timeout_ms)
{
    char bytes[256];
    size_t count = 0;
    struct pollfd ready = {.fd = self->progress, .events = POLLIN};
    if (poll(&ready, 1, timeout_ms) <= 0)
        return 0;
    for (ssize_t got; (got = read(self->progress, bytes, sizeof bytes)) > 0;)
        count += (size_t) got;
    return count;
}

void rival_end(rival_t *self)
{
    if (self->pid > 0) {
        kill(self->pid, SIGKILL);
        waitpid(self->pid, NULL, 0);
    }
    if (self->go > 0)
        close(self->go);
    if (self->progress > 0)
        close(self->progress);
    *self = (rival_t){0};
}
