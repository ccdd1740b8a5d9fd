//  Work of a client that goes on with the next controller, where the cluster has a journal: see controller/recovery.h
//  for the whole of it. With the lock.
#ifndef IPC_CLIENT_RESUME_H
#define IPC_CLIENT_RESUME_H

#include "client/state.h"

//  Where the messages begin that are to be kept, in the frame to be sent next.
size_t resume_mark(ipc_client_t *self);
//  Keeps what was packed since, of a ticket's submission.
void resume_keep(ipc_client_t *self, ticket_t *ticket, size_t mark);

//  The controller is gone: connects to the next one, as soon as that listens. False: there will be none, or it takes
//  too long.
bool resume_begin(ipc_client_t *self);
//  It is there.
void resume_end(ipc_client_t *self);
//  It has answered: submits again what is missing, before all that is to be sent since. Not earlier: what was said over
//  a connection that is cut then could be heard, and be said again over the next one.
void resume_go_on(ipc_client_t *self);
//  How long to wait at most for something, in milliseconds, of a time (-1: without limit).
int resume_wait_ms(const ipc_client_t *self, int timeout_ms);
//  It has taken too long.
bool resume_is_late(const ipc_client_t *self);

//  Tells the controller which results are here: with what is sent anyway, by themselves when they are many, or when
//  there is nothing else to do. True when there is something to be sent now.
bool resume_tell_seen(ipc_client_t *self, bool idle);

#endif
