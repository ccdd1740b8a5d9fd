#include "controller/scheduler.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/scheduler_body.h"

//  A job with its id in the slab.
typedef struct job_record {
    scheduler_job_t job;               // first: a job is its record
    uint64_t slab_id;
} job_record_t;

scheduler_t *scheduler_new(const scheduler_actions_t *actions, void *context)
{
    scheduler_t *self = ipc_xalloc(sizeof *self);
    *self = (scheduler_t){.actions = actions, .context = context, .turn = NO_CLIENT, .shared = INT64_MIN / 2,
                          .hosts = {.closed = HOSTS_NONE, .keeper = HOSTS_NONE},
                          .spans = slab_new(sizeof(scheduler_span_t)),
                          .jobs = slab_new(sizeof(job_record_t))};
    return self;
}

void scheduler_begin_at(scheduler_t *self, uint32_t generation)
{
    slab_begin_at(self->spans, generation);
}

void scheduler_destroy(scheduler_t **self_p)
{
    scheduler_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->client_count; i++) scheduler_client_leave(self, i);
    for (uint32_t i = 0; i < self->engine_count; i++) scheduler_engine_remove(self, i);
    paces_free(&self->paces);
    for (size_t i = 0; i < ENGINE_SETS; i++) engine_set_free(&self->sets[i]);
    hosts_free(&self->hosts);
    free(self->engines);
    free(self->candidates);
    free(self->clients);
    free(self->deadlines);
    slab_destroy(&self->spans);
    slab_destroy(&self->jobs);
    free(self);
}

//  --- The ring of clients with balanced work -------------------------------------------------------

void ring_enter(scheduler_t *self, uint32_t i)
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

void ring_leave(scheduler_t *self, uint32_t i)
{
    client_t *client = &self->clients[i];
    if (!client->active || client->queues[QUEUE_PLAIN].first || client->queues[QUEUE_NEEDY].first ||
        client->returned.first)
        return;
    client->active = false;
    self->clients[client->previous].next = client->next;
    self->clients[client->next].previous = client->previous;
    if (self->turn == i)
        self->turn = client->next == i ? NO_CLIENT : client->next;
}

void returned_remove(scheduler_t *self, uint32_t i, scheduler_span_t *span)
{
    list_remove(&self->clients[i].returned, span);
    self->waiting -= span->left;
}

static job_queue_t *queue_of(const scheduler_t *self, const scheduler_job_t *job)
{
    return &self->clients[job->client].queues[job->needs ? QUEUE_NEEDY : QUEUE_PLAIN];
}

//  Behind the jobs of its own priority and above.
static void enqueue_job(scheduler_t *self, scheduler_job_t *job)
{
    job_queue_t *queue = queue_of(self, job);
    scheduler_job_t *before = queue->last;
    while (before && before->priority < job->priority) before = before->previous;
    job->previous = before;
    job->next = before ? before->next : queue->first;
    *(before ? &before->next : &queue->first) = job;
    *(job->next ? &job->next->previous : &queue->last) = job;
    self->waiting += job->count - job->cursor;
    ring_enter(self, job->client);
    engines_match_again(self, job);
}

//  Out of the list of those that wait for other jobs.
static void held_remove(scheduler_t *self, scheduler_job_t *job)
{
    *(job->previous ? &job->previous->next : &self->clients[job->client].held) = job->next;
    if (job->next)
        job->next->previous = job->previous;
    job->next = job->previous = NULL;
    job->held = false;
}

