//  simulator_t: engines and clients around the scheduler core, under a virtual clock. It holds every action
//  of the scheduler against what was promised; a broken promise fails the test and names the seed.
#ifndef TESTS_CONTROLLER_SIMULATOR_H
#define TESTS_CONTROLLER_SIMULATOR_H

#include "controller/dependencies.h"
#include "controller/scheduler.h"

enum { SIM_ENGINES = 512, SIM_LISTED = 32, SIM_CLIENTS = 16, SIM_US = 1000, SIM_MS = 1000000 };
enum { SIM_HOST_ENGINES = 4, SIM_HOST_CORES = 4 }; // of each host, which has engines 0 to 3, 4 to 7, …

//  Of so many random schedules one is run. All are on one thread: ThreadSanitizer has nothing to see, and takes long.
#ifdef __SANITIZE_THREAD__
enum { SIM_SHARE = 10 };
#else
enum { SIM_SHARE = 1 };
#endif

typedef struct simulator simulator_t;

typedef enum sim_abort { SIM_WANTED, SIM_PERHAPS_ABORTED, SIM_ABORTED } sim_abort_t;
typedef enum sim_place { SIM_WAITS, SIM_AT_ENGINE, SIM_ENDED, SIM_DROPPED } sim_place_t;
typedef enum sim_outcome { SIM_FINE, SIM_FAILS, SIM_CRASHES, SIM_REFUSES } sim_outcome_t;

typedef struct sim_position {
    uint8_t place;             // sim_place_t
    bool started;              // ever
    bool lost;                 // ended with an error of the scheduler's
    bool failed;               // ended with an error of the function's
    uint8_t aborted;           // its client does not want it: sim_abort_t
    uint8_t loss;              // scheduler_loss_t
    uint16_t runs, crashes;
    uint32_t engine;           // it is at, or ended at
    int64_t begun;             // the last run, nanoseconds
    uint64_t noted;            // which message of its client's its end was; 0: it has not ended
    uint32_t refused;          // a bit for each of the first SIM_LISTED engines that refused it
} sim_position_t;

typedef struct sim_job {
    uint32_t client, function, retries, chunk, engine; // engine: of direct work for one
    uint64_t sequence;         // of the submission
    uint64_t count, open;      // positions; those that neither ended nor were dropped
    int64_t finished;          // when the last result came
    bool direct, dropped, over;
    bool everywhere;           // direct: for all engines that are known
    int64_t wait, deadline;    // nanoseconds that it may wait; until when; 0: without limit
    uint32_t allowed;          // one bit for each of the first SIM_LISTED engines
    int32_t priority;
    struct sim_job *after;     // of the same client: it comes after this one, or NULL
    uint32_t mode;             // how: IPC_DEPEND_…
    bool follows;              // it runs where that ran
    uint32_t needs;            // of "gpu", which engine e has e of; 0: nothing
    uint32_t cores;            // of the host that a position needs
    uint64_t id;
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
    uint64_t aborts, delays;   // positions that were aborted, or too late
    sim_behave_fn *behave;
    void (*user)(simulator_t *self); // called at the time that sim_user_at() asked for
    int64_t user_left;         // the user's own count
    bool lazy;                 // dispatch is sometimes put off to the next event
    bool repeats;              // engines and clients say things twice
    sim_sent_t *sent;          // every span sent, when log is true
    size_t sent_count, sent_room;
    bool log;
    uint32_t hwm;              // that no engine has more balanced tasks at a time, of jobs without chunks; 0: any
    struct sim_state *state;   // the engines, the heap of events
    sim_job_t *jobs;           // newest first
    uint64_t sequence;
    bool joined[SIM_CLIENTS];
    dependencies_t *dependencies[SIM_CLIENTS];
    uint64_t noted[SIM_CLIENTS]; // messages
    uint64_t next_id, session[SIM_CLIENTS]; // session: ids after it are of the client that there is now
    uint64_t refusals, impossible; // positions that ended so
    uint64_t lapses, late;     // engines that were silent for too long, what they told after it
    uint64_t twice;            // what was said twice
};

void sim_init(simulator_t *self, uint64_t seed, uint32_t engines);
void sim_end(simulator_t *self);
uint64_t sim_random(simulator_t *self, uint64_t below);

//  How many events of random schedules a test is to see: as many as usual, or IPC_EVENTS of the environment; then no
//  test asks whether all that it looks for did happen.
uint64_t sim_events(uint64_t usual);
bool sim_is_limited(void);

uint32_t sim_join(simulator_t *self);
void sim_leave(simulator_t *self, uint32_t client);

//  Submits a job by a template (client, function, retries, chunk, count, priority; allowed 0: all). Direct:
//  dealt by the partition rule to the engines of the bits of allowed, or everywhere.
sim_job_t *sim_submit(simulator_t *self, sim_job_t template);

//  An engine that was not there comes.
void sim_add(simulator_t *self, uint32_t engine);

//  Its client does not want positions of a job any more; or any work of its own; or what scheduler_abort_engines() says
//  of the engines of the bits.
void sim_abort(simulator_t *self, sim_job_t *job, uint64_t first, uint64_t count);
void sim_abort_client(simulator_t *self, uint32_t client);
void sim_abort_engines(simulator_t *self, uint32_t client, bool direct, uint32_t engines);

//  Kills an engine now; it is back a few milliseconds later. Removes one for good.
void sim_kill(simulator_t *self, uint32_t engine);
void sim_remove(simulator_t *self, uint32_t engine);
//  Stops an engine for so many nanoseconds: it reads and does nothing. The controller suspects it after SIM_SUSPECT_NS,
//  and takes its work away after SIM_LOSE_NS; when it wakes, what it is at goes on, and what it tells of it is late.
enum { SIM_SUSPECT_NS = SIM_MS, SIM_LOSE_NS = 3 * SIM_MS };
void sim_freeze(simulator_t *self, uint32_t engine, int64_t duration);
//  Tells the scheduler alone that nothing goes to an engine, or something again.
void sim_tell(simulator_t *self, uint32_t engine, bool up);
bool sim_engine_known(const simulator_t *self, uint32_t engine);

void sim_user_at(simulator_t *self, int64_t time);

//  Goes on until nothing more happens, or until the time.
void sim_run(simulator_t *self, int64_t until);

//  Every job that waits has a reason.
void sim_check_reasons(simulator_t *self);

//  Everything that was submitted is over and the scheduler holds nothing.
void sim_check_empty(simulator_t *self);

#endif
