//  simulator_t: engines and clients around the scheduler core, under a virtual clock. It holds every action
//  of the scheduler against what was promised; a broken promise fails the test and names the seed.
#ifndef TESTS_CONTROLLER_SIMULATOR_H
#define TESTS_CONTROLLER_SIMULATOR_H

#include "controller/scheduler.h"

enum { SIM_ENGINES = 512, SIM_LISTED = 32, SIM_CLIENTS = 16, SIM_US = 1000, SIM_MS = 1000000 };

typedef struct simulator simulator_t;

typedef enum sim_place { SIM_WAITS, SIM_AT_ENGINE, SIM_ENDED, SIM_DROPPED } sim_place_t;
typedef enum sim_outcome { SIM_FINE, SIM_FAILS, SIM_CRASHES } sim_outcome_t;

typedef struct sim_position {
    uint8_t place;             // sim_place_t
    bool started;              // ever
    bool lost;                 // ended with an error of the scheduler's
    bool failed;               // ended with an error of the function's
    uint8_t loss;              // scheduler_loss_t
    uint16_t runs, crashes;
    uint32_t engine;           // it is at, or ended at
    int64_t begun;             // the last run, nanoseconds
} sim_position_t;

typedef struct sim_job {
    uint32_t client, function, retries, chunk, engine; // engine: of direct work for one
    uint64_t sequence;         // of the submission
    uint64_t count, open;      // positions; those that neither ended nor were dropped
    int64_t finished;          // when the last result came
    bool direct, dropped, over;
    bool everywhere;           // direct: for all engines that are known
    uint32_t allowed;          // one bit for each of the first SIM_LISTED engines
    int32_t priority;
    sim_position_t *positions;
    struct sim_job *next;
} sim_job_t;

//  What a run of a position is like: *duration in nanoseconds is 1 us unless set.
typedef sim_outcome_t sim_behave_fn(simulator_t *self, uint32_t engine, const sim_job_t *job, uint64_t position,
                                    int64_t *duration);

typedef struct sim_sent {
    const sim_job_t *job;
    uint32_t engine;
    uint64_t first, count;
    uint64_t reports;          // of results, before it was sent
} sim_sent_t;

struct simulator {
    scheduler_t *scheduler;
    uint64_t seed, random;
    int64_t now, latency;      // nanoseconds
    uint64_t events;
    uint64_t recalls, reports;
    sim_behave_fn *behave;
    void (*user)(simulator_t *self); // called at the time that sim_user_at() asked for
    int64_t user_left;         // the user's own count
    bool lazy;                 // dispatch is sometimes put off to the next event
    sim_sent_t *sent;          // every span sent, when log is true
    size_t sent_count, sent_room;
    bool log;
    struct sim_state *state;   // the engines, the heap of events
    sim_job_t *jobs;           // newest first
    uint64_t sequence;
    bool joined[SIM_CLIENTS];
};

void sim_init(simulator_t *self, uint64_t seed, uint32_t engines);
void sim_end(simulator_t *self);
uint64_t sim_random(simulator_t *self, uint64_t below);

uint32_t sim_join(simulator_t *self);
void sim_leave(simulator_t *self, uint32_t client);

//  Submits a job by a template (client, function, retries, chunk, count, priority; allowed 0: all). Direct:
//  dealt by the partition rule to the engines of the bits of allowed, or everywhere.
sim_job_t *sim_submit(simulator_t *self, sim_job_t template);

//  Kills an engine now; it is back a few milliseconds later. Removes one for good.
void sim_kill(simulator_t *self, uint32_t engine);
void sim_remove(simulator_t *self, uint32_t engine);
//  Tells the scheduler alone that nothing goes to an engine, or something again.
void sim_tell(simulator_t *self, uint32_t engine, bool up);
bool sim_engine_known(const simulator_t *self, uint32_t engine);

void sim_user_at(simulator_t *self, int64_t time);

//  Goes on until nothing more happens, or until the time.
void sim_run(simulator_t *self, int64_t until);

//  Everything that was submitted is over and the scheduler holds nothing.
void sim_check_empty(simulator_t *self);

#endif
