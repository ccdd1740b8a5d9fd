//  Jobs that are given values of other tasks as arguments (common/awaited.h). The values are copied out of the RESULT
//  messages that bring them to the client; those that went before the job came, or that the client knew, it sends.
#include <stdlib.h>
#include <string.h>

#include "common/codec.h"
#include "common/fail.h"
#include "controller/state.h"

static supply_t *supply_of(const scheduler_job_t *job)
{
    const payload_t *payload = job->payload;
    return payload->more ? payload->more->supply : NULL;
}

int given_count(ipc_bytes_t parents, uint64_t *count, ipc_error_t *error)
{
    *count = 0;
    for (size_t i = 0; i < parents.size / sizeof(ipc_parent_t); i++) {
        ipc_parent_t parent;
        memcpy(&parent, parents.data + i * sizeof parent, sizeof parent);
        if (parent.count > IPC_MAX_TARGETS || (*count += parent.count) > IPC_MAX_TARGETS)
            return ipc_fail(error, IPC_E_LIMIT, "a call is given more than %d values of other tasks", IPC_MAX_TARGETS);
    }
    return 0;
}

void given_expect(peer_t *peer, scheduler_job_t *job, ipc_bytes_t parents)
{
    uint64_t count = 0;
    given_count(parents, &count, NULL); // it has been looked at before
    supply_t *supply = supply_new(count);
    payload_more(job->payload)->supply = supply;
    peer->bytes += supply_memory(supply);
}

//  Values come from a message, with the objects of all that are in it.
static int take(peer_t *peer, scheduler_job_t *job, uint64_t number, uint64_t count, ipc_reader_t *values,
                const ipc_objects_t *objects)
{
    supply_t *supply = supply_of(job);
    uint64_t before = supply ? supply_memory(supply) : 0;
    if (!supply || supply_take(supply, number, count, values))
        return -1;
    supply_add_objects(supply, objects);
    for (size_t i = 0; i < objects->count; i++)
        objects_hold(peer->controller->objects, ipc_object_at(objects, i), OBJECTS_QUEUE, 1);
    peer->bytes += supply_memory(supply) - before;
    return 0;
}

static void action_take(void *context, void *job, uint64_t number, const ipc_msg_t *result, uint64_t offset,
                        uint64_t count)
{
    ipc_reader_t values = ipc_reader(result->result.body.data, result->result.body.size);
    for (uint64_t i = 0; i < offset; i++) ipc_value_skip(&values);
    if (take(context, job, number, count, &values, &result->result.objects))
        fprintf(stderr, "warning: values of job %llx cannot be read\n", (unsigned long long) result->result.job);
}

static void action_want(void *context, void *job, uint64_t id, uint64_t number, uint64_t count)
{
    (void) job;
    peer_send(context, &(ipc_msg_t){.type = IPC_MSG_WANT, .want = {.job = id, .first = number, .count = count}});
}

const dependencies_actions_t given_actions = {.take = action_take, .want = action_want};

//  What a client sends for a job that is over meanwhile, nobody will ever hold.
static void drop_objects(controller_t *self, const ipc_objects_t *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        objects_hold(self->objects, ipc_object_at(objects, i), OBJECTS_QUEUE, 1);
        objects_release(self->objects, ipc_object_at(objects, i), OBJECTS_QUEUE, 1);
    }
}

void on_supply(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    void *job = NULL;
    ipc_reader_t values = ipc_reader(msg->supply.body.data, msg->supply.body.size);
    dependent_t *dependent = dependencies_find(peer->dependencies, msg->supply.job, &job);
    if (!dependent || take(peer, job, msg->supply.first, msg->supply.count, &values, &msg->supply.objects)) {
        drop_objects(self, &msg->supply.objects);
        return;
    }
    dependencies_supplied(peer->dependencies, dependent, msg->supply.count);
    self->decided = true;
    peer_check_credit(peer);
}

//  Why a job cannot be sent with all that it is given; NULL: it can.
static const char *why_not(const supply_t *supply, const payload_t *payload)
{
    if (!supply_is_complete(supply))
        return "a value that it was to be given cannot be read";
    if (supply_size(supply) > IPC_MAX_FRAME / 2)
        return "the values that it was to be given are too large together: let tasks give large data as arrays";
    if (supply_objects(supply).count + payload->object_count > IPC_MAX_OBJECTS)
        return "the values that it was to be given hold too many large arrays";
    return NULL;
}

//  The job's objects are its own and those of the values from now on.
const char *given_complete(peer_t *peer, scheduler_job_t *job)
{
    supply_t *supply = supply_of(job);
    payload_t *payload = job->payload;
    const char *problem = supply ? why_not(supply, payload) : NULL;
    if (!supply || problem)
        return problem;
    ipc_objects_t own = payload_objects(payload);
    supply_add_objects(supply, &own);
    peer->bytes += own.count * sizeof(ipc_object_t);
    ipc_objects_t all = supply_objects(supply);
    payload->objects = all.data;
    payload->object_count = (uint32_t) all.count;
    payload->more->supplied = true;
    return NULL;
}

void given_send(peer_t *engine, const payload_t *payload)
{
    supply_t *supply = payload->more ? payload->more->supply : NULL;
    if (supply)
        peer_send(engine, &(ipc_msg_t){.type = IPC_MSG_SUPPLY,
                                       .supply = {.count = supply_count(supply), .objects = {"", 0},
                                                  .body = supply_body(supply)}});
}

void given_free(controller_t *self, payload_t *payload)
{
    supply_t *supply = payload->more ? payload->more->supply : NULL;
    if (!supply)
        return;
    ipc_objects_t objects = supply_objects(supply);
    for (size_t i = 0; !payload->more->supplied && i < objects.count; i++)
        objects_release(self->objects, ipc_object_at(&objects, i), OBJECTS_QUEUE, 1);
    supply_destroy(&payload->more->supply);
}
