//  raw_peer_t: a peer of the controller without libipclient: it says what no program of ours would. Failures of
//  the peer itself fail the test.
#ifndef IPC_TESTS_CONTROLLER_RAW_PEER_H
#define IPC_TESTS_CONTROLLER_RAW_PEER_H

#include <zmq.h>

#include "common/connection.h"
#include "common/message.h"

enum { RAW_DEADLINE_MS = 5000, RAW_NAMED = 0, RAW_FIRST_JOB = 1 };

typedef struct raw_peer {
    void *zmq, *socket;                // a DEALER
    zmq_msg_t frame;                   // the last one that came in; messages that were read lead into it
    ipc_reader_t reader;               // of it
    ipc_writer_t out;                  // the frame that raw_send() sends
} raw_peer_t;

//  The connection file of that name ("client.json", "engine.json") of this test's own cluster.
ipc_connection_t raw_connection(const char *name);

//  Connects to the endpoint of a connection file.
//      route   borrowed; the routing id that the peer asks for, or NULL: the controller makes one
raw_peer_t raw_open(const ipc_connection_t *file, const char *route);
void raw_close(raw_peer_t *self);

//  Adds a message to the frame; a HELLO with that token; sends the frame.
void raw_add(raw_peer_t *self, const ipc_msg_t *msg);
void raw_add_hello(raw_peer_t *self, const char *token);
void raw_send(raw_peer_t *self);

//  Sends bytes as one frame.
void raw_send_bytes(raw_peer_t *self, const void *bytes, size_t size);

//  The next message, waiting for it; false when none comes in time.
bool raw_next(raw_peer_t *self, ipc_msg_t *msg, int timeout_ms);

//  Waits for a message of one of two types; what comes before it is passed over. Fails the test when none comes.
ipc_msg_t raw_await(raw_peer_t *self, ipc_msg_type_t one, ipc_msg_type_t other);

//  Waits for a refusal with this word in its sentence.
void raw_await_refusal(raw_peer_t *self, const char *word);

//  Whatever became of the frame before, the controller answers the next one.
void raw_await_any_answer(raw_peer_t *self);

//  A FUNCTION, RAW_NAMED, that no engine finds: its tasks fail, quickly.
extern const ipc_msg_t raw_function;

//  A SUBMIT of it, RAW_FIRST_JOB, to engine 0, of a list of two items; what a test spoils.
ipc_msg_t raw_submission(void);

//  A peer that was welcomed as a client.
raw_peer_t raw_open_client(void);

//  What the controller says of itself: "controller pid 12: 0 jobs, …". The caller frees it.
char *raw_report(void);

#endif
