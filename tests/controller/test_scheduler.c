//  The scheduler core under a virtual clock, case by case: windows, chunks, clients, records. What is asked back:
//  test_recall.c; what fails: test_failures.c. Random schedules: test_schedules.c.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "tests/common/run_suite.h"

enum { ALL = 0 };

static simulator_t sim; // of the test that runs: Check gives each a process of its own

// --- The window ----------------------------------------------------------------------------------------

START_TEST(a_window_starts_with_one_item_and_doubles)
{
    sim_init(&sim, 1, 1);
    sim.log = true;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 20000});
    sim_run(&sim, FOREVER);
    ck_assert_uint_eq(sim.sent[0].count, 1);
    uint64_t most = 1;
    for (size_t i = 1; i < sim.sent_count; i++) {
        uint64_t reports = sim.sent[i].reports;
        ck_assert_uint_le(sim.sent[i].count, (uint64_t) 1 << (reports < 20 ? reports : 20));
        most = sim.sent[i].count > most ? sim.sent[i].count : most;
    }
    ck_assert_uint_ge(most, SCHEDULER_WINDOW_NS / 2000); // of 1 us
    ck_assert_uint_le(most, SCHEDULER_WINDOW_NS / 1000 + 1);
    ck_assert(job->over);
    case_finish(&sim);
}
END_TEST

START_TEST(tiny_tasks_stream)
{
    sim_init(&sim, 1, 4);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 400000});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished, 103 * SIM_MS); // 400,000 us on four engines are 100 ms
    case_finish(&sim);
}
END_TEST

START_TEST(what_an_engine_has_before_it_is_bounded)
{
    sim_init(&sim, 1, 1);
    sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 100000});
    for (int i = 0; i < 50; i++) {
        sim_run(&sim, (int64_t) i * SIM_MS);
        ck_assert_uint_le(scheduler_engine_load(sim.scheduler, 0), 2002);
    }
    case_finish(&sim);
}
END_TEST

START_TEST(long_tasks_spread_over_the_engines)
{
    sim_init(&sim, 1, 4);
    sim.behave = takes_10_ms;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 8});
    sim_run(&sim, FOREVER);
    for (uint64_t i = 0; i < 4; i++) ck_assert_uint_eq(job->positions[i].engine, i);
    ck_assert_int_le(job->finished, 21 * SIM_MS);
    case_finish(&sim);
}
END_TEST

// --- Clients that do not read ----------------------------------------------------------------------------

START_TEST(nothing_of_a_paused_client_is_sent_and_others_go_on)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    uint32_t stopped = sim_join(&sim), other = sim_join(&sim);
    scheduler_client_pause(sim.scheduler, stopped, true);
    sim_job_t *balanced = sim_submit(&sim, (sim_job_t){.client = stopped, .count = 8});
    sim_job_t *direct = sim_submit(&sim, (sim_job_t){.client = stopped, .count = 1, .direct = true, .allowed = 1});
    sim_job_t *theirs = sim_submit(&sim, (sim_job_t){.client = other, .count = 8});
    sim_job_t *behind = sim_submit(&sim, (sim_job_t){.client = other, .count = 1, .direct = true, .allowed = 1});
    sim_run(&sim, (int64_t) 1000 * SIM_MS);
    ck_assert(theirs->over && behind->over);
    for (uint64_t i = 0; i < 8; i++) ck_assert_uint_eq(balanced->positions[i].runs, 0);
    ck_assert_uint_eq(direct->positions[0].runs, 0);
    scheduler_client_pause(sim.scheduler, stopped, false);
    sim_submit(&sim, (sim_job_t){.client = other, .count = 1}); // something for a turn to happen
    sim_run(&sim, FOREVER);
    for (uint64_t i = 0; i < 8; i++) ck_assert_uint_eq(balanced->positions[i].runs, 1);
    case_finish(&sim);
}
END_TEST

// --- Chunks --------------------------------------------------------------------------------------------

static const struct { uint64_t count; uint32_t chunk; uint64_t sizes[5]; } chunk_cases[] = {
    {10, 4, {4, 3, 3}}, {10, 3, {3, 3, 2, 2}}, {7, 10, {7}}, {1, 1, {1}}, {9, 3, {3, 3, 3}}, {5, 2, {2, 2, 1}},
};

