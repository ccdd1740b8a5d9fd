//  Jobs that wait for others: as controller/terms.c and controller/given.c have it.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "succession_body.h"

static ipc_bytes_t bytes_of(const ipc_writer_t *writer)
{
    return (ipc_bytes_t){writer->data ? writer->data : "", writer->size};
}

//  --- What is to be, by all-seeing eyes ------------------------------------------------------------------------------

typedef struct tally {
    uint64_t met, unmet;               // positions
    uint32_t engines;                  // bits of those that ran what is met
} tally_t;

static tally_t count(const parent_t *parent, bool follows)
{
    tally_t tally = {0};
    for (uint64_t i = 0; i < parent->count; i++) {
        const position_t *position = &parent->job->positions[parent->first + i];
        if (!position->told)
            continue;
        bool met = parent->mode & (position->failed ? IPC_DEPEND_FAILURE : IPC_DEPEND_SUCCESS);
        met = met && !(follows && position->engine == UINT32_MAX);
        tally.met += met;
        tally.unmet += !met;
        if (met && position->engine < ENGINES)
            tally.engines |= (uint32_t) 1 << position->engine;
    }
    return tally;
}

static verdict_t judge_one(const parent_t *parent, bool follows)
{
    if (!parent->job)
        return VERDICT_READY;
    tally_t tally = count(parent, follows);
    bool any = parent->mode & IPC_DEPEND_ANY, torn = follows && !any && (tally.engines & (tally.engines - 1));
    if (any ? tally.met > 0 : tally.met == parent->count)
        return torn ? VERDICT_IMPOSSIBLE : VERDICT_READY;
    return torn || (any ? tally.unmet == parent->count : tally.unmet > 0) ? VERDICT_IMPOSSIBLE : VERDICT_WAITS;
}

static verdict_t judge(const job_t *job)
{
    verdict_t verdict = VERDICT_READY;
    for (uint32_t i = 0; i < CONDITIONS; i++) {
        verdict_t one = judge_one(&job->parents[i], i == FOLLOW);
        if (one == VERDICT_IMPOSSIBLE)
            return one;
        verdict = one == VERDICT_WAITS ? one : verdict;
    }
    return verdict;
}

//  --- Values ---------------------------------------------------------------------------------------------------------

//  The value of a position is its id.
static void write_values(const job_t *job, uint64_t first, uint64_t count, ipc_writer_t *values)
{
    for (uint64_t i = first; i < first + count; i++) ipc_write_u64(values, job->id + i);
}

static int take(job_t *job, uint64_t number, uint64_t count, const ipc_writer_t *from, uint64_t offset)
{
    ipc_reader_t values = ipc_reader(from->data, from->size);
    for (uint64_t i = 0; i < offset; i++) ipc_read_u64(&values);
    return job->supply ? supply_take(job->supply, number, count, &values) : -1;
}

static void on_take(void *context, void *scheduled, uint64_t number, const ipc_msg_t *result, uint64_t offset,
                    uint64_t count)
{
    succession_t *self = context;
    const ipc_writer_t body = {.data = (char *) result->result.body.data, .size = result->result.body.size};
    MUST(self, !take(((scheduler_job_t *) scheduled)->payload, number, count, &body, offset), "a value comes once");
}

static void on_want(void *context, void *scheduled, uint64_t id, uint64_t number, uint64_t count)
{
    succession_t *self = context;
    job_t *job = ((scheduler_job_t *) scheduled)->payload;
    (void) id;
    send_to_client(self, self->speaks, (note_t){.type = NOTE_WANT, .job = job, .first = number, .count = count});
}

const dependencies_actions_t terms_actions = {.take = on_take, .want = on_want};

void terms_supply(succession_t *self, known_client_t *client, const note_t *note)
{
    void *scheduled = NULL;
    ipc_auto(ipc_writer_destroy) ipc_writer_t values = {0};
    const parent_t *given = &note->job->parents[GIVEN];
    dependent_t *dependent = dependencies_find(client->dependencies, note->job->id, &scheduled);
    write_values(given->job, given->first + note->first, note->count, &values);
    if (!dependent || take(note->job, note->first, note->count, &values, 0))
        return; // it is not wanted any more
    MUST(self, !note->echo, "no value counts twice");
    dependencies_supplied(client->dependencies, dependent, note->count);
}

