//  What runs where: windows by the recent pace of each function on each engine, turns between clients.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "common/fail.h"
#include "controller/scheduler_body.h"

enum {
    MS = 1000000,
    PREFETCH_NS = 20 * MS,
    SHARED_WINDOW_NS = MS / 4,         // while clients share the engines: what comes does not wait long
    SHARED_NS = 100 * MS,              // so long after a client came to the work of another one
    OVERDUE_NS = 15 * MS,              // more than an engine waits for the processor, mostly
    NEEDY_LOOKS = 64,                  // at jobs of a client that do not fit, before others of it
    ASIDE_NS = MS                      // after which work that is left to faster engines is offered again
};

//  --- Which engines a turn looks at ----------------------------------------------------------------------

void engine_review(scheduler_t *self, uint32_t i)
{
    const engine_t *engine = &self->engines[i];
    bool ready = engine->ready;
    engine_set_put(&self->sets[SET_IDLE], i, ready && engine->items == 0);
    engine_set_put(&self->sets[SET_ROOMY], i, ready);
    engine_set_put(&self->sets[SET_UNMATCHED], i, false);
    engine_set_put(&self->sets[SET_AWAITED], i, ready && engine->direct.first);
    engine_set_put(&self->sets[SET_RECALLABLE], i, ready && !engine->recalling && !engine->dry &&
                                                       engine->items >= 2 && engine->balanced_items > 0);
}

void engines_match_again(scheduler_t *self, const scheduler_job_t *job)
{
    engine_set_t *unmatched = &self->sets[SET_UNMATCHED], *roomy = &self->sets[SET_ROOMY];
    if (!job || !job->allowed) {
        engine_set_take_over(roomy, unmatched);
        self->aside = false;
        return;
    }
    for (uint32_t i = 0; i < job->allowed_count; i++)
        if (engine_set_has(unmatched, job->allowed[i])) {
            engine_set_put(unmatched, job->allowed[i], false);
            engine_set_put(roomy, job->allowed[i], true);
        }
}

//  False for the default, by which engines ask for work: late binding by the measured pace.
static bool is_by_scheme(const scheduler_t *self)
{
    return self->scheme != IPC_SCHEME_LEASTLOAD || self->hwm > 0;
}

void job_forget(scheduler_t *self, const scheduler_job_t *job)
{
    if (hosts_forget(&self->hosts, job))
        engines_match_again(self, NULL);
}

void host_review(scheduler_t *self, uint32_t engine)
{
    engine_set_t *unmatched = &self->sets[SET_UNMATCHED];
    if (!hosts_take_wanted(&self->hosts, engine))
        return;
    for (uint32_t i = 0; (i = engine_set_next(unmatched, NULL, i)) != ENGINE_SET_END; i++)
        if (hosts_of(&self->hosts, i) == hosts_of(&self->hosts, engine))
            engine_review(self, i);
}

static void note_progress(scheduler_t *self, int64_t now)
{
    engine_set_t *progressed = &self->sets[SET_PROGRESSED];
    for (uint32_t i = 0; (i = engine_set_next(progressed, NULL, i)) != ENGINE_SET_END; i++) {
        self->engines[i].progress = now;
        engine_set_put(progressed, i, false);
    }
}

//  --- What is expected -----------------------------------------------------------------------------------

//  What an item counts: a whole window of items makes the engine full, so that a window that still grows bounds what
//  is sent. Of a function that an engine has not run yet nothing is known: one item at a time, and none behind it.
static double estimate_of(scheduler_t *self, uint32_t function, uint32_t engine)
{
    const pace_t *pace = paces_at(&self->paces, function, engine);
    if (pace->seen == 0)
        return PREFETCH_NS;
    double share = (double) SCHEDULER_WINDOW_NS / pace->window;
    double typical = paces_typical(&self->paces, function, engine);
    return typical > share ? typical : share;
}

//  How long the item has run that an engine is at.
static double ran_of(const engine_t *engine, int64_t now)
{
    return now > engine->progress ? (double) (now - engine->progress) : 0;
}

