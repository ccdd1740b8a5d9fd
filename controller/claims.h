//  claims_t: what engines have of work that a controller before this one sent them: positions that they have done, or
//  have begun. The pure part of recovery.h, so that tests take it through deaths and restarts with the scheduler.
//
//  An engine runs one thing at a time: of each there is at most one claim that runs. A client that misses positions
//  of a job is given what is done, what runs becomes the scheduler's, and the rest is to be queued: see the header of
//  recovery.h for why that is exact.
#ifndef IPC_CONTROLLER_CLAIMS_H
#define IPC_CONTROLLER_CLAIMS_H

#include "common/ranges.h"

typedef struct claims claims_t;

typedef struct claim {
    uint64_t job, first, count;
    uint32_t engine, peer;             // that has it: its id, and a number of its connection, from 1
    uint64_t span;                     // of one that runs: what the engine calls it
    uint64_t number;                   // of one that is done: which result of the engine's it is
    bool failed;                       //   it ended with an error
    ipc_writer_t result;               //   the caller's; empty: it runs yet
    struct claim *next;                // of the bucket
} claim_t;

//  What becomes of claims; they must not call the claims.
typedef struct claims_actions {
    void (*deliver)(void *context, const claim_t *claim);  // its client has no result of these positions
    void (*repeat)(void *context, const claim_t *claim);   // it has just been given another result of them
    void (*drop)(void *context, const claim_t *claim);     // nobody needs the result
    void (*adopt)(void *context, const claim_t *claim);    // it runs, and its client waits for it
} claims_actions_t;

//      actions   borrowed for its life
claims_t *claims_new(const claims_actions_t *actions);
void claims_destroy(claims_t **self_p);                // without a word

size_t claims_count(const claims_t *self);

//  An engine has begun positions: what it ran before is over. False: it has told that before over this connection, and
//  nothing is changed.
bool claims_begin(claims_t *self, uint32_t engine, uint32_t peer, uint64_t job, uint64_t first, uint64_t count,
                  uint64_t span);
//  What runs on an engine and nobody has asked for; NULL: nothing. Lent until the next call.
const claim_t *claims_running(const claims_t *self, uint32_t engine);

//  The worker that had begun what runs on an engine is dead, and the next one has not told as yet what it knows of
//  that: until then all of it has failed, with a result which is taken.
void claims_bury(claims_t *self, uint32_t engine, ipc_writer_t *result);

//  Positions have a result, which is taken; those that ran before them on this engine are its claim no more.
void claims_finish(claims_t *self, uint32_t engine, uint32_t peer, uint64_t job, uint64_t first, uint64_t count,
                   uint64_t number, bool failed, ipc_writer_t *result);

//  A client misses positions of a job: what is done is delivered and taken out of them, or dropped when the client has
//  it, or when it failed and is to run again. A worker that died may have told a result, and the next one that it was
//  lost: the first counts, and the other is kept until the client has that.
//      retries    of each position
void claims_match(claims_t *self, void *context, uint64_t job, uint32_t retries, ipc_ranges_t *missing);
//  The same for what runs.
bool claims_run(const claims_t *self, uint64_t job);   // something of it does
void claims_adopt(claims_t *self, void *context, uint64_t job, ipc_ranges_t *missing);

//  Nobody will ask any more: all that is done is dropped, and nothing is known of what runs.
void claims_end(claims_t *self, void *context);

#endif
