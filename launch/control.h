//  The way to a running supervisor: a socket in its cluster's private directory. A request and its answer are
//  one packet of text each:
//      "add N"              "ok FIRST"  engines FIRST … FIRST+N-1 are ready
//      "remove ID"          "ok"        the engine has ended
//      "restart", "restart ID"  "ok"    all engines, or that one, run anew and are ready
//  or "error SENTENCE".
#ifndef IPC_LAUNCH_CONTROL_H
#define IPC_LAUNCH_CONTROL_H

#include "common/error.h"

enum { CONTROL_TEXT = 512 };           // bytes of a request or an answer, with the zero

//  Gives the supervisor's listening socket (not blocking), or -1 with *error: SYSTEM.
//      directory  borrowed; of the cluster
int control_listen(const char *directory, ipc_error_t *error);

//  Gives the next one who asks (not blocking), or -1.
int control_accept(int listener);

//  Reads the request: its size, 0 when who asked is gone, -1 when there is none yet.
int control_read(int asker, char request[CONTROL_TEXT]);

//  Sends the answer and closes.
__attribute__((format(printf, 2, 3))) void control_answer(int asker, const char *format, ...);

//  Sends a request to the supervisor and waits for its answer, which follows "ok ". 0, or -1 with *error: BUSY
//  (no supervisor answers), SYSTEM (its own sentence).
//      directory, request   borrowed
int control_ask(const char *directory, const char *request, char answer[CONTROL_TEXT], ipc_error_t *error);

#endif
