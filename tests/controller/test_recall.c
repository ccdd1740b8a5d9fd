//  What an engine has not begun is asked back for one that is idle, or gives way to a call, under the simulator's
//  virtual clock, case by case.
#include "cases.h"
#include "tests/common/run_suite.h"

static simulator_t sim; // of the test that runs: Check gives each a process of its own

//  Engine 0 is slow: 200 ms; the others need 1 ms.
static sim_outcome_t engine_0_is_slow(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                      int64_t *duration)
{
    (void) self, (void) job, (void) position;
    *duration = engine == 0 ? 200 * SIM_MS : SIM_MS;
    return SIM_FINE;
}

START_TEST(long_tasks_do_not_wait_behind_a_slow_engine)
{
    sim_init(&sim, 1, 4);
    sim.behave = engine_0_is_slow;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 100});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished, 205 * SIM_MS); // the one that it runs, and no other
    case_finish(&sim);
}
END_TEST

static sim_outcome_t takes_100_us(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                  int64_t *duration)
{
    (void) self, (void) engine, (void) job, (void) position;
    *duration = 100 * SIM_US;
    return SIM_FINE;
}

//  Some 20 tasks wait at the engine when somebody calls it: they go behind.
START_TEST(what_waits_at_an_engine_gives_way_to_a_lone_call)
{
    sim_init(&sim, 1, 1);
    sim.behave = takes_100_us;
    sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 1000});
    sim_run(&sim, 20 * SIM_MS);
    ck_assert_uint_ge(scheduler_engine_load(sim.scheduler, 0), 10);
    sim.now = 20 * SIM_MS;
    sim_job_t *call = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 1, .direct = true, .allowed = 1});
    sim_run(&sim, FOREVER);
    // Those that it began while the call was on its way, and the call itself.
    ck_assert_int_le(call->finished, 20 * SIM_MS + 2 * sim.latency + 300 * SIM_US);
    case_finish(&sim);
}
END_TEST

//  What waits at engine 0 is not for engine 1: it is not asked back again and again.
START_TEST(an_idle_engine_recalls_nothing_that_it_may_not_take)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    uint32_t client = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.client = client, .count = 20, .allowed = 1});
    sim_run(&sim, FOREVER);
    ck_assert_uint_eq(sim.recalls, 0);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 20}); // these are
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished, (200 + 115) * SIM_MS);
    case_finish(&sim);
}
END_TEST

START_TEST(a_window_that_was_too_large_is_recalled_until_it_is_empty)
{
    sim_init(&sim, 1, 4);
    sim.behave = engine_0_grows_slow;
    uint32_t client = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.client = client, .count = 4000}); // 10 ms: the windows are learnt
    sim_run(&sim, 60 * SIM_MS);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 1000});
    sim.now = 60 * SIM_MS;
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished, (60 + 45) * SIM_MS); // one item of 20 ms or two, not half a window
    case_finish(&sim);
}
END_TEST

//  LECTURE.md C16: item on engine i takes 10 ms x i.
static sim_outcome_t lecture_exercise(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                      int64_t *duration)
{
    (void) self, (void) job, (void) position;
    *duration = engine ? engine * 10 * SIM_MS : SIM_US;
    return SIM_FINE;
}

START_TEST(lecture_exercise_4_takes_no_longer_than_its_longest_tasks)
{
    sim_init(&sim, 1, 4);
    sim.behave = lecture_exercise;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 1024});
    sim_run(&sim, FOREVER);
    ck_assert_int_lt(job->finished, 45 * SIM_MS);
    case_finish(&sim);
}
END_TEST

START_TEST(a_recall_stands_back_for_work_that_the_idle_engine_may_not_take)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 2, .allowed = 1u << 0});
    sim_run(&sim, FOREVER);
    ck_assert_uint_le(sim.recalls, 4); // not one after the other for 10 ms
    case_finish(&sim);
}
END_TEST

START_TEST(a_recall_does_not_wait_for_work_that_nobody_can_take)
{
    sim_init(&sim, 1, 3);
    sim.behave = engine_0_grows_slow;
    uint32_t client = sim_join(&sim);
    sim_tell(&sim, 2, false);
    sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .allowed = 4}); // waits for engine 2
    sim_submit(&sim, (sim_job_t){.client = client, .count = 4000, .allowed = 3});
    sim_run(&sim, 60 * SIM_MS);
    sim.now = 60 * SIM_MS;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 500, .allowed = 3});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished, (60 + 45) * SIM_MS);
    sim_tell(&sim, 2, true);
    case_finish(&sim);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("recall");
    tcase_add_test(tests, long_tasks_do_not_wait_behind_a_slow_engine);
    tcase_add_test(tests, what_waits_at_an_engine_gives_way_to_a_lone_call);
    tcase_add_test(tests, an_idle_engine_recalls_nothing_that_it_may_not_take);
    tcase_add_test(tests, a_window_that_was_too_large_is_recalled_until_it_is_empty);
    tcase_add_test(tests, lecture_exercise_4_takes_no_longer_than_its_longest_tasks);
    tcase_add_test(tests, a_recall_stands_back_for_work_that_the_idle_engine_may_not_take);
    tcase_add_test(tests, a_recall_does_not_wait_for_work_that_nobody_can_take);
    return run_suite("recall", tests);
}
