#include "tools/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_MOST = 30, BAR_LEAST = 5, LINE_SIZE = 512 };

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

void progress_format(const progress_t *self, double seconds, size_t columns, char *text,
                     size_t size)
{
    const size_t done = self->done, total = self->total;
    char words[160], spent[32], left[64] = "", failures[48] = "";
    format_time(spent, sizeof spent, seconds);
    if (done > self->skipped && done < total) {
        char rest[32];
        format_time(rest, sizeof rest,
                    seconds * (double) (total - done) / (double) (done - self->skipped));
        snprintf(left, sizeof left, "  about %s left", rest);
    }
    if (self->failed > 0)
        snprintf(failures, sizeof failures, "  %zu failed", self->failed);
    const size_t width = (size_t) snprintf(words, sizeof words, "%zu/%zu %s  %s%s%s", done,
                                           total, self->noun, spent, left, failures);
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

void progress_begin(progress_t *self, const char *noun, size_t total, bool on)
{
    *self = (progress_t){
        .noun = noun, .total = total, .began = now(), .on = on && isatty(STDERR_FILENO)};
}

void progress_show(progress_t *self)
{
    char text[LINE_SIZE];
    if (!self->on)
        return;
    progress_format(self, now() - self->began, columns_of_terminal(), text, sizeof text);
    fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
    self->shown = true;
}

void progress_hide(progress_t *self)
{
    if (self->shown)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    self->shown = false;
}
