//  The scheduler core under a virtual clock: a million events of random schedules, each held against every
//  promise (simulator_promises.c). IPC_SEED=n runs the schedule of that seed alone.
#include <check.h>
#include <stdlib.h>

#include "simulator.h"
#include "tests/common/run_suite.h"

#define FOREVER ((int64_t) 1000000 * SIM_MS)

enum { FEW = 5, HUNDREDS = 300 };

static simulator_t sim;
static uint32_t engine_count; // of the schedule that runs
static uint64_t aborts, delays; // positions that ended so, in all schedules
static uint64_t lapses, late;  // engines that fell silent, and what they told of what was not theirs any more
static uint64_t twice;         // what was said again

//  What a run is like depends on the seed, the job and the position.
static sim_outcome_t at_random(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                               int64_t *duration)
{
    static const int64_t scales[] = {200, 3 * SIM_US, 80 * SIM_US, SIM_MS, 15 * SIM_MS};
    *duration = scales[job->function % 5] * (1 + engine % FEW) / 2 + (int64_t) sim_random(self, 2000);
    if (job->function == 7 && position == 3)
        return SIM_CRASHES; // poison
    uint64_t luck = sim_random(self, 1000);
    return luck < 3 ? SIM_CRASHES : luck < 30 && job->function > 2 ? SIM_FAILS : SIM_FINE;
}

static void submit_at_random(simulator_t *self, uint32_t client)
{
    uint32_t known = 0;
    for (uint32_t e = 0; e < SIM_LISTED; e++) known |= (uint32_t) sim_engine_known(self, e) << e;
    sim_job_t job = {.client = client,
                     .function = (uint32_t) sim_random(self, 9),
                     .count = 1 + sim_random(self, sim_random(self, 4) ? 30 : 900),
                     .direct = sim_random(self, 2),
                     .retries = (uint32_t) sim_random(self, 3) * (uint32_t) sim_random(self, 3),
                     .priority = (int32_t) sim_random(self, 3),
                     .chunk = sim_random(self, 3) ? 0 : 1 + (uint32_t) sim_random(self, 20)};
    // Engine 0 is never removed, so that what lists it can always run.
    uint32_t some = (known & (uint32_t) sim_random(self, 256)) | 1;
    if (job.direct && engine_count > FEW && sim_random(self, 4) == 0) {
        job.everywhere = true;
        job.count = engine_count; // broadcast: a position for each
    } else if (job.direct || sim_random(self, 3) == 0) {
        job.allowed = some;
    }
    if (job.function % 5 == 4 && !job.everywhere)
        job.count = 1 + job.count % 20; // the long ones
    if (sim_random(self, 8) == 0)
        job.wait = 1 + (int64_t) sim_random(self, sim_random(self, 2) ? SIM_MS : 50 * SIM_MS);
    sim_submit(self, job);
}

//  Positions of one job, all work of a client, or what it has for some engines.
static void abort_at_random(simulator_t *self, uint32_t client)
{
    uint64_t skipped = sim_random(self, 12);
    sim_job_t *job = self->jobs;
    while (job && job->next && (skipped > 0 || job->client != client || job->over)) {
        skipped -= skipped > 0;
        job = job->next;
    }
    uint64_t dice = sim_random(self, 10);
    if (dice == 0)
        sim_abort_client(self, client);
    else if (dice < 3)
        sim_abort_engines(self, client, sim_random(self, 2), (uint32_t) sim_random(self, 32));
    else if (job && dice < 6)
        sim_abort(self, job, 0, job->count);
    else if (job)
        for (uint64_t first = sim_random(self, job->count + 1), times = 1 + sim_random(self, 2); times > 0; times--)
            sim_abort(self, job, first, 1 + sim_random(self, 2) * job->count / 2); // it says so again, or says more
}

static void act_at_random(simulator_t *self)
{
    uint32_t client = (uint32_t) sim_random(self, 5);
    uint64_t dice = sim_random(self, 100);
    if (!self->joined[client])
        client = sim_join(self);
    if (sim_random(self, 6) == 0)
        abort_at_random(self, client);
    if (sim_random(self, 4) == 0)
        sim_freeze(self, (uint32_t) sim_random(self, engine_count), (int64_t) (1 + sim_random(self, 60)) * SIM_MS / 10);
    if (dice < 5)
        sim_leave(self, client);
    else if (dice < 9)
        sim_kill(self, (uint32_t) sim_random(self, engine_count));
    else if (dice < 10 && self->user_left % 7 == 0 && sim_engine_known(self, 4))
        sim_remove(self, 4);
    else
        for (uint64_t i = 1 + sim_random(self, 3); i > 0; i--) submit_at_random(self, client);
    if (--self->user_left > 0)
        sim_user_at(self, self->now + (int64_t) sim_random(self, sim_random(self, 2) ? 200 : 20000) * SIM_US / 10);
}

