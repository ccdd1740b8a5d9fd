//  Mixtures of short and long tasks over engines of equal and unequal speed, under the virtual clock: how much later
//  than the best schedule the last task ends. Nothing here depends on the machine.
//
//  What can be reached: a scheduler that hears of a length when the task is over cannot do better than to hand the
//  tasks out in the order given, and loses what that loses to one that begins with the longest. On engines of unequal
//  speed it cannot know either that the task which it gives the slowest engine is a long one. So the limits are
//    equal engines              1.05 x the schedule in the order given, where the tasks have any lengths
//    tasks of one length        1.05 x the schedule that begins with the longest
//    any lengths, any engines   the lower bound and the longest task on the slowest engine
#include <check.h>
#include <stdlib.h>

#include "bench/mixtures.h"
#include "controller/scheduler_body.h"
#include "simulator.h"
#include "tests/common/run_suite.h"

#define FOREVER ((int64_t) 1000000 * SIM_MS)

enum {
    LATENCY = 100 * SIM_US,            // one way
    ITEM_NS = 300,                     // that a task costs an engine besides its length
    ORDERS = 20                        // of a mixture at random
};

static const double CLOSE = 1.05;
static const double LATE = 0.005;      // that a task may take longer than it should, so that no two end together

static const speeds_t equal = {"equal", 4, {1, 1, 1, 1}};
static const speeds_t unequal = {"unequal", 4, {1, 1, 2, 4}};

static simulator_t sim;
static int64_t lengths[MIXTURE_TASKS_MAX];
static double times[MIXTURE_TASKS_MAX]; // that they take an engine of speed 1
static const speeds_t *speeds;         // of the engines

static sim_outcome_t by_length(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                               int64_t *duration)
{
    uint64_t i = job->count > 1 ? position : job->sequence - 1; // a job of one: the jobs are the tasks
    double late = 1 + LATE * (double) sim_random(self, 1000) / 1000;
    *duration = (int64_t) (times[i] * speeds->factors[engine] * late);
    return SIM_FINE;
}

static void begin(const speeds_t *engines, uint64_t seed)
{
    speeds = engines;
    sim_init(&sim, seed, (uint32_t) engines->count);
    sim.latency = LATENCY;
    sim.behave = by_length;
    sim.log = true;
    sim_join(&sim);
}

static void end(void)
{
    sim_check_empty(&sim);
    sim_end(&sim);
}

//  The tasks of a mixture; at random in another order for each seed. Gives how many.
static size_t prepare(const mixture_t *mixture, uint64_t seed)
{
    size_t count = mixture_lengths(mixture, lengths);
    sim.random = seed;
    for (size_t i = mixture->order == MIXTURE_RANDOM ? count : 0; i > 1; i--) {
        size_t k = (size_t) sim_random(&sim, i);
        int64_t kept = lengths[i - 1];
        lengths[i - 1] = lengths[k];
        lengths[k] = kept;
    }
    for (size_t i = 0; i < count; i++) times[i] = (double) (lengths[i] + ITEM_NS);
    return count;
}

//  Maps over the tasks prepared. Gives the time from the submission to the last result.
static double map(size_t count)
{
    int64_t begun = sim.now;
    const sim_job_t *job = sim_submit(&sim, (sim_job_t){.count = count});
    sim_run(&sim, FOREVER);
    return (double) (job->finished - begun);
}

static bool of_one_length(const mixture_t *mixture)
{
    return mixture_shortest(mixture) == mixture_longest(mixture);
}

//  Maps a mixture twice, the second time with engines that are known, and holds both against a limit. What a few round
//  trips cost comes on top of it: they are much for the 3 ms that 40,000 tasks of nothing take. Of engines that are not
//  known one may be given a window that another would have been through with sooner.
static void check(const mixture_t *mixture, const speeds_t *engines, uint64_t seed,
                  double (*limit)(const mixture_t *mixture, size_t count))
{
    enum { ROUND_TRIPS = 12 };
    size_t count = prepare(mixture, seed);
    begin(engines, seed);
    for (int known = 0; known < 2; known++) {
        double time = map(count), most = limit(mixture, count) + ROUND_TRIPS * 2 * LATENCY;
        most += known ? 0 : SCHEDULER_WINDOW_NS;
        ck_assert_msg(time <= most, "%s, %s engines, %s, order %d: %.3f ms, at most %.3f ms", mixture->name,
                      engines->name, known ? "known" : "not known", (int) seed, time / SIM_MS, most / SIM_MS);
    }
    end();
}

