//  The engines: they read what the controller sends, run it, and answer or die.
#include <stdlib.h>

#include "common/fail.h"
#include "simulator_body.h"

enum { FLUSH_NS = 100 * SIM_US, RESTART_NS = 3 * SIM_MS };

//  At once, or after other things.
static void say_twice(simulator_t *self, engine_t *engine, const event_t *said)
{
    event_t *echo = &engine->echo;
    if (said->type != EVENT_DOWN && sim_random(self, 16) == 0) {
        *echo = *said;
        echo->echo = true;
    }
    if (!echo->echo || echo->epoch != engine->epoch || sim_random(self, 8) > 0)
        return;
    self->twice++;
    echo->time = engine->last_arrival;
    sim_post(self, *echo);
}

//  From an engine to the controller, in order.
static void post_to_controller(simulator_t *self, engine_t *engine, event_t event)
{
    int64_t arrival = self->now + self->latency;
    engine->last_arrival = arrival > engine->last_arrival ? arrival : engine->last_arrival;
    event.time = engine->last_arrival;
    event.engine = (uint32_t) (engine - self->state->engines);
    event.epoch = engine->epoch;
    sim_post(self, event);
    if (self->repeats)
        say_twice(self, engine, &event);
}

static void flush(simulator_t *self, engine_t *engine)
{
    for (size_t i = 0; i < engine->unsent_count; i++) post_to_controller(self, engine, engine->unsent[i]);
    engine->unsent_count = 0;
    engine->flushed = self->now;
}

static void start_next(simulator_t *self, engine_t *engine)
{
    uint32_t e = (uint32_t) (engine - self->state->engines);
    while (engine->work && engine->work->cursor == engine->work->end) {
        work_t *over = engine->work;
        engine->work = over->next;
        free(over);
    }
    if (engine->fenced)
        sim_engine_forsakes(engine);
    engine->running = engine->work && engine->work->cursor < engine->work->end;
    engine->stale = false;
    if (!engine->running) {
        flush(self, engine);
        return;
    }
    work_t *work = engine->work;
    sim_check_start(self, e, work);
    engine->duration = SIM_US;
    engine->outcome = self->behave ? self->behave(self, e, work->job, work->cursor, &engine->duration) : SIM_FINE;
    engine->death.span = work->span;
    engine->death.item = work->cursor++;
    sim_post(self, (event_t){.time = self->now + engine->duration, .type = EVENT_ITEM, .engine = e,
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

void sim_engine_stops(engine_t *engine)
{
    engine->alive = engine->suspected = engine->fenced = engine->stale = false;
    engine->epoch++;
    engine->wakes = 0;
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
    if (engine->running && !engine->stale && !engine->work->job->dropped)
        engine->work->job->positions[engine->death.item].crashes++;
    if (!engine->running)
        engine->death.span = 0;
    sim_engine_stops(engine);
    post_to_controller(self, engine, (event_t){.type = EVENT_DOWN});
    sim_post(self, (event_t){.time = engine->last_arrival + RESTART_NS, .type = EVENT_BACK, .engine = e});
}

void sim_freeze(simulator_t *self, uint32_t e, int64_t duration)
{
    engine_t *engine = &self->state->engines[e];
    if (!engine->alive || engine->wakes > self->now || engine->fenced)
        return;
    engine->wakes = self->now + duration;
    event_t event = {.engine = e, .epoch = engine->epoch};
    static const struct {
        int64_t after;
        event_type_t type;
    } steps[] = {{SIM_SUSPECT_NS, EVENT_SUSPECT}, {SIM_LOSE_NS, EVENT_LAPSE}};
    for (size_t i = 0; i < 2 && duration > steps[i].after; i++) {
        event.time = self->now + steps[i].after;
        event.type = steps[i].type;
        sim_post(self, event);
    }
    event.time = engine->wakes;
    event.type = EVENT_WAKE;
    sim_post(self, event);
}

void sim_engine_forsakes(engine_t *engine)
{
    work_t *first = engine->running ? engine->work : NULL;
    for (work_t *work = first ? first->next : engine->work, *next; work; work = next) {
        next = work->next;
        free(work);
    }
    if (first) {
        first->end = first->cursor;
        first->next = NULL;
    }
    engine->work = first;
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
        sim_post(self, (event_t){.time = self->now, .type = EVENT_START, .engine = event->engine,
                                 .epoch = engine->epoch});
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

void sim_engine_event(simulator_t *self, const event_t *event)
{
    engine_t *engine = &self->state->engines[event->engine];
    if (!engine->alive || engine->epoch != event->epoch)
        return;
    if (self->now < engine->wakes) {
        event_t later = *event;
        later.time = engine->wakes;
        event_heap_put_off(&self->state->events, later);
        return;
    }
    switch (event->type) {
    case EVENT_TASK: on_task(self, engine, event); break;
    case EVENT_START:
        if (!engine->running)
            start_next(self, engine);
        break;
    case EVENT_ITEM: on_item(self, engine); break;
    case EVENT_RECALL:
        give_back(self, engine, engine->work, event->count);
        post_to_controller(self, engine, (event_t){.type = EVENT_GAVE, .flag = true});
        break;
    case EVENT_DROP: drop(self, engine, event); break;
    case EVENT_WAKE: post_to_controller(self, engine, (event_t){.type = EVENT_PONG}); break;
    case EVENT_LAPSED:
        sim_engine_forsakes(engine);
        engine->fenced = false;
        post_to_controller(self, engine, (event_t){.type = EVENT_REJOIN, .count = event->count});
        break;
    default: break;
    }
}
