#include "controller/recovery.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/rows.h"
#include "controller/claims.h"

struct recovery {
    controller_t *controller;
    uint32_t awaited, told;            // engines, and those that have told what they have
    int64_t began;                     // monotonic nanoseconds
    claims_t *claims;
    const resumption_t *resumption;    // what is being served
    uint32_t *unsent;                  // ids of engines that have something to hear of what is safe
    size_t unsent_count, unsent_room;
    ipc_writer_t keepings;             // unseen_t each: results that are safe when the journal has kept so much
    size_t keepings_begin;             // where the first is
};

static const claims_actions_t actions;

recovery_t *recovery_new(controller_t *controller, uint32_t engines)
{
    recovery_t *self = ipc_xalloc(sizeof *self);
    *self = (recovery_t){.controller = controller, .awaited = engines, .began = monotonic_ns(),
                         .claims = claims_new(&actions)};
    return self;
}

static peer_t *engine_of(const recovery_t *self, uint32_t engine, uint32_t number)
{
    const controller_t *controller = self->controller;
    peer_t *peer = engine < controller->entry_count ? controller->entries[engine].peer : NULL;
    return peer && peer->number == number ? peer : NULL;
}

//  The objects of a result that waits are held, or no more.
static void hold_result(recovery_t *self, const ipc_msg_t *done, bool holds)
{
    for (size_t i = 0; i < done->done.objects.count; i++)
        if (holds)
            objects_hold(self->controller->objects, ipc_object_at(&done->done.objects, i), OBJECTS_QUEUE, 1);
        else
            objects_release(self->controller->objects, ipc_object_at(&done->done.objects, i), OBJECTS_QUEUE, 1);
}

void recovery_destroy(recovery_t **self_p)
{
    recovery_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    claims_destroy(&self->claims);
    ipc_writer_destroy(&self->keepings);
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

//  Those of a list up to a number, from where it begins on.
static size_t note_until(recovery_t *self, const ipc_writer_t *list, size_t at, uint64_t count)
{
    for (unseen_t unseen; at < list->size; at += sizeof unseen) {
        memcpy(&unseen, list->data + at, sizeof unseen);
        if (unseen.result > count)
            break;
        peer_t *engine = engine_of(self, unseen.engine, unseen.peer);
        if (engine)
            note_safe(self, engine, unseen.number);
    }
    return at;
}

void recovery_kept(recovery_t *self, const peer_t *engine)
{
    unseen_t unseen = {.result = journal_kept_newest(self->controller->journal), .number = engine->dones,
                       .engine = engine->engine, .peer = engine->number};
    ipc_write_raw(&self->keepings, &unseen, sizeof unseen);
}

static void flush_keepings(recovery_t *self)
{
    if (self->keepings.size == 0)
        return;
    self->keepings_begin = note_until(self, &self->keepings, self->keepings_begin,
                                      journal_kept_until(self->controller->journal));
    if (self->keepings_begin < self->keepings.size)
        return;
    ipc_writer_clear(&self->keepings);
    self->keepings_begin = 0;
}

//  Results of a client up to one are safe. Gives the bytes of those that are not.
static void see(recovery_t *self, peer_t *client, uint64_t count)
{
    size_t at = note_until(self, &client->unseen, client->unseen_begin, count);
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
    flush_keepings(self);
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
    if (!recovery || !claims_begin(recovery->claims, peer->engine, peer->number, msg->runs.job, msg->runs.first,
                                   msg->runs.count, msg->runs.span))
        return;
    engine_entry_t *entry = &self->entries[peer->engine];
    entry->former_span = msg->runs.count > 0 ? msg->runs.span : 0;
    entry->adopted_span = 0;
    recovery->told += msg->runs.last && !entry->told;
    entry->told = true;
}

uint64_t recovery_job(const recovery_t *self, peer_t *engine, uint64_t span)
{
    uint64_t told = engine->next_job;
    const claim_t *running = claims_running(self->claims, engine->engine);
    engine->next_job = 0;
    if (told)
        return told;
    return running && running->span == span ? running->job : 0;
}

void recovery_done(recovery_t *self, peer_t *engine, uint64_t job, const ipc_msg_t *done)
{
    if (recovery_is_over(self)) { // nobody asks for it any more
        recovery_safe(self, engine);
        return;
    }
    ipc_writer_t frame = {0};
    ipc_msg_pack(done, &frame);
    hold_result(self, done, true);
    claims_finish(self->claims, engine->engine, engine->number, job, done->done.first, done->done.count,
                  engine->dones, done->done.failed, &frame);
}

void recovery_bury(recovery_t *self, uint32_t engine)
{
    char text[128];
    ipc_auto(ipc_writer_destroy) ipc_writer_t body = {0};
    ipc_auto(ipc_writer_destroy) ipc_writer_t frame = {0};
    if (!claims_running(self->claims, engine))
        return;
    snprintf(text, sizeof text, "engine %u died while it ran this task, before its client had come back", engine);
    ipc_failure_pack(&(ipc_failure_t){.code = IPC_E_CRASH, .kind = ipc_bytes_of(ipc_code_kind(IPC_E_CRASH)),
                                      .text = ipc_bytes_of(text)},
                     &body);
    ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_DONE, .done = {.failed = 1, .body = {body.data, body.size}}}, &frame);
    claims_bury(self->claims, engine, &frame);
}

