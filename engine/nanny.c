#include "engine/nanny.h"

#include "common/fail.h"
#include "engine/child.h"
#include "engine/crash.h"
#include "common/page.h"
#include "engine/unit_names.h"
#include "engine/unwind.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    GRACE_MS = 2000,           // from TERM to KILL
    ORPHAN_MS = 10000,         // without a supervisor
    RETRY_MS = 10000,          // between two tries of an engine that crash-loops
    LOOP_DEATHS = 5,           // deaths without a task in LOOP_MS make a crash loop
    LOOP_MS = 60000,
    RECORD_MS = 2000,          // for a record to come
    UNWIND_MS = 3000,          // less than the handler waits
    FORMER_MS = 2000           // for the worker of a former nanny to die
};

typedef enum state { NANNY_WORKING, NANNY_PAUSING, NANNY_STOPPING, NANNY_ENDED } state_t;

//  What happens to a nanny. The time is up of the pause, or of the grace.
typedef enum event {
    EVENT_DEATH,               // the worker died, and another is wanted
    EVENT_LOOP,                // the same, but it crash-loops
    EVENT_END,                 // the worker ended for good
    EVENT_STOP,                // the nanny is to stop
    EVENT_TIME
} event_t;

//  From, event, to. What stands in no row changes nothing.
static const struct {
    state_t from;
    event_t event;
    state_t to;
} transitions[] = {
    {NANNY_WORKING, EVENT_DEATH, NANNY_WORKING},
    {NANNY_WORKING, EVENT_LOOP, NANNY_PAUSING},
    {NANNY_WORKING, EVENT_END, NANNY_ENDED},
    {NANNY_WORKING, EVENT_STOP, NANNY_STOPPING},
    {NANNY_PAUSING, EVENT_TIME, NANNY_WORKING},
    {NANNY_PAUSING, EVENT_STOP, NANNY_ENDED},
    {NANNY_STOPPING, EVENT_DEATH, NANNY_ENDED},
    {NANNY_STOPPING, EVENT_LOOP, NANNY_ENDED},
    {NANNY_STOPPING, EVENT_END, NANNY_ENDED},
    {NANNY_STOPPING, EVENT_TIME, NANNY_STOPPING}, // killed; its death comes next
};

