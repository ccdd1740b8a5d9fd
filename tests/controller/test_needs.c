//  What tasks need of engines and hosts, under the simulator's virtual clock: no host has more in use than it has,
//  nobody waits for ever, and the cores do not stand idle. IPC_SEED=n runs the random schedule of that seed alone.
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/scheduler_body.h"
#include "simulator.h"
#include "tests/common/run_suite.h"

#define FOREVER ((int64_t) 1000000 * SIM_MS)

enum { FEW = 7, SUCCESS = IPC_DEPEND_SUCCESS }; // engines of two hosts

static simulator_t sim;
static int64_t length;                 // of a task, unless its job has another one
static uint64_t needy, unmet;          // jobs, over all seeds

//  Function f takes f times as long; function 0 one length.
static sim_outcome_t by_function(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                 int64_t *duration)
{
    (void) self, (void) engine, (void) position;
    *duration = length * (job->function ? job->function : 1);
    return SIM_FINE;
}

static void begin(uint32_t engines, int64_t ns)
{
    sim_init(&sim, 1, engines);
    sim.behave = by_function;
    length = ns;
}

//  Nothing is held of any host.
static void assert_all_free(void)
{
    const hosts_t *hosts = &sim.scheduler->hosts;
    for (uint32_t i = 0; i < hosts->count; i++)
        for (uint32_t k = 0; k < hosts->all[i].has.count; k++) ck_assert_double_eq(hosts->all[i].taken[k], 0);
    ck_assert_ptr_null(hosts->first);
}

static void end(void)
{
    sim_run(&sim, FOREVER);
    sim_check_empty(&sim);
    assert_all_free();
    sim_end(&sim);
}

// --- Random schedules ------------------------------------------------------------------------------------

static sim_outcome_t at_random(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                               int64_t *duration)
{
    static const int64_t scales[] = {200, 50 * SIM_US, SIM_MS, 12 * SIM_MS};
    *duration = scales[job->function % 4] + (int64_t) sim_random(self, 2000);
    if (job->function == 5 && (engine + position) % 3 > 0)
        return SIM_REFUSES;
    uint64_t luck = sim_random(self, 1000);
    return luck < 4 ? SIM_CRASHES : luck < 40 && job->function > 2 ? SIM_FAILS : SIM_FINE;
}

static void submit_at_random(simulator_t *self, uint32_t client)
{
    sim_job_t job = {.client = client,
                     .function = (uint32_t) sim_random(self, 8),
                     .count = 1 + sim_random(self, sim_random(self, 3) ? 4 : 200),
                     .retries = (uint32_t) sim_random(self, 3),
                     .priority = (int32_t) sim_random(self, 2),
                     .chunk = sim_random(self, 3) ? 0 : 1 + (uint32_t) sim_random(self, 5),
                     .direct = sim_random(self, 6) == 0};
    if (job.function % 4 == 3)
        job.count = 1 + job.count % 20; // the long ones
    if (job.direct || sim_random(self, 5) == 0)
        job.allowed = 1 | (uint32_t) sim_random(self, sim_engine_known(self, 6) ? 128 : 64); // 0 is never removed
    if (!job.direct && sim_random(self, 3) > 0) {
        job.cores = (uint32_t) sim_random(self, sim_random(self, 20) ? SIM_HOST_CORES + 1 : SIM_HOST_CORES + 3);
        job.needs = sim_random(self, 4) ? 0 : (uint32_t) sim_random(self, FEW);
        needy++;
    }
    if (sim_random(self, 10) == 0)
        job.wait = 1 + (int64_t) sim_random(self, 30 * SIM_MS);
    sim_submit(self, job);
}

static void check_account(const simulator_t *self)
{
    const hosts_t *hosts = &self->scheduler->hosts;
    for (uint32_t i = 0; i < hosts->count; i++)
        for (uint32_t k = 0; k < hosts->all[i].has.count; k++)
            ck_assert_msg(hosts->all[i].taken[k] <= hosts->all[i].has.all[k].amount,
                          "seed %" PRIu64 ": too much is taken", self->seed);
}

