//  Jobs of a controller before this one: what engines run of them stays where it is, the rest is queued.
#include "controller/scheduler_body.h"

scheduler_span_t *scheduler_adopt(scheduler_t *self, scheduler_job_t *job, uint32_t engine, uint64_t first,
                                  uint64_t count, uint32_t attempts)
{
    scheduler_span_t *span = span_new(self, job, first, count);
    span->attempts = attempts;
    span_advance(span, SPAN_WAITS);
    engine_gets(self, engine, span, job->accepted);
    return span;
}

//  Positions that engines run already.
static uint64_t adopted(const scheduler_job_t *job)
{
    uint64_t count = 0;
    for (const scheduler_span_t *span = job->all_spans; span; span = span->older)
        count += span->state == SPAN_SENT ? span->left : 0;
    return count;
}

//  Balanced positions wait behind what came back before.
static void queue_range(scheduler_t *self, scheduler_job_t *job, scheduler_range_t range)
{
    scheduler_span_t *span = span_new(self, job, range.first, range.count);
    span_advance(span, SPAN_WAITS);
    list_append(&self->clients[job->client].returned, span);
    self->waiting += span->left;
    ring_enter(self, job->client);
    engines_match_again(self, job);
}

static void lose_range(scheduler_t *self, scheduler_job_t *job, scheduler_range_t range)
{
    job->left -= range.count;
    self->actions->lose(self->context, job, range.first, range.count, SCHEDULER_NO_ENGINE, SCHEDULER_UNMET, 0);
}

//  It is its client's, with so many positions that have no result.
static void enter(scheduler_t *self, scheduler_job_t *job, uint64_t left)
{
    job->left = left;
    self->clients[job->client].alive++;
    if (self->clients[job->client].by_id)
        job_index_add(self->clients[job->client].by_id, job);
    deadline_add(self, job);
}

void scheduler_submit_some(scheduler_t *self, scheduler_job_t *job, const scheduler_range_t *ranges, size_t count)
{
    uint64_t left = adopted(job);
    for (size_t i = 0; i < count; i++) left += ranges[i].count;
    job->cursor = job->count;
    enter(self, job, left);
    job->holds++; // it stays while some of it may end
    bool possible = !job->needs || job_is_possible(self, job);
    for (size_t i = 0; i < count && !job->direct; i++)
        possible ? queue_range(self, job, ranges[i]) : lose_range(self, job, ranges[i]);
    job->holds--;
    job_settle(self, job);
}

void scheduler_hold_some(scheduler_t *self, scheduler_job_t *job)
{
    uint64_t left = adopted(job);
    for (uint32_t i = 0; i < job->allowed_count; i++) left += job->allowed[i] != SCHEDULER_NO_ENGINE;
    enter(self, job, left);
    job_keep_held(self, job);
}
