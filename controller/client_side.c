//  What clients may say.
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/detached.h"
#include "controller/outlast.h"
#include "controller/recovery.h"
#include "controller/slab.h"
#include "controller/state.h"

bool token_is(const char *token, ipc_bytes_t given)
{
    return given.size == strlen(token) && sodium_memcmp(token, given.data, given.size) == 0;
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZERS "address,undefined"
#elif defined(__SANITIZE_THREAD__)
#define SANITIZERS "thread"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZERS "address,undefined"
#endif
#endif
#ifndef SANITIZERS
#define SANITIZERS ""
#endif

void client_join(controller_t *self, peer_t *peer)
{
    peer->kind = PEER_CLIENT;
    peer->dependencies = dependencies_new(&given_actions, peer);
    peer->client = scheduler_client_join(self->scheduler);
    if (peer->client >= self->by_client_count) {
        uint32_t count = peer->client + 1;
        self->by_client = ipc_xgrow(self->by_client, self->by_client_count, count, sizeof self->by_client[0]);
        self->by_client_count = count;
    }
    self->by_client[peer->client] = peer;
}

static void on_hello(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (peer->kind != PEER_NEW)
        return;
    if (!token_is(self->client_file.token, msg->hello.token)) {
        peer_refuse(peer, IPC_E_PERMISSION,
                    "the connection file is not that of the running cluster: read it again");
        peer->leaving = true;
        return;
    }
    peer_own(peer, msg->hello.uuid);
    client_join(self, peer);
    watch_t watch = peer_watch(peer, (int) msg->hello.pid);
    if (watch == WATCH_FULL)
        peer_turn_away(peer);
    if (watch != WATCH_STARTED) {
        peer->leaving = true;
        return;
    }
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_WELCOME,
                                 .welcome = {.client = peer->client,
                                             .pid = (uint32_t) getpid(),
                                             .task_limit = TASK_LIMIT,
                                             .byte_limit = BYTE_LIMIT,
                                             .sanitizers = ipc_bytes_of(SANITIZERS),
                                             .keeps = self->recovery != NULL}});
    engines_tell_one(self, peer);
}

static void on_function(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    uint32_t number = msg->function.function;
    const function_t *function = number < FUNCTIONS_MAX ? functions_add(self->functions, msg) : NULL;
    if (!function) {
        peer_refuse(peer, IPC_E_LIMIT, "too many functions");
        return;
    }
    if (number >= peer->function_count) {
        uint32_t count = number + 16;
        peer->functions = ipc_xgrow(peer->functions, peer->function_count, count, sizeof peer->functions[0]);
        peer->function_count = count;
    }
    peer->functions[number] = function->number + 1;
}

//  A submission that makes no sense ends with an error for each of its positions.
static void fail_submission(controller_t *self, peer_t *peer, const ipc_msg_t *msg, int code, const char *text)
{
    if (!peer->resumes)
        peer_fail(peer, msg->submit.job, msg->submit.count, code, text);
    for (size_t i = 0; peer->resumes && i < peer->missing.count; i++) // the others have ended
        peer_fail_some(peer, msg->submit.job, peer->missing.ranges[i].first, peer->missing.ranges[i].count, code, text);
    for (size_t i = 0; i < msg->submit.objects.count; i++) { // nobody will ever hold them
        objects_hold(self->objects, ipc_object_at(&msg->submit.objects, i), OBJECTS_QUEUE, 1);
        objects_release(self->objects, ipc_object_at(&msg->submit.objects, i), OBJECTS_QUEUE, 1);
    }
}

static bool has_list(const ipc_msg_t *msg)
{
    return ipc_items_are_packed(msg->submit.items);
}

static bool submission_is_sound(controller_t *self, peer_t *peer, const ipc_msg_t *msg)
{
    const char *wrong = NULL;
    size_t targets = msg->submit.targets.size / sizeof(ipc_target_t);
    bool direct = msg->submit.flags & IPC_SUBMIT_DIRECT;
    if (msg->submit.function >= peer->function_count || !peer->functions[msg->submit.function])
        wrong = "a function that was never named";
    else if (msg->submit.count == 0 || msg->submit.count > (uint64_t) 1 << 48)
        wrong = "a submission of no or too many positions";
    else if (has_list(msg) &&
             msg->submit.places.size / sizeof(uint32_t) != msg->submit.count + 1)
        wrong = "a list without its places";
    else if (direct && targets == 0)
        wrong = "a direct submission without targets";
    for (size_t i = 0; !wrong && i < targets; i++) {
        ipc_target_t target = ipc_target_at(msg->submit.targets, i);
        if (direct && (target.count == 0 || target.first > msg->submit.count ||
                       target.count > msg->submit.count - target.first))
            wrong = "a target beyond the positions";
    }
    for (uint64_t i = 0; !wrong && has_list(msg) && i < msg->submit.count; i++) {
        uint32_t place[2];
        memcpy(place, msg->submit.places.data + i * sizeof place[0], sizeof place);
        if (place[0] > place[1] || place[1] > msg->submit.data.size)
            wrong = "a list with places outside of its data";
    }
    if (wrong)
        fail_submission(self, peer, msg, IPC_E_PROTOCOL, wrong);
    return !wrong;
}

