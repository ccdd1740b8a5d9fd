//  The inside of scheduler_t, for scheduler.c (what happens), engines.c (those that come and go),
//  choose.c (what runs where), recall.c (what moves), abort.c (what is not to run) and adopt.c (what ran before).
#ifndef IPC_CONTROLLER_SCHEDULER_BODY_H
#define IPC_CONTROLLER_SCHEDULER_BODY_H

#include "controller/engine_set.h"
#include "common/needs.h"
#include "controller/hosts.h"
#include "controller/job_index.h"
#include "controller/pace.h"
#include "controller/slab.h"
#include "controller/span.h"
#include "controller/tried.h"

typedef struct engine {
    bool known, ready;
    bool suspected;                    // not ready, since it does not answer
    bool recalling;                    // a recall is on its way
    bool dry;                          // the last recall brought nothing, and nothing was sent since
    bool gave;                         // the recall under way has brought something
    span_list_t sent;                  // in the order sent
    span_list_t direct;                // waiting for this engine
    size_t direct_count;               // of them
    uint64_t items;                    // sent and not done
    uint64_t balanced_items;           // of these
    uint32_t balanced_spans;           // that these are in
    double expected_ns;                // that these will take
    uint64_t finished;                 // items, ever
    uint64_t took;                     // which of all spans sent was the last one to it
    int64_t progress;                  // when it last began or finished something, to the turn
} engine_t;

//  Jobs in the order in which they run, by priority: those that need nothing, and those that need something.
enum { QUEUE_PLAIN, QUEUE_NEEDY, QUEUES };
typedef struct job_queue {
    scheduler_job_t *first, *last;
} job_queue_t;

typedef struct client {
    bool joined, active;               // active: on the ring of clients with balanced work
    bool paused;                       // nothing of it is sent
    job_queue_t queues[QUEUES];        // jobs with positions that were never cut
    scheduler_job_t *held;             // jobs that wait for others
    span_list_t returned;              // spans that came back, before all else
    uint32_t alive;                    // jobs of it that are not over
    uint64_t newest;                   // id of a job of it
    uint32_t next, previous;           // of the ring
    job_index_t *by_id;                // its jobs that are not over, once it has aborted one; or NULL
} client_t;

//  A turn looks at the engines of these sets alone. engine_review() puts an engine where its account says.
enum {
    SET_PROGRESSED,                    // finished something since the last turn
    SET_IDLE,                          // ready, with nothing to do
    SET_ROOMY,                         // ready, and not found full since its account last changed
    SET_UNMATCHED,                     // had room, but no balanced work that waits is for it: not in SET_ROOMY
    SET_AWAITED,                       // ready, and direct work waits for it
    SET_RECALLABLE,                    // ready, with work that it may be asked to give back
    SET_CALLED,                        // direct work came since the last turn
    ENGINE_SETS
};

//  What is not to run any more of a job.
enum {
    ABORTED_ALL = 1,
    ABORTED_SOME = 2,                  // its unwanted positions
    ABORTED_LATE = 4,                  // what had not started at the deadline
    ABORTED_LISTED = 8                 // being looked at
};

enum { LONE_MAX = 64 };                // more of them wait for their turn

struct scheduler {
    const scheduler_actions_t *actions;
    void *context;
    slab_t *spans, *jobs;
    engine_t *engines;
    uint32_t engine_count, engine_room;
    engine_set_t sets[ENGINE_SETS];
    ipc_scheme_t scheme;
    uint32_t hwm;                      // balanced spans that an engine may have, 0: by its window
    uint64_t random;                   // of the scheme's draws
    uint64_t takes;                    // spans sent, ever
    uint32_t *candidates;              // room for the ids of all engines
    uint32_t recall_from;              // the idle engine that the next recall begins with
    uint32_t overdue_from;             // the engine that the next look for overdue ones begins with
    client_t *clients;
    uint32_t client_count;
    uint32_t turn;                     // the client whose turn it is, NO_CLIENT
    uint64_t waiting;                  // balanced positions that are at no engine
    uint32_t lone[LONE_MAX];           // clients whose only work, one balanced task, came since the last turn
    uint32_t lone_count;
    int64_t shared;                    // when a client last submitted while work of another one waited
    double window;                     // of work that an engine has before it, in this turn
    bool held;                         // work waits for faster engines while another is idle
    uint64_t looks;                    // at engines, ever
    bool aside;                        // engines are unmatched since such work is not for them as yet,
    int64_t aside_since;               // the first of them
    const scheduler_job_t *held_job;   // in this turn: is left to faster ones by engines of this mean or more
    double held_end, held_size;        // what such an engine would take, and when it would be through with it
    paces_t paces;
    hosts_t hosts;
    scheduler_job_t **deadlines;       // a heap of jobs that have one
    size_t deadline_count, deadline_room;
};

