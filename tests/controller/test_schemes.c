//  Each scheme does what its name says, and a fixed window holds, under the simulator's virtual clock.
#include <check.h>
#include <stdlib.h>

#include "simulator.h"
#include "tests/common/run_suite.h"

#define FOREVER ((int64_t) 1000000 * SIM_MS)

enum { ENGINES = 4, MANY = 64, LARGE = 100000 };

static simulator_t sim;
static uint64_t had[SIM_ENGINES];      // tasks, by engine

static sim_outcome_t takes_10_ms(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                 int64_t *duration)
{
    (void) self, (void) engine, (void) job, (void) position;
    *duration = 10 * SIM_MS;
    return SIM_FINE;
}

static void begin(ipc_scheme_t scheme, uint32_t hwm, uint32_t engines, uint64_t seed)
{
    sim_init(&sim, seed, engines);
    scheduler_choose_by(sim.scheduler, scheme, hwm, seed);
    sim.hwm = hwm;
    sim.log = true;
    sim.behave = takes_10_ms;
    sim_join(&sim);
}

static void end(void)
{
    sim_run(&sim, FOREVER);
    sim_check_empty(&sim);
    sim_end(&sim);
}

//  Submits tasks and has them sent, all in one turn; counts who has them.
static void spread(uint64_t count)
{
    sim_submit(&sim, (sim_job_t){.count = count});
    sim_run(&sim, sim.now);
    for (size_t e = 0; e < SIM_ENGINES; e++) had[e] = 0;
    for (size_t i = 0; i < sim.sent_count; i++) had[sim.sent[i].engine] += sim.sent[i].count;
}

START_TEST(lru_rotates)
{
    begin(IPC_SCHEME_LRU, LARGE, ENGINES, 1);
    spread(5 * ENGINES);
    ck_assert_uint_eq(sim.sent_count, 5 * ENGINES);
    for (size_t i = 0; i < sim.sent_count; i++) ck_assert_uint_eq(sim.sent[i].engine, i % ENGINES);
    sim_add(&sim, ENGINES); // one that comes has its turn at once
    sim_submit(&sim, (sim_job_t){.count = 2});
    sim_run(&sim, sim.now);
    ck_assert_uint_eq(sim.sent[5 * ENGINES].engine, ENGINES);
    ck_assert_uint_eq(sim.sent[5 * ENGINES + 1].engine, 0);
    end();
}
END_TEST

//  Also where engines have room as their windows say, and tasks come one by one.
START_TEST(lru_rotates_from_call_to_call)
{
    begin(IPC_SCHEME_LRU, 0, ENGINES, 1);
    for (size_t i = 0; i < 3 * ENGINES; i++) {
        sim_submit(&sim, (sim_job_t){.count = 1});
        sim_run(&sim, FOREVER);
        ck_assert_uint_eq(sim.sent[i].engine, i % ENGINES);
    }
    end();
}
END_TEST

START_TEST(the_least_loaded_engine_has_the_fewest_tasks)
{
    begin(IPC_SCHEME_LEASTLOAD, LARGE, ENGINES, 1);
    sim_submit(&sim, (sim_job_t){.count = 3, .direct = true, .allowed = 1}); // engine 0 has three
    sim_run(&sim, sim.now);
    spread(9);
    for (size_t e = 0; e < ENGINES; e++) ck_assert_uint_eq(had[e], 3);
    end();
}
END_TEST

START_TEST(random_gives_each_engine_about_as_much_in_no_order)
{
    enum { TASKS = 4000 };
    size_t repeats = 0;
    begin(IPC_SCHEME_RANDOM, LARGE, ENGINES, 7);
    spread(TASKS);
    for (size_t e = 0; e < ENGINES; e++) {
        ck_assert_uint_ge(had[e], TASKS / ENGINES - 150); // the spread of such draws is 27
        ck_assert_uint_le(had[e], TASKS / ENGINES + 150);
    }
    for (size_t i = 1; i < sim.sent_count; i++) repeats += sim.sent[i].engine == sim.sent[i - 1].engine;
    ck_assert_uint_ge(repeats, TASKS / ENGINES - 150);
    ck_assert_uint_le(repeats, TASKS / ENGINES + 150);
    sim_end(&sim);
}
END_TEST

