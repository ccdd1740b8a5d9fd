#include "tools/ipx_cell.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/control.h"
#include "common/fail.h"

enum { LOOK_MS = 50 }; // how often it is looked whether Ctrl-C came

ipx_engines_t *ipx_engines_of(ipc_view_t *view)
{
    size_t count;
    const int *ids = ipc_view_ids(view, &count);
    ipx_engines_t *self = ipc_xalloc(sizeof *self + count * sizeof self->ids[0]);
    self->count = count;
    if (count > 0)
        memcpy(self->ids, ids, count * sizeof ids[0]);
    return self;
}

char *ipx_engines_text(const ipx_engines_t *self)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    fputs(self->count == 1 ? "engine " : self->count ? "engines " : "no engine", stream);
    for (size_t i = 0; i < self->count; i++) fprintf(stream, "%s%d", i ? ", " : "", self->ids[i]);
    fclose(stream);
    return text;
}

//  --- Ctrl-C --------------------------------------------------------------------------------------------------

int ipx_interrupts_new(void)
{
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, NULL);
    return signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool take_interrupt(const ipx_site_t *self)
{
    struct signalfd_siginfo info;
    return self->interrupts >= 0 && read(self->interrupts, &info, sizeof info) == (ssize_t) sizeof info;
}

//  A wait, and what Ctrl-C has done to it.
typedef struct cell_wait {
    const ipx_site_t *site;
    ipc_result_t *result;
    const ipx_engines_t *engines;      // that run it; NULL: it is no cell
    const ipx_flags_t *flags;
    int interrupts;                    // that came
    bool bar;                          // stands on the terminal
} cell_wait_t;

static void clear_bar(cell_wait_t *self)
{
    if (self->bar)
        fputs("\r\033[K", stderr);
    self->bar = false;
}

//  The engines that are not done, as targets; free() it.
static char *pending_targets(const cell_wait_t *self)
{
    char *text = NULL;
    size_t size = 0, pending = 0;
    FILE *stream = open_memstream(&text, &size);
    for (size_t i = 0; i < self->engines->count && i < ipc_result_count(self->result); i++)
        if (strcmp(ipc_result_metadata(self->result, i)->status, "pending") == 0)
            fprintf(stream, "%s%d", pending++ ? "," : "", self->engines->ids[i]);
    fclose(stream);
    return text;
}

//  Another signal than SIGINT would end the process of an engine that is done and has nothing to do.
static void send_signal(const cell_wait_t *self)
{
    char *targets = pending_targets(self);
    ipc_auto(ipc_view_destroy) ipc_view_t *view =
        targets[0] ? ipc_direct_view(self->site->client, targets, NULL) : NULL;
    if (view) {
        ipc_auto(ipc_result_destroy) ipc_result_t *sent = ipc_view_signal(view, self->flags->signal);
        ipc_result_ok(sent); // an engine that has gone meanwhile needs none
    }
    free(targets);
}

//  True when the wait ends.
static bool on_interrupt(cell_wait_t *self)
{
    const char *method = ipc_result_metadata(self->result, 0)->method;
    const char *name = sigabbrev_np(self->flags->signal);
    clear_bar(self);
    fflush(stdout);
    self->interrupts++;
    if (self->interrupts == 1 && (self->flags->signal == 0 || !self->engines)) {
        fprintf(stderr, "\nno longer waited for: the %s goes on\n", method);
        return true;
    }
    if (self->interrupts == 1) {
        fprintf(stderr, "\ninterrupted by %s%s: another Ctrl-C aborts the %s\n", name ? "SIG" : "a signal",
                name ? name : "", method);
        send_signal(self);
    } else if (self->interrupts == 2) {
        fputs("\naborted: an engine that does not end it within moments is killed and starts anew, empty\n", stderr);
        ipc_result_abort(self->result);
    } else {
        fputs("\nno longer waited for\n", stderr);
    }
    return self->interrupts > 2;
}

//  --- The wait ------------------------------------------------------------------------------------------------

static void draw_bar(cell_wait_t *self)
{
    enum { WIDTH = 24 };
    static const char full[] = "########################";
    _Static_assert(sizeof full == WIDTH + 1, "the bar is as long as its text");
    double elapsed = ipc_result_elapsed(self->result);
    if (self->flags->progress_after < 0 || elapsed < self->flags->progress_after || !isatty(STDERR_FILENO))
        return;
    size_t done = ipc_result_done(self->result), count = ipc_result_count(self->result);
    int filled = (int) (count ? done * WIDTH / count : 0);
    fflush(stdout);
    fprintf(stderr, "\r|%.*s%*s| %zu/%zu engines  %.1f s\033[K", filled, full, WIDTH - filled, "", done, count,
            elapsed);
    self->bar = true;
}

//  A step: shows a line, or waits for a moment. True when all is done and shown.
static bool step(cell_wait_t *self)
{
    bool done = ipc_result_wait(self->result, 0);
    const ipc_line_t *line = NULL;
    if (self->flags->stream)
        line = ipc_result_next_line(self->result, done ? 0 : LOOK_MS);
    else if (!done)
        ipc_result_wait(self->result, LOOK_MS);
    if (line) {
        clear_bar(self);
        ipx_show_line(&self->site->show, line);
    } else if (!done) {
        fflush(stdout);
        draw_bar(self);
    }
    return done && !line;
}

int ipx_site_wait(const ipx_site_t *site, ipc_result_t *result, const ipx_engines_t *engines, const ipx_flags_t *flags)
{
    cell_wait_t self = {.site = site, .result = result, .engines = engines, .flags = flags};
    bool ended, left = false;
    do {
        ended = step(&self);
        left = !ended && take_interrupt(site) && on_interrupt(&self);
    } while (!ended && !left);
    clear_bar(&self);
    if (left)
        return EXIT_INTERRUPTED;
    if (flags->stream) {
        if (!flags->silent)
            ipx_show_values(&site->show, result);
        ipx_show_errors(&site->show, result);
    } else {
        ipx_show_result(&site->show, result, flags->group);
    }
    fflush(stdout);
    return ipc_result_ok(result) ? EXIT_DONE : self.interrupts ? EXIT_INTERRUPTED : EXIT_FAILED;
}