static bool has_all_values(const job_t *job)
{
    const parent_t *given = &job->parents[GIVEN];
    if (!supply_is_complete(job->supply) || supply_count(job->supply) != given->count)
        return false;
    ipc_bytes_t body = supply_body(job->supply);
    ipc_reader_t values = ipc_reader(body.data, body.size);
    for (uint64_t i = 0; i < given->count; i++)
        if (ipc_read_u64(&values) != given->job->id + given->first + i)
            return false;
    return true;
}

//  --- What waits -----------------------------------------------------------------------------------------------------

void terms_note(known_client_t *client, const note_t *result, uint32_t engine)
{
    ipc_auto(ipc_writer_destroy) ipc_writer_t body = {0};
    write_values(result->job, result->first, result->count, &body);
    dependencies_note(client->dependencies,
                      &(ipc_msg_t){.type = IPC_MSG_RESULT,
                                   .result = {.job = result->job->id, .first = result->first, .count = result->count,
                                              .failed = result->failed, .engine = engine, .body = bytes_of(&body)}});
}

void terms_hold(succession_t *self, known_client_t *client, scheduler_job_t *scheduled, const terms_t *terms)
{
    job_t *job = scheduled->payload;
    condition_terms_t after = {bytes_of(&terms->parents[AFTER]), job->parents[AFTER].mode};
    condition_terms_t follow = {bytes_of(&terms->parents[FOLLOW]), job->parents[FOLLOW].mode};
    if (terms->parents[GIVEN].size > 0)
        job->supply = supply_new(job->parents[GIVEN].count);
    scheduled->held = true;
    self->speaks = client;
    scheduled->waits = dependencies_add(client->dependencies, scheduled, job->id, terms->seen, &after, &follow,
                                        bytes_of(&terms->parents[GIVEN]));
}

static void confine(scheduler_job_t *scheduled, const uint32_t *engines, uint32_t count)
{
    job_t *job = scheduled->payload;
    free(scheduled->allowed);
    scheduled->allowed = ipc_xalloc(count * sizeof engines[0]);
    memcpy(scheduled->allowed, engines, count * sizeof engines[0]);
    scheduled->allowed_count = count;
    job->confined = 0;
    for (uint32_t i = 0; i < count; i++) job->confined |= (uint32_t) 1 << engines[i];
}

void terms_confine(succession_t *self, known_client_t *client, scheduler_job_t *scheduled, const terms_t *terms)
{
    const parent_t *parent = &((job_t *) scheduled->payload)->parents[FOLLOW];
    condition_terms_t follow = {bytes_of(&terms->parents[FOLLOW]), parent->mode};
    uint32_t count_of = 0;
    if (!parent->job)
        return;
    const uint32_t *engines = dependencies_engines(client->dependencies, scheduled->id, &follow, &count_of);
    if (engines)
        confine(scheduled, engines, count_of);
    uint32_t confined = ((job_t *) scheduled->payload)->confined;
    MUST(self, (engines ? confined : 0) == count(parent, true).engines, "what is left goes where others ran");
}

static void carry_out(succession_t *self, const decision_t *decision)
{
    scheduler_job_t *scheduled = decision->job;
    job_t *job = scheduled->payload;
    scheduled->waits = NULL;
    MUST(self, decision->verdict == judge(job), "it is decided when it can be, and as it came");
    if (decision->verdict == VERDICT_IMPOSSIBLE) {
        scheduler_give_up(self->scheduler, scheduled, SCHEDULER_IMPOSSIBLE);
        return;
    }
    MUST(self, !job->parents[GIVEN].job || has_all_values(job), "it is given the values that it waited for");
    job->released = true;
    if (decision->engines)
        confine(scheduled, decision->engines, decision->engine_count);
    MUST(self, !job->parents[FOLLOW].job || !(job->confined & ~count(&job->parents[FOLLOW], true).engines),
         "it follows to where others ran");
    scheduler_release(self->scheduler, scheduled);
}

void terms_decide(succession_t *self)
{
    decision_t decision;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < CONNECTIONS; i++)
            while (self->known_clients[i].here && dependencies_next(self->known_clients[i].dependencies, &decision)) {
                carry_out(self, &decision);
                more = true;
            }
    }
}
