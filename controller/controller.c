#include "controller/controller.h"

#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/descriptors.h"
#include "common/fail.h"
#include "controller/detached.h"
#include "controller/outlast.h"
#include "controller/recovery.h"
#include "controller/slab.h"

enum { MESSAGES_PER_TURN = 256, MANY_TASKS = 10000, SUPERVISOR_GRACE_MS = 10000 };
enum { DESCRIPTORS_NEEDED = 48 };      // its own, those that are kept (watch.c), and an engine's

//  A ROUTER on ipc:// that only this user may connect to.
static void *bind_router(controller_t *self, const char *endpoint, ipc_error_t *error)
{
    void *socket = zmq_socket(self->zmq, ZMQ_ROUTER);
    int zero = 0, one = 1, linger = 100;
    uid_t uid = geteuid();
    int64_t largest = IPC_MAX_FRAME;
    const char *path = strstr(endpoint, "://") + strlen("://");
    unlink(path); // of a controller that was killed
    if (!socket || zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof zero) ||
        zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero) ||
        zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) ||
        zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &one, sizeof one) ||
        zmq_setsockopt(socket, ZMQ_IPC_FILTER_UID, &uid, sizeof uid) ||
        TEMP_FAILURE_RETRY(zmq_bind(socket, endpoint))) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot serve %s: %s", endpoint, zmq_strerror(errno));
        if (socket)
            zmq_close(socket);
        return NULL;
    }
    return socket;
}

//  Opens the journal. SIGTERM and SIGINT end the main loop then, not the process: what is under way is to be written.
//  They are blocked before there are threads that could take them.
static int open_journal(controller_t *self, const controller_options_t *options, ipc_error_t *error)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    self->end_signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->end_signals < 0)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot take signals: %s", strerror(errno));
    self->journal = journal_new(options->journal, &options->journal_terms, error);
    return self->journal ? 0 : -1;
}

controller_t *controller_new(const controller_options_t *options, ipc_error_t *error)
{
    controller_t *self = ipc_xalloc(sizeof *self);
    char path[IPC_PATH_MAX + 16];
    self->ready_fd = options->ready_fd;
    self->end_signals = -1;
    self->deaths = epoll_create1(EPOLL_CLOEXEC);
    self->supervisor = options->supervisor;
    self->suspect_ms = options->suspect_ms;
    self->lose_ms = options->lose_ms;
    self->supervisor_pidfd =
        options->supervisor > 0 ? (int) syscall(SYS_pidfd_open, options->supervisor, 0) : -1;
    snprintf(path, sizeof path, "%s/client.json", options->directory);
    int rc = ipc_connection_read(&self->client_file, path, error);
    snprintf(path, sizeof path, "%s/engine.json", options->directory);
    rc = rc || ipc_connection_read(&self->engine_file, path, error);
    if (!rc && self->deaths < 0)
        rc = ipc_fail(error, IPC_E_SYSTEM, "cannot watch for deaths: %s", strerror(errno));
    rc = rc || ipc_descriptors_check(DESCRIPTORS_NEEDED, error);
    if (!rc && options->journal)
        rc = open_journal(self, options, error);
    if (!rc) {
        self->zmq = zmq_ctx_new();
        self->clients = bind_router(self, self->client_file.endpoint, error);
        self->engines = self->clients ? bind_router(self, self->engine_file.endpoint, error) : NULL;
    }
    if (!self->engines) {
        controller_destroy(&self);
        return NULL;
    }
    self->loop = zloop_new();
    self->scheduler = scheduler_new(&controller_actions, self);
    scheduler_begin_at(self->scheduler, randombytes_random()); // a result of before a restart fits no span
    scheduler_choose_by(self->scheduler, options->scheme, options->hwm, randombytes_random());
    self->functions = functions_new();
    self->objects = objects_new(object_freed, self);
    self->history = history_new();
    self->attempts = attempts_new();
    self->detached = detached_new(self);
    self->detached_client = SCHEDULER_NO_CLIENT;
    self->payloads = slab_new(sizeof(payload_t));
    if (self->journal)
        self->recovery = recovery_new(self, options->successor);
    self->succeeds = options->successor > 0;
    if (self->ready_fd >= 0)
        dprintf(self->ready_fd, "listening\n");
    return self;
}

