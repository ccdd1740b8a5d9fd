//  ipc_monitor_t: tells that the connection of a DEALER was cut. libzmq by itself says nothing of it: it connects
//  again, the other side sees somebody new, and what was under way is lost.
#ifndef IPC_COMMON_MONITOR_H
#define IPC_COMMON_MONITOR_H

#include <stdbool.h>

typedef struct ipc_monitor {
    void *socket;              // that libzmq reports to; NULL: closed
    int fd;                    // readable when ipc_monitor_is_cut() has something to look at; -1: closed
    unsigned opened;           // how often, so that no two have the same name
} ipc_monitor_t;

#define IPC_MONITOR_CLOSED ((ipc_monitor_t){.fd = -1})

//  Watches a socket that is not connected yet. 0, or -1 with errno.
//      zmq, socket   borrowed until ipc_monitor_close()
int ipc_monitor_open(ipc_monitor_t *self, void *zmq, void *socket);

//  Takes all that was reported; true when a connection that there had been is cut.
bool ipc_monitor_is_cut(ipc_monitor_t *self);

//  Before the socket is closed; a closed monitor is fine.
void ipc_monitor_close(ipc_monitor_t *self, void *socket);

#endif
