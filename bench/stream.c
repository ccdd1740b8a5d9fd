#include "bench/stream.h"

#include <pthread.h>
#include <stdlib.h>

#include "bench/bench.h"

enum { THREADS_MAX = 64, BYTES_EACH = 3 * sizeof(double) };

static const size_t WORK = 64 << 20; // elements that a timed run goes through, at least
static const int RUNS = 5;

//  A thread's part.
typedef struct part {
    pthread_barrier_t *barrier;
    size_t count;
    size_t rounds; // over the part in one run
    double *a, *b, *c;
    double best; // seconds of the fastest run; of thread 0 alone
} part_t;

static void *triad(void *argument)
{
    part_t *self = argument;
    double *a = self->a, *b = self->b, *c = self->c;
    for (size_t i = 0; i < self->count; i++)
        a[i] = b[i] = c[i] = 1; // touched by who uses it
    self->best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        pthread_barrier_wait(self->barrier);
        double start = bench_now();
        for (size_t round = 0; round < self->rounds; round++) {
            for (size_t i = 0; i < self->count; i++) a[i] = b[i] + 3 * c[i];
            __asm__ volatile(""
                             :
                             : "r"(a)
                             : "memory"); // each round is done, not only the last
        }
        pthread_barrier_wait(self->barrier);
        double time = bench_now() - start;
        if (time < self->best)
            self->best = time;
    }
    return NULL;
}

static double run_threads(double *memory, size_t count, int threads)
{
    pthread_barrier_t barrier;
    pthread_t handles[THREADS_MAX];
    part_t parts[THREADS_MAX];
    size_t each = count / (size_t) threads, rounds = WORK / count ? WORK / count : 1;
    if (pthread_barrier_init(&barrier, NULL, (unsigned) threads))
        return 0;
    for (int i = 0; i < threads; i++) {
        double *first = memory + (size_t) i * each;
        parts[i] =
            (part_t){&barrier, each, rounds, first, first + count, first + 2 * count, 0};
        if (pthread_create(&handles[i], NULL, triad, &parts[i]))
            return 0; // the started ones wait at the barrier until this process ends
    }
    for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
    pthread_barrier_destroy(&barrier);
    return (double) (each * (size_t) threads * rounds * BYTES_EACH) / parts[0].best;
}

double stream_triad(size_t count, int threads)
{
    if (threads < 1 || threads > THREADS_MAX)
        return 0;
    double *memory = aligned_alloc(64, count * BYTES_EACH);
    if (!memory)
        return 0;
    double bandwidth = run_threads(memory, count, threads);
    if (bandwidth > 0) // else a thread may still use it
        free(memory);
    return bandwidth;
}
