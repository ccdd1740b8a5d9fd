//  paces_t: how fast each function runs on each engine, learned from what is reported.
//
//  Items of one function may differ much in length, also with time, and engines in speed. The three are kept apart: a
//  typical length for all engines, which is a geometric mean, since a few long items hardly move that; how many times
//  as long an item takes on each engine; by how much the mean exceeds the typical.
#ifndef IPC_CONTROLLER_PACE_H
#define IPC_CONTROLLER_PACE_H

#include <stdint.h>

//  One function on one engine.
typedef struct pace {
    float slowness;                    // an item's time over the function's level
    uint16_t seen;                     // items that it stands for; 0: it has done none
    uint16_t window;                   // items that the engine may have at a time
} pace_t;

//  One function.
typedef struct function_paces {
    pace_t *engines;                   // by engine
    uint32_t count;
    float level_ns;                    // typical time of an item on an engine of slowness 1, recent; 0: not seen yet
    uint16_t seen;                     // items that it stands for
    float skew;                        // mean of an item's time over the typical one
    float fastest;                     // about the least slowness
} function_paces_t;

typedef struct paces {
    function_paces_t *functions;
    uint32_t count;
} paces_t;

void paces_free(paces_t *self);

//  What is known of a function; of it on an engine. Lent until the next call.
const function_paces_t *paces_of(paces_t *self, uint32_t function);
const pace_t *paces_at(paces_t *self, uint32_t function, uint32_t engine);

//  The typical time of an item; its mean. 0: not known.
double paces_typical(paces_t *self, uint32_t function, uint32_t engine);
double paces_mean(paces_t *self, uint32_t function, uint32_t engine);

//  How many times as long as on another engine a function takes on this one; 1 where it is not known.
double paces_slowness(paces_t *self, uint32_t function, uint32_t engine, uint32_t other);

//  Items took so long together on an engine.
void paces_learn(paces_t *self, uint32_t function, uint32_t engine, uint64_t count, double total_ns);

#endif