struct nanny {
    nanny_options_t options;
    page_t *page;              // shared with the worker
    int page_fd;
    int signal_fd;
    int supervisor_fd;         // a pidfd; -1: none, or gone
    state_t state;
    int64_t deadline;          // of NANNY_PAUSING and NANNY_STOPPING, ms; -1: none
    int64_t orphan_deadline;   // ms; -1 while there is a supervisor
    int exit_code;
    child_t child;             // the worker
    char *trace;               // of its crash; NULL: no record came. PAGE_TEXT bytes
    crash_record_t record;     // to which trace belongs
    uint32_t frames;           // lines in trace
    int64_t idle_deaths[LOOP_DEATHS]; // when the last deaths without a task were, ms; a ring
    uint32_t idle_next;        // where the next one goes
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_process(pid_t pid)
{
    return (int) syscall(SYS_pidfd_open, pid, 0);
}

// ---------------------------------------------------------------------------------------------------
//  Deaths

static uint32_t count_idle_deaths(const nanny_t *self)
{
    uint32_t count = 0;
    int64_t since = now_ms() - LOOP_MS;
    for (size_t i = 0; i < LOOP_DEATHS; i++) count += self->idle_deaths[i] > since;
    return count;
}

//  Whether what the worker had at most was had by the task that ran.
static bool is_measured(const page_t *page)
{
    return page->running && page->measured_span == page->span && page->measured_item == page->item;
}

//  Writes down the death of the page's worker. A death that no worker has reported yet is kept instead, if
//  the one that died after it had not started a task: a task may hang on the first, none does on the second.
static void write_death(nanny_t *self, int signal_number, int status)
{
    page_t *page = self->page;
    page_death_t *death = &page->death;
    if (death->epoch == 0 || page->span != 0) {
        uint32_t epoch = page->epoch;
        death->epoch = 0; // until it is whole
        death->signal = signal_number;
        death->status = signal_number ? 0 : status;
        death->span = page->running ? page->span : 0;
        death->item = page->running ? page->item : 0;
        death->done_span = page->done_span;
        death->done_item = page->done_item;
        death->address = self->trace ? self->record.address : 0;
        death->verdict = page->verdict;
        death->peak_memory = is_measured(page) ? self->child.peak_memory : 0;
        death->stack_overflow = self->trace ? self->record.stack_overflow : 0;
        death->frames = self->trace ? self->frames : 0;
        ipc_text_copy(death->trace, sizeof death->trace, self->trace ? self->trace : "");
        child_drain(self->child.output_fd, death->output, sizeof death->output);
        child_drain(self->child.errors_fd, death->errors, sizeof death->errors);
        death->epoch = epoch;
    }
    death->idle_deaths = count_idle_deaths(self);
    page_note_rest(page);
    page->running = 0;
    page->ready = 0;
    page->pid = 0;
}

//  One line that says why it waits, with the worker's last words.
static void say_loop(const nanny_t *self, int signal_number, int status, const char *errors)
{
    char cause[64], words[256];
    if (signal_number)
        snprintf(cause, sizeof cause, "signal %d, %s", signal_number,
                 strsignal(signal_number));
    else
        snprintf(cause, sizeof cause, "exit status %d", status);
    size_t end = strlen(errors);
    while (end > 0 && errors[end - 1] == '\n') end--;
    size_t start = end;
    while (start > 0 && errors[start - 1] != '\n') start--;
    snprintf(words, sizeof words, "%.*s", (int) (end - start), errors + start);
    fprintf(stderr,
            "engine %d: its worker died %d times in a minute with no task running (%s%s%s); "
            "the next try is in %d s\n",
            self->options.id, LOOP_DEATHS, cause, words[0] ? "; last words: " : "", words,
            self->options.retry_ms / 1000);
}

//  Reads the dead worker's end and says what it means.
static event_t conclude_worker(nanny_t *self)
{
    int signal_number, status;
    child_reap(&self->child, &signal_number, &status);
    bool was_idle = !self->page->running;
    bool is_end = was_idle && status == 0;
    if (status == CHILD_REFUSED) {
        is_end = true;
        self->exit_code = self->state == NANNY_STOPPING ? 0 : 1;
    }
    if (was_idle && !is_end)
        self->idle_deaths[self->idle_next++ % LOOP_DEATHS] = now_ms();
    if (is_end && self->page->death.epoch == 0) {
        self->page->ready = 0;
        self->page->pid = 0;
    } else {
        write_death(self, signal_number, status);
    }
    bool is_loop = was_idle && count_idle_deaths(self) == LOOP_DEATHS;
    if (is_loop && self->state == NANNY_WORKING)
        say_loop(self, signal_number, status, self->page->death.errors);
    child_close(&self->child);
    free(self->trace);
    self->trace = NULL;
    return is_end ? EVENT_END : is_loop ? EVENT_LOOP : EVENT_DEATH;
}

//  A record of a crash has come, or the last writer of the pipe is gone.
static void on_crash(nanny_t *self)
{
    crash_copy_t *copy = malloc(sizeof *copy);
    char *trace = malloc(PAGE_TEXT);
    if (copy && trace && crash_read(self->child.crash_fd, copy, RECORD_MS)) {
        self->frames = unwind_apart(self->child.pid, copy, trace, PAGE_TEXT, UNWIND_MS);
        unit_names_annotate(self->options.shm, self->options.id, trace, PAGE_TEXT);
        self->record = copy->record;
        free(self->trace);
        self->trace = trace;
        trace = NULL;
    }
    free(trace);
    free(copy);
    //  One record for each worker. A pipe that is at its end would wake the poll for ever.
    close(self->child.crash_fd);
    self->child.crash_fd = -1;
    if (write(self->child.ack_fd, "", 1) < 0)
        return; // the worker is dead already
}

//  The worker of a former nanny was killed with it (PR_SET_PDEATHSIG), but may not be dead yet. The number
//  may be another process's by now, so nothing is done to it, and it is not waited for long.
static void bury_former_worker(nanny_t *self)
{
    if (self->page->pid == 0)
        return;
    int fd = open_process(self->page->pid);
    if (fd >= 0) {
        struct pollfd dead = {.fd = fd, .events = POLLIN};
        poll(&dead, 1, FORMER_MS);
        close(fd);
    }
    write_death(self, SIGKILL, 0);
}

// ---------------------------------------------------------------------------------------------------
//  States

//  Starts the next worker. What cannot be started now is tried again after the pause.
static event_t start_worker(nanny_t *self)
{
    page_t *page = self->page;
    page->epoch++;
    page->span = page->item = page->done_span = page->done_item = 0;
    page->running = page->ready = 0;
    page->verdict = 0;
    page->trust = 0;
    page->measured_span = page->measured_item = 0;
    const child_options_t options = {.program = self->options.program,
                                     .directory = self->options.directory,
                                     .id = self->options.id,
                                     .epoch = page->epoch,
                                     .page_fd = self->page_fd};
    ipc_error_t error;
    if (child_start(&options, &self->child, &error)) {
        fprintf(stderr, "engine %d: %s\n", self->options.id, error.text);
        return EVENT_LOOP;
    }
    page->pid = self->child.pid;
    return EVENT_DEATH; // the event that keeps it working
}

//  What a state does when it is entered. The only place that changes self->state.
static void advance(nanny_t *self, event_t event)
{
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++) {
        if (transitions[i].from != self->state || transitions[i].event != event)
            continue;
        self->state = transitions[i].to;
        self->deadline = -1;
        if (self->state == NANNY_WORKING && start_worker(self) == EVENT_LOOP)
            advance(self, EVENT_LOOP);
        else if (self->state == NANNY_PAUSING)
            self->deadline = now_ms() + self->options.retry_ms;
        else if (self->state == NANNY_STOPPING && event == EVENT_STOP) {
            self->deadline = now_ms() + GRACE_MS;
            child_signal(&self->child, SIGTERM);
        } else if (self->state == NANNY_STOPPING)
            child_signal(&self->child, SIGKILL);
        return;
    }
}

