//  What runs where: windows by the recent pace of each function on each engine, turns between clients, recall.
#include <assert.h>
#include <string.h>

#include "common/fail.h"
#include "controller/scheduler_body.h"

enum { PREFETCH_NS = 5 * SCHEDULER_WINDOW_NS, RECALLS_PER_TURN = 8 };

//  --- How fast a function runs on an engine ------------------------------------------------------------

static pace_t *pace_of(scheduler_t *self, uint32_t function, uint32_t engine)
{
    if (function >= self->function_count) {
        uint32_t count = function + 16;
        self->functions = ipc_xrealloc(self->functions, count * sizeof self->functions[0]);
        memset(self->functions + self->function_count, 0,
               (count - self->function_count) * sizeof self->functions[0]);
        self->function_count = count;
    }
    function_paces_t *paces = &self->functions[function];
    if (engine >= paces->count) {
        uint32_t count = engine + 4;
        paces->engines = ipc_xrealloc(paces->engines, count * sizeof paces->engines[0]);
        for (uint32_t i = paces->count; i < count; i++) paces->engines[i] = (pace_t){.window = 1};
        paces->count = count;
    }
    return &paces->engines[engine];
}

//  The window doubles at most, each time items come back, up to what covers SCHEDULER_WINDOW_NS.
static void pace_learn(pace_t *pace, double item_ns)
{
    if (item_ns < 50)
        item_ns = 50; // finer than the clock tells
    pace->mean_ns = pace->mean_ns > 0 ? (float) (0.75 * (double) pace->mean_ns + 0.25 * item_ns)
                                      : (float) item_ns;
    double covers = SCHEDULER_WINDOW_NS / (double) pace->mean_ns;
    uint32_t limit = covers > SCHEDULER_MAX_WINDOW ? SCHEDULER_MAX_WINDOW : (uint32_t) covers + 1;
    pace->window = 2 * pace->window < limit ? 2 * pace->window : limit;
}

void function_learn(scheduler_t *self, uint32_t function, uint32_t engine, double item_ns)
{
    pace_learn(pace_of(self, function, engine), item_ns);
}

//  Of a function that an engine has not run yet nothing is known: one item at a time, and none behind it.
static double estimate_of(const pace_t *pace)
{
    return pace->mean_ns > 0 ? (double) pace->mean_ns : PREFETCH_NS;
}

//  Room for more work: nothing to do, less than half a window before it, or one task of a few
//  milliseconds, behind which the next one should wait already (recall moves it if need be).
static bool engine_has_room(const engine_t *engine)
{
    return engine->items == 0 || engine->expected_ns < SCHEDULER_WINDOW_NS / 2 ||
           (engine->items == 1 && engine->expected_ns > SCHEDULER_WINDOW_NS / 2 &&
            engine->expected_ns < PREFETCH_NS);
}

static void engine_takes(scheduler_t *self, uint32_t i, scheduler_span_t *span, int64_t now)
{
    engine_t *engine = &self->engines[i];
    bool legal = span_advance(span, SPAN_GOES);
    assert(legal);
    span->engine = i;
    span->sent = now;
    span->estimate = (float) estimate_of(pace_of(self, span->job->function, i));
    list_append(&engine->sent, span);
    engine->items += span->left;
    if (!span->job->direct)
        engine->balanced_items += span->left;
    engine->expected_ns += (double) span->estimate * (double) span->left;
    engine->dry = false;
    if (engine->items == span->left)
        engine->progress = now; // it begins
    self->actions->send(self->context, i, span);
}

//  Takes count items of a sent span off its engine's account.
void engine_settles(scheduler_t *self, scheduler_span_t *span, uint64_t count)
{
    engine_t *engine = &self->engines[span->engine];
    engine->items -= count;
    if (!span->job->direct)
        engine->balanced_items -= count;
    engine->expected_ns -= (double) span->estimate * (double) count;
    if (engine->items == 0 || engine->expected_ns < 0)
        engine->expected_ns = 0;
}

//  --- Choosing ------------------------------------------------------------------------------------------

static bool job_allows(const scheduler_job_t *job, uint32_t engine)
{
    if (!job->allowed)
        return true;
    for (uint32_t i = 0; i < job->allowed_count; i++)
        if (job->allowed[i] == engine)
            return true;
    return false;
}

//  An engine that failed a span takes it again only when no other one may.
static bool span_allows(const scheduler_t *self, const scheduler_span_t *span, uint32_t engine)
{
    if (!job_allows(span->job, engine))
        return false;
    if (span->avoid != engine)
        return true;
    for (uint32_t i = 0; i < self->engine_count; i++)
        if (i != engine && self->engines[i].ready && job_allows(span->job, i))
            return false;
    return true;
}

//  How many positions of a job's rest travel together next.
static uint64_t cut_size(scheduler_t *self, const scheduler_job_t *job, uint32_t i)
{
    uint64_t rest = job->count - job->cursor;
    if (job->chunk > 0) { // equalised by the partition rule: ceil(count / chunk) parts
        uint64_t parts = (job->count + job->chunk - 1) / job->chunk;
        uint64_t base = job->count / parts, longer = job->count % parts;
        return job->cursor < longer * (base + 1) ? base + 1 : base;
    }
    const engine_t *engine = &self->engines[i];
    const pace_t *pace = pace_of(self, job->function, i);
    double room = (SCHEDULER_WINDOW_NS - engine->expected_ns) / estimate_of(pace);
    uint64_t size = room < 1 ? 1 : room > pace->window ? pace->window : (uint64_t) room;
    return size < rest ? size : rest;
}

