//  ipc_client_t: a connection to a cluster. Any thread may use it; its views and results belong to it.
#ifndef IPC_CLIENT_CLIENT_H
#define IPC_CLIENT_CLIENT_H

#include "common/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { IPC_FOREVER = -1 };

typedef struct ipc_client ipc_client_t;

//  Connects to a running cluster, or gives NULL with *error: CONNECTION (no cluster, or it is dead),
//  PERMISSION (a connection file that others may write), PROTOCOL (another version). Does not wait for
//  engines.
//      connection   borrowed; the path of a connection file; NULL: IPC_CONNECTION_FILE of the environment,
//                   else the running cluster of IPC_PROFILE and IPC_CLUSTER_ID
ipc_client_t *ipc_client_new(const char *connection, ipc_error_t *error);

//  The same, waiting for the controller to answer for so long at most: a stopped or busy one may not.
//      timeout_ms   of a reconnection, too; IPC_FOREVER: 5 s
ipc_client_t *ipc_client_new_within(const char *connection, int timeout_ms, ipc_error_t *error);

//  Ends unfinished waits, frees the client's views and results, drops its unfinished work but for what is detached
//  (ipc_options_t), and sets *self_p to NULL; NULL is fine. What the client was told before holds: it waits until the
//  controller has read its aborts, signals and ends of engines, 1 s at most, and its detached work, 5 s at most.
void ipc_client_destroy(ipc_client_t **self_p);

//  Waits until at least n engines are ready. 0, or -1 with *error: TIMEOUT, CONNECTION.
//      timeout_ms   0 looks once, IPC_FOREVER waits without limit
int ipc_client_wait(ipc_client_t *self, size_t n, int timeout_ms, ipc_error_t *error);

//  Waits until all that this client has sent is done, also what has no result any more. True when it is, false when the
//  deadline passed. What failed, or went with the cluster, is done too.
//      timeout_ms   0 looks once, IPC_FOREVER waits without limit
bool ipc_client_wait_all(ipc_client_t *self, int timeout_ms);

//  How many positions that is at the moment: engines of direct calls, items of maps. Never waits. It looks at all
//  calls under way: not for the inside of a loop.
size_t ipc_client_outstanding(ipc_client_t *self);

//  The ids of the engines in rising order, lent until the next call on this client.
//      count        written: how many
const int *ipc_client_ids(ipc_client_t *self, size_t *count);

//  What Ctrl-C (SIGINT) does while a thread waits in a call of this client or of its results. Off, as it is first:
//  it ends the program, as it does outside of such waits in any case. On: it ends the wait, and the work goes on.
//  The call gives what it gives when the deadline passed (false, -1), a _sync call its result (which
//  ipc_result_wait() with 0 then knows not to be done), and a reader what it gives for a position that has nothing
//  (0, NaN, NULL, none; ipc_result_next() NULL); ipc_result_ok() that waited is false, and ipc_result_error() and
//  *error have the code INTERRUPTED, kind "WaitInterrupted". The same result may be waited for and read again. A
//  second Ctrl-C during a wait for that one result aborts it, as ipc_result_abort() does, and the wait goes on until
//  it is over; a third ends the program. One Ctrl-C ends the waits of all threads that have it so. One that comes as
//  these are over by themselves ends the next wait that has it so, and never aborts.
//  ipc_result_wait_interactive() catches it whether this is on or off. A program that has a handler of its own for
//  SIGINT, or ignores it, is left alone: nothing of this happens.
void ipc_client_catch_interrupts(ipc_client_t *self, bool on);

#ifdef __cplusplus
}
#endif
#endif
