#include "simulator.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/needs.h"
#include "simulator_body.h"

enum { HELD_NS = 5 * SIM_MS };

uint64_t sim_random(simulator_t *self, uint64_t below)
{
    uint64_t z = self->random += 0x9e3779b97f4a7c15u; // splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

bool sim_is_limited(void)
{
    return getenv("IPC_EVENTS");
}

uint64_t sim_events(uint64_t usual)
{
    return sim_is_limited() ? strtoull(getenv("IPC_EVENTS"), NULL, 10) : usual / SIM_SHARE;
}

void sim_post(simulator_t *self, event_t event)
{
    event_heap_post(&self->state->events, event);
}

//  --- The controller's side --------------------------------------------------------------------------------

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
    sim_position_t *position = &job->positions[event->first];
    position->runs--; // it did not run
    bool counts = scheduler_refused(self->scheduler, span, event->first);
    bool ended = !counts && position->place == SIM_ENDED; // it was aborted, or is late
    if (!ended)
        sim_move(self, job, event->first, 1, SIM_AT_ENGINE, counts ? SIM_ENDED : SIM_WAITS, event->engine);
    if (event->engine < SIM_LISTED)
        position->refused |= (uint32_t) 1 << event->engine;
    if (counts) {
        position->failed = true;
        self->refusals++;
        for (uint32_t e = 0; !job->dropped && !job->direct && !position->aborted && e < SIM_LISTED; e++)
            MUST(self, !self->state->engines[e].known || !may_run(span->job, e) || e < job->needs ||
                           position->refused >> e & 1, "all that may run it were asked");
        sim_tell_client(self, job, event->first, 1, true, event->engine);
    }
    scheduler_settle(self->scheduler, span);
}

static void on_done(simulator_t *self, const event_t *event)
{
    scheduler_span_t *span = scheduler_span(self->scheduler, event->span, event->engine);
    if (!span) {
        const engine_t *engine = &self->state->engines[event->engine];
        MUST(self, !engine->known || engine->lapses > 0 || event->echo, "a result finds its span");
        self->late += engine->known && !event->echo;
        return;
    }
    bool expected = scheduler_expects(span, event->first, event->count, event->flag || event->refuses);
    MUST(self, expected != event->echo, "results come in order, and count once");
    if (!expected)
        return;
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
    sim_move(self, job, event->first, event->count, SIM_AT_ENGINE, counts ? SIM_ENDED : SIM_WAITS, event->engine);
    if (counts && event->flag)
        job->positions[event->first].failed = true;
    if (counts)
        sim_tell_client(self, job, event->first, event->count, event->flag, event->engine);
    scheduler_settle(self->scheduler, span);
}

static void on_gave(simulator_t *self, const event_t *event)
{
    scheduler_span_t *span = scheduler_span(self->scheduler, event->span, event->engine);
    if (span && event->count && !event->echo)
        sim_move(self, span->job->payload, event->first, event->count, SIM_AT_ENGINE, SIM_WAITS, 0);
    scheduler_gave(self->scheduler, event->engine, span, event->first, event->count, event->flag);
}

//  Where the positions that an engine had are after its death: a loss or a retry says otherwise.
static void put_back(simulator_t *self, uint32_t e)
{
    for (sim_job_t *job = self->jobs; job; job = job->next)
        for (uint64_t i = 0; !job->over && !job->dropped && i < job->count; i++)
            if (job->positions[i].place == SIM_AT_ENGINE && job->positions[i].engine == e)
                sim_put(self, job, &job->positions[i], SIM_WAITS, e);
}

static void on_back(simulator_t *self, uint32_t e)
{
    engine_t *engine = &self->state->engines[e];
    if (!engine->known)
        return;
    if (!engine->lapsed) { // else what it had was taken away before
        scheduler_engine_died(self->scheduler, e, &engine->death);
        put_back(self, e);
    }
    engine->lapsed = false;
    MUST(self, scheduler_engine_load(self->scheduler, e) == 0, "a dead engine has nothing");
    engine->alive = engine->told_up = true;
    engine->told_epoch = engine->epoch;
    engine->running = false;
    engine->death = (scheduler_death_t){0};
    scheduler_engine_up(self->scheduler, e);
}