//  What is late is taken to be as late again.
double engine_remaining(const engine_t *engine, double skew, int64_t now)
{
    if (engine->items == 0)
        return 0;
    double head = skew * (double) engine->sent.first->estimate, behind = skew * engine->expected_ns - head;
    double ran = ran_of(engine, now);
    if (ran < head)
        return behind + head - ran;
    return ran < MS ? behind : behind + ran - head; // its report may be on its way
}

bool engine_is_overdue(const engine_t *engine, int64_t now)
{
    return engine->items > 0 && ran_of(engine, now) > OVERDUE_NS + (double) engine->sent.first->estimate;
}

//  Room for more work: nothing to do, less than half a window before it, or one task of some milliseconds, behind
//  which the next one should wait already (recall moves it if need be).
static bool engine_has_room(const engine_t *engine, double window, int64_t now)
{
    if (engine->items == 0)
        return true;
    return (engine->expected_ns < window / 2 ||
            (engine->items == 1 && engine->expected_ns < PREFETCH_NS)) &&
           !engine_is_overdue(engine, now);
}

void engine_gets(scheduler_t *self, uint32_t i, scheduler_span_t *span, int64_t now)
{
    engine_t *engine = &self->engines[i];
    bool legal = span_advance(span, SPAN_GOES);
    assert(legal);
    span->engine = i;
    span->sent = now;
    span->estimate = (float) estimate_of(self, span->job->function, i);
    list_append(&engine->sent, span);
    engine->items += span->left;
    if (!span->job->direct) {
        engine->balanced_items += span->left;
        engine->balanced_spans++;
    }
    engine->took = ++self->takes;
    if (span->job->needs) {
        hosts_take(&self->hosts, i, span->job->needs);
        job_forget(self, span->job);
    }
    engine->expected_ns += (double) span->estimate * (double) span->left;
    engine->dry = false;
    if (engine->items == span->left)
        engine->progress = now; // it begins
    engine_review(self, i);
}

static void engine_takes(scheduler_t *self, uint32_t i, scheduler_span_t *span, int64_t now)
{
    engine_gets(self, i, span, now);
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
    engine_review(self, span->engine);
}

//  --- Choosing ------------------------------------------------------------------------------------------

static bool is_listed(const scheduler_job_t *job, uint32_t engine)
{
    for (uint32_t i = 0; i < job->allowed_count; i++)
        if (job->allowed[i] == engine)
            return true;
    return false;
}

bool job_allows(const scheduler_t *self, const scheduler_job_t *job, uint32_t engine)
{
    if (job->allowed && !is_listed(job, engine))
        return false;
    return !job->needs || hosts_could(&self->hosts, engine, job->needs);
}

bool span_allows(const scheduler_t *self, const scheduler_span_t *span, uint32_t engine)
{
    if (!job_allows(self, span->job, engine))
        return false;
    if (!span->tried || !tried_has(span->tried, engine))
        return true;
    if (tried_is_refused_by(span->tried, engine))
        return false;
    for (uint32_t i = 0; i < self->engine_count; i++)
        if (i != engine && self->engines[i].ready && job_allows(self, span->job, i) && !tried_has(span->tried, i))
            return false;
    return true;
}

//  How many positions fill an engine's window.
static uint64_t window_room(scheduler_t *self, const scheduler_job_t *job, uint32_t i)
{
    const engine_t *engine = &self->engines[i];
    uint32_t window = paces_at(&self->paces, job->function, i)->window;
    double room = (self->window - engine->expected_ns) / estimate_of(self, job->function, i);
    return room < 1 ? 1 : room > window ? window : (uint64_t) room;
}

//  How many positions of a job's rest travel together next: what fills the window, of whole chunks if the job has
//  such; at least one. A fixed window is filled one by one. Chunks are equalised: ceil(count / chunk) parts by the
//  partition rule, the longer ones first.
static uint64_t cut_size(scheduler_t *self, const scheduler_job_t *job, uint32_t i)
{
    uint64_t size = self->hwm ? 1 : window_room(self, job, i), end = job->count;
    if (job->chunk > 0) {
        uint64_t parts = (job->count + job->chunk - 1) / job->chunk;
        uint64_t length = job->count / parts, longer = job->count % parts * (length + 1);
        if (job->cursor < longer) {
            length++;
            end = longer;
        }
        size = size > length ? size / length * length : length;
    }
    uint64_t rest = end - job->cursor;
    return size < rest ? size : rest;
}

