//  Work that ends before it has run: aborted by its client, or still waiting when its time is up. What has a place in
//  a queue ends at once; an engine gives back what it has not started, and stops what runs if that is wanted. What
//  comes back from engines meanwhile meets the marks that are left here, so that nothing runs again.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/ranges.h"
#include "controller/scheduler_body.h"

enum { PIECE = 16 };                   // positions of a span, where the rest of a job is cut into such

//  --- Marks ------------------------------------------------------------------------------------------------

//  Positions that are marked already make the job no larger, however often it is aborted.
static void mark(scheduler_job_t *job, uint64_t first, uint64_t count)
{
    if (count == job->count) {
        job->aborted |= ABORTED_ALL;
        return;
    }
    job->aborted |= ABORTED_SOME;
    if (!job->unwanted)
        job->unwanted = ipc_xalloc(sizeof *job->unwanted);
    ipc_ranges_add(job->unwanted, first, count);
}

bool is_aborted(const scheduler_job_t *job, uint64_t position)
{
    return job->aborted & ABORTED_ALL ||
           (job->aborted & ABORTED_SOME && ipc_ranges_have(job->unwanted, position, 1));
}

void marks_free(scheduler_job_t *job)
{
    if (!job->unwanted)
        return;
    ipc_ranges_free(job->unwanted);
    free(job->unwanted);
    job->unwanted = NULL;
}

//  --- What waits here ----------------------------------------------------------------------------------------

static void end_positions(scheduler_t *self, scheduler_job_t *job, uint64_t first, uint64_t count, uint32_t engine,
                          scheduler_loss_t loss, uint32_t attempts)
{
    job->left -= count;
    self->actions->lose(self->context, job, first, count, engine, loss, attempts);
}

//  Takes a span out of the queue that it waits in.
static void dequeue_span(scheduler_t *self, scheduler_span_t *span)
{
    uint32_t engine = span->engine, client = span->job->client;
    if (span->job->direct) {
        list_remove(&self->engines[engine].direct, span);
        self->engines[engine].direct_count--;
        engine_review(self, engine);
    } else {
        returned_remove(self, client, span);
        ring_leave(self, client);
    }
}

//  Positions [first, end) of a queued span end, those of them that it has. What is left of it stays; gives the span of
//  the positions behind, or NULL.
static scheduler_span_t *abort_queued(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t end,
                                      scheduler_loss_t loss)
{
    scheduler_job_t *job = span->job;
    span_list_t *queue = job->direct ? &self->engines[span->engine].direct : &self->clients[job->client].returned;
    scheduler_span_t *rest = NULL;
    if (end <= span->first || first >= span->first + span->count)
        return NULL;
    if (end < span->first + span->count)
        rest = span_split(self, queue, span, end);
    if (first > span->first)
        span = span_split(self, queue, span, first);
    dequeue_span(self, span);
    end_positions(self, job, span->first, span->count, job->direct ? span->engine : SCHEDULER_NO_ENGINE, loss,
                  span->attempts);
    span_free(self, span);
    return rest;
}

//  Positions [cursor, end) of a job that is in no queue any more wait as spans instead.
static void queue_pieces(scheduler_t *self, scheduler_job_t *job, uint64_t end)
{
    for (uint64_t size; job->cursor < end; job->cursor += size) {
        size = end - job->cursor < PIECE ? end - job->cursor : PIECE;
        scheduler_span_t *span = span_new(self, job, job->cursor, size);
        span_advance(span, SPAN_WAITS);
        list_append(&self->clients[job->client].returned, span);
        self->waiting += size;
    }
}

//  Positions [first, end) that were never cut end. Where others are left behind them, these are cut now.
static void abort_uncut(scheduler_t *self, scheduler_job_t *job, uint64_t first, uint64_t end, scheduler_loss_t loss)
{
    first = first > job->cursor ? first : job->cursor;
    end = end < job->count ? end : job->count;
    if (first >= end || (job->direct && !job->held))
        return;
    if (job->held) { // it waits for other jobs
        if (first == 0 && end == job->count)
            scheduler_give_up(self, job, loss);
        return;
    }
    dequeue_job(self, job);
    queue_pieces(self, job, first);
    job->cursor = end;
    queue_pieces(self, job, job->count);
    if (self->clients[job->client].returned.first) {
        ring_enter(self, job->client);
        engines_match_again(self, job);
    }
    end_positions(self, job, first, end - first, SCHEDULER_NO_ENGINE, loss, 0);
}

