//  What engines may say, and what the scheduler makes the controller say to them.
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "controller/detached.h"
#include "controller/slab.h"
#include "controller/hosts.h"
#include "controller/recovery.h"

//  --- Actions of the scheduler -----------------------------------------------------------------------

//  Tells an engine what a function's number means, the first time.
static void introduce(controller_t *self, peer_t *peer, uint32_t number)
{
    if (number / 8 >= peer->known_size) {
        size_t size = number / 8 + 16;
        peer->known = ipc_xgrow(peer->known, peer->known_size, size, 1);
        peer->known_size = size;
    }
    unsigned char bit = (unsigned char) (1u << number % 8);
    if (peer->known[number / 8] & bit)
        return;
    peer->known[number / 8] |= bit;
    const function_t *function = functions_at(self->functions, number);
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_FUNCTION,
                                 .function = {.function = number,
                                              .kind = function->kind,
                                              .key = ipc_bytes_of(function->key),
                                              .name = ipc_bytes_of(function->name),
                                              .libraries = ipc_bytes_of(function->libraries)}});
}

static ipc_bytes_t items_of(const payload_t *payload, const scheduler_span_t *span)
{
    uint32_t from = 0, to = 0;
    if (!payload->list)
        return (ipc_bytes_t){"", 0};
    uint64_t first = span->first + span->count - span->left;
    memcpy(&from, payload->list->places.data + first * sizeof from, sizeof from);
    memcpy(&to, payload->list->places.data + (span->first + span->count) * sizeof to, sizeof to);
    return (ipc_bytes_t){payload->list->data.data + from, to - from};
}

static void action_send(void *context, uint32_t engine, scheduler_span_t *span)
{
    controller_t *self = context;
    peer_t *peer = self->entries[engine].peer;
    const payload_t *payload = span->job->payload;
    ipc_objects_t objects = payload_objects(payload);
    introduce(self, peer, span->job->function);
    for (size_t i = 0; i < objects.count; i++)
        objects_hold(self->objects, ipc_object_at(&objects, i), peer->number, 1);
    if (span->job->limits && span->job->limits->run_ms)
        peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_LIMITS, .limits = {.run_ms = span->job->limits->run_ms}});
    given_send(peer, payload);
    if (self->recovery)
        peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_JOB, .job = {.job = span->job->id}});
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_TASK,
                                 .task = {.function = span->job->function,
                                          .items = payload->items,
                                          .recallable = !span->job->direct,
                                          .lone = scheduler_span_is_lone(self->scheduler, span),
                                          .span = span->id,
                                          .first = span->first,
                                          .count = span->count,
                                          .base = payload->base,
                                          .objects = objects,
                                          .arguments = {payload->arguments ? payload->arguments
                                                                           : payload->copied,
                                                        payload->arguments_size},
                                          .data = items_of(payload, span)}});
}

static void action_recall(void *context, uint32_t engine, uint64_t count)
{
    controller_t *self = context;
    peer_send(self->entries[engine].peer,
              &(ipc_msg_t){.type = IPC_MSG_RECALL, .recall = {.count = count}});
}

static detached_job_t *detached_of(const scheduler_job_t *job)
{
    const payload_t *payload = job->payload;
    return payload->more ? payload->more->detached : NULL;
}

//  One message, however many positions: the client shows one error for all.
static void action_lose(void *context, scheduler_job_t *job, uint64_t first, uint64_t count, uint32_t engine,
                        scheduler_loss_t loss, uint32_t attempts)
{
    controller_t *self = context;
    peer_t *client = job->client < self->by_client_count ? self->by_client[job->client] : NULL;
    char kind[LOSS_KIND], text[LOSS_TEXT], runs[ATTEMPTS_TEXT];
    ipc_failure_t failure;
    describe_loss(self, job, loss, engine, &failure, kind, text);
    if (attempts > 1 && attempts_write(self->attempts, job->id + first, runs) > 0)
        failure.attempts = ipc_bytes_of(runs);
    uint64_t peak_memory = loss == SCHEDULER_CRASHED ? self->dying->registration.peak_memory : 0;
    record_lost(self, job, first, count, engine, attempts, (int) failure.code, kind, peak_memory);
    ipc_writer_t body = {0};
    ipc_failure_pack(&failure, &body);
    ipc_msg_t result = {.type = IPC_MSG_RESULT,
                        .result = {.failed = 1,
                                   .engine = engine,
                                   .attempts = attempts,
                                   .job = job->id,
                                   .first = first,
                                   .count = count,
                                   .accepted = job->accepted,
                                   .body = {body.data, body.size},
                                   .peak_memory = peak_memory}};
    if (client)
        peer_send(client, &result);
    else if (detached_of(job))
        detached_take(self->detached, detached_of(job), &result);
    ipc_writer_destroy(&body);
}

