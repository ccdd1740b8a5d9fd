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

void scheduler_submit_some(scheduler_t *self, scheduler_job_t *job, const scheduler_range_t *ranges, size_t count)
{
    job->left = adopted(job);
    job->cursor = job->count;
    for (size_t i = 0; i < count; i++) job->left += ranges[i].count;
    self->clients[job->client].alive++;
    if (self->clients[job->client].by_id)
        job_index_add(self->clients[job->client].by_id, job);
    deadline_add(self, job);
    job->holds++; // it stays while some of it may end
    bool possible = !job->needs || job_is_possible(self, job);
    for (size_t i = 0; i < count && !job->direct; i++)
        possible ? queue_range(self, job, ranges[i]) : lose_range(self, job, ranges[i]);
    job->holds--;
    job_settle(self, job);
}
