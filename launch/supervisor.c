#include "launch/supervisor_body.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/journal.h"
#include "launch/control.h"
#include "launch/local.h"
#include "launch/log.h"
#include "launch/site.h"

int64_t supervisor_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

size_t supervisor_children(const supervisor_t *self)
{
    return 1 + self->options.engines;
}

void supervisor_tell(supervisor_t *self, const char *format, ...)
{
    char line[LOG_TAIL_TEXT + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (self->options.log)
        self->options.log(self->options.context, line);
}

void supervisor_fail_start(supervisor_t *self, const child_t *child, int code, const char *format, ...)
{
    if (self->phase != PHASE_STARTING || self->failure.code)
        return;
    va_list arguments;
    va_start(arguments, format);
    ipc_fail_v(&self->failure, code, format, arguments);
    va_end(arguments);
    if (!child)
        return;
    char path[IPC_PATH_MAX];
    log_path(path, self->site.paths.logs, child->id);
    log_tail(self->last_words, path);
}

void supervisor_write_record(supervisor_t *self)
{
    ipc_error_t error;
    if (!record_write(self->record, self->site.paths.cluster_file, &error))
        return;
    supervisor_fail_start(self, NULL, error.code, "%s", error.text);
    supervisor_tell(self, "%s", error.text);
}

// ---- what happens -----------------------------------------------------------------------

static void on_engine_ready(supervisor_t *self, unsigned long id)
{
    if (id >= self->options.engines || self->children[1 + id].ready || self->children[1 + id].restarting)
        return;
    self->children[1 + id].ready = true;
    self->ready++;
}

//  One line from the controller: "listening", "engine ID ready PID", "gone ID", "error TEXT"; and what clients ask for:
//  "shutdown ID", "restart ID", "stop".
static void on_report(supervisor_t *self, const char *line)
{
    unsigned long id = 0, pid = 0;
    if (!strncmp(line, "error ", 6))
        supervisor_fail_start(self, NULL, IPC_E_SYSTEM, "the controller cannot start: %s", line + 6);
    else if (sscanf(line, "engine %lu ready %lu", &id, &pid) == 2)
        on_engine_ready(self, id);
    else if (sscanf(line, "gone %lu", &id) == 1 && id < self->options.engines)
        self->children[1 + id].forgotten = true;
    else if (sscanf(line, "shutdown %lu", &id) == 1)
        request_of_client(self, id, true);
    else if (sscanf(line, "restart %lu", &id) == 1)
        request_of_client(self, id, false);
    else if (!strcmp(line, "stop") && self->phase != PHASE_STOPPING) // else its patience would end
        self->stops_asked++;
}

static void on_reports(supervisor_t *self)
{
    ssize_t size = 0;
    while (self->reports >= 0) {
        size = read(self->reports, self->line + self->line_size,
                    sizeof self->line - self->line_size - 1);
        if (size <= 0)
            break;
        self->line_size += (size_t) size;
        self->line[self->line_size] = 0;
        char *begin = self->line;
        for (char *end; (end = strchr(begin, '\n')); begin = end + 1) {
            *end = 0;
            on_report(self, begin);
        }
        self->line_size -= (size_t) (begin - self->line);
        memmove(self->line, begin, self->line_size);
        if (self->line_size == sizeof self->line - 1)
            self->line_size = 0; // no line of ours is as long
    }
    if (self->reports >= 0 && (size == 0 || (errno != EAGAIN && errno != EINTR))) {
        close(self->reports); // its end is also told by the pidfd, which is acted upon
        self->reports = -1;
    }
}

static void on_signals(supervisor_t *self)
{
    struct signalfd_siginfo info;
    while (read(self->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD)
            self->stops_asked++;
}

static void describe_end(char text[64], int status)
{
    if (WIFSIGNALED(status))
        snprintf(text, 64, "died by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(text, 64, "ended with exit status %d", WEXITSTATUS(status));
}

static void on_child_end(supervisor_t *self, child_t *child, int status)
{
    if (request_ended_child(self, child))
        return;
    char how[64], name[32];
    describe_end(how, status);
    child_name(name, child);
    if (child->id == CONTROLLER)
        on_reports(self); // its own words on why, if there are any
    supervisor_fail_start(self, child, IPC_E_SYSTEM, "%s %s before the cluster was ready", name, how);
    if (self->phase == PHASE_RUNNING)
        child_schedule_restart(self, child, how);
}

//  Takes in those that ended. Processes that the children left behind end up with us: see
//  supervisor_new().
static void reap(supervisor_t *self)
{
    int status = 0;
    for (size_t i = 0; i < supervisor_children(self); i++)
        if ((self->polled[POLL_CHILDREN + i].revents & POLLIN) &&
            self->options.launcher->reap(&self->children[i].run, &status))
            on_child_end(self, &self->children[i], status);
    for (siginfo_t info = {.si_pid = 0};; info.si_pid = 0) {
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == 0)
            return;
        for (size_t i = 0; i < supervisor_children(self); i++)
            if (self->children[i].run.process.pid == info.si_pid)
                return; // its pidfd is readable: next time
        waitpid(info.si_pid, NULL, WNOHANG);
    }
}

//  The children, and what those wait for that begin. Gives until when, at most.
static int64_t poll_children(supervisor_t *self, int64_t until_ms)
{
    bool begins = false, stops = self->phase == PHASE_STOPPING;
    for (size_t i = 0; i < supervisor_children(self); i++) {
        const child_t *child = &self->children[i];
        bool runs = child->run.process.pid != 0;
        self->polled[POLL_CHILDREN + i] =
            (struct pollfd){.fd = runs ? child->run.fd : -1, .events = POLLIN};
        begins = begins || (child->begins && !stops);
        if (!runs && !child->removed && !child->begins && !stops && child->due_ms < until_ms)
            until_ms = child->due_ms;
        if (runs && child->kill_ms && child->kill_ms < until_ms)
            until_ms = child->kill_ms;
    }
    for (size_t i = 0; i < LAUNCH_FDS; i++)
        self->polled[POLL_LAUNCH + i] =
            (struct pollfd){.fd = begins ? self->launch_wait.fds[i] : -1, .events = POLLIN};
    return begins && self->launch_wait.until_ms < until_ms ? self->launch_wait.until_ms : until_ms;
}

//  Waits for the next event, at most until a time, and handles it.
static void step(supervisor_t *self, int64_t until_ms)
{
    bool waited_for = self->phase == PHASE_STARTING && self->options.waiter_fd > 0;
    self->polled[POLL_SIGNALS] = (struct pollfd){.fd = self->signals, .events = POLLIN};
    self->polled[POLL_REPORTS] = (struct pollfd){.fd = self->reports, .events = POLLIN};
    self->polled[POLL_WAITER] =
        (struct pollfd){.fd = waited_for ? self->options.waiter_fd : -1};
    bool owned = self->options.owner_fd > 0 && !self->owner_gone;
    bool running = self->phase == PHASE_RUNNING, asked = self->request.asker >= 0;
    self->polled[POLL_OWNER] =
        (struct pollfd){.fd = owned ? self->options.owner_fd : -1, .events = POLLIN};
    self->polled[POLL_CONTROL] =
        (struct pollfd){.fd = running && !asked ? self->control : -1, .events = POLLIN};
    self->polled[POLL_ASKER] = (struct pollfd){
        .fd = running && asked && !self->request.begun ? self->request.asker : -1, .events = POLLIN};
    if (running && asked && self->request.deadline_ms < until_ms)
        until_ms = self->request.deadline_ms;
    until_ms = poll_children(self, until_ms);
    int64_t left_ms = until_ms - supervisor_now_ms();
    int timeout_ms = left_ms < 0 ? 0 : left_ms > RETRY_MS ? RETRY_MS : (int) left_ms;
    if (poll(self->polled, (nfds_t) (POLL_CHILDREN + supervisor_children(self)), timeout_ms) < 0)
        return;
    if (self->polled[POLL_SIGNALS].revents)
        on_signals(self);
    if (self->polled[POLL_REPORTS].revents)
        on_reports(self);
    if (self->polled[POLL_WAITER].revents)
        supervisor_fail_start(self, NULL, IPC_E_ABORTED, "nobody waits for the cluster any more");
    if (self->polled[POLL_OWNER].revents) {
        self->owner_gone = true;
        self->stops_asked++;
    }
    reap(self);
    request_serve(self);
}

// ---- the life of a cluster --------------------------------------------------------------

static int catch_signals(supervisor_t *self, ipc_error_t *error)
{
    sigset_t caught;
    sigemptyset(&caught);
    sigaddset(&caught, SIGINT);
    sigaddset(&caught, SIGTERM);
    sigaddset(&caught, SIGCHLD);
    struct sigaction hangup;
    if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
        sigaddset(&caught, SIGHUP); // else nohup asked to be let run
    sigprocmask(SIG_BLOCK, &caught, NULL);
    self->signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->signals < 0)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot take signals: %s", strerror(errno));
    return 0;
}

static int fail_busy(const ipc_paths_t *paths, ipc_error_t *error)
{
    ipc_auto(record_destroy) record_t *running = record_read(paths->cluster_file, NULL);
    if (!running || !process_lives(&running->supervisor))
        return -1; // somebody is starting or cleaning: *error says so already
    return ipc_fail(
        error, IPC_E_BUSY,
        "a cluster runs already (profile %s, cluster id \"%s\", %zu engines, pid %d): stop it "
        "with 'ipcluster stop' or give another --cluster-id",
        running->profile, running->cluster_id, running->engines,
        (int) running->supervisor.pid);
}

static int open_site(supervisor_t *self, ipc_error_t *error)
{
    ipc_paths_t paths;
    if (ipc_paths_find(&paths, self->options.profile, self->options.cluster_id, error))
        return -1;
    ipc_error_t cause;
    if (site_open(&self->site, &paths, &cause)) {
        ipc_fail(error, cause.code, "%s", cause.text);
        return cause.code == IPC_E_BUSY ? fail_busy(&paths, error) : -1;
    }
    return 0;
}

//  Where the journal is that was asked for; its folder is made.
static int find_journal(supervisor_t *self, ipc_error_t *error)
{
    ipc_journal_terms_t terms;
    if (!self->options.journal)
        return 0;
    if (ipc_journal_terms_read(&terms, self->options.journal, error) ||
        ipc_journal_path(&self->site.paths, self->journal, error))
        return -1;
    self->drops_journal = terms.temporary && access(self->journal, F_OK) != 0;
    return ipc_journal_make_folder(self->journal, error);
}

static void fill_record(supervisor_t *self)
{
    const ipc_paths_t *paths = &self->site.paths;
    record_t *record = self->record = ipc_xalloc(sizeof *record);
    ipc_text_copy(record->profile, sizeof record->profile, paths->profile);
    ipc_text_copy(record->cluster_id, sizeof record->cluster_id, paths->cluster_id);
    ipc_text_copy(record->directory, sizeof record->directory, paths->directory);
    ipc_text_copy(record->shm, sizeof record->shm, paths->shm);
    record->supervisor = process_of(getpid());
    record->engines = self->options.engines;
    record->scheme = self->options.scheme;
    record->hwm = self->options.hwm;
    if (self->options.gpus)
        record->gpus = *self->options.gpus;
}

static int open_launcher(supervisor_t *self, ipc_error_t *error)
{
    const launcher_t *launcher = self->options.launcher;
    const int result = launcher->open ? launcher->open(&self->launch, &self->site.paths, error) : 0;
    if (!result)
        children_renew_engines(self);
    return result;
}

supervisor_t *supervisor_new(const supervisor_options_t *options, ipc_error_t *error)
{
    if (options->engines < 1 || options->engines > CLUSTER_ENGINES_MAX) {
        ipc_fail(error, IPC_E_ARGUMENT, "a cluster has 1 to %d engines, not %zu",
                 CLUSTER_ENGINES_MAX, options->engines);
        return NULL;
    }
    supervisor_t *self = ipc_xalloc(sizeof *self);
    *self = (supervisor_t){
        .options = *options, .site = {.lock = -1}, .signals = -1, .reports = -1,
        .control = -1, .request = {.asker = -1}};
    if (!self->options.launcher)
        self->options.launcher = &launcher_local;
    if (ipc_program_path("ipcd", self->controller_path, error) ||
        ipc_program_path("ipengine", self->engine_path, error) ||
        catch_signals(self, error) || open_site(self, error) || find_journal(self, error)) {
        supervisor_destroy(&self);
        return NULL;
    }
    fill_record(self);
    self->control = control_listen(self->site.paths.directory, error);
    if (self->control < 0 || site_write_files(&self->site, self->record, error)) {
        supervisor_destroy(&self);
        return NULL;
    }
    children_make(self);
    if (open_launcher(self, error))
        supervisor_destroy(&self);
    return self;
}

int supervisor_start(supervisor_t *self, ipc_error_t *error)
{
    int timeout_ms = self->options.timeout_ms ? self->options.timeout_ms : READY_TIMEOUT_MS;
    int64_t deadline_ms = supervisor_now_ms() + timeout_ms;
    while (self->ready < self->options.engines && !self->failure.code) {
        children_start_due(self);
        step(self, deadline_ms);
        if (self->stops_asked)
            supervisor_fail_start(self, NULL, IPC_E_ABORTED,
                       self->owner_gone ? "the program that the cluster was for has ended"
                                        : "interrupted before the cluster was ready");
        if (supervisor_now_ms() < deadline_ms)
            continue;
        const child_t *late = &self->children[1];
        while (late->ready && late->id + 1 < (int) self->options.engines) late++;
        supervisor_fail_start(self, late, IPC_E_TIMEOUT,
                   "%zu of %zu engines are ready after %d s: engine %d is not", self->ready,
                   self->options.engines, timeout_ms / 1000, late->id);
    }
    if (!self->failure.code) {
        self->phase = PHASE_RUNNING;
        return 0;
    }
    return ipc_fail(error, self->failure.code, "%s", self->failure.text);
}

void supervisor_run(supervisor_t *self)
{
    while (!self->stops_asked) {
        children_start_due(self);
        step(self, supervisor_now_ms() + RETRY_MS);
    }
}

const char *supervisor_last_words(const supervisor_t *self)
{
    return self->last_words;
}

const ipc_paths_t *supervisor_paths(const supervisor_t *self)
{
    return &self->site.paths;
}

static void stop_children(supervisor_t *self)
{
    self->phase = PHASE_STOPPING;
    int asked = self->stops_asked;
    int64_t deadline_ms = supervisor_now_ms() + STOP_TIMEOUT_MS;
    children_signal(self, SIGTERM);
    while (children_run(self) && supervisor_now_ms() < deadline_ms && self->stops_asked == asked)
        step(self, deadline_ms); // a second Ctrl-C ends the patience
    children_signal(self, SIGKILL);
    if (self->options.launcher->close)
        self->options.launcher->close(&self->launch);
    deadline_ms = supervisor_now_ms() + STOP_TIMEOUT_MS;
    while ((children_kill_left() || children_run(self)) && supervisor_now_ms() < deadline_ms)
        step(self, deadline_ms);
}

void supervisor_destroy(supervisor_t **self_p)
{
    supervisor_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->request.asker >= 0)
        control_answer(self->request.asker, "error the cluster is being stopped");
    if (self->control >= 0)
        close(self->control);
    if (self->children)
        stop_children(self);
    if (self->drops_journal)
        ipc_journal_remove(self->journal, NULL); // there is none where the start has failed
    site_close(&self->site);
    if (self->reports >= 0)
        close(self->reports);
    if (self->signals >= 0)
        close(self->signals);
    free(self->children);
    free(self->polled);
    record_destroy(&self->record);
    free(self);
}
