//  The bare batched model: a message carries many records, the broker routes each record by
//  itself, and whoever has several for one peer when nothing more waits sends them in one
//  message.
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "bench/raw.h"

enum { CLIENTS_MAX = 16, IN_A_ROW = 16 };

typedef struct record {
    uint64_t id;
    uint32_t client; // the broker's number for it
    uint32_t state;  // 1 when a worker has had it
    uint8_t body[16];
} record_t;
_Static_assert(sizeof(record_t) == RAW_RECORD, "a record is what the client sends");

//  What is to be sent to one peer.
typedef struct batch {
    raw_peer_t peer;
    size_t count;
    record_t records[RAW_BATCH];
} batch_t;

typedef struct broker {
    void *clients, *engines; // sockets
    batch_t workers[RAW_WORKERS_MAX];
    batch_t answers[CLIENTS_MAX];
    int workers_count, clients_count;
    int next; // the worker whose turn it is
} broker_t;

static void batch_flush(batch_t *self, void *socket)
{
    if (!self->count)
        return;
    zmq_send(socket, self->peer.id, self->peer.size, ZMQ_SNDMORE);
    zmq_send(socket, self->records, self->count * sizeof *self->records, 0);
    self->count = 0;
}

static void batch_add(batch_t *self, const record_t *record, void *socket)
{
    self->records[self->count++] = *record;
    if (self->count == RAW_BATCH)
        batch_flush(self, socket);
}

//  The number of a client, a new one for a new client.
static uint32_t client_number(broker_t *self, const raw_peer_t *peer)
{
    for (int i = 0; i < self->clients_count; i++) {
        const raw_peer_t *known = &self->answers[i].peer;
        if (known->size == peer->size && !memcmp(known->id, peer->id, peer->size))
            return (uint32_t) i;
    }
    if (self->clients_count == CLIENTS_MAX)
        exit(1);
    self->answers[self->clients_count].peer = *peer;
    return (uint32_t) self->clients_count++;
}

//  Reads one message of one side; its records are lent until zmq_msg_close(). False when
//  there is none.
static bool read_records(void *socket, raw_peer_t *peer, zmq_msg_t *message)
{
    int size = zmq_recv(socket, peer->id, sizeof peer->id, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    peer->size = (size_t) size;
    zmq_msg_init(message);
    zmq_msg_recv(message, socket, 0);
    return true;
}

static bool take_requests(broker_t *self)
{
    raw_peer_t peer;
    zmq_msg_t message;
    if (!read_records(self->clients, &peer, &message))
        return false;
    uint32_t client = client_number(self, &peer);
    const record_t *records = zmq_msg_data(&message);
    for (size_t i = 0; i < zmq_msg_size(&message) / sizeof *records; i++) {
        record_t record = records[i];
        record.client = client;
        batch_add(&self->workers[self->next], &record, self->engines);
        self->next = (self->next + 1) % self->workers_count;
    }
    zmq_msg_close(&message);
    return true;
}

static bool take_answers(broker_t *self)
{
    raw_peer_t peer;
    zmq_msg_t message;
    if (!read_records(self->engines, &peer, &message))
        return false;
    const record_t *records = zmq_msg_data(&message);
    for (size_t i = 0; i < zmq_msg_size(&message) / sizeof *records; i++)
        batch_add(&self->answers[records[i].client], &records[i], self->clients);
    zmq_msg_close(&message);
    return true;
}

int raw_batch_broker(const char *directory, int workers)
{
    broker_t *self = calloc(1, sizeof *self);
    void *context = zmq_ctx_new();
    self->clients = raw_bind(context, directory, "c");
    self->engines = raw_bind(context, directory, "w");
    self->workers_count = workers;
    raw_peer_t peers[RAW_WORKERS_MAX];
    raw_gather(self->engines, peers, workers);
    for (int i = 0; i < workers; i++) self->workers[i].peer = peers[i];
    zmq_pollitem_t sides[] = {{.socket = self->clients, .events = ZMQ_POLLIN},
                              {.socket = self->engines, .events = ZMQ_POLLIN}};
    while (zmq_poll(sides, 2, -1) > 0) {
        for (int i = 0; i < IN_A_ROW && take_requests(self); i++) continue;
        for (int i = 0; i < IN_A_ROW && take_answers(self); i++) continue;
        for (int i = 0; i < workers; i++) batch_flush(&self->workers[i], self->engines);
        for (int i = 0; i < self->clients_count; i++)
            batch_flush(&self->answers[i], self->clients);
    }
    return 1;
}

int raw_batch_worker(const char *directory, int workers)
{
    void *broker = raw_connect(zmq_ctx_new(), directory, "w");
    zmq_send(broker, "hello", 5, 0);
    for (;;) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, broker, 0) < 0)
            return 1;
        record_t *records = zmq_msg_data(&message);
        for (size_t i = 0; i < zmq_msg_size(&message) / sizeof *records; i++)
            records[i].state = 1;
        zmq_msg_send(&message, broker, 0);
    }
}
