//  Results of a job by its id, and jobs that run again.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/detached.h"
#include "controller/listing.h"
#include "controller/slab.h"

static void refuse(peer_t *peer, const ipc_msg_t *msg, int code, const char *text)
{
    peer_fail(peer, msg->fetch.job, msg->fetch.count, code, text);
}

static void fetch(controller_t *self, peer_t *peer, const ipc_msg_t *msg)
{
    detached_job_t *job = detached_find(self->detached, msg->fetch.number);
    if (!job || job->job.count != msg->fetch.count)
        refuse(peer, msg, IPC_E_NAME, "the results of this task are no longer kept: room was needed for later ones");
    else if (job->lost)
        refuse(peer, msg, IPC_E_LIMIT, "the results of this task were too large to be kept");
    else if (!detached_follow(self->detached, job, peer, msg->fetch.job))
        refuse(peer, msg, IPC_E_LIMIT, "too many wait for the results of this task");
}

//  Of the same arguments and items.
static payload_t *payload_copy(controller_t *self, uint64_t owner, const payload_t *from)
{
    uint64_t id = 0;
    payload_t *copy = slab_take(self->payloads, &id);
    *copy = *from;
    copy->slab_id = id;
    copy->owner = owner;
    copy->submitted = self->now;
    if (from->parcel)
        from->parcel->references++;
    if (from->list) {
        copy->list = ipc_xalloc(sizeof *copy->list);
        *copy->list = *from->list;
    }
    if (from->more) {
        copy->more = ipc_xalloc(sizeof *copy->more);
        memcpy(copy->more->label, from->more->label, sizeof copy->more->label);
    }
    ipc_objects_t objects = payload_objects(copy);
    for (size_t i = 0; i < objects.count; i++)
        objects_hold(self->objects, ipc_object_at(&objects, i), OBJECTS_QUEUE, 1);
    return copy;
}

//  Whether an engine of those allowed is still there.
static bool has_engine(const controller_t *self, const scheduler_job_t *job)
{
    bool found = !job->allowed;
    for (uint32_t i = 0; i < job->allowed_count && !found; i++)
        found = scheduler_engine_known(self->scheduler, job->allowed[i]);
    return found;
}

//  As a balanced job, whatever it was; detached as it was, so that it can run once more.
static void run_again(controller_t *self, peer_t *peer, const ipc_msg_t *msg)
{
    bool room = detached_has_room(self->detached); // before: it may take the job's
    const detached_job_t *kept = detached_find(self->detached, msg->fetch.number);
    if (!kept || kept->job.count != msg->fetch.count) {
        refuse(peer, msg, IPC_E_NAME, "what this task was given is no longer kept: room was needed for later ones");
        return;
    }
    if (!room) {
        refuse(peer, msg, IPC_E_LIMIT, "too many detached jobs are under way");
        return;
    }
    if (!has_engine(self, &kept->job)) {
        refuse(peer, msg, IPC_E_ENGINE_LOST, "the engines that may run this task are gone");
        return;
    }
    const char *failure = self->journal ? journal_failure(self->journal) : NULL;
    if (failure) {
        refuse(peer, msg, IPC_E_SYSTEM, failure);
        return;
    }
    const function_t *function = functions_at(self->functions, kept->job.function);
    if (function->kind != IPC_FUNCTION_IMAGE && function->kind != IPC_FUNCTION_NAMED) {
        refuse(peer, msg, IPC_E_ARGUMENT, "only calls of functions run again, by apply or map");
        return;
    }
    scheduler_job_t *job = scheduler_job_new(self->scheduler);
    *job = (scheduler_job_t){.id = msg->fetch.job, .client = peer->client, .function = kept->job.function,
                             .count = kept->job.count, .chunk = kept->job.chunk, .retries = kept->job.retries,
                             .priority = kept->job.priority, .accepted = self->now,
                             .payload = payload_copy(self, peer->owner, kept->job.payload)};
    detached_terms(kept, job);
    detached_adopt(self->detached, peer, job, kept->is_list);
    record_accepted(self, job);
    scheduler_submit(self->scheduler, job);
}

void on_fetch(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (msg->fetch.again && peer_submits(peer, msg->fetch.job))
        run_again(self, peer, msg);
    else if (!msg->fetch.again)
        fetch(self, peer, msg);
}