//  An engine that was frozen, unless it has died since.
static void on_silence(simulator_t *self, const event_t *event)
{
    engine_t *engine = &self->state->engines[event->engine];
    if (!engine->known || !engine->alive || engine->epoch != event->epoch)
        return;
    if (event->type == EVENT_SUSPECT) {
        scheduler_engine_suspect(self->scheduler, event->engine, true);
        engine->suspected = true;
        engine->told_up = false;
    } else if (event->type == EVENT_PONG && engine->suspected) {
        scheduler_engine_suspect(self->scheduler, event->engine, false);
        engine->suspected = false;
        engine->told_up = true;
    }
}

//  It is taken for dead, as its page has it; and told so.
static void lapse(simulator_t *self, uint32_t e, uint32_t epoch)
{
    engine_t *engine = &self->state->engines[e];
    if (!engine->known || !engine->alive || engine->epoch != epoch)
        return;
    scheduler_death_t death = engine->death;
    if (!engine->running)
        death.span = 0;
    if (engine->running && !engine->stale && !engine->work->job->dropped)
        engine->work->job->positions[death.item].crashes++;
    engine->stale = engine->running;
    engine->lapsed = engine->fenced = true;
    engine->suspected = engine->told_up = false;
    engine->lapses++;
    self->lapses++;
    scheduler_engine_down(self->scheduler, e);
    scheduler_engine_died(self->scheduler, e, &death);
    put_back(self, e);
    MUST(self, scheduler_engine_load(self->scheduler, e) == 0, "an engine that is lost has nothing");
    sim_post(self, (event_t){.time = self->now + self->latency, .type = EVENT_LAPSED, .engine = e, .epoch = epoch,
                             .count = engine->lapses});
}

static void on_rejoin(simulator_t *self, const event_t *event)
{
    engine_t *engine = &self->state->engines[event->engine];
    if (!engine->known || !engine->lapsed || engine->epoch != event->epoch || event->count != engine->lapses)
        return;
    engine->lapsed = false;
    engine->told_up = true;
    scheduler_engine_up(self->scheduler, event->engine);
}

static void on_event(simulator_t *self, const event_t *event)
{
    engine_t *engine = &self->state->engines[event->engine];
    switch (event->type) {
    case EVENT_TASK:
    case EVENT_START:
    case EVENT_ITEM:
    case EVENT_RECALL:
    case EVENT_WAKE:
    case EVENT_LAPSED:
    case EVENT_DROP: sim_engine_event(self, event); return;
    case EVENT_SUSPECT:
    case EVENT_PONG: on_silence(self, event); break;
    case EVENT_LAPSE: lapse(self, event->engine, event->epoch); break;
    case EVENT_REJOIN: on_rejoin(self, event); break;
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
        sim_post(self, (event_t){.time = deadline, .type = EVENT_DEADLINE});
    }
    if (!held || s->held)
        return;
    s->held = true;
    sim_post(self, (event_t){.time = self->now + HELD_NS, .type = EVENT_HELD});
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

//  --- Users ------------------------------------------------------------------------------------------------

void sim_init(simulator_t *self, uint64_t seed, uint32_t engines)
{
    *self = (simulator_t){.seed = seed, .random = seed * 0x2545f4914f6cdd1du, .latency = 20 * SIM_US};
    self->state = ipc_xalloc(sizeof *self->state);
    self->scheduler = scheduler_new(&sim_actions, self);
    for (uint32_t i = 0; i < engines; i++) sim_add(self, i);
}

void sim_add(simulator_t *self, uint32_t e)
{
    self->state->engines[e] = (engine_t){.known = true, .alive = true, .told_up = true};
    char host[16];
    snprintf(host, sizeof host, "host %u", e / SIM_HOST_ENGINES);
    scheduler_engine_has(self->scheduler, e, host, &(needs_t){.count = 1, .all = {{"cores", SIM_HOST_CORES}}},
                         &(needs_t){.count = 1, .all = {{"gpu", e}}});
    scheduler_engine_up(self->scheduler, e);
    self->state->owed = true;
}

void sim_end(simulator_t *self)
{
    struct sim_state *s = self->state;
    self->state = NULL;
    scheduler_destroy(&self->scheduler);
    for (size_t i = 0; i < SIM_ENGINES; i++) {
        sim_engine_stops(&s->engines[i]);
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

void sim_remove(simulator_t *self, uint32_t e)
{
    engine_t *engine = &self->state->engines[e];
    engine->known = engine->told_up = engine->lapsed = false;
    sim_engine_stops(engine);
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
    sim_post(self, (event_t){.time = time, .type = EVENT_USER});
}
