#include "cases.h"

void case_finish(simulator_t *sim)
{
    sim_run(sim, FOREVER);
    sim_check_empty(sim);
    sim_end(sim);
}

sim_outcome_t takes_10_ms(simulator_t *sim, uint32_t engine, const sim_job_t *job, uint64_t position, int64_t *duration)
{
    (void) sim, (void) engine, (void) job, (void) position;
    *duration = 10 * SIM_MS;
    return SIM_FINE;
}

sim_outcome_t engine_0_grows_slow(simulator_t *sim, uint32_t engine, const sim_job_t *job, uint64_t position,
                                  int64_t *duration)
{
    (void) job, (void) position;
    *duration = engine == 0 && sim->now > 50 * SIM_MS ? 20 * SIM_MS : 10 * SIM_US;
    return SIM_FINE;
}
