//  The socket of a client or an engine to its controller: a DEALER without limits that watches its connection.
#ifndef IPC_COMMON_DEALER_H
#define IPC_COMMON_DEALER_H

#include "common/monitor.h"

//  Opens *socket and its monitor, and begins to connect. 0, or -1 with errno; then close what is not NULL.
//      zmq        borrowed until the socket is closed
//      linger_ms  how long what is unsent may hold up its end
//      *fd        readable when something may have come: see ZMQ_FD
int ipc_dealer_open(void **socket, ipc_monitor_t *monitor, int *fd, void *zmq, const char *endpoint, int linger_ms);

#endif
