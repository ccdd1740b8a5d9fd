#include "simulator.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/needs.h"
#include "common/partition.h"
#include "event_heap.h"

enum { FLUSH_NS = 100 * SIM_US, RESTART_NS = 3 * SIM_MS, HELD_NS = 5 * SIM_MS };

#define MUST(self, condition, text)                                                           \
    do {                                                                                      \
        if (!(condition))                                                                     \
            ck_abort_msg("seed %" PRIu64 ", %.6f ms: %s (%s)", (self)->seed,                  \
                         (double) (self)->now / SIM_MS, text, #condition);                    \
    } while (0)

//  A span at an engine.
typedef struct work {
    uint64_t span, cursor, end;
    sim_job_t *job;
    uint16_t attempts;
    struct work *next;
} work_t;

typedef struct engine {
    bool known, alive, told_up;
    uint32_t epoch, told_epoch;        // told: of the worker that the controller knows
    work_t *work;                      // oldest first
    bool running, refuses;
    sim_outcome_t outcome;
    int64_t duration, flushed, last_arrival;
    event_t *unsent;                   // results
    size_t unsent_count, unsent_room;
    scheduler_death_t death;
} engine_t;

//  Direct work of one client for one engine, in order.
typedef struct part {
    sim_job_t *job;
    uint64_t cursor, end;
} part_t;

typedef struct parts {
    part_t *all;
    size_t head, count, room;
} parts_t;

struct sim_state {
    engine_t engines[SIM_ENGINES];
    parts_t parts[SIM_CLIENTS][SIM_ENGINES];
    event_heap_t events;
    bool owed;                         // a dispatch
    bool held;                         // one is to come, since work is held back
    int64_t deadline;                  // when one is to come, since some work may wait no longer; 0: none is
};

uint64_t sim_random(simulator_t *self, uint64_t below)
{
    uint64_t z = self->random += 0x9e3779b97f4a7c15u; // splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

static void post(simulator_t *self, event_t event)
{
    event_heap_post(&self->state->events, event);
}

//  From an engine to the controller, in order.
static void post_to_controller(simulator_t *self, engine_t *engine, event_t event)
{
    int64_t arrival = self->now + self->latency;
    engine->last_arrival = arrival > engine->last_arrival ? arrival : engine->last_arrival;
    event.time = engine->last_arrival;
    event.engine = (uint32_t) (engine - self->state->engines);
    event.epoch = engine->epoch;
    post(self, event);
}

//  --- Positions -----------------------------------------------------------------------------------------

static void move(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count, sim_place_t from,
                 sim_place_t to, uint32_t engine)
{
    MUST(self, first + count <= job->count, "positions of the job");
    for (uint64_t i = first; i < first + count; i++) {
        sim_position_t *position = &job->positions[i];
        if (job->dropped)
            continue;
        MUST(self, position->place == from, "a position is where it is expected");
        position->place = (uint8_t) to;
        position->engine = engine;
        if (to == SIM_ENDED)
            job->open--;
    }
    if (to == SIM_ENDED)
        job->finished = self->now;
}

//  A message to the client: these positions have ended.
static void tell(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count, bool failed, uint32_t engine)
{
    if (job->dropped)
        return;
    uint64_t message = ++self->noted[job->client];
    for (uint64_t i = first; i < first + count; i++) job->positions[i].noted = message;
    dependencies_note(self->dependencies[job->client],
                      &(ipc_msg_t){.type = IPC_MSG_RESULT, .result = {.job = job->id, .first = first, .count = count,
                                                                      .failed = failed, .engine = engine}});
}

static bool is_met(const sim_job_t *job, uint64_t i)
{
    const sim_position_t *position = &job->after->positions[i];
    bool failed = position->failed || position->lost;
    bool nowhere = job->follows && position->engine == SCHEDULER_NO_ENGINE;
    return position->noted && !nowhere && job->mode & (failed ? IPC_DEPEND_FAILURE : IPC_DEPEND_SUCCESS);
}

//  Whether what a job waits for has come true, by what the simulator knows; or cannot.
static verdict_t judge(const sim_job_t *job)
{
    uint64_t met = 0, ended = 0;
    uint32_t engine = SCHEDULER_NO_ENGINE;
    bool torn = false;
    for (uint64_t i = 0; job->after && i < job->after->count; i++) {
        const sim_position_t *position = &job->after->positions[i];
        bool is = is_met(job, i);
        ended += position->noted != 0;
        met += is;
        torn = torn || (job->follows && is && engine != SCHEDULER_NO_ENGINE && engine != position->engine);
        engine = is ? position->engine : engine;
    }
    uint64_t count = job->after ? job->after->count : 0;
    if (job->mode & IPC_DEPEND_ANY)
        return met > 0 ? VERDICT_READY : ended == count && count > 0 ? VERDICT_IMPOSSIBLE : VERDICT_WAITS;
    return torn || ended > met ? VERDICT_IMPOSSIBLE : met == count ? VERDICT_READY : VERDICT_WAITS;
}

//  The oldest direct work of a client for an engine that never started, or NULL.
static part_t *oldest_part(simulator_t *self, uint32_t client, uint32_t engine)
{
    parts_t *parts = &self->state->parts[client][engine];
    for (; parts->head < parts->count; parts->head++) {
        part_t *part = &parts->all[parts->head];
        for (; part->cursor < part->end; part->cursor++) {
            const sim_position_t *position = &part->job->positions[part->cursor];
            if (!position->started && position->place < SIM_ENDED)
                return part;
        }
    }
    return NULL;
}

static void add_part(simulator_t *self, sim_job_t *job, uint32_t engine, uint64_t first, uint64_t count)
{
    parts_t *parts = &self->state->parts[job->client][engine];
    if (parts->count == parts->room) {
        parts->room = parts->room ? 2 * parts->room : 16;
        parts->all = ipc_xrealloc(parts->all, parts->room * sizeof parts->all[0]);
    }
    parts->all[parts->count++] = (part_t){job, first, first + count};
}

//  --- Engines ---------------------------------------------------------------------------------------------

static void flush(simulator_t *self, engine_t *engine)
{
    for (size_t i = 0; i < engine->unsent_count; i++) post_to_controller(self, engine, engine->unsent[i]);
    engine->unsent_count = 0;
    engine->flushed = self->now;
}

static void check_start(simulator_t *self, uint32_t e, const work_t *work)
{
    sim_job_t *job = work->job;
    sim_position_t *position = &job->positions[work->cursor];
    if (job->dropped)
        return;
    MUST(self, position->place == SIM_AT_ENGINE && position->engine == e, "it runs where it was sent");
    position->runs++;
    MUST(self, !job->after || judge(job) == VERDICT_READY || job->mode & IPC_DEPEND_ANY, "what it waits for came true");
    MUST(self, e >= SIM_LISTED || !(position->refused >> e & 1), "no engine is asked again that refused");
    MUST(self, e >= job->needs, "the engine has what it needs");
    MUST(self, position->runs <= job->retries + 1u, "no more runs than one and the retries");
    MUST(self, position->crashes < SCHEDULER_POISON, "no more crashes than make poison");
    const part_t *part = oldest_part(self, job->client, e);
    if (job->direct && !position->started)
        MUST(self, part && part->job == job && part->cursor == work->cursor,
             "direct work of a client runs in order");
    if (!job->direct)
        MUST(self, !part || part->job->sequence > job->sequence,
             "balanced work runs after the direct work that was sent before it");
    position->started = true;
    position->begun = self->now;
}

static void start_next(simulator_t *self, engine_t *engine)
{
    uint32_t e = (uint32_t) (engine - self->state->engines);
    while (engine->work && engine->work->cursor == engine->work->end) {
        work_t *over = engine->work;
        engine->work = over->next;
        free(over);
    }
    engine->running = engine->work != NULL;
    if (!engine->running) {
        flush(self, engine);
        return;
    }
    work_t *work = engine->work;
    check_start(self, e, work);
    engine->duration = SIM_US;
    engine->outcome = self->behave ? self->behave(self, e, work->job, work->cursor, &engine->duration) : SIM_FINE;
    engine->death.span = work->span;
    engine->death.item = work->cursor++;
    post(self, (event_t){.time = self->now + engine->duration, .type = EVENT_ITEM, .engine = e,
                         .epoch = engine->epoch});
}

static void note_result(engine_t *engine, bool failed)
{
    event_t *last = engine->unsent_count ? &engine->unsent[engine->unsent_count - 1] : NULL;
    if (last && !failed && !engine->refuses && !last->flag && !last->refuses && last->span == engine->death.span &&
        last->first + last->count == engine->death.item) {
        last->count++;
        last->duration += engine->duration;
        return;
    }
    if (engine->unsent_count == engine->unsent_room) {
        engine->unsent_room = engine->unsent_room ? 2 * engine->unsent_room : 16;
        engine->unsent = ipc_xrealloc(engine->unsent, engine->unsent_room * sizeof engine->unsent[0]);
    }
    engine->unsent[engine->unsent_count++] =
        (event_t){.type = EVENT_DONE, .span = engine->death.span, .first = engine->death.item, .count = 1,
                  .duration = engine->duration, .flag = failed, .refuses = engine->refuses};
}

static void engine_stops(engine_t *engine)
{
    engine->alive = false;
    engine->epoch++;
    engine->unsent_count = 0;
    for (work_t *work; (work = engine->work);) {
        engine->work = work->next;
        free(work);
    }
}

void sim_kill(simulator_t *self, uint32_t e)
{
    engine_t *engine = &self->state->engines[e];
    if (!engine->alive)
        return;
    if (engine->running && !engine->work->job->dropped)
        engine->work->job->positions[engine->death.item].crashes++;
    if (!engine->running)
        engine->death.span = 0;
    engine_stops(engine);
    post_to_controller(self, engine, (event_t){.type = EVENT_DOWN});
    post(self, (event_t){.time = engine->last_arrival + RESTART_NS, .type = EVENT_BACK, .engine = e});
}

static void on_item(simulator_t *self, engine_t *engine)
{
    if (engine->outcome == SIM_CRASHES) {
        sim_kill(self, (uint32_t) (engine - self->state->engines));
        return;
    }
    engine->refuses = engine->outcome == SIM_REFUSES;
    note_result(engine, engine->outcome == SIM_FAILS);
    engine->death.done_span = engine->death.span;
    engine->death.done_item = engine->death.item;
    engine->death.span = 0;
    if (self->now - engine->flushed > FLUSH_NS)
        flush(self, engine);
    start_next(self, engine);
}

static void on_task(simulator_t *self, engine_t *engine, const event_t *event)
{
    work_t *work = ipc_xalloc(sizeof *work);
    *work = (work_t){.span = event->span, .cursor = event->first, .end = event->first + event->count,
                     .job = event->job, .attempts = event->attempts};
    work_t **at = &engine->work;
    while (*at) at = &(*at)->next;
    *at = work;
    if (!engine->running) // it reads all that has come before it begins: perhaps a recall of this
        post(self, (event_t){.time = self->now, .type = EVENT_START, .engine = event->engine, .epoch = engine->epoch});
}

//  Gives the youngest un-started items, the last work first.
static uint64_t give_back(simulator_t *self, engine_t *engine, work_t *work, uint64_t wanted)
{
    if (!work)
        return wanted;
    wanted = give_back(self, engine, work->next, wanted);
    uint64_t room = work->job->direct ? 0 : work->end - work->cursor, count = room < wanted ? room : wanted;
    if (count > 0) {
        work->end -= count;
        post_to_controller(self, engine, (event_t){.type = EVENT_GAVE, .span = work->span, .first = work->end,
                                                   .count = count});
    }
    return wanted - count;
}

//  Gives back what has not started, if it is the last; and stops what runs, or dies of it.
static void drop(simulator_t *self, engine_t *engine, const event_t *event)
{
    work_t *work = engine->work;
    while (work && work->span != event->span) work = work->next;
    if (!work)
        return;
    uint64_t first = event->first > work->cursor ? event->first : work->cursor, end = event->first + event->count;
    if (first < work->end && end >= work->end) {
        post_to_controller(self, engine, (event_t){.type = EVENT_GAVE, .span = work->span, .first = first,
                                                   .count = work->end - first});
        work->end = first;
    }
    bool runs = engine->running && engine->death.span == work->span && engine->death.item >= event->first &&
                engine->death.item < end;
    if (!runs || event->attempts == SCHEDULER_DROP_WAITING)
        return;
    if (event->attempts == SCHEDULER_DROP_KILL && sim_random(self, 4) == 0)
        sim_kill(self, event->engine);
    else if (engine->outcome != SIM_CRASHES)
        engine->outcome = SIM_FAILS;
}

//  --- Actions of the scheduler --------------------------------------------------------------------------

static bool is_listed(uint32_t engines, uint32_t e)
{
    return e < SIM_LISTED && engines >> e & 1;
}

static void on_send(void *context, uint32_t e, scheduler_span_t *span)
{
    simulator_t *self = context;
    engine_t *engine = &self->state->engines[e];
    sim_job_t *job = span->job->payload;
    MUST(self, engine->told_up, "nothing is sent to an engine that is down");
    MUST(self, !job->dropped && !job->over, "nothing is sent for a client that left");
    MUST(self, job->everywhere || !job->allowed || is_listed(job->allowed, e), "the engine is one of those allowed");
    MUST(self, span->left == span->count && span->count > 0, "a span that is sent is whole");
    for (uint64_t i = span->first; i < span->first + span->count; i++) {
        const sim_position_t *position = &job->positions[i];
        MUST(self, position->aborted != SIM_ABORTED, "nothing is sent that was aborted");
        MUST(self, !job->deadline || span->attempts > 0 || job->deadline >= self->now, "nothing is sent too late");
    }
    move(self, job, span->first, span->count, SIM_WAITS, SIM_AT_ENGINE, e);
    if (self->log) {
        if (self->sent_count == self->sent_room) {
            self->sent_room = self->sent_room ? 2 * self->sent_room : 64;
            self->sent = ipc_xrealloc(self->sent, self->sent_room * sizeof self->sent[0]);
        }
        self->sent[self->sent_count++] = (sim_sent_t){job, e, span->first, span->count, self->reports};
    }
    post(self, (event_t){.time = self->now + self->latency, .type = EVENT_TASK, .engine = e,
                         .epoch = engine->told_epoch, .span = span->id, .first = span->first, .count = span->count,
                         .attempts = span->attempts, .job = job});
}

static void on_recall(void *context, uint32_t e, uint64_t count)
{
    simulator_t *self = context;
    MUST(self, self->state->engines[e].told_up, "an engine that is down is asked for nothing");
    MUST(self, count > 0, "a recall asks for something");
    self->recalls++;
    post(self, (event_t){.time = self->now + self->latency, .type = EVENT_RECALL, .engine = e,
                         .epoch = self->state->engines[e].told_epoch, .count = count});
}

static void on_drop(void *context, uint32_t e, scheduler_span_t *span, uint64_t first, uint64_t count,
                    scheduler_drop_t how)
{
    simulator_t *self = context;
    if (!self->state)
        return; // the scheduler is being destroyed
    MUST(self, span->state == SPAN_SENT && span->engine == e && count > 0, "an engine is asked to drop what it has");
    post(self, (event_t){.time = self->now + self->latency, .type = EVENT_DROP, .engine = e, .span = span->id,
                         .epoch = self->state->engines[e].told_epoch, .first = first, .count = count,
                         .attempts = (uint16_t) how});
}

static void on_lose(void *context, scheduler_job_t *scheduled, uint64_t first, uint64_t count, uint32_t engine,
                    scheduler_loss_t loss, uint32_t attempts)
{
    simulator_t *self = context;
    sim_job_t *job = scheduled->payload;
    MUST(self, !job->dropped && !job->over && count > 0, "a loss is reported to somebody");
    for (uint64_t i = first; i < first + count; i++) {
        sim_position_t *position = &job->positions[i];
        MUST(self, loss != SCHEDULER_CRASHED || position->crashes > 0, "what crashed was running");
        if (loss == SCHEDULER_IMPOSSIBLE)
            MUST(self, judge(job) == VERDICT_IMPOSSIBLE, "what it waits for cannot come true");
        self->impossible += loss == SCHEDULER_IMPOSSIBLE || loss == SCHEDULER_UNMET;
        MUST(self, loss != SCHEDULER_ABORTED || position->aborted, "only what was aborted ends so");
        MUST(self, loss != SCHEDULER_LATE || (job->deadline && self->now >= job->deadline && position->runs == 0),
             "only what has not started at its deadline ends so");
        MUST(self, loss >= SCHEDULER_ENGINE_LOST || attempts > job->retries || position->aborted ||
                       position->crashes >= SCHEDULER_POISON,
             "retries are used before a loss is reported");
        MUST(self, loss != SCHEDULER_RESULT_LOST || position->started, "what finished had started");
        sim_place_t place = loss >= SCHEDULER_ENGINE_LOST ? position->place : SIM_AT_ENGINE;
        MUST(self, place < SIM_ENDED, "a position ends once");
        move(self, job, i, 1, place, SIM_ENDED, engine);
        position->lost = true;
        position->loss = (uint8_t) loss;
        self->aborts += loss == SCHEDULER_ABORTED;
        self->delays += loss == SCHEDULER_LATE;
    }
    tell(self, job, first, count, true, engine);
}

static void on_end(void *context, scheduler_job_t *scheduled)
{
    simulator_t *self = context;
    sim_job_t *job = scheduled->payload;
    free(scheduled->allowed);
    free(scheduled->needs);
    if (!self->state)
        return; // the scheduler is being destroyed
    if (scheduled->waits && !job->dropped)
        dependencies_forget(self->dependencies[job->client], scheduled->waits);
    MUST(self, !job->over, "a job ends once");
    MUST(self, job->dropped || job->open == 0, "a job ends after its last position");
    job->over = true;
}

static const scheduler_actions_t actions = {.send = on_send, .recall = on_recall, .drop = on_drop, .lose = on_lose, .end = on_end};

//  --- The controller's side -------------------------------------------------------------------------------

static bool may_run(const scheduler_job_t *scheduled, uint32_t e)
{
    for (uint32_t i = 0; i < scheduled->allowed_count; i++)
        if (scheduled->allowed[i] == e)
            return true;
    return !scheduled->allowed;
}

static void on_refusal(simulator_t *self, const event_t *event, scheduler_span_t *span)
{
    sim_job_t *job = span->job->payload;
    bool counts = scheduler_refused(self->scheduler, span, event->first);
    sim_position_t *position = &job->positions[event->first];
    bool ended = !counts && position->place == SIM_ENDED; // it was aborted, or is late
    if (!ended)
        move(self, job, event->first, 1, SIM_AT_ENGINE, counts ? SIM_ENDED : SIM_WAITS, event->engine);
    position->runs--; // it did not run
    if (event->engine < SIM_LISTED)
        position->refused |= (uint32_t) 1 << event->engine;
    if (counts) {
        position->failed = true;
        self->refusals++;
        for (uint32_t e = 0; !job->dropped && !job->direct && e < SIM_LISTED; e++)
            MUST(self, !self->state->engines[e].known || !may_run(span->job, e) || e < job->needs ||
                           position->refused >> e & 1, "all that may run it were asked");
        tell(self, job, event->first, 1, true, event->engine);
    }
    scheduler_settle(self->scheduler, span);
}

static void on_done(simulator_t *self, const event_t *event)
{
    scheduler_span_t *span = scheduler_span(self->scheduler, event->span, event->engine);
    if (!span) {
        MUST(self, !self->state->engines[event->engine].known, "a result finds its span");
        return;
    }
    uint64_t next = span->first + span->count - span->left;
    MUST(self, event->first == next && event->count <= span->left, "results come in order");
    sim_job_t *job = span->job->payload;
    uint32_t attempts = span->attempts;
    self->reports++;
    if (event->refuses) {
        on_refusal(self, event, span);
        return;
    }
    bool counts = scheduler_done(self->scheduler, span, event->first, event->count, event->flag, event->duration);
    MUST(self, counts == !(event->flag && attempts < job->retries) || job->dropped ||
                   (counts && job->positions[event->first].aborted), "failures use the retries");
    move(self, job, event->first, event->count, SIM_AT_ENGINE, counts ? SIM_ENDED : SIM_WAITS, event->engine);
    if (counts && event->flag)
        job->positions[event->first].failed = true;
    if (counts)
        tell(self, job, event->first, event->count, event->flag, event->engine);
    scheduler_settle(self->scheduler, span);
}

static void on_gave(simulator_t *self, const event_t *event)
{
    scheduler_span_t *span = scheduler_span(self->scheduler, event->span, event->engine);
    if (span && event->count)
        move(self, span->job->payload, event->first, event->count, SIM_AT_ENGINE, SIM_WAITS, 0);
    scheduler_gave(self->scheduler, event->engine, span, event->first, event->count, event->flag);
}

//  Where the positions that an engine had are after its death: a loss or a retry says otherwise.
static void put_back(simulator_t *self, uint32_t e)
{
    for (sim_job_t *job = self->jobs; job; job = job->next)
        for (uint64_t i = 0; !job->over && !job->dropped && i < job->count; i++)
            if (job->positions[i].place == SIM_AT_ENGINE && job->positions[i].engine == e)
                job->positions[i].place = SIM_WAITS;
}

static void on_back(simulator_t *self, uint32_t e)
{
    engine_t *engine = &self->state->engines[e];
    if (!engine->known)
        return;
    scheduler_engine_died(self->scheduler, e, &engine->death);
    put_back(self, e);
    MUST(self, scheduler_engine_load(self->scheduler, e) == 0, "a dead engine has nothing");
    engine->alive = engine->told_up = true;
    engine->told_epoch = engine->epoch;
    engine->running = false;
    engine->death = (scheduler_death_t){0};
    scheduler_engine_up(self->scheduler, e);
}

static void on_event(simulator_t *self, const event_t *event)
{
    engine_t *engine = &self->state->engines[event->engine];
    bool there = engine->alive && engine->epoch == event->epoch;
    switch (event->type) {
    case EVENT_TASK:
        if (there)
            on_task(self, engine, event);
        return;
    case EVENT_START:
        if (there && !engine->running)
            start_next(self, engine);
        return;
    case EVENT_ITEM:
        if (there)
            on_item(self, engine);
        return;
    case EVENT_RECALL:
        if (there) {
            give_back(self, engine, engine->work, event->count);
            post_to_controller(self, engine, (event_t){.type = EVENT_GAVE, .flag = true});
        }
        return;
    case EVENT_DROP:
        if (there)
            drop(self, engine, event);
        return;
    case EVENT_DEADLINE: self->state->deadline = 0; break;
    case EVENT_DONE: on_done(self, event); break;
    case EVENT_GAVE: on_gave(self, event); break;
    case EVENT_DOWN:
        engine->told_up = false;
        scheduler_engine_down(self->scheduler, event->engine);
        break;
    case EVENT_BACK: on_back(self, event->engine); break;
    case EVENT_USER: self->user(self); break;
    case EVENT_HELD: self->state->held = false; break;
    }
    self->state->owed = true;
}

static void carry_out(simulator_t *self, const decision_t *decision)
{
    scheduler_job_t *scheduled = decision->job;
    scheduled->waits = NULL;
    MUST(self, decision->verdict != VERDICT_INVALID, "what it waits for is known");
    if (decision->verdict != VERDICT_READY) {
        scheduler_give_up(self->scheduler, scheduled, SCHEDULER_IMPOSSIBLE);
        return;
    }
    if (decision->engines) { // as the controller does
        free(scheduled->allowed);
        scheduled->allowed = ipc_xalloc(decision->engine_count * sizeof scheduled->allowed[0]);
        memcpy(scheduled->allowed, decision->engines, decision->engine_count * sizeof scheduled->allowed[0]);
        scheduled->allowed_count = decision->engine_count;
    }
    scheduler_release(self->scheduler, scheduled);
}

static void carry_out_all(simulator_t *self)
{
    decision_t decision;
    for (bool more = true; more;) {
        more = false;
        for (size_t c = 0; c < SIM_CLIENTS; c++)
            while (self->dependencies[c] && dependencies_next(self->dependencies[c], &decision)) {
                carry_out(self, &decision);
                more = true;
            }
    }
}

void sim_check_reasons(simulator_t *self)
{
    for (sim_job_t *job = self->jobs; job; job = job->next) {
        char text[256] = "";
        if (job->over || job->dropped)
            continue;
        MUST(self, scheduler_explain(self->scheduler, job->client, job->id + job->count - 1, text, sizeof text) ||
                       job->positions[job->count - 1].place == SIM_ENDED, "what has not ended has a reason");
        MUST(self, text[0] || job->positions[job->count - 1].place == SIM_ENDED, "which is in words");
    }
}

static void dispatch(simulator_t *self)
{
    struct sim_state *s = self->state;
    carry_out_all(self);
    s->owed = false;
    bool late = scheduler_next_deadline(self->scheduler) <= self->now;
    bool held = scheduler_dispatch(self->scheduler, self->now);
    if (late) { // what depends on what has just ended
        carry_out_all(self);
        held = scheduler_dispatch(self->scheduler, self->now);
    }
    int64_t deadline = scheduler_next_deadline(self->scheduler);
    if (deadline != INT64_MAX && (!s->deadline || deadline < s->deadline)) {
        s->deadline = deadline;
        post(self, (event_t){.time = deadline, .type = EVENT_DEADLINE});
    }
    if (!held || s->held)
        return;
    s->held = true;
    post(self, (event_t){.time = self->now + HELD_NS, .type = EVENT_HELD});
}

void sim_run(simulator_t *self, int64_t until)
{
    struct sim_state *s = self->state;
    for (;;) {
        while (s->events.count > 0 && s->events.all[0].time <= until) {
            event_t event = event_heap_take(&s->events);
            self->now = event.time;
            self->events++;
            on_event(self, &event);
            bool turn_goes_on = s->events.count > 0 && s->events.all[0].time == self->now;
            if (s->owed && !turn_goes_on && (!self->lazy || sim_random(self, 4) > 0))
                dispatch(self);
        }
        if (!s->owed)
            return;
        dispatch(self);
    }
}

//  --- Users -------------------------------------------------------------------------------------------------

void sim_init(simulator_t *self, uint64_t seed, uint32_t engines)
{
    *self = (simulator_t){.seed = seed, .random = seed * 0x2545f4914f6cdd1du, .latency = 20 * SIM_US};
    self->state = ipc_xalloc(sizeof *self->state);
    self->scheduler = scheduler_new(&actions, self);
    for (uint32_t i = 0; i < engines; i++) sim_add(self, i);
}

void sim_add(simulator_t *self, uint32_t e)
{
    self->state->engines[e] = (engine_t){.known = true, .alive = true, .told_up = true};
    scheduler_engine_has(self->scheduler, e, &(needs_t){.count = 1, .all = {{"gpu", e}}});
    scheduler_engine_up(self->scheduler, e);
    self->state->owed = true;
}

void sim_end(simulator_t *self)
{
    struct sim_state *s = self->state;
    self->state = NULL;
    scheduler_destroy(&self->scheduler);
    for (size_t i = 0; i < SIM_ENGINES; i++) {
        engine_stops(&s->engines[i]);
        free(s->engines[i].unsent);
        for (size_t c = 0; c < SIM_CLIENTS; c++) free(s->parts[c][i].all);
    }
    for (sim_job_t *job; (job = self->jobs);) {
        self->jobs = job->next;
        free(job->positions);
        free(job);
    }
    for (size_t c = 0; c < SIM_CLIENTS; c++) dependencies_destroy(&self->dependencies[c]);
    free(self->sent);
    free(s->events.all);
    free(s);
}

uint32_t sim_join(simulator_t *self)
{
    uint32_t client = scheduler_client_join(self->scheduler);
    MUST(self, client < SIM_CLIENTS && !self->joined[client], "a number of its own");
    self->joined[client] = true;
    self->dependencies[client] = dependencies_new(NULL, NULL);
    self->noted[client] = 0;
    self->session[client] = self->next_id;
    return client;
}

void sim_leave(simulator_t *self, uint32_t client)
{
    for (sim_job_t *job = self->jobs; job; job = job->next) {
        if (job->client != client || job->dropped || job->over)
            continue;
        for (uint64_t i = 0; i < job->count; i++)
            if (job->positions[i].place < SIM_ENDED)
                job->positions[i].place = SIM_DROPPED;
        job->dropped = true;
    }
    for (size_t e = 0; e < SIM_ENGINES; e++)
        self->state->parts[client][e].head = self->state->parts[client][e].count = 0;
    self->joined[client] = false;
    scheduler_client_leave(self->scheduler, client);
    dependencies_destroy(&self->dependencies[client]);
    self->state->owed = true;
}

static bool is_target(const simulator_t *self, const sim_job_t *job, uint32_t e)
{
    return job->everywhere ? self->state->engines[e].known : is_listed(job->allowed, e);
}

static void target(simulator_t *self, scheduler_job_t *scheduled, sim_job_t *job)
{
    uint32_t parts = 0, part = 0;
    for (uint32_t e = 0; e < SIM_ENGINES; e++) parts += is_target(self, job, e);
    for (uint32_t e = 0; e < SIM_ENGINES; e++) {
        if (!is_target(self, job, e))
            continue;
        uint64_t first = ipc_partition_first(job->count, parts, part);
        uint64_t count = ipc_partition_first(job->count, parts, ++part) - first;
        if (count == 0)
            continue;
        scheduler_job_target(self->scheduler, scheduled, e, first, count);
        add_part(self, job, e, first, count);
    }
}

static void allow(scheduler_job_t *scheduled, uint32_t allowed)
{
    if (!allowed)
        return;
    scheduled->allowed = ipc_xalloc(SIM_LISTED * sizeof scheduled->allowed[0]);
    for (uint32_t e = 0; e < SIM_LISTED; e++)
        if (is_listed(allowed, e))
            scheduled->allowed[scheduled->allowed_count++] = e;
}

//  What a client knows of the job that another waits for: it may not have read the last messages.
static void wait_for(simulator_t *self, scheduler_job_t *scheduled, const sim_job_t *job)
{
    const sim_job_t *after = job->after;
    ipc_parent_t *parents = ipc_xalloc(after->count * sizeof parents[0]);
    uint64_t noted = self->noted[job->client], unread = sim_random(self, 4);
    uint64_t seen = noted > unread ? noted - unread : 0;
    for (uint64_t i = 0; i < after->count; i++) {
        const sim_position_t *position = &after->positions[i];
        bool read = position->noted && position->noted <= seen;
        bool failed = position->failed || position->lost;
        parents[i] = (ipc_parent_t){.job = after->id, .first = i, .count = 1, .engine = position->engine,
                                    .state = !read ? IPC_PARENT_AWAITED : failed ? IPC_PARENT_FAILED : IPC_PARENT_DONE};
    }
    condition_terms_t terms = {{(const char *) parents, after->count * sizeof parents[0]}, job->mode}, none = {{"", 0}, 0};
    scheduled->held = true;
    scheduled->waits = dependencies_add(self->dependencies[job->client], scheduled, scheduled->id, seen,
                                        job->follows ? &none : &terms, job->follows ? &terms : &none,
                                        (ipc_bytes_t){"", 0});
    free(parents);
}

sim_job_t *sim_submit(simulator_t *self, sim_job_t template)
{
    sim_job_t *job = ipc_xalloc(sizeof *job);
    *job = template;
    job->open = job->count;
    job->sequence = ++self->sequence;
    job->positions = ipc_xalloc((job->count + 1) * sizeof job->positions[0]);
    job->next = self->jobs;
    self->jobs = job;
    scheduler_job_t *scheduled = scheduler_job_new(self->scheduler);
    job->id = self->next_id += 1;
    self->next_id += job->count;
    *scheduled = (scheduler_job_t){.id = job->id, .client = job->client, .function = job->function,
                                   .count = job->count, .chunk = job->chunk, .retries = job->retries,
                                   .priority = job->priority, .direct = job->direct, .accepted = self->now,
                                   .payload = job};
    if (job->wait) {
        job->deadline = self->now + job->wait;
        scheduled->limits = ipc_xalloc(sizeof *scheduled->limits);
        scheduled->limits->deadline = job->deadline;
    }
    if (job->direct)
        target(self, scheduled, job);
    else
        allow(scheduled, job->allowed);
    if (job->needs) {
        scheduled->needs = ipc_xalloc(sizeof *scheduled->needs);
        *scheduled->needs = (needs_t){.count = 1, .all = {{"gpu", job->needs}}};
    }
    if (job->after)
        wait_for(self, scheduled, job);
    scheduler_submit(self->scheduler, scheduled);
    self->state->owed = true;
    return job;
}

//  A position that it wants no more.
static void mark(sim_job_t *job, uint64_t first, uint64_t count, uint8_t how)
{
    for (uint64_t i = first; i < first + count && i < job->count; i++)
        if (job->positions[i].place < SIM_ENDED && job->positions[i].aborted < how)
            job->positions[i].aborted = how;
}

void sim_abort(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count)
{
    if (!job->over && !job->dropped)
        mark(job, first, count, SIM_ABORTED);
    scheduler_abort(self->scheduler, job->client, job->id, first, count);
    self->state->owed = true;
}

void sim_abort_client(simulator_t *self, uint32_t client)
{
    for (sim_job_t *job = self->jobs; job; job = job->next)
        if (job->client == client && !job->over && !job->dropped)
            mark(job, 0, job->count, SIM_ABORTED);
    scheduler_abort(self->scheduler, client, 0, 0, UINT64_MAX);
    self->state->owed = true;
}

void sim_abort_engines(simulator_t *self, uint32_t client, bool direct, uint32_t engines)
{
    uint32_t list[SIM_LISTED];
    size_t count = 0;
    for (uint32_t e = 0; e < SIM_LISTED; e++)
        if (is_listed(engines, e))
            list[count++] = e;
    for (sim_job_t *job = self->jobs; job; job = job->next)
        if (job->client == client && !job->over && !job->dropped && job->direct == direct)
            mark(job, 0, job->count, count == 0 && !direct ? SIM_ABORTED : SIM_PERHAPS_ABORTED);
    scheduler_abort_engines(self->scheduler, client, direct, list, count);
    self->state->owed = true;
}

void sim_remove(simulator_t *self, uint32_t e)
{
    engine_t *engine = &self->state->engines[e];
    engine->known = engine->told_up = false;
    engine_stops(engine);
    scheduler_engine_remove(self->scheduler, e);
    put_back(self, e); // what has retries
    self->state->owed = true;
}

void sim_tell(simulator_t *self, uint32_t engine, bool up)
{
    self->state->engines[engine].told_up = up;
    up ? scheduler_engine_up(self->scheduler, engine) : scheduler_engine_down(self->scheduler, engine);
    self->state->owed = true;
}

bool sim_engine_known(const simulator_t *self, uint32_t engine)
{
    return self->state->engines[engine].known;
}

void sim_user_at(simulator_t *self, int64_t time)
{
    post(self, (event_t){.time = time, .type = EVENT_USER});
}

void sim_check_empty(simulator_t *self)
{
    for (sim_job_t *job = self->jobs; job; job = job->next)
        MUST(self, job->over, "every job ends");
    for (uint32_t e = 0; e < SIM_ENGINES; e++)
        MUST(self, scheduler_engine_load(self->scheduler, e) == 0 &&
                       scheduler_engine_queue(self->scheduler, e) == 0,
             "nothing is left at an engine");
    scheduler_counts_t counts = scheduler_counts(self->scheduler);
    MUST(self, counts.jobs == 0 && counts.spans == 0, "no record is left");
}
