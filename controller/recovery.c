#include "controller/recovery.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/rows.h"

enum { BUCKETS = 1024 };

//  Positions of a job that an engine has done, or begun, for a controller that is gone.
typedef struct claim {
    uint64_t job, first, count;
    uint32_t engine, peer;             // that has it: its id, and the peer's number
    uint64_t number;                   // of its DONE, once it is done
    ipc_writer_t frame;                // of that; none: it runs yet
    bool wanted;                       // a client waits for it:
    uint32_t client, client_number;    //   this one, as in peer_t
    history_entry_t entry;             //   as the history will have it
    bool calls;                        //   each position is a task of its own
    struct claim *next;                // of the bucket
} claim_t;

struct recovery {
    controller_t *controller;
    uint32_t awaited, told;            // engines, and those that have told what they have
    int64_t began;                     // monotonic nanoseconds
    claim_t *buckets[BUCKETS];         // by job
    size_t claims;
    uint32_t *unsent;                  // ids of engines that have something to hear of what is safe
    size_t unsent_count, unsent_room;
};

recovery_t *recovery_new(controller_t *controller, uint32_t engines)
{
    recovery_t *self = ipc_xalloc(sizeof *self);
    *self = (recovery_t){.controller = controller, .awaited = engines, .began = monotonic_ns()};
    return self;
}

static claim_t **bucket_of(recovery_t *self, uint64_t job)
{
    return &self->buckets[(job ^ job >> 32) % BUCKETS];
}

static peer_t *engine_of(const recovery_t *self, uint32_t engine, uint32_t number)
{
    const controller_t *controller = self->controller;
    peer_t *peer = engine < controller->entry_count ? controller->entries[engine].peer : NULL;
    return peer && peer->number == number ? peer : NULL;
}

static peer_t *client_of(const recovery_t *self, const claim_t *claim)
{
    const controller_t *controller = self->controller;
    peer_t *peer = claim->client < controller->by_client_count ? controller->by_client[claim->client] : NULL;
    return peer && peer->number == claim->client_number ? peer : NULL;
}

//  The objects of a result that waits are held, or no more.
static void hold_result(recovery_t *self, const claim_t *claim, bool holds)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    if (claim->frame.size == 0 || ipc_frame_open(&reader, claim->frame.data, claim->frame.size, NULL) ||
        ipc_msg_unpack(&msg, &reader, NULL) != 1)
        return;
    for (size_t i = 0; i < msg.done.objects.count; i++)
        if (holds)
            objects_hold(self->controller->objects, ipc_object_at(&msg.done.objects, i), OBJECTS_QUEUE, 1);
        else
            objects_release(self->controller->objects, ipc_object_at(&msg.done.objects, i), OBJECTS_QUEUE, 1);
}

static void remove_claim(recovery_t *self, claim_t **at)
{
    claim_t *claim = *at;
    *at = claim->next;
    hold_result(self, claim, false);
    ipc_writer_destroy(&claim->frame);
    free(claim);
    self->claims--;
}

void recovery_destroy(recovery_t **self_p)
{
    recovery_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (self->buckets[i]) remove_claim(self, &self->buckets[i]);
    free(self->unsent);
    free(self);
}

static int64_t age_ms(const recovery_t *self)
{
    return (monotonic_ns() - self->began) / 1000000;
}

bool recovery_is_ready(const recovery_t *self)
{
    return self->told >= self->awaited || age_ms(self) >= RECOVERY_ENGINES_MS;
}

bool recovery_is_over(const recovery_t *self)
{
    return self->awaited == 0 || age_ms(self) >= RECOVERY_CLIENTS_MS;
}

//  --- What is safe ---------------------------------------------------------------------------------------------

static void note_safe(recovery_t *self, peer_t *engine, uint64_t number)
{
    if (engine->safe.size == 0) {
        if (self->unsent_count == self->unsent_room) {
            self->unsent_room = self->unsent_room ? 2 * self->unsent_room : 16;
            self->unsent = ipc_xrealloc(self->unsent, self->unsent_room * sizeof self->unsent[0]);
        }
        self->unsent[self->unsent_count++] = engine->engine;
    }
    ipc_write_raw(&engine->safe, &number, sizeof number);
}