static void act_at_random(simulator_t *self)
{
    uint32_t client = (uint32_t) sim_random(self, 4);
    uint64_t dice = sim_random(self, 100);
    check_account(self);
    if (!self->joined[client])
        client = sim_join(self);
    if (dice < 4)
        sim_leave(self, client);
    else if (dice < 10)
        sim_kill(self, (uint32_t) sim_random(self, FEW));
    else if (dice < 12)
        sim_freeze(self, (uint32_t) sim_random(self, FEW), (int64_t) (1 + sim_random(self, 60)) * SIM_MS / 10);
    else if (dice < 14 && self->user_left < 15 && sim_engine_known(self, 6))
        sim_remove(self, 6);
    else if (dice < 20)
        sim_abort_client(self, client);
    else if (dice < 30 && self->jobs)
        sim_abort(self, self->jobs, sim_random(self, self->jobs->count + 1), 1 + sim_random(self, 10));
    else
        for (uint64_t i = 1 + sim_random(self, 4); i > 0; i--) submit_at_random(self, client);
    sim_check_reasons(self);
    if (--self->user_left > 0)
        sim_user_at(self, self->now + (int64_t) sim_random(self, sim_random(self, 2) ? 300 : 20000) * SIM_US);
}

static uint64_t run_at_random(uint64_t seed, ipc_scheme_t scheme, uint32_t hwm)
{
    sim_init(&sim, seed, FEW);
    scheduler_choose_by(sim.scheduler, scheme, hwm, seed);
    sim.hwm = hwm;
    sim.behave = at_random;
    sim.user = act_at_random;
    sim.lazy = true;
    sim.latency = (int64_t) (1 + sim_random(&sim, seed % 3 ? 100 : 2000)) * SIM_US;
    sim.user_left = 60;
    sim_user_at(&sim, 0);
    sim_run(&sim, FOREVER);
    unmet += sim.impossible;
    uint64_t events = sim.events;
    sim_check_empty(&sim);
    assert_all_free();
    sim_end(&sim);
    return events;
}

START_TEST(random_schedules_of_needs_keep_every_promise)
{
    const char *one = getenv("IPC_SEED");
    uint64_t seed = one ? strtoull(one, NULL, 10) : 1, events = 0, wanted = one ? 1 : sim_events(300000);
    for (; events < wanted; seed++) {
        events += run_at_random(seed, IPC_SCHEME_LEASTLOAD, 0);
        events += run_at_random(seed, (ipc_scheme_t) (seed % IPC_SCHEMES), (uint32_t) (seed % 3));
    }
    ck_assert(one || sim_is_limited() || (needy > 1000 / SIM_SHARE && unmet > 100 / SIM_SHARE)); // it did happen
}
END_TEST

// --- Case by case --------------------------------------------------------------------------------------------

START_TEST(tasks_that_need_the_whole_host_run_one_after_the_other)
{
    begin(4, 10 * SIM_MS);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 20, .cores = SIM_HOST_CORES});
    sim_run(&sim, FOREVER);
    ck_assert_int_ge(job->finished, 200 * SIM_MS);
    ck_assert_int_le(job->finished, 210 * SIM_MS);
    ck_assert_uint_le(sim.recalls, 20); // engines that may not begin ask for nothing
    end();
}
END_TEST

//  Function: how long; cores: how many at a time. The time of 400 tasks on two hosts of four cores and four engines.
static const struct { uint32_t cores; int64_t ns; } sizes[] = {
    {1, 10 * SIM_US}, {1, SIM_MS}, {1, 20 * SIM_MS}, {2, 10 * SIM_US}, {2, SIM_MS}, {2, 20 * SIM_MS}, {4, SIM_MS},
};

START_TEST(as_many_run_as_the_hosts_have_cores_for)
{
    enum { TASKS = 4000, ROUND_TRIPS = 40 };
    uint32_t at_a_time = 2 * (SIM_HOST_CORES / sizes[_i].cores);
    begin(8, sizes[_i].ns);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = TASKS, .cores = sizes[_i].cores});
    sim_run(&sim, FOREVER);
    double best = (double) TASKS / at_a_time * (double) length;
    ck_assert_double_le((double) job->finished, 1.1 * best + ROUND_TRIPS * 2.0 * (double) sim.latency);
    end();
}
END_TEST

//  The same as calls one by one, which are as many jobs.
START_TEST(calls_with_needs_keep_all_cores_busy)
{
    enum { TASKS = 3000 };
    begin(4, SIM_MS);
    uint32_t client = sim_join(&sim);
    for (int i = 0; i < TASKS; i++) sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .cores = 1 + i % 2});
    sim_run(&sim, FOREVER);
    double best = 1.5 * TASKS * SIM_MS / SIM_HOST_CORES;
    ck_assert_double_le((double) sim.now, 1.25 * best);
    ck_assert_uint_le(sim.scheduler->hosts.refusals, 400 * TASKS); // no look at all of them for each
    end();
}
END_TEST

