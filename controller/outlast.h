//  Detached work that outlasts its controller. With a journal its submission is kept there as its client sent it, and
//  each result that came; the next controller submits it again, with those results, and with what engines have of it.
//  A client that comes back for it follows it as before.
#ifndef IPC_CONTROLLER_OUTLAST_H
#define IPC_CONTROLLER_OUTLAST_H

#include "controller/detached.h"

//  A client detaches a job: what it said for that.
//      limits, terms   may be NULL
void outlast_keep(controller_t *self, const peer_t *peer, const ipc_msg_t *submission, const scheduler_limits_t *limits,
                  const ipc_msg_t *terms);

//  All that a former controller has kept is submitted again; of a new cluster (goes_on is false) it is forgotten.
void outlast_begin(controller_t *self, bool goes_on);

#endif
