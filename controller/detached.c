#include "controller/detached.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

struct detached {
    controller_t *controller;
    detached_job_t *oldest, **youngest_next;
    size_t count, bytes;
};

detached_t *detached_new(controller_t *controller)
{
    detached_t *self = ipc_xalloc(sizeof *self);
    self->controller = controller;
    self->youngest_next = &self->oldest;
    return self;
}

//  Goes through the objects of all kept results: they are held more, or no more.
static void release_results(detached_t *self, detached_job_t *job)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    if (job->results.size == 0 || ipc_frame_open(&reader, job->results.data, job->results.size, NULL))
        return;
    while (ipc_msg_unpack(&msg, &reader, NULL) == 1)
        for (size_t i = 0; msg.type == IPC_MSG_RESULT && i < msg.result.objects.count; i++)
            objects_release(self->controller->objects, ipc_object_at(&msg.result.objects, i), OBJECTS_QUEUE, 1);
}

static void count_bytes(detached_t *self, detached_job_t *job, size_t bytes)
{
    self->bytes += bytes - job->bytes;
    job->bytes = bytes;
}

static void *copy_of(const void *from, size_t size)
{
    return from ? memcpy(ipc_xalloc(size), from, size) : NULL;
}

//      shift   to be added to a deadline
static void copy_terms(scheduler_job_t *to, const scheduler_job_t *from, int64_t shift)
{
    to->needs = copy_of(from->needs, sizeof *from->needs);
    to->allowed = copy_of(from->allowed, from->allowed_count * sizeof from->allowed[0]);
    to->allowed_count = from->allowed_count;
    to->limits = copy_of(from->limits, sizeof *from->limits);
    if (to->limits && to->limits->deadline)
        to->limits->deadline += shift;
}

void detached_terms(const detached_job_t *self, scheduler_job_t *job)
{
    copy_terms(job, &self->job, job->accepted);
}

static void drop_results(detached_t *self, detached_job_t *job)
{
    release_results(self, job);
    ipc_writer_destroy(&job->results);
    job->results = (ipc_writer_t){0};
    count_bytes(self, job, payload_bytes(job->job.payload));
}

static void job_remove(detached_t *self, detached_job_t **at)
{
    detached_job_t *job = *at;
    *at = job->next;
    if (!job->next)
        self->youngest_next = at;
    drop_results(self, job);
    if (self->controller->journal)
        journal_keep_no_more(self->controller->journal, job->job.id);
    count_bytes(self, job, 0);
    self->count--;
    payload_free(self->controller, job->job.payload);
    free(job->job.needs);
    free(job->job.allowed);
    free(job->job.limits);
    free(job->followers);
    free(job);
}

void detached_destroy(detached_t **self_p)
{
    detached_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    while (self->oldest) job_remove(self, &self->oldest);
    free(self);
}

//  The oldest job that has ended; one that was delivered, if there is one. NULL: none has ended.
static detached_job_t **find_dispensable(detached_t *self)
{
    detached_job_t **ended = NULL;
    for (detached_job_t **at = &self->oldest; *at; at = &(*at)->next) {
        if ((*at)->over && (*at)->delivered)
            return at;
        if ((*at)->over && !ended)
            ended = at;
    }
    return ended;
}

//  Makes room. A running job whose own results are too many loses them.
static void make_room(detached_t *self, detached_job_t *growing)
{
    while (self->bytes > DETACHED_BYTES) {
        detached_job_t **at = find_dispensable(self);
        if (at) {
            job_remove(self, at);
            continue;
        }
        if (growing)
            growing->lost = true;
        if (growing)
            drop_results(self, growing);
        if (growing && self->controller->journal)
            journal_keep_no_more(self->controller->journal, growing->job.id);
        return;
    }
}

static const char *method_of(const function_t *function, const payload_t *payload)
{
    switch (function->kind) {
    case IPC_FUNCTION_PUSH: return "push";
    case IPC_FUNCTION_PULL: return "pull";
    case IPC_FUNCTION_PART: return "scatter";
    case IPC_FUNCTION_REQUIRE: return "require";
    case IPC_FUNCTION_CLEAR: return "clear";
    case IPC_FUNCTION_EXECUTE: return "execute";
    case IPC_FUNCTION_NAMES: return "names";
    case IPC_FUNCTION_LAUNCH: return "launch";
    default: return payload->items == IPC_ITEMS_NONE || payload->items == IPC_ITEMS_CALLS ? "apply" : "map";
    }
}

static void add_follower(detached_job_t *job, peer_t *client, uint64_t as)
{
    client->follows = true;
    job->followers = ipc_xrealloc(job->followers, (job->follower_count + 1) * sizeof job->followers[0]);
    job->followers[job->follower_count++] = (follower_t){client->client, client->number, as};
}

bool detached_has_room(detached_t *self)
{
    detached_job_t **at = self->count < DETACHED_MAX ? NULL : find_dispensable(self);
    if (at)
        job_remove(self, at);
    return self->count < DETACHED_MAX;
}

static detached_job_t *add(detached_t *self, peer_t *client, const scheduler_job_t *job, bool is_list)
{
    detached_job_t *kept = ipc_xalloc(sizeof *kept);
    *kept = (detached_job_t){.job = {.id = job->id, .function = job->function, .count = job->count,
                                     .chunk = job->chunk, .retries = job->retries, .priority = job->priority,
                                     .payload = job->payload},
                             .left = job->count,
                             .is_list = is_list};
    copy_terms(&kept->job, job, -job->accepted);
    kept->method = method_of(functions_at(self->controller->functions, job->function), job->payload);
    *self->youngest_next = kept;
    self->youngest_next = &kept->next;
    self->count++;
    count_bytes(self, kept, payload_bytes(job->payload));
    add_follower(kept, client, job->id);
    make_room(self, NULL);
    return kept;
}