//  How many tasks the fullest engine has above its share.
static uint64_t excess(ipc_scheme_t scheme, uint64_t seed)
{
    enum { SHARE = 20 };
    uint64_t most = 0;
    begin(scheme, LARGE, MANY, seed);
    spread((uint64_t) SHARE * MANY);
    for (size_t e = 0; e < MANY; e++) most = had[e] > most ? had[e] : most;
    sim_end(&sim);
    return most - SHARE;
}

START_TEST(two_draws_spread_tasks_better_than_one)
{
    uint64_t one = 0, two = 0, by_load = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        one += excess(IPC_SCHEME_RANDOM, seed);
        two += excess(IPC_SCHEME_TWOBIN, seed);
        by_load += excess(IPC_SCHEME_WEIGHTED, seed);
        ck_assert_uint_eq(excess(IPC_SCHEME_LRU, seed), 0);
        ck_assert_uint_eq(excess(IPC_SCHEME_LEASTLOAD, seed), 0);
    }
    ck_assert_msg(3 * two < 2 * one, "of one draw %d, of two %d", (int) one, (int) two);
    ck_assert_msg(by_load < two, "of two draws %d, by load %d", (int) two, (int) by_load);
}
END_TEST

START_TEST(weighted_prefers_engines_that_have_little)
{
    begin(IPC_SCHEME_WEIGHTED, LARGE, ENGINES, 3);
    sim_submit(&sim, (sim_job_t){.count = 100, .direct = true, .allowed = 3}); // engines 0 and 1 have 50 each
    sim_run(&sim, sim.now);
    spread(60);
    ck_assert_uint_ge(had[2], 20);
    ck_assert_uint_ge(had[3], 20);
    ck_assert_uint_le(had[0] + had[1], 100 + 10);
    end();
}
END_TEST

START_TEST(the_same_seed_chooses_the_same_engines)
{
    enum { TASKS = 200 };
    uint32_t chosen[2][TASKS];
    for (int run = 0; run < 2; run++) {
        begin((ipc_scheme_t) _i, LARGE, ENGINES, 11);
        spread(TASKS);
        ck_assert_uint_eq(sim.sent_count, TASKS);
        for (size_t i = 0; i < TASKS; i++) chosen[run][i] = sim.sent[i].engine;
        sim_end(&sim);
    }
    ck_assert_mem_eq(chosen[0], chosen[1], sizeof chosen[0]);
}
END_TEST

//  A window of 1 is late binding: an engine has no second task while it is at one. The simulator holds each span that
//  is sent against the window.
START_TEST(a_fixed_window_is_filled_and_never_exceeded)
{
    uint32_t hwm = (uint32_t) _i;
    begin(IPC_SCHEME_LEASTLOAD, hwm, ENGINES, 1);
    sim_submit(&sim, (sim_job_t){.count = 40});
    sim_run(&sim, 5 * SIM_MS);
    for (uint32_t e = 0; e < ENGINES; e++) ck_assert_uint_eq(scheduler_engine_load(sim.scheduler, e), hwm);
    end();
}
END_TEST

START_TEST(a_fixed_window_does_not_grow)
{
    begin(IPC_SCHEME_LEASTLOAD, 2, ENGINES, 1);
    sim.behave = NULL; // 1 us
    sim_submit(&sim, (sim_job_t){.count = 5000});
    end();             // the simulator has checked each of them
}
END_TEST

START_TEST(direct_work_does_not_count_against_the_window)
{
    begin(IPC_SCHEME_LEASTLOAD, 1, 1, 1);
    sim_submit(&sim, (sim_job_t){.count = 1, .direct = true, .allowed = 1});
    sim_submit(&sim, (sim_job_t){.count = 3});
    sim_run(&sim, 5 * SIM_MS);
    ck_assert_uint_eq(scheduler_engine_load(sim.scheduler, 0), 2);
    end();
}
END_TEST