//  An engine's own things are not shared: each engine has its gpu (engine e has e of it).
START_TEST(what_engines_have_of_their_own_is_in_use_at_one_time)
{
    begin(4, 10 * SIM_MS);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 30, .needs = 1});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished, 115 * SIM_MS); // three engines have one
    end();
}
END_TEST

//  Beside one client or some that have small ones all the time.
START_TEST(a_large_need_is_not_passed_over_for_ever)
{
    begin(4, SIM_MS);
    uint32_t one = sim_join(&sim);
    for (int i = 0; i < _i; i++) sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 10000, .cores = 1});
    sim_run(&sim, 50 * SIM_MS);
    int64_t asked = sim.now = 50 * SIM_MS;
    sim_job_t *large = sim_submit(&sim, (sim_job_t){.client = one, .count = 1, .cores = SIM_HOST_CORES});
    sim_job_t *plain = sim_submit(&sim, (sim_job_t){.client = one, .count = 20, .function = 2});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(large->finished - asked, HOSTS_PATIENCE_NS + 40 * SIM_MS);
    ck_assert_int_le(plain->finished - asked, 150 * SIM_MS); // what needs nothing does not wait for that
    end();
}
END_TEST

//  Nor does a task that needs nothing, and lasts for long, take its engine while the cores become free.
START_TEST(an_engine_stands_ready_for_what_was_passed_over)
{
    begin(4, 10 * SIM_MS);
    uint32_t one = sim_join(&sim), plain = sim_join(&sim);
    for (uint32_t f = 3; f <= 9; f += 2) // 30 to 90 ms, never through all at once
        sim_submit(&sim, (sim_job_t){.client = sim_join(&sim), .count = 400, .cores = 1, .function = f});
    sim_run(&sim, 200 * SIM_MS);
    int64_t asked = sim.now = 200 * SIM_MS;
    sim_job_t *large =
        sim_submit(&sim, (sim_job_t){.client = one, .count = 1, .cores = SIM_HOST_CORES, .allowed = 1});
    sim_run(&sim, 310 * SIM_MS); // its patience ends
    sim.now = 310 * SIM_MS;
    sim_submit(&sim, (sim_job_t){.client = plain, .count = 100, .function = 200}); // 2 s each
    sim_run(&sim, FOREVER);
    ck_assert_int_le(large->finished - asked, 500 * SIM_MS);
    end();
}
END_TEST

//  Beside tasks that need nothing, of many milliseconds, which have all engines.
START_TEST(a_need_is_met_beside_work_that_needs_nothing)
{
    begin(4, 10 * SIM_MS);
    uint32_t many = sim_join(&sim), one = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.client = many, .count = 2000});
    sim_run(&sim, 50 * SIM_MS);
    int64_t asked = sim.now = 50 * SIM_MS;
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = one, .count = 1, .cores = 3});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(job->finished - asked, 50 * SIM_MS);
    end();
}
END_TEST

START_TEST(what_a_dead_engine_held_is_free)
{
    begin(2, 1000 * SIM_MS);
    uint32_t client = sim_join(&sim);
    sim_job_t *first = sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .cores = SIM_HOST_CORES});
    sim_job_t *second = sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .cores = SIM_HOST_CORES});
    sim_run(&sim, 10 * SIM_MS);
    ck_assert_uint_eq(second->positions[0].place, SIM_WAITS);
    sim_kill(&sim, first->positions[0].engine);
    sim_run(&sim, 20 * SIM_MS);
    ck_assert(first->over && second->positions[0].started);
    end();
}
END_TEST

START_TEST(what_an_aborted_task_held_is_free)
{
    begin(2, 1000 * SIM_MS);
    uint32_t client = sim_join(&sim);
    sim_job_t *first = sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .cores = 3});
    sim_run(&sim, 10 * SIM_MS);
    sim_job_t *second = sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .cores = 2});
    sim_abort(&sim, first, 0, 3);
    sim_run(&sim, FOREVER);
    ck_assert_int_le(second->positions[0].begun, 1001 * SIM_MS); // when the one that ran was through
    end();
}
END_TEST

//  A task that waits behind one that needs nothing holds what another engine could use: it moves there.
START_TEST(what_waits_behind_other_work_moves_to_an_idle_engine)
{
    begin(2, 10 * SIM_MS);
    uint32_t client = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.client = client, .count = 8, .cores = 1}); // 40 ms: the pace is known
    sim_run(&sim, FOREVER);
    int64_t asked = sim.now;
    sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .function = 0, .direct = true, .allowed = 1});
    sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .function = 0, .direct = true, .allowed = 2});
    sim_job_t *all = sim_submit(&sim, (sim_job_t){.client = client, .count = 2, .cores = SIM_HOST_CORES});
    sim_run(&sim, FOREVER);
    ck_assert_int_le(all->finished - asked, 32 * SIM_MS);
    end();
}
END_TEST

