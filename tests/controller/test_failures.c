//  Tasks that fail and engines that die, with retries and without, under the simulator's virtual clock, case by case.
#include "cases.h"
#include "tests/common/run_suite.h"

static simulator_t sim; // of the test that runs: Check gives each a process of its own

//  Engine 0 fails everything.
static sim_outcome_t engine_0_fails(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                    int64_t *duration)
{
    (void) self, (void) job, (void) position;
    *duration = engine == 0 ? 100 * SIM_US : 2 * SIM_MS;
    return engine == 0 ? SIM_FAILS : SIM_FINE;
}

START_TEST(a_retry_avoids_the_engine_that_failed_while_another_may_take_it)
{
    sim_init(&sim, 1, 2);
    sim.behave = engine_0_fails;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 20, .retries = 1});
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 20; i++) {
        ck_assert(!job->positions[i].failed && !job->positions[i].lost);
        ck_assert_uint_eq(job->positions[i].engine, 1);
    }
    case_finish(&sim);
}
END_TEST

START_TEST(a_retry_goes_to_the_engine_that_failed_when_no_other_may_take_it)
{
    sim_init(&sim, 1, 2);
    sim.behave = engine_0_fails;
    uint32_t client = sim_join(&sim);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .retries = 2, .allowed = 1});
    sim_job_t *direct =
        sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .retries = 1, .direct = true, .allowed = 1});
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 3; i++) {
        ck_assert(job->positions[i].failed && direct->positions[i].failed);
        ck_assert_uint_eq(job->positions[i].runs, 3);
        ck_assert_uint_eq(direct->positions[i].runs, 2);
    }
    case_finish(&sim);
}
END_TEST

//  Position 5 kills every engine.
static sim_outcome_t item_5_crashes(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                    int64_t *duration)
{
    (void) self, (void) engine, (void) job;
    *duration = 30 * SIM_US;
    return position == 5 ? SIM_CRASHES : SIM_FINE;
}

START_TEST(an_item_that_killed_three_engines_is_poison)
{
    sim_init(&sim, 1, 4);
    sim.behave = item_5_crashes;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 40, .retries = 100});
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 40; i++) ck_assert(job->positions[i].lost == (i == 5));
    ck_assert_uint_eq(job->positions[5].runs, SCHEDULER_POISON);
    ck_assert_int_eq(job->positions[5].loss, SCHEDULER_CRASHED);
    case_finish(&sim);
}
END_TEST

START_TEST(a_crash_costs_the_item_that_ran_and_no_other)
{
    bool direct = _i;
    sim_init(&sim, 1, 1);
    sim.behave = item_5_crashes;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 40, .chunk = 40,
                                                  .direct = direct, .allowed = direct});
    sim_run(&sim, FOREVER);
    uint64_t lost_results = 0;
    for (size_t i = 0; i < 40; i++) {
        ck_assert_uint_eq(job->positions[i].runs, 1);
        ck_assert(!job->positions[i].lost || i <= 5);
        lost_results += job->positions[i].lost && job->positions[i].loss == SCHEDULER_RESULT_LOST;
    }
    ck_assert(job->positions[5].lost && job->positions[5].loss == SCHEDULER_CRASHED);
    ck_assert_uint_gt(lost_results, 0); // finished, but within the time before a flush
    case_finish(&sim);
}
END_TEST

static sim_outcome_t item_5_crashes_once(simulator_t *self, uint32_t engine, const sim_job_t *job,
                                         uint64_t position, int64_t *duration)
{
    (void) self, (void) engine;
    *duration = 30 * SIM_US;
    return position == 5 && job->positions[5].runs == 1 ? SIM_CRASHES : SIM_FINE;
}

START_TEST(a_result_that_was_lost_is_made_again_with_retries)
{
    sim_init(&sim, 1, 1);
    sim.behave = item_5_crashes_once;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 40, .chunk = 40, .retries = 1});
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 40; i++) {
        ck_assert(!job->positions[i].lost);
        ck_assert_uint_eq(job->positions[i].runs, i == 3 || i == 4 || i == 5 ? 2 : 1);
    }
    case_finish(&sim);
}
END_TEST

START_TEST(an_engine_that_dies_idle_costs_nothing)
{
    sim_init(&sim, 1, 1);
    uint32_t client = sim_join(&sim);
    sim_run(&sim, 5 * SIM_MS);
    sim_kill(&sim, 0);
    sim_job_t *direct = sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .direct = true, .allowed = 1});
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 3});
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 3; i++) ck_assert(!direct->positions[i].lost && !job->positions[i].lost);
    case_finish(&sim);
}
END_TEST

START_TEST(direct_work_of_an_engine_that_is_gone_ends_with_an_error)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 20, .direct = true,
                                                  .allowed = 3});
    sim_run(&sim, 15 * SIM_MS);
    sim_remove(&sim, 1);
    ck_assert(!scheduler_engine_known(sim.scheduler, 1));
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 20; i++) ck_assert(job->positions[i].lost == (i > 10));
    ck_assert_int_eq(job->positions[19].loss, SCHEDULER_ENGINE_LOST);
    case_finish(&sim);
}
END_TEST

START_TEST(balanced_work_of_engines_that_are_all_gone_ends_with_an_error)
{
    sim_init(&sim, 1, 2);
    sim_run(&sim, SIM_MS);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 20, .allowed = 2});
    sim_remove(&sim, 1);
    sim_run(&sim, FOREVER);
    ck_assert(job->over && job->positions[0].lost);
    case_finish(&sim);
}
END_TEST

START_TEST(balanced_work_with_retries_outlives_an_engine_that_is_gone)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 20, .retries = 3});
    sim_run(&sim, 15 * SIM_MS);
    sim_remove(&sim, 1);
    sim_run(&sim, FOREVER);
    for (size_t i = 0; i < 20; i++) ck_assert(!job->positions[i].lost);
    case_finish(&sim);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("failures");
    tcase_add_test(tests, a_retry_avoids_the_engine_that_failed_while_another_may_take_it);
    tcase_add_test(tests, a_retry_goes_to_the_engine_that_failed_when_no_other_may_take_it);
    tcase_add_test(tests, an_item_that_killed_three_engines_is_poison);
    tcase_add_loop_test(tests, a_crash_costs_the_item_that_ran_and_no_other, 0, 2);
    tcase_add_test(tests, a_result_that_was_lost_is_made_again_with_retries);
    tcase_add_test(tests, an_engine_that_dies_idle_costs_nothing);
    tcase_add_test(tests, direct_work_of_an_engine_that_is_gone_ends_with_an_error);
    tcase_add_test(tests, balanced_work_of_engines_that_are_all_gone_ends_with_an_error);
    tcase_add_test(tests, balanced_work_with_retries_outlives_an_engine_that_is_gone);
    return run_suite("failures", tests);
}
