//  Control of work that is under way: aborts, signals, namespaces.
#ifndef IPC_CLIENT_CONTROL_H
#define IPC_CLIENT_CONTROL_H

#include "client/view.h"

#ifdef __cplusplus
extern "C" {
#endif

//  Drops what the result still waits for, and returns at once. Positions that have not started end without having
//  run; one that runs is interrupted. Both have the error ABORTED, kind "TaskAborted". What is done stays as it is,
//  also what ends while the request is on its way; no retry follows. A function of the program's own is left where it
//  is when that is safe, which is within milliseconds; a function of a module, or one that has started threads, has
//  2 s to end by itself: then its engine's process is killed and started again, with the same id and an empty
//  namespace. Detached work ends too, for all that read its results; the two functions below leave it alone.
void ipc_result_abort(ipc_result_t *self);

//  The same for all work that this client has sent: through a direct view, direct work for its engines; through a
//  balanced view, balanced work that may run on no other engines than the view's.
void ipc_view_abort(ipc_view_t *self);

//  The same for all work of this client.
void ipc_client_abort(ipc_client_t *self);

//  Sends a signal to the processes of the view's engines, whatever they do at the moment. A position for each engine:
//  done when the signal is sent, failed if the engine is not there. SIGINT interrupts the function of a program that
//  runs, whoever sent it, which then fails with the kind "Interrupted", and does nothing to an idle engine; it never
//  ends the process. What other signals do is up to the tasks' handlers: by default they end the process, which is
//  started again.
//      number   such as SIGINT
ipc_result_t *ipc_view_signal(ipc_view_t *self, int number);

//  Removes all names from the namespaces of a direct view's engines, in order with the other work.
ipc_result_t *ipc_view_clear(ipc_view_t *self);

#ifdef __cplusplus
}
#endif
#endif
