//  Sending a frame of messages over a ZeroMQ socket.
#ifndef IPC_COMMON_FRAME_H
#define IPC_COMMON_FRAME_H

#include "common/wire.h"

//  Sends what was written as one frame, without waiting, and leaves the writer empty. A small frame is copied,
//  the memory of a large one handed over to libzmq. An empty one is not sent.
void ipc_frame_send(ipc_writer_t *self, void *socket);

#endif