static void action_end(void *context, scheduler_job_t *job)
{
    controller_t *self = context;
    payload_t *payload = job->payload;
    peer_t *client =
        job->client < self->by_client_count && !job->dropped ? self->by_client[job->client] : NULL;
    if (client) {
        client->tasks -= payload_tasks(payload, job->count);
        client->bytes -= payload_bytes(payload);
    }
    if (job->left > 0) // its client is gone: the last positions never ran, nor do they
        record_lost(self, job, job->count - job->left, job->left, SCHEDULER_NO_ENGINE, 0, IPC_E_ABORTED, "TaskAborted",
                    0);
    if (detached_of(job))
        detached_end(self->detached, detached_of(job));
    else
        payload_free(self, payload);
    if (job->waits && client)
        dependencies_forget(client->dependencies, job->waits);
    free(job->needs);
    free(job->allowed);
}

const scheduler_actions_t controller_actions = {
    .send = action_send, .recall = action_recall, .drop = action_drop, .lose = action_lose,
    .again = action_again, .end = action_end};

//  Nobody holds an object: its owner may use it again; without an owner its file goes.
void object_freed(void *context, ipc_object_t object)
{
    controller_t *self = context;
    peer_t *owner = peer_of_owner(self, object.owner);
    if (owner) {
        peer_send(owner, &(ipc_msg_t){.type = IPC_MSG_FREED, .freed = {object}});
        return;
    }
    char path[IPC_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%016llx-%llx", self->client_file.shm, (unsigned long long) object.owner,
             (unsigned long long) object.number);
    unlink(path);
}

//  --- Messages of engines -------------------------------------------------------------------------------

static void on_register(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    enum { ENGINE_MAX = 1 << 16 };
    if (!token_is(self->engine_file.token, msg->registration.token)) {
        peer_refuse(peer, IPC_E_PERMISSION, "the connection file is not that of the running cluster");
        peer->leaving = true;
        return;
    }
    if (msg->registration.engine >= ENGINE_MAX) {
        peer_refuse(peer, IPC_E_LIMIT, "engine ids are below 65536");
        peer->leaving = true;
        return;
    }
    if (self->pending_count == self->pending_room) {
        self->pending_room = self->pending_room ? 2 * self->pending_room : 16;
        self->pending = ipc_xrealloc(self->pending, self->pending_room * sizeof self->pending[0]);
    }
    parcel->references++;
    self->pending[self->pending_count++] = (pending_t){peer, parcel, *msg};
}

static engine_entry_t *entry_of(controller_t *self, uint32_t engine)
{
    if (engine >= self->entry_room) {
        uint32_t room = self->entry_room ? 2 * self->entry_room : 8;
        room = engine < room ? room : engine + 1;
        self->entries = ipc_xgrow(self->entries, self->entry_room, room, sizeof self->entries[0]);
        self->entry_room = room;
    }
    if (engine >= self->entry_count)
        self->entry_count = engine + 1;
    return &self->entries[engine];
}

//  Accounts for what the engine's former worker left behind.
static void bury_former(controller_t *self, uint32_t engine, const ipc_msg_t *msg)
{
    engine_entry_t *entry = &self->entries[engine];
    ipc_msg_t unknown = *msg; // a worker that came without the certificate of the one before it
    if (entry->epoch != msg->registration.death_epoch) {
        unknown.registration.signal = SIGKILL;
        unknown.registration.span = unknown.registration.done_span = unknown.registration.verdict = 0;
        unknown.registration.peak_memory = 0;
        unknown.registration.trace = unknown.registration.output = unknown.registration.errors =
            (ipc_bytes_t){"", 0};
    }
    if (entry->ended) {
        unknown.registration.verdict = IPC_VERDICT_ENDED;
        unknown.registration.signal = SIGTERM;
    }
    self->dying = &unknown;
    scheduler_engine_died(self->scheduler, engine,
                          &(scheduler_death_t){.span = entry_span(entry, unknown.registration.span),
                                               .item = unknown.registration.item,
                                               .done_span = entry_span(entry, unknown.registration.done_span),
                                               .done_item = unknown.registration.done_item,
                                               .unknown = entry->epoch != msg->registration.death_epoch});
    self->dying = NULL;
    if (self->recovery)
        recovery_bury(self->recovery, engine);
    entry->former_span = entry->adopted_span = 0;
    entry->restarts++;
    const char *signal = sigabbrev_np((int) unknown.registration.signal);
    if (unknown.registration.signal)
        snprintf(entry->why, sizeof entry->why, "died of SIG%s", signal ? signal : "?");
    else
        snprintf(entry->why, sizeof entry->why, "exited with status %u", unknown.registration.status);
}