static double close_to_order(const mixture_t *mixture, size_t count)
{
    (void) mixture;
    return CLOSE * schedule_in_order(times, count, speeds);
}

static double close_to_best(const mixture_t *mixture, size_t count)
{
    (void) mixture;
    return CLOSE * schedule_longest_first(times, count, speeds);
}

static double one_long_task_more(const mixture_t *mixture, size_t count)
{
    double slowest = speeds->factors[speeds->count - 1];
    return schedule_bound(times, count, speeds) + slowest * (double) mixture_longest(mixture);
}

START_TEST(equal_engines_do_any_mixture_as_well_as_its_order_allows)
{
    const mixture_t *mixture = &mixtures[_i];
    for (uint64_t seed = 1; seed <= (of_one_length(mixture) ? 1 : ORDERS); seed++)
        check(mixture, &equal, seed, close_to_order);
}
END_TEST

START_TEST(tasks_of_one_length_are_shared_out_by_the_speed_of_the_engines)
{
    const mixture_t *mixture = &mixtures[_i];
    if (of_one_length(mixture))
        check(mixture, &unequal, 1, close_to_best);
}
END_TEST

START_TEST(a_task_that_cannot_be_foreseen_costs_no_more_than_itself)
{
    const mixture_t *mixture = &mixtures[_i];
    for (uint64_t seed = 1; seed <= (of_one_length(mixture) ? 1 : ORDERS); seed++)
        check(mixture, &unequal, seed, one_long_task_more);
}
END_TEST

//  What was learned of a function does not stand in the way when its tasks become ten times as long.
START_TEST(tasks_that_become_longer_are_shared_out_by_the_speed_too)
{
    begin(&unequal, 1);
    for (int i = 3; i < 5; i++) { // 10 ms, 100 ms
        size_t count = mixture_lengths(&mixtures[i], lengths);
        for (size_t k = 0; k < count; k++) times[k] = (double) lengths[k];
        ck_assert_double_le(map(count), close_to_best(&mixtures[i], count) + 20 * LATENCY);
    }
    end();
}
END_TEST

//  Single items that take longer than those that come many at a time pull what is learned to and fro: after hundreds
//  of thousands of reports it still serves.
START_TEST(what_was_learned_stays_of_use)
{
    const mixture_t *mixture = &mixtures[1]; // 10 us
    size_t count = prepare(mixture, 1);
    begin(&unequal, 1);
    for (uint32_t i = 0; i < 400000; i++) {
        for (int k = 0; k < 3; k++) paces_learn(&sim.scheduler->paces, 0, i % 4, 1, 4 * SIM_MS);
        paces_learn(&sim.scheduler->paces, 0, i % 4, 1000, 1000. * SIM_US);
    }
    ck_assert_double_le(map(count), close_to_best(mixture, count) + 40 * LATENCY);
    end();
}
END_TEST

//  The first mixtures are tasks of nothing and of 10 us: a window of work, half of it new, in a message.
START_TEST(short_tasks_travel_many_in_a_message)
{
    static const size_t least[] = {400, 30};
    size_t count = prepare(&mixtures[_i], 1);
    begin(&unequal, 1);
    map(count);
    ck_assert_uint_ge(count, least[_i] * (sim.sent_count + sim.recalls));
    end();
}
END_TEST

//  Calls one by one are jobs of one task: slow engines take their share of them as of a map.
START_TEST(calls_one_by_one_are_shared_out_like_a_map)
{
    static const mixture_t calls = {"10 ms", MIXTURE_RANDOM, {{10 * SIM_MS, 200}}};
    size_t count = prepare(&calls, 1);
    begin(&unequal, 1);
    for (size_t i = 0; i < count; i++) sim_submit(&sim, (sim_job_t){.count = 1});
    sim_run(&sim, FOREVER);
    ck_assert_double_le((double) sim.now, close_to_best(&calls, count) + 32 * LATENCY);
    end();
}
END_TEST

