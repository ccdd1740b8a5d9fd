#include "controller/scheduler.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/slab.h"

//  How a span's state may change. Only span_advance() assigns it.
typedef enum span_event { SPAN_WAITS, SPAN_GOES, SPAN_ENDS, SPAN_EVENTS } span_event_t;

// clang-format off
static const struct { span_state_t from; span_event_t event; span_state_t to; } span_table[] = {
    { SPAN_FREE,   SPAN_WAITS, SPAN_QUEUED }, // made, or given back by an engine
    { SPAN_QUEUED, SPAN_GOES,  SPAN_SENT   },
    { SPAN_SENT,   SPAN_WAITS, SPAN_QUEUED }, // its engine died before it started
    { SPAN_SENT,   SPAN_ENDS,  SPAN_FREE   }, // every item has a result or is elsewhere
    { SPAN_QUEUED, SPAN_ENDS,  SPAN_FREE   }, // its client left, its engine is gone
};
// clang-format on

//  A list of spans through their next and previous.
typedef struct span_list {
    scheduler_span_t *first, *last;
} span_list_t;

//  What is known of one function on one engine.
typedef struct pace {
    float mean_ns;                     // per item, recent; 0: not yet seen
    uint32_t window;                   // items it may have at a time
} pace_t;

typedef struct function_paces {
    pace_t *engines;                   // by engine
    uint32_t count;
} function_paces_t;

typedef struct engine {
    bool known, ready;
    bool recalling;                    // a recall is on its way
    bool dry;                          // the last recall brought nothing, and nothing was sent since
    span_list_t sent;                  // in the order sent
    span_list_t direct;                // waiting for this engine
    size_t direct_count;               // of them
    uint64_t items;                    // sent and not done
    uint64_t balanced_items;           // of these
    double expected_ns;                // that these will take
    uint64_t finished;                 // items, ever
} engine_t;

typedef struct client {
    bool joined, active;               // active: on the ring of clients with balanced work
    scheduler_job_t *jobs, *last_job;  // with positions that were never cut, by priority
    span_list_t returned;              // spans that came back, before all else
    uint32_t next, previous;           // of the ring
} client_t;

struct scheduler {
    const scheduler_actions_t *actions;
    void *context;
    slab_t *spans, *jobs;
    engine_t *engines;
    uint32_t engine_count;
    client_t *clients;
    uint32_t client_count;
    uint32_t turn;                     // the client whose turn it is, NO_CLIENT
    function_paces_t *functions;
    uint32_t function_count;
};

enum { NO_CLIENT = UINT32_MAX, PREFETCH_NS = 5 * SCHEDULER_WINDOW_NS, RECALLS_PER_TURN = 8 };

//  A job with its id in the slab.
typedef struct job_record {
    scheduler_job_t job;               // first: a job is its record
    uint64_t slab_id;
} job_record_t;

scheduler_t *scheduler_new(const scheduler_actions_t *actions, void *context)
{
    scheduler_t *self = ipc_xalloc(sizeof *self);
    *self = (scheduler_t){.actions = actions, .context = context, .turn = NO_CLIENT,
                          .spans = slab_new(sizeof(scheduler_span_t)),
                          .jobs = slab_new(sizeof(job_record_t))};
    return self;
}

void scheduler_destroy(scheduler_t **self_p)
{
    scheduler_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->client_count; i++) scheduler_client_leave(self, i);
    for (uint32_t i = 0; i < self->engine_count; i++) scheduler_engine_remove(self, i);
    for (uint32_t i = 0; i < self->function_count; i++) free(self->functions[i].engines);
    free(self->functions);
    free(self->engines);
    free(self->clients);
    slab_destroy(&self->spans);
    slab_destroy(&self->jobs);
    free(self);
}

