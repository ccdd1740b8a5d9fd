//  scheduler_t: which items run where. The pure core of the controller: events in, actions out, no sockets,
//  no clock of its own (the caller says what time it is), so that tests drive it with a virtual clock.
//
//  A job is what a client submitted: a function and a number of items (positions). A span is a run of items
//  of one job that travel together. Direct jobs are cut into spans when they come, by their targets; of a
//  balanced job spans are cut late, each time an engine has room: as many items as cover about a
//  millisecond by the recent mean of that function on that engine (DESIGN.md 4, "Window").
#ifndef IPC_CONTROLLER_SCHEDULER_H
#define IPC_CONTROLLER_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/scheme.h"

enum {
    SCHEDULER_WINDOW_NS = 2000000,     // of work that an engine has before it: some round trips, or it runs dry
    SCHEDULER_MAX_WINDOW = 8192,       // items
    SCHEDULER_POISON = 3               // engines that died of one item before it is given up
};
#define SCHEDULER_NO_ENGINE UINT32_MAX

typedef struct scheduler scheduler_t;

//  What few jobs have.
typedef struct scheduler_limits {
    int64_t deadline;          // nanoseconds: positions that have not started then end; 0: none
    uint32_t run_ms;           // that a position may run, 0: without limit
    uint32_t place;            // the scheduler's own
} scheduler_limits_t;

typedef struct scheduler_job {
    uint64_t id;               // the client's, of position 0
    uint32_t client;           // the scheduler's number of the client
    uint32_t function;
    uint64_t count;            // positions
    uint64_t left;             // positions without a result
    uint64_t cursor;           // balanced: the first position that was never cut
    uint32_t chunk;            // items that travel together, 0: automatic
    uint32_t retries;          // of each position
    int32_t priority;          // higher first
    uint32_t spans;            // that exist:
    struct scheduler_span *all_spans; // these, the newest first
    bool direct;
    bool dropped;              // its client is gone: results are dropped
    uint8_t aborted;           // the scheduler's own: what is not to run any more
    uint8_t holds;             // likewise: who looks at it, so that it is not freed
    bool held;                 // it waits for other jobs: see scheduler_release()
    scheduler_limits_t *limits; // malloc()ed by the caller, freed with the job; or NULL
    uint32_t *allowed;         // balanced: engines that may run it, allowed_count of them; or NULL: all. Direct, while
                               // it is held: its engines
    uint32_t allowed_count;
    int64_t accepted;          // when it came, nanoseconds
    void *payload;             // the caller's: arguments and items
    struct needs *needs;       // balanced: what an engine or its host must have; the caller's; NULL: nothing
    struct dependent *waits;   // the caller's, while it is held
    struct ipc_ranges *unwanted; // the scheduler's own: positions that are aborted, where others go on; NULL: none
    struct scheduler_job *next, *previous; // of the client's queue
} scheduler_job_t;

//  What happens to a span: one table in scheduler.c.
typedef enum span_state { SPAN_FREE, SPAN_QUEUED, SPAN_SENT, SPAN_STATES } span_state_t;

typedef struct scheduler_span {
    uint64_t id;
    scheduler_job_t *job;
    uint64_t first, count;     // positions, those given back taken off
    uint64_t left;             // without a result
    int64_t sent;              // when, nanoseconds
    uint32_t engine;           // of a direct span: its target; else the one it was sent to
    struct tried *tried;       // engines that failed or refused it, or NULL
    uint32_t attempts;         // runs before this one
    uint32_t crashes;          // engines that died of it
    uint32_t state;            // span_state_t
    float estimate;            // of one item's time when it was sent, nanoseconds
    struct scheduler_span *next, *previous; // of the queue it stands in
    struct scheduler_span *older, *newer; // of its job
} scheduler_span_t;

//  Why positions end without a result of a function.
typedef enum scheduler_loss {
    SCHEDULER_CRASHED,         // the engine died while it ran
    SCHEDULER_RESULT_LOST,     // it had finished, the result did not get out
    SCHEDULER_ENGINE_LOST,     // the engine is gone for good
    SCHEDULER_NO_ENGINES,      // no engine that may run it is left
    SCHEDULER_UNMET,           // no engine has what it needs
    SCHEDULER_REFUSED,         // all that are left and may run it have refused it
    SCHEDULER_IMPOSSIBLE,      // what it depends on ended otherwise
    SCHEDULER_ABORTED,         // its client does not want it any more
    SCHEDULER_LATE             // it had not started at its deadline
} scheduler_loss_t;

//  True for a span that somebody waits for who has no other work here: what comes of it is told at once.
bool scheduler_span_is_lone(const scheduler_t *self, const scheduler_span_t *span);

