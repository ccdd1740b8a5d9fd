//  positions_t: what a result holds of each of its positions: nothing yet, a value, or an error. Numbers of one
//  kind take eight bytes each; the first value of another kind makes it hold whole values.
#ifndef IPC_CLIENT_POSITIONS_H
#define IPC_CLIENT_POSITIONS_H

#include "common/error.h"
#include "common/value.h"

typedef struct positions {
    size_t count, done, failed;        // done: with a value or an error
    uint64_t *settled;                 // a bit for each that is done
    uint64_t *errors;                  // a bit for each that failed; NULL: none did
    union {
        uint64_t *numbers;             // of one kind; of a failed position: the address of its error
        ipc_value_t *values;           // of a failed position as.items is its error
        void *cells;                   // NULL: all values so far are none
    };
    uint64_t word, number;             // what a single position has for settled and numbers
    uint8_t kind;                      // ipc_kind_t of all values
    bool mixed;                        // no: they are in values
} positions_t;

//  The struct must not move from here on: a single position's cells are in it.
void positions_init(positions_t *self, size_t count);
void positions_free(positions_t *self);

bool positions_is_done(const positions_t *self, size_t i);

//  The value of a position, none if it has none; the error (lent), or NULL.
ipc_value_t positions_value(const positions_t *self, size_t i);
const ipc_error_t *positions_error(const positions_t *self, size_t i);

//  A position gets a value (what it refers to is the caller's), an error (likewise), or neither again.
void positions_put(positions_t *self, size_t i, ipc_value_t value);
void positions_fail(positions_t *self, size_t i, const ipc_error_t *error);
void positions_reset(positions_t *self, size_t i);

//  All values as numbers of one kind, where they are such and none failed: ipc_kind_t, else IPC_KIND_NONE.
ipc_kind_t positions_number_kind(const positions_t *self);

#endif
