//  What is in the scheduler and not over, for those who ask. It takes time in proportion to that.
#ifndef IPC_CONTROLLER_LISTING_H
#define IPC_CONTROLLER_LISTING_H

#include "controller/scheduler.h"

//  Positions of a job that wait, or that run.
typedef struct unfinished {
    const scheduler_job_t *job;
    uint64_t first, count;
    uint32_t engine;                   // they are at it, or for it; SCHEDULER_NO_ENGINE: for any
    uint32_t attempts;                 // runs before this one
    int64_t sent;                      // nanoseconds since 1970; 0: not yet
    bool running;
} unfinished_t;

//  Until the visitor gives false. It must not call the scheduler.
typedef bool unfinished_fn(void *context, const unfinished_t *unfinished);
void scheduler_list(const scheduler_t *self, unfinished_fn *visit, void *context);

#endif
