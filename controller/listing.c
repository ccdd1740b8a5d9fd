#include "controller/listing.h"

#include "controller/scheduler_body.h"

static unfinished_t of_span(const scheduler_span_t *span)
{
    bool sent = span->state == SPAN_SENT;
    return (unfinished_t){.job = span->job,
                          .first = span->first + span->count - span->left,
                          .count = span->left,
                          .engine = sent || span->job->direct ? span->engine : SCHEDULER_NO_ENGINE,
                          .attempts = span->attempts,
                          .sent = sent ? span->sent : 0};
}

//  An engine runs one position at a time, in the order sent: the first without a result.
static bool list_sent(const engine_t *engine, unfinished_fn *visit, void *context)
{
    bool running = engine->ready;
    for (const scheduler_span_t *span = engine->sent.first; span; span = span->next) {
        unfinished_t rest = of_span(span), first = rest;
        if (rest.count == 0)
            continue;
        first.count = running ? 1 : 0;
        first.running = running;
        rest.first += first.count;
        rest.count -= first.count;
        if ((first.count > 0 && !visit(context, &first)) || (rest.count > 0 && !visit(context, &rest)))
            return false;
        running = false;
    }
    return true;
}

static bool list_spans(const span_list_t *spans, unfinished_fn *visit, void *context)
{
    for (const scheduler_span_t *span = spans->first; span; span = span->next) {
        unfinished_t waiting = of_span(span);
        if (!visit(context, &waiting))
            return false;
    }
    return true;
}

//  What was never cut of jobs.
static bool list_jobs(const scheduler_job_t *jobs, unfinished_fn *visit, void *context)
{
    for (const scheduler_job_t *job = jobs; job; job = job->next) {
        unfinished_t waiting = {.job = job,
                                .first = job->cursor,
                                .count = job->count - job->cursor,
                                .engine = SCHEDULER_NO_ENGINE};
        if (!visit(context, &waiting))
            return false;
    }
    return true;
}

void scheduler_list(const scheduler_t *self, unfinished_fn *visit, void *context)
{
    for (uint32_t i = 0; i < self->engine_count; i++)
        if (!list_sent(&self->engines[i], visit, context) ||
            !list_spans(&self->engines[i].direct, visit, context))
            return;
    for (uint32_t i = 0; i < self->client_count; i++)
        if (!list_spans(&self->clients[i].returned, visit, context) ||
            !list_jobs(self->clients[i].queues[QUEUE_PLAIN].first, visit, context) ||
            !list_jobs(self->clients[i].queues[QUEUE_NEEDY].first, visit, context) ||
            !list_jobs(self->clients[i].held, visit, context))
            return;
}
