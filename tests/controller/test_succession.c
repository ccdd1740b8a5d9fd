//  Controllers that succeed one another, by chance: see succession.h. IPC_SEED=n runs the schedule of that seed alone,
//  IPC_EVENTS=n says how many events there are to be.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "simulator.h"
#include "succession.h"
#include "tests/common/run_suite.h"

START_TEST(deaths_of_controllers_engines_and_clients_keep_every_promise)
{
    const char *one = getenv("IPC_SEED");
    uint64_t wanted = one ? 0 : sim_events(1000000);
    succession_counts_t counts = {0};
    if (one)
        succession_run(strtoull(one, NULL, 10), &counts);
    for (uint64_t seed = 1; counts.events < wanted; seed++) succession_run(seed, &counts);
    printf("%llu events: %llu controllers, %llu workers, %llu clients died; of claims %llu were adopted, %llu delivered, "
           "%llu dropped; %llu positions were lost, %llu aborted; %llu jobs waited again; %llu messages came twice, "
           "%llu greetings again, %llu clients too late\n",
           (unsigned long long) counts.events, (unsigned long long) counts.controllers,
           (unsigned long long) counts.workers, (unsigned long long) counts.clients,
           (unsigned long long) counts.adopted, (unsigned long long) counts.delivered,
           (unsigned long long) counts.dropped, (unsigned long long) counts.lost, (unsigned long long) counts.aborted,
           (unsigned long long) counts.waited, (unsigned long long) counts.twice, (unsigned long long) counts.again,
           (unsigned long long) counts.refused);
    bool enough = counts.controllers > 100 / SIM_SHARE && counts.adopted > 100 / SIM_SHARE &&
                  counts.delivered > 100 / SIM_SHARE && counts.lost > 100 / SIM_SHARE;
    ck_assert(one || sim_is_limited() || enough);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("succession");
    tcase_set_timeout(tests, sim_is_limited() ? 0 : 150);
    tcase_add_test(tests, deaths_of_controllers_engines_and_clients_keep_every_promise);
    return run_suite("succession", tests);
}