START_TEST(impossible_needs_end_at_once)
{
    begin(4, SIM_MS);
    uint32_t client = sim_join(&sim);
    sim_job_t *job = sim_submit(&sim, (sim_job_t){.client = client, .count = 3, .cores = SIM_HOST_CORES + 1});
    ck_assert(job->over && job->positions[2].loss == SCHEDULER_UNMET);
    end();
}
END_TEST

static void explain(uint32_t client, const sim_job_t *job, const char *words)
{
    char text[256] = "";
    ck_assert(scheduler_explain(sim.scheduler, client, job->id, text, sizeof text));
    ck_assert_msg(strstr(text, words), "'%s' has no '%s'", text, words);
}

START_TEST(a_task_that_waits_for_cores_says_so)
{
    begin(8, 1000 * SIM_MS);
    uint32_t client = sim_join(&sim), other = sim_join(&sim);
    sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .cores = 3, .allowed = 0xf});
    sim_job_t *two = sim_submit(&sim, (sim_job_t){.client = client, .count = 1, .cores = 2, .allowed = 0xf});
    sim_run(&sim, SIM_MS);
    explain(client, two, "1 wait: it needs cores=2, of which this host has 1 free");
    sim_submit(&sim, (sim_job_t){.client = other, .count = 1, .cores = 4, .allowed = 0xf0});
    sim_job_t *three = sim_submit(&sim, (sim_job_t){.client = other, .count = 1, .cores = 3});
    sim_run(&sim, 2 * SIM_MS);
    explain(other, three, "1 wait: it needs cores=3, of which no host has more than 1 free");
    sim_run(&sim, 150 * SIM_MS);
    sim.now = 150 * SIM_MS;
    sim_job_t *one = sim_submit(&sim, (sim_job_t){.client = other, .count = 1, .cores = 1, .allowed = 0xf});
    sim_run(&sim, 151 * SIM_MS);
    explain(other, one, "goes first");
    end();
}
END_TEST

// --- Hosts -----------------------------------------------------------------------------------------------

static const needs_t host_has = {2, {{"cores", 2}, {"memory", 1e9}}};

START_TEST(an_account_of_fractions_comes_back_to_nothing)
{
    hosts_t hosts = {.closed = HOSTS_NONE, .keeper = HOSTS_NONE};
    needs_t tenth = {1, {{"cores", 0.1}}}, none = {.count = 0}, rest = {1, {{"cores", 2}}};
    for (uint32_t e = 0; e < 21; e++) hosts_join(&hosts, e, "a", &host_has, &none);
    for (int i = 0; i < 1000; i++) {
        for (uint32_t e = 0; e < 20; e++) {
            ck_assert(hosts_fit(&hosts, e, &tenth));
            hosts_take(&hosts, e, &tenth);
        }
        ck_assert(!hosts_fit(&hosts, 20, &tenth));
        for (uint32_t e = 0; e < 20; e++) hosts_give(&hosts, e, &tenth);
        ck_assert(hosts_fit(&hosts, 20, &rest));
    }
    hosts_free(&hosts);
}
END_TEST

START_TEST(an_engine_holds_the_most_that_its_tasks_need)
{
    hosts_t hosts = {.closed = HOSTS_NONE, .keeper = HOSTS_NONE};
    needs_t none = {.count = 0}, one = {1, {{"cores", 1}}}, two = {1, {{"cores", 2}}};
    hosts_join(&hosts, 0, "a", &host_has, &none);
    hosts_join(&hosts, 1, "a", &host_has, &none);
    hosts_join(&hosts, 2, "b", &host_has, &none);
    hosts_take(&hosts, 0, &one);
    hosts_take(&hosts, 0, &one); // behind it
    ck_assert(hosts_fit(&hosts, 1, &one) && !hosts_fit(&hosts, 1, &two) && hosts_fit(&hosts, 2, &two));
    ck_assert(hosts_fit(&hosts, 0, &two));
    hosts_take(&hosts, 0, &two);
    ck_assert(!hosts_fit(&hosts, 1, &one));
    hosts_give(&hosts, 0, &two);
    ck_assert(hosts_fit(&hosts, 1, &one));
    hosts_give(&hosts, 0, &one);
    ck_assert(!hosts_fit(&hosts, 1, &two));
    hosts_clear(&hosts, 0);
    ck_assert(hosts_fit(&hosts, 1, &two));
    hosts_free(&hosts);
}
END_TEST

