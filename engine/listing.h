//  What a namespace has, for people and for the completion of what they type.
#ifndef IPC_ENGINE_LISTING_H
#define IPC_ENGINE_LISTING_H

#include "common/arena.h"
#include "engine/cells.h"

//  A dictionary, in the order of the names, of what each is, as ipc_names() says it.
//      arena   has the memory of all of it
ipc_value_t listing_of(const names_t *names, const cells_t *cells, ipc_arena_t *arena);

#endif