//  What a dead worker held is held no more.
static void drop_former(controller_t *self, engine_entry_t *entry)
{
    peer_t *former = entry->former;
    entry->former = NULL;
    if (former)
        peer_drop(self, former);
}

//  What tasks may need of it and of its host. ipengine has checked what was said.
static void note_possessions(controller_t *self, uint32_t engine, const ipc_msg_t *msg)
{
    ipc_bytes_t own = msg->registration.has, of_host = msg->registration.host_has, name = msg->registration.host;
    needs_t has = {0}, host_has = {0};
    char host[HOSTS_NAME];
    if (needs_read(&has, own.data, own.size, NULL))
        has.count = 0;
    if (needs_read(&host_has, of_host.data, of_host.size, NULL))
        host_has.count = 0;
    snprintf(host, sizeof host, "%.*s", (int) name.size, name.size ? name.data : "");
    scheduler_engine_has(self->scheduler, engine, host, &host_has, &has);
}

//  Whether it comes over a connection that was given up for the one there is, or is of a worker that has been
//  succeeded: no order holds between connections.
static bool is_late(const engine_entry_t *entry, const ipc_msg_t *msg)
{
    if (!entry->known || entry->nanny != msg->registration.nanny || entry->epoch == 0)
        return false;
    return msg->registration.epoch < entry->epoch ||
           (msg->registration.epoch == entry->epoch && entry->pid == (int) msg->registration.pid &&
            msg->registration.connection < entry->connection);
}

void engine_admit(controller_t *self, pending_t *pending)
{
    peer_t *peer = pending->peer;
    const ipc_msg_t *msg = &pending->msg;
    if (peer && peer->kind == PEER_NEW && is_late(entry_of(self, msg->registration.engine), msg)) {
        peer_drop(self, peer);
        parcel_release(pending->parcel);
        return;
    }
    bool full = peer && peer->kind == PEER_NEW &&
                peer_watch(peer, (int) msg->registration.pid) == WATCH_FULL;
    if (full) {
        peer_turn_away(peer);
        peer_dismiss(self, peer);
    }
    if (!peer || full || peer->kind == PEER_ENGINE) {
        parcel_release(pending->parcel);
        return;
    }
    uint32_t engine = msg->registration.engine;
    engine_entry_t *entry = entry_of(self, engine);
    if (entry->peer) // the former worker, whose death has not been noticed otherwise
        peer_drop(self, entry->peer);
    drop_former(self, entry);
    if (entry->known && entry->epoch == msg->registration.epoch && entry->pid == peer->pid)
        // the same worker, which asks anew as it had no answer for long: what was sent to it meanwhile did not arrive
        scheduler_engine_died(self->scheduler, engine, &(scheduler_death_t){.unknown = false});
    else if (entry->known && entry->epoch)
        bury_former(self, engine, msg);
    peer->kind = PEER_ENGINE;
    peer->engine = engine;
    peer->epoch = msg->registration.epoch;
    peer_own(peer, msg->registration.owner);
    entry->known = true;
    entry->lapsed = false;
    entry->ended = entry->ended && entry->nanny == msg->registration.nanny; // it is about to end
    entry->peer = peer;
    entry->epoch = peer->epoch;
    entry->connection = msg->registration.connection;
    entry->pid = peer->pid;
    entry->nanny = msg->registration.nanny;
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_ACCEPTED,
                                 .accepted = {.engine = engine, .pid = (uint32_t) getpid(),
                                              .keeps = self->recovery != NULL}});
    note_possessions(self, engine, msg);
    scheduler_engine_up(self->scheduler, engine);
    engines_change(self);
    endings_back(self, engine, entry->nanny);
    entry->reported = false;
    self->reports_due = self->ready_fd >= 0;
    fprintf(stderr, "info: engine %u is ready (worker %d, epoch %u)\n", engine, peer->pid, peer->epoch);
    parcel_release(pending->parcel);
}