//  How many chunks engines other than i would begin, each of which ends there sooner than one would that i took now:
//  that would end at end, after mean. At least enough to tell whether these are all.
static double begun_by_others(scheduler_t *self, const scheduler_job_t *job, uint32_t i, double end, double mean,
                              double all, int64_t now)
{
    double skew = (double) paces_of(&self->paces, job->function)->skew, begun = 0;
    for (uint32_t k = 0; k < self->engine_count && begun < all; k++) {
        const engine_t *other = &self->engines[k];
        if (k == i || k == self->hosts.keeper || !other->ready || other->direct.first || !job_allows(self, job, k) ||
            (job->needs && !hosts_fit(&self->hosts, k, job->needs)))
            continue;
        double theirs = mean / paces_slowness(&self->paces, job->function, i, k);
        double until = end - theirs - engine_remaining(other, skew, now);
        if (until > 0)
            begun += floor(until / theirs) + 1;
    }
    return begun;
}

//  True when faster engines would be through with all that waits before an engine is with what it would take now:
//  then it takes none, or all would wait for it in the end.
static bool leave_to_faster(scheduler_t *self, const scheduler_job_t *job, uint32_t i, int64_t now)
{
    const function_paces_t *paces = paces_of(&self->paces, job->function);
    double size = (double) cut_size(self, job, i), mean = size * paces_mean(&self->paces, job->function, i);
    if (mean < MS)
        return false;
    double end = engine_remaining(&self->engines[i], (double) paces->skew, now) + mean;
    double all = (double) self->waiting / size;
    if (all > self->engine_count * (end / (size * (double) (paces->skew * paces->level_ns * paces->fastest)) + 1))
        return false; // nobody could
    // As found for one that would be through sooner with as much. Compared by different amounts, a fast engine that
    // would take more could look late, and all would leave the work to one another for ever.
    if (self->held_job == job && end >= self->held_end && size == self->held_size)
        return true;
    if (begun_by_others(self, job, i, end, mean, all, now) < all)
        return false;
    self->held_job = job;
    self->held_end = end;
    self->held_size = size;
    return true;
}

static bool is_left_to_faster(scheduler_t *self, const scheduler_job_t *job, uint32_t i, int64_t now)
{
    bool left = leave_to_faster(self, job, i, now);
    self->held = self->held || (left && self->engines[i].items == 0);
    return left;
}

static scheduler_span_t *cut(scheduler_t *self, scheduler_job_t *job, uint32_t engine)
{
    uint64_t size = cut_size(self, job, engine);
    scheduler_span_t *span = span_new(self, job, job->cursor, size);
    job->cursor += size;
    self->waiting -= size;
    span_advance(span, SPAN_WAITS);
    if (job->cursor == job->count)
        dequeue_job(self, job);
    return span;
}

//  Whether a job may begin on an engine that could run it.
static bool is_admitted(scheduler_t *self, scheduler_job_t *job, uint32_t engine, int64_t now)
{
    return !job->needs || hosts_admit(&self->hosts, engine, job, now);
}

//  Room for balanced work.
static bool has_balanced_room(const scheduler_t *self, const engine_t *engine, int64_t now)
{
    if (!self->hwm)
        return engine_has_room(engine, self->window, now);
    return engine->balanced_spans < self->hwm && !engine_is_overdue(engine, now);
}