//  --- Spans, wherever they are -------------------------------------------------------------------------------

//  A span that came back waits again: what is marked of it ends.
void abort_returned(scheduler_t *self, scheduler_span_t *span)
{
    scheduler_job_t *job = span->job;
    uint64_t end = span->first + span->count;
    if (job->aborted & ABORTED_ALL || (job->aborted & ABORTED_LATE && span->attempts == 0)) {
        abort_queued(self, span, span->first, end,
                     job->aborted & ABORTED_ALL ? SCHEDULER_ABORTED : SCHEDULER_LATE);
        return;
    }
    while (span && job->aborted & ABORTED_SOME) {
        uint64_t from = span->first, to;
        end = span->first + span->count;
        while (from < end && !is_aborted(job, from)) from++;
        for (to = from; to < end && is_aborted(job, to);) to++;
        span = from < end ? abort_queued(self, span, from, to, SCHEDULER_ABORTED) : NULL;
    }
}

//  Positions [first, end) of a span at an engine, those that have no result yet.
static void abort_sent(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t end, scheduler_drop_t how)
{
    uint64_t last = span->first + span->count, next = last - span->left;
    first = first > next ? first : next;
    end = end < last ? end : last;
    if (first < end)
        self->actions->drop(self->context, span->engine, span, first, end - first, how);
}

//  Calls one of the two for each span of a job. Those that come of it are put before the others, and not looked at.
static void abort_spans(scheduler_t *self, const scheduler_job_t *job, uint64_t first, uint64_t end,
                        scheduler_loss_t loss)
{
    for (scheduler_span_t *span = job->all_spans, *next; span; span = next) {
        next = span->older;
        if (span->state == SPAN_SENT)
            abort_sent(self, span, first, end, loss == SCHEDULER_LATE ? SCHEDULER_DROP_WAITING : SCHEDULER_DROP_KILL);
        else if (loss != SCHEDULER_LATE || span->attempts == 0) // what has run once has started in time
            abort_queued(self, span, first, end, loss);
    }
}

//  While it is held a job is not freed.
static void job_hold(scheduler_job_t *job)
{
    job->holds++;
}

static void job_release(scheduler_t *self, scheduler_job_t *job)
{
    job->holds--;
    job_settle(self, job);
}

static void abort_positions(scheduler_t *self, scheduler_job_t *job, uint64_t first, uint64_t end,
                            scheduler_loss_t loss)
{
    job_hold(job);
    abort_uncut(self, job, first, end, loss);
    abort_spans(self, job, first, end, loss);
    job_release(self, job);
}

void abort_released(scheduler_t *self, scheduler_job_t *job)
{
    if (!(job->aborted & ABORTED_SOME))
        return;
    job_hold(job);
    for (size_t i = 0; i < job->unwanted->count; i++) {
        ipc_range_t range = job->unwanted->ranges[i];
        abort_positions(self, job, range.first, range.first + range.count, SCHEDULER_ABORTED);
    }
    job_release(self, job);
}

//  --- What clients ask for -----------------------------------------------------------------------------------

//  Jobs of a client, held.
typedef struct jobs {
    scheduler_job_t **all;
    size_t count, room;
} jobs_t;

static void jobs_add(jobs_t *self, scheduler_job_t *job)
{
    if (job->aborted & ABORTED_LISTED)
        return;
    job->aborted |= ABORTED_LISTED;
    job_hold(job);
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->all = ipc_xrealloc(self->all, self->room * sizeof self->all[0]);
    }
    self->all[self->count++] = job;
}

static void jobs_add_list(jobs_t *self, const span_list_t *list, uint32_t client)
{
    for (scheduler_span_t *span = list->first; span; span = span->next)
        if (span->job->client == client && !span->job->dropped)
            jobs_add(self, span->job);
}

