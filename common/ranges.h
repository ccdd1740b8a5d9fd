//  ipc_ranges_t: a set of positions of a job, as ranges in rising order that neither meet nor overlap.
#ifndef IPC_COMMON_RANGES_H
#define IPC_COMMON_RANGES_H

#include "common/message.h"

typedef struct ipc_ranges {
    ipc_range_t *ranges;               // owned
    size_t count, room;
} ipc_ranges_t;

void ipc_ranges_free(ipc_ranges_t *self);              // empty again

//  Adds positions, takes them out; whatever of them is in it, or not.
void ipc_ranges_add(ipc_ranges_t *self, uint64_t first, uint64_t count);
void ipc_ranges_remove(ipc_ranges_t *self, uint64_t first, uint64_t count);

//  Whether one of the positions is in it; whether all of them are.
bool ipc_ranges_meet(const ipc_ranges_t *self, uint64_t first, uint64_t count);
bool ipc_ranges_have(const ipc_ranges_t *self, uint64_t first, uint64_t count);

uint64_t ipc_ranges_total(const ipc_ranges_t *self);   // positions in it

#endif
