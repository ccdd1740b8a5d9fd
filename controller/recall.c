//  Work that moves: what waits at a full engine is asked back for one that is idle, or since it waits too long.
#include <math.h>

#include "controller/scheduler_body.h"

enum {
    RECALLS_PER_TURN = 8,
    LOOKS_PER_TURN = 32,               // at engines that are idle
    SPANS_LOOKED_AT = 16               // of an engine, the youngest
};

//  What an engine can give back: all but the item that it is at, or begins with when it has read what was sent. Were
//  that one taken too, items could go from one idle engine to the next for ever.
static uint64_t spare_of(const engine_t *engine)
{
    return engine->balanced_items - !engine->sent.first->job->direct;
}

//  Whether an idle engine may take a span of another one; *whole when it can only if that one gives back all: they
//  share what the span needs.
static bool may_take_back(const scheduler_t *self, const scheduler_span_t *span, uint32_t from, uint32_t idle,
                          bool *whole)
{
    const scheduler_job_t *job = span->job;
    if (!span_allows(self, span, idle))
        return false;
    *whole = job->needs && !hosts_fit(&self->hosts, idle, job->needs);
    return !job->needs ||
           hosts_would_admit(&self->hosts, idle, job, from, self->engines[from].sent.first->job->needs);
}

//  How many items an engine has to give back so that the idle one gets something that it may take; 0: it would not.
//  Were it asked all the same, the items would go there and back for ever.
static uint64_t reach_of(const scheduler_t *self, uint32_t from, uint32_t idle)
{
    const engine_t *engine = &self->engines[from];
    const scheduler_span_t *span = engine->sent.last;
    uint64_t items = 0;
    bool whole = false;
    for (int looks = 0; span && looks < SPANS_LOOKED_AT; looks++, span = span->previous) {
        if (span->job->direct)
            continue;
        if (may_take_back(self, span, from, idle, &whole))
            return span == engine->sent.first && span->left == 1 ? 0 : whole ? spare_of(engine) : items + 1;
        items += span->left;
    }
    return 0;
}

//  The engine that an idle one may take most from, or SCHEDULER_NO_ENGINE.
static uint32_t find_fullest(scheduler_t *self, uint32_t idle, int64_t now)
{
    uint32_t fullest = SCHEDULER_NO_ENGINE;
    double most = 0;
    for (uint32_t k = 0; (k = engine_set_next(&self->sets[SET_RECALLABLE], NULL, k)) != ENGINE_SET_END; k++) {
        const engine_t *other = &self->engines[k];
        uint32_t function = other->sent.last->job->function;
        self->looks++;
        double remaining = engine_remaining(other, (double) paces_of(&self->paces, function)->skew, now);
        if (remaining <= most || spare_of(other) == 0 || reach_of(self, k, idle) == 0)
            continue;
        if (paces_mean(&self->paces, function, idle) > remaining &&
            paces_slowness(&self->paces, function, idle, k) > 1) {
            self->held = true; // it is through before the idle one would have done a single item
            continue;
        }
        most = remaining;
        fullest = k;
    }
    return fullest;
}

//  Of what an engine can give, the part after which both are through at one time.
static uint64_t share_of(scheduler_t *self, uint32_t idle, uint32_t from)
{
    const engine_t *victim = &self->engines[from];
    double slowness = paces_slowness(&self->paces, victim->sent.last->job->function, idle, from);
    uint64_t share = (uint64_t) ceil((double) victim->balanced_items / (1 + slowness)), spare = spare_of(victim);
    uint64_t reach = reach_of(self, from, idle);
    share = share > reach ? share : reach;
    return share < spare ? share : spare;
}

static bool is_recallable_left(const scheduler_t *self)
{
    return engine_set_next(&self->sets[SET_RECALLABLE], NULL, 0) != ENGINE_SET_END;
}

static void recall(scheduler_t *self, uint32_t i, uint64_t count)
{
    self->engines[i].recalling = true;
    engine_review(self, i);
    self->actions->recall(self->context, i, count);
}

void recall_all(scheduler_t *self, uint32_t i)
{
    if (engine_set_has(&self->sets[SET_RECALLABLE], i) && spare_of(&self->engines[i]) > 0)
        recall(self, i, spare_of(&self->engines[i]));
}

static bool recall_for(scheduler_t *self, uint32_t idle, int64_t now)
{
    uint32_t fullest = idle == self->hosts.keeper ? SCHEDULER_NO_ENGINE : find_fullest(self, idle, now);
    if (fullest == SCHEDULER_NO_ENGINE)
        return false;
    recall(self, fullest, share_of(self, idle, fullest));
    return true;
}

void recall_overdue(scheduler_t *self, int64_t now)
{
    for (int looks = 0; looks < LOOKS_PER_TURN; looks++) {
        uint32_t i = engine_set_next(&self->sets[SET_RECALLABLE], NULL, self->overdue_from);
        self->overdue_from = i == ENGINE_SET_END ? 0 : i + 1;
        if (i == ENGINE_SET_END)
            return;
        if (engine_is_overdue(&self->engines[i], now) && spare_of(&self->engines[i]) > 0)
            recall(self, i, spare_of(&self->engines[i]));
    }
}

void recall_for_idle(scheduler_t *self, int64_t now)
{
    uint32_t first = self->recall_from;
    int recalls = 0, looks = 0;
    self->recall_from = 0;
    for (uint32_t i = first; is_recallable_left(self); i++) {
        i = engine_set_next(&self->sets[SET_IDLE], NULL, i);
        if (i == ENGINE_SET_END) {
            self->held = self->held || first > 0; // those before the first have their turn soon
            return;
        }
        if (looks++ == LOOKS_PER_TURN || recalls == RECALLS_PER_TURN) {
            self->recall_from = i;
            return;
        }
        recalls += recall_for(self, i, now);
    }
}
