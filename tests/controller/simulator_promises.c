//  The promises: where every position is, and what the scheduler may do and an engine may start, given that.
#include <stdlib.h>

#include "common/fail.h"
#include "simulator_body.h"

//  --- Positions --------------------------------------------------------------------------------------------

void sim_put(simulator_t *self, const sim_job_t *job, sim_position_t *position, sim_place_t place, uint32_t engine)
{
    bool counts = !job->direct && job->chunk == 0;
    if (counts && position->place == SIM_AT_ENGINE)
        self->state->engines[position->engine].balanced--;
    position->place = (uint8_t) place;
    position->engine = engine;
    if (counts && place == SIM_AT_ENGINE)
        self->state->engines[engine].balanced++;
}

void sim_move(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count, sim_place_t from,
                 sim_place_t to, uint32_t engine)
{
    MUST(self, first + count <= job->count, "positions of the job");
    for (uint64_t i = first; i < first + count; i++) {
        sim_position_t *position = &job->positions[i];
        if (job->dropped)
            continue;
        MUST(self, position->place == from, "a position is where it is expected");
        sim_put(self, job, position, to, engine);
        if (to == SIM_ENDED)
            job->open--;
    }
    if (to == SIM_ENDED)
        job->finished = self->now;
}

void sim_tell_client(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count, bool failed, uint32_t engine)
{
    if (job->dropped)
        return;
    uint64_t message = ++self->noted[job->client];
    for (uint64_t i = first; i < first + count; i++) job->positions[i].noted = message;
    dependencies_note(self->dependencies[job->client],
                      &(ipc_msg_t){.type = IPC_MSG_RESULT, .result = {.job = job->id, .first = first, .count = count,
                                                                      .failed = failed, .engine = engine}});
}

void sim_add_part(simulator_t *self, sim_job_t *job, uint32_t engine, uint64_t first, uint64_t count)
{
    parts_t *parts = &self->state->parts[job->client][engine];
    if (parts->count == parts->room) {
        parts->room = parts->room ? 2 * parts->room : 16;
        parts->all = ipc_xrealloc(parts->all, parts->room * sizeof parts->all[0]);
    }
    parts->all[parts->count++] = (part_t){job, first, first + count};
}

//  --- What an engine starts --------------------------------------------------------------------------------

static bool is_met(const sim_job_t *job, uint64_t i)
{
    const sim_position_t *position = &job->after->positions[i];
    bool failed = position->failed || position->lost;
    bool nowhere = job->follows && position->engine == SCHEDULER_NO_ENGINE;
    return position->noted && !nowhere && job->mode & (failed ? IPC_DEPEND_FAILURE : IPC_DEPEND_SUCCESS);
}

//  Whether what a job waits for has come true, by what the simulator knows; or cannot.
static verdict_t judge(const sim_job_t *job)
{
    uint64_t met = 0, ended = 0;
    uint32_t engine = SCHEDULER_NO_ENGINE;
    bool torn = false;
    for (uint64_t i = 0; job->after && i < job->after->count; i++) {
        const sim_position_t *position = &job->after->positions[i];
        bool is = is_met(job, i);
        ended += position->noted != 0;
        met += is;
        torn = torn || (job->follows && is && engine != SCHEDULER_NO_ENGINE && engine != position->engine);
        engine = is ? position->engine : engine;
    }
    uint64_t count = job->after ? job->after->count : 0;
    if (job->mode & IPC_DEPEND_ANY)
        return met > 0 ? VERDICT_READY : ended == count && count > 0 ? VERDICT_IMPOSSIBLE : VERDICT_WAITS;
    return torn || ended > met ? VERDICT_IMPOSSIBLE : met == count ? VERDICT_READY : VERDICT_WAITS;
}

//  It was aborted or is late: the engine may have dropped it.
static bool is_unwanted(const simulator_t *self, const sim_job_t *job, uint64_t position)
{
    return job->positions[position].aborted || (job->deadline && self->now >= job->deadline);
}

//  The oldest direct work of a client for an engine that never started and is wanted, or NULL.
static part_t *oldest_part(simulator_t *self, uint32_t client, uint32_t engine)
{
    parts_t *parts = &self->state->parts[client][engine];
    for (; parts->head < parts->count; parts->head++) {
        part_t *part = &parts->all[parts->head];
        for (; part->cursor < part->end; part->cursor++) {
            const sim_position_t *position = &part->job->positions[part->cursor];
            if (!position->started && position->place < SIM_ENDED && !is_unwanted(self, part->job, part->cursor))
                return part;
        }
    }
    return NULL;
}