START_TEST(a_chunk_counts_as_one_task)
{
    begin(IPC_SCHEME_LEASTLOAD, 1, 2, 1);
    sim_submit(&sim, (sim_job_t){.count = 40, .chunk = 10});
    sim_run(&sim, 5 * SIM_MS);
    ck_assert_uint_eq(sim.sent_count, 2);
    for (size_t i = 0; i < 2; i++) ck_assert_uint_eq(sim.sent[i].count, 10);
    end();
}
END_TEST

//  Engine 0 takes a second for what takes others 10 ms: what it was given too much of goes to them.
static sim_outcome_t engine_0_is_slow(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                      int64_t *duration)
{
    (void) self, (void) job, (void) position;
    *duration = engine == 0 ? 1000 * SIM_MS : 10 * SIM_MS;
    return SIM_FINE;
}

START_TEST(recall_moves_tasks_from_a_full_engine_whatever_the_scheme)
{
    begin((ipc_scheme_t) _i, 10, ENGINES, 5);
    sim.behave = engine_0_is_slow;
    const sim_job_t *job = sim_submit(&sim, (sim_job_t){.count = 40});
    sim_run(&sim, FOREVER);
    ck_assert(job->over);
    ck_assert_int_le(job->finished, 2100 * SIM_MS); // two of its tasks at most, not ten
    end();
}
END_TEST

//  A task that failed at an engine runs elsewhere, though a scheme would choose that one again.
static sim_outcome_t engine_0_fails(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                    int64_t *duration)
{
    (void) self, (void) job, (void) position, (void) duration;
    return engine == 0 ? SIM_FAILS : SIM_FINE;
}

START_TEST(retries_avoid_the_engine_that_failed_whatever_the_scheme)
{
    for (uint32_t hwm = 0; hwm <= 1; hwm++) {
        begin((ipc_scheme_t) _i, hwm, ENGINES, 1);
        sim.behave = engine_0_fails;
        sim_job_t *job = sim_submit(&sim, (sim_job_t){.count = 100, .retries = 1});
        sim_run(&sim, FOREVER);
        for (size_t i = 0; i < 100; i++) ck_assert(!job->positions[i].failed && job->positions[i].engine > 0);
        end();
    }
}
END_TEST

//  Each client has its share while both have work.
START_TEST(clients_take_turns_whatever_the_scheme)
{
    begin((ipc_scheme_t) _i, 1, ENGINES, 1);
    uint32_t other = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.count = 400});
    sim_submit(&sim, (sim_job_t){.client = other, .count = 40});
    sim_run(&sim, 250 * SIM_MS);
    size_t of_other = 0;
    for (size_t i = 0; i < sim.sent_count; i++) of_other += sim.sent[i].job->client == other;
    ck_assert_uint_eq(of_other, 40); // of about 100
    end();
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("schemes");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, lru_rotates);
    tcase_add_test(tests, lru_rotates_from_call_to_call);
    tcase_add_test(tests, the_least_loaded_engine_has_the_fewest_tasks);
    tcase_add_test(tests, random_gives_each_engine_about_as_much_in_no_order);
    tcase_add_test(tests, two_draws_spread_tasks_better_than_one);
    tcase_add_test(tests, weighted_prefers_engines_that_have_little);
    tcase_add_loop_test(tests, the_same_seed_chooses_the_same_engines, 0, IPC_SCHEMES);
    tcase_add_loop_test(tests, a_fixed_window_is_filled_and_never_exceeded, 1, 8);
    tcase_add_test(tests, a_fixed_window_does_not_grow);
    tcase_add_test(tests, direct_work_does_not_count_against_the_window);
    tcase_add_test(tests, a_chunk_counts_as_one_task);
    tcase_add_loop_test(tests, recall_moves_tasks_from_a_full_engine_whatever_the_scheme, 0, IPC_SCHEMES);
    tcase_add_loop_test(tests, retries_avoid_the_engine_that_failed_whatever_the_scheme, 0, IPC_SCHEMES);
    tcase_add_loop_test(tests, clients_take_turns_whatever_the_scheme, 0, IPC_SCHEMES);
    return run_suite("schemes", tests);
}