static bool span_advance(scheduler_span_t *span, span_event_t event)
{
    for (size_t i = 0; i < sizeof span_table / sizeof span_table[0]; i++)
        if (span_table[i].from == (span_state_t) span->state && span_table[i].event == event) {
            span->state = span_table[i].to;
            return true;
        }
    return false;
}

static void list_remove(span_list_t *list, scheduler_span_t *span)
{
    *(span->previous ? &span->previous->next : &list->first) = span->next;
    *(span->next ? &span->next->previous : &list->last) = span->previous;
    span->next = span->previous = NULL;
}

static void list_append(span_list_t *list, scheduler_span_t *span)
{
    span->previous = list->last;
    span->next = NULL;
    *(list->last ? &list->last->next : &list->first) = span;
    list->last = span;
}

static void list_prepend(span_list_t *list, scheduler_span_t *span)
{
    span->next = list->first;
    span->previous = NULL;
    *(list->first ? &list->first->previous : &list->last) = span;
    list->first = span;
}

//  --- The ring of clients with balanced work -------------------------------------------------------

static void ring_enter(scheduler_t *self, uint32_t i)
{
    client_t *client = &self->clients[i];
    if (client->active)
        return;
    client->active = true;
    if (self->turn == NO_CLIENT) {
        client->next = client->previous = i;
        self->turn = i;
        return;
    }
    client->next = self->turn;
    client->previous = self->clients[self->turn].previous;
    self->clients[client->previous].next = i;
    self->clients[client->next].previous = i;
}

static void ring_leave(scheduler_t *self, uint32_t i)
{
    client_t *client = &self->clients[i];
    if (!client->active || client->jobs || client->returned.first)
        return;
    client->active = false;
    self->clients[client->previous].next = client->next;
    self->clients[client->next].previous = client->previous;
    if (self->turn == i)
        self->turn = client->next == i ? NO_CLIENT : client->next;
}

//  Behind the jobs of its own priority and above.
static void enqueue_job(scheduler_t *self, scheduler_job_t *job)
{
    client_t *client = &self->clients[job->client];
    scheduler_job_t *before = client->last_job;
    while (before && before->priority < job->priority) before = before->previous;
    job->previous = before;
    job->next = before ? before->next : client->jobs;
    *(before ? &before->next : &client->jobs) = job;
    *(job->next ? &job->next->previous : &client->last_job) = job;
    ring_enter(self, job->client);
}

static void dequeue_job(scheduler_t *self, scheduler_job_t *job)
{
    client_t *client = &self->clients[job->client];
    *(job->previous ? &job->previous->next : &client->jobs) = job->next;
    *(job->next ? &job->next->previous : &client->last_job) = job->previous;
    job->next = job->previous = NULL;
    ring_leave(self, job->client);
}

//  --- Jobs and spans ----------------------------------------------------------------------------------

scheduler_job_t *scheduler_job_new(scheduler_t *self)
{
    uint64_t id = 0;
    job_record_t *record = slab_take(self->jobs, &id);
    record->slab_id = id;
    return &record->job;
}

static bool job_is_queued(const scheduler_job_t *job)
{
    return !job->direct && job->cursor < job->count && !job->dropped;
}

//  Ends a job that has neither spans nor positions to be cut.
static void job_settle(scheduler_t *self, scheduler_job_t *job)
{
    if (job->spans > 0 || job_is_queued(job))
        return;
    self->actions->end(self->context, job);
    slab_give(self->jobs, ((job_record_t *) job)->slab_id);
}

static scheduler_span_t *span_new(scheduler_t *self, scheduler_job_t *job, uint64_t first, uint64_t count)
{
    uint64_t id = 0;
    scheduler_span_t *span = slab_take(self->spans, &id);
    *span = (scheduler_span_t){.id = id, .job = job, .first = first, .count = count, .left = count,
                               .engine = SCHEDULER_NO_ENGINE, .avoid = SCHEDULER_NO_ENGINE,
                               .state = SPAN_FREE};
    job->spans++;
    return span;
}

