//  heat_pool_t: threads that compute together and wait in between. They live as long as the
//  module.
#ifndef HEAT_POOL_H
#define HEAT_POOL_H

#include <stddef.h>

enum { HEAT_MAX_THREADS = 256 };

typedef struct heat_pool heat_pool_t;

//  What each thread runs: index 0 (the caller's own thread) … count - 1.
typedef void (*heat_job_fn)(void *context, int index, int count);

//  Gives a pool without threads: they start when they are first needed. NULL without
//  memory.
heat_pool_t *heat_pool_new(void);

//  Ends the threads and frees the pool; NULL is fine.
void heat_pool_destroy(heat_pool_t **self_p);

//  Runs the job on this many threads, or on fewer where no more can be started (the job is
//  told), and returns when all have ended. Numbers too small to be normal count as zero in
//  it, on every thread, since processors take a hundred times longer for them. One job at a
//  time.
void heat_pool_run(heat_pool_t *self, int threads, heat_job_fn job, void *context);

//  Within a job: waits until all its threads have come here.
void heat_pool_barrier(heat_pool_t *self);

#endif