#define NO_CLIENT UINT32_MAX

//  scheduler.c
scheduler_span_t *span_new(scheduler_t *self, scheduler_job_t *job, uint64_t first, uint64_t count);
scheduler_span_t *span_part(scheduler_t *self, const scheduler_span_t *span, uint64_t first, uint64_t count);
//  The positions behind end of a queued span as a span of their own, behind it.
scheduler_span_t *span_split(scheduler_t *self, span_list_t *queue, scheduler_span_t *span, uint64_t end);
void dequeue_job(scheduler_t *self, scheduler_job_t *job);
void returned_remove(scheduler_t *self, uint32_t client, scheduler_span_t *span);
void ring_leave(scheduler_t *self, uint32_t client);
bool job_is_lone(const scheduler_t *self, const scheduler_job_t *job); // a single task, all that its client has

void span_free(scheduler_t *self, scheduler_span_t *span);
void ring_enter(scheduler_t *self, uint32_t client);
bool job_is_queued(const scheduler_job_t *job); // some of it waits that was never cut
void job_keep_held(scheduler_t *self, scheduler_job_t *job); // until it is released, or given up
void job_settle(scheduler_t *self, scheduler_job_t *job); // ends it when nothing of it is left

//  Positions that failed run again if the job's retries and the engines' health allow.
bool span_try_again(scheduler_t *self, scheduler_span_t *span, uint64_t first, uint64_t count, bool crashed);
void span_return(scheduler_t *self, scheduler_span_t *span); // to the head of the queue it waits in
//  All that was never cut ends with an error. The job stands in no queue.
void job_end_uncut(scheduler_t *self, scheduler_job_t *job, scheduler_loss_t loss);

//  engines.c
bool job_is_possible(const scheduler_t *self, const scheduler_job_t *job);    // some engine may run it
bool span_is_possible(const scheduler_t *self, const scheduler_span_t *span);
//  Why no engine may run a job: there is none with what it needs, or none at all of those listed.
scheduler_loss_t job_impossibility(const scheduler_job_t *job);

//  abort.c
bool is_aborted(const scheduler_job_t *job, uint64_t position);
void abort_returned(scheduler_t *self, scheduler_span_t *span); // it waits again
void abort_released(scheduler_t *self, scheduler_job_t *job); // it is not held any more
void abort_left(scheduler_t *self, uint32_t client);   // what engines have of a client that is gone
void marks_free(scheduler_job_t *job);
void deadline_add(scheduler_t *self, scheduler_job_t *job);
void deadline_remove(scheduler_t *self, scheduler_job_t *job);
void deadlines_expire(scheduler_t *self, int64_t now);

//  choose.c
bool job_allows(const scheduler_t *self, const scheduler_job_t *job, uint32_t engine);
//  An engine that failed a span takes it again only when all others that may have failed it too; one that refused it
//  never does.
bool span_allows(const scheduler_t *self, const scheduler_span_t *span, uint32_t engine);
void engine_settles(scheduler_t *self, scheduler_span_t *span, uint64_t count);
//  A queued span is at an engine from now on.
void engine_gets(scheduler_t *self, uint32_t engine, scheduler_span_t *span, int64_t now);

//  How long an engine still has to do, where the mean is skew times the estimate.
double engine_remaining(const engine_t *engine, double skew, int64_t now);
//  True for an engine that is at a much longer item than expected: nothing should wait behind it.
bool engine_is_overdue(const engine_t *engine, int64_t now);

//  After a job with needs has begun, or waits no more; after an engine has given back what its tasks needed.
void job_forget(scheduler_t *self, const scheduler_job_t *job);
void host_review(scheduler_t *self, uint32_t engine);

//  Both after any change: of an engine's account; of the balanced work that waits, or of who may take it.
void engine_review(scheduler_t *self, uint32_t engine);
void engines_match_again(scheduler_t *self, const scheduler_job_t *job); // for this job; NULL: for any

//  scheme.c: one of these engines, by the scheme; SCHEDULER_NO_ENGINE of none.
uint32_t scheme_choose(scheduler_t *self, const uint32_t *engines, uint32_t count);

//  recall.c: an idle engine makes the fullest one give back what it has not started. A turn looks at some of the idle
//  ones where there are many; the next one goes on behind these.
void recall_for_idle(scheduler_t *self, int64_t now);
//  While no engine is idle, what waits behind a long item is asked for too, so that it keeps its turn. A turn looks at
//  some engines.
void recall_overdue(scheduler_t *self, int64_t now);
//  What waits at an engine is asked back: for a lone call that is about to be sent, so that it goes first; or since
//  the engine does not answer.
void recall_all(scheduler_t *self, uint32_t engine);

#endif
