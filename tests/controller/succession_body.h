//  The inside of succession_t: succession.c (the clock, the network, what happens), succession_clients.c,
//  succession_engines.c, succession_controller.c and succession_terms.c (jobs that wait for others) are parts.
#ifndef TESTS_CONTROLLER_SUCCESSION_BODY_H
#define TESTS_CONTROLLER_SUCCESSION_BODY_H

#include <check.h>
#include <inttypes.h>

#include "common/ranges.h"
#include "controller/claims.h"
#include "controller/dependencies.h"
#include "controller/scheduler.h"
#include "controller/supply.h"
#include "succession.h"

enum { ENGINES = 4, CLIENTS = 3, US = 1000, MS = 1000000 };
enum { CONNECTIONS = 16 };             // of clients, that a controller may have at a time
enum { OVER_MS = 200 };                // after which no client may come with anything of before

#define MUST(self, condition, text)                                                                      \
    do {                                                                                                 \
        if (!(condition))                                                                                \
            ck_abort_msg("seed %" PRIu64 ", %.6f ms: %s (%s)", (self)->seed, (double) (self)->now / MS, text, \
                         #condition);                                                                    \
    } while (0)

//  One position, as all-seeing eyes know it.
typedef struct position {
    bool got;                          // its client has its end
    bool unwanted;                     // and has aborted it
    bool told;                         // the client has it, or the controller that there is has told it
    bool failed;                       //   it ended with an error
    uint32_t engine;                   //   where; UINT32_MAX: nowhere
    uint16_t runs;
} position_t;

//  What a job waits for: positions of a job of the same client.
enum { AFTER, FOLLOW, GIVEN, CONDITIONS };
typedef struct parent {
    struct job *job;                   // NULL: nothing
    uint64_t first, count;
    uint32_t mode;                     // IPC_DEPEND_…; of what it is given: success of all
} parent_t;

typedef struct job {
    uint64_t id;
    uint32_t client, session;          // its client, and which of its lives that is
    parent_t parents[CONDITIONS];
    bool released;                     // it waits for others no more, by this controller, or some of it has run
    uint32_t confined;                 // a bit for each engine that it may run on then; 0: all
    supply_t *supply;                  // values that it has been given, at the controller
    uint64_t count;
    uint32_t retries, function;
    int32_t priority;
    bool direct;
    scheduler_job_t *scheduled;        // by the controller that there is; NULL: it is over there, or not told
    uint32_t controllers;              // that there were when it was submitted
    ipc_ranges_t missing, unwanted;    // as its client knows
    position_t *positions;
    struct job *next;
} job_t;

typedef enum note_type {
    // to the controller
    NOTE_HELLO, NOTE_SUBMIT, NOTE_ABORT, NOTE_SEEN, NOTE_SUPPLY, NOTE_LEAVE,
    NOTE_REGISTER, NOTE_KEPT, NOTE_RUNS, NOTE_DONE, NOTE_GAVE, NOTE_DOWN,
    // from it
    NOTE_WELCOME, NOTE_ACCEPTED, NOTE_RESULT, NOTE_WANT, NOTE_REFUSED, NOTE_TASK, NOTE_RECALL, NOTE_DROP, NOTE_SAFE,
    // that come of themselves
    NOTE_ITEM, NOTE_BACK, NOTE_KILL, NOTE_STARTS, NOTE_NOTICE, NOTE_CONNECT, NOTE_USER, NOTE_LOOK
} note_type_t;

//  What a client says with a submission that waits for others: controller/dependencies.h.
typedef struct terms {
    uint64_t seen;
    ipc_writer_t parents[CONDITIONS];  // ipc_parent_t each
} terms_t;

//  A message, or an event: what the words mean depends on the type.
typedef struct note {
    int64_t time;
    uint64_t order;
    note_type_t type;
    uint32_t peer;                     // engines come first, then clients
    uint32_t controller, life;         // which of them it is for, or from; and of the peer's lives
    uint32_t connection;               // that it comes over; of all that there ever were
    uint32_t died_life;                // of a registration: whose death that is
    job_t *job;
    uint64_t span, first, count, number;
    bool failed, last, resumes;
    bool echo;                         // it has been said before
    ipc_ranges_t missing;              // of a submission that goes on; owned
    terms_t *terms;                    // of one that waits for others; owned, or NULL
    scheduler_death_t death;
} note_t;

//  What an engine keeps until it is safe.
typedef struct kept {
    job_t *job;
    uint64_t first, number;
    bool failed;
    struct kept *next;
} kept_t;

typedef struct work {
    uint64_t span, cursor, end;
    job_t *job;
    struct work *next;
} work_t;

typedef struct engine {
    bool alive;
    uint32_t life, controller;         // controller: that it is connected to, 0: none
    work_t *work;                      // the oldest first; that runs
    bool running;
    uint32_t connection;
    bool accepted;                     // the controller has answered
    note_t echo;                       // what it may say once more
    kept_t *kept;                      // the oldest first
    uint64_t numbers;                  // of results of this connection
    scheduler_death_t death;           // of this worker, as far as it has come
    scheduler_death_t died;            // of one before it,
    uint32_t died_life;                //   that one
    int64_t arrival;                   // of the last message of it, and to it
    int64_t arrival_back;
} engine_t;

typedef struct client {
    uint32_t life, controller;
    uint64_t seen, told_seen;
    uint32_t connection;
    bool welcome;                      // the controller has answered
    bool cut;                          // its connection is, before that, and it is about to make another one
    uint64_t resume_job;               // jobs from this one on were not submitted to a controller before
    note_t echo;
    int64_t arrival, arrival_back;
} client_t;

typedef struct unseen {
    uint64_t result, number;
    uint32_t engine, connection;
} unseen_t;

//  What the controller knows.
typedef struct known_engine {
    bool told, up;
    uint32_t life;                     // 0: no worker has come
    uint32_t connection;
    uint64_t dones;
    uint64_t former_span, adopted_span;
} known_engine_t;

typedef struct known_client {
    bool here;
    uint32_t client, life, connection; // which one, which of its lives, and of its connections
    uint32_t number;                   // the scheduler's
    uint64_t results;
    ipc_writer_t unseen;
    dependencies_t *dependencies;
} known_client_t;

typedef struct succession {
    uint64_t seed, random;
    int64_t now;
    succession_counts_t counts;
    note_t *heap;
    size_t heap_count, heap_room;
    uint64_t order;
    job_t *jobs;
    uint64_t next_id;
    uint32_t connections;
    int64_t latency;
    uint32_t user_left, deaths_left;   // what is to happen yet
    engine_t engines[ENGINES];
    client_t clients[CLIENTS];
    // the controller
    uint32_t controller;               // counts them
    bool alive, hears;
    scheduler_t *scheduler;
    claims_t *claims;
    known_engine_t known[ENGINES];
    known_client_t known_clients[CONNECTIONS];
    note_t *unheard;                   // of clients, before it hears them
    size_t unheard_count, unheard_room;
    bool is_over;                      // nobody comes with anything of before any more
    job_t *resumed;                    // what a client goes on with, just now,
    known_client_t *speaks;            //   and which one
    size_t known_jobs;                 // that the scheduler should have
} succession_t;

uint64_t random_below(succession_t *self, uint64_t below);
void post(succession_t *self, note_t note, int64_t after);
void send_to_controller(succession_t *self, uint32_t peer, note_t note);
void send_to_engine(succession_t *self, uint32_t e, note_t note);
void send_to_client(succession_t *self, const known_client_t *client, note_t note);
note_t note_copy(const note_t *note);
void note_free(note_t *note);

//  succession_clients.c
void client_connects(succession_t *self, uint32_t c);
void client_serves(succession_t *self, const note_t *note);
void client_submits(succession_t *self, uint32_t c);
void client_aborts_some(succession_t *self, uint32_t c);
void client_dies(succession_t *self, uint32_t c);

//  succession_controller.c
known_client_t *client_of(succession_t *self, const job_t *job); // that it has told results; NULL: it is not there
void controller_starts(succession_t *self);
void controller_dies(succession_t *self);
void controller_hears(succession_t *self, note_t *note); // takes it
void controller_turn(succession_t *self);
void controller_check(succession_t *self);

//  succession_terms.c
void terms_note(known_client_t *client, const note_t *result, uint32_t engine); // that the client is told
void terms_hold(succession_t *self, known_client_t *client, scheduler_job_t *scheduled, const terms_t *terms);
//  Of a job a part has run: it waits no more, but stays where it was to follow to.
void terms_confine(succession_t *self, known_client_t *client, scheduler_job_t *scheduled, const terms_t *terms);
void terms_supply(succession_t *self, known_client_t *client, const note_t *note);
void terms_decide(succession_t *self);
extern const dependencies_actions_t terms_actions;     // the succession's

//  succession_engines.c
void engine_serves(succession_t *self, const note_t *note);
void engine_dies(succession_t *self, uint32_t e);
void engine_notices(succession_t *self, uint32_t e);
void engine_connects(succession_t *self, uint32_t e);

#endif
