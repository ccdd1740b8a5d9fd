//  Why a task waits, in words.
#include <inttypes.h>
#include <stdio.h>

#include "controller/dependencies.h"
#include "controller/scheduler_body.h"

//  How the engines stand to a job.
typedef struct standing {
    uint32_t known, allowed, ready, refused;
} standing_t;

static standing_t standing_of(const scheduler_t *self, const scheduler_job_t *job, const tried_t *tried)
{
    standing_t standing = {0};
    for (uint32_t i = 0; i < self->engine_count; i++) {
        const engine_t *engine = &self->engines[i];
        bool allowed = engine->known && job_allows(self, job, i);
        bool refused = allowed && tried_is_refused_by(tried, i);
        standing.known += engine->known;
        standing.allowed += allowed;
        standing.refused += refused;
        standing.ready += allowed && !refused && engine->ready;
    }
    return standing;
}

static void explain_wait(const scheduler_t *self, const scheduler_job_t *job, const tried_t *tried, uint64_t count,
                         char *text, size_t size)
{
    standing_t standing = standing_of(self, job, tried);
    if (standing.known == 0)
        snprintf(text, size, "%" PRIu64 " wait: there is no engine", count);
    else if (standing.ready == 0)
        snprintf(text, size, "%" PRIu64 " wait: of the %u engines that may run it (of %u) %u refused it and none is ready",
                 count, standing.allowed, standing.known, standing.refused);
    else
        snprintf(text, size, "%" PRIu64 " wait: the %u engines that may run it and are ready (of %u) are busy", count,
                 standing.ready, standing.known);
}

static const scheduler_job_t *find(const scheduler_job_t *job, uint64_t id)
{
    while (job && (id < job->id || id - job->id >= job->count)) job = job->next;
    return job;
}

static bool has_id(const scheduler_span_t *span, uint32_t client, uint64_t id)
{
    const scheduler_job_t *job = span->job;
    return job->client == client && id >= job->id + span->first && id - job->id - span->first < span->count;
}

static const scheduler_span_t *find_span(const span_list_t *list, uint32_t client, uint64_t id)
{
    const scheduler_span_t *span = list->first;
    while (span && !has_id(span, client, id)) span = span->next;
    return span;
}

static bool explain_at_engine(const scheduler_t *self, uint32_t client, uint64_t id, char *text, size_t size)
{
    for (uint32_t i = 0; i < self->engine_count; i++) {
        const engine_t *engine = &self->engines[i];
        const scheduler_span_t *sent = find_span(&engine->sent, client, id);
        const scheduler_span_t *direct = sent ? NULL : find_span(&engine->direct, client, id);
        if (sent)
            snprintf(text, size, "engine %u has it%s", i, sent == engine->sent.first ? "" : ", behind other tasks");
        else if (direct)
            snprintf(text, size, "it waits for engine %u, which is %s", i, engine->ready ? "busy" : "away");
        if (sent || direct)
            return true;
    }
    return false;
}

bool scheduler_explain(const scheduler_t *self, uint32_t c, uint64_t id, char *text, size_t size)
{
    if (c >= self->client_count || !self->clients[c].joined)
        return false;
    const client_t *client = &self->clients[c];
    const scheduler_span_t *returned = find_span(&client->returned, c, id);
    if (returned) {
        explain_wait(self, returned->job, returned->tried, returned->left, text, size);
        return true;
    }
    if (explain_at_engine(self, c, id, text, size))
        return true;
    const scheduler_job_t *job = find(client->jobs, id);
    if (job)
        explain_wait(self, job, NULL, job->count - job->cursor, text, size);
    else if ((job = find(client->held, id)) && job->waits)
        dependent_explain(job->waits, text, size);
    else if (job)
        snprintf(text, size, "it may begin at once");
    return job != NULL;
}