void controller_destroy(controller_t **self_p)
{
    controller_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->scheduler) {
        controller_begin_turn(self);
        records_end(self);
        scheduler_destroy(&self->scheduler);
    }
    recovery_destroy(&self->recovery);
    journal_destroy(&self->journal); // before the names of functions, which it has
    detached_destroy(&self->detached);
    history_destroy(&self->history);
    attempts_destroy(&self->attempts);
    peers_free(self);
    objects_destroy(&self->objects);
    functions_destroy(&self->functions);
    slab_destroy(&self->payloads);
    endings_free(self);
    zloop_destroy(&self->loop);
    if (self->clients)
        zmq_close(self->clients);
    if (self->engines)
        zmq_close(self->engines);
    if (self->zmq)
        zmq_ctx_term(self->zmq);
    if (self->supervisor_pidfd >= 0)
        close(self->supervisor_pidfd);
    if (self->deaths >= 0)
        close(self->deaths);
    if (self->end_signals >= 0)
        close(self->end_signals);
    free(self->dirty);
    free(self->by_client);
    free(self->entries);
    free(self->pending);
    free(self);
}

//  Serves the messages of one frame. A peer that says what it may not is dropped.
static void serve_frame(controller_t *self, peer_t *peer, handler_fn *const *handlers, parcel_t *parcel)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_error_t error = {0};
    int more = ipc_frame_open(&reader, zmq_msg_data(&parcel->frame), zmq_msg_size(&parcel->frame), &error);
    if (more == 0)
        more = 1;
    peer_kind_t wanted = handlers == client_handlers ? PEER_CLIENT : PEER_ENGINE;
    while (more == 1 && (more = ipc_msg_unpack(&msg, &reader, &error)) == 1) {
        bool greets = msg.type == IPC_MSG_HELLO || msg.type == IPC_MSG_REGISTER;
        if (msg.type == IPC_MSG_BYE && peer->kind == PEER_NEW)
            peer->leaving = true; // the last words of a client whose death was known before
        else if (!handlers[msg.type] || (peer->kind != wanted && !greets))
            more = ipc_fail(&error, IPC_E_PROTOCOL, "a %s message is not expected here",
                            ipc_msg_name(msg.type));
        else
            handlers[msg.type](self, peer, &msg, parcel);
        if (peer->leaving)
            break;
    }
    if (more < 0)
        peer_expel(self, peer, error.code, error.text);
    else if (peer->leaving)
        peer_dismiss(self, peer);
}

//  True when there is one; a signal must not pass for "nothing has come".
static bool take(zmq_msg_t *frame, void *socket)
{
    return TEMP_FAILURE_RETRY(zmq_msg_recv(frame, socket, ZMQ_DONTWAIT)) >= 0;
}

//  Receives one frame of a peer and serves it. False when there is none.
static bool receive(controller_t *self, void *socket, handler_fn *const *handlers)
{
    zmq_msg_t route;
    zmq_msg_init(&route);
    if (!take(&route, socket)) {
        zmq_msg_close(&route);
        return false;
    }
    parcel_t *parcel = ipc_xalloc(sizeof *parcel);
    parcel->references = 1;
    zmq_msg_init(&parcel->frame);
    bool more = zmq_msg_more(&route) && take(&parcel->frame, socket);
    peer_t *peer = peer_find(self, socket, zmq_msg_data(&route), zmq_msg_size(&route));
    if (!peer)
        peer = peer_new(self, socket, zmq_msg_data(&route), zmq_msg_size(&route));
    zmq_msg_close(&route);
    peer->heard = self->beat;
    if (peer->suspected)
        pulse_back(self, peer);
    if (more && zmq_msg_more(&parcel->frame)) { // we send two frames: the rest is not ours
        zmq_msg_t rest;
        do {
            zmq_msg_init(&rest);
            more = take(&rest, socket) && zmq_msg_more(&rest);
            zmq_msg_close(&rest);
        } while (more);
        peer_expel(self, peer, IPC_E_PROTOCOL, "a message of too many parts");
    } else if (more) {
        serve_frame(self, peer, handlers, parcel);
    }
    parcel_release(parcel);
    return true;
}

