//  Mixtures of short and long tasks, and the schedules that a scheduler can be held against: one
//  that knows every length, and one that takes the tasks in the order given. The benchmark
//  runs them on a cluster, tests/controller/test_balance.c under a virtual clock.
#ifndef BENCH_MIXTURES_H
#define BENCH_MIXTURES_H

#include <stddef.h>
#include <stdint.h>

enum { MIXTURE_TASKS_MAX = 40000, MIXTURE_ENGINES_MAX = 8 };

typedef enum mixture_order {
    MIXTURE_RANDOM,
    MIXTURE_RISING,
    MIXTURE_FALLING
} mixture_order_t;

//  Tasks of up to four lengths, so many of each.
typedef struct mixture {
    const char *name;
    mixture_order_t order;
    struct {
        int64_t ns;
        size_t count;
    } kinds[4];
} mixture_t;

extern const mixture_t mixtures[];
extern const size_t mixtures_count;

//  The lengths in the order of submission, the same each time. Gives how many.
//      lengths   written; room for MIXTURE_TASKS_MAX
size_t mixture_lengths(const mixture_t *self, int64_t *lengths);

//  The longest and the shortest task, nanoseconds.
int64_t mixture_longest(const mixture_t *self);
int64_t mixture_shortest(const mixture_t *self);

//  Engines: a task of length t takes factors[i] x t on engine i.
typedef struct speeds {
    const char *name;
    size_t count;
    double factors[MIXTURE_ENGINES_MAX];
} speeds_t;

//  No schedule ends sooner: the work over all the speeds, or the longest task on the fastest engine.
double schedule_bound(const double *lengths, size_t count, const speeds_t *speeds);

//  When the last task ends if each, the longest first, goes to the engine where it ends soonest
//  (LPT on uniform machines: Gonzalez, Ibarra, Sahni 1977). It needs to know every length.
double schedule_longest_first(const double *lengths, size_t count, const speeds_t *speeds);

//  The same in the order given.
double schedule_in_order(const double *lengths, size_t count, const speeds_t *speeds);

#endif
