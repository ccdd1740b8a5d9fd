//  fake_t: a controller of one engine, as a test plays it, and the real ipengine-worker beside it. Failures of the
//  fake itself fail the test.
#ifndef IPC_TESTS_ENGINE_FAKE_CONTROLLER_H
#define IPC_TESTS_ENGINE_FAKE_CONTROLLER_H

#include <sys/types.h>
#include <zmq.h>

#include "common/connection.h"
#include "common/message.h"
#include "tests/engine/worker_stage.h"

enum { FAKE_DEADLINE_MS = 10000 };

typedef struct fake {
    char directory[64];                // private, with all files
    ipc_connection_t connection;
    stage_t *stage;
    pid_t worker;
    pid_t process;                     // whose death the worker takes for the controller's
    void *zmq, *socket;                // a ROUTER
    char route[256];                   // of the worker
    size_t route_size;
    zmq_msg_t frame;                   // the last one that came in; messages that were read lead into it
    ipc_reader_t reader;               // of it
    ipc_writer_t out;                  // the frame that fake_send() sends
} fake_t;

//  Makes the directory and its files; removes them.
void fake_make_directory(fake_t *self);
void fake_remove_directory(fake_t *self);

//  Begins to listen. The controller's end: nobody listens, its process is dead.
void fake_open(fake_t *self);
void fake_close(fake_t *self);

//  Starts the worker; waits until it registers, and accepts it.
void fake_start_worker(fake_t *self);
void fake_await_registration(fake_t *self);
void fake_accept(fake_t *self);

//  Waits until the worker ends: its exit status, or 128 and the signal's number.
int fake_worker_status(fake_t *self);

//  Adds a message to the frame; sends the frame; sends bytes as one frame.
void fake_add(fake_t *self, const ipc_msg_t *msg);
void fake_send(fake_t *self);
void fake_send_bytes(fake_t *self, const void *bytes, size_t size);

//  Waits for the next message.
ipc_msg_t fake_next(fake_t *self);

//  Waits for the next message, which must be of that type.
ipc_msg_t fake_expect(fake_t *self, ipc_msg_type_t type);

//  True when the worker's log has this text.
bool fake_log_has(const fake_t *self, const char *text);

int64_t fake_monotonic_ns(void);

#endif