//  The engine that the scheme chooses for a span that waits again, or for the next one of a job. What comes back from
//  an engine goes to an idle one if it may: it was recalled for that.
static uint32_t choose_for(scheduler_t *self, scheduler_job_t *job, const scheduler_span_t *span, int64_t now)
{
    uint32_t count = 0, idle = 0;
    for (uint32_t i = 0; (i = engine_set_next(&self->sets[SET_ROOMY], NULL, i)) != ENGINE_SET_END; i++) {
        const engine_t *engine = &self->engines[i];
        self->looks++;
        if (engine->direct.first || !has_balanced_room(self, engine, now) ||
            (i == self->hosts.keeper && job != self->hosts.first) ||
            !(span ? span_allows(self, span, i) : job_allows(self, job, i)) || !is_admitted(self, job, i, now))
            continue;
        self->candidates[count++] = i;
        if (span && engine->items == 0)
            self->candidates[idle++] = i; // from here on the idle ones alone count
    }
    return scheme_choose(self, self->candidates, idle > 0 ? idle : count);
}

//  Where a span that waits again goes: to the engine that asks, if it may, else nowhere; where none asks, to one by the
//  scheme.
static uint32_t taker_of_span(scheduler_t *self, const scheduler_span_t *span, uint32_t asks, int64_t now)
{
    if (asks == SCHEDULER_NO_ENGINE)
        return choose_for(self, span->job, span, now);
    return span_allows(self, span, asks) && is_admitted(self, span->job, asks, now) ? asks : SCHEDULER_NO_ENGINE;
}

//  Likewise for the next one of a job.
static uint32_t taker_of_job(scheduler_t *self, scheduler_job_t *job, uint32_t asks, int64_t now)
{
    if (asks == SCHEDULER_NO_ENGINE)
        return choose_for(self, job, NULL, now);
    bool takes = job_allows(self, job, asks) && is_admitted(self, job, asks, now) &&
                 !is_left_to_faster(self, job, asks, now);
    return takes ? asks : SCHEDULER_NO_ENGINE;
}

//  Takes a span off its client's queue; of one that is more than a fixed window takes at once, the first part.
static scheduler_span_t *take_returned(scheduler_t *self, scheduler_span_t *span)
{
    uint32_t c = span->job->client, most = span->job->chunk > 0 ? span->job->chunk : 1;
    if (self->hwm && span->left > most)
        span_split(self, &self->clients[c].returned, span, span->first + most);
    returned_remove(self, c, span);
    ring_leave(self, c);
    return span;
}

//  Which of two is first in the order of a client; either may be NULL.
static scheduler_job_t *sooner(scheduler_job_t *a, scheduler_job_t *b)
{
    if (!a || !b)
        return a ? a : b;
    if (a->priority != b->priority)
        return a->priority > b->priority ? a : b;
    return a->accepted < b->accepted || (a->accepted == b->accepted && a->id < b->id) ? a : b;
}

static scheduler_span_t *pick_from(scheduler_t *self, uint32_t c, uint32_t asks, uint32_t *taker, int64_t now)
{
    client_t *client = &self->clients[c];
    for (scheduler_span_t *span = client->returned.first; span; span = span->next)
        if ((*taker = taker_of_span(self, span, asks, now)) != SCHEDULER_NO_ENGINE)
            return take_returned(self, span);
    scheduler_job_t *plain = client->queues[QUEUE_PLAIN].first, *needy = client->queues[QUEUE_NEEDY].first;
    int passed = 0;
    for (scheduler_job_t *job; (job = sooner(plain, needy));) {
        uint64_t refusals = self->hosts.refusals;
        if ((*taker = taker_of_job(self, job, asks, now)) != SCHEDULER_NO_ENGINE)
            return cut(self, job, *taker);
        passed += self->hosts.refusals != refusals;
        if (job == plain)
            plain = plain->next;
        else
            needy = passed < NEEDY_LOOKS ? needy->next : NULL;
    }
    return NULL;
}

//  What others were sent before for long goes first, whosever turn it is.
static scheduler_span_t *pick_passed_over(scheduler_t *self, uint32_t asks, uint32_t *taker, int64_t now)
{
    scheduler_job_t *job = hosts_passed_over(&self->hosts, now);
    if (!job || self->clients[job->client].paused)
        return NULL;
    bool waits = job_is_queued(job);
    scheduler_span_t *span = job->dropped ? NULL : self->clients[job->client].returned.first;
    for (; span; span = span->next) {
        if (span->job != job)
            continue;
        if ((*taker = taker_of_span(self, span, asks, now)) != SCHEDULER_NO_ENGINE)
            return take_returned(self, span);
        waits = true;
    }
    if (job_is_queued(job) && (*taker = taker_of_job(self, job, asks, now)) != SCHEDULER_NO_ENGINE)
        return cut(self, job, *taker);
    if (!waits)
        job_forget(self, job);
    return NULL;
}

