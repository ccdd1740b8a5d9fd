#include "common/frame.h"

#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

enum { COPIED = 4096 };                // bytes of a frame that is cheaper to copy

static void free_memory(void *data, void *hint)
{
    (void) hint;
    free(data);
}

//  A signal in the middle loses nothing.
void ipc_frame_send(ipc_writer_t *self, void *socket)
{
    if (self->size == 0)
        return;
    if (self->size <= COPIED) {
        TEMP_FAILURE_RETRY(zmq_send(socket, self->data, self->size, ZMQ_DONTWAIT));
        self->size = 0;
        return;
    }
    zmq_msg_t frame;
    zmq_msg_init_data(&frame, self->data, self->size, free_memory, NULL);
    *self = (ipc_writer_t){0};
    if (TEMP_FAILURE_RETRY(zmq_msg_send(&frame, socket, ZMQ_DONTWAIT)) < 0)
        zmq_msg_close(&frame);
}