//  --- What clients miss ----------------------------------------------------------------------------------------

//  What was done, or ran, is not known any more: what is missing might be begun again.
static bool is_too_late(const recovery_t *self, peer_t *peer)
{
    if (!self || self->awaited == 0 || !recovery_is_over(self))
        return false;
    peer_refuse(peer, IPC_E_CONNECTION,
                "it comes too late after the death of the controller before this one: what was under way is lost; try "
                "again");
    peer->leaving = true;
    return true;
}

void on_resume(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (is_too_late(self->recovery, peer))
        return;
    ipc_ranges_free(&peer->missing);
    peer->resumes = self->recovery != NULL;
    dependencies_remember(peer->dependencies);
    for (size_t i = 0; i < msg->resume.missing.size / sizeof(ipc_range_t); i++) {
        ipc_range_t range = ipc_range_at(msg->resume.missing, i);
        if (range.count <= UINT64_MAX - range.first)
            ipc_ranges_add(&peer->missing, range.first, range.count);
    }
}

//  The history has it as of a task that its client has just submitted.
static history_entry_t entry_of(const recovery_t *self, const claim_t *claim)
{
    const resumption_t *resumption = self->resumption;
    const ipc_msg_t *msg = resumption->msg;
    size_t size = msg->submit.label.size;
    bool calls = msg->submit.items == IPC_ITEMS_CALLS;
    history_entry_t entry = {.client = resumption->client->owner,
                             .job = claim->job + (calls ? claim->first : 0),
                             .first = calls ? 0 : claim->first,
                             .function = resumption->function,
                             .engine = claim->engine,
                             .submitted = msg->submit.submitted,
                             .accepted = self->controller->now};
    memcpy(entry.label, msg->submit.label.data, size < HISTORY_LABEL ? size : HISTORY_LABEL - 1);
    return entry;
}

//  Tells a client a result, and the history.
static void hand_on(recovery_t *self, const claim_t *claim, const ipc_msg_t *done)
{
    controller_t *controller = self->controller;
    peer_t *client = self->resumption->client;
    history_entry_t entry = entry_of(self, claim);
    ipc_msg_t result = {.type = IPC_MSG_RESULT,
                        .result = {.failed = done->done.failed,
                                   .engine = claim->engine,
                                   .attempts = 1,
                                   .job = claim->job,
                                   .first = claim->first,
                                   .count = claim->count,
                                   .accepted = entry.accepted,
                                   .started = done->done.started,
                                   .finished = done->done.finished,
                                   .objects = done->done.objects,
                                   .durations = done->done.durations,
                                   .out = done->done.out,
                                   .err = done->done.err,
                                   .body = done->done.body,
                                   .peak_memory = done->done.peak_memory}};
    if (self->resumption->results)
        ipc_msg_pack(&result, self->resumption->results);
    for (size_t i = 0; !self->resumption->results && i < done->done.objects.count; i++)
        objects_hold(controller->objects, ipc_object_at(&done->done.objects, i), client->number, 1);
    if (!self->resumption->results)
        peer_send(client, &result);
    record_recovered(controller, &entry, done);
}

