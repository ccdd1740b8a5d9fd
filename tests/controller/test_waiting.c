//  Jobs that wait for other jobs, that need something of an engine, and that engines refuse, under the simulator's
//  virtual clock: each ends once, at the time it should, with deaths and races. IPC_SEED=n runs that seed alone.
#include <check.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "simulator.h"
#include "tests/common/run_suite.h"

#define FOREVER ((int64_t) 1000000 * SIM_MS)

enum { FEW = 5, SUCCESS = IPC_DEPEND_SUCCESS, ENDED = IPC_DEPEND_SUCCESS | IPC_DEPEND_FAILURE };

static simulator_t sim;
static uint64_t waited, refused, impossible, reasons; // over all seeds

static sim_outcome_t at_random(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                               int64_t *duration)
{
    *duration = (int64_t) sim_random(self, 400 * SIM_US);
    if (job->function % 3 == 1 && (engine + position) % 4 > 0)
        return SIM_REFUSES;
    if (job->function == 5)
        return SIM_REFUSES;
    uint64_t luck = sim_random(self, 1000);
    return luck < 4 ? SIM_CRASHES : luck < 60 && job->function > 1 ? SIM_FAILS : SIM_FINE;
}

//  One of a client's jobs, the younger the likelier; or NULL.
static sim_job_t *some_job_of(simulator_t *self, uint32_t client)
{
    for (sim_job_t *job = self->jobs; job; job = job->next)
        if (job->client == client && job->id > self->session[client] && sim_random(self, 3) == 0)
            return job;
    return NULL;
}

static void submit_at_random(simulator_t *self, uint32_t client)
{
    static const uint32_t modes[] = {SUCCESS, SUCCESS, ENDED, IPC_DEPEND_FAILURE, SUCCESS | IPC_DEPEND_ANY,
                                     ENDED | IPC_DEPEND_ANY};
    sim_job_t job = {.client = client,
                     .function = (uint32_t) sim_random(self, 8),
                     .count = 1 + sim_random(self, sim_random(self, 3) ? 3 : 40),
                     .retries = (uint32_t) sim_random(self, 3),
                     .direct = sim_random(self, 5) == 0};
    if (job.direct) {
        job.allowed = 1 + (uint32_t) sim_random(self, 15);
    } else {
        job.after = some_job_of(self, client);
        job.mode = modes[sim_random(self, 6)];
        job.follows = sim_random(self, 3) == 0;
        job.needs = sim_random(self, 3) ? 0 : (uint32_t) sim_random(self, FEW + 2);
        if (!job.after && sim_random(self, 3) == 0)
            job.allowed = 1 + (uint32_t) sim_random(self, 15);
    }
    waited += job.after != NULL;
    sim_submit(self, job);
}

static void act_at_random(simulator_t *self)
{
    uint32_t client = (uint32_t) sim_random(self, 3);
    uint64_t dice = sim_random(self, 100);
    if (!self->joined[client])
        client = sim_join(self);
    if (dice < 3)
        sim_leave(self, client);
    else if (dice < 9)
        sim_kill(self, (uint32_t) sim_random(self, FEW));
    else if (dice < 12)
        sim_freeze(self, (uint32_t) sim_random(self, FEW), (int64_t) (1 + sim_random(self, 60)) * SIM_MS / 10);
    else if (dice < 14 && sim_engine_known(self, 4) && self->user_left < 20)
        sim_remove(self, 4);
    else
        for (uint64_t i = 1 + sim_random(self, 4); i > 0; i--) submit_at_random(self, client);
    if (self->user_left % 8 == 0) {
        sim_check_reasons(self);
        reasons++;
    }
    if (--self->user_left > 0)
        sim_user_at(self, self->now + (int64_t) sim_random(self, 600) * SIM_US);
}

static uint64_t run_at_random(uint64_t seed)
{
    sim_init(&sim, seed, FEW);
    sim.behave = at_random;
    sim.user = act_at_random;
    sim.lazy = true;
    sim.latency = (int64_t) (1 + sim_random(&sim, seed % 2 ? 100 : 2000)) * SIM_US;
    sim.user_left = 60;
    sim_user_at(&sim, 0);
    sim_run(&sim, FOREVER);
    refused += sim.refusals;
    impossible += sim.impossible;
    uint64_t events = sim.events;
    sim_check_empty(&sim);
    sim_end(&sim);
    return events;
}

