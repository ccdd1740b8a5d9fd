//  Whether there are descriptors enough, asked before what cannot say no: libzmq ends the process when its threads get
//  none, and a death that no descriptor tells of is not noticed.
#ifndef IPC_COMMON_DESCRIPTORS_H
#define IPC_COMMON_DESCRIPTORS_H

#include <stddef.h>

#include "common/error.h"

enum {
    IPC_DESCRIPTORS_CONTEXT = 6,       // of a ZeroMQ context: mailboxes of it and of two threads, their epolls, and one
    IPC_DESCRIPTORS_CONNECTION = 5     // of a connection: the mailboxes of its socket and of its monitor's two, the
                                       // stream, the peer's pidfd
};

//  0, or -1 with *error: SYSTEM, when the process cannot open so many more at the moment.
int ipc_descriptors_check(size_t count, ipc_error_t *error);

#endif