void recovery_safe(recovery_t *self, peer_t *engine)
{
    note_safe(self, engine, engine->dones);
}

//  The client was told last what the engine has under this number.
static void note_told(peer_t *client, const peer_t *engine, uint64_t number)
{
    unseen_t unseen = {.result = client->results, .number = number, .engine = engine->engine, .peer = engine->number};
    ipc_write_raw(&client->unseen, &unseen, sizeof unseen);
}

void recovery_told(recovery_t *self, const peer_t *engine, peer_t *client)
{
    (void) self;
    note_told(client, engine, engine->dones);
}

//  Results of a client up to one are safe. Gives the bytes of those that are not.
static void see(recovery_t *self, peer_t *client, uint64_t count)
{
    size_t at = client->unseen_begin;
    for (unseen_t unseen; at < client->unseen.size; at += sizeof unseen) {
        memcpy(&unseen, client->unseen.data + at, sizeof unseen);
        if (unseen.result > count)
            break;
        peer_t *engine = engine_of(self, unseen.engine, unseen.peer);
        if (engine)
            note_safe(self, engine, unseen.number);
    }
    client->unseen_begin = at;
    if (at < client->unseen.size / 2)
        return;
    client->unseen.size -= at; // half of it or more is free
    if (client->unseen.size > 0)
        memmove(client->unseen.data, client->unseen.data + at, client->unseen.size);
    client->unseen_begin = 0;
}

void on_seen(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (self->recovery && msg->seen.count <= peer->results)
        see(self->recovery, peer, msg->seen.count);
}

void recovery_flush(recovery_t *self)
{
    controller_t *controller = self->controller;
    for (size_t i = 0; i < self->unsent_count; i++) {
        uint32_t id = self->unsent[i];
        peer_t *engine = id < controller->entry_count ? controller->entries[id].peer : NULL;
        if (!engine || engine->safe.size == 0)
            continue;
        peer_send(engine, &(ipc_msg_t){.type = IPC_MSG_SAFE, .safe = {{engine->safe.data, engine->safe.size}}});
        ipc_writer_clear(&engine->safe);
    }
    self->unsent_count = 0;
}

//  --- What engines have ----------------------------------------------------------------------------------------

static claim_t *add_claim(recovery_t *self, const peer_t *engine, uint64_t job, uint64_t first, uint64_t count)
{
    claim_t *claim = ipc_xalloc(sizeof *claim), **bucket = bucket_of(self, job);
    *claim = (claim_t){.job = job, .first = first, .count = count, .engine = engine->engine, .peer = engine->number,
                       .next = *bucket};
    *bucket = claim;
    self->claims++;
    return claim;
}

void on_engine_job(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) self;
    (void) parcel;
    peer->next_job = msg->job.job;
}

void on_runs(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    recovery_t *recovery = self->recovery;
    if (!recovery)
        return;
    if (msg->runs.count > 0)
        add_claim(recovery, peer, msg->runs.job, msg->runs.first, msg->runs.count);
    recovery->told += msg->runs.last != 0;
}

//  Tells a client a result, and the history.
static void hand_on(recovery_t *self, peer_t *client, const claim_t *claim, const ipc_msg_t *done)
{
    controller_t *controller = self->controller;
    history_entry_t entry = claim->entry;
    ipc_msg_t result = {.type = IPC_MSG_RESULT,
                        .result = {.failed = done->done.failed,
                                   .engine = claim->engine,
                                   .attempts = 1,
                                   .job = claim->job,
                                   .first = done->done.first,
                                   .count = done->done.count,
                                   .accepted = entry.accepted,
                                   .started = done->done.started,
                                   .finished = done->done.finished,
                                   .objects = done->done.objects,
                                   .durations = done->done.durations,
                                   .out = done->done.out,
                                   .err = done->done.err,
                                   .body = done->done.body,
                                   .peak_memory = done->done.peak_memory}};
    for (size_t i = 0; i < done->done.objects.count; i++)
        objects_hold(controller->objects, ipc_object_at(&done->done.objects, i), client->number, 1);
    peer_send(client, &result);
    entry.job += claim->calls ? done->done.first : 0;
    entry.first = claim->calls ? 0 : done->done.first;
    entry.engine = claim->engine;
    record_recovered(controller, &entry, done);
}