//  What an engine is to do with items: give back those that have not started; stop the one that runs too; and end
//  itself if that one cannot be stopped.
typedef enum scheduler_drop { SCHEDULER_DROP_WAITING, SCHEDULER_DROP_STOP, SCHEDULER_DROP_KILL } scheduler_drop_t;

//  What the scheduler asks for. Called within the events; they must not call the scheduler.
typedef struct scheduler_actions {
    void (*send)(void *context, uint32_t engine, scheduler_span_t *span);
    void (*recall)(void *context, uint32_t engine, uint64_t count);
    //  It answers with what it gave back, and with failures of the others.
    void (*drop)(void *context, uint32_t engine, scheduler_span_t *span, uint64_t first, uint64_t count,
                 scheduler_drop_t how);
    //  Positions of a job end with an error.
    void (*lose)(void *context, scheduler_job_t *job, uint64_t first, uint64_t count, uint32_t engine,
                 scheduler_loss_t loss, uint32_t attempts);
    //  A position runs again: its run at an engine, to which it was sent at that time, ended so. May be NULL.
    void (*again)(void *context, const scheduler_job_t *job, uint64_t position, uint32_t engine, int64_t sent,
                  scheduler_loss_t loss);
    //  The job is over, its memory goes: the caller frees payload and allowed.
    void (*end)(void *context, scheduler_job_t *job);
} scheduler_actions_t;

//      actions, context   borrowed for the scheduler's life
scheduler_t *scheduler_new(const scheduler_actions_t *actions, void *context);
//  Ids of spans begin with this generation: a random one keeps them apart from those before a restart.
void scheduler_begin_at(scheduler_t *self, uint32_t generation);

//  How engines are chosen for balanced work; without this: leastload, an automatic window. Before anything is
//  submitted.
//      hwm     balanced tasks that an engine may have before it, at most (a chunk counts as one; direct work does not
//              count): they go one by one to where the scheme says. 0: as many as cover SCHEDULER_WINDOW_NS by the
//              measured pace
//      seed    of the draws of schemes that draw
//  Retries, fairness, recall and all else are the same for each.
void scheduler_choose_by(scheduler_t *self, ipc_scheme_t scheme, uint32_t hwm, uint64_t seed);

void scheduler_destroy(scheduler_t **self_p);

//  Clients: a number for a new one; one that goes (its unfinished work is dropped).
uint32_t scheduler_client_join(scheduler_t *self);
void scheduler_client_leave(scheduler_t *self, uint32_t client);

//  Whether a job that a client submits is a new one: its ids rise. False: it has come before, drop it.
bool scheduler_client_submits(scheduler_t *self, uint32_t client, uint64_t id);

//  Nothing more of a client is sent to engines until it is to go on; what they have they go on with.
void scheduler_client_pause(scheduler_t *self, uint32_t client, bool paused);

//  Engines. Up: it is ready for work (what it had before must have been accounted for). Down: nothing is sent
//  to it; what it has is kept until its death is known in detail, or it is removed.
void scheduler_engine_up(scheduler_t *self, uint32_t engine);
void scheduler_engine_down(scheduler_t *self, uint32_t engine);
//  It has not answered for a while, or it has again: meanwhile nothing is sent to it, and the balanced work that it has
//  not started is asked back, which it reads when it can. What it tells counts.
void scheduler_engine_suspect(scheduler_t *self, uint32_t engine, bool suspected);
//  It died. Of the spans it had: items before (done_span, done_item) in the order sent, and that one, had
//  finished; (span, item) was running when span is not 0; the rest had not started.
typedef struct scheduler_death {
    uint64_t span, item, done_span, done_item;
    bool unknown;              // nothing is known: the first item without a result may have been running
} scheduler_death_t;
void scheduler_engine_died(scheduler_t *self, uint32_t engine, const scheduler_death_t *death);
//  What tasks may need of it, and of its host, which has one name for all engines there; copies are kept. Before it
//  is up. What no engine can run any more, as this one has less than before, ends.
void scheduler_engine_has(scheduler_t *self, uint32_t engine, const char *host, const struct needs *of_host,
                          const struct needs *own);
//  How much of something there is where an engine is, its own or its host's.
double scheduler_engine_amount(const scheduler_t *self, uint32_t engine, const char *name);
//  It is gone for good: direct work for it ends with an error.
void scheduler_engine_remove(scheduler_t *self, uint32_t engine);
bool scheduler_engine_known(const scheduler_t *self, uint32_t engine);