//  True while an engine finishes what it is given about as fast as is known of it: it has nothing to do, or some
//  of it was done a short while ago.
static bool is_moving(const engine_t *engine, double mean_ns, int64_t now)
{
    return engine->items == 0 || (double) (now - engine->progress) < SCHEDULER_WINDOW_NS + 8 * mean_ns;
}

//  True when the rest of a job is done by engines that are much faster at it before this one would have done
//  a single item: then it takes none, or all would wait for it in the end.
static bool leave_to_faster(scheduler_t *self, const scheduler_job_t *job, uint32_t i, int64_t now)
{
    double mean = (double) pace_of(self, job->function, i)->mean_ns, rate = 0;
    if (mean < SCHEDULER_WINDOW_NS)
        return false;
    for (uint32_t k = 0; k < self->engine_count; k++) {
        double other = (double) pace_of(self, job->function, k)->mean_ns;
        if (k != i && self->engines[k].ready && job_allows(job, k) && other > 0 && 4 * other < mean &&
            is_moving(&self->engines[k], other, now))
            rate += 1 / other;
    }
    double rest = (double) (job->count - job->cursor);
    if (rate <= 0 || rest / rate + SCHEDULER_WINDOW_NS > mean)
        return false;
    return self->held = true;
}

static scheduler_span_t *cut(scheduler_t *self, scheduler_job_t *job, uint32_t engine)
{
    uint64_t size = cut_size(self, job, engine);
    scheduler_span_t *span = span_new(self, job, job->cursor, size);
    job->cursor += size;
    span_advance(span, SPAN_WAITS);
    if (job->cursor == job->count)
        dequeue_job(self, job);
    return span;
}

static scheduler_span_t *pick_from(scheduler_t *self, uint32_t c, uint32_t engine, int64_t now)
{
    client_t *client = &self->clients[c];
    for (scheduler_span_t *span = client->returned.first; span; span = span->next)
        if (span_allows(self, span, engine)) {
            list_remove(&client->returned, span);
            ring_leave(self, c);
            return span;
        }
    for (scheduler_job_t *job = client->jobs; job; job = job->next)
        if (job_allows(job, engine) && !leave_to_faster(self, job, engine, now))
            return cut(self, job, engine);
    return NULL;
}

//  The next balanced span for an engine, by turns of the clients; NULL when there is none.
static scheduler_span_t *pick(scheduler_t *self, uint32_t engine, int64_t now)
{
    uint32_t start = self->turn, c = start;
    if (c == NO_CLIENT)
        return NULL;
    do {
        uint32_t next = self->clients[c].next;
        scheduler_span_t *span = pick_from(self, c, engine, now);
        if (span) {
            if (self->turn != NO_CLIENT && self->clients[next].active)
                self->turn = next; // also when the one whose turn it was had nothing for this engine
            return span;
        }
        c = next;
    } while (c != start);
    return NULL;
}

//  Gives an engine what it has room for. True when it got something.
static bool feed(scheduler_t *self, uint32_t i, bool once, int64_t now)
{
    engine_t *engine = &self->engines[i];
    bool fed = false;
    while (engine->ready && engine_has_room(engine)) {
        scheduler_span_t *span = engine->direct.first;
        if (span) {
            list_remove(&engine->direct, span);
            engine->direct_count--;
        } else {
            span = pick(self, i, now);
        }
        if (!span)
            break;
        engine_takes(self, i, span, now);
        fed = true;
        if (once)
            break;
    }
    return fed;
}

//  The engine that an idle one may take most from, or SCHEDULER_NO_ENGINE.
static uint32_t find_fullest(scheduler_t *self, uint32_t idle, int64_t now)
{
    uint32_t fullest = SCHEDULER_NO_ENGINE;
    for (uint32_t k = 0; k < self->engine_count; k++) {
        const engine_t *other = &self->engines[k];
        if (!other->ready || other->recalling || other->dry || other->items < 2 || other->balanced_items == 0 ||
            (fullest != SCHEDULER_NO_ENGINE && other->expected_ns <= self->engines[fullest].expected_ns))
            continue;
        uint32_t function = other->sent.last->job->function;
        double own = (double) pace_of(self, function, idle)->mean_ns;
        double theirs = (double) pace_of(self, function, k)->mean_ns;
        if (own > other->expected_ns && is_moving(other, theirs, now)) {
            self->held = true; // it is through before the idle one would have done a single item
            continue;
        }
        fullest = k;
    }
    return fullest;
}

//  An idle engine makes the fullest one give back what it has not started.
static void recall_for_idle(scheduler_t *self, int64_t now)
{
    int recalls = 0;
    for (uint32_t i = 0; i < self->engine_count && recalls < RECALLS_PER_TURN; i++) {
        if (!self->engines[i].ready || self->engines[i].items > 0)
            continue;
        uint32_t fullest = find_fullest(self, i, now);
        if (fullest == SCHEDULER_NO_ENGINE)
            continue;
        engine_t *victim = &self->engines[fullest];
        victim->recalling = true;
        self->actions->recall(self->context, fullest, (victim->balanced_items + 1) / 2);
        recalls++;
    }
}

bool scheduler_dispatch(scheduler_t *self, int64_t now)
{
    self->held = false;
    for (uint32_t i = 0; i < self->engine_count; i++)
        if (self->engines[i].progressed) {
            self->engines[i].progressed = false;
            self->engines[i].progress = now;
        }
    // One span for each idle engine first, so that a few tasks spread; then what fits.
    for (uint32_t i = 0; i < self->engine_count; i++)
        if (self->engines[i].ready && self->engines[i].items == 0)
            feed(self, i, true, now);
    for (uint32_t i = 0; i < self->engine_count; i++) feed(self, i, false, now);
    recall_for_idle(self, now); // engines that are idle still found nothing that they may take
    return self->held;
}