static bool read_claim(const claim_t *claim, ipc_msg_t *done)
{
    ipc_reader_t reader;
    return !ipc_frame_open(&reader, claim->result.data, claim->result.size, NULL) &&
           ipc_msg_unpack(done, &reader, NULL) == 1;
}

//  It is safe with detached work, or once its client has what it was given.
static void note_delivered(recovery_t *self, peer_t *engine, const claim_t *claim)
{
    if (engine && self->resumption->results)
        note_safe(self, engine, claim->number);
    else if (engine)
        note_told(self->resumption->client, engine, claim->number);
}

static void deliver_claim(void *context, const claim_t *claim)
{
    recovery_t *self = context;
    peer_t *engine = engine_of(self, claim->engine, claim->peer);
    ipc_msg_t done;
    if (!read_claim(claim, &done))
        return;
    hand_on(self, claim, &done);
    if (!self->resumption->results) // else they are held until its job takes them
        hold_result(self, &done, false);
    note_delivered(self, engine, claim);
}

static void repeat_claim(void *context, const claim_t *claim)
{
    recovery_t *self = context;
    ipc_msg_t done;
    if (read_claim(claim, &done))
        hold_result(self, &done, false);
    note_delivered(self, engine_of(self, claim->engine, claim->peer), claim);
}

static void drop_claim(void *context, const claim_t *claim)
{
    recovery_t *self = context;
    peer_t *engine = engine_of(self, claim->engine, claim->peer);
    ipc_msg_t done;
    if (read_claim(claim, &done))
        hold_result(self, &done, false);
    if (engine)
        note_safe(self, engine, claim->number);
}

//  What a task reads must not be used again while it runs: it lets go itself, as of one that was sent to it.
static void adopt_claim(void *context, const claim_t *claim)
{
    recovery_t *self = context;
    controller_t *controller = self->controller;
    const ipc_msg_t *msg = self->resumption->msg;
    for (size_t i = 0; i < msg->submit.objects.count; i++)
        objects_hold(controller->objects, ipc_object_at(&msg->submit.objects, i), claim->peer, 1);
    controller->entries[claim->engine].adopted_span =
        scheduler_adopt(controller->scheduler, self->resumption->job, claim->engine, claim->first, claim->count, 0)->id;
    peer_t *engine = engine_of(self, claim->engine, claim->peer);
    if (engine)
        peer_send(engine, &(ipc_msg_t){.type = IPC_MSG_RUNS, .runs = {.job = claim->job, .first = claim->first,
                                                                       .count = claim->count, .last = 1,
                                                                       .span = claim->span}});
}

static const claims_actions_t actions = {
    .deliver = deliver_claim, .repeat = repeat_claim, .drop = drop_claim, .adopt = adopt_claim};

bool recovery_match(recovery_t *self, const resumption_t *resumption, ipc_ranges_t *missing)
{
    const ipc_msg_t *msg = resumption->msg;
    self->resumption = resumption;
    claims_match(self->claims, self, msg->submit.job, msg->submit.retries, missing);
    self->resumption = NULL;
    return claims_run(self->claims, msg->submit.job);
}

void recovery_adopt(recovery_t *self, const resumption_t *resumption, ipc_ranges_t *missing)
{
    self->resumption = resumption;
    claims_adopt(self->claims, self, resumption->msg->submit.job, missing);
    self->resumption = NULL;
}

//  --- Ends -----------------------------------------------------------------------------------------------------

void recovery_end(recovery_t *self)
{
    claims_end(self->claims, self);
}

void recovery_forget(recovery_t *self, peer_t *peer)
{
    if (peer->kind == PEER_CLIENT)
        see(self, peer, UINT64_MAX); // nobody will ask for its results
}
