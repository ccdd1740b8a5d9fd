#include "common/dealer.h"

#include <unistd.h>
#include <zmq.h>

int ipc_dealer_open(void **socket, ipc_monitor_t *monitor, int *fd, void *zmq, const char *endpoint, int linger_ms)
{
    int zero = 0, again_ms = 10;
    size_t size = sizeof *fd;
    void *opened = *socket = zmq_socket(zmq, ZMQ_DEALER);
    if (!opened || zmq_setsockopt(opened, ZMQ_SNDHWM, &zero, sizeof zero) ||
        zmq_setsockopt(opened, ZMQ_RCVHWM, &zero, sizeof zero) ||
        zmq_setsockopt(opened, ZMQ_LINGER, &linger_ms, sizeof linger_ms) ||
        zmq_setsockopt(opened, ZMQ_RECONNECT_IVL, &again_ms, sizeof again_ms) ||
        ipc_monitor_open(monitor, zmq, opened) || TEMP_FAILURE_RETRY(zmq_connect(opened, endpoint)) ||
        zmq_getsockopt(opened, ZMQ_FD, fd, &size))
        return -1;
    return 0;
}
