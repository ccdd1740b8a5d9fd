//  Waiting for results: for all, for the first, for one of many, with a progress bar, by a descriptor.
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/results.h"
#include "common/fail.h"

static bool is_finished(void *context)
{
    return ((const ipc_result_t *) context)->finished;
}

typedef struct position {
    const ipc_result_t *result;
    size_t i;
} position_t;

//  While a gather has a second half before it, no position can be shown.
static bool is_position_done(void *context)
{
    const position_t *at = context;
    return at->result->finished ||
           (at->result->shape != RESULT_GATHER && positions_is_done(&at->result->positions, at->i));
}

//  A Ctrl-C came to a wait for a result. The third has its default effect. One that was meant for another wait, which
//  was over, ends this one and no more.
static bool is_interrupted(interrupt_t *self)
{
    ipc_result_t *result = self->context;
    if (result->interrupts == INTERRUPTED_NEVER || (result->interrupts == INTERRUPTED_ONCE && self->is_late)) {
        result->interrupts = INTERRUPTED_ONCE;
        return true;
    }
    result->interrupts = INTERRUPTED_AND_ABORTED;
    result_abort(result);
    interrupt_end(self);
    return false;
}

static bool wait_caught(ipc_result_t *self, condition_fn *condition, void *context, int timeout_ms)
{
    interrupt_t interrupt = {.fd = self->client->kick_fd, .ends = is_interrupted, .context = self};
    interrupt_begin(&interrupt);
    bool met = client_wait_caught(self->client, condition, context, timeout_ms, &interrupt);
    interrupt_end(&interrupt);
    return met;
}

bool result_wait_until(ipc_result_t *self, condition_fn *condition, void *context, int timeout_ms)
{
    if (self->finished) // nothing changes any more: no lock
        return true;
    pthread_mutex_lock(&self->client->lock);
    bool caught = timeout_ms != 0 && (self->interrupts == INTERRUPTED_ONCE ||
                                      (self->client->catches && self->interrupts == INTERRUPTED_NEVER));
    bool met = caught ? wait_caught(self, condition, context, timeout_ms)
                      : client_wait_caught(self->client, condition, context, timeout_ms, NULL);
    pthread_mutex_unlock(&self->client->lock);
    return met;
}

bool result_wait_all(ipc_result_t *self)
{
    return result_wait_until(self, is_finished, self, IPC_FOREVER);
}

bool result_wait_at(ipc_result_t *self, size_t i)
{
    return result_wait_until(self, is_position_done, &(position_t){self, i}, IPC_FOREVER);
}

bool ipc_result_wait(ipc_result_t *self, int timeout_ms)
{
    return result_wait_until(self, is_finished, self, timeout_ms);
}

//  Positions of a gather count once it is over.
static bool has_one_done(void *context)
{
    const ipc_result_t *self = context;
    return self->finished || (self->shape != RESULT_GATHER && self->positions.done > 0);
}

static bool has_one_failed(void *context)
{
    const ipc_result_t *self = context;
    return self->finished || (self->shape != RESULT_GATHER && self->positions.failed > 0);
}

bool ipc_result_wait_for(ipc_result_t *self, ipc_when_t when, int timeout_ms)
{
    static condition_fn *const conditions[] = {
        [IPC_ALL_DONE] = is_finished, [IPC_FIRST_DONE] = has_one_done, [IPC_FIRST_FAILED] = has_one_failed};
    return result_wait_until(self, conditions[when], self, timeout_ms);
}

int ipc_result_fd(ipc_result_t *self)
{
    pthread_mutex_lock(&self->client->lock);
    if (self->event_fd < 0)
        self->event_fd = eventfd(self->finished, EFD_CLOEXEC | EFD_NONBLOCK);
    int fd = self->event_fd;
    pthread_mutex_unlock(&self->client->lock);
    return fd;
}

//  --- One of many ----------------------------------------------------------------------------------------------

typedef struct choice {
    ipc_result_t *const *results;
    size_t count;
    int64_t index;             // -1: none is done
} choice_t;

static bool is_one_finished(void *context)
{
    choice_t *self = context;
    for (size_t i = 0; i < self->count && self->index < 0; i++)
        if (self->results[i] && self->results[i]->finished)
            self->index = (int64_t) i;
    return self->index >= 0;
}

static bool is_one_catching(const choice_t *self, int timeout_ms)
{
    size_t i = timeout_ms == 0 ? self->count : 0;
    while (i < self->count && !(self->results[i] && self->results[i]->client->catches)) i++;
    return i < self->count;
}

//  Results of several clients have no lock in common: by their descriptors, and one that Ctrl-C is told by.
static void poll_any(choice_t *self, int timeout_ms)
{
    struct pollfd *fds = ipc_xalloc((self->count + 1) * sizeof fds[0]);
    interrupt_t interrupt = {.fd = is_one_catching(self, timeout_ms) ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1};
    for (size_t i = 0; i < self->count; i++)
        fds[i] = (struct pollfd){.fd = self->results[i] ? ipc_result_fd(self->results[i]) : -1, .events = POLLIN};
    fds[self->count] = (struct pollfd){.fd = interrupt.fd, .events = POLLIN};
    if (interrupt.fd >= 0)
        interrupt_begin(&interrupt);
    poll(fds, self->count + 1, timeout_ms);
    if (!is_one_finished(self))
        interrupt_take(&interrupt);
    interrupt_end(&interrupt);
    if (interrupt.fd >= 0)
        close(interrupt.fd);
    free(fds);
}

