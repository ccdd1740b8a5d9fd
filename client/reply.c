#include "client/reply.h"

#include <string.h>

#include "common/codec.h"

void reply_begin(reply_t *self, const ipc_msg_t *msg)
{
    *self = (reply_t){.engine = msg->result.engine == UINT32_MAX ? -1 : (int) msg->result.engine,
                      .attempts = msg->result.attempts,
                      .accepted = msg->result.accepted,
                      .sent = msg->result.sent,
                      .peak_memory = msg->result.peak_memory,
                      .failed = msg->result.failed,
                      .out = msg->result.out,
                      .err = msg->result.err,
                      .left = msg->result.count,
                      .started = msg->result.started,
                      .finished = msg->result.finished,
                      .durations = msg->result.durations,
                      .values = ipc_reader(msg->result.body.data, msg->result.body.size)};
    if (self->durations.size != self->left * sizeof(float))
        self->durations.size = 0;
    if (!self->failed)
        return;
    if (ipc_failure_unpack(&self->failure, msg->result.body))
        self->failure = (ipc_failure_t){.code = IPC_E_PROTOCOL, .kind = ipc_bytes_of("ProtocolError"),
                                        .text = ipc_bytes_of("a malformed result")};
    self->out = self->failure.out;
    self->err = self->failure.err;
}

int64_t reply_time(const reply_t *self, uint64_t count)
{
    int64_t all = self->finished - self->started;
    if (count == self->left)
        return all;
    if (self->durations.size == 0)
        return (int64_t) ((double) all * (double) count / (double) self->left);
    double time = 0;
    for (uint64_t i = 0; i < count; i++) {
        float duration;
        memcpy(&duration, self->durations.data + i * sizeof duration, sizeof duration);
        time += (double) duration;
    }
    return (int64_t) time;
}

void reply_advance(reply_t *self, uint64_t count)
{
    self->started += reply_time(self, count);
    if (self->durations.size > 0) {
        self->durations.data += count * sizeof(float);
        self->durations.size -= count * sizeof(float);
    }
    self->left -= count;
}

void reply_skip(reply_t *self, uint64_t count)
{
    for (uint64_t i = 0; i < count && !self->failed; i++) ipc_value_skip(&self->values);
    reply_advance(self, count);
}