//  A claim that a client waits for, or that such a one will ask for, of a result.
static claim_t **find_running(recovery_t *self, const peer_t *engine, uint64_t job, uint64_t first)
{
    claim_t **at = bucket_of(self, job);
    while (*at && !((*at)->job == job && (*at)->peer == engine->number && (*at)->frame.size == 0 &&
                    first - (*at)->first < (*at)->count))
        at = &(*at)->next;
    return *at ? at : NULL;
}

void recovery_done(recovery_t *self, peer_t *engine, uint64_t job, const ipc_msg_t *done)
{
    claim_t **running = find_running(self, engine, job, done->done.first);
    peer_t *client = running && (*running)->wanted ? client_of(self, *running) : NULL;
    if (client) {
        hand_on(self, client, *running, done);
        note_told(client, engine, engine->dones);
    } else if (!recovery_is_over(self) && !(running && (*running)->wanted)) { // somebody may ask for it
        claim_t *claim = add_claim(self, engine, job, done->done.first, done->done.count);
        claim->number = engine->dones;
        ipc_msg_pack(done, &claim->frame);
        hold_result(self, claim, true);
        running = find_running(self, engine, job, done->done.first);
    } else {
        recovery_safe(self, engine);
    }
    if (!running)
        return;
    claim_t *claim = *running; // it is told in order
    uint64_t end = claim->first + claim->count, next = done->done.first + done->done.count;
    claim->first = next;
    claim->count = next < end ? end - next : 0;
    if (claim->count == 0)
        remove_claim(self, running);
}

//  --- What clients miss ----------------------------------------------------------------------------------------

void on_resume(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    ipc_ranges_free(&peer->missing);
    peer->resumes = self->recovery != NULL;
    for (size_t i = 0; i < msg->resume.missing.size / sizeof(ipc_range_t); i++) {
        ipc_range_t range = ipc_range_at(msg->resume.missing, i);
        if (range.count <= UINT64_MAX - range.first)
            ipc_ranges_add(&peer->missing, range.first, range.count);
    }
}

static void want(recovery_t *self, claim_t *claim, const peer_t *client, const ipc_msg_t *msg, uint32_t function)
{
    size_t size = msg->submit.label.size;
    claim->wanted = true;
    claim->client = client->client;
    claim->client_number = client->number;
    claim->calls = msg->submit.items == IPC_ITEMS_CALLS;
    claim->entry = (history_entry_t){.client = client->owner, .job = claim->job, .function = function,
                                     .submitted = msg->submit.submitted, .accepted = self->controller->now};
    memcpy(claim->entry.label, msg->submit.label.data, size < HISTORY_LABEL ? size : HISTORY_LABEL - 1);
}

//  What a task reads must not be used again while it runs: it lets go itself, as of one that was sent to it.
static void hold_arguments(recovery_t *self, const claim_t *claim, const ipc_msg_t *msg)
{
    for (size_t i = 0; i < msg->submit.objects.count; i++)
        objects_hold(self->controller->objects, ipc_object_at(&msg->submit.objects, i), claim->peer, 1);
}