//  Whether an engine that it names is there, if it names any; else it ends.
static bool has_engine(controller_t *self, peer_t *peer, const ipc_msg_t *msg)
{
    enum { TEXT_ROOM = 64 };
    size_t targets = msg->submit.targets.size / sizeof(ipc_target_t);
    for (size_t i = 0; i < targets; i++)
        if (scheduler_engine_known(self->scheduler, ipc_target_at(msg->submit.targets, i).engine))
            return true;
    if (targets == 0)
        return true;
    char text[TEXT_ROOM];
    snprintf(text, sizeof text, "engine %u is gone", ipc_target_at(msg->submit.targets, 0).engine);
    fail_submission(self, peer, msg, IPC_E_ENGINE_LOST, text);
    return false;
}

uint64_t payload_tasks(const payload_t *self, uint64_t count)
{
    return self->items == IPC_ITEMS_CALLS ? count : 1;
}

uint64_t payload_bytes(const payload_t *self)
{
    return self->arguments_size + (self->list ? self->list->places.size + self->list->data.size : 0) +
           (self->more && self->more->supply ? supply_memory(self->more->supply) : 0);
}

ipc_objects_t payload_objects(const payload_t *self)
{
    return (ipc_objects_t){self->objects, self->object_count};
}

payload_more_t *payload_more(payload_t *self)
{
    if (!self->more)
        self->more = ipc_xalloc(sizeof *self->more);
    return self->more;
}

static void payload_label(payload_t *self, ipc_bytes_t label)
{
    payload_more_t *more = payload_more(self);
    size_t size = label.size < sizeof more->label ? label.size : sizeof more->label - 1;
    memcpy(more->label, label.data, size);
}

void payload_free(controller_t *self, payload_t *payload)
{
    ipc_objects_t objects = payload_objects(payload);
    for (size_t i = 0; i < objects.count; i++)
        objects_release(self->objects, ipc_object_at(&objects, i), OBJECTS_QUEUE, 1);
    given_free(self, payload);
    if (payload->parcel)
        parcel_release(payload->parcel);
    free(payload->list);
    free(payload->more);
    slab_give(self->payloads, payload->slab_id);
}

static payload_t *payload_new(controller_t *self, uint64_t owner, const ipc_msg_t *msg, parcel_t *parcel)
{
    uint64_t id = 0;
    payload_t *payload = slab_take(self->payloads, &id);
    ipc_bytes_t arguments = msg->submit.arguments;
    bool list = has_list(msg);
    *payload = (payload_t){.slab_id = id, .items = msg->submit.items, .base = msg->submit.base,
                           .owner = owner, .submitted = msg->submit.submitted,
                           .arguments_size = (uint32_t) arguments.size};
    if (msg->submit.label.size > 0 || msg->submit.flags & IPC_SUBMIT_DETACH)
        payload_label(payload, msg->submit.label);
    if (arguments.size <= sizeof payload->copied && msg->submit.objects.count == 0 && !list) {
        memcpy(payload->copied, arguments.data, arguments.size);
        return payload;
    }
    payload->parcel = parcel;
    parcel->references++;
    payload->arguments = arguments.data;
    payload->objects = msg->submit.objects.data;
    payload->object_count = (uint32_t) msg->submit.objects.count;
    if (list) {
        payload->list = ipc_xalloc(sizeof *payload->list);
        *payload->list = (item_list_t){msg->submit.places, msg->submit.data};
    }
    ipc_objects_t objects = payload_objects(payload);
    for (size_t i = 0; i < objects.count; i++)
        objects_hold(self->objects, ipc_object_at(&objects, i), OBJECTS_QUEUE, 1);
    return payload;
}