START_TEST(explicit_chunks_follow_the_partition_rule)
{
    sim_init(&sim, 1, 3);
    sim.log = true;
    sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = chunk_cases[_i].count,
                                 .chunk = chunk_cases[_i].chunk});
    sim_run(&sim, FOREVER);
    uint64_t first = 0;
    for (size_t i = 0; i < sim.sent_count && first < chunk_cases[_i].count; i++) { // then come recalled ones
        ck_assert_uint_eq(sim.sent[i].first, first);
        ck_assert_uint_eq(sim.sent[i].count, chunk_cases[_i].sizes[i]);
        first += sim.sent[i].count;
    }
    ck_assert_uint_eq(first, chunk_cases[_i].count);
    case_finish(&sim);
}
END_TEST

// --- Clients -------------------------------------------------------------------------------------------

//  The rest of its job stands in no queue any more when the deadline comes.
START_TEST(a_deadline_of_a_client_that_left_ends_nothing)
{
    sim_init(&sim, 1, 1);
    sim.behave = takes_10_ms;
    uint32_t gone = sim_join(&sim), stays = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.client = gone, .count = 12, .wait = 5 * SIM_MS});
    sim_run(&sim, SIM_MS);
    sim_leave(&sim, gone);
    sim_submit(&sim, (sim_job_t){.client = stays, .count = 3});
    sim_run(&sim, 8 * SIM_MS);
    ck_assert_uint_eq(sim.delays, 0);
    case_finish(&sim);
}
END_TEST

START_TEST(clients_take_turns)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    sim_job_t *jobs[3];
    for (size_t i = 0; i < 3; i++)
        jobs[i] = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 60, .chunk = 1});
    sim_run(&sim, 300 * SIM_MS); // 60 of the 180 items
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_ge(jobs[i]->count - jobs[i]->open, 18);
        ck_assert_uint_le(jobs[i]->count - jobs[i]->open, 22);
    }
    case_finish(&sim);
}
END_TEST

START_TEST(clients_take_turns_beside_one_that_has_to_wait)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    sim_job_t *jobs[3];
    for (size_t i = 0; i < 3; i++)
        jobs[i] = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 60, .chunk = 1,
                                               .allowed = i == 0 ? 2 : 1});
    sim_tell(&sim, 1, false); // the first client's work waits for it
    sim_run(&sim, 300 * SIM_MS);
    for (size_t i = 1; i < 3; i++) ck_assert_uint_ge(jobs[i]->count - jobs[i]->open, 12);
    sim_tell(&sim, 1, true);
    case_finish(&sim);
}
END_TEST

START_TEST(a_higher_priority_goes_first_then_the_order_of_submission)
{
    static const int32_t priorities[] = {0, 5, -3, 5, 0};
    static const size_t order[] = {1, 3, 0, 4, 2};
    sim_init(&sim, 1, 1);
    sim.behave = takes_10_ms;
    uint32_t client = sim_join(&sim);
    sim_job_t *jobs[5];
    for (size_t i = 0; i < 5; i++)
        jobs[i] = sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .priority = priorities[i]});
    sim_run(&sim, FOREVER);
    for (size_t i = 1; i < 5; i++) ck_assert_int_lt(jobs[order[i - 1]]->finished, jobs[order[i]]->finished);
    case_finish(&sim);
}
END_TEST

START_TEST(work_of_a_client_that_leaves_is_dropped)
{
    sim_init(&sim, 1, 2);
    sim.behave = takes_10_ms;
    uint32_t leaver = sim_join(&sim), stayer = sim_join(&sim);
    sim_job_t *gone[] = {
        sim_submit(&sim, (sim_job_t){.client = leaver, .count = 1000}),
        sim_submit(&sim, (sim_job_t){.client = leaver, .count = 6, .direct = true, .allowed = 3}),
    };
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = stayer, .count = 10});
    sim_run(&sim, 25 * SIM_MS);
    sim_leave(&sim, leaver);
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished, 120 * SIM_MS);
    for (size_t i = 0; i < 2; i++) ck_assert(gone[i]->over && gone[i]->finished <= 60 * SIM_MS);
    case_finish(&sim);
}
END_TEST

