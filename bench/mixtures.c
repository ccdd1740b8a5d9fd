#include "bench/mixtures.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

#define US ((int64_t) 1000)
#define MS ((int64_t) 1000000)

// clang-format off
const mixture_t mixtures[] = {
    {"nothing",                         MIXTURE_RANDOM,  {{0, 40000}}},
    {"10 us",                           MIXTURE_RANDOM,  {{10 * US, 40000}}},
    {"1 ms",                            MIXTURE_RANDOM,  {{1 * MS, 1600}}},
    {"10 ms",                           MIXTURE_RANDOM,  {{10 * MS, 160}}},
    {"100 ms",                          MIXTURE_RANDOM,  {{100 * MS, 26}}},
    {"1, 10, 100 ms at random",         MIXTURE_RANDOM,  {{1 * MS, 200}, {10 * MS, 40}, {100 * MS, 12}}},
    {"1, 10, 100 ms, the short first",  MIXTURE_RISING,  {{1 * MS, 200}, {10 * MS, 40}, {100 * MS, 12}}},
    {"1, 10, 100 ms, the long first",   MIXTURE_FALLING, {{1 * MS, 200}, {10 * MS, 40}, {100 * MS, 12}}},
    {"one of 100 ms among 1 ms",        MIXTURE_RANDOM,  {{1 * MS, 1500}, {100 * MS, 1}}},
    {"0, 10 us, 1 ms, 10 ms at random", MIXTURE_RANDOM,  {{0, 5000}, {10 * US, 5000}, {1 * MS, 300}, {10 * MS, 100}}},
    {"10 us and 100 ms at random",      MIXTURE_RANDOM,  {{10 * US, 10000}, {100 * MS, 16}}},
};
// clang-format on

const size_t mixtures_count = sizeof mixtures / sizeof *mixtures;

enum { KINDS = sizeof mixtures[0].kinds / sizeof *mixtures[0].kinds };

int64_t mixture_longest(const mixture_t *self)
{
    int64_t longest = self->kinds[0].ns;
    for (int i = 1; i < KINDS; i++)
        if (self->kinds[i].count > 0 && self->kinds[i].ns > longest)
            longest = self->kinds[i].ns;
    return longest;
}

int64_t mixture_shortest(const mixture_t *self)
{
    int64_t shortest = self->kinds[0].ns;
    for (int i = 1; i < KINDS; i++)
        if (self->kinds[i].count > 0 && self->kinds[i].ns < shortest)
            shortest = self->kinds[i].ns;
    return shortest;
}

//  Fisher and Yates, with a fixed seed.
static void shuffle(int64_t *lengths, size_t count)
{
    uint64_t state = 1;
    for (size_t i = count; i > 1; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t k = (size_t) (state >> 33) % i;
        int64_t kept = lengths[i - 1];
        lengths[i - 1] = lengths[k];
        lengths[k] = kept;
    }
}

static int compare_rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static int compare_falling(const void *a, const void *b)
{
    return compare_rising(b, a);
}

size_t mixture_lengths(const mixture_t *self, int64_t *lengths)
{
    size_t count = 0;
    for (int i = 0; i < KINDS; i++)
        for (size_t k = 0; k < self->kinds[i].count && count < MIXTURE_TASKS_MAX; k++)
            lengths[count++] = self->kinds[i].ns;
    if (self->order == MIXTURE_RANDOM)
        shuffle(lengths, count);
    else
        qsort(lengths, count, sizeof *lengths,
              self->order == MIXTURE_RISING ? compare_rising : compare_falling);
    return count;
}

double schedule_bound(const double *lengths, size_t count, const speeds_t *speeds)
{
    double work = 0, longest = 0, speed = 0, fastest = speeds->factors[0];
    for (size_t i = 0; i < count; i++) {
        work += lengths[i];
        longest = lengths[i] > longest ? lengths[i] : longest;
    }
    for (size_t i = 0; i < speeds->count; i++) {
        speed += 1 / speeds->factors[i];
        fastest = speeds->factors[i] < fastest ? speeds->factors[i] : fastest;
    }
    return work / speed > longest * fastest ? work / speed : longest * fastest;
}

double schedule_in_order(const double *lengths, size_t count, const speeds_t *speeds)
{
    double free_at[MIXTURE_ENGINES_MAX] = {0}, last = 0;
    for (size_t i = 0; i < count; i++) {
        size_t best = 0;
        double soonest = free_at[0] + lengths[i] * speeds->factors[0];
        for (size_t k = 1; k < speeds->count; k++) {
            double end = free_at[k] + lengths[i] * speeds->factors[k];
            if (end < soonest) {
                soonest = end;
                best = k;
            }
        }
        free_at[best] = soonest;
        last = soonest > last ? soonest : last;
    }
    return last;
}

static int compare_doubles_falling(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x < y) - (x > y);
}

double schedule_longest_first(const double *lengths, size_t count, const speeds_t *speeds)
{
    double *sorted = ipc_xalloc((count + 1) * sizeof *sorted);
    memcpy(sorted, lengths, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_doubles_falling);
    double last = schedule_in_order(sorted, count, speeds);
    free(sorted);
    return last;
}
