#include "controller/pace.h"

#include <math.h>
#include <stdlib.h>

#include "common/fail.h"
#include "controller/scheduler.h"

enum {
    LEVEL_MEMORY = 16,                 // items, of all engines: older ones count little
    SKEW_MEMORY = 64,
    SPEED_INERTIA = 4,                 // speeds change so many times more slowly than lengths
    FEW = 4,                           // items after which an engine is known
    GROWTH = 2                         // of a window, each time its items come back
};

static const double LEAST_NS = 50;     // finer than the clock tells
static const double LARGEST_STEP = 0.25; // of one report, once there were some

void paces_free(paces_t *self)
{
    for (uint32_t i = 0; i < self->count; i++) free(self->functions[i].engines);
    free(self->functions);
    *self = (paces_t){0};
}

static function_paces_t *function_at(paces_t *self, uint32_t function)
{
    if (function >= self->count) {
        uint32_t count = function + 16;
        self->functions = ipc_xrealloc(self->functions, count * sizeof self->functions[0]);
        for (uint32_t i = self->count; i < count; i++) self->functions[i] = (function_paces_t){.skew = 1};
        self->count = count;
    }
    return &self->functions[function];
}

static pace_t *pace_at(function_paces_t *paces, uint32_t engine)
{
    if (engine >= paces->count) {
        uint32_t count = engine + 4;
        paces->engines = ipc_xrealloc(paces->engines, count * sizeof paces->engines[0]);
        for (uint32_t i = paces->count; i < count; i++) paces->engines[i] = (pace_t){.window = 1};
        paces->count = count;
    }
    return &paces->engines[engine];
}

const function_paces_t *paces_of(paces_t *self, uint32_t function)
{
    return function_at(self, function);
}

const pace_t *paces_at(paces_t *self, uint32_t function, uint32_t engine)
{
    return pace_at(function_at(self, function), engine);
}

double paces_typical(paces_t *self, uint32_t function, uint32_t engine)
{
    const pace_t *pace = paces_at(self, function, engine);
    return pace->seen > 0 ? (double) (paces_of(self, function)->level_ns * pace->slowness) : 0;
}

double paces_mean(paces_t *self, uint32_t function, uint32_t engine)
{
    return paces_typical(self, function, engine) * (double) paces_of(self, function)->skew;
}

double paces_slowness(paces_t *self, uint32_t function, uint32_t engine, uint32_t other)
{
    const pace_t own = *paces_at(self, function, engine), theirs = *paces_at(self, function, other);
    return own.seen > 0 && theirs.seen > 0 ? (double) own.slowness / (double) theirs.slowness : 1;
}

//  How far a mean of so many items moves towards one of count more.
static double step_of(uint64_t seen, uint64_t count)
{
    double step = (double) count / (double) (seen + count);
    return seen > 2 && step > LARGEST_STEP ? LARGEST_STEP : step;
}

static uint16_t more_seen(uint16_t seen, uint64_t count, uint16_t most)
{
    return seen + count < most ? (uint16_t) (seen + count) : most;
}

//  The window grows up to what covers SCHEDULER_WINDOW_NS.
static void grow_window(pace_t *self, double typical_ns)
{
    double covers = SCHEDULER_WINDOW_NS / typical_ns;
    uint32_t limit = covers > SCHEDULER_MAX_WINDOW ? SCHEDULER_MAX_WINDOW : (uint32_t) covers + 1;
    uint32_t grown = GROWTH * (uint32_t) self->window;
    self->window = (uint16_t) (grown < limit ? grown : limit);
}

//  Items that took ratio times the typical on an engine: the lengths have changed, or its speed has. Once some items
//  were seen the two steps keep their proportion: were it another one for single items than for many at a time, the
//  level and the slowness could drift apart without end, each making up for the other.
static void adapt(function_paces_t *self, pace_t *pace, uint64_t count, double ratio)
{
    double apart = log(ratio), step = step_of(self->seen, count), own = step / SPEED_INERTIA;
    if (pace->seen < FEW)
        own = step_of(pace->seen, 1);
    self->level_ns *= (float) exp(step * apart);
    pace->slowness *= (float) exp(own * apart);
    self->skew += (float) (step_of(SKEW_MEMORY, count) * (ratio - (double) self->skew));
}

void paces_learn(paces_t *self, uint32_t function, uint32_t engine, uint64_t count, double total_ns)
{
    function_paces_t *paces = function_at(self, function);
    pace_t *pace = pace_at(paces, engine);
    double item_ns = total_ns / (double) count;
    if (item_ns < LEAST_NS)
        item_ns = LEAST_NS;
    if (paces->seen == 0)
        paces->level_ns = (float) item_ns;
    if (pace->seen == 0)
        pace->slowness = (float) item_ns / paces->level_ns;
    else
        adapt(paces, pace, count, item_ns / (double) (paces->level_ns * pace->slowness));
    paces->seen = more_seen(paces->seen, count, LEVEL_MEMORY);
    pace->seen = more_seen(pace->seen, count, FEW);
    float rising = 1.001f * paces->fastest; // should the fastest one become slow
    paces->fastest = rising == 0 || pace->slowness < rising ? pace->slowness : rising;
    grow_window(pace, (double) (paces->level_ns * pace->slowness));
}