void engines_report(controller_t *self)
{
    if (!self->reports_due)
        return;
    self->reports_due = false;
    for (uint32_t i = 0; i < self->entry_count; i++) {
        engine_entry_t *entry = &self->entries[i];
        if (entry->reported || !entry->peer)
            continue;
        entry->reported = true;
        dprintf(self->ready_fd, "engine %u ready %d\n", i, entry->pid);
    }
}

//  What an engine says of items of a span, as the client is told it.
static ipc_msg_t result_of(const peer_t *engine, const scheduler_span_t *span, const ipc_msg_t *msg)
{
    return (ipc_msg_t){.type = IPC_MSG_RESULT,
                       .result = {.failed = msg->done.failed,
                                  .engine = engine->engine,
                                  .attempts = span->attempts + 1u,
                                  .job = span->job->id,
                                  .first = msg->done.first,
                                  .count = msg->done.count,
                                  .accepted = span->job->accepted,
                                  .sent = span->sent,
                                  .started = msg->done.started,
                                  .finished = msg->done.finished,
                                  .objects = msg->done.objects,
                                  .durations = msg->done.durations,
                                  .out = msg->done.out,
                                  .err = msg->done.err,
                                  .body = msg->done.body,
                                  .peak_memory = msg->done.peak_memory}};
}

//  What nobody wants that an engine made.
static void drop_objects(controller_t *self, const peer_t *peer, const ipc_msg_t *msg)
{
    for (size_t i = 0; i < msg->done.objects.count; i++) {
        objects_hold(self->objects, ipc_object_at(&msg->done.objects, i), peer->number, 1);
        objects_release(self->objects, ipc_object_at(&msg->done.objects, i), peer->number, 1);
    }
}

static void on_done(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    uint64_t former_job = self->recovery ? recovery_job(self->recovery, peer, msg->done.span) : 0;
    peer->dones++;
    if (former_job) {
        recovery_done(self->recovery, peer, former_job, msg);
        return;
    }
    scheduler_span_t *span = peer_span(peer, msg->done.span);
    if (!scheduler_expects(span, msg->done.first, msg->done.count, msg->done.failed)) {
        fprintf(stderr, "warning: engine %u: a late or odd result of span %llx is dropped\n", peer->engine,
                (unsigned long long) msg->done.span);
        drop_objects(self, peer, msg);
        if (self->recovery)
            recovery_safe(self->recovery, peer);
        return;
    }
    scheduler_job_t *job = span->job;
    peer_t *client = !job->dropped && job->client < self->by_client_count ? self->by_client[job->client] : NULL;
    int64_t took = msg->done.finished - msg->done.started;
    bool refused = msg->done.failed == IPC_DONE_REFUSED;
    bool counts = refused ? scheduler_refused(self->scheduler, span, msg->done.first)
                          : scheduler_done(self->scheduler, span, msg->done.first, msg->done.count, msg->done.failed,
                                           took > 0 ? took : 0);
    ipc_auto(ipc_writer_destroy) ipc_writer_t body = {0};
    ipc_msg_t ended = *msg;
    if (refused && counts) {
        refusal_end(self, job, peer->engine, &ended, &body);
        msg = &ended;
    }
    if (msg->done.failed == 1 && !counts) {
        note_failure(self, job, peer->engine, span->sent, msg);
    } else if (msg->done.failed == 1 && span->attempts > 0) {
        add_attempts(self, job, &ended, &body);
        msg = &ended;
    }
    uint32_t holder = counts && client ? client->number : peer->number;
    for (size_t i = 0; i < msg->done.objects.count; i++)
        objects_hold(self->objects, ipc_object_at(&msg->done.objects, i), holder, 1);
    if (counts)
        record_done(self, job, peer->engine, span->attempts + 1u, span->sent, msg);
    ipc_msg_t result = result_of(peer, span, msg);
    if (counts && !client && detached_of(job)) // it is kept, and told to those who follow the job
        detached_take(self->detached, detached_of(job), &result);
    if (counts && client)
        peer_send(client, &result);
    else // nobody wants them
        for (size_t i = 0; i < msg->done.objects.count; i++)
            objects_release(self->objects, ipc_object_at(&msg->done.objects, i), holder, 1);
    if (self->recovery && counts && client)
        recovery_told(self->recovery, peer, client);
    else if (self->recovery && counts && detached_of(job))
        recovery_kept(self->recovery, peer);
    else if (self->recovery)
        recovery_safe(self->recovery, peer);
    scheduler_settle(self->scheduler, span);
}