START_TEST(random_schedules_of_waiting_jobs_keep_every_promise)
{
    const char *one = getenv("IPC_SEED");
    if (one)
        run_at_random(strtoull(one, NULL, 10));
    uint64_t events = 0, wanted = one ? 0 : sim_events(300000);
    for (uint64_t seed = 1; events < wanted; seed++) events += run_at_random(seed);
    if (one || sim_is_limited())
        return;
    ck_assert_uint_gt(waited, 1000 / SIM_SHARE); // it did happen
    ck_assert_uint_gt(refused, 100 / SIM_SHARE);
    ck_assert_uint_gt(impossible, 100 / SIM_SHARE);
    ck_assert_uint_gt(reasons, 400 / SIM_SHARE);
}
END_TEST

START_TEST(an_engine_that_comes_takes_queued_work_at_once)
{
    enum { ITEMS = 12 };
    sim_init(&sim, 1, 1);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = ITEMS, .chunk = 1, .function = 9});
    sim.behave = NULL;
    sim_tell(&sim, 0, false); // nothing can run
    sim_run(&sim, 10 * SIM_MS);
    ck_assert_uint_eq(job->open, ITEMS);
    sim_add(&sim, 1);
    sim_run(&sim, 10 * SIM_MS + SIM_MS);
    ck_assert(job->over);
    for (size_t i = 0; i < ITEMS; i++) ck_assert_uint_eq(job->positions[i].engine, 1);
    sim_tell(&sim, 0, true);
    sim_run(&sim, FOREVER);
    sim_check_empty(&sim);
    sim_end(&sim);
}
END_TEST

START_TEST(a_need_that_no_engine_meets_ends_the_job_at_once)
{
    sim_init(&sim, 1, 4); // gpu=0 to gpu=3
    uint32_t client = sim_join(&sim);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .needs = 4});
    ck_assert(job->over && job->positions[2].loss == SCHEDULER_UNMET);
    job = sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .needs = 3, .allowed = 7});
    ck_assert(job->over);
    job = sim_submit(&sim, (sim_job_t){.client = client, .count = 30, .needs = 3});
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 30; i++) ck_assert_uint_eq(job->positions[i].engine, 3);
    job = sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .needs = 3});
    sim_remove(&sim, 3); // the only one that could
    sim_run(&sim, FOREVER);
    ck_assert(job->over && job->positions[0].lost);
    sim_check_empty(&sim);
    sim_end(&sim);
}
END_TEST

static void explain(uint32_t client, const sim_job_t *job, const char *words)
{
    char text[256] = "";
    ck_assert(scheduler_explain(sim.scheduler, client, job->id, text, sizeof text));
    ck_assert_msg(strstr(text, words), "'%s' has no '%s'", text, words);
}

START_TEST(a_task_that_cannot_start_has_a_reason)
{
    char text[256];
    sim_init(&sim, 1, 2);
    uint32_t client = sim_join(&sim);
    sim_tell(&sim, 0, false);
    sim_tell(&sim, 1, false);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 4});
    sim_job_t *next = sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .after = job, .mode = SUCCESS});
    sim_job_t *direct = sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .direct = true, .allowed = 2});
    explain(client, job, "none is ready");
    explain(client, next, "waits for 4 others");
    explain(client, direct, "engine 1, which is away");
    sim_tell(&sim, 0, true);
    sim_tell(&sim, 1, true);
    sim_run(&sim, FOREVER);
    ck_assert(!scheduler_explain(sim.scheduler, client, job->id, text, sizeof text));
    sim_check_empty(&sim);
    sim_end(&sim);
}
END_TEST

//  What happened to the values of a job.
typedef struct values {
    uint64_t taken[4], wanted[4];      // how often each
} values_t;

static void note_taken(void *context, void *job, uint64_t number, const ipc_msg_t *result, uint64_t offset,
                       uint64_t count)
{
    values_t *values = context;
    ck_assert_ptr_nonnull(job);
    ck_assert_uint_le(offset + count, result->result.count);
    for (uint64_t i = number; i < number + count; i++) values->taken[i]++;
}

static void note_wanted(void *context, void *job, uint64_t id, uint64_t number, uint64_t count)
{
    values_t *values = context;
    ck_assert_ptr_nonnull(job);
    ck_assert_uint_eq(id, 100);
    for (uint64_t i = number; i < number + count; i++) values->wanted[i]++;
}

