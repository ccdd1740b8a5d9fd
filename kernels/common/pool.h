//  kernel_pool_t: threads that compute together and wait in between. They live as long as
//  the module.
#ifndef KERNELS_COMMON_POOL_H
#define KERNELS_COMMON_POOL_H

#include <stddef.h>

enum { KERNEL_MAX_THREADS = 256 };

typedef struct kernel_pool kernel_pool_t;

//  What each thread runs: index 0 (the caller's own thread) … count - 1.
typedef void (*kernel_job_fn)(void *context, int index, int count);

//  Gives a pool without threads: they start when they are first needed. NULL without
//  memory.
kernel_pool_t *kernel_pool_new(void);

//  Ends the threads and frees the pool; NULL is fine.
void kernel_pool_destroy(kernel_pool_t **self_p);

//  Runs the job on this many threads, or on fewer where no more can be started (the job is
//  told), and returns when all have ended. Numbers too small to be normal count as zero in
//  it, on every thread, since processors take a hundred times longer for them. One job at a
//  time.
void kernel_pool_run(kernel_pool_t *self, int threads, kernel_job_fn job, void *context);

//  Within a job: waits until all its threads have come here.
void kernel_pool_barrier(kernel_pool_t *self);

#endif