static jobs_t jobs_of(scheduler_t *self, uint32_t client)
{
    jobs_t jobs = {0};
    for (size_t i = 0; i < QUEUES; i++)
        for (scheduler_job_t *job = self->clients[client].queues[i].first; job; job = job->next) jobs_add(&jobs, job);
    for (scheduler_job_t *job = self->clients[client].held; job; job = job->next) jobs_add(&jobs, job);
    jobs_add_list(&jobs, &self->clients[client].returned, client);
    for (uint32_t i = 0; i < self->engine_count; i++) {
        jobs_add_list(&jobs, &self->engines[i].direct, client);
        jobs_add_list(&jobs, &self->engines[i].sent, client);
    }
    return jobs;
}

static void jobs_release(scheduler_t *self, jobs_t *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        jobs->all[i]->aborted &= (uint8_t) ~ABORTED_LISTED;
        job_release(self, jobs->all[i]);
    }
    free(jobs->all);
}

//  The jobs of an id alone. The first time that a client asks for one all of its jobs are gone through.
static jobs_t jobs_with(scheduler_t *self, uint32_t client, uint64_t id)
{
    client_t *owner = &self->clients[client];
    if (!owner->by_id) {
        jobs_t all = jobs_of(self, client);
        owner->by_id = job_index_new();
        for (size_t i = 0; i < all.count; i++) job_index_add(owner->by_id, all.all[i]);
        jobs_release(self, &all);
    }
    jobs_t jobs = {0};
    size_t place = 0;
    for (scheduler_job_t *job; (job = job_index_next(owner->by_id, id, &place));) jobs_add(&jobs, job);
    return jobs;
}

static bool client_is_known(const scheduler_t *self, uint32_t client)
{
    return client < self->client_count && self->clients[client].joined;
}

void scheduler_abort(scheduler_t *self, uint32_t client, uint64_t id, uint64_t first, uint64_t count)
{
    if (!client_is_known(self, client))
        return;
    jobs_t jobs = id == 0 ? jobs_of(self, client) : jobs_with(self, client, id);
    for (size_t i = 0; i < jobs.count; i++) {
        scheduler_job_t *job = jobs.all[i];
        if (first >= job->count)
            continue;
        uint64_t end = count < job->count - first ? first + count : job->count;
        mark(job, first, end - first);
        abort_positions(self, job, first, end, SCHEDULER_ABORTED);
    }
    jobs_release(self, &jobs);
}

static bool is_listed(const uint32_t *engines, size_t count, uint32_t engine)
{
    for (size_t i = 0; i < count; i++)
        if (engines[i] == engine)
            return true;
    return false;
}

//  True for balanced work that may run on no other engine than these.
static bool is_confined(const scheduler_job_t *job, const uint32_t *engines, size_t count)
{
    for (uint32_t i = 0; i < job->allowed_count; i++)
        if (!is_listed(engines, count, job->allowed[i]))
            return false;
    return job->allowed_count > 0;
}

//  Direct spans that are at one engine or wait for it.
static void abort_direct(scheduler_t *self, uint32_t client, span_list_t *list)
{
    for (scheduler_span_t *span = list->first, *next; span; span = next) {
        next = span->next;
        scheduler_job_t *job = span->job;
        uint64_t end = span->first + span->count, first = end - span->left;
        if (job->client != client || !job->direct || job->dropped)
            continue;
        mark(job, first, end - first);
        if (span->state == SPAN_SENT)
            abort_sent(self, span, first, end, SCHEDULER_DROP_KILL);
        else
            abort_queued(self, span, first, end, SCHEDULER_ABORTED);
    }
}

//  Direct jobs that wait for others: the positions that these engines are to have.
static void abort_held(scheduler_t *self, uint32_t client, const uint32_t *engines, size_t count)
{
    for (scheduler_job_t *job = self->clients[client].held, *next; job; job = next) {
        uint64_t named = 0;
        next = job->next;
        for (uint32_t i = 0; job->direct && i < job->allowed_count; i++)
            named += is_listed(engines, count, job->allowed[i]);
        if (named > 0 && named == job->count) {
            mark(job, 0, job->count);
            scheduler_give_up(self, job, SCHEDULER_ABORTED);
            continue;
        }
        for (uint32_t i = 0; named > 0 && i < job->allowed_count; i++)
            if (is_listed(engines, count, job->allowed[i]))
                mark(job, i, 1); // it ends when the others begin
    }
}