static void on_output(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    scheduler_span_t *span = peer_span(peer, msg->output.span);
    peer_t *client = span && !span->job->dropped && span->job->client < self->by_client_count
                         ? self->by_client[span->job->client]
                         : NULL;
    if (!span || (!client && !detached_of(span->job)))
        return;
    ipc_msg_t onward = *msg;
    onward.output.span = span->job->id;
    onward.output.engine = peer->engine;
    if (client)
        peer_send(client, &onward);
    else
        detached_take(self->detached, detached_of(span->job), &onward);
}

static void on_publish(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    scheduler_span_t *span = peer_span(peer, msg->publish.span);
    const scheduler_job_t *job = span ? span->job : NULL;
    peer_t *client = job && !job->dropped && job->client < self->by_client_count ? self->by_client[job->client] : NULL;
    if (!client)
        return; // nobody looks
    ipc_msg_t onward = *msg;
    onward.publish.span = job->id;
    onward.publish.engine = peer->engine;
    peer_send(client, &onward);
}

static void on_gave(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    scheduler_gave(self->scheduler, peer->engine, peer_span(peer, msg->gave.span), msg->gave.first,
                   msg->gave.count, msg->gave.last);
}

static void on_engine_release(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    objects_release(self->objects, msg->release.object, peer->number, msg->release.count);
}

static void on_engine_ping(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    (void) parcel;
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_PONG, .pong = {.number = msg->ping.number}});
}

handler_fn *const engine_handlers[IPC_MSG_COUNT] = {
    [IPC_MSG_REGISTER] = on_register,
    [IPC_MSG_DONE] = on_done,
    [IPC_MSG_OUTPUT] = on_output,
    [IPC_MSG_PUBLISH] = on_publish,
    [IPC_MSG_GAVE] = on_gave,
    [IPC_MSG_JOB] = on_engine_job,
    [IPC_MSG_RUNS] = on_runs,
    [IPC_MSG_RELEASE] = on_engine_release,
    [IPC_MSG_PING] = on_engine_ping,
    [IPC_MSG_PONG] = on_pong,
    [IPC_MSG_LAPSED] = on_lapsed,
};

void engine_gone(controller_t *self, peer_t *peer)
{
    engine_entry_t *entry = peer->engine < self->entry_count ? &self->entries[peer->engine] : NULL;
    if (entry && entry->former == peer) // it was found gone before it was buried
        entry->former = NULL;
    if (!entry || entry->peer != peer)
        return;
    entry->peer = NULL;
    entry->lapsed = false;
    entry->away_since = monotonic_ns();
    snprintf(entry->why, sizeof entry->why, "its worker (pid %d) died", peer->pid);
    scheduler_engine_down(self->scheduler, peer->engine);
    engines_change(self);
    fprintf(stderr, "info: engine %u: %s\n", peer->engine, entry->why);
}

void engine_remove(controller_t *self, uint32_t engine)
{
    engine_entry_t *entry = engine < self->entry_count ? &self->entries[engine] : NULL;
    if (!entry || !entry->known)
        return;
    ipc_msg_t ended = {.type = IPC_MSG_REGISTER, .registration = {.engine = engine, .signal = SIGKILL}};
    peer_t *peer = entry->peer;
    if (peer)
        peer_drop(self, peer);
    drop_former(self, entry);
    entry->ended = true;
    entry->known = false;
    engines_change(self);
    endings_lost(self, engine);
    if (entry->epoch)
        bury_former(self, engine, &ended); // what it ran ends, what had not started goes to others
    *entry = (engine_entry_t){.known = false};
    scheduler_engine_remove(self->scheduler, engine);
    fprintf(stderr, "info: engine %u is removed\n", engine);
}

void engines_check(controller_t *self)
{
    for (uint32_t i = 0; i < self->entry_count; i++) {
        engine_entry_t *entry = &self->entries[i];
        if (!entry->known || engine_is_here(entry) ||
            monotonic_ns() - entry->away_since < (int64_t) ENGINE_ABSENT_S * 1000000000)
            continue;
        fprintf(stderr, "error: engine %u has been away for %d s and is lost\n", i, ENGINE_ABSENT_S);
        entry->known = false;
        drop_former(self, entry);
        engines_change(self);
        endings_lost(self, i);
        scheduler_engine_remove(self->scheduler, i);
    }
}