//  The next balanced span, by turns of the clients, and who takes it: the engine that asks, or, if that is
//  SCHEDULER_NO_ENGINE, one by the scheme. NULL when there is none.
static scheduler_span_t *pick(scheduler_t *self, uint32_t asks, uint32_t *taker, int64_t now)
{
    uint32_t start = self->turn, c = start;
    if (c == NO_CLIENT)
        return NULL;
    scheduler_span_t *passed_over = self->hosts.first ? pick_passed_over(self, asks, taker, now) : NULL;
    if (passed_over || (self->hosts.first && asks == self->hosts.keeper && asks != SCHEDULER_NO_ENGINE))
        return passed_over;
    do {
        uint32_t next = self->clients[c].next;
        scheduler_span_t *span = self->clients[c].paused ? NULL : pick_from(self, c, asks, taker, now);
        if (span) {
            if (self->turn != NO_CLIENT && self->clients[next].active)
                self->turn = next; // also when the one whose turn it was had nothing for this engine
            return span;
        }
        c = next;
    } while (c != start);
    return NULL;
}

//  The first of a client that is not paused; NULL when there is none.
static scheduler_span_t *take_direct(const scheduler_t *self, engine_t *engine)
{
    scheduler_span_t *span = engine->direct.first;
    while (span && self->clients[span->job->client].paused) span = span->next;
    if (!span)
        return NULL;
    list_remove(&engine->direct, span);
    engine->direct_count--;
    return span;
}

//  The direct work of an engine goes before what it may pick.
static scheduler_span_t *next_for(scheduler_t *self, uint32_t i, int64_t now)
{
    uint32_t taker;
    scheduler_span_t *span = take_direct(self, &self->engines[i]);
    return span ? span : pick(self, i, &taker, now);
}

//  An engine with room found no work. If balanced work waits, none of it is for this engine: no turn tries it again
//  until that has changed.
static void set_aside(scheduler_t *self, uint32_t i, int64_t now)
{
    if (self->turn == NO_CLIENT)
        return;
    engine_set_put(&self->sets[SET_ROOMY], i, false);
    engine_set_put(&self->sets[SET_UNMATCHED], i, true);
    if (self->held && !self->aside) {
        self->aside = true;
        self->aside_since = now;
    }
}

//  Gives an engine what it has room for, or one span.
static void feed(scheduler_t *self, uint32_t i, bool once, int64_t now)
{
    self->looks++;
    while (engine_has_room(&self->engines[i], self->window, now)) {
        scheduler_span_t *span = next_for(self, i, now);
        if (!span) {
            set_aside(self, i, now);
            return;
        }
        engine_takes(self, i, span, now);
        if (once)
            return;
    }
    engine_set_put(&self->sets[SET_ROOMY], i, false);
}

//  Feeds all engines with room: of those that are idle each with one span, or each with what it has room for. When no
//  balanced work waits any more, it goes on with those that direct work waits for.
static void feed_all(scheduler_t *self, bool idle, int64_t now)
{
    for (uint32_t i = 0;; i++) {
        i = engine_set_next(&self->sets[SET_ROOMY],
                            self->turn == NO_CLIENT ? &self->sets[SET_AWAITED] : NULL, i);
        if (i == ENGINE_SET_END)
            return;
        if (!idle || self->engines[i].items == 0)
            feed(self, i, idle, now);
    }
}