void scheduler_abort_engines(scheduler_t *self, uint32_t client, bool direct, const uint32_t *engines, size_t count)
{
    if (!client_is_known(self, client))
        return;
    for (size_t i = 0; direct && i < count; i++)
        if (scheduler_engine_known(self, engines[i])) {
            abort_direct(self, client, &self->engines[engines[i]].direct);
            abort_direct(self, client, &self->engines[engines[i]].sent);
        }
    if (direct) {
        abort_held(self, client, engines, count);
        return;
    }
    jobs_t jobs = jobs_of(self, client);
    for (size_t i = 0; i < jobs.count; i++) {
        scheduler_job_t *job = jobs.all[i];
        if (job->direct || (count > 0 && !is_confined(job, engines, count)))
            continue;
        mark(job, 0, job->count);
        abort_positions(self, job, 0, job->count, SCHEDULER_ABORTED);
    }
    jobs_release(self, &jobs);
}

void abort_left(scheduler_t *self, uint32_t client)
{
    for (uint32_t i = 0; i < self->engine_count; i++)
        for (scheduler_span_t *span = self->engines[i].sent.first; span; span = span->next)
            if (span->job->client == client && span->job->dropped)
                abort_sent(self, span, span->first, span->first + span->count, SCHEDULER_DROP_STOP);
}

//  --- Deadlines ----------------------------------------------------------------------------------------------

//  A heap: the earliest first.
static void heap_put(scheduler_t *self, size_t place, scheduler_job_t *job)
{
    self->deadlines[place] = job;
    job->limits->place = (uint32_t) place;
}

static int64_t deadline_at(const scheduler_t *self, size_t place)
{
    return self->deadlines[place]->limits->deadline;
}

static void sift_up(scheduler_t *self, size_t place, scheduler_job_t *job)
{
    for (; place > 0 && deadline_at(self, (place - 1) / 2) > job->limits->deadline; place = (place - 1) / 2)
        heap_put(self, place, self->deadlines[(place - 1) / 2]);
    heap_put(self, place, job);
}

static void sift_down(scheduler_t *self, size_t place, scheduler_job_t *job)
{
    for (size_t child; (child = 2 * place + 1) < self->deadline_count; place = child) {
        if (child + 1 < self->deadline_count && deadline_at(self, child + 1) < deadline_at(self, child))
            child++;
        if (deadline_at(self, child) >= job->limits->deadline)
            break;
        heap_put(self, place, self->deadlines[child]);
    }
    heap_put(self, place, job);
}

void deadline_add(scheduler_t *self, scheduler_job_t *job)
{
    if (!job->limits || job->limits->deadline == 0)
        return;
    if (self->deadline_count == self->deadline_room) {
        self->deadline_room = self->deadline_room ? 2 * self->deadline_room : 16;
        self->deadlines = ipc_xrealloc(self->deadlines, self->deadline_room * sizeof self->deadlines[0]);
    }
    sift_up(self, self->deadline_count++, job);
}

void deadline_remove(scheduler_t *self, scheduler_job_t *job)
{
    if (!job->limits || job->limits->deadline == 0)
        return;
    size_t place = job->limits->place;
    scheduler_job_t *last = self->deadlines[--self->deadline_count];
    job->limits->deadline = 0;
    if (last == job)
        return;
    sift_up(self, place, last);
    sift_down(self, last->limits->place, last);
}

void deadlines_expire(scheduler_t *self, int64_t now)
{
    while (self->deadline_count > 0 && deadline_at(self, 0) <= now) {
        scheduler_job_t *job = self->deadlines[0];
        deadline_remove(self, job);
        if (job->dropped)
            continue; // nobody waits for it, and it stands in no queue any more
        job->aborted |= ABORTED_LATE;
        abort_positions(self, job, 0, job->count, SCHEDULER_LATE);
    }
}

int64_t scheduler_next_deadline(const scheduler_t *self)
{
    return self->deadline_count > 0 ? deadline_at(self, 0) : INT64_MAX;
}