void controller_begin_turn(controller_t *self)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    self->now = (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

static int on_held(zloop_t *loop, int timer, void *argument);

static void dispatch(controller_t *self)
{
    enum { HELD_MS = 5 };
    decisions_serve(self);
    bool late = scheduler_next_deadline(self->scheduler) <= self->now;
    bool held = scheduler_dispatch(self->scheduler, self->now);
    if (late) { // what depends on what has just ended
        decisions_serve(self);
        held = scheduler_dispatch(self->scheduler, self->now);
    }
    deadline_arm(self);
    if (held && !self->held_timer) {
        self->held_timer = true;
        zloop_timer(self->loop, HELD_MS, 1, on_held, self);
    }
}

//  What follows from the events of a turn, then what is to be said.
void controller_end_turn(controller_t *self)
{
    dispatch(self);
    engines_tell(self);
    if (self->recovery)
        recovery_flush(self->recovery);
    peers_flush(self);
    engines_report(self);
}

//  Work was held back from an idle engine: time to look whether the faster ones really got through.
static int on_held(zloop_t *loop, int timer, void *argument)
{
    (void) loop;
    (void) timer;
    controller_t *self = argument;
    self->held_timer = false;
    controller_begin_turn(self);
    controller_end_turn(self);
    return 0;
}

//  Processes of peers died.
static int on_deaths(zloop_t *loop, zmq_pollitem_t *item, void *argument)
{
    (void) loop;
    (void) item;
    controller_t *self = argument;
    controller_begin_turn(self);
    watch_serve(self);
    controller_end_turn(self);
    return 0;
}

static int on_end(zloop_t *loop, zmq_pollitem_t *item, void *argument)
{
    (void) loop;
    (void) item;
    (void) argument;
    return -1;
}

//  The journal has answers.
static int on_journal(zloop_t *loop, zmq_pollitem_t *item, void *argument)
{
    (void) loop;
    (void) item;
    controller_t *self = argument;
    controller_begin_turn(self);
    journal_serve(self->journal);
    controller_end_turn(self);
    return 0;
}

static void hear_clients(controller_t *self);

//  One turn: what has come in, then what follows from it, then what is to be said.
static int on_turn(zloop_t *loop, zmq_pollitem_t *item, void *argument)
{
    (void) loop;
    controller_t *self = argument;
    controller_begin_turn(self);
    bool engines = item->socket == self->engines;
    for (int i = 0; i < MESSAGES_PER_TURN; i++)
        if (!receive(self, item->socket, engines ? engine_handlers : client_handlers))
            break;
    // Late results of a former worker have been read by now.
    size_t admitted = self->pending_count;
    for (size_t i = 0; i < admitted; i++) engine_admit(self, &self->pending[i]);
    self->pending_count -= admitted;
    controller_end_turn(self);
    if (!self->hears_clients)
        hear_clients(self);
    if (self->submitted > MANY_TASKS && scheduler_counts(self->scheduler).jobs == 0) {
        self->submitted = 0;
        self->results_leave = true;
        malloc_trim(0); // what many tasks took goes back to the system
    }
    return 0;
}

//  Before the first client is heard.
static void begin_outlasting(controller_t *self)
{
    controller_begin_turn(self);
    outlast_begin(self, self->succeeds);
    controller_end_turn(self);
}

//  Clients are heard once the engines have told what they have.
static void hear_clients(controller_t *self)
{
    if (self->hears_clients || (self->recovery && !recovery_is_ready(self->recovery)))
        return;
    self->hears_clients = true;
    if (self->journal)
        begin_outlasting(self);
    zloop_poller(self->loop, &(zmq_pollitem_t){.socket = self->clients, .events = ZMQ_POLLIN}, on_turn, self);
}

static int on_wait_for_engines(zloop_t *loop, int timer, void *argument)
{
    controller_t *self = argument;
    hear_clients(self);
    if (self->hears_clients)
        zloop_timer_end(loop, timer);
    return 0;
}

static int on_second(zloop_t *loop, int timer, void *argument)
{
    (void) loop;
    (void) timer;
    controller_t *self = argument;
    if (self->recovery && recovery_is_over(self->recovery)) {
        recovery_end(self->recovery);
        journal_settle(self->journal);
    }
    engines_check(self);
    engines_tell(self);
    if (self->recovery)
        recovery_flush(self->recovery);
    peers_flush(self);
    if (self->results_leave) {
        self->results_leave = false;
        malloc_trim(0); // and what their last results took
    }
    return 0;
}

static int on_grace_over(zloop_t *loop, int timer, void *argument)
{
    (void) loop;
    (void) timer;
    (void) argument;
    fprintf(stderr, "error: the supervisor is gone: ipcd ends\n");
    return -1;
}

static int on_supervisor_gone(zloop_t *loop, zmq_pollitem_t *item, void *argument)
{
    zloop_poller_end(loop, item);
    zloop_timer(loop, SUPERVISOR_GRACE_MS, 1, on_grace_over, argument);
    return 0;
}

void controller_run(controller_t *self)
{
    enum { LOOK_MS = 20 };
    zmq_pollitem_t items[] = {{.socket = self->engines, .events = ZMQ_POLLIN},
                              {.fd = self->deaths, .events = ZMQ_POLLIN},
                              {.fd = self->supervisor_pidfd, .events = ZMQ_POLLIN}};
    zloop_poller(self->loop, &items[0], on_turn, self);
    zloop_poller(self->loop, &items[1], on_deaths, self);
    if (self->supervisor_pidfd >= 0)
        zloop_poller(self->loop, &items[2], on_supervisor_gone, self);
    hear_clients(self);
    if (!self->hears_clients) // else an engine's turn finds it, if no time does
        zloop_timer(self->loop, LOOK_MS, 0, on_wait_for_engines, self);
    if (self->journal) {
        zloop_poller(self->loop, &(zmq_pollitem_t){.fd = journal_fd(self->journal), .events = ZMQ_POLLIN}, on_journal,
                     self);
        zloop_poller(self->loop, &(zmq_pollitem_t){.fd = self->end_signals, .events = ZMQ_POLLIN}, on_end, self);
    }
    orders_start(self);
    pulse_start(self);
    zloop_timer(self->loop, 1000, 0, on_second, self);
    zloop_start(self->loop);
}

char *controller_report(controller_t *self)
{
    scheduler_counts_t counts = scheduler_counts(self->scheduler);
    char *text = ipc_xformat("controller pid %d: %zu jobs, %zu spans, %zu bytes of records, %zu objects\n",
                             getpid(), counts.jobs, counts.spans, counts.bytes, objects_count(self->objects));
    for (uint32_t i = 0; i < self->entry_count; i++) {
        const engine_entry_t *entry = &self->entries[i];
        if (!entry->known)
            continue;
        char *longer = ipc_xformat(
            "%sengine %u pid %d: %s, %zu items sent, %zu waiting, %llu finished, %u restarts%s%s\n", text, i,
            entry->pid, engine_is_here(entry) ? entry->peer->suspected ? "suspected" : "ready" : entry->lapsed ? "lost" : "restarting",
            scheduler_engine_load(self->scheduler, i),
            scheduler_engine_queue(self->scheduler, i),
            (unsigned long long) scheduler_engine_finished(self->scheduler, i), entry->restarts,
            entry->why[0] ? ", " : "", entry->why);
        free(text);
        text = longer;
    }
    return text;
}
