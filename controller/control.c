//  What clients want of work that is under way, and of the workers: aborts, limits, signals.
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fail.h"
#include "controller/detached.h"

void on_limits(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    (void) parcel;
    peer->wait_ms = msg->limits.wait_ms;
    peer->run_ms = msg->limits.run_ms;
}

scheduler_limits_t *limits_take(controller_t *self, peer_t *peer)
{
    uint32_t wait_ms = peer->wait_ms, run_ms = peer->run_ms;
    peer->wait_ms = peer->run_ms = 0;
    if (wait_ms == 0 && run_ms == 0)
        return NULL;
    scheduler_limits_t *limits = ipc_xalloc(sizeof *limits);
    *limits = (scheduler_limits_t){.deadline = wait_ms ? self->now + (int64_t) wait_ms * 1000000 : 0,
                                   .run_ms = run_ms};
    return limits;
}

//  The engines of a message, a copy that is aligned. Given: free() it.
static uint32_t *engines_of(ipc_bytes_t engines)
{
    uint32_t *copy = ipc_xalloc(engines.size + sizeof copy[0]);
    memcpy(copy, engines.data, engines.size);
    return copy;
}

void on_abort(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    bool chosen = msg->abort.job == 0 && msg->abort.count > 0;
    if (!chosen) {
        const detached_job_t *kept = msg->abort.job ? detached_followed(self->detached, peer, msg->abort.job) : NULL;
        scheduler_abort(self->scheduler, kept ? self->detached_client : peer->client,
                        kept ? kept->job.id : msg->abort.job, msg->abort.first,
                        msg->abort.job ? msg->abort.count : UINT64_MAX);
        return;
    }
    uint32_t *engines = engines_of(msg->abort.engines);
    scheduler_abort_engines(self->scheduler, peer->client, !msg->abort.balanced, engines,
                            msg->abort.engines.size / sizeof engines[0]);
    free(engines);
}

void action_drop(void *context, uint32_t engine, scheduler_span_t *span, uint64_t first, uint64_t count,
                 scheduler_drop_t how)
{
    static const ipc_drop_t drops[] = {[SCHEDULER_DROP_WAITING] = IPC_DROP_WAITING,
                                       [SCHEDULER_DROP_STOP] = IPC_DROP_STOP,
                                       [SCHEDULER_DROP_KILL] = IPC_DROP_KILL};
    controller_t *self = context;
    const engine_entry_t *entry = engine < self->entry_count ? &self->entries[engine] : NULL;
    if (!entry || !entry->peer)
        return; // it is dead: what it had is looked at when it is buried
    uint64_t id = span->id == entry->adopted_span ? entry->former_span : span->id;
    peer_send(entry->peer, &(ipc_msg_t){.type = IPC_MSG_DROP,
                                        .drop = {.span = id, .first = first, .count = count, .how = drops[how]}});
}

//  --- Signals ------------------------------------------------------------------------------------------------

//  What became of a signal for one engine: 0, or -1 with *error.
static int send_signal(controller_t *self, uint32_t engine, int number, ipc_error_t *error)
{
    const engine_entry_t *entry = engine < self->entry_count ? &self->entries[engine] : NULL;
    if (!entry || !entry->known)
        return ipc_fail(error, IPC_E_ENGINE_LOST, "there is no engine %u any more", engine);
    if (!entry->peer || entry->peer->pidfd < 0)
        return ipc_fail(error, IPC_E_ENGINE_LOST, "engine %u is being restarted: it got no signal", engine);
    if (syscall(SYS_pidfd_send_signal, entry->peer->pidfd, number, NULL, 0))
        return ipc_fail(error, IPC_E_SYSTEM, "engine %u cannot be sent signal %d: %s", engine, number,
                        strerror(errno));
    return 0;
}

void on_signal(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    uint32_t *engines = engines_of(msg->signal.engines);
    for (size_t i = 0; i < msg->signal.engines.size / sizeof engines[0]; i++) {
        ipc_error_t error = {0};
        ipc_writer_t body = {0};
        bool failed = send_signal(self, engines[i], (int) msg->signal.signal, &error) != 0;
        ipc_failure_t failure = {.code = (uint32_t) error.code, .kind = ipc_bytes_of(error.kind),
                                 .text = ipc_bytes_of(error.text)};
        if (failed)
            ipc_failure_pack(&failure, &body);
        else
            ipc_write_nil(&body);
        peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_RESULT,
                                     .result = {.failed = failed, .engine = engines[i], .attempts = 1,
                                                .job = msg->signal.job, .first = i, .count = 1,
                                                .started = self->now, .finished = self->now,
                                                .body = {body.data, body.size}}});
        ipc_writer_destroy(&body);
    }
    free(engines);
}

//  --- Deadlines ----------------------------------------------------------------------------------------------

static int on_deadline(zloop_t *loop, int timer, void *argument)
{
    (void) loop;
    (void) timer;
    controller_t *self = argument;
    self->deadline_timer = 0;
    controller_begin_turn(self);
    controller_end_turn(self);
    return 0;
}

void deadline_arm(controller_t *self)
{
    int64_t deadline = scheduler_next_deadline(self->scheduler);
    if (deadline == INT64_MAX || (self->deadline_timer && self->deadline_armed <= deadline))
        return; // or it comes too early, and is armed again then
    if (self->deadline_timer)
        zloop_timer_end(self->loop, self->deadline_timer);
    int64_t wait_ns = deadline > self->now ? deadline - self->now : 0;
    self->deadline_armed = deadline;
    self->deadline_timer = zloop_timer(self->loop, (size_t) (wait_ns / 1000000 + 1), 1, on_deadline, self);
}
