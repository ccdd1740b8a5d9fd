//  The inside of ipc_view_t.
#ifndef IPC_CLIENT_VIEWS_H
#define IPC_CLIENT_VIEWS_H

#include "client/compile.h"
#include "client/defaults.h"
#include "client/prepare.h"
#include "client/state.h"

struct ipc_view {
    ipc_client_t *client;
    bool balanced;
    bool all;                          // the engines of the moment of each call
    bool bare;                         // one engine, named by a number alone
    uint32_t *ids;                     // if not all
    size_t count;                      // of ids
    int *lent_ids;                     // what ipc_view_ids() gave last
    defaults_t *defaults;              // of its calls; NULL: none
    compile_t *compile;                // how its cells are compiled; NULL: as without options
    prepare_t *prepare;                // what its engines do first; NULL: nothing
    ipc_view_t *next, *previous;       // of the client's views
};

//  The engines it addresses now, lent while the lock is held.
const uint32_t *view_engines(const ipc_view_t *self, size_t *count);

//  Frees it. With the lock.
void view_free(ipc_view_t *self);

#endif