//  A job to be filled by the caller (id, client, function, count, …), then submitted. For a direct job the
//  caller adds its spans before it submits.
scheduler_job_t *scheduler_job_new(scheduler_t *self);
void scheduler_job_target(scheduler_t *self, scheduler_job_t *job, uint32_t engine, uint64_t first,
                          uint64_t count);
void scheduler_submit(scheduler_t *self, scheduler_job_t *job);
//  The same for a job of which only some positions are to run, ranges in rising order: of a direct one those that it
//  has spans for. Those of it that engines run already come before that, one call each: gives the span.
//      engine     is known
//      attempts   runs of these positions before this one
scheduler_span_t *scheduler_adopt(scheduler_t *self, scheduler_job_t *job, uint32_t engine, uint64_t first,
                                  uint64_t count, uint32_t attempts);
typedef struct scheduler_range {
    uint64_t first, count;
} scheduler_range_t;
void scheduler_submit_some(scheduler_t *self, scheduler_job_t *job, const scheduler_range_t *ranges, size_t count);
//  The same for a direct job that is held: in allowed SCHEDULER_NO_ENGINE stands for each position that is not to run.
void scheduler_hold_some(scheduler_t *self, scheduler_job_t *job);
//  Positions of a direct job end, as their engine is no longer there; after it was submitted with spans for others.
void scheduler_job_miss(scheduler_t *self, scheduler_job_t *job, uint32_t engine, uint64_t first, uint64_t count);

//  A job that is held begins to wait for engines: for those of allowed, which may have changed; a direct one, that was
//  submitted without spans, has position i for the engine allowed[i]. Or it ends so. Nothing when it is held no more:
//  what waited of it was aborted, and engines run the rest.
void scheduler_release(scheduler_t *self, scheduler_job_t *job);
void scheduler_give_up(scheduler_t *self, scheduler_job_t *job, scheduler_loss_t loss);

//  The span of an id if it was sent to this engine, else NULL (it is late: drop what it brings).
scheduler_span_t *scheduler_span(scheduler_t *self, uint64_t id, uint32_t engine);

//  Whether these items of a span are its next ones. If not, or span is NULL, an engine tells something twice, or late:
//  drop what it brings.
bool scheduler_expects(const scheduler_span_t *span, uint64_t first, uint64_t count, bool failed);

//  Items of a span, which are expected, have a result. Gives true when it counts, false when they will run again.
//      failed     the function raised; count is 1
bool scheduler_done(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count, bool failed,
                    int64_t duration_ns);
//  The function refused to run an item here. True when no engine is left that may take it: then it ends.
bool scheduler_refused(scheduler_t *self, scheduler_span_t *span, uint64_t first);
//  After scheduler_done() or scheduler_refused() and the use of span: frees the span and the job when nothing is left.
void scheduler_settle(scheduler_t *self, scheduler_span_t *span);

//  An engine gave back items of a span, the last ones it has of it; count may be 0.
//      last       its answer to the recall is complete
void scheduler_gave(scheduler_t *self, uint32_t engine, scheduler_span_t *span, uint64_t first,
                    uint64_t count, bool last);

//  Sends what can be sent. After the events of a turn of the main loop. True when work is held back from an idle
//  engine because faster ones are about to be through with it: call it again within some milliseconds.
bool scheduler_dispatch(scheduler_t *self, int64_t now);

//  Why positions of a job wait, or where they are, as a sentence. False when the client has no such job.
bool scheduler_explain(const scheduler_t *self, uint32_t client, uint64_t job, char *text, size_t size);

//  When it is to be called at the latest, as some work may wait no longer; INT64_MAX: no such time.
int64_t scheduler_next_deadline(const scheduler_t *self);

//  A client does not want positions of its job any more (id 0: of all its jobs): those that wait end at once, engines
//  are asked to drop the others. What is over stays so.
void scheduler_abort(scheduler_t *self, uint32_t client, uint64_t id, uint64_t first, uint64_t count);
//  The same for its direct work that is at these engines or waits for them; or for its balanced work that may run
//  nowhere else (count 0: all of it).
void scheduler_abort_engines(scheduler_t *self, uint32_t client, bool direct, const uint32_t *engines, size_t count);

//  How things are.
typedef struct scheduler_counts {
    size_t jobs, spans;        // that exist
    size_t bytes;              // of their records
    uint64_t looks;            // at engines that turns have taken, ever
} scheduler_counts_t;
scheduler_counts_t scheduler_counts(const scheduler_t *self);
size_t scheduler_engine_load(const scheduler_t *self, uint32_t engine); // items sent and not done
size_t scheduler_engine_queue(const scheduler_t *self, uint32_t engine); // direct spans waiting for it
uint64_t scheduler_engine_finished(const scheduler_t *self, uint32_t engine); // items done, ever

#endif