//  Of four values one is known to the client, one went to it before it was read, two come: each is had once.
START_TEST(each_value_is_taken_wanted_or_sent)
{
    values_t values = {0};
    dependencies_t *self =
        dependencies_new(&(dependencies_actions_t){.take = note_taken, .want = note_wanted}, &values);
    ipc_parent_t parents[] = {{.count = 1, .state = IPC_PARENT_DONE}, {.job = 1, .count = 3}};
    condition_terms_t none = {{"", 0}, 0};
    ipc_msg_t result = {.type = IPC_MSG_RESULT, .result = {.job = 1, .count = 1}};
    decision_t decision;
    int job = 0;
    void *found = NULL;
    dependencies_note(self, &result); // position 0, which the client has not read
    dependencies_add(self, &job, 100, 0, &none, &none, (ipc_bytes_t){(const char *) parents, sizeof parents});
    ck_assert_uint_eq(values.wanted[1], 1);
    result.result.first = 1;
    result.result.count = 2;
    dependencies_note(self, &result);
    ck_assert(!dependencies_next(self, &decision));
    for (int i = 0; i < 2; i++) { // the known one, and the wanted one
        dependent_t *dependent = dependencies_find(self, 100, &found);
        ck_assert_ptr_eq(found, &job);
        dependencies_supplied(self, dependent, 1);
    }
    ck_assert(dependencies_next(self, &decision) && decision.verdict == VERDICT_READY && decision.job == &job);
    ck_assert_ptr_null(dependencies_find(self, 100, &found));
    const values_t expected = {.taken = {0, 0, 1, 1}, .wanted = {0, 1, 0, 0}};
    ck_assert_mem_eq(&values, &expected, sizeof values);
    dependencies_destroy(&self);
}
END_TEST

//  One that failed before the job came: no value is waited for.
START_TEST(the_value_of_a_failed_task_is_not_waited_for)
{
    values_t values = {0};
    dependencies_t *self =
        dependencies_new(&(dependencies_actions_t){.take = note_taken, .want = note_wanted}, &values);
    ipc_parent_t parents[] = {{.job = 1, .count = 2}};
    condition_terms_t none = {{"", 0}, 0};
    decision_t decision;
    int job = 0;
    dependencies_note(self, &(ipc_msg_t){.type = IPC_MSG_RESULT,
                                          .result = {.job = 1, .first = 1, .count = 1, .failed = 1}});
    dependencies_add(self, &job, 100, 0, &none, &none, (ipc_bytes_t){(const char *) parents, sizeof parents});
    ck_assert(dependencies_next(self, &decision) && decision.verdict == VERDICT_IMPOSSIBLE);
    ck_assert_str_eq(decision.reason, "task 2, whose value it was to be given, failed");
    dependencies_destroy(&self);
}
END_TEST

//  The controller remembers some thousands of messages; a client that is further behind gets a sentence, no wait.
START_TEST(what_is_not_known_any_more_is_said)
{
    dependencies_t *self = dependencies_new(NULL, NULL);
    ipc_parent_t parent = {.job = 1, .count = 1};
    condition_terms_t after = {{(const char *) &parent, sizeof parent}, SUCCESS}, none = {{"", 0}, 0};
    ipc_bytes_t nothing = {"", 0};
    decision_t decision;
    int job = 0;
    for (uint64_t i = 1; i <= 10000; i++) 
        dependencies_note(self, &(ipc_msg_t){.type = IPC_MSG_RESULT, .result = {.job = i, .count = 1}});
    dependencies_add(self, &job, 20000, 0, &after, &none, nothing);
    ck_assert(dependencies_next(self, &decision) && decision.verdict == VERDICT_INVALID && decision.job == &job);
    dependencies_add(self, &job, 20000, 9000, &after, &none, nothing); // job 1 has not ended since: it waits
    ck_assert(!dependencies_next(self, &decision));
    parent.job = 9500;
    dependencies_add(self, &job, 20000, 9000, &after, &none, nothing);
    ck_assert(dependencies_next(self, &decision) && decision.verdict == VERDICT_READY);
    parent.job = 20000; // itself
    dependencies_add(self, &job, 20000, 10000, &after, &none, nothing);
    ck_assert(dependencies_next(self, &decision) && decision.verdict == VERDICT_INVALID);
    ck_assert(!dependencies_next(self, &decision));
    dependencies_destroy(&self);
}
END_TEST

