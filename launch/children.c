//  The processes of a cluster: how they start, start again when they die, and are ended.
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fail.h"
#include "launch/devices.h"
#include "launch/supervisor_body.h"

void child_name(char name[32], const child_t *child)
{
    if (child->id == CONTROLLER)
        snprintf(name, 32, "the controller");
    else
        snprintf(name, 32, "engine %d", child->id);
}

//  A thousand engines are a thousand pidfds here and a thousand sockets in the controller, which inherits it.
static void allow_descriptors(size_t children)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) ||
        limit.rlim_cur >= 4 * children + DESCRIPTORS_SPARE)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void children_make(supervisor_t *self)
{
    self->children = ipc_xalloc(supervisor_children(self) * sizeof self->children[0]);
    self->polled = ipc_xalloc((POLL_CHILDREN + supervisor_children(self)) * sizeof self->polled[0]);
    for (size_t i = 0; i < supervisor_children(self); i++)
        self->children[i] = (child_t){.id = (int) i - 1, .run = {.fd = -1}};
    // What a killed nanny leaves behind becomes our child, and so can be found and ended.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    allow_descriptors(supervisor_children(self));
}

void children_grow(supervisor_t *self, size_t engines)
{
    size_t first = supervisor_children(self);
    self->options.engines = self->record->engines = engines;
    self->children = ipc_xrealloc(self->children, supervisor_children(self) * sizeof self->children[0]);
    self->polled = ipc_xrealloc(self->polled,
                                (POLL_CHILDREN + supervisor_children(self)) * sizeof self->polled[0]);
    for (size_t i = first; i < supervisor_children(self); i++) {
        self->children[i] = (child_t){.id = (int) i - 1, .run = {.fd = -1}};
        self->polled[POLL_CHILDREN + i] = (struct pollfd){.fd = -1};
    }
    allow_descriptors(supervisor_children(self));
}

void children_renew_engines(supervisor_t *self)
{
    if (!self->options.launcher->renew)
        return;
    int *ids = ipc_xalloc(self->options.engines * sizeof *ids);
    size_t count = 0;
    for (size_t i = 1; i < supervisor_children(self); i++)
        if (!self->children[i].removed)
            ids[count++] = self->children[i].id;
    if (count > 0)
        self->options.launcher->renew(self->launch, ids, count);
    free(ids);
}

// ---- starting ---------------------------------------------------------------------------

//  Words of a command line, in the order in which they are added; there is room for all that anybody adds.
typedef struct words {
    const char *all[24];               // NULL ends them
    size_t count;
} words_t;

static void add_option(words_t *self, const char *name, const char *value)
{
    if (!value)
        return;
    assert(self->count + 2 < sizeof self->all / sizeof self->all[0]);
    self->all[self->count++] = name;
    self->all[self->count++] = value;
}

//  Starts the controller with a new pair of sockets for its reports and our orders; what an earlier
//  one had not finished saying is lost.
static int start_controller(supervisor_t *self, launch_job_t *job, child_t *child,
                            ipc_error_t *error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make a pair of sockets: %s", strerror(errno));
    fcntl(ends[0], F_SETFL, O_NONBLOCK); // the controller may write to its end as it likes
    char supervisor[16], ready_fd[16], hwm[16], successor[16];
    size_t engines = 0; // that a controller before this one had
    for (size_t i = 1; self->phase == PHASE_RUNNING && i < supervisor_children(self); i++) {
        child_t *engine = &self->children[i];
        engines += !engine->removed;
        engine->forgotten = engine->removed && engine->run.process.pid == 0; // this one never hears of it
    }
    snprintf(supervisor, sizeof supervisor, "%d", (int) getpid());
    snprintf(ready_fd, sizeof ready_fd, "%d", LAUNCH_EXTRA_FD);
    snprintf(hwm, sizeof hwm, "%u", (unsigned) self->options.hwm);
    snprintf(successor, sizeof successor, "%zu", engines);
    bool journal = self->journal[0];
    words_t words = {.all = {"ipcd"}, .count = 1};
    add_option(&words, "--directory", self->site.paths.directory);
    add_option(&words, "--ready-fd", ready_fd);
    add_option(&words, "--supervisor", supervisor);
    add_option(&words, "--scheme", ipc_scheme_name(self->options.scheme));
    add_option(&words, "--hwm", hwm);
    add_option(&words, "--suspect-after", self->options.suspect_after);
    add_option(&words, "--lose-after", self->options.lose_after);
    add_option(&words, "--journal", journal ? self->journal : NULL);
    add_option(&words, "--journal-terms", journal ? self->options.journal : NULL);
    add_option(&words, "--successor", journal ? successor : NULL);
    job->program = self->controller_path;
    job->arguments = words.all;
    job->extra_fd = ends[1];
    int result = self->options.launcher->start(self->launch, job, &child->run, error);
    close(ends[1]);
    if (self->reports >= 0)
        close(self->reports);
    self->reports = ends[0];
    self->line_size = 0;
    return result;
}