//  Cores of the host of an engine that tasks of other engines run on.
static uint32_t cores_in_use(const simulator_t *self, uint32_t e)
{
    uint32_t cores = 0, first = e / SIM_HOST_ENGINES * SIM_HOST_ENGINES;
    for (uint32_t i = first; i < first + SIM_HOST_ENGINES && i < SIM_ENGINES; i++) {
        const engine_t *engine = &self->state->engines[i];
        if (i != e && engine->alive && engine->running && !engine->stale && engine->work)
            cores += engine->work->job->cores;
    }
    return cores;
}

void sim_check_start(simulator_t *self, uint32_t e, const work_t *work)
{
    sim_job_t *job = work->job;
    sim_position_t *position = &job->positions[work->cursor];
    if (job->dropped)
        return;
    MUST(self, position->place == SIM_AT_ENGINE && position->engine == e, "it runs where it was sent");
    position->runs++;
    MUST(self, !job->after || judge(job) == VERDICT_READY || job->mode & IPC_DEPEND_ANY, "what it waits for came true");
    MUST(self, e >= SIM_LISTED || !(position->refused >> e & 1), "no engine is asked again that refused");
    MUST(self, e >= job->needs, "the engine has what it needs");
    MUST(self, job->cores == 0 || cores_in_use(self, e) + job->cores <= SIM_HOST_CORES, "its host has the cores");
    MUST(self, position->runs <= job->retries + 1u, "no more runs than one and the retries");
    MUST(self, position->crashes < SCHEDULER_POISON, "no more crashes than make poison");
    const part_t *part = oldest_part(self, job->client, e);
    if (job->direct && !position->started && !is_unwanted(self, job, work->cursor))
        MUST(self, part && part->job == job && part->cursor == work->cursor,
             "direct work of a client runs in order");
    if (!job->direct)
        MUST(self, !part || part->job->sequence > job->sequence,
             "balanced work runs after the direct work that was sent before it");
    position->started = true;
    position->begun = self->now;
}

//  --- Actions of the scheduler -----------------------------------------------------------------------------

static void on_send(void *context, uint32_t e, scheduler_span_t *span)
{
    simulator_t *self = context;
    engine_t *engine = &self->state->engines[e];
    sim_job_t *job = span->job->payload;
    MUST(self, engine->told_up, "nothing is sent to an engine that is down");
    MUST(self, !job->dropped && !job->over, "nothing is sent for a client that left");
    MUST(self, job->everywhere || !job->allowed || is_listed(job->allowed, e), "the engine is one of those allowed");
    MUST(self, span->left == span->count && span->count > 0, "a span that is sent is whole");
    for (uint64_t i = span->first; i < span->first + span->count; i++) {
        const sim_position_t *position = &job->positions[i];
        MUST(self, position->aborted != SIM_ABORTED, "nothing is sent that was aborted");
        MUST(self, !job->deadline || span->attempts > 0 || job->deadline >= self->now, "nothing is sent too late");
    }
    sim_move(self, job, span->first, span->count, SIM_WAITS, SIM_AT_ENGINE, e);
    MUST(self, !self->hwm || job->direct || span->count <= (job->chunk ? job->chunk : 1), "tasks go one by one");
    MUST(self, !self->hwm || engine->balanced <= self->hwm, "no engine has more tasks than were asked for");
    if (self->log) {
        if (self->sent_count == self->sent_room) {
            self->sent_room = self->sent_room ? 2 * self->sent_room : 64;
            self->sent = ipc_xrealloc(self->sent, self->sent_room * sizeof self->sent[0]);
        }
        self->sent[self->sent_count++] = (sim_sent_t){job, e, span->first, span->count, self->reports};
    }
    sim_post(self, (event_t){.time = self->now + self->latency, .type = EVENT_TASK, .engine = e,
                         .epoch = engine->told_epoch, .span = span->id, .first = span->first, .count = span->count,
                         .attempts = span->attempts, .job = job});
}

static void on_recall(void *context, uint32_t e, uint64_t count)
{
    simulator_t *self = context;
    MUST(self, self->state->engines[e].told_up, "an engine that is down is asked for nothing");
    MUST(self, count > 0, "a recall asks for something");
    self->recalls++;
    sim_post(self, (event_t){.time = self->now + self->latency, .type = EVENT_RECALL, .engine = e,
                         .epoch = self->state->engines[e].told_epoch, .count = count});
}

