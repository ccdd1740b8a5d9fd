//  What others ask of a running supervisor: see launch/control.h.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "launch/control.h"
#include "launch/supervisor_body.h"

bool request_ended_child(supervisor_t *self, child_t *child)
{
    if (!child->removed && !child->restarting)
        return false;
    child->restarting = false;
    child->kill_ms = 0;
    child->due_ms = supervisor_now_ms();
    if (child->removed)
        self->record->nannies[child->id] = (process_t){.pid = 0};
    if (child->removed && self->reports >= 0)
        dprintf(self->reports, "gone %d\n", child->id);
    supervisor_write_record(self);
    return true;
}

//  Asks an engine to end; the controller is told of one that does not come back.
static void end_engine(supervisor_t *self, child_t *child, bool removes)
{
    child->removed = removes;
    child->restarting = !removes && child->run.process.pid;
    child->kill_ms = supervisor_now_ms() + PATIENCE_MS;
    child->due_ms = supervisor_now_ms(); // of one that waits because it died again and again
    self->ready -= child->ready;
    child->ready = false;
    if (removes && self->reports >= 0)
        dprintf(self->reports, "remove %d\n", child->id);
    if (child->run.process.pid)
        self->options.launcher->signal(&child->run, SIGTERM);
    else if (removes)
        request_ended_child(self, child);
}

static bool is_engine(const supervisor_t *self, unsigned long id)
{
    return id < self->options.engines && !self->children[1 + id].removed;
}

void request_of_client(supervisor_t *self, unsigned long id, bool removes)
{
    if (self->phase == PHASE_RUNNING && is_engine(self, id))
        end_engine(self, &self->children[1 + id], removes);
    else if (self->reports >= 0)
        dprintf(self->reports, "%s %lu\n", self->phase == PHASE_RUNNING ? "foreign" : "busy", id);
}

static int refuse_request(supervisor_t *self, const char *format, unsigned long number)
{
    char text[CONTROL_TEXT / 2];
    snprintf(text, sizeof text, format, number);
    control_answer(self->request.asker, "error %s", text);
    self->request.asker = -1;
    return -1;
}

static void begin_request(supervisor_t *self, const char *text)
{
    request_t *request = &self->request;
    unsigned long number = 0;
    request->begun = true;
    request->removes = sscanf(text, "remove %lu", &number) == 1;
    request->deadline_ms = supervisor_now_ms() + ASK_TIMEOUT_MS;
    if (sscanf(text, "add %lu", &number) == 1) {
        request->first = self->options.engines;
        request->count = number;
        if (number < 1 || number > CLUSTER_ENGINES_MAX - self->options.engines)
            refuse_request(self,
                           "a cluster has at most 1024 engines in its life, those removed too: %lu more are too many",
                           number);
        else
            children_grow(self, self->options.engines + number);
        return;
    }
    bool one = request->removes || sscanf(text, "restart %lu", &number) == 1;
    request->first = one ? number : 0;
    request->count = one ? 1 : self->options.engines;
    if (!one && strcmp(text, "restart") != 0)
        refuse_request(self, "the supervisor does not know this request", 0);
    else if (one && !is_engine(self, number))
        refuse_request(self, "there is no engine %lu", number);
    else {
        for (size_t i = request->first; i < request->first + request->count; i++)
            if (is_engine(self, i))
                end_engine(self, &self->children[1 + i], request->removes);
        if (!one)
            children_renew_engines(self);
    }
}

//  What was to go is gone when the controller says so, or there is none that could.
static bool has_gone(const supervisor_t *self, const child_t *child)
{
    return child->run.process.pid == 0 && (child->forgotten || self->reports < 0);
}

//  True when all that was asked for has come about.
static bool request_is_done(const supervisor_t *self)
{
    const request_t *request = &self->request;
    for (size_t i = request->first; i < request->first + request->count; i++) {
        const child_t *child = &self->children[1 + i];
        if (request->removes ? !has_gone(self, child) : !child->removed && !child->ready)
            return false;
    }
    return true;
}

void request_serve(supervisor_t *self)
{
    request_t *request = &self->request;
    char text[CONTROL_TEXT];
    for (size_t i = 1; i < supervisor_children(self); i++) {
        child_t *child = &self->children[i];
        if (child->run.process.pid && child->kill_ms && supervisor_now_ms() >= child->kill_ms)
            self->options.launcher->signal(&child->run, SIGKILL);
    }
    if (self->phase != PHASE_RUNNING)
        return;
    if (request->asker < 0 && self->polled[POLL_CONTROL].revents)
        *request = (request_t){.asker = control_accept(self->control),
                               .deadline_ms = supervisor_now_ms() + ASK_TIMEOUT_MS};
    else if (request->asker >= 0 && !request->begun && self->polled[POLL_ASKER].revents) {
        int size = control_read(request->asker, text);
        if (size > 0)
            begin_request(self, text);
        else if (size == 0) {
            close(request->asker);
            request->asker = -1;
        }
    }
    if (request->asker < 0)
        return;
    if (request->begun && request_is_done(self))
        control_answer(request->asker, "ok %zu", request->first);
    else if (supervisor_now_ms() >= request->deadline_ms)
        control_answer(request->asker, "error engine %zu is not ready after %d s: see 'ipcluster logs %zu'",
                       request->first, ASK_TIMEOUT_MS / 1000, request->first);
    else
        return;
    request->asker = -1;
}
