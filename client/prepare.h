//  prepare_t: what a view does first on each engine that it uses.
#ifndef IPC_CLIENT_PREPARE_H
#define IPC_CLIENT_PREPARE_H

#include "client/view.h"

typedef struct prepare prepare_t;

void prepare_destroy(prepare_t **self_p);

//  Sends it to those engines of the view that have not had it. Without the lock, before a call of the view's.
void prepare_engines(ipc_view_t *view);

//  The engines have forgotten it: they get it again. With the lock.
void prepare_forget(prepare_t *self);

#endif