START_TEST(what_an_engine_was_said_to_have_is_its_own)
{
    hosts_t hosts = {.closed = HOSTS_NONE, .keeper = HOSTS_NONE};
    needs_t own = {1, {{"cores", 8}}}, none = {.count = 0}, eight = {1, {{"cores", 8}}}, two = {1, {{"cores", 2}}};
    hosts_join(&hosts, 0, "a", &host_has, &own);
    hosts_join(&hosts, 1, "a", &host_has, &none);
    ck_assert(hosts_could(&hosts, 0, &eight) && !hosts_could(&hosts, 1, &eight));
    hosts_take(&hosts, 0, &eight);
    ck_assert(hosts_fit(&hosts, 1, &two));
    ck_assert_double_eq(hosts_amount(&hosts, 0, "memory"), 1e9);
    hosts_free(&hosts);
}
END_TEST

START_TEST(engines_share_what_they_name_alike)
{
    hosts_t hosts = {.closed = HOSTS_NONE, .keeper = HOSTS_NONE};
    needs_t first = {1, {{"gpu/0", 1}}}, second = {1, {{"gpu/1", 1}}}, failed = {2, {{"gpu/0", 1}, {"gpu", 0}}};
    needs_t whole = {1, {{"gpu", 1}}}, half = {1, {{"gpu", 0.5}}}, none = {.count = 0};
    double free = -1;
    ck_assert(!hosts_join(&hosts, 0, "a", &host_has, &first) && !hosts_join(&hosts, 1, "a", &host_has, &second));
    ck_assert(!hosts_join(&hosts, 2, "a", &host_has, &first) && !hosts_join(&hosts, 3, "a", &host_has, &none));
    ck_assert(hosts_could(&hosts, 2, &whole) && !hosts_could(&hosts, 3, &half));
    hosts_take(&hosts, 0, &whole);
    ck_assert(!hosts_fit(&hosts, 2, &half) && hosts_fit(&hosts, 1, &whole)); // of another device
    ck_assert_str_eq(hosts_short(&hosts, 2, &half, &free)->name, "gpu");
    ck_assert_double_eq(free, 0);
    hosts_give(&hosts, 0, &whole);
    hosts_take(&hosts, 0, &half);
    ck_assert(hosts_fit(&hosts, 2, &half) && !hosts_fit(&hosts, 2, &whole));
    ck_assert(hosts_join(&hosts, 0, "a", &host_has, &failed)); // it has less now, and holds nothing
    ck_assert(!hosts_could(&hosts, 0, &half) && hosts_fit(&hosts, 2, &whole));
    ck_assert(!hosts_join(&hosts, 0, "a", &host_has, &first) && hosts_could(&hosts, 0, &whole));
    hosts_free(&hosts);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("needs");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, random_schedules_of_needs_keep_every_promise);
    tcase_add_test(tests, tasks_that_need_the_whole_host_run_one_after_the_other);
    tcase_add_loop_test(tests, as_many_run_as_the_hosts_have_cores_for, 0, (int) (sizeof sizes / sizeof sizes[0]));
    tcase_add_test(tests, calls_with_needs_keep_all_cores_busy);
    tcase_add_test(tests, what_engines_have_of_their_own_is_in_use_at_one_time);
    tcase_add_loop_test(tests, a_large_need_is_not_passed_over_for_ever, 1, 6);
    tcase_add_test(tests, an_engine_stands_ready_for_what_was_passed_over);
    tcase_add_test(tests, a_need_is_met_beside_work_that_needs_nothing);
    tcase_add_test(tests, what_a_dead_engine_held_is_free);
    tcase_add_test(tests, what_an_aborted_task_held_is_free);
    tcase_add_test(tests, what_waits_behind_other_work_moves_to_an_idle_engine);
    tcase_add_test(tests, impossible_needs_end_at_once);
    tcase_add_test(tests, a_task_that_waits_for_cores_says_so);
    tcase_add_test(tests, an_account_of_fractions_comes_back_to_nothing);
    tcase_add_test(tests, an_engine_holds_the_most_that_its_tasks_need);
    tcase_add_test(tests, what_an_engine_was_said_to_have_is_its_own);
    tcase_add_test(tests, engines_share_what_they_name_alike);
    return run_suite("needs", tests);
}
