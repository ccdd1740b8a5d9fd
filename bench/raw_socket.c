#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "bench/raw.h"

static void *raw_socket(void *context, int type, const char *directory, const char *end,
                        int (*attach)(void *, const char *))
{
    char address[128];
    snprintf(address, sizeof address, "ipc://%s/%s", directory, end);
    void *socket = zmq_socket(context, type);
    int none = 0;
    zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    if (attach(socket, address)) {
        fprintf(stderr, "ipcbench-raw: %s: %s\n", address, zmq_strerror(errno));
        exit(1);
    }
    return socket;
}

void *raw_bind(void *context, const char *directory, const char *end)
{
    return raw_socket(context, ZMQ_ROUTER, directory, end, zmq_bind);
}

void *raw_connect(void *context, const char *directory, const char *end)
{
    return raw_socket(context, ZMQ_DEALER, directory, end, zmq_connect);
}

void raw_gather(void *socket, raw_peer_t *peers, int workers)
{
    for (int i = 0; i < workers; i++) {
        int size = zmq_recv(socket, peers[i].id, sizeof peers[i].id, 0);
        char hello[8];
        assert(size > 0 && (size_t) size <= sizeof peers[i].id);
        peers[i].size = (size_t) size;
        zmq_recv(socket, hello, sizeof hello, 0);
    }
    puts("ready");
    fflush(stdout);
}