static int start_nanny(supervisor_t *self, launch_job_t *job, child_t *child,
                       ipc_error_t *error)
{
    char id[16], supervisor[16];
    device_options_t device;
    snprintf(id, sizeof id, "%d", child->id);
    snprintf(supervisor, sizeof supervisor, "%d", (int) getpid());
    words_t words = {.all = {"ipengine"}, .count = 1};
    add_option(&words, "--directory", self->site.paths.directory);
    add_option(&words, "--id", id);
    add_option(&words, "--supervisor", supervisor);
    device_options(&device, &self->record->gpus, (size_t) child->id, self->options.hides_gpus);
    for (size_t i = 0; device.all[i]; i++) words.all[words.count++] = device.all[i];
    job->program = self->engine_path;
    job->arguments = words.all;
    return self->options.launcher->start(self->launch, job, &child->run, error);
}

static int start_child(supervisor_t *self, child_t *child, ipc_error_t *error)
{
    char log[IPC_PATH_MAX];
    log_path(log, self->site.paths.logs, child->id);
    launch_job_t job = {.log = log, .extra_fd = -1, .engine = child->id};
    bool controller = child->id == CONTROLLER;
    int result = controller ? start_controller(self, &job, child, error)
                            : start_nanny(self, &job, child, error);
    if (result)
        return -1;
    *(controller ? &self->record->controller : &self->record->nannies[child->id]) =
        child->run.process;
    return 0;
}

void child_schedule_restart(supervisor_t *self, child_t *child, const char *how)
{
    int64_t now = supervisor_now_ms();
    child->deaths_ms[child->deaths++ % DEATHS_MAX] = now;
    int64_t oldest_ms = child->deaths_ms[child->deaths % DEATHS_MAX];
    bool was_looping = child->looping;
    child->looping = child->deaths >= DEATHS_MAX && now - oldest_ms < DEATHS_SPAN_MS;
    child->due_ms = child->looping ? now + RETRY_MS : now;
    char name[32];
    child_name(name, child);
    if (!child->looping) {
        supervisor_tell(self, "%s %s: starting it again", name, how);
    } else if (!was_looping) {
        char path[IPC_PATH_MAX], words[LOG_TAIL_TEXT];
        log_path(path, self->site.paths.logs, child->id);
        log_tail(words, path);
        supervisor_tell(
            self,
            "%s %s, for the %dth time in a minute: trying again each %d s; its "
            "last words:\n%s",
            name, how, DEATHS_MAX, RETRY_MS / 1000, words[0] ? words : "    (none)");
    }
}

//  As launcher_t.prepare.
static int prepare(supervisor_t *self, const child_t *child, ipc_error_t *error)
{
    const launcher_t *launcher = self->options.launcher;
    if (child->id == CONTROLLER || !launcher->prepare)
        return 1;
    return launcher->prepare(self->launch, child->id, &self->launch_wait, error);
}

void children_start_due(supervisor_t *self)
{
    bool started = false;
    for (size_t i = 0; i < supervisor_children(self); i++) {
        child_t *child = &self->children[i];
        ipc_error_t error;
        child->begins = false;
        if (child->run.process.pid || child->removed || child->due_ms > supervisor_now_ms())
            continue;
        int ready = prepare(self, child, &error);
        child->begins = ready == 0;
        if (child->begins)
            continue;
        if (ready > 0 && !start_child(self, child, &error)) {
            started = true;
            continue;
        }
        if (self->phase == PHASE_STARTING) {
            supervisor_fail_start(self, NULL, error.code, "%s", error.text);
            return;
        }
        child_schedule_restart(self, child, error.text);
    }
    if (started)
        supervisor_write_record(self);
}

// ---- ending -----------------------------------------------------------------------------

void children_signal(supervisor_t *self, int signal)
{
    for (size_t i = supervisor_children(self); i-- > 0;) // engines first, the controller last
        if (self->children[i].run.process.pid)
            self->options.launcher->signal(&self->children[i].run, signal);
}

bool children_run(const supervisor_t *self)
{
    for (size_t i = 0; i < supervisor_children(self); i++)
        if (self->children[i].run.process.pid)
            return true;
    return false;
}

bool children_kill_left(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int) getpid());
    FILE *file = fopen(path, "re");
    bool found = false;
    for (int pid = 0; file && fscanf(file, "%d", &pid) == 1; found = true)
        kill(pid, SIGKILL);
    if (file)
        fclose(file);
    return found;
}