//  A client asks for a claim's positions: true when the claim is done with.
static bool serve_claim(recovery_t *self, claim_t *claim, peer_t *client, const ipc_msg_t *msg, uint32_t function,
                        ipc_ranges_t *missing)
{
    peer_t *engine = engine_of(self, claim->engine, claim->peer);
    ipc_reader_t reader;
    ipc_msg_t done;
    want(self, claim, client, msg, function);
    if (claim->frame.size == 0) {
        hold_arguments(self, claim, msg);
        ipc_ranges_remove(missing, claim->first, claim->count);
        return false;
    }
    if (ipc_frame_open(&reader, claim->frame.data, claim->frame.size, NULL) ||
        ipc_msg_unpack(&done, &reader, NULL) != 1)
        return true;
    bool again = done.done.failed && msg->submit.retries > 0;
    if (again || !ipc_ranges_have(missing, claim->first, claim->count)) { // it runs again, or the client has it
        if (engine)
            note_safe(self, engine, claim->number);
        return true;
    }
    hand_on(self, client, claim, &done);
    if (engine)
        note_told(client, engine, claim->number);
    ipc_ranges_remove(missing, claim->first, claim->count);
    return true;
}

void recovery_match(recovery_t *self, peer_t *client, const ipc_msg_t *msg, uint32_t function, ipc_ranges_t *missing)
{
    for (claim_t **at = bucket_of(self, msg->submit.job); *at;)
        if ((*at)->job == msg->submit.job && !(*at)->wanted &&
            serve_claim(self, *at, client, msg, function, missing))
            remove_claim(self, at);
        else
            at = &(*at)->next;
}

//  --- What runs ------------------------------------------------------------------------------------------------

void recovery_list(const recovery_t *self, recovery_visit_fn *visit, void *context)
{
    for (size_t i = 0; self->claims > 0 && i < BUCKETS; i++)
        for (const claim_t *claim = self->buckets[i]; claim; claim = claim->next) {
            history_entry_t entry = claim->entry;
            entry.job += claim->calls ? claim->first : 0;
            entry.first = claim->calls ? 0 : claim->first;
            entry.count = claim->count;
            entry.engine = claim->engine;
            entry.attempts = 1;
            entry.state = IPC_ROW_RUNNING;
            if (claim->wanted && claim->frame.size == 0)
                visit(context, &entry);
        }
}

//  --- Ends -----------------------------------------------------------------------------------------------------

void recovery_end(recovery_t *self)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (claim_t **at = &self->buckets[i]; *at;) {
            const claim_t *claim = *at;
            peer_t *engine = engine_of(self, claim->engine, claim->peer);
            if (claim->wanted) {
                at = &(*at)->next;
                continue;
            }
            if (claim->frame.size > 0 && engine)
                note_safe(self, engine, claim->number);
            remove_claim(self, at);
        }
}

//  The engine that ran it is dead.
static void lose_claim(recovery_t *self, const claim_t *claim)
{
    char text[256];
    peer_t *client = claim->wanted ? client_of(self, claim) : NULL;
    if (!client)
        return;
    snprintf(text, sizeof text,
             "engine %u died while it ran %s, which it had begun before the controller was started again", claim->engine,
             functions_at(self->controller->functions, claim->entry.function)->name);
    ipc_auto(ipc_writer_destroy) ipc_writer_t body = {0};
    ipc_failure_t failure = {.code = IPC_E_CRASH, .kind = ipc_bytes_of(ipc_code_kind(IPC_E_CRASH)),
                             .text = ipc_bytes_of(text)};
    ipc_failure_pack(&failure, &body);
    hand_on(self, client, claim,
            &(ipc_msg_t){.done = {.failed = 1, .first = claim->first, .count = claim->count,
                                  .body = {body.data, body.size}}});
}

static void lose_claims(recovery_t *self, const peer_t *engine)
{
    for (size_t i = 0; self->claims > 0 && i < BUCKETS; i++)
        for (claim_t **at = &self->buckets[i]; *at;)
            if ((*at)->peer == engine->number && (*at)->frame.size == 0) {
                lose_claim(self, *at);
                remove_claim(self, at);
            } else {
                at = &(*at)->next;
            }
}

void recovery_forget(recovery_t *self, peer_t *peer)
{
    if (peer->kind == PEER_ENGINE)
        lose_claims(self, peer);
    else if (peer->kind == PEER_CLIENT)
        see(self, peer, UINT64_MAX); // nobody will ask for its results
}
