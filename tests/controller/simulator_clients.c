//  The clients: they come and go, submit, wait for other work, and abort.
#include <stdlib.h>

#include "common/fail.h"
#include "common/needs.h"
#include "common/partition.h"
#include "simulator_body.h"

uint32_t sim_join(simulator_t *self)
{
    uint32_t client = scheduler_client_join(self->scheduler);
    MUST(self, client < SIM_CLIENTS && !self->joined[client], "a number of its own");
    self->joined[client] = true;
    self->dependencies[client] = dependencies_new(NULL, NULL);
    self->noted[client] = 0;
    self->session[client] = self->next_id;
    return client;
}

void sim_leave(simulator_t *self, uint32_t client)
{
    for (sim_job_t *job = self->jobs; job; job = job->next) {
        if (job->client != client || job->dropped || job->over)
            continue;
        for (uint64_t i = 0; i < job->count; i++)
            if (job->positions[i].place < SIM_ENDED)
                sim_put(self, job, &job->positions[i], SIM_DROPPED, job->positions[i].engine);
        job->dropped = true;
    }
    for (size_t e = 0; e < SIM_ENGINES; e++)
        self->state->parts[client][e].head = self->state->parts[client][e].count = 0;
    self->joined[client] = false;
    scheduler_client_leave(self->scheduler, client);
    dependencies_destroy(&self->dependencies[client]);
    self->state->owed = true;
}

static bool is_target(const simulator_t *self, const sim_job_t *job, uint32_t e)
{
    return job->everywhere ? self->state->engines[e].known : is_listed(job->allowed, e);
}

static void target(simulator_t *self, scheduler_job_t *scheduled, sim_job_t *job)
{
    uint32_t parts = 0, part = 0;
    for (uint32_t e = 0; e < SIM_ENGINES; e++) parts += is_target(self, job, e);
    for (uint32_t e = 0; e < SIM_ENGINES; e++) {
        if (!is_target(self, job, e))
            continue;
        uint64_t first = ipc_partition_first(job->count, parts, part);
        uint64_t count = ipc_partition_first(job->count, parts, ++part) - first;
        if (count == 0)
            continue;
        scheduler_job_target(self->scheduler, scheduled, e, first, count);
        sim_add_part(self, job, e, first, count);
    }
}

static void allow(scheduler_job_t *scheduled, uint32_t allowed)
{
    if (!allowed)
        return;
    scheduled->allowed = ipc_xalloc(SIM_LISTED * sizeof scheduled->allowed[0]);
    for (uint32_t e = 0; e < SIM_LISTED; e++)
        if (is_listed(allowed, e))
            scheduled->allowed[scheduled->allowed_count++] = e;
}

//  What a client knows of the job that another waits for: it may not have read the last messages.
static void wait_for(simulator_t *self, scheduler_job_t *scheduled, const sim_job_t *job)
{
    const sim_job_t *after = job->after;
    ipc_parent_t *parents = ipc_xalloc(after->count * sizeof parents[0]);
    uint64_t noted = self->noted[job->client], unread = sim_random(self, 4);
    uint64_t seen = noted > unread ? noted - unread : 0;
    for (uint64_t i = 0; i < after->count; i++) {
        const sim_position_t *position = &after->positions[i];
        bool read = position->noted && position->noted <= seen;
        bool failed = position->failed || position->lost;
        parents[i] = (ipc_parent_t){.job = after->id, .first = i, .count = 1, .engine = position->engine,
                                    .state = !read ? IPC_PARENT_AWAITED : failed ? IPC_PARENT_FAILED : IPC_PARENT_DONE};
    }
    condition_terms_t terms = {{(const char *) parents, after->count * sizeof parents[0]}, job->mode};
    condition_terms_t none = {{"", 0}, 0};
    scheduled->held = true;
    scheduled->waits = dependencies_add(self->dependencies[job->client], scheduled, scheduled->id, seen,
                                        job->follows ? &none : &terms, job->follows ? &terms : &none,
                                        (ipc_bytes_t){"", 0});
    free(parents);
}

sim_job_t *sim_submit(simulator_t *self, sim_job_t template)
{
    sim_job_t *job = ipc_xalloc(sizeof *job);
    *job = template;
    job->open = job->count;
    job->sequence = ++self->sequence;
    job->positions = ipc_xalloc((job->count + 1) * sizeof job->positions[0]);
    job->next = self->jobs;
    self->jobs = job;
    scheduler_job_t *scheduled = scheduler_job_new(self->scheduler);
    job->id = self->next_id += 1;
    self->next_id += job->count;
    *scheduled = (scheduler_job_t){.id = job->id, .client = job->client, .function = job->function,
                                   .count = job->count, .chunk = job->chunk, .retries = job->retries,
                                   .priority = job->priority, .direct = job->direct, .accepted = self->now,
                                   .payload = job};
    if (job->wait) {
        job->deadline = self->now + job->wait;
        scheduled->limits = ipc_xalloc(sizeof *scheduled->limits);
        scheduled->limits->deadline = job->deadline;
    }
    if (job->direct)
        target(self, scheduled, job);
    else
        allow(scheduled, job->allowed);
    if (job->needs || job->cores) {
        scheduled->needs = ipc_xalloc(sizeof *scheduled->needs);
        *scheduled->needs = (needs_t){.count = 2, .all = {{"gpu", job->needs}, {"cores", job->cores}}};
    }
    if (job->after)
        wait_for(self, scheduled, job);
    MUST(self, scheduler_client_submits(self->scheduler, job->client, job->id), "a job is new");
    scheduler_submit(self->scheduler, scheduled);
    for (const sim_job_t *again = job; self->repeats && again && sim_random(self, 4) == 0; again = again->next) {
        self->twice++;
        MUST(self, again->client != job->client || !scheduler_client_submits(self->scheduler, again->client, again->id),
             "a job that comes again is dropped");
    }
    self->state->owed = true;
    return job;
}

//  A position that it wants no more.
static void mark(sim_job_t *job, uint64_t first, uint64_t count, uint8_t how)
{
    for (uint64_t i = first; i < first + count && i < job->count; i++)
        if (job->positions[i].place < SIM_ENDED && job->positions[i].aborted < how)
            job->positions[i].aborted = how;
}

void sim_abort(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count)
{
    if (!job->over && !job->dropped)
        mark(job, first, count, SIM_ABORTED);
    scheduler_abort(self->scheduler, job->client, job->id, first, count);
    self->state->owed = true;
}

void sim_abort_client(simulator_t *self, uint32_t client)
{
    for (sim_job_t *job = self->jobs; job; job = job->next)
        if (job->client == client && !job->over && !job->dropped)
            mark(job, 0, job->count, SIM_ABORTED);
    scheduler_abort(self->scheduler, client, 0, 0, UINT64_MAX);
    self->state->owed = true;
}

void sim_abort_engines(simulator_t *self, uint32_t client, bool direct, uint32_t engines)
{
    uint32_t list[SIM_LISTED];
    size_t count = 0;
    for (uint32_t e = 0; e < SIM_LISTED; e++)
        if (is_listed(engines, e))
            list[count++] = e;
    for (sim_job_t *job = self->jobs; job; job = job->next)
        if (job->client == client && !job->over && !job->dropped && job->direct == direct)
            mark(job, 0, job->count, count == 0 && !direct ? SIM_ABORTED : SIM_PERHAPS_ABORTED);
    scheduler_abort_engines(self->scheduler, client, direct, list, count);
    self->state->owed = true;
}
