//  names_t: a namespace, names to values. Each entry owns its value.
#ifndef IPC_COMMON_NAMES_H
#define IPC_COMMON_NAMES_H

#include "common/arena.h"

typedef struct names names_t;

names_t *names_new(void);
void names_destroy(names_t **self_p);

//  The value of a name, lent until the name changes, or NULL.
const ipc_value_t *names_get(const names_t *self, const char *name);

//  Binds a name to a copy of the value.
void names_set(names_t *self, const char *name, ipc_value_t value);

//  Binds a name to a value whose memory is the arena's, which is taken.
void names_put(names_t *self, const char *name, ipc_value_t value, ipc_arena_t **arena_p);

//  Removes a name, if it is there; removes all.
void names_remove(names_t *self, const char *name);
void names_clear(names_t *self);

//  The number of names.
size_t names_count(const names_t *self);

#endif
