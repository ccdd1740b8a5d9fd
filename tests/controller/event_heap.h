//  event_heap_t: what will happen in the simulation, the earliest first; at one time in the order posted.
#ifndef TESTS_CONTROLLER_EVENT_HEAP_H
#define TESTS_CONTROLLER_EVENT_HEAP_H

#include "simulator.h"

typedef enum event_type {
    EVENT_TASK, EVENT_START, EVENT_RECALL, EVENT_ITEM, EVENT_DONE, EVENT_GAVE, EVENT_DOWN, EVENT_BACK, EVENT_USER,
    EVENT_HELD, EVENT_DROP, EVENT_DEADLINE, EVENT_SUSPECT, EVENT_LAPSE, EVENT_WAKE, EVENT_PONG, EVENT_LAPSED, EVENT_REJOIN
} event_type_t;

typedef struct event {
    int64_t time;
    uint64_t order;                    // of events at one time
    event_type_t type;
    uint32_t engine, epoch;
    uint64_t span, first, count;
    int64_t duration;
    bool flag;                         // failed, last
    bool refuses;
    bool echo;                         // it has been said before
    uint16_t attempts;
    sim_job_t *job;
} event_t;

typedef struct event_heap {
    event_t *all;                      // all[0] is the next one
    size_t count, room;
    uint64_t order;
} event_heap_t;

void event_heap_post(event_heap_t *self, event_t event);
//  The same of one that was taken, at another time: it keeps its place among those of that time.
void event_heap_put_off(event_heap_t *self, event_t event);

//  Takes the next one; there is one.
event_t event_heap_take(event_heap_t *self);

#endif
