//  chance_t: numbers by chance, the same for the same seed (splitmix64).
#ifndef IPC_TESTS_CHAOS_CHANCE_H
#define IPC_TESTS_CHAOS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct chance {
    uint64_t state;
} chance_t;

static inline uint64_t chance_next(chance_t *self)
{
    uint64_t z = self->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

//  From 0 to below - 1.
static inline uint32_t chance_below(chance_t *self, uint32_t below)
{
    return (uint32_t) (chance_next(self) % below);
}

//  Once in so many times.
static inline bool chance_one_in(chance_t *self, uint32_t times)
{
    return chance_below(self, times) == 0;
}

#endif