static void span_free(scheduler_t *self, scheduler_span_t *span)
{
    scheduler_job_t *job = span->job;
    span_advance(span, SPAN_ENDS);
    job->spans--;
    slab_give(self->spans, span->id);
    job_settle(self, job);
}

//  Puts a span at the head of the queue it waits in.
static void span_return(scheduler_t *self, scheduler_span_t *span)
{
    scheduler_job_t *job = span->job;
    bool legal = span_advance(span, SPAN_WAITS);
    assert(legal);
    if (job->direct) {
        list_prepend(&self->engines[span->engine].direct, span);
        self->engines[span->engine].direct_count++;
    } else {
        list_prepend(&self->clients[job->client].returned, span);
        ring_enter(self, job->client);
    }
}

void scheduler_job_target(scheduler_t *self, scheduler_job_t *job, uint32_t engine, uint64_t first,
                          uint64_t count)
{
    scheduler_span_t *span = span_new(self, job, first, count);
    span->engine = engine;
    span_advance(span, SPAN_WAITS);
    list_append(&self->engines[engine].direct, span);
    self->engines[engine].direct_count++;
}

void scheduler_submit(scheduler_t *self, scheduler_job_t *job)
{
    job->left = job->count;
    if (job_is_queued(job))
        enqueue_job(self, job);
    else
        job_settle(self, job);
}

scheduler_span_t *scheduler_span(scheduler_t *self, uint64_t id, uint32_t engine)
{
    scheduler_span_t *span = slab_get(self->spans, id);
    return span && span->state == SPAN_SENT && span->engine == engine ? span : NULL;
}

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

static double estimate_of(const pace_t *pace)
{
    return pace->mean_ns > 0 ? (double) pace->mean_ns : SCHEDULER_WINDOW_NS;
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
    self->actions->send(self->context, i, span);
}

//  Takes count items of a sent span off its engine's account.
static void engine_settles(scheduler_t *self, scheduler_span_t *span, uint64_t count)
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

static scheduler_span_t *pick_from(scheduler_t *self, uint32_t c, uint32_t engine)
{
    client_t *client = &self->clients[c];
    for (scheduler_span_t *span = client->returned.first; span; span = span->next)
        if (span_allows(self, span, engine)) {
            list_remove(&client->returned, span);
            ring_leave(self, c);
            return span;
        }
    for (scheduler_job_t *job = client->jobs; job; job = job->next)
        if (job_allows(job, engine))
            return cut(self, job, engine);
    return NULL;
}

