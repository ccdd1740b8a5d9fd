//  Calls that a program wants made once a result is done: by a thread of their own, which starts with the first and
//  makes them without the client's lock, so that they may wait, submit and destroy results.
#ifndef IPC_CLIENT_CALLBACKS_H
#define IPC_CLIENT_CALLBACKS_H

#include "client/result.h"

typedef struct callbacks callbacks_t;      // of a client
typedef struct callback callback_t;        // one that is wanted

//  With the client's lock. All is done: the thread is to make the calls. Nobody wants them any more: they are
//  dropped, and one that is running is waited for, unless it is that one which calls this.
void callbacks_due(ipc_result_t *result);
void callbacks_forget(ipc_result_t *result);

//  Frees a result's list; the calls are never made.
void callbacks_free(callback_t *first);

//  Without the lock: makes those that are due, and ends the thread. NULL is fine.
void callbacks_destroy(callbacks_t **self_p);

#endif
