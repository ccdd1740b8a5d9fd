//  The inside of simulator_t, of which simulator.c (the clock and the controller's side), simulator_engines.c,
//  simulator_clients.c and simulator_promises.c are parts.
#ifndef TESTS_CONTROLLER_SIMULATOR_BODY_H
#define TESTS_CONTROLLER_SIMULATOR_BODY_H

#include <check.h>
#include <inttypes.h>

#include "event_heap.h"

//  A promise. One that is broken names the seed and the time.
#define MUST(self, condition, text)                                                           \
    do {                                                                                      \
        if (!(condition))                                                                     \
            ck_abort_msg("seed %" PRIu64 ", %.6f ms: %s (%s)", (self)->seed,                  \
                         (double) (self)->now / SIM_MS, text, #condition);                    \
    } while (0)

//  A span at an engine.
typedef struct work {
    uint64_t span, cursor, end;
    sim_job_t *job;
    uint16_t attempts;
    struct work *next;
} work_t;

typedef struct engine {
    bool known, alive, told_up;
    uint32_t epoch, told_epoch;        // told: of the worker that the controller knows
    work_t *work;                      // oldest first
    bool running, refuses;
    sim_outcome_t outcome;
    int64_t duration, flushed, last_arrival;
    event_t *unsent;                   // results
    size_t unsent_count, unsent_room;
    scheduler_death_t death;
    int64_t wakes;                     // until when it is stopped
    bool suspected, lapsed;            // as the controller sees it
    bool fenced;                       // it starts nothing more until it has heard that it had lapsed
    bool stale;                        // what it runs is not the controller's any more
    uint32_t lapses;
    event_t echo;                      // what it may say once more
    uint64_t balanced;                 // positions of balanced jobs without chunks that are here
} engine_t;

//  Direct work of one client for one engine, in order.
typedef struct part {
    sim_job_t *job;
    uint64_t cursor, end;
} part_t;

typedef struct parts {
    part_t *all;
    size_t head, count, room;
} parts_t;

struct sim_state {
    engine_t engines[SIM_ENGINES];
    parts_t parts[SIM_CLIENTS][SIM_ENGINES];
    event_heap_t events;
    bool owed;                         // a dispatch
    bool held;                         // one is to come, since work is held back
    int64_t deadline;                  // when one is to come, since some work may wait no longer; 0: none is
};

//  Of an engine below SIM_LISTED: its bit.
static inline bool is_listed(uint32_t engines, uint32_t e)
{
    return e < SIM_LISTED && engines >> e & 1;
}

//  Adds to what will happen.
void sim_post(simulator_t *self, event_t event);

//  --- simulator_engines.c

//  What comes to an engine, or ends in it; nothing if that worker is not there any more.
void sim_engine_event(simulator_t *self, const event_t *event);
//  Its process ends: what was there is forgotten.
void sim_engine_stops(engine_t *engine);

//  It has heard that what it had is others' now.
void sim_engine_forsakes(engine_t *engine);

//  --- simulator_promises.c

//  Holds what the scheduler does against what was promised, and puts it among the events.
extern const scheduler_actions_t sim_actions;
//  An engine starts the next item of its work.
void sim_check_start(simulator_t *self, uint32_t engine, const work_t *work);

//  A position gets a place; which balanced ones are at an engine is counted.
void sim_put(simulator_t *self, const sim_job_t *job, sim_position_t *position, sim_place_t place, uint32_t engine);
//  Likewise positions of a job that are all in one place.
void sim_move(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count, sim_place_t from, sim_place_t to,
              uint32_t engine);
//  A message to the client: these positions have ended.
void sim_tell_client(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count, bool failed, uint32_t engine);
//  Direct work of a client for an engine, after all that it has for it already.
void sim_add_part(simulator_t *self, sim_job_t *job, uint32_t engine, uint64_t first, uint64_t count);

#endif