//  Not dropped without a word: of a client whose bytes are spoilt it may be one that it waits for.
bool peer_submits(peer_t *peer, uint64_t job)
{
    if (scheduler_client_submits(peer->controller->scheduler, peer->client, job))
        return true;
    peer_refuse(peer, IPC_E_PROTOCOL, "a job comes that has come before, or whose number does not rise");
    peer->leaving = true;
    return false;
}

//  The library waits when its credit is used up; who goes on regardless is not ours.
bool peer_check_credit(peer_t *peer)
{
    if (peer->tasks < TASK_LIMIT + TASK_SLACK && peer->bytes < 2 * BYTE_LIMIT)
        return true;
    peer_refuse(peer, IPC_E_LIMIT, "more work outstanding than the credit allows");
    peer->leaving = true;
    return false;
}

static void limits_free(scheduler_limits_t **limits)
{
    free(*limits);
}

//  Where a job may run, or what of it runs where; engines that are gone are left out.
//      later   a direct job that waits has its engines in allowed, one for each position
static void set_targets(controller_t *self, scheduler_job_t *job, ipc_bytes_t targets, bool later)
{
    size_t count = targets.size / sizeof(ipc_target_t);
    if ((!job->direct || later) && count > 0)
        job->allowed = ipc_xalloc(count * sizeof job->allowed[0]);
    for (size_t i = 0; i < count; i++) {
        ipc_target_t target = ipc_target_at(targets, i);
        if (!scheduler_engine_known(self->scheduler, target.engine) && !later)
            continue;
        if (job->direct && !later)
            scheduler_job_target(self->scheduler, job, target.engine, target.first, target.count);
        else
            job->allowed[job->allowed_count++] = target.engine;
    }
}

//  Positions of a direct job, which was submitted, for engines that are gone.
static void miss_targets(controller_t *self, scheduler_job_t *job, ipc_bytes_t targets)
{
    for (size_t i = 0; i < targets.size / sizeof(ipc_target_t); i++) {
        ipc_target_t target = ipc_target_at(targets, i);
        if (!scheduler_engine_known(self->scheduler, target.engine))
            scheduler_job_miss(self->scheduler, job, target.engine, target.first, target.count);
    }
}

//  A target's positions among those that are missing become spans of the job.
static void target_missing(controller_t *self, scheduler_job_t *job, ipc_target_t target, const ipc_ranges_t *missing)
{
    for (size_t i = 0; i < missing->count; i++) {
        ipc_range_t range = missing->ranges[i];
        uint64_t begin = range.first > target.first ? range.first : target.first;
        uint64_t end = range.first + range.count, stop = target.first + target.count;
        end = end < stop ? end : stop;
        if (begin < end)
            scheduler_job_target(self->scheduler, job, target.engine, begin, end - begin);
    }
}

//  A job of before goes on with what is missing of it: what engines run stays there, the rest is queued. Engines that
//  are gone are found out first: all that was for them ends.
static void submit_missing(controller_t *self, peer_t *peer, scheduler_job_t *job, const ipc_msg_t *msg)
{
    ipc_ranges_t *missing = &peer->missing;
    for (size_t i = 0; job->direct && i < msg->submit.targets.size / sizeof(ipc_target_t); i++) {
        ipc_target_t target = ipc_target_at(msg->submit.targets, i);
        if (scheduler_engine_known(self->scheduler, target.engine)) {
            target_missing(self, job, target, missing);
            continue;
        }
        char text[64];
        snprintf(text, sizeof text, "engine %u is gone", target.engine);
        peer_fail_some(peer, job->id, target.first, target.count, IPC_E_ENGINE_LOST, text);
        ipc_ranges_remove(missing, target.first, target.count);
    }
    _Static_assert(sizeof(scheduler_range_t) == sizeof(ipc_range_t), "one is the other");
    scheduler_submit_some(self->scheduler, job, (const scheduler_range_t *) missing->ranges, missing->count);
}

//  The same for one that is given values: what is missing of it waits for them again.
static void hold_missing(controller_t *self, peer_t *peer, const job_terms_t *terms, scheduler_job_t *job)
{
    for (uint32_t i = 0; i < job->allowed_count; i++)
        if (!ipc_ranges_have(&peer->missing, i, 1))
            job->allowed[i] = SCHEDULER_NO_ENGINE;
    terms_hold(self, peer, terms, job);
    scheduler_hold_some(self->scheduler, job);
}

