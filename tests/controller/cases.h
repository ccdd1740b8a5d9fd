//  What the single cases of the scheduler share: how they end, what tasks do in several of them.
#ifndef TESTS_CONTROLLER_CASES_H
#define TESTS_CONTROLLER_CASES_H

#include <check.h>

#include "simulator.h"

#define FOREVER ((int64_t) 1000000 * SIM_MS)

//  Runs until nothing happens any more, when nothing may be left.
void case_finish(simulator_t *sim);

//  sim_behave_fn: each task takes 10 ms; or all are fast, and from 50 ms on engine 0 needs 20 ms for an item.
sim_outcome_t takes_10_ms(simulator_t *sim, uint32_t engine, const sim_job_t *job, uint64_t position,
                          int64_t *duration);
sim_outcome_t engine_0_grows_slow(simulator_t *sim, uint32_t engine, const sim_job_t *job, uint64_t position,
                                  int64_t *duration);

#endif
