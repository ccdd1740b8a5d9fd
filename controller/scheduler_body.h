//  The inside of scheduler_t, for scheduler.c (what happens) and choose.c (what runs where).
#ifndef IPC_CONTROLLER_SCHEDULER_BODY_H
#define IPC_CONTROLLER_SCHEDULER_BODY_H

#include "controller/slab.h"
#include "controller/span.h"

//  What is known of one function on one engine.
typedef struct pace {
    float mean_ns;                     // per item, recent; 0: not yet seen
    uint32_t window;                   // items it may have at a time
} pace_t;

typedef struct function_paces {
    pace_t *engines;                   // by engine
    uint32_t count;
} function_paces_t;

typedef struct engine {
    bool known, ready;
    bool recalling;                    // a recall is on its way
    bool dry;                          // the last recall brought nothing, and nothing was sent since
    bool gave;                         // the recall under way has brought something
    span_list_t sent;                  // in the order sent
    span_list_t direct;                // waiting for this engine
    size_t direct_count;               // of them
    uint64_t items;                    // sent and not done
    uint64_t balanced_items;           // of these
    double expected_ns;                // that these will take
    uint64_t finished;                 // items, ever
    int64_t progress;                  // when it last began or finished something, to the turn
    bool progressed;                   // in this turn
} engine_t;

typedef struct client {
    bool joined, active;               // active: on the ring of clients with balanced work
    scheduler_job_t *jobs, *last_job;  // with positions that were never cut, by priority
    span_list_t returned;              // spans that came back, before all else
    uint32_t next, previous;           // of the ring
} client_t;

struct scheduler {
    const scheduler_actions_t *actions;
    void *context;
    slab_t *spans, *jobs;
    engine_t *engines;
    uint32_t engine_count;
    client_t *clients;
    uint32_t client_count;
    uint32_t turn;                     // the client whose turn it is, NO_CLIENT
    bool held;                         // work waits for faster engines while another is idle
    function_paces_t *functions;
    uint32_t function_count;
};

#define NO_CLIENT UINT32_MAX

//  scheduler.c
scheduler_span_t *span_new(scheduler_t *self, scheduler_job_t *job, uint64_t first, uint64_t count);
void dequeue_job(scheduler_t *self, scheduler_job_t *job);
void ring_leave(scheduler_t *self, uint32_t client);

//  choose.c
void function_learn(scheduler_t *self, uint32_t function, uint32_t engine, double item_ns);
void engine_settles(scheduler_t *self, scheduler_span_t *span, uint64_t count);

#endif
