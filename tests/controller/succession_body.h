//  The inside of succession_t: succession.c (the clock, the network, clients), succession_engines.c and
//  succession_controller.c are parts.
#ifndef TESTS_CONTROLLER_SUCCESSION_BODY_H
#define TESTS_CONTROLLER_SUCCESSION_BODY_H

#include <check.h>
#include <inttypes.h>

#include "common/ranges.h"
#include "controller/claims.h"
#include "controller/scheduler.h"
#include "succession.h"

enum { ENGINES = 4, CLIENTS = 3, US = 1000, MS = 1000000 };

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
    uint16_t runs;
} position_t;

typedef struct job {
    uint64_t id;
    uint32_t client, session;          // its client, and which of its lives that is
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
    NOTE_SUBMIT, NOTE_ABORT, NOTE_SEEN, NOTE_LEAVE,
    NOTE_REGISTER, NOTE_KEPT, NOTE_RUNS, NOTE_DONE, NOTE_GAVE, NOTE_DOWN,
    // from it
    NOTE_RESULT, NOTE_TASK, NOTE_RECALL, NOTE_DROP, NOTE_SAFE,
    // that come of themselves
    NOTE_ITEM, NOTE_BACK, NOTE_KILL, NOTE_STARTS, NOTE_NOTICE, NOTE_CONNECT, NOTE_USER, NOTE_LOOK
} note_type_t;

//  A message, or an event: what the words mean depends on the type.
typedef struct note {
    int64_t time;
    uint64_t order;
    note_type_t type;
    uint32_t peer;                     // engines come first, then clients
    uint32_t controller, life;         // which of them it is for, or from; and of the peer's lives
    uint32_t died_life;                // of a registration: whose death that is
    job_t *job;
    uint64_t span, first, count, number;
    bool failed, last, resumes;
    ipc_ranges_t missing;              // of a submission that goes on; owned
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
    kept_t *kept;                      // the oldest first
    uint64_t numbers;                  // of results of this connection
    scheduler_death_t death;           // of this worker, as far as it has come
    scheduler_death_t died;            // of one before it,
    uint32_t died_life;                //   that one
    int64_t arrival;                   // of the last message of it, and to it
    int64_t arrival_back;
} engine_t;

typedef struct client {
    bool alive;
    uint32_t life, controller;
    uint64_t seen, told_seen;
    int64_t arrival, arrival_back;
} client_t;

typedef struct unseen {
    uint64_t result, number;
    uint32_t engine, life;
} unseen_t;

//  What the controller knows.
typedef struct known_engine {
    bool told, up;
    uint32_t life;                     // 0: no worker has come
    uint64_t dones;
    uint64_t former_span, adopted_span;
} known_engine_t;

typedef struct known_client {
    bool here;
    uint32_t number, life;             // the scheduler's; of its lives
    uint64_t results;
    ipc_writer_t unseen;
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
    known_client_t known_clients[CLIENTS];
    note_t *unheard;                   // of clients, before it hears them
    size_t unheard_count, unheard_room;
    bool is_over;                      // nobody comes with anything of before any more
    job_t *resumed;                    // what a client goes on with, just now
    size_t known_jobs;                 // that the scheduler should have
} succession_t;

uint64_t random_below(succession_t *self, uint64_t below);
void post(succession_t *self, note_t note, int64_t after);
void send_to_controller(succession_t *self, uint32_t peer, note_t note);
void send_to_peer(succession_t *self, uint32_t peer, note_t note);
void note_free(note_t *note);

//  succession_controller.c
void controller_starts(succession_t *self);
void controller_dies(succession_t *self);
void controller_hears(succession_t *self, note_t *note); // takes it
void controller_turn(succession_t *self);
void controller_check(succession_t *self);

//  succession_engines.c
void engine_serves(succession_t *self, const note_t *note);
void engine_dies(succession_t *self, uint32_t e);
void engine_notices(succession_t *self, uint32_t e);
void engine_connects(succession_t *self, uint32_t e);

#endif