// ---------------------------------------------------------------------------------------------------
//  The loop

static void on_signal(nanny_t *self)
{
    struct signalfd_siginfo info;
    if (read(self->signal_fd, &info, sizeof info) != sizeof info)
        return;
    int number = (int) info.ssi_signo;
    if (number == SIGTERM || number == SIGINT || number == SIGHUP)
        advance(self, EVENT_STOP);
    else if (self->page->ready) // before that it has no handler for them, and would die
        child_signal(&self->child, number);
}

static void on_supervisor(nanny_t *self)
{
    close(self->supervisor_fd);
    self->supervisor_fd = -1;
    self->orphan_deadline = now_ms() + self->options.orphan_ms;
}

static void on_worker(nanny_t *self)
{
    //  The record was written before the worker died, so it is there if there is one.
    if (self->child.crash_fd >= 0)
        on_crash(self);
    advance(self, conclude_worker(self));
}

//  Who is listened to, and what is done. An entry of poll() with a negative descriptor is passed over.
typedef void (*handler_fn)(nanny_t *self);
enum { FROM_CRASH, FROM_WORKER, FROM_SIGNAL, FROM_SUPERVISOR, FROM_COUNT };
static const handler_fn handlers[FROM_COUNT] = {
    [FROM_CRASH] = on_crash,
    [FROM_WORKER] = on_worker,
    [FROM_SIGNAL] = on_signal,
    [FROM_SUPERVISOR] = on_supervisor,
};

static int until(int64_t deadline, int least)
{
    if (deadline < 0)
        return least;
    int64_t left = deadline - now_ms();
    left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
    return least < 0 || left < least ? (int) left : least;
}

static void run_deadlines(nanny_t *self)
{
    if (self->deadline >= 0 && now_ms() >= self->deadline)
        advance(self, EVENT_TIME);
    if (self->orphan_deadline >= 0 && now_ms() >= self->orphan_deadline) {
        self->orphan_deadline = -1;
        advance(self, EVENT_STOP);
    }
}

static void run_once(nanny_t *self)
{
    struct pollfd from[FROM_COUNT] = {
        [FROM_CRASH] = {.fd = self->child.crash_fd, .events = POLLIN},
        [FROM_WORKER] = {.fd = self->child.pid_fd, .events = POLLIN},
        [FROM_SIGNAL] = {.fd = self->signal_fd, .events = POLLIN},
        [FROM_SUPERVISOR] = {.fd = self->supervisor_fd, .events = POLLIN},
    };
    poll(from, FROM_COUNT, until(self->deadline, until(self->orphan_deadline, -1)));
    //  One at a time: a handler may close what another's entry speaks of.
    for (size_t i = 0; i < FROM_COUNT; i++)
        if (from[i].revents) {
            handlers[i](self);
            break;
        }
    run_deadlines(self);
}

int nanny_run(nanny_t *self)
{
    self->state = NANNY_PAUSING;
    advance(self, EVENT_TIME);
    while (self->state != NANNY_ENDED) run_once(self);
    return self->exit_code;
}

// ---------------------------------------------------------------------------------------------------

static int take_signals(ipc_error_t *error)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
    signal(SIGPIPE, SIG_IGN); // the ack of a worker that is dead
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot block signals: %s", strerror(errno));
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        ipc_fail(error, IPC_E_SYSTEM, "cannot listen to signals: %s", strerror(errno));
    return fd;
}

nanny_t *nanny_new(const nanny_options_t *options, ipc_error_t *error)
{
    ipc_auto(nanny_destroy) nanny_t *self = ipc_xalloc(sizeof *self);
    self->options = *options;
    if (self->options.orphan_ms == 0)
        self->options.orphan_ms = ORPHAN_MS;
    if (self->options.retry_ms == 0)
        self->options.retry_ms = RETRY_MS;
    self->page_fd = self->signal_fd = self->supervisor_fd = -1;
    self->deadline = self->orphan_deadline = -1;
    self->child = CHILD_NONE;
    for (size_t i = 0; i < LOOP_DEATHS; i++) self->idle_deaths[i] = INT64_MIN;

    self->page = page_open(options->shm, options->id, &self->page_fd, error);
    if (!self->page)
        return NULL;
    self->signal_fd = take_signals(error);
    if (self->signal_fd < 0)
        return NULL;
    bury_former_worker(self);
    if (options->supervisor > 0) {
        self->supervisor_fd = open_process(options->supervisor);
        if (self->supervisor_fd < 0)
            self->orphan_deadline = now_ms() + self->options.orphan_ms;
    }
    nanny_t *made = self;
    self = NULL;
    return made;
}

void nanny_destroy(nanny_t **self_p)
{
    nanny_t *self = *self_p;
    if (!self)
        return;
    child_close(&self->child);
    page_close(&self->page);
    const int fds[] = {self->page_fd, self->signal_fd, self->supervisor_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(self->trace);
    free(self);
    *self_p = NULL;
}
