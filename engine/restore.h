//  restore_t: the cells that an engine runs again when it starts again, in a file beside it that its workers hand on. A
//  cell is marked while it runs: one that ends its worker is not run a third time.
#ifndef IPC_ENGINE_RESTORE_H
#define IPC_ENGINE_RESTORE_H

#include <stdbool.h>

#include "common/error.h"

typedef struct restore restore_t;

enum { RESTORE_MAX = 4 << 20 };        // bytes of all cells together

//  Reads what a former worker has kept, if there was one.
//      directory   the cluster's
restore_t *restore_new(const char *directory, int engine);
void restore_destroy(restore_t **self_p);

//  Before a cell runs for the first time, and after. One that was fine is kept from then on; one that is there already
//  stays where it is. restore_begin() gives 0, or -1 with *error: LIMIT, SYSTEM.
//      data   borrowed; a cell's size bytes, the first same of which make it another one
int restore_begin(restore_t *self, const char *data, size_t size, size_t same, ipc_error_t *error);
void restore_end(restore_t *self, bool fine);

//  One cell after another, to be run again: each is over when the next one is asked for. NULL: that was the last one.
//      size      written
//      crashed   written; it ended a worker when it was run last, and has been removed
const char *restore_next(restore_t *self, size_t *size, bool *crashed);

//  None is run again.
void restore_clear(restore_t *self);
bool restore_is_empty(const restore_t *self);

#endif