int64_t ipc_wait_any(ipc_result_t *const *results, size_t count, int timeout_ms)
{
    choice_t choice = {results, count, -1};
    ipc_client_t *client = NULL;
    bool several = false;
    for (size_t i = 0; i < count; i++) {
        several = several || (client && results[i] && results[i]->client != client);
        client = results[i] ? results[i]->client : client;
    }
    if (!client || is_one_finished(&choice))
        return choice.index;
    if (several) {
        poll_any(&choice, timeout_ms);
        return choice.index;
    }
    pthread_mutex_lock(&client->lock);
    client_wait(client, is_one_finished, &choice, timeout_ms);
    pthread_mutex_unlock(&client->lock);
    return choice.index;
}

//  --- With a progress bar ----------------------------------------------------------------------------------------

enum { BAR_MIN = 8, BAR_MAX = 40, TEXT_MAX = 160 };

static size_t terminal_columns(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

//  Seconds as people read them.
static void write_time(char *text, size_t size, double seconds)
{
    long whole = (long) (seconds + 0.5);
    if (whole >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, size, "%ld:%02ld", whole / 60, whole % 60);
}

//  What stands behind the bar: how many of how many, how fast, how long still (or how long it took), what failed.
static int write_counts(ipc_result_t *self, char text[TEXT_MAX], size_t done)
{
    char time[32] = "", failures[32] = "";
    size_t count = self->positions.count, failed = ipc_result_failed(self);
    double elapsed = ipc_result_elapsed(self), rate = elapsed > 0 ? (double) done / elapsed : 0;
    if (failed > 0)
        snprintf(failures, sizeof failures, "  %zu failed", failed);
    if (done == count)
        snprintf(time, sizeof time, "  in %.3g s", elapsed);
    else if (done > 0) {
        char left[24];
        write_time(left, sizeof left, (double) (count - done) / rate);
        snprintf(time, sizeof time, "  %s left", left);
    }
    return snprintf(text, TEXT_MAX, "%zu/%zu  %.3g/s%s%s", done, count, rate, time, failures);
}

//  In one line of the terminal, over the line before.
static void print_progress(ipc_result_t *self)
{
    static const char full[] = "########################################";
    _Static_assert(sizeof full == BAR_MAX + 1, "the bar's text is as long as the bar");
    char text[TEXT_MAX];
    size_t done = ipc_result_done(self), count = self->positions.count;
    int used = write_counts(self, text, done) + (int) strlen(self->method) + 5; // and blanks, bars, the cursor
    int width = (int) terminal_columns() - used;
    width = width < BAR_MIN ? 0 : width > BAR_MAX ? BAR_MAX : width;
    int filled = count > 0 ? (int) (done * (size_t) width / count) : width;
    if (width > 0)
        fprintf(stderr, "\r%s |%.*s%*s| %s\033[K", self->method, filled, full, width - filled, "", text);
    else
        fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
}

static void print_interrupted(ipc_result_t *self)
{
    size_t done = ipc_result_done(self), count = self->positions.count;
    fprintf(stderr,
            "\ninterrupted: the %s goes on, %zu of %zu are done; another Ctrl-C while it is waited for aborts it\n",
            self->method, done, count);
}

//  A step of the wait: true when all is done; false after so long, and when *interrupted says so.
static bool wait_step(ipc_result_t *self, int timeout_ms, interrupt_t *interrupt, bool *interrupted)
{
    pthread_mutex_lock(&self->client->lock);
    bool met = client_wait_caught(self->client, is_finished, self, timeout_ms, interrupt);
    *interrupted = !met && self->client->interrupted;
    pthread_mutex_unlock(&self->client->lock);
    return met;
}

static bool is_aborted(ipc_result_t *self)
{
    pthread_mutex_lock(&self->client->lock); // another thread may wait for it, and be interrupted
    bool aborted = self->interrupts == INTERRUPTED_AND_ABORTED;
    pthread_mutex_unlock(&self->client->lock);
    return aborted;
}

bool ipc_result_wait_interactive(ipc_result_t *self)
{
    enum { REFRESH_MS = 100 };
    bool shows = isatty(STDERR_FILENO), met = false, interrupted = false;
    interrupt_t interrupt = {.fd = self->client->kick_fd, .ends = is_interrupted, .context = self};
    if (!is_aborted(self))
        interrupt_begin(&interrupt); // of the whole wait: one may come while the bar is drawn
    while (!met && !interrupted) {
        met = wait_step(self, shows ? REFRESH_MS : IPC_FOREVER, &interrupt, &interrupted);
        if (shows && !interrupted)
            print_progress(self);
    }
    interrupt_end(&interrupt);
    if (shows && interrupted && !self->client->catches)
        print_interrupted(self);
    else if (shows)
        fputc('\n', stderr);
    return met;
}
