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

//  What is the least that a job lacks where it may run: of one host, or of the one that has most of it free.
typedef struct lack {
    const need_t *need;                // NULL: nothing on some engine
    double free;
    uint32_t host;                     // that has so much free
    bool hosts;                        // there are several
    bool kept;                         // it fits, but a host is kept for another job
} lack_t;

static lack_t lack_of(const scheduler_t *self, const scheduler_job_t *job, const tried_t *tried)
{
    lack_t lack = {.host = HOSTS_NONE};
    for (uint32_t i = 0; i < self->engine_count; i++) {
        uint32_t host = hosts_of(&self->hosts, i);
        double free = 0;
        if (!self->engines[i].ready || !job_allows(self, job, i) || tried_is_refused_by(tried, i))
            continue;
        const need_t *need = hosts_short(&self->hosts, i, job->needs, &free);
        if (!need && !hosts_is_kept(&self->hosts, i, job))
            return (lack_t){.need = NULL};
        lack.kept = lack.kept || !need;
        lack.hosts = lack.hosts || (lack.host != HOSTS_NONE && lack.host != host);
        if (need && (!lack.need || free > lack.free)) {
            lack.need = need;
            lack.free = free;
        }
        lack.host = host;
    }
    return lack;
}

//  Whether a job that could run waits for what hosts have.
static bool explain_lack(const scheduler_t *self, const scheduler_job_t *job, const tried_t *tried, uint64_t count,
                         char *text, size_t size)
{
    lack_t lack = job->needs ? lack_of(self, job, tried) : (lack_t){.need = NULL};
    if (lack.kept)
        snprintf(text, size, "%" PRIu64 " wait: a job that has waited longer for what it needs of this host goes first",
                 count);
    else if (lack.need)
        snprintf(text, size, "%" PRIu64 " wait: it needs %s=%.10g, of which %s has %s%.10g free", count,
                 lack.need->name, lack.need->amount,
                 lack.hosts ? "no host" : "this host", lack.hosts ? "more than " : "", lack.free);
    return lack.kept || lack.need;
}

static void explain_wait(const scheduler_t *self, const scheduler_job_t *job, const tried_t *tried, uint64_t count,
                         char *text, size_t size)
{
    standing_t standing = standing_of(self, job, tried);
    if (standing.known == 0)
        snprintf(text, size, "%" PRIu64 " wait: there is no engine", count);
    else if (standing.ready == 0)
        snprintf(text, size,
                 "%" PRIu64 " wait: of the %u engines that may run it (of %u) %u refused it and none is ready",
                 count, standing.allowed, standing.known, standing.refused);
    else if (!explain_lack(self, job, tried, count, text, size))
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
            snprintf(text, size, "engine %u %s", i, sent != engine->sent.first ? "has it, behind other tasks"
                                                    : engine->ready            ? "runs it"
                                                    : engine->suspected        ? "has it, and does not answer"
                                                                               : "has it, and is away");
        else if (direct)
            snprintf(text, size, "it waits for engine %u, which %s", i,
                     engine->ready       ? "is busy"
                     : engine->suspected ? "does not answer"
                                         : "is away");
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
    const scheduler_job_t *job = find(client->queues[QUEUE_PLAIN].first, id);
    job = job ? job : find(client->queues[QUEUE_NEEDY].first, id);
    if (job)
        explain_wait(self, job, NULL, job->count - job->cursor, text, size);
    else if ((job = find(client->held, id)) && job->waits)
        dependent_explain(job->waits, text, size);
    else if (job)
        snprintf(text, size, "it may begin at once");
    return job != NULL;
}
