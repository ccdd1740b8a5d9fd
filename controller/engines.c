//  Engines that come and go: what becomes of their work, and who may run what is left.
#include <stdlib.h>

#include "common/fail.h"
#include "controller/scheduler_body.h"

bool scheduler_engine_known(const scheduler_t *self, uint32_t engine)
{
    return engine < self->engine_count && self->engines[engine].known;
}

static void make_room_for(scheduler_t *self, uint32_t engine)
{
    if (engine >= self->engine_room) {
        uint32_t room = self->engine_room ? 2 * self->engine_room : 8;
        room = engine < room ? room : engine + 1;
        self->engines = ipc_xgrow(self->engines, self->engine_room, room, sizeof self->engines[0]);
        self->candidates = ipc_xrealloc(self->candidates, room * sizeof self->candidates[0]);
        for (size_t i = 0; i < ENGINE_SETS; i++) engine_set_grow(&self->sets[i], room);
        self->engine_room = room;
    }
    if (engine >= self->engine_count)
        self->engine_count = engine + 1;
}

void scheduler_engine_up(scheduler_t *self, uint32_t engine)
{
    make_room_for(self, engine);
    self->engines[engine].known = true;
    self->engines[engine].ready = true;
    self->engines[engine].recalling = false;
    self->engines[engine].dry = false;
    engine_review(self, engine);
}

static void drop_impossible(scheduler_t *self, uint32_t c);

void scheduler_engine_has(scheduler_t *self, uint32_t engine, const char *host, const needs_t *of_host,
                          const needs_t *own)
{
    bool lacks = hosts_join(&self->hosts, engine, host, of_host, own);
    for (uint32_t c = 0; lacks && c < self->client_count; c++) drop_impossible(self, c);
}

double scheduler_engine_amount(const scheduler_t *self, uint32_t engine, const char *name)
{
    return hosts_amount(&self->hosts, engine, name);
}

//  Nothing goes to it. What was left to it, or kept from another since it was there, is for others now.
static void engine_rests(scheduler_t *self, uint32_t engine)
{
    self->engines[engine].ready = false;
    engine_review(self, engine);
    hosts_reopen(&self->hosts);
    engines_match_again(self, NULL);
}

void scheduler_engine_down(scheduler_t *self, uint32_t engine)
{
    if (!scheduler_engine_known(self, engine))
        return;
    self->engines[engine].suspected = false;
    engine_rests(self, engine);
}

void scheduler_engine_suspect(scheduler_t *self, uint32_t i, bool suspected)
{
    engine_t *engine = scheduler_engine_known(self, i) ? &self->engines[i] : NULL;
    if (!engine || engine->ready != suspected || engine->suspected == suspected)
        return; // it is down
    engine->suspected = suspected;
    if (suspected) {
        recall_all(self, i);
        engine_rests(self, i);
    } else {
        engine->ready = true;
        engine_review(self, i);
    }
}

//  Positions that ran and have no result: again, or an error.
static void lose(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count,
                 scheduler_loss_t loss)
{
    scheduler_job_t *job = span->job;
    if (job->aborted & ABORTED_SOME && count > 1) { // some of them are to run again, perhaps
        for (uint64_t i = 0; i < count; i++) lose(self, span, first + i, 1, loss);
        return;
    }
    if (count == 0)
        return;
    if (span_try_again(self, span, first, count, loss == SCHEDULER_CRASHED)) {
        for (uint64_t i = 0; self->actions->again && i < count; i++)
            self->actions->again(self->context, job, first + i, span->engine, span->sent, loss);
        return;
    }
    job->left -= count;
    if (!job->dropped)
        self->actions->lose(self->context, job, first, count, span->engine, loss, span->attempts + 1u);
}

//  The items of a span whose engine died: [next, ran) had finished, then one crashed if crashed is true, the
//  rest had not started. Its place in the engine's list is gone already.
static void bury_span(scheduler_t *self, scheduler_span_t *span, uint64_t ran, bool crashed)
{
    uint64_t end = span->first + span->count, next = end - span->left;
    if (ran < next)
        ran = next;
    if (ran > end)
        ran = end;
    crashed = crashed && ran < end;
    uint64_t rest = ran + crashed;
    if (rest < end && !span->job->dropped) // not started: loses nothing, no retry either
        span_return(self, span_part(self, span, rest, end - rest));
    lose(self, span, ran, crashed, SCHEDULER_CRASHED);
    lose(self, span, next, ran - next, SCHEDULER_RESULT_LOST);
    span_free(self, span);
}

