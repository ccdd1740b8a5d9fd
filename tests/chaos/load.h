//  load_run(): what one client of the chaos test does: calls of every kind, and a report of each result.
#ifndef IPC_TESTS_CHAOS_LOAD_H
#define IPC_TESTS_CHAOS_LOAD_H

#include <stdbool.h>
#include <stdint.h>

//  Runs about so many tasks beside the cluster, each of which is to end in time; 0 when all have ended as they should,
//  or 1 with a sentence on stderr.
//      client    its number, from 1, of which its tasks have their ids
//      seed      of what it chooses
int load_run(uint32_t client, uint64_t seed, uint32_t tasks);

#endif
