//  One frame for each request: the broker reads a request, sends it to the next worker,
//  reads an answer, sends it to its client.
#include <zmq.h>

#include "bench/raw.h"

enum { IN_A_ROW = 256 }; // messages of one side before the other side is looked at

//  Moves what waits at from to the sockets' other side. A request gets a worker's name in
//  front, an answer loses it. False when nothing waited.
static bool forward(void *from, void *to, const raw_peer_t *worker)
{
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, from, ZMQ_DONTWAIT) < 0)
        return false;
    if (worker)
        zmq_send(to, worker->id, worker->size, ZMQ_SNDMORE);
    else
        zmq_msg_recv(&frame, from, 0); // the client's name, in place of the worker's
    zmq_msg_send(&frame, to, ZMQ_SNDMORE);
    zmq_msg_init(&frame);
    zmq_msg_recv(&frame, from, 0);
    zmq_msg_send(&frame, to, 0);
    return true;
}

int raw_broker(const char *directory, int workers)
{
    void *context = zmq_ctx_new();
    void *clients = raw_bind(context, directory, "c"),
         *engines = raw_bind(context, directory, "w");
    raw_peer_t peers[RAW_WORKERS_MAX];
    raw_gather(engines, peers, workers);
    zmq_pollitem_t sides[] = {{.socket = clients, .events = ZMQ_POLLIN},
                              {.socket = engines, .events = ZMQ_POLLIN}};
    for (int next = 0; zmq_poll(sides, 2, -1) > 0;) {
        for (int i = 0; i < IN_A_ROW && forward(clients, engines, &peers[next]); i++)
            next = (next + 1) % workers;
        for (int i = 0; i < IN_A_ROW && forward(engines, clients, NULL); i++) continue;
    }
    return 1;
}

int raw_worker(const char *directory, int workers)
{
    void *broker = raw_connect(zmq_ctx_new(), directory, "w");
    zmq_send(broker, "hello", 5, 0);
    for (;;) {
        zmq_msg_t client, request;
        zmq_msg_init(&client);
        zmq_msg_init(&request);
        if (zmq_msg_recv(&client, broker, 0) < 0 || zmq_msg_recv(&request, broker, 0) < 0)
            return 1;
        zmq_msg_send(&client, broker, ZMQ_SNDMORE);
        zmq_msg_send(&request, broker, 0);
    }
}
