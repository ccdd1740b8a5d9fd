#include "tools/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"

enum { PERIOD_MS = 500, BAR_MOST = 30, BAR_LEAST = 5, LINE_SIZE = 512 };

struct progress {
    const char *noun;
    size_t total;
    size_t done, failed;
    double began; // seconds of the monotonic clock
    bool hidden, ends;
    pthread_t thread;
    pthread_mutex_t lock; // of all above, which the thread reads
    pthread_cond_t changed;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

static size_t columns_of_terminal(void)
{
    struct winsize window;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0
               ? window.ws_col
               : 80;
}

//  "3.1 s", "95 s", "7 min"
static void format_time(char *text, size_t size, double seconds)
{
    if (seconds < 600)
        snprintf(text, size, "%.*f s", seconds < 10 ? 1 : 0, seconds);
    else
        snprintf(text, size, "%.0f min", seconds / 60);
}

void progress_format(char *text, size_t size, const char *noun, size_t done, size_t failed,
                     size_t total, double seconds, size_t columns)
{
    char words[160], spent[32], left[64] = "", failures[48] = "";
    format_time(spent, sizeof spent, seconds);
    if (done > 0 && done < total) {
        char rest[32];
        format_time(rest, sizeof rest, seconds * (double) (total - done) / (double) done);
        snprintf(left, sizeof left, "  about %s left", rest);
    }
    if (failed > 0)
        snprintf(failures, sizeof failures, "  %zu failed", failed);
    const size_t width = (size_t) snprintf(words, sizeof words, "%zu/%zu %s  %s%s%s", done,
                                           total, noun, spent, left, failures);
    // A bar, its two brackets, two blanks and the words; the last column stays free.
    const size_t room = columns > width + 5 ? columns - width - 5 : 0;
    if (room < BAR_LEAST) {
        snprintf(text, size, "%.*s", (int) (columns > 0 ? columns - 1 : 0), words);
        return;
    }
    const size_t bar = room < BAR_MOST ? room : BAR_MOST;
    const size_t full = total > 0 ? bar * done / total : 0;
    size_t length = (size_t) snprintf(text, size, "[");
    for (size_t i = 0; i < bar; i++)
        length += (size_t) snprintf(text + length, size - length, "%s",
                                    i < full ? "\u2588" : "\u00b7");
    snprintf(text + length, size - length, "]  %s", words);
}

//  With the lock held.
static void draw(const progress_t *self)
{
    char text[LINE_SIZE];
    if (self->hidden)
        return;
    progress_format(text, sizeof text, self->noun, self->done, self->failed, self->total,
                    now() - self->began, columns_of_terminal());
    fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
}

static void *run(void *context)
{
    progress_t *self = context;
    pthread_mutex_lock(&self->lock);
    while (!self->ends) {
        struct timespec until;
        draw(self);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PERIOD_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&self->changed, &self->lock, &until);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

//  Signals are the business of the thread that waits for results.
static bool start(progress_t *self)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const bool started = pthread_create(&self->thread, NULL, run, self) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

progress_t *progress_new(const char *noun, size_t total, bool on)
{
    if (!on || !isatty(STDERR_FILENO))
        return NULL;
    progress_t *self = ipc_xalloc(sizeof *self);
    *self = (progress_t){.noun = noun, .total = total, .began = now()};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&self->lock, NULL);
    if (start(self))
        return self;
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->changed);
    free(self);
    return NULL;
}

void progress_destroy(progress_t **self_p)
{
    progress_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    progress_hide(self);
    pthread_mutex_lock(&self->lock);
    self->ends = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->changed);
    free(self);
}

//  Counts, and has the line drawn anew.
static void count(progress_t *self, size_t done, size_t failed)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->done += done;
    self->failed += failed;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

void progress_advance(progress_t *self)
{
    count(self, 1, 0);
}

void progress_fail(progress_t *self)
{
    count(self, 0, 1);
}

void progress_hide(progress_t *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    if (!self->hidden)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    self->hidden = true;
    pthread_mutex_unlock(&self->lock);
}

void progress_show(progress_t *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->hidden = false;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}