//  The next balanced span for an engine, by turns of the clients; NULL when there is none.
static scheduler_span_t *pick(scheduler_t *self, uint32_t engine)
{
    uint32_t start = self->turn, c = start;
    if (c == NO_CLIENT)
        return NULL;
    do {
        uint32_t next = self->clients[c].next;
        scheduler_span_t *span = pick_from(self, c, engine);
        if (span) {
            if (self->turn == c)
                self->turn = next;
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
            span = pick(self, i);
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

//  An idle engine makes the fullest one give back what it has not started.
static void recall_for_idle(scheduler_t *self)
{
    int recalls = 0;
    for (uint32_t i = 0; i < self->engine_count && recalls < RECALLS_PER_TURN; i++) {
        if (!self->engines[i].ready || self->engines[i].items > 0)
            continue;
        uint32_t fullest = SCHEDULER_NO_ENGINE;
        for (uint32_t k = 0; k < self->engine_count; k++) {
            engine_t *other = &self->engines[k];
            if (other->ready && !other->recalling && !other->dry && other->items > 1 &&
                other->balanced_items > 0 &&
                (fullest == SCHEDULER_NO_ENGINE || other->expected_ns > self->engines[fullest].expected_ns))
                fullest = k;
        }
        if (fullest == SCHEDULER_NO_ENGINE)
            return;
        engine_t *victim = &self->engines[fullest];
        victim->recalling = true;
        self->actions->recall(self->context, fullest, (victim->balanced_items + 1) / 2);
        recalls++;
    }
}

void scheduler_dispatch(scheduler_t *self, int64_t now)
{
    // One span for each idle engine first, so that a few tasks spread; then what fits.
    for (uint32_t i = 0; i < self->engine_count; i++)
        if (self->engines[i].ready && self->engines[i].items == 0)
            feed(self, i, true, now);
    for (uint32_t i = 0; i < self->engine_count; i++) feed(self, i, false, now);
    if (self->turn == NO_CLIENT)
        recall_for_idle(self);
}

//  --- Results -------------------------------------------------------------------------------------------

//  Positions that failed run again if the job's retries and the engines' health allow.
static bool try_again(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count, bool crashed)
{
    scheduler_job_t *job = span->job;
    if (job->dropped || span->attempts >= job->retries ||
        (crashed && span->crashes + 1 >= SCHEDULER_POISON))
        return false;
    scheduler_span_t *again = span_new(self, job, first, count);
    again->attempts = (uint16_t) (span->attempts + 1);
    again->crashes = (uint16_t) (span->crashes + crashed);
    again->avoid = again->engine = span->engine;
    span_return(self, again);
    return true;
}

bool scheduler_done(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count, bool failed,
                    int64_t duration_ns)
{
    engine_t *engine = &self->engines[span->engine];
    engine_settles(self, span, count);
    engine->finished += count;
    span->left -= count;
    pace_learn(pace_of(self, span->job->function, span->engine), (double) duration_ns / (double) count);
    if (failed && try_again(self, span, first, count, false))
        return false;
    span->job->left -= count;
    return true;
}

void scheduler_settle(scheduler_t *self, scheduler_span_t *span)
{
    if (span->left > 0)
        return;
    list_remove(&self->engines[span->engine].sent, span);
    span_free(self, span);
}

void scheduler_gave(scheduler_t *self, uint32_t engine, scheduler_span_t *span, uint64_t first,
                    uint64_t count, bool last)
{
    if (last) {
        self->engines[engine].recalling = false;
        self->engines[engine].dry = true;
    }
    if (!span || count == 0 || count > span->left || first + count != span->first + span->count)
        return;
    scheduler_job_t *job = span->job;
    engine_settles(self, span, count);
    span->count -= count;
    span->left -= count;
    if (!job->dropped) {
        scheduler_span_t *rest = span_new(self, job, first, count);
        rest->attempts = span->attempts;
        rest->crashes = span->crashes;
        rest->avoid = span->avoid;
        rest->engine = span->engine;
        span_return(self, rest);
    }
    scheduler_settle(self, span);
}

//  --- Engines and clients that come and go -----------------------------------------------------------

bool scheduler_engine_known(const scheduler_t *self, uint32_t engine)
{
    return engine < self->engine_count && self->engines[engine].known;
}

void scheduler_engine_up(scheduler_t *self, uint32_t engine)
{
    if (engine >= self->engine_count) {
        self->engines = ipc_xrealloc(self->engines, (engine + 1) * sizeof self->engines[0]);
        memset(self->engines + self->engine_count, 0,
               (engine + 1 - self->engine_count) * sizeof self->engines[0]);
        self->engine_count = engine + 1;
    }
    self->engines[engine].known = true;
    self->engines[engine].ready = true;
    self->engines[engine].recalling = false;
    self->engines[engine].dry = false;
}

void scheduler_engine_down(scheduler_t *self, uint32_t engine)
{
    if (scheduler_engine_known(self, engine))
        self->engines[engine].ready = false;
}

//  Positions that ran and have no result: again, or an error.
static void lose(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count,
                 scheduler_loss_t loss)
{
    scheduler_job_t *job = span->job;
    if (count == 0 || try_again(self, span, first, count, loss == SCHEDULER_CRASHED))
        return;
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
    if (rest < end && !span->job->dropped) { // not started: loses nothing, no retry either
        scheduler_span_t *again = span_new(self, span->job, rest, end - rest);
        again->attempts = span->attempts;
        again->crashes = span->crashes;
        again->avoid = span->avoid;
        again->engine = span->engine;
        span_return(self, again);
    }
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
    scheduler_span_t *pivot = scheduler_span(self, pivot_id, i);
    bool before_pivot = false;         // walking backwards, so that heads of queues keep the order
    span_list_t sent = engine->sent;
    engine->ready = false;
    engine->sent = (span_list_t){0};
    engine->items = engine->balanced_items = 0;
    engine->expected_ns = 0;
    for (scheduler_span_t *span = sent.last, *previous; span; span = previous) {
        previous = span->previous;
        span->next = span->previous = NULL;
        if (span == pivot) {
            bool running = death->span != 0;
            bury_span(self, span, running ? death->item : death->done_item + 1, running);
            before_pivot = true;
        } else {
            bury_span(self, span, before_pivot ? UINT64_MAX : 0, false);
        }
    }
}

static void drop_list(scheduler_t *self, span_list_t *list, uint32_t engine)
{
    for (scheduler_span_t *span; (span = list->first);) {
        list_remove(list, span);
        span->job->left -= span->left;
        if (!span->job->dropped)
            self->actions->lose(self->context, span->job, span->first + span->count - span->left, span->left,
                                engine, SCHEDULER_ENGINE_LOST, span->attempts);
        span_free(self, span);
    }
}

void scheduler_engine_remove(scheduler_t *self, uint32_t i)
{
    if (!scheduler_engine_known(self, i))
        return;
    engine_t *engine = &self->engines[i];
    engine->known = engine->ready = false;
    engine->items = engine->balanced_items = engine->direct_count = 0;
    engine->expected_ns = 0;
    drop_list(self, &engine->sent, i);
    drop_list(self, &engine->direct, i);
}

uint32_t scheduler_client_join(scheduler_t *self)
{
    uint32_t i = 0;
    while (i < self->client_count && self->clients[i].joined) i++;
    if (i == self->client_count)
        self->clients = ipc_xrealloc(self->clients, ++self->client_count * sizeof self->clients[0]);
    self->clients[i] = (client_t){.joined = true};
    return i;
}

//  Drops the spans of a client's jobs from a queue.
static void drop_client_spans(scheduler_t *self, engine_t *engine, uint32_t c)
{
    for (scheduler_span_t *span = engine->direct.first, *next; span; span = next) {
        next = span->next;
        if (span->job->client != c)
            continue;
        list_remove(&engine->direct, span);
        engine->direct_count--;
        span->job->dropped = true;
        span_free(self, span);
    }
    for (scheduler_span_t *span = engine->sent.first; span; span = span->next)
        if (span->job->client == c)
            span->job->dropped = true; // its results will find nobody
}

void scheduler_client_leave(scheduler_t *self, uint32_t c)
{
    if (c >= self->client_count || !self->clients[c].joined)
        return;
    client_t *client = &self->clients[c];
    for (scheduler_job_t *job; (job = client->jobs);) { // jobs first: no list may hold one that ends
        dequeue_job(self, job);
        job->dropped = true;
        job_settle(self, job);
    }
    for (uint32_t i = 0; i < self->engine_count; i++) drop_client_spans(self, &self->engines[i], c);
    for (scheduler_span_t *span; (span = client->returned.first);) {
        list_remove(&client->returned, span);
        span->job->dropped = true;
        span_free(self, span);
    }
    ring_leave(self, c);
    client->joined = false;
}

scheduler_counts_t scheduler_counts(const scheduler_t *self)
{
    return (scheduler_counts_t){slab_count(self->jobs), slab_count(self->spans),
                                slab_bytes(self->jobs) + slab_bytes(self->spans)};
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
