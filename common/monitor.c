#include "common/monitor.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

int ipc_monitor_open(ipc_monitor_t *self, void *zmq, void *socket)
{
    char name[64];
    size_t size = sizeof self->fd;
    snprintf(name, sizeof name, "inproc://cut-%p-%u", socket, ++self->opened);
    if (TEMP_FAILURE_RETRY(zmq_socket_monitor(socket, name, ZMQ_EVENT_DISCONNECTED)))
        return -1;
    self->socket = zmq_socket(zmq, ZMQ_PAIR);
    if (!self->socket || zmq_setsockopt(self->socket, ZMQ_LINGER, &(int){0}, sizeof(int)) ||
        TEMP_FAILURE_RETRY(zmq_connect(self->socket, name)) ||
        zmq_getsockopt(self->socket, ZMQ_FD, &self->fd, &size)) {
        int cause = zmq_errno();
        ipc_monitor_close(self, socket);
        errno = cause;
        return -1;
    }
    ipc_monitor_is_cut(self); // nothing yet: the descriptor tells of what is new
    return 0;
}

//  An event is a frame of its number, 16 bits, and its value; the address stands in another.
bool ipc_monitor_is_cut(ipc_monitor_t *self)
{
    bool cut = false, first = true;
    for (;;) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, self->socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&frame);
            if (zmq_errno() == EINTR)
                continue;
            return cut;
        }
        uint16_t event = 0;
        if (first && zmq_msg_size(&frame) >= sizeof event)
            memcpy(&event, zmq_msg_data(&frame), sizeof event);
        cut = cut || event == ZMQ_EVENT_DISCONNECTED;
        first = !zmq_msg_more(&frame);
        zmq_msg_close(&frame);
    }
}

void ipc_monitor_close(ipc_monitor_t *self, void *socket)
{
    if (socket)
        zmq_socket_monitor(socket, NULL, 0);
    if (self->socket)
        zmq_close(self->socket);
    *self = (ipc_monitor_t){.fd = -1, .opened = self->opened};
}