//  A fast engine that direct work waits for is not one to leave anything to.
START_TEST(nothing_is_left_to_an_engine_that_direct_work_waits_for)
{
    static const speeds_t two = {"two", 2, {1, 16}};
    static const mixture_t tasks = {"1 ms", MIXTURE_RANDOM, {{1 * SIM_MS, 1000}}};
    prepare(&tasks, 1);
    begin(&two, 1);
    map(100); // both are known now
    for (int i = 0; i < 500; i++) sim_submit(&sim, (sim_job_t){.count = 1, .direct = true, .allowed = 1});
    int64_t begun = sim.now;
    const sim_job_t *balanced = sim_submit(&sim, (sim_job_t){.count = 2});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(balanced->finished - begun, 2 * 16 * SIM_MS + 20 * LATENCY);
    end();
}
END_TEST

//  Idle engines that are faster than the one which got all of a small job take part of it, not from one another for
//  ever.
START_TEST(a_few_short_tasks_are_not_passed_on_for_ever)
{
    static const speeds_t three = {"three", 3, {4, 2, 1}};
    prepare(&mixtures[0], 1);
    begin(&three, 1);
    map(2000); // all are known now
    int64_t begun = sim.now;
    const sim_job_t *job = sim_submit(&sim, (sim_job_t){.count = 2 + (uint64_t) _i});
    sim_run(&sim, begun + 100 * SIM_MS);
    ck_assert(job->over);
    ck_assert_int_le(job->finished - begun, 20 * LATENCY);
    end();
}
END_TEST

//  --- A client that calls now and then while another one has a million short tasks done ------------------

enum { CALLS = 400, CALL_FUNCTION = 1, SHORT_NS = 5 * SIM_US };

static double latencies[CALLS];        // of the calls
static sim_job_t *call_job;            // the one under way
static int64_t called;
static bool calls_direct;              // to engine 0, or balanced

static sim_outcome_t short_task(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                int64_t *duration)
{
    (void) self, (void) engine, (void) position;
    *duration = job->function == CALL_FUNCTION ? SIM_US : SHORT_NS;
    return SIM_FINE;
}

//  Notes how long the last call took, and makes the next one.
static void call_again(simulator_t *self)
{
    int64_t left = --self->user_left;
    if (call_job) {
        ck_assert(call_job->over);
        latencies[left] = (double) (call_job->finished - called);
    }
    if (left == 0)
        return;
    called = self->now;
    call_job = sim_submit(self, (sim_job_t){.client = 1, .function = CALL_FUNCTION, .count = 1,
                                            .direct = calls_direct, .allowed = calls_direct});
    sim_user_at(self, self->now + 5 * SIM_MS + (int64_t) sim_random(self, SIM_MS));
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

//  In virtual time: the ways, what the engine has before it, half a window at most, and its next report.
START_TEST(calls_are_answered_at_once_beside_a_million_short_tasks)
{
    begin(&equal, 1);
    sim.behave = short_task;
    sim.user = call_again;
    sim.user_left = CALLS + 1;
    sim.latency = 20 * SIM_US;
    call_job = NULL;
    calls_direct = _i;
    sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.count = 2500000, .chunk = 1}); // 3 s
    sim_user_at(&sim, 10 * SIM_MS);
    sim_run(&sim, FOREVER);
    end();
    qsort(latencies, CALLS, sizeof latencies[0], compare_doubles);
    ck_assert_double_le(latencies[CALLS * 99 / 100], 500 * SIM_US);
}
END_TEST

int main(void)
{
    int count = (int) mixtures_count;
    TCase *tests = tcase_create("balance");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, equal_engines_do_any_mixture_as_well_as_its_order_allows, 0, count);
    tcase_add_loop_test(tests, tasks_of_one_length_are_shared_out_by_the_speed_of_the_engines, 0, count);
    tcase_add_loop_test(tests, a_task_that_cannot_be_foreseen_costs_no_more_than_itself, 0, count);
    tcase_add_test(tests, tasks_that_become_longer_are_shared_out_by_the_speed_too);
    tcase_add_test(tests, what_was_learned_stays_of_use);
    tcase_add_loop_test(tests, short_tasks_travel_many_in_a_message, 0, 2);
    tcase_add_test(tests, calls_one_by_one_are_shared_out_like_a_map);
    tcase_add_test(tests, nothing_is_left_to_an_engine_that_direct_work_waits_for);
    tcase_add_loop_test(tests, a_few_short_tasks_are_not_passed_on_for_ever, 0, 6);
    tcase_add_loop_test(tests, calls_are_answered_at_once_beside_a_million_short_tasks, 0, 2);
    return run_suite("balance", tests);
}