void scheduler_engine_died(scheduler_t *self, uint32_t i, const scheduler_death_t *death)
{
    if (!scheduler_engine_known(self, i))
        return;
    engine_t *engine = &self->engines[i];
    uint64_t pivot_id = death->span ? death->span : death->done_span;
    scheduler_span_t *pivot = death->unknown ? engine->sent.first : scheduler_span(self, pivot_id, i);
    bool before_pivot = false;         // walking backwards, so that heads of queues keep the order
    span_list_t sent = engine->sent;
    engine->sent = (span_list_t){0};
    engine->items = engine->balanced_items = engine->balanced_spans = 0;
    engine->expected_ns = 0;
    hosts_clear(&self->hosts, i);
    engine_rests(self, i);
    for (scheduler_span_t *span = sent.last, *previous; span; span = previous) {
        previous = span->previous;
        span->next = span->previous = NULL;
        if (span == pivot) {
            bool running = death->unknown || death->span != 0;
            uint64_t item = death->unknown ? 0 : running ? death->item : death->done_item + 1;
            bury_span(self, span, item, running); // an item before the first without a result is that one
            before_pivot = true;
        } else {
            bury_span(self, span, before_pivot ? UINT64_MAX : 0, false);
        }
    }
}

static void drop_list(scheduler_t *self, span_list_t *list, uint32_t engine)
{
    for (scheduler_span_t *span; (span = list->first);) {
        uint64_t first = span->first + span->count - span->left;
        list_remove(list, span);
        if (span->job->direct || !span_try_again(self, span, first, span->left, false)) {
            span->job->left -= span->left;
            if (!span->job->dropped)
                self->actions->lose(self->context, span->job, first, span->left, engine,
                                    SCHEDULER_ENGINE_LOST, span->attempts);
        }
        span_free(self, span);
    }
}

void scheduler_job_miss(scheduler_t *self, scheduler_job_t *job, uint32_t engine, uint64_t first, uint64_t count)
{
    job->left -= count;
    self->actions->lose(self->context, job, first, count, engine, SCHEDULER_ENGINE_LOST, 0);
}

static bool is_possible(const scheduler_t *self, const scheduler_job_t *job, const tried_t *tried)
{
    bool picky = job->allowed || job->needs, others = false;
    if (!picky && !tried)
        return true;
    for (uint32_t i = 0; i < self->engine_count; i++) {
        if (!self->engines[i].known)
            continue;
        if (job_allows(self, job, i) && !tried_is_refused_by(tried, i))
            return true;
        others = true;
    }
    return !picky && !others;          // an engine may come
}

bool job_is_possible(const scheduler_t *self, const scheduler_job_t *job)
{
    return is_possible(self, job, NULL);
}

bool span_is_possible(const scheduler_t *self, const scheduler_span_t *span)
{
    return is_possible(self, span->job, span->tried);
}

//  Why no engine may run a job: there is none with what it needs, or none at all of those listed.
scheduler_loss_t job_impossibility(const scheduler_job_t *job)
{
    return job->needs ? SCHEDULER_UNMET : SCHEDULER_NO_ENGINES;
}

//  Work of a client that no engine is left for ends with an error.
static void drop_impossible(scheduler_t *self, uint32_t c)
{
    client_t *client = &self->clients[c];
    for (size_t i = 0; i < QUEUES; i++)
        for (scheduler_job_t *job = client->queues[i].first, *next; job; job = next) {
            next = job->next;
            if (job_is_possible(self, job))
                continue;
            dequeue_job(self, job);
            job_end_uncut(self, job, job_impossibility(job));
        }
    for (scheduler_span_t *span = client->returned.first, *next; span; span = next) {
        next = span->next;
        if (span_is_possible(self, span))
            continue;
        returned_remove(self, c, span);
        span->job->left -= span->left;
        self->actions->lose(self->context, span->job, span->first, span->left, SCHEDULER_NO_ENGINE,
                            job_is_possible(self, span->job) ? SCHEDULER_REFUSED : job_impossibility(span->job),
                            span->attempts);
        span_free(self, span);
    }
    ring_leave(self, c);
}

void scheduler_engine_remove(scheduler_t *self, uint32_t i)
{
    if (!scheduler_engine_known(self, i))
        return;
    engine_t *engine = &self->engines[i];
    engine->known = false;
    engine->items = engine->balanced_items = engine->balanced_spans = engine->direct_count = 0;
    engine->expected_ns = 0;
    hosts_clear(&self->hosts, i);
    engine_rests(self, i);
    drop_list(self, &engine->sent, i);
    drop_list(self, &engine->direct, i);
    for (uint32_t c = 0; c < self->client_count; c++) drop_impossible(self, c);
}

size_t scheduler_engine_load(const scheduler_t *self, uint32_t engine)
{
    return scheduler_engine_known(self, engine) ? self->engines[engine].items : 0;
}

size_t scheduler_engine_queue(const scheduler_t *self, uint32_t engine)
{
    return scheduler_engine_known(self, engine) ? self->engines[engine].direct_count : 0;
}

uint64_t scheduler_engine_finished(const scheduler_t *self, uint32_t engine)
{
    return scheduler_engine_known(self, engine) ? self->engines[engine].finished : 0;
}
