//  Which engine gets the next balanced work, of those that have room and may take it.
#include "common/fail.h"
#include "controller/scheduler_body.h"

//  What a scheme chooses from: engines, by a draw of the scheduler's own generator where it draws.
typedef uint32_t scheme_fn(scheduler_t *self, const uint32_t *engines, uint32_t count);

static uint64_t draw(scheduler_t *self, uint64_t below)
{
    uint64_t z = self->random += 0x9e3779b97f4a7c15u; // splitmix64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

static uint32_t older(const scheduler_t *self, uint32_t a, uint32_t b)
{
    return self->engines[b].took < self->engines[a].took ? b : a;
}

static uint32_t lighter(const scheduler_t *self, uint32_t a, uint32_t b)
{
    uint64_t of_a = self->engines[a].items, of_b = self->engines[b].items;
    return of_a == of_b ? older(self, a, b) : of_a < of_b ? a : b;
}

static uint32_t choose_least_loaded(scheduler_t *self, const uint32_t *engines, uint32_t count)
{
    uint32_t chosen = engines[0];
    for (uint32_t i = 1; i < count; i++) chosen = lighter(self, chosen, engines[i]);
    return chosen;
}

static uint32_t choose_oldest(scheduler_t *self, const uint32_t *engines, uint32_t count)
{
    uint32_t chosen = engines[0];
    for (uint32_t i = 1; i < count; i++) chosen = older(self, chosen, engines[i]);
    return chosen;
}

static uint32_t choose_any(scheduler_t *self, const uint32_t *engines, uint32_t count)
{
    return engines[draw(self, count)];
}

static uint32_t choose_older_of_two(scheduler_t *self, const uint32_t *engines, uint32_t count)
{
    uint64_t first = draw(self, count);
    if (count == 1)
        return engines[0];
    uint64_t second = (first + 1 + draw(self, count - 1)) % count; // another one
    return older(self, engines[first], engines[second]);
}

//  One engine, each with a chance of 1 / (1 + what it has).
static uint32_t draw_by_load(scheduler_t *self, const uint32_t *engines, uint32_t count)
{
    enum { STEPS = 1 << 30 };
    double all = 0;
    for (uint32_t i = 0; i < count; i++) all += 1 / (1 + (double) self->engines[engines[i]].items);
    double left = all * (double) draw(self, STEPS) / STEPS;
    for (uint32_t i = 0; i + 1 < count; i++) {
        left -= 1 / (1 + (double) self->engines[engines[i]].items);
        if (left < 0)
            return engines[i];
    }
    return engines[count - 1];
}

static uint32_t choose_by_load(scheduler_t *self, const uint32_t *engines, uint32_t count)
{
    uint32_t first = draw_by_load(self, engines, count);
    return lighter(self, first, draw_by_load(self, engines, count));
}

static scheme_fn *const schemes[IPC_SCHEMES] = {
    [IPC_SCHEME_LEASTLOAD] = choose_least_loaded, [IPC_SCHEME_LRU] = choose_oldest,
    [IPC_SCHEME_RANDOM] = choose_any,             [IPC_SCHEME_TWOBIN] = choose_older_of_two,
    [IPC_SCHEME_WEIGHTED] = choose_by_load,
};

void scheduler_choose_by(scheduler_t *self, ipc_scheme_t scheme, uint32_t hwm, uint64_t seed)
{
    self->scheme = scheme;
    self->hwm = hwm;
    self->random = seed;
}

uint32_t scheme_choose(scheduler_t *self, const uint32_t *engines, uint32_t count)
{
    return count == 0 ? SCHEDULER_NO_ENGINE : schemes[self->scheme](self, engines, count);
}
