//  Engines that clients end, or have run anew. The supervisor does it, which would start them again else; the nanny of
//  an engine that it did not start is asked here.
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"
#include "controller/state.h"

//  One position of a client's SHUTDOWN.
struct ending {
    peer_t *peer;                      // the client
    uint64_t job, position;
    uint32_t engine;
    uint32_t nanny;                    // that it had when it was asked to end
    bool restarts;
    int nanny_fd;                      // its pidfd, of one that is asked here; or -1
    ending_t *next;
};

//  Tells the client what became of it: 0, or an error's code and sentence.
static void answer(controller_t *self, const ending_t *ending, int code, const char *text)
{
    ipc_writer_t body = {0};
    ipc_failure_t failure = {.code = (uint32_t) code, .kind = ipc_bytes_of(ipc_code_kind(code)),
                             .text = ipc_bytes_of(text)};
    if (code)
        ipc_failure_pack(&failure, &body);
    else
        ipc_write_nil(&body);
    engines_tell_first(self, ending->peer); // also when all went well
    peer_send(ending->peer, &(ipc_msg_t){.type = IPC_MSG_RESULT,
                                         .result = {.failed = code != 0, .engine = ending->engine, .attempts = 1,
                                                    .job = ending->job, .first = ending->position, .count = 1,
                                                    .started = self->now, .finished = self->now,
                                                    .body = {body.data, body.size}}});
    ipc_writer_destroy(&body);
}

//  Takes one off the list and frees it.
static void ending_remove(controller_t *self, ending_t **at)
{
    ending_t *ending = *at;
    *at = ending->next;
    if (ending->nanny_fd >= 0) {
        zloop_poller_end(self->loop, &(zmq_pollitem_t){.fd = ending->nanny_fd});
        close(ending->nanny_fd);
    }
    free(ending);
}

//  Ends those of one engine that restart, or that do not.
static void finish(controller_t *self, uint32_t engine, bool restarts, int code, const char *format)
{
    char text[128];
    snprintf(text, sizeof text, format, engine);
    for (ending_t **at = &self->endings; *at;)
        if ((*at)->engine == engine && (*at)->restarts == restarts) {
            answer(self, *at, code, text);
            ending_remove(self, at);
        } else {
            at = &(*at)->next;
        }
}

//  It is gone for good: another one of its id does not run its cells again.
static void forget_cells(const controller_t *self, uint32_t engine)
{
    char path[IPC_PATH_MAX];
    ipc_restore_path(self->engine_file.directory, engine, path);
    unlink(path);
}

static void order(controller_t *self, const ending_t *ending)
{
    dprintf(self->ready_fd, "%s %u\n", ending->restarts ? "restart" : "shutdown", ending->engine);
}

void on_shutdown(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (msg->shutdown.engines.size == 0 && self->is_ordered) { // the supervisor ends us too
        fprintf(stderr, "info: a client (pid %d) stops the cluster\n", peer->pid);
        dprintf(self->ready_fd, "stop\n");
    }
    for (size_t i = 0; i < msg->shutdown.engines.size / sizeof(uint32_t); i++) {
        ending_t *ending = ipc_xalloc(sizeof *ending);
        *ending = (ending_t){.peer = peer, .job = msg->shutdown.job, .position = i,
                             .restarts = msg->shutdown.restart != 0, .nanny_fd = -1, .next = self->endings};
        memcpy(&ending->engine, msg->shutdown.engines.data + i * sizeof ending->engine, sizeof ending->engine);
        self->endings = ending;
        engine_entry_t *entry = ending->engine < self->entry_count ? &self->entries[ending->engine] : NULL;
        if (!entry || !entry->known) {
            finish(self, ending->engine, ending->restarts, IPC_E_ENGINE_LOST, "there is no engine %u any more");
            continue;
        }
        ending->nanny = entry->nanny;
        entry->ended = true;
        if (self->is_ordered)
            order(self, ending);
        else
            endings_foreign(self, ending->engine);
    }
}

static int on_nanny_end(zloop_t *loop, zmq_pollitem_t *item, void *argument)
{
    (void) loop;
    controller_t *self = argument;
    ending_t **at = &self->endings;
    while (*at && (*at)->nanny_fd != item->fd) at = &(*at)->next;
    if (!*at)
        return 0;
    controller_begin_turn(self);
    forget_cells(self, (*at)->engine);
    answer(self, *at, 0, "");
    ending_remove(self, at);
    controller_end_turn(self);
    return 0;
}

static bool ask_nanny(controller_t *self, ending_t *ending)
{
    ending->nanny_fd = (int) syscall(SYS_pidfd_open, (pid_t) ending->nanny, 0);
    if (ending->nanny_fd < 0)
        return false;
    syscall(SYS_pidfd_send_signal, ending->nanny_fd, SIGTERM, NULL, 0);
    zloop_poller(self->loop, &(zmq_pollitem_t){.fd = ending->nanny_fd, .events = ZMQ_POLLIN}, on_nanny_end, self);
    return true;
}

void endings_foreign(controller_t *self, uint32_t engine)
{
    bool removes = false;
    finish(self, engine, true, IPC_E_SYSTEM, "engine %u was not started by ipcluster: it cannot be started again here");
    for (ending_t **at = &self->endings; *at;) {
        if ((*at)->engine != engine || (*at)->nanny_fd >= 0) {
            at = &(*at)->next;
            continue;
        }
        removes = true;
        if (ask_nanny(self, *at)) {
            at = &(*at)->next;
        } else { // it is gone already
            forget_cells(self, engine);
            answer(self, *at, 0, "");
            ending_remove(self, at);
        }
    }
    if (removes)
        engine_remove(self, engine);
    else if (engine < self->entry_count)
        self->entries[engine].ended = false;
}

void endings_gone(controller_t *self, uint32_t engine)
{
    engine_remove(self, engine); // a worker of it may have come after the order to remove it
    forget_cells(self, engine);
    finish(self, engine, false, 0, "");
}

void endings_busy(controller_t *self, uint32_t engine)
{
    for (int restarts = 0; restarts < 2; restarts++)
        finish(self, engine, restarts, IPC_E_BUSY, "engine %u is left alone: the cluster is being started or stopped");
    if (engine < self->entry_count)
        self->entries[engine].ended = false;
}

void endings_lost(controller_t *self, uint32_t engine)
{
    finish(self, engine, true, IPC_E_ENGINE_LOST, "engine %u did not come back");
}

void endings_back(controller_t *self, uint32_t engine, uint32_t nanny)
{
    const ending_t *ending = self->endings;
    while (ending && (ending->engine != engine || !ending->restarts || ending->nanny == nanny)) ending = ending->next;
    if (ending)
        finish(self, engine, true, 0, "");
}

void endings_forget(controller_t *self, const peer_t *peer)
{
    for (ending_t **at = &self->endings; *at;)
        if ((*at)->peer == peer)
            ending_remove(self, at);
        else
            at = &(*at)->next;
}

void endings_free(controller_t *self)
{
    while (self->endings) ending_remove(self, &self->endings);
}
