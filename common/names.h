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

//  What a name stands for when its value is kept elsewhere, as a variable of executed source.
typedef struct names_bond {
    bool (*read)(void *context, ipc_value_t *value);  // puts the value of now in place of the one there; false: none
    bool (*write)(void *context, ipc_value_t value);  // the name has got this value, whose memory it owns; false: it
                                                      //   does not fit, and the bond ends
    void (*drop)(void *context);                      // the bond has ended
    void *context;
    const char *what;                                 // of one without value, for sentences: "a function"
} names_bond_t;

//  Ties a name to a bond, borrowed until it is dropped. A value that the name has stays.
void names_bind(names_t *self, const char *name, const names_bond_t *bond);

//  The bond of a name, lent; NULL: it has none.
const names_bond_t *names_bond(const names_t *self, const char *name);

//  Removes a name, if it is there; removes all.
void names_remove(names_t *self, const char *name);
void names_clear(names_t *self);

//  The number of names; and each of them, in no order, lent until one changes: *place is 0 at first. NULL behind the
//  last one.
size_t names_count(const names_t *self);
const char *names_next(const names_t *self, size_t *place);

#endif
