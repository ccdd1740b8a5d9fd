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

//  Ends the engines of a direct view for good: they leave the ids, and do not come back. It overtakes the work that
//  was sent: what one runs ends with the error ENGINE_LOST, kind "EngineLost", unless retries are left; so does direct
//  work that waits for it; balanced work goes to others. A position for each engine: done when no process of it is
//  left, failed if the engine is not there.
ipc_result_t *ipc_view_shutdown(ipc_view_t *self);

//  The same, but each engine is started anew, with its id and an empty namespace, and work that waits for it goes on
//  there. A position is done when its engine is ready again. An engine that was started by hand, without ipcluster,
//  fails: nobody could start it again.
ipc_result_t *ipc_view_restart(ipc_view_t *self);

//  Stops the cluster, as `ipcluster stop` does, whoever uses it: controller and engines end, and their files and shared
//  memory are removed. 0 when nothing of it is left; unfinished results of this client have ended with the error
//  CONNECTION, and it can only be read from and destroyed (or go on with a cluster that is started again). -1 with
//  *error: TIMEOUT (it goes on being stopped), INTERRUPTED, SYSTEM (the controller was not started by ipcluster), or as
//  ipc_client_new() (there is none any more).
//      timeout_ms   IPC_FOREVER waits without limit
int ipc_client_shutdown(ipc_client_t *self, int timeout_ms, ipc_error_t *error);

//  Removes all names from the namespaces of a direct view's engines, and all that executed source has declared there, in
//  order with the other work.
ipc_result_t *ipc_view_clear(ipc_view_t *self);

#ifdef __cplusplus
}
#endif
#endif
