//  The baselines: what bare ZeroMQ does in the shape that the cluster has, a client, a
//  broker process and worker processes over ipc://. Nothing of ours is in them, so nothing
//  of ours can be slower for free.
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stddef.h>
#include <stdint.h>

#include "bench/process.h"

enum {
    RAW_WORKERS_MAX = 16,
    RAW_RECORD = 32, // bytes of a request, in both kinds
    RAW_BATCH = 500  // records in a message of the batched kind
};

//  The client's side of a running baseline.
typedef struct raw {
    process_t broker;
    process_t workers[RAW_WORKERS_MAX];
    void *context, *socket; // DEALER
} raw_t;

//  Starts a broker with its workers and connects to it. 0, or -1 with *error and nothing
//  started.
//      kind        "one": each request a frame of its own; "batch": the broker routes
//      records directory   borrowed; private; its sockets lie there
int raw_start(raw_t *self, const char *kind, const char *directory, int workers,
              ipc_error_t *error);
void raw_stop(raw_t *self);

//  Sends one frame and waits for the answer. Seconds, or -1 when there is none.
double raw_round_trip(raw_t *self);

//  Sends count requests, many of them under way at once. Seconds until the last answer, or
//  -1.
double raw_requests(raw_t *self, size_t count);
double raw_batches(raw_t *self, size_t count);

//  The roles of the program ipcbench-raw; those that serve do not return.
int raw_broker(const char *directory, int workers);
int raw_worker(const char *directory, int workers);
int raw_batch_broker(const char *directory, int workers);
int raw_batch_worker(const char *directory, int workers);

//  For the roles: a socket that drops nothing and is at the directory's end for clients
//  ("c") or workers
//  ("w"); stops the program with a sentence if it cannot be.
void *raw_bind(void *context, const char *directory, const char *end);
void *raw_connect(void *context, const char *directory, const char *end);

//  A peer as a ROUTER names it.
typedef struct raw_peer {
    char id[32];
    size_t size;
} raw_peer_t;

//  Waits until each worker has said that it is there, then says so on stdout.
void raw_gather(void *socket, raw_peer_t *peers, int workers);

#endif