void dequeue_job(scheduler_t *self, scheduler_job_t *job)
{
    if (job->held) {
        held_remove(self, job);
        return;
    }
    job_queue_t *queue = queue_of(self, job);
    *(job->previous ? &job->previous->next : &queue->first) = job->next;
    *(job->next ? &job->next->previous : &queue->last) = job->previous;
    job->next = job->previous = NULL;
    self->waiting -= job->count - job->cursor;
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

bool job_is_queued(const scheduler_job_t *job)
{
    return !job->direct && !job->held && job->cursor < job->count && !job->dropped;
}

//  Ends a job that has neither spans nor positions to be cut.
void job_settle(scheduler_t *self, scheduler_job_t *job)
{
    if (job->spans > 0 || job->holds > 0 || job->held || job_is_queued(job))
        return;
    client_t *client = job->dropped ? NULL : &self->clients[job->client];
    if (client)
        client->alive--;
    if (client && client->by_id)
        job_index_remove(client->by_id, job);
    marks_free(job);
    if (job->needs)
        job_forget(self, job);
    deadline_remove(self, job);
    free(job->limits);
    self->actions->end(self->context, job);
    slab_give(self->jobs, ((job_record_t *) job)->slab_id);
}

scheduler_span_t *span_new(scheduler_t *self, scheduler_job_t *job, uint64_t first, uint64_t count)
{
    uint64_t id = 0;
    scheduler_span_t *span = slab_take(self->spans, &id);
    *span = (scheduler_span_t){.id = id, .job = job, .first = first, .count = count, .left = count,
                               .engine = SCHEDULER_NO_ENGINE, .state = SPAN_FREE, .older = job->all_spans};
    if (job->all_spans)
        job->all_spans->newer = span;
    job->all_spans = span;
    job->spans++;
    return span;
}

//  A part of a span, which goes its own way from here on.
scheduler_span_t *span_part(scheduler_t *self, const scheduler_span_t *span, uint64_t first, uint64_t count)
{
    scheduler_span_t *part = span_new(self, span->job, first, count);
    part->attempts = span->attempts;
    part->crashes = span->crashes;
    part->tried = tried_copy(span->tried);
    part->engine = span->engine;
    return part;
}

scheduler_span_t *span_split(scheduler_t *self, span_list_t *queue, scheduler_span_t *span, uint64_t end)
{
    scheduler_span_t *rest = span_part(self, span, end, span->first + span->count - end);
    span_advance(rest, SPAN_WAITS);
    rest->previous = span;
    rest->next = span->next;
    *(span->next ? &span->next->previous : &queue->last) = rest;
    span->next = rest;
    span->count = span->left = end - span->first;
    if (span->job->direct)
        self->engines[span->engine].direct_count++;
    return rest;
}

//  An engine failed it, or refused it.
static void span_tried(scheduler_span_t *span, uint32_t engine, bool refused)
{
    tried_t *before = span->tried;
    span->tried = tried_with(before, engine, refused);
    tried_free(before);
}

void span_free(scheduler_t *self, scheduler_span_t *span)
{
    scheduler_job_t *job = span->job;
    span_advance(span, SPAN_ENDS);
    *(span->newer ? &span->newer->older : &job->all_spans) = span->older;
    if (span->older)
        span->older->newer = span->newer;
    job->spans--;
    tried_free(span->tried);
    slab_give(self->spans, span->id);
    job_settle(self, job);
}

//  Puts a span at the head of the queue it waits in.
void span_return(scheduler_t *self, scheduler_span_t *span)
{
    scheduler_job_t *job = span->job;
    bool legal = span_advance(span, SPAN_WAITS);
    assert(legal);
    if (job->direct) {
        list_prepend(&self->engines[span->engine].direct, span);
        self->engines[span->engine].direct_count++;
        engine_review(self, span->engine);
    } else {
        list_prepend(&self->clients[job->client].returned, span);
        self->waiting += span->left;
        ring_enter(self, job->client);
        engines_match_again(self, job);
    }
    if (job->aborted)
        abort_returned(self, span);
}

void scheduler_job_target(scheduler_t *self, scheduler_job_t *job, uint32_t engine, uint64_t first,
                          uint64_t count)
{
    scheduler_span_t *span = span_new(self, job, first, count);
    span->engine = engine;
    span_advance(span, SPAN_WAITS);
    list_append(&self->engines[engine].direct, span);
    self->engines[engine].direct_count++;
    engine_set_put(&self->sets[SET_CALLED], engine, true);
    engine_review(self, engine);
}

//  True while balanced work of other clients than this one waits.
static bool others_wait(const scheduler_t *self, uint32_t client)
{
    return self->turn != NO_CLIENT && (self->turn != client || self->clients[client].next != client);
}

bool job_is_lone(const scheduler_t *self, const scheduler_job_t *job)
{
    return !job->dropped && self->clients[job->client].alive == 1;
}

bool scheduler_span_is_lone(const scheduler_t *self, const scheduler_span_t *span)
{
    return span->left == 1 && job_is_lone(self, span->job);
}

scheduler_span_t *scheduler_span(scheduler_t *self, uint64_t id, uint32_t engine)
{
    scheduler_span_t *span = slab_get(self->spans, id);
    return span && span->state == SPAN_SENT && span->engine == engine ? span : NULL;
}

//  --- Results -------------------------------------------------------------------------------------------

//  Positions that failed run again if the job's retries and the engines' health allow.
bool span_try_again(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count, bool crashed)
{
    scheduler_job_t *job = span->job;
    if (job->dropped || span->attempts >= job->retries ||
        (crashed && span->crashes + 1 >= SCHEDULER_POISON) || (job->aborted && is_aborted(job, first)))
        return false;
    scheduler_span_t *again = span_part(self, span, first, count);
    again->attempts++;
    again->crashes += crashed;
    span_tried(again, span->engine, false);
    span_return(self, again);
    return true;
}

bool scheduler_expects(const scheduler_span_t *span, uint64_t first, uint64_t count, bool failed)
{
    return span && first == span->first + span->count - span->left && count > 0 && count <= span->left &&
           (!failed || count == 1);
}

bool scheduler_done(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count, bool failed,
                    int64_t duration_ns)
{
    engine_t *engine = &self->engines[span->engine];
    engine_settles(self, span, count);
    engine->finished += count;
    engine_set_put(&self->sets[SET_PROGRESSED], span->engine, true);
    span->left -= count;
    paces_learn(&self->paces, span->job->function, span->engine, count, (double) duration_ns);
    if (failed && span_try_again(self, span, first, count, false))
        return false;
    span->job->left -= count;
    return true;
}

bool scheduler_refused(scheduler_t *self, scheduler_span_t *span, uint64_t first)
{
    engine_settles(self, span, 1);
    engine_set_put(&self->sets[SET_PROGRESSED], span->engine, true);
    span->left--;
    scheduler_span_t *again = span_part(self, span, first, 1);
    span_tried(again, span->engine, true);
    bool aborted = span->job->aborted && is_aborted(span->job, first);
    if (!span->job->direct && !span->job->dropped && !aborted && span_is_possible(self, again)) {
        span_return(self, again);
        return false;
    }
    span->job->left--;
    span_free(self, again); // the job stays: it has this span yet
    return true;
}

void scheduler_settle(scheduler_t *self, scheduler_span_t *span)
{
    if (span->left > 0)
        return;
    list_remove(&self->engines[span->engine].sent, span);
    self->engines[span->engine].balanced_spans -= !span->job->direct;
    if (span->job->needs) {
        hosts_give(&self->hosts, span->engine, span->job->needs);
        host_review(self, span->engine);
    }
    span_free(self, span);
}

void scheduler_gave(scheduler_t *self, uint32_t engine, scheduler_span_t *span, uint64_t first,
                    uint64_t count, bool last)
{
    if (last) {
        self->engines[engine].recalling = false;
        self->engines[engine].dry = !self->engines[engine].gave;
        self->engines[engine].gave = false;
        engine_review(self, engine);
    }
    if (!span || count == 0 || count > span->left || first + count != span->first + span->count)
        return;
    scheduler_job_t *job = span->job;
    engine_settles(self, span, count);
    self->engines[engine].gave = !last && self->engines[engine].recalling; // else it was told to drop it
    span->count -= count;
    span->left -= count;
    if (!job->dropped) {
        span_return(self, span_part(self, span, first, count));
    }
    scheduler_settle(self, span);
}

//  --- What is submitted, held, given up; clients that come and go ----------------------------------------

void job_keep_held(scheduler_t *self, scheduler_job_t *job)
{
    scheduler_job_t **held = &self->clients[job->client].held;
    job->previous = NULL;
    job->next = *held;
    if (job->next)
        job->next->previous = job;
    *held = job;
}

//  A direct job that is held has positions that are not to run.
static bool is_left_out(const scheduler_job_t *job, uint64_t position)
{
    return job->direct && position < job->allowed_count && job->allowed[position] == SCHEDULER_NO_ENGINE;
}

//  All that was never cut ends with an error. The job stands in no queue.
void job_end_uncut(scheduler_t *self, scheduler_job_t *job, scheduler_loss_t loss)
{
    uint64_t first = job->cursor, end = first;
    job->cursor = job->count;
    job->holds++; // it stays while some of it may end
    for (; first < job->count; first = end + 1) {
        while (first < job->count && is_left_out(job, first)) first++;
        for (end = job->direct ? first : job->count; end < job->count && !is_left_out(job, end);) end++;
        job->left -= end - first;
        if (end > first)
            self->actions->lose(self->context, job, first, end - first, SCHEDULER_NO_ENGINE, loss, 0);
    }
    job->holds--;
    job_settle(self, job);
}

//  A direct job that was held begins to wait for its engines, behind what waits for them already.
static void target_all(scheduler_t *self, scheduler_job_t *job)
{
    for (uint32_t i = 0; i < job->allowed_count; i++) {
        if (is_left_out(job, i))
            continue;
        if (scheduler_engine_known(self, job->allowed[i])) {
            scheduler_job_target(self, job, job->allowed[i], i, 1);
            continue;
        }
        job->left--;
        self->actions->lose(self->context, job, i, 1, job->allowed[i], SCHEDULER_ENGINE_LOST, 0);
    }
    job->cursor = job->count;
}

void scheduler_release(scheduler_t *self, scheduler_job_t *job)
{
    if (!job->held)
        return;
    held_remove(self, job);
    if (job->direct) {
        job->holds++; // it stays while some of it may end
        target_all(self, job);
        abort_released(self, job);
        job->holds--;
        job_settle(self, job);
    } else if (job_is_possible(self, job)) {
        enqueue_job(self, job);
        abort_released(self, job);
    } else
        job_end_uncut(self, job, job_impossibility(job));
}

void scheduler_give_up(scheduler_t *self, scheduler_job_t *job, scheduler_loss_t loss)
{
    if (!job->held)
        return;
    held_remove(self, job);
    job_end_uncut(self, job, loss);
}

void scheduler_submit(scheduler_t *self, scheduler_job_t *job)
{
    job->left = job->count;
    self->clients[job->client].alive++;
    if (self->clients[job->client].by_id)
        job_index_add(self->clients[job->client].by_id, job);
    deadline_add(self, job);
    if (!job->direct && !job->held && job->count == 1 && job_is_lone(self, job) && self->lone_count < LONE_MAX)
        self->lone[self->lone_count++] = job->client;
    if (others_wait(self, job->client))
        self->shared = job->accepted;
    if (job->needs && !job_is_possible(self, job)) {
        job->held = false;
        job_end_uncut(self, job, SCHEDULER_UNMET);
    } else if (job->held) {
        job_keep_held(self, job);
    } else if (job_is_queued(job)) {
        enqueue_job(self, job);
    } else {
        job_settle(self, job);
    }
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

bool scheduler_client_submits(scheduler_t *self, uint32_t c, uint64_t id)
{
    client_t *client = &self->clients[c];
    bool is_new = id > client->newest;
    client->newest = is_new ? id : client->newest;
    return is_new;
}

void scheduler_client_pause(scheduler_t *self, uint32_t c, bool paused)
{
    if (c >= self->client_count || self->clients[c].paused == paused)
        return;
    self->clients[c].paused = paused;
    for (uint32_t i = 0; !paused && i < self->engine_count; i++) engine_review(self, i);
    if (!paused)
        engines_match_again(self, NULL);
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
    engine_review(self, (uint32_t) (engine - self->engines));
    for (scheduler_span_t *span = engine->sent.first; span; span = span->next)
        if (span->job->client == c)
            span->job->dropped = true; // its results will find nobody
}

void scheduler_client_leave(scheduler_t *self, uint32_t c)
{
    if (c >= self->client_count || !self->clients[c].joined)
        return;
    client_t *client = &self->clients[c];
    job_index_destroy(&client->by_id);
    for (size_t i = 0; i < QUEUES; i++)
        for (scheduler_job_t *job; (job = client->queues[i].first);) { // first: no list may hold one that ends
            dequeue_job(self, job);
            job->dropped = true;
            job_settle(self, job);
        }
    for (scheduler_job_t *job; (job = client->held);) {
        held_remove(self, job);
        job->dropped = true;
        job_settle(self, job);
    }
    for (uint32_t i = 0; i < self->engine_count; i++) drop_client_spans(self, &self->engines[i], c);
    abort_left(self, c);
    for (scheduler_span_t *span; (span = client->returned.first);) {
        returned_remove(self, c, span);
        span->job->dropped = true;
        span_free(self, span);
    }
    ring_leave(self, c);
    client->joined = false;
}

scheduler_counts_t scheduler_counts(const scheduler_t *self)
{
    return (scheduler_counts_t){.jobs = slab_count(self->jobs),
                                .spans = slab_count(self->spans),
                                .bytes = slab_bytes(self->jobs) + slab_bytes(self->spans),
                                .looks = self->looks};
}