static void on_drop(void *context, uint32_t e, scheduler_span_t *span, uint64_t first, uint64_t count,
                    scheduler_drop_t how)
{
    simulator_t *self = context;
    if (!self->state)
        return; // the scheduler is being destroyed
    MUST(self, span->state == SPAN_SENT && span->engine == e && count > 0, "an engine is asked to drop what it has");
    sim_post(self, (event_t){.time = self->now + self->latency, .type = EVENT_DROP, .engine = e, .span = span->id,
                         .epoch = self->state->engines[e].told_epoch, .first = first, .count = count,
                         .attempts = (uint16_t) how});
}

static void on_lose(void *context, scheduler_job_t *scheduled, uint64_t first, uint64_t count, uint32_t engine,
                    scheduler_loss_t loss, uint32_t attempts)
{
    simulator_t *self = context;
    sim_job_t *job = scheduled->payload;
    MUST(self, !job->dropped && !job->over && count > 0, "a loss is reported to somebody");
    for (uint64_t i = first; i < first + count; i++) {
        sim_position_t *position = &job->positions[i];
        MUST(self, loss != SCHEDULER_CRASHED || position->crashes > 0, "what crashed was running");
        if (loss == SCHEDULER_IMPOSSIBLE)
            MUST(self, judge(job) == VERDICT_IMPOSSIBLE, "what it waits for cannot come true");
        self->impossible += loss == SCHEDULER_IMPOSSIBLE || loss == SCHEDULER_UNMET;
        MUST(self, loss != SCHEDULER_UNMET || job->cores > SIM_HOST_CORES || job->needs > 0 || job->allowed ||
                       job->follows, "some engine has what it needs");
        MUST(self, loss != SCHEDULER_ABORTED || position->aborted, "only what was aborted ends so");
        MUST(self, loss != SCHEDULER_LATE || (job->deadline && self->now >= job->deadline && position->runs == 0),
             "only what has not started at its deadline ends so");
        MUST(self, loss >= SCHEDULER_ENGINE_LOST || attempts > job->retries || position->aborted ||
                       position->crashes >= SCHEDULER_POISON,
             "retries are used before a loss is reported");
        MUST(self, loss != SCHEDULER_RESULT_LOST || position->started, "what finished had started");
        sim_place_t place = loss >= SCHEDULER_ENGINE_LOST ? position->place : SIM_AT_ENGINE;
        MUST(self, place < SIM_ENDED, "a position ends once");
        sim_move(self, job, i, 1, place, SIM_ENDED, engine);
        position->lost = true;
        position->loss = (uint8_t) loss;
        self->aborts += loss == SCHEDULER_ABORTED;
        self->delays += loss == SCHEDULER_LATE;
    }
    sim_tell_client(self, job, first, count, true, engine);
}

static void on_end(void *context, scheduler_job_t *scheduled)
{
    simulator_t *self = context;
    sim_job_t *job = scheduled->payload;
    free(scheduled->allowed);
    free(scheduled->needs);
    if (!self->state)
        return; // the scheduler is being destroyed
    if (scheduled->waits && !job->dropped)
        dependencies_forget(self->dependencies[job->client], scheduled->waits);
    MUST(self, !job->over, "a job ends once");
    MUST(self, job->dropped || job->open == 0, "a job ends after its last position");
    job->over = true;
}

const scheduler_actions_t sim_actions = {
    .send = on_send, .recall = on_recall, .drop = on_drop, .lose = on_lose, .end = on_end};

//  --- When all is over, and before -------------------------------------------------------------------------

void sim_check_reasons(simulator_t *self)
{
    for (sim_job_t *job = self->jobs; job; job = job->next) {
        char text[256] = "";
        if (job->over || job->dropped)
            continue;
        MUST(self, scheduler_explain(self->scheduler, job->client, job->id + job->count - 1, text, sizeof text) ||
                       job->positions[job->count - 1].place == SIM_ENDED, "what has not ended has a reason");
        MUST(self, text[0] || job->positions[job->count - 1].place == SIM_ENDED, "which is in words");
    }
}

void sim_check_empty(simulator_t *self)
{
    for (sim_job_t *job = self->jobs; job; job = job->next)
        MUST(self, job->over, "every job ends");
    for (uint32_t e = 0; e < SIM_ENGINES; e++)
        MUST(self, scheduler_engine_load(self->scheduler, e) == 0 &&
                       scheduler_engine_queue(self->scheduler, e) == 0,
             "nothing is left at an engine");
    scheduler_counts_t counts = scheduler_counts(self->scheduler);
    MUST(self, counts.jobs == 0 && counts.spans == 0, "no record is left");
}
