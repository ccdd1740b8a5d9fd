#include "bench/raw.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/bench.h"
#include "common/fail.h"

enum {
    ANSWER_MS = 5000,           // a baseline that is silent for so long is broken
    UNDER_WAY = 100 * RAW_BATCH // requests sent and not yet answered, at most
};

static int start_processes(raw_t *self, const char *kind, const char *directory,
                           int workers, ipc_error_t *error)
{
    char path[IPC_PATH_MAX], broker[32], worker[32], count[16], parent[16];
    if (process_beside("ipcbench-raw", path, sizeof path, error))
        return -1;
    snprintf(broker, sizeof broker, "%s-broker", kind);
    snprintf(worker, sizeof worker, "%s-worker", kind);
    snprintf(count, sizeof count, "%d", workers);
    snprintf(parent, sizeof parent, "%d", (int) getpid());
    char *arguments[] = {path, broker, (char *) directory, count, parent, NULL};
    if (process_spawn(&self->broker, arguments, error))
        return -1;
    arguments[1] = worker;
    for (int i = 0; i < workers; i++)
        if (process_spawn(&self->workers[i], arguments, error))
            return -1;
    return process_ready(&self->broker, ANSWER_MS, error); // once all workers have reported
}

int raw_start(raw_t *self, const char *kind, const char *directory, int workers,
              ipc_error_t *error)
{
    *self = (raw_t){0};
    if (start_processes(self, kind, directory, workers, error)) {
        raw_stop(self);
        return -1;
    }
    self->context = zmq_ctx_new();
    self->socket = raw_connect(self->context, directory, "c");
    int wait = ANSWER_MS;
    zmq_setsockopt(self->socket, ZMQ_RCVTIMEO, &wait, sizeof wait);
    return 0;
}

void raw_stop(raw_t *self)
{
    if (self->socket)
        zmq_close(self->socket);
    if (self->context)
        zmq_ctx_term(self->context);
    process_stop(&self->broker);
    for (int i = 0; i < RAW_WORKERS_MAX; i++) process_stop(&self->workers[i]);
    *self = (raw_t){0};
}

double raw_round_trip(raw_t *self)
{
    char request[RAW_RECORD] = {0};
    double start = bench_now();
    zmq_send(self->socket, request, sizeof request, 0);
    return zmq_recv(self->socket, request, sizeof request, 0) < 0 ? -1
                                                                  : bench_now() - start;
}

//  The common part: a message holds `each` requests; as many messages as may be are kept
//  under way.
static double pump(raw_t *self, size_t count, size_t each)
{
    char message[RAW_BATCH * RAW_RECORD] = {0};
    size_t sent = 0, answered = 0;
    double start = bench_now();
    while (answered < count) {
        while (sent < count && sent + each - answered <= UNDER_WAY) {
            zmq_send(self->socket, message, each * RAW_RECORD, 0);
            sent += each;
        }
        int size = zmq_recv(self->socket, message, sizeof message, 0);
        if (size < 0)
            return -1;
        answered += (size_t) size / RAW_RECORD;
        // What else is there at once; no call of the system for what libzmq holds already.
        while ((size = zmq_recv(self->socket, message, sizeof message, ZMQ_DONTWAIT)) > 0)
            answered += (size_t) size / RAW_RECORD;
    }
    return bench_now() - start;
}

double raw_requests(raw_t *self, size_t count)
{
    return pump(self, count, 1);
}

double raw_batches(raw_t *self, size_t count)
{
    return pump(self, count - count % RAW_BATCH, RAW_BATCH);
}