//  What is missing of a job of before, which is not all of it, or engines run some: what they run stays there.
static void submit_rest(controller_t *self, peer_t *peer, const job_terms_t *terms, scheduler_job_t *job,
                        const ipc_msg_t *msg)
{
    recovery_adopt(self->recovery, &(resumption_t){peer, msg, job->function, job, NULL}, &peer->missing);
    if (terms && terms_give(terms) && peer->missing.count > 0) {
        hold_missing(self, peer, terms, job);
        return;
    }
    if (terms && !terms_confine(peer, terms, job)) {
        for (size_t i = 0; i < peer->missing.count; i++)
            peer_fail_some(peer, job->id, peer->missing.ranges[i].first, peer->missing.ranges[i].count,
                           IPC_E_IMPOSSIBLE, "it may not run on the engine that it was to follow to");
        ipc_ranges_free(&peer->missing);
    }
    submit_missing(self, peer, job, msg);
}

//  What a client misses of a job of before: 1: all of it is to be queued; 0: some, or some runs; -1: nothing.
//      results   of detached work: what is done of it is put there, a frame
static int resume(controller_t *self, peer_t *peer, const ipc_msg_t *msg, ipc_writer_t *results)
{
    ipc_ranges_remove(&peer->missing, msg->submit.count, UINT64_MAX - msg->submit.count);
    uint32_t function = peer->functions[msg->submit.function] - 1;
    journal_resume(self->journal, msg->submit.job);
    record_resumed(self, peer, msg, function, &peer->missing);
    bool runs = recovery_match(self->recovery, &(resumption_t){peer, msg, function, NULL, results}, &peer->missing);
    if (!runs && ipc_ranges_have(&peer->missing, 0, msg->submit.count))
        return 1;
    return peer->missing.count > 0 || results ? 0 : -1; // detached work is kept when it is done
}

static void needs_free(needs_t **needs)
{
    free(*needs);
    *needs = NULL;
}

//  What a submission comes to, once it is found fit.
typedef struct admission {
    job_terms_t *terms;                // the peer's; or NULL
    needs_t *needs;                    // or NULL
    bool detaches;
    bool is_some;                      // those positions alone that its client misses
    ipc_writer_t results;              // of detached work that goes on: what is done of it, a frame
} admission_t;

//  Refuses it with that error.
static bool turn_down(controller_t *self, peer_t *peer, const ipc_msg_t *msg, int code, const char *text)
{
    fail_submission(self, peer, msg, code, text);
    return false;
}

//  Whether a submission is taken; else its client has been told.
static bool admit(controller_t *self, peer_t *peer, const ipc_msg_t *msg, admission_t *admission)
{
    ipc_error_t error = {0};
    if (!peer_check_credit(peer) || !has_engine(self, peer, msg))
        return false;
    if (admission->terms && (terms_check(admission->terms, msg, &error) ||
                             terms_needs(admission->terms, &admission->needs, &error)))
        return turn_down(self, peer, msg, error.code, error.text);
    const char *failure = self->journal ? journal_failure(self->journal) : NULL;
    if (failure && !peer->resumes) // what is accepted is to be in it
        return turn_down(self, peer, msg, IPC_E_SYSTEM, failure);
    admission->detaches = msg->submit.flags & IPC_SUBMIT_DETACH;
    int rest = peer->resumes ? resume(self, peer, msg, admission->detaches ? &admission->results : NULL) : 1;
    admission->is_some = rest == 0;
    if (rest >= 0 && admission->detaches && !detached_has_room(self->detached))
        return turn_down(self, peer, msg, IPC_E_LIMIT, "too many detached jobs are under way");
    return rest >= 0;
}

//  A job belongs to nobody from now on. It is kept for the next controller; or one before has kept it.
static void detach(controller_t *self, peer_t *peer, scheduler_job_t *job, const ipc_msg_t *msg, admission_t *admission)
{
    detached_adopt(self->detached, peer, job, msg->submit.flags & IPC_SUBMIT_LIST);
    detached_job_t *kept = detached_find(self->detached, job->id);
    if (self->journal && !self->outlasting)
        outlast_keep(self, peer, msg, job->limits, terms_msg(admission->terms));
    if (kept)
        detached_restore(self->detached, kept, self->outlasting, false);
    if (kept)
        detached_restore(self->detached, kept, &admission->results, true);
    ipc_writer_destroy(&admission->results);
}

//  Detached work that is here already: its client goes on to follow it.
static bool follows(controller_t *self, peer_t *peer, const ipc_msg_t *msg)
{
    bool detached = peer->resumes && msg->submit.flags & IPC_SUBMIT_DETACH;
    detached_job_t *job = detached ? detached_find(self->detached, msg->submit.job) : NULL;
    return job && detached_follow(self->detached, job, peer, msg->submit.job);
}