static uint64_t run_by_scheme(uint64_t seed, uint32_t engines, ipc_scheme_t scheme, uint32_t hwm)
{
    engine_count = engines;
    sim_init(&sim, seed, engines);
    scheduler_choose_by(sim.scheduler, scheme, hwm, seed);
    sim.hwm = hwm;
    sim.behave = at_random;
    sim.user = act_at_random;
    sim.lazy = sim.repeats = true;
    sim.latency = (int64_t) (1 + sim_random(&sim, seed % 3 ? 100 : 5000)) * SIM_US;
    sim.user_left = 60;
    sim_user_at(&sim, 0);
    sim_run(&sim, FOREVER);
    uint64_t events = sim.events;
    aborts += sim.aborts;
    delays += sim.delays;
    lapses += sim.lapses;
    late += sim.late;
    twice += sim.twice;
    sim_check_empty(&sim);
    sim_end(&sim);
    return events;
}

static uint64_t run_at_random(uint64_t seed, uint32_t engines)
{
    return run_by_scheme(seed, engines, IPC_SCHEME_LEASTLOAD, 0);
}

START_TEST(random_schedules_keep_every_promise)
{
    const char *one = getenv("IPC_SEED");
    uint64_t events = 0, wanted = one ? 0 : sim_events(1200000);
    if (one)
        run_at_random(strtoull(one, NULL, 10), FEW);
    for (uint64_t seed = 1; events < wanted; seed++) events += run_at_random(seed, FEW);
    ck_assert(one || sim_is_limited() || (aborts > 10000 / SIM_SHARE && delays > 1000 / SIM_SHARE));
    ck_assert_msg(one || sim_is_limited() || (lapses > 300 / SIM_SHARE && late > 100 / SIM_SHARE),
                  "%llu engines lost, %llu late results", (unsigned long long) lapses, (unsigned long long) late);
    ck_assert_uint_gt(twice, one || sim_is_limited() ? 0 : 10000 / SIM_SHARE);
}
END_TEST

START_TEST(random_schedules_of_hundreds_of_engines_keep_every_promise)
{
    const char *one = getenv("IPC_SEED");
    uint64_t events = 0, wanted = one ? 0 : sim_events(400000);
    if (one)
        run_at_random(strtoull(one, NULL, 10), HUNDREDS);
    for (uint64_t seed = 1; events < wanted; seed++) events += run_at_random(seed, HUNDREDS);
}
END_TEST

START_TEST(random_schedules_of_every_scheme_and_window_keep_every_promise)
{
    static const uint32_t windows[] = {0, 1, 3, 1000};
    const char *one = getenv("IPC_SEED");
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        for (uint64_t seed = 1; seed <= 25 / SIM_SHARE; seed++)
            run_by_scheme(one ? strtoull(one, NULL, 10) : seed, FEW, (ipc_scheme_t) _i, windows[i]);
    run_by_scheme(1, HUNDREDS, (ipc_scheme_t) _i, 2);
}
END_TEST

//  Single calls, one after the other, while hundreds of engines have nothing to do: what is looked at does not grow
//  with their number.
static uint64_t looks_of_single_calls(uint32_t engines, uint64_t calls)
{
    sim_init(&sim, 1, engines);
    uint32_t client = sim_join(&sim);
    for (uint64_t i = 0; i < calls; i++) {
        sim_submit(&sim, (sim_job_t){.client = client, .count = 1});
        sim_run(&sim, FOREVER);
    }
    uint64_t looks = scheduler_counts(sim.scheduler).looks;
    sim_check_empty(&sim);
    sim_end(&sim);
    return looks;
}

START_TEST(a_turn_costs_what_changed_however_many_engines_are_idle)
{
    enum { CALLS = 200 };
    uint64_t few = looks_of_single_calls(FEW, CALLS), many = looks_of_single_calls(HUNDREDS, CALLS);
    ck_assert_uint_ge(few, CALLS);
    ck_assert_uint_le(many, few + HUNDREDS);
}
END_TEST

//  A call for a few engines waits behind their work while hundreds that may not take it are idle.
START_TEST(work_for_a_few_engines_is_not_offered_to_all_in_each_turn)
{
    enum { ITEMS = 4000 };
    sim_init(&sim, 1, HUNDREDS);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = ITEMS, .allowed = 3, .chunk = 1});
    sim_run(&sim, FOREVER);
    ck_assert(job->over);
    ck_assert_uint_le(scheduler_counts(sim.scheduler).looks, 4 * ITEMS);
    sim_check_empty(&sim);
    sim_end(&sim);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("schedules");
    tcase_set_timeout(tests, sim_is_limited() ? 0 : 150);
    tcase_add_test(tests, random_schedules_keep_every_promise);
    tcase_add_test(tests, random_schedules_of_hundreds_of_engines_keep_every_promise);
    tcase_add_loop_test(tests, random_schedules_of_every_scheme_and_window_keep_every_promise, 0, IPC_SCHEMES);
    tcase_add_test(tests, a_turn_costs_what_changed_however_many_engines_are_idle);
    tcase_add_test(tests, work_for_a_few_engines_is_not_offered_to_all_in_each_turn);
    return run_suite("schedules", tests);
}
