//  Whether the controller answers, while somebody waits for something of it. With the lock.
//
//  The wait at the socket is cut into parts, four of which make up the time that it may be silent. After half of that
//  time it is asked (PING), after all of it the waits end. What is added up are waits in vain, not time: a program that
//  was stopped itself, by a debugger or with the machine, has heard nothing for one part.
#ifndef IPC_CLIENT_PULSE_H
#define IPC_CLIENT_PULSE_H

#include "client/state.h"

//  Reads how long it may be silent from IPC_CONTROLLER_TIMEOUT of the environment. 0, or -1 with *error: ARGUMENT.
int pulse_open(ipc_client_t *self, ipc_error_t *error);

//  How long to wait at most, of a time in milliseconds (-1: without limit).
//      thread     the library's own waits, for what a program has under way
int pulse_wait_ms(const ipc_client_t *self, bool thread, int timeout_ms);

//  So long nothing came: asks, or ends the waits with an error that says so.
void pulse_silent(ipc_client_t *self, int waited_ms);

#endif
