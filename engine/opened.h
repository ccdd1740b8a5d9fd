//  opened_t: the units that this worker has opened. They stay as long as it does, so one that comes again is found here,
//  as the dynamic linker would find it, but without that one and the file system.
#ifndef IPC_ENGINE_OPENED_H
#define IPC_ENGINE_OPENED_H

#include "engine/cell_unit.h"

typedef struct opened opened_t;

opened_t *opened_new(void);
void opened_destroy(opened_t **self_p);

//  The unit of that name, lent, or NULL. Its file is kept in the cache as one that is used.
const ipc_cell_unit_t *opened_find(opened_t *self, const char *name);

//      unit   borrowed for ever
//      path   of its file
void opened_add(opened_t *self, const char *name, const char *path, const ipc_cell_unit_t *unit);

#endif