//  Each by itself, of 20,000 that wait, from wherever it stands; others stay. That this takes no longer when there are
//  more is seen by who waits for the test.
START_TEST(each_of_many_jobs_is_aborted_by_itself)
{
    enum { JOBS = 20000, STRIDE = 7919 };
    static sim_job_t *jobs[JOBS];
    sim_init(&sim, 1, 4);
    uint32_t client = sim_join(&sim);
    for (uint32_t engine = 0; engine < 4; engine++) sim_tell(&sim, engine, false);
    for (size_t i = 0; i < JOBS; i++)
        jobs[i] = sim_submit(&sim, (sim_job_t){.client = client, .count = 4, .direct = i % 2, .everywhere = i % 2});
    for (size_t i = 0; i < JOBS; i++)
        if (i * STRIDE % JOBS % 3)
            sim_abort(&sim, jobs[i * STRIDE % JOBS], 0, 4);
    ck_assert_uint_eq(scheduler_counts(sim.scheduler).jobs, (JOBS + 2) / 3);
    for (uint32_t engine = 0; engine < 4; engine++) sim_tell(&sim, engine, true);
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < JOBS; i++)
        for (size_t k = 0; k < 4; k++) ck_assert_int_eq(jobs[i]->positions[k].lost, i % 3 != 0);
    sim_check_empty(&sim);
    sim_end(&sim);
}
END_TEST

static void forget_send(void *context, uint32_t engine, scheduler_span_t *span)
{
    (void) context, (void) engine, (void) span;
}

static void forget_drop(void *context, uint32_t engine, scheduler_span_t *span, uint64_t first, uint64_t count,
                        scheduler_drop_t how)
{
    (void) context, (void) engine, (void) span, (void) first, (void) count, (void) how;
}

static void forget_loss(void *context, scheduler_job_t *job, uint64_t first, uint64_t count, uint32_t engine,
                        scheduler_loss_t loss, uint32_t attempts)
{
    (void) context, (void) job, (void) first, (void) count, (void) engine, (void) loss, (void) attempts;
}

static void forget_end(void *context, scheduler_job_t *job)
{
    (void) context, (void) job;
}

//  A sanitizer's allocator says nothing.
static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

//  What engines never answer to: it is asked for again and again, of one part and another.
START_TEST(what_is_aborted_again_and_again_takes_no_more_memory)
{
    enum { TIMES = 10000, SLACK = 4096 };
    static const scheduler_actions_t actions = {.send = forget_send, .drop = forget_drop, .lose = forget_loss,
                                                .end = forget_end};
    scheduler_t *self = scheduler_new(&actions, NULL);
    uint32_t client = scheduler_client_join(self);
    for (uint32_t engine = 0; engine < 2; engine++) scheduler_engine_up(self, engine);
    for (uint64_t id = 1; id <= 2; id++) {
        scheduler_job_t *job = scheduler_job_new(self);
        *job = (scheduler_job_t){.id = id, .client = client, .count = 8, .chunk = 4, .direct = id == 2};
        for (uint32_t engine = 0; job->direct && engine < 2; engine++)
            scheduler_job_target(self, job, engine, 4 * engine, 4);
        scheduler_submit(self, job);
    }
    scheduler_dispatch(self, SIM_MS);
    size_t before = 0;
    for (int i = 0; i < TIMES; i++) {
        for (uint64_t first = 0; first < 8; first += 2) scheduler_abort(self, client, 1, first, 1);
        scheduler_abort_engines(self, client, true, (const uint32_t[]){0, 1}, 2);
        before = before ? before : allocated();
    }
    ck_assert_uint_le(allocated(), before + SLACK);
    scheduler_destroy(&self);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("waiting");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, random_schedules_of_waiting_jobs_keep_every_promise);
    tcase_add_test(tests, an_engine_that_comes_takes_queued_work_at_once);
    tcase_add_test(tests, a_need_that_no_engine_meets_ends_the_job_at_once);
    tcase_add_test(tests, a_task_that_cannot_start_has_a_reason);
    tcase_add_test(tests, each_value_is_taken_wanted_or_sent);
    tcase_add_test(tests, the_value_of_a_failed_task_is_not_waited_for);
    tcase_add_test(tests, what_is_not_known_any_more_is_said);
    tcase_add_test(tests, each_of_many_jobs_is_aborted_by_itself);
    tcase_add_test(tests, what_is_aborted_again_and_again_takes_no_more_memory);
    return run_suite("waiting", tests);
}
