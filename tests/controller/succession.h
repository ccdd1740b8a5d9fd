//  succession_t: controllers with a journal that die and succeed one another, their engines and clients, and a network
//  between them, under a virtual clock and driven by a seed. The scheduler, what engines claim (controller/claims.h)
//  and what clients miss (common/ranges.h) are those of the programs; around them stands what they say to one another.
//
//  Each connection keeps its order and has its own delays, so that messages of two overtake each other. With a
//  controller all goes that is under way to it; what it has said may still come. Peers say things twice: greetings over
//  another connection, where an answer does not come; and any message, as none of ours does it. Jobs wait for others,
//  run where those ran, are given their values. Every step is held against what is promised; a broken promise fails the
//  test and names the seed.
#ifndef TESTS_CONTROLLER_SUCCESSION_H
#define TESTS_CONTROLLER_SUCCESSION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct succession_counts {
    uint64_t events;
    uint64_t controllers, workers, clients; // deaths
    uint64_t adopted, delivered, dropped;   // claims
    uint64_t lost;                          // positions that ended with an engine's death
    uint64_t aborted;
    uint64_t waited;                        // jobs that waited for others with the next controller, too
    uint64_t twice;                         // messages that were said twice
    uint64_t again, refused;                // greetings that were said again over another connection; clients too late
} succession_counts_t;

//  Runs the schedule of a seed to its end, and adds up what happened.
void succession_run(uint64_t seed, succession_counts_t *counts);

#endif