//  Direct work goes first, then span by span what the scheme has the choice of.
static void feed_by_scheme(scheduler_t *self, int64_t now)
{
    engine_set_t *roomy = &self->sets[SET_ROOMY];
    for (uint32_t i = 0; (i = engine_set_next(roomy, &self->sets[SET_AWAITED], i)) != ENGINE_SET_END; i++)
        for (scheduler_span_t *span; engine_has_room(&self->engines[i], self->window, now) &&
                                     (span = take_direct(self, &self->engines[i]));)
            engine_takes(self, i, span, now);
    uint32_t taker;
    for (scheduler_span_t *span; (span = pick(self, SCHEDULER_NO_ENGINE, &taker, now));)
        engine_takes(self, taker, span, now);
    for (uint32_t i = 0; (i = engine_set_next(roomy, NULL, i)) != ENGINE_SET_END; i++)
        if (!self->engines[i].direct.first && has_balanced_room(self, &self->engines[i], now))
            set_aside(self, i, now);
        else
            engine_set_put(roomy, i, false);
}

//  --- Who waits for a single task -----------------------------------------------------------------------------

//  The engine that is through soonest with what it has, if that is soon: SCHEDULER_NO_ENGINE when one is idle (it is
//  fed first), or where late binding is better.
static uint32_t find_soonest(const scheduler_t *self, const scheduler_job_t *job, int64_t now)
{
    uint32_t soonest = SCHEDULER_NO_ENGINE;
    double least = 2 * MS;
    for (uint32_t i = 0; i < self->engine_count; i++) {
        const engine_t *engine = &self->engines[i];
        if (!engine->ready || engine->expected_ns >= least || engine_is_overdue(engine, now) ||
            !job_allows(self, job, i))
            continue;
        if (engine->items == 0)
            return SCHEDULER_NO_ENGINE;
        least = engine->expected_ns;
        soonest = i;
    }
    return soonest;
}

//  A call that is all its client has here goes to its engine at once, however full that is: it is one item, and
//  somebody waits for it. What waits there gives way.
static void feed_lone(scheduler_t *self, int64_t now)
{
    engine_set_t *called = &self->sets[SET_CALLED];
    for (uint32_t i = 0; (i = engine_set_next(called, NULL, i)) != ENGINE_SET_END; i++) {
        const scheduler_span_t *span = self->engines[i].direct.first;
        engine_set_put(called, i, false);
        if (!span || !self->engines[i].ready || !scheduler_span_is_lone(self, span) ||
            self->clients[span->job->client].paused)
            continue;
        recall_all(self, i);
        engine_takes(self, i, take_direct(self, &self->engines[i]), now);
    }
    for (uint32_t k = 0; !is_by_scheme(self) && k < self->lone_count; k++) {
        scheduler_job_t *job = self->clients[self->lone[k]].queues[QUEUE_PLAIN].first;
        if (!job || !job_is_lone(self, job) || job->count != 1 || self->clients[job->client].paused)
            continue;
        uint32_t engine = find_soonest(self, job, now);
        if (engine == SCHEDULER_NO_ENGINE)
            continue;
        recall_all(self, engine);
        engine_takes(self, engine, cut(self, job, engine), now);
    }
    self->lone_count = 0;
}

//  --- A turn ----------------------------------------------------------------------------------------------

//  Engines that left work to faster ones are asked again now and then: those may have become slow.
static void offer_again(scheduler_t *self, int64_t now)
{
    self->held = false;
    self->held_job = NULL;
    if (self->aside && (now - self->aside_since >= ASIDE_NS || now < self->aside_since))
        engines_match_again(self, NULL);
    self->held = self->aside;
}

bool scheduler_dispatch(scheduler_t *self, int64_t now)
{
    assert(self->waiting == 0 || self->turn != NO_CLIENT);
    bool shared = now >= self->shared && now - self->shared < SHARED_NS;
    self->window = shared ? SHARED_WINDOW_NS : SCHEDULER_WINDOW_NS;
    if (self->deadline_count > 0)
        deadlines_expire(self, now);
    note_progress(self, now);
    offer_again(self, now);
    feed_lone(self, now);
    if (is_by_scheme(self)) {
        feed_by_scheme(self, now);
    } else {
        feed_all(self, true, now); // one span for each idle engine first, so that a few tasks spread
        feed_all(self, false, now);
    }
    recall_for_idle(self, now); // engines that are idle still found nothing that they may take
    recall_overdue(self, now);
    return self->held;
}
