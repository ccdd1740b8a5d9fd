//  supply_t: the values of other tasks that a job is given as arguments, by number. They are collected while the job
//  waits for these tasks, as they stand in the messages that bring them: nothing of them is read but where each ends.
#ifndef IPC_CONTROLLER_SUPPLY_H
#define IPC_CONTROLLER_SUPPLY_H

#include "common/message.h"

typedef struct supply supply_t;

//      count   of values that are to come
supply_t *supply_new(uint64_t count);
void supply_destroy(supply_t **self_p);

//  Takes so many values, at least one, of these numbers, from a row of packed ones; each comes once. 0, or -1 when the
//  row has fewer, or a number is beyond the count or has come before: nothing is taken then.
//      values   borrowed
int supply_take(supply_t *self, uint64_t number, uint64_t count, ipc_reader_t *values);

//  Objects that the values refer to; who adds them holds them until the supply goes.
void supply_add_objects(supply_t *self, const ipc_objects_t *objects);
ipc_objects_t supply_objects(const supply_t *self);    // lent until more are added

//  Bytes of its values so far; of all that it keeps.
uint64_t supply_size(const supply_t *self);
uint64_t supply_memory(const supply_t *self);
uint64_t supply_count(const supply_t *self);
bool supply_is_complete(const supply_t *self);         // all values have come

//  All values, one after another in the order of their numbers. Lent; it must be complete.
ipc_bytes_t supply_body(supply_t *self);

#endif
