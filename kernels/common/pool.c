#include "kernels/common/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

//  A barrier is mostly a few microseconds away: looking so often before sleeping saves the
//  wake-up.
enum { SPINS = 4000 };

typedef struct barrier {
    pthread_mutex_t lock;
    pthread_cond_t passed;
    atomic_uint arrived; // threads that wait here now
    atomic_uint round;   // how often the barrier was passed
    unsigned count;      // threads that must come
} barrier_t;

typedef struct worker {
    kernel_pool_t *pool;
    int index; // 1 …, as the caller is 0
    pthread_t thread;
} worker_t;

struct kernel_pool {
    pthread_mutex_t lock;  // guards what follows, up to the barrier
    pthread_cond_t called; // a job was set, or the pool ends
    uint64_t call;         // counts the jobs
    kernel_job_fn job;
    void *context;
    int count; // threads of the job, the caller included
    bool ends;
    barrier_t barrier; // of the job's threads
    int workers_count;
    worker_t workers[KERNEL_MAX_THREADS];
};

static void barrier_wait(barrier_t *self)
{
    const unsigned round = atomic_load(&self->round);
    const unsigned count =
        self->count; // read before arriving: who has arrived may find the next job's
    if (atomic_fetch_add(&self->arrived, 1) + 1 == count) {
        atomic_store(&self->arrived, 0);
        pthread_mutex_lock(&self->lock);
        atomic_store(&self->round, round + 1);
        pthread_cond_broadcast(&self->passed);
        pthread_mutex_unlock(&self->lock);
        return;
    }
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&self->round) != round)
            return;
#if defined(__x86_64__)
        _mm_pause();
#endif
    }
    pthread_mutex_lock(&self->lock);
    while (atomic_load(&self->round) == round)
        pthread_cond_wait(&self->passed, &self->lock);
    pthread_mutex_unlock(&self->lock);
}

//  Makes this thread take and give zero for numbers too small to be normal; gives the mode
//  that was.
static uint64_t denormals_off(void)
{
#if defined(__x86_64__)
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    return mode;
#elif defined(__aarch64__)
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" ::"r"(mode | 1u << 24));
    return mode;
#else
    return 0;
#endif
}

static void denormals_restore(uint64_t mode)
{
#if defined(__x86_64__)
    _mm_setcsr((unsigned) mode);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"(mode));
#else
    (void) mode;
#endif
}

static void *worker_main(void *argument)
{
    worker_t *self = argument;
    kernel_pool_t *pool = self->pool;
    uint64_t seen = 0;
    denormals_off();
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->ends && (pool->call == seen || self->index >= pool->count))
            pthread_cond_wait(&pool->called, &pool->lock);
        if (pool->ends)
            break;
        seen = pool->call;
        pthread_mutex_unlock(&pool->lock);
        pool->job(pool->context, self->index, pool->count);
        barrier_wait(&pool->barrier);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

//  Signals are the engine's own thread's, but for those that a thread causes itself.
static void block_signals(sigset_t *before)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(&blocked, own[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

//  Gives the number of threads that a job can have, the caller's included, up to the number
//  asked for.
static int start_workers(kernel_pool_t *self, int threads)
{
    sigset_t before;
    block_signals(&before);
    while (self->workers_count + 1 < threads) {
        worker_t *worker = &self->workers[self->workers_count];
        *worker = (worker_t){.pool = self, .index = self->workers_count + 1};
        if (pthread_create(&worker->thread, NULL, worker_main, worker))
            break;
        self->workers_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return threads < self->workers_count + 1 ? threads : self->workers_count + 1;
}

kernel_pool_t *kernel_pool_new(void)
{
    kernel_pool_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->called, NULL);
    pthread_mutex_init(&self->barrier.lock, NULL);
    pthread_cond_init(&self->barrier.passed, NULL);
    return self;
}

void kernel_pool_destroy(kernel_pool_t **self_p)
{
    kernel_pool_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->ends = true;
    pthread_cond_broadcast(&self->called);
    pthread_mutex_unlock(&self->lock);
    for (int i = 0; i < self->workers_count; i++)
        pthread_join(self->workers[i].thread, NULL);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->called);
    pthread_mutex_destroy(&self->barrier.lock);
    pthread_cond_destroy(&self->barrier.passed);
    free(self);
}

void kernel_pool_run(kernel_pool_t *self, int threads, kernel_job_fn job, void *context)
{
    if (threads > KERNEL_MAX_THREADS)
        threads = KERNEL_MAX_THREADS;
    int count = threads > 1 ? start_workers(self, threads) : 1;
    self->barrier.count = (unsigned) count;
    uint64_t mode = denormals_off();
    if (count > 1) {
        pthread_mutex_lock(&self->lock);
        self->job = job;
        self->context = context;
        self->count = count;
        self->call++;
        pthread_cond_broadcast(&self->called);
        pthread_mutex_unlock(&self->lock);
    }
    job(context, 0, count);
    kernel_pool_barrier(self);
    denormals_restore(mode);
}

void kernel_pool_barrier(kernel_pool_t *self)
{
    if (self->barrier.count > 1)
        barrier_wait(&self->barrier);
}