void detached_adopt(detached_t *self, peer_t *client, scheduler_job_t *job, bool is_list)
{
    controller_t *controller = self->controller;
    if (controller->detached_client == SCHEDULER_NO_CLIENT)
        controller->detached_client = scheduler_client_join(controller->scheduler);
    job->client = controller->detached_client;
    payload_t *payload = job->payload;
    payload->more->detached = add(self, client, job, is_list);
}

//  Tells a client, if it is still there, a message of a job, which has another id there.
static bool tell(controller_t *controller, const follower_t *follower, const ipc_msg_t *msg)
{
    peer_t *client = follower->client < controller->by_client_count ? controller->by_client[follower->client] : NULL;
    if (!client || client->number != follower->number)
        return false;
    ipc_msg_t onward = *msg;
    if (msg->type == IPC_MSG_RESULT) {
        onward.result.job = follower->job;
        for (size_t i = 0; i < msg->result.objects.count; i++)
            objects_hold(controller->objects, ipc_object_at(&msg->result.objects, i), client->number, 1);
    } else {
        onward.output.span = follower->job;
    }
    peer_send(client, &onward);
    return true;
}

static void keep(detached_t *self, detached_job_t *job, const ipc_msg_t *msg)
{
    if (job->lost)
        return;
    for (size_t i = 0; msg->type == IPC_MSG_RESULT && i < msg->result.objects.count; i++)
        objects_hold(self->controller->objects, ipc_object_at(&msg->result.objects, i), OBJECTS_QUEUE, 1);
    size_t before = job->results.size;
    ipc_msg_pack(msg, &job->results);
    count_bytes(self, job, job->bytes + job->results.size - before);
    make_room(self, job);
}

//  The next controller is to have it as well.
static void keep_on_disk(detached_t *self, const detached_job_t *job, const ipc_msg_t *msg)
{
    if (!self->controller->journal || job->lost)
        return;
    ipc_auto(ipc_writer_destroy) ipc_writer_t frame = {0};
    ipc_msg_pack(msg, &frame);
    journal_keep(self->controller->journal, job->job.id, &frame);
}

void detached_restore(detached_t *self, detached_job_t *job, const ipc_writer_t *frame, bool is_news)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    if (!frame || frame->size == 0 || ipc_frame_open(&reader, frame->data, frame->size, NULL))
        return;
    while (ipc_msg_unpack(&msg, &reader, NULL) == 1) {
        if (is_news) {
            detached_take(self, job, &msg);
            for (size_t i = 0; i < msg.result.objects.count; i++) // they were held until here
                objects_release(self->controller->objects, ipc_object_at(&msg.result.objects, i), OBJECTS_QUEUE, 1);
            continue;
        }
        if (msg.type == IPC_MSG_RESULT)
            job->left -= msg.result.count;
        keep(self, job, &msg);
    }
}

void detached_take(detached_t *self, detached_job_t *job, const ipc_msg_t *msg)
{
    bool told = false;
    for (size_t i = 0; i < job->follower_count; i++)
        told = tell(self->controller, &job->followers[i], msg) || told;
    if (msg->type == IPC_MSG_RESULT)
        job->left -= msg->result.count;
    job->delivered = job->left == 0 && told;
    keep_on_disk(self, job, msg);
    keep(self, job, msg);
}

void detached_end(detached_t *self, detached_job_t *job)
{
    job->over = true;
    free(job->followers);
    job->followers = NULL;
    job->follower_count = 0;
    make_room(self, NULL);
}

detached_job_t *detached_find(const detached_t *self, uint64_t id)
{
    detached_job_t *job = self->oldest;
    while (job && job->job.id != id) job = job->next;
    return job;
}

static bool is_follower(const follower_t *self, const peer_t *client, uint64_t as)
{
    return self->client == client->client && self->number == client->number && self->job == as;
}

detached_job_t *detached_followed(const detached_t *self, const peer_t *client, uint64_t as)
{
    for (detached_job_t *job = client->follows ? self->oldest : NULL; job; job = job->next)
        for (size_t i = 0; i < job->follower_count; i++)
            if (is_follower(&job->followers[i], client, as))
                return job;
    return NULL;
}

bool detached_follow(detached_t *self, detached_job_t *job, peer_t *client, uint64_t as)
{
    if (job->follower_count == FOLLOWERS_MAX)
        return false;
    follower_t follower = {client->client, client->number, as};
    ipc_reader_t reader;
    ipc_msg_t msg;
    if (job->results.size > 0 && !ipc_frame_open(&reader, job->results.data, job->results.size, NULL))
        while (ipc_msg_unpack(&msg, &reader, NULL) == 1) tell(self->controller, &follower, &msg);
    if (job->over)
        job->delivered = true;
    else
        add_follower(job, client, as);
    return true;
}

void detached_purge(detached_t *self, const uint64_t *ids, size_t count, bool *found)
{
    for (detached_job_t **at = &self->oldest; *at;) {
        uint64_t id = (*at)->job.id;
        size_t i = history_find_id(ids, count, id, id + 1);
        bool goes = (*at)->over && (count == 0 || i < count);
        if (goes && count > 0)
            found[i] = true;
        if (goes)
            job_remove(self, at);
        else
            at = &(*at)->next;
    }
}