START_TEST(what_is_given_back_for_a_client_that_left_is_dropped)
{
    sim_init(&sim, 1, 2);
    sim.behave = engine_0_grows_slow;
    uint32_t client = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.client = client, .count = 4000}); // the windows are learnt
    sim_run(&sim, 60 * SIM_MS);
    sim.now = 60 * SIM_MS;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 150});
    uint64_t recalls = sim.recalls;
    for (int64_t time = sim.now; sim.recalls == recalls; time += 5 * SIM_US) sim_run(&sim, time);
    sim_leave(&sim, client); // the answer is on its way
    sim_run(&sim, FOREVER);
    ck_assert(job->over && job->open > 0);
    case_finish(&sim);
}
END_TEST

// --- Records -------------------------------------------------------------------------------------------

START_TEST(a_queued_task_takes_less_than_300_bytes_which_are_given_back)
{
    enum { TASKS = 100000 };
    sim_init(&sim, 1, 1);
    uint32_t client = sim_join(&sim);
    for (int i = 0; i < TASKS; i++) sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .direct = _i,
                                                                 .allowed = (uint32_t) _i});
    scheduler_counts_t counts = scheduler_counts(sim.scheduler);
    ck_assert_uint_eq(counts.jobs, TASKS);
    ck_assert_uint_le(counts.bytes / TASKS, 300);
    sim_leave(&sim, client);
    ck_assert_uint_le(scheduler_counts(sim.scheduler).bytes, 1 << 20);
    case_finish(&sim);
}
END_TEST

START_TEST(no_items_and_no_targets_end_at_once)
{
    sim_init(&sim, 1, 1);
    uint32_t client = sim_join(&sim);
    ck_assert(sim_submit(&sim, (sim_job_t){.client = client})->over);
    ck_assert(sim_submit(&sim, (sim_job_t){.client = client, .direct = true, .allowed = 1})->over);
    case_finish(&sim);
}
END_TEST

START_TEST(an_id_that_is_over_finds_no_span)
{
    sim_init(&sim, 1, 2);
    ck_assert_ptr_null(scheduler_span(sim.scheduler, 0, 0));
    ck_assert_ptr_null(scheduler_span(sim.scheduler, UINT64_MAX, 0));
    scheduler_engine_died(sim.scheduler, 77, &(scheduler_death_t){0});
    scheduler_engine_remove(sim.scheduler, 77);
    scheduler_engine_down(sim.scheduler, 77);
    scheduler_client_leave(sim.scheduler, 77);
    ck_assert(!scheduler_engine_known(sim.scheduler, 77));
    case_finish(&sim);
}
END_TEST

int main(void)
{
    TCase *single = tcase_create("single cases");
    tcase_add_test(single, a_window_starts_with_one_item_and_doubles);
    tcase_add_test(single, tiny_tasks_stream);
    tcase_add_test(single, what_an_engine_has_before_it_is_bounded);
    tcase_add_test(single, long_tasks_spread_over_the_engines);
    tcase_add_test(single, nothing_of_a_paused_client_is_sent_and_others_go_on);
    tcase_add_loop_test(single, explicit_chunks_follow_the_partition_rule, 0,
                        sizeof chunk_cases / sizeof chunk_cases[0]);
    tcase_add_test(single, a_deadline_of_a_client_that_left_ends_nothing);
    tcase_add_test(single, clients_take_turns);
    tcase_add_test(single, a_higher_priority_goes_first_then_the_order_of_submission);
    tcase_add_test(single, work_of_a_client_that_leaves_is_dropped);
    tcase_add_test(single, what_is_given_back_for_a_client_that_left_is_dropped);
    tcase_add_loop_test(single, a_queued_task_takes_less_than_300_bytes_which_are_given_back, 0, 2);
    tcase_add_test(single, no_items_and_no_targets_end_at_once);
    tcase_add_test(single, an_id_that_is_over_finds_no_span);
    tcase_add_test(single, clients_take_turns_beside_one_that_has_to_wait);
    return run_suite("scheduler", single);
}
