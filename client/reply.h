//  reply_t: the body of a RESULT message while it is read: the next positions' values and times.
#ifndef IPC_CLIENT_REPLY_H
#define IPC_CLIENT_REPLY_H

#include "common/message.h"

typedef struct reply {
    int engine;                        // -1: none
    uint32_t attempts;                 // how often the positions were started
    int64_t accepted, sent;            // by the controller, nanoseconds since 1970
    uint64_t peak_memory;              // bytes, of a single position; 0: not measured
    bool failed;
    ipc_failure_t failure;             // of all its positions, if failed
    ipc_bytes_t out, err;              // what they wrote
    uint64_t left;                     // positions that were not read
    int64_t started, finished;         // nanoseconds since 1970: of the next position, of the last one
    ipc_bytes_t durations;             // of those left; or none
    ipc_reader_t values;
} reply_t;

void reply_begin(reply_t *self, const ipc_msg_t *msg);

//  Nanoseconds that the next count positions took: what the engine measured, else an equal part for each.
int64_t reply_time(const reply_t *self, uint64_t count);

//  The next count positions were read; or are read over.
void reply_advance(reply_t *self, uint64_t count);
void reply_skip(reply_t *self, uint64_t count);

#endif
