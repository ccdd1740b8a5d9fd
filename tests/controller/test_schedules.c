//  The scheduler core under a virtual clock: a million events of random schedules, each held against every
//  promise (simulator.c). IPC_SEED=n runs the schedule of that seed alone.
#include <check.h>
#include <stdlib.h>

#include "simulator.h"

#define FOREVER ((int64_t) 1000000 * SIM_MS)

static simulator_t sim;

//  What a run is like depends on the seed, the job and the position.
static sim_outcome_t at_random(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                               int64_t *duration)
{
    static const int64_t scales[] = {200, 3 * SIM_US, 80 * SIM_US, SIM_MS, 15 * SIM_MS};
    *duration = scales[job->function % 5] * (1 + engine) / 2 + (int64_t) sim_random(self, 2000);
    if (job->function == 7 && position == 3)
        return SIM_CRASHES; // poison
    uint64_t luck = sim_random(self, 1000);
    return luck < 3 ? SIM_CRASHES : luck < 30 && job->function > 2 ? SIM_FAILS : SIM_FINE;
}

static void submit_at_random(simulator_t *self, uint32_t client)
{
    uint32_t known = 0;
    for (uint32_t e = 0; e < SIM_ENGINES; e++) known |= (uint32_t) sim_engine_known(self, e) << e;
    sim_job_t job = {.client = client,
                     .function = (uint32_t) sim_random(self, 9),
                     .count = 1 + sim_random(self, sim_random(self, 4) ? 30 : 900),
                     .direct = sim_random(self, 2),
                     .retries = (uint32_t) sim_random(self, 3) * (uint32_t) sim_random(self, 3),
                     .priority = (int32_t) sim_random(self, 3),
                     .chunk = sim_random(self, 3) ? 0 : 1 + (uint32_t) sim_random(self, 20)};
    // Engine 0 is never removed, so that what lists it can always run.
    uint32_t some = (known & (uint32_t) sim_random(self, 256)) | 1;
    if (job.direct || sim_random(self, 3) == 0)
        job.allowed = some;
    if (job.function % 5 == 4)
        job.count = 1 + job.count % 20; // the long ones
    sim_submit(self, job);
}

static void act_at_random(simulator_t *self)
{
    uint32_t client = (uint32_t) sim_random(self, 5);
    uint64_t dice = sim_random(self, 100);
    if (!self->joined[client])
        client = sim_join(self);
    if (dice < 5)
        sim_leave(self, client);
    else if (dice < 9)
        sim_kill(self, (uint32_t) sim_random(self, 5));
    else if (dice < 10 && self->user_left % 7 == 0 && sim_engine_known(self, 4))
        sim_remove(self, 4);
    else
        for (uint64_t i = 1 + sim_random(self, 3); i > 0; i--) submit_at_random(self, client);
    if (--self->user_left > 0)
        sim_user_at(self, self->now + (int64_t) sim_random(self, sim_random(self, 2) ? 200 : 20000) * SIM_US / 10);
}

static uint64_t run_at_random(uint64_t seed)
{
    sim_init(&sim, seed, 5);
    sim.behave = at_random;
    sim.user = act_at_random;
    sim.lazy = true;
    sim.latency = (int64_t) (1 + sim_random(&sim, seed % 3 ? 100 : 5000)) * SIM_US;
    sim.user_left = 60;
    sim_user_at(&sim, 0);
    sim_run(&sim, FOREVER);
    uint64_t events = sim.events;
    sim_check_empty(&sim);
    sim_end(&sim);
    return events;
}

START_TEST(random_schedules_keep_every_promise)
{
    const char *one = getenv("IPC_SEED");
    uint64_t events = one ? 1000000 : 0;
    if (one)
        run_at_random(strtoull(one, NULL, 10));
    for (uint64_t seed = 1; events < 1200000; seed++) events += run_at_random(seed);
    ck_assert_uint_ge(events, 1000000);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("schedules");
    tcase_set_timeout(tests, 150);
    tcase_add_test(tests, random_schedules_keep_every_promise);
    Suite *suite = suite_create("schedules");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