static void submit(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    ipc_auto(terms_free) job_terms_t *terms = peer->terms;
    ipc_auto(limits_free) scheduler_limits_t *limits = limits_take(self, peer);
    bool resumes = peer->resumes;
    admission_t admission = {.terms = terms};
    peer->terms = NULL;
    if (!submission_is_sound(self, peer, msg) || !peer_submits(peer, msg->submit.job) || follows(self, peer, msg))
        return;
    bool taken = admit(self, peer, msg, &admission);
    ipc_auto(needs_free) needs_t *needs = admission.needs;
    if (!taken) {
        ipc_writer_destroy(&admission.results);
        return;
    }
    scheduler_job_t *job = scheduler_job_new(self->scheduler);
    *job = (scheduler_job_t){.id = msg->submit.job, .client = peer->client,
                             .function = peer->functions[msg->submit.function] - 1,
                             .count = msg->submit.count, .chunk = msg->submit.chunk,
                             .retries = msg->submit.retries, .priority = msg->submit.priority,
                             .direct = msg->submit.flags & IPC_SUBMIT_DIRECT, .accepted = self->now,
                             .needs = needs, .limits = limits,
                             .payload = payload_new(self, peer->owner, msg, parcel)};
    needs = NULL; // the job's, both
    limits = NULL;
    bool later = job->direct && terms && terms_give(terms);
    if (!admission.is_some || !job->direct || later)
        set_targets(self, job, msg->submit.targets, later);
    if (admission.detaches)
        detach(self, peer, job, msg, &admission);
    self->submitted += job->count;
    if (!admission.detaches) { // what is detached has limits of its own
        peer->tasks += payload_tasks(job->payload, job->count);
        peer->bytes += payload_bytes(job->payload);
    }
    if (!resumes)
        record_accepted(self, job);
    if (admission.is_some) {
        submit_rest(self, peer, terms, job, msg);
        return;
    }
    if (terms)
        terms_hold(self, peer, terms, job);
    bool targeted = job->direct && !later;
    scheduler_submit(self->scheduler, job);
    if (targeted)
        miss_targets(self, job, msg->submit.targets);
}

static void on_submit(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    submit(self, peer, msg, parcel);
    if (peer->resumes)
        ipc_ranges_free(&peer->missing);
    peer->resumes = false;
}

static void on_client_release(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    objects_release(self->objects, msg->release.object, peer->number, msg->release.count);
}

static void on_status(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    char *text = controller_report(self);
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_REPORT,
                                 .report = {.number = msg->status.number, .text = ipc_bytes_of(text)}});
    free(text);
}

static void on_bye(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    (void) msg;
    (void) parcel;
    peer->leaving = true; // what follows in this frame means nothing
}

static void on_client_ping(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    (void) parcel;
    peer_send(peer, &(ipc_msg_t){.type = IPC_MSG_PONG, .pong = {.number = msg->ping.number}});
}

static void on_taken(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    (void) parcel;
    peer_takes(peer, msg->taken.bytes);
}

handler_fn *const client_handlers[IPC_MSG_COUNT] = {
    [IPC_MSG_HELLO] = on_hello,
    [IPC_MSG_FUNCTION] = on_function,
    [IPC_MSG_TERMS] = on_terms,
    [IPC_MSG_SUBMIT] = on_submit,
    [IPC_MSG_SUPPLY] = on_supply,
    [IPC_MSG_LIMITS] = on_limits,
    [IPC_MSG_ABORT] = on_abort,
    [IPC_MSG_SIGNAL] = on_signal,
    [IPC_MSG_SHUTDOWN] = on_shutdown,
    [IPC_MSG_RELEASE] = on_client_release,
    [IPC_MSG_STATUS] = on_status,
    [IPC_MSG_QUERY] = on_query,
    [IPC_MSG_FETCH] = on_fetch,
    [IPC_MSG_PING] = on_client_ping,
    [IPC_MSG_PONG] = on_pong,
    [IPC_MSG_SEEN] = on_seen,
    [IPC_MSG_RESUME] = on_resume,
    [IPC_MSG_TAKEN] = on_taken,
    [IPC_MSG_BYE] = on_bye,
};

void client_gone(controller_t *self, peer_t *peer)
{
    if (peer->client >= self->by_client_count || self->by_client[peer->client] != peer)
        return;
    self->by_client[peer->client] = NULL;
    endings_forget(self, peer);
    scheduler_client_leave(self->scheduler, peer->client);
}
