//  keeper_t: variables of executed source that hold what has memory of its own, an ipc_value_t or a pointer to an
//  array. What a cell sets them to may end with the cell or its task: it is copied, or retained, before that. On the
//  task thread.
#ifndef IPC_ENGINE_KEEPER_H
#define IPC_ENGINE_KEEPER_H

#include "common/arena.h"
#include "common/remote.h"

typedef struct keeper keeper_t;
typedef struct kept kept_t;            // one of its variables

keeper_t *keeper_new(void);
void keeper_destroy(keeper_t **self_p); // after its variables

//  Before cells run: what variables hold is theirs, ipc_array_destroy() leaves it alone.
void keeper_guard(keeper_t *self);

//  When cells have run, while what they made is there: variables that were set own what they hold.
void keeper_keep(keeper_t *self);

//  When they were stopped: variables are as they were.
void keeper_restore(keeper_t *self);

//  Looks after a variable, whose content is none or NULL. What it holds goes with kept_drop().
//      address   borrowed, of an ipc_value_t or, if type is one of arrays, a pointer to one
kept_t *keeper_add(keeper_t *self, void *address, uint32_t type);
void kept_drop(kept_t *self);

//  Sets the variable to a value whose memory is somebody else's for as long as the variable is not set anew.
void kept_lend(kept_t *self, ipc_value_t value);

#endif
