#include "succession.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "succession_body.h"

enum { USER_EVENTS = 70, CHECK_EVERY = 16 };

uint64_t random_below(succession_t *self, uint64_t below)
{
    uint64_t z = self->random += 0x9e3779b97f4a7c15u; // splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

note_t note_copy(const note_t *note)
{
    note_t copy = *note;
    copy.missing = (ipc_ranges_t){0};
    for (size_t i = 0; i < note->missing.count; i++)
        ipc_ranges_add(&copy.missing, note->missing.ranges[i].first, note->missing.ranges[i].count);
    if (!note->terms)
        return copy;
    copy.terms = ipc_xalloc(sizeof *copy.terms);
    copy.terms->seen = note->terms->seen;
    for (size_t i = 0; i < CONDITIONS; i++)
        ipc_write_raw(&copy.terms->parents[i], note->terms->parents[i].data, note->terms->parents[i].size);
    return copy;
}

void note_free(note_t *note)
{
    ipc_ranges_free(&note->missing);
    for (size_t i = 0; note->terms && i < CONDITIONS; i++) ipc_writer_destroy(&note->terms->parents[i]);
    free(note->terms);
    note->terms = NULL;
}

//  --- The clock ----------------------------------------------------------------------------------------------------

static bool before(const note_t *a, const note_t *b)
{
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void post_at(succession_t *self, note_t note, int64_t time)
{
    if (self->heap_count == self->heap_room) {
        self->heap_room = self->heap_room ? 2 * self->heap_room : 256;
        self->heap = ipc_xrealloc(self->heap, self->heap_room * sizeof self->heap[0]);
    }
    note.time = time;
    note.order = self->order++;
    size_t i = self->heap_count++;
    for (; i > 0 && before(&note, &self->heap[(i - 1) / 2]); i = (i - 1) / 2) self->heap[i] = self->heap[(i - 1) / 2];
    self->heap[i] = note;
}

void post(succession_t *self, note_t note, int64_t after)
{
    post_at(self, note, self->now + after);
}

static note_t take(succession_t *self)
{
    note_t top = self->heap[0], last = self->heap[--self->heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < self->heap_count; i = child) {
        if (child + 1 < self->heap_count && before(&self->heap[child + 1], &self->heap[child]))
            child++;
        if (!before(&self->heap[child], &last))
            break;
        self->heap[i] = self->heap[child];
    }
    self->heap[i] = last;
    return top;
}

//  --- The network ----------------------------------------------------------------------------------------------------

//  A message arrives after those before it on its connection, and after a time of its own.
static int64_t arrival(succession_t *self, int64_t *last)
{
    int64_t time = self->now + 1 + (int64_t) random_below(self, (uint64_t) self->latency);
    *last = time > *last ? time : *last;
    return *last;
}

//  A peer that is broken, or means no good, says things twice: at once, or after others. An engine counts those results
//  as well, as the controller does.
static void say_twice(succession_t *self, uint32_t peer, const note_t *said)
{
    enum { REPEATED = 1 << NOTE_SUBMIT | 1 << NOTE_ABORT | 1 << NOTE_SEEN | 1 << NOTE_SUPPLY | 1 << NOTE_REGISTER |
                      1 << NOTE_KEPT | 1 << NOTE_RUNS | 1 << NOTE_DONE | 1 << NOTE_GAVE,
           OFTEN = 1 << NOTE_KEPT | 1 << NOTE_RUNS };
    engine_t *engine = peer < ENGINES ? &self->engines[peer] : NULL;
    note_t *echo = engine ? &engine->echo : &self->clients[peer - ENGINES].echo;
    if (REPEATED >> said->type & 1 && random_below(self, 1 << said->type & OFTEN ? 2 : 16) == 0) {
        note_free(echo);
        *echo = note_copy(said);
        echo->echo = true;
    }
    if (!echo->echo || echo->connection != said->connection || random_below(self, 3) > 0)
        return;
    self->counts.twice++;
    if (engine && (echo->type == NOTE_DONE || echo->type == NOTE_KEPT))
        engine->numbers++;
    post_at(self, note_copy(echo), arrival(self, engine ? &engine->arrival : &self->clients[peer - ENGINES].arrival));
}

void send_to_controller(succession_t *self, uint32_t peer, note_t note)
{
    engine_t *engine = peer < ENGINES ? &self->engines[peer] : NULL;
    client_t *client = engine ? NULL : &self->clients[peer - ENGINES];
    note.peer = peer;
    note.controller = engine ? engine->controller : client->controller;
    note.life = engine ? engine->life : client->life;
    note.connection = engine ? engine->connection : client->connection;
    bool waits = client && !client->welcome && note.type != NOTE_HELLO && note.type != NOTE_LEAVE;
    if (!note.controller || waits) {
        note_free(&note); // what is not said now is said later, or to the next one
        return;
    }
    post_at(self, note, arrival(self, engine ? &engine->arrival : &client->arrival));
    say_twice(self, peer, &note);
}

void send_to_engine(succession_t *self, uint32_t e, note_t note)
{
    note.peer = e;
    note.controller = self->controller;
    note.life = self->known[e].life;
    note.connection = self->known[e].connection;
    post_at(self, note, arrival(self, &self->engines[e].arrival_back));
}

void send_to_client(succession_t *self, const known_client_t *client, note_t note)
{
    note.peer = ENGINES + client->client;
    note.controller = self->controller;
    note.life = client->life;
    note.connection = client->connection;
    post_at(self, note, arrival(self, &self->clients[client->client].arrival_back));
}

//  --- What happens ---------------------------------------------------------------------------------------------------

static void controller_killed(succession_t *self)
{
    if (!self->alive)
        return;
    self->counts.controllers++;
    controller_dies(self);
    post(self, (note_t){.type = NOTE_STARTS}, (int64_t) random_below(self, 3 * MS));
    for (uint32_t peer = 0; peer < ENGINES + CLIENTS; peer++)
        post(self, (note_t){.type = NOTE_NOTICE, .peer = peer, .controller = self->controller},
             1 + (int64_t) random_below(self, MS));
}

static void on_notice(succession_t *self, const note_t *note)
{
    uint32_t peer = note->peer;
    if (peer < ENGINES && self->engines[peer].controller == note->controller)
        engine_notices(self, peer);
    else if (peer >= ENGINES && self->clients[peer - ENGINES].controller == note->controller)
        self->clients[peer - ENGINES].controller = 0;
    else
        return; // it has another one, or none
    bool dawdles = peer >= ENGINES && random_below(self, 40) == 0; // for longer than the controller remembers
    post(self, (note_t){.type = NOTE_CONNECT, .peer = peer},
         1 + (int64_t) random_below(self, dawdles ? 2 * OVER_MS * (uint64_t) MS : MS));
}

static void on_connect(succession_t *self, const note_t *note)
{
    uint32_t peer = note->peer;
    bool is_engine = peer < ENGINES;
    if (!self->alive) {
        post(self, *note, 1 + (int64_t) random_below(self, MS));
        return;
    }
    if (is_engine && self->engines[peer].alive && !self->engines[peer].controller)
        engine_connects(self, peer);
    else if (!is_engine && (!self->clients[peer - ENGINES].controller || self->clients[peer - ENGINES].cut))
        client_connects(self, peer - ENGINES);
}

static void on_user(succession_t *self)
{
    uint32_t c = (uint32_t) random_below(self, CLIENTS);
    uint64_t dice = random_below(self, 100);
    if (dice < 8)
        controller_killed(self);
    else if (dice < 13)
        engine_dies(self, (uint32_t) random_below(self, ENGINES));
    else if (dice < 15)
        client_dies(self, c);
    else if (dice < 24)
        client_aborts_some(self, c);
    else
        client_submits(self, c);
    if (--self->user_left > 0)
        post(self, (note_t){.type = NOTE_USER},
             (int64_t) random_below(self, random_below(self, 4) ? 300 * US : 4 * MS));
    else
        self->deaths_left = 0;
}

static void on_look(succession_t *self, const note_t *note)
{
    if (!self->alive || note->controller != self->controller || !note->last)
        return; // a turn is all that is wanted
    self->is_over = true;
    claims_end(self->claims, self);
}

static void happen(succession_t *self, note_t *note)
{
    switch (note->type) {
    case NOTE_HELLO: case NOTE_SUBMIT: case NOTE_ABORT: case NOTE_SEEN: case NOTE_SUPPLY: case NOTE_LEAVE:
    case NOTE_REGISTER: case NOTE_KEPT: case NOTE_RUNS: case NOTE_DONE: case NOTE_GAVE: case NOTE_DOWN:
        if (self->alive && note->controller == self->controller)
            controller_hears(self, note);
        else
            note_free(note);
        break;
    case NOTE_WELCOME: case NOTE_RESULT: case NOTE_WANT: case NOTE_REFUSED: client_serves(self, note); break;
    case NOTE_STARTS: controller_starts(self); break;
    case NOTE_NOTICE: on_notice(self, note); break;
    case NOTE_CONNECT: on_connect(self, note); break;
    case NOTE_USER: on_user(self); break;
    case NOTE_LOOK: on_look(self, note); break;
    case NOTE_KILL:
        if (note->peer == ENGINES && note->controller == self->controller)
            controller_killed(self);
        else if (note->peer < ENGINES && self->engines[note->peer].life == note->life)
            engine_dies(self, note->peer);
        break;
    case NOTE_BACK:
        self->engines[note->peer].alive = true;
        post(self, (note_t){.type = NOTE_CONNECT, .peer = note->peer}, 1);
        break;
    default: engine_serves(self, note);
    }
}

//  --- A schedule -----------------------------------------------------------------------------------------------------

static void check_end(succession_t *self)
{
    for (const job_t *job = self->jobs; job; job = job->next)
        MUST(self, job->session != self->clients[job->client].life || job->missing.count == 0, "every task ends");
    scheduler_counts_t counts = scheduler_counts(self->scheduler);
    MUST(self, counts.jobs == 0 && counts.spans == 0, "no record is left");
    MUST(self, claims_count(self->claims) == 0, "nothing is claimed for ever");
    for (uint32_t e = 0; e < ENGINES; e++) {
        MUST(self, scheduler_engine_load(self->scheduler, e) == 0, "nothing is left at an engine");
        MUST(self, !self->engines[e].kept, "nothing is kept for ever");
    }
}

static void clear(succession_t *self)
{
    controller_dies(self);
    for (job_t *job; (job = self->jobs);) {
        self->jobs = job->next;
        ipc_ranges_free(&job->missing);
        ipc_ranges_free(&job->unwanted);
        free(job->positions);
        free(job);
    }
    for (size_t i = 0; i < self->heap_count; i++) note_free(&self->heap[i]);
    for (size_t i = 0; i < ENGINES; i++) note_free(&self->engines[i].echo);
    for (size_t i = 0; i < CLIENTS; i++) note_free(&self->clients[i].echo);
    free(self->unheard);
    free(self->heap);
    free(self);
}

void succession_run(uint64_t seed, succession_counts_t *counts)
{
    succession_t *self = ipc_xalloc(sizeof *self);
    *self = (succession_t){.seed = seed, .random = seed * 0x2545f4914f6cdd1du, .next_id = 1, .counts = *counts,
                           .user_left = USER_EVENTS, .deaths_left = 9};
    self->latency = (int64_t) (5 + random_below(self, seed % 3 ? 60 : 800)) * US;
    controller_starts(self);
    for (uint32_t e = 0; e < ENGINES; e++) self->engines[e] = (engine_t){.alive = true, .life = 1};
    for (uint32_t c = 0; c < CLIENTS; c++) self->clients[c] = (client_t){.life = 1};
    for (uint32_t peer = 0; peer < ENGINES + CLIENTS; peer++)
        post(self, (note_t){.type = NOTE_CONNECT, .peer = peer}, 1);
    post(self, (note_t){.type = NOTE_USER}, MS);
    while (self->heap_count > 0) {
        note_t note = take(self);
        self->now = note.time;
        self->counts.events++;
        happen(self, &note);
        if (self->heap_count == 0 || self->heap[0].time > self->now)
            controller_turn(self);
        if (self->counts.events % CHECK_EVERY == 0)
            controller_check(self);
    }
    check_end(self);
    *counts = self->counts;
    clear(self);
}
