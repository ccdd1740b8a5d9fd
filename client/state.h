//  What the client's files share. One lock guards all that is below "guarded"; whoever waits drives the
//  socket under it (leader and follower), else the library's thread does.
#ifndef IPC_CLIENT_STATE_H
#define IPC_CLIENT_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <zmq.h>

#include "client/group.h"
#include "client/interrupt.h"
#include "client/view.h"
#include "common/codec.h"
#include "common/connection.h"
#include "common/holds.h"
#include "common/message.h"
#include "common/monitor.h"
#include "common/ranges.h"
#include "common/store.h"

enum {
    OUT_FULL = 256 << 10,              // bytes to be sent that the caller sends itself
    LINGER_NS = 2000000,               // the thread leaves the socket to callers for so long after the last,
    LINGER_MOST_NS = 64000000,         //   and for so long at most when nothing is under way that nobody waits for
    CONNECT_MS = 5000,                 // unless the program says how long
    HEARD_MS = 1000,                   // a client that goes waits so long at most for the controller to read what it
    WORK_HEARD_MS = 5000,              //   sent last; work that is to go on without it is worth more
    UNREAD_SHOWN = 8                   // errors that nobody looked at, which are shown
};

//  What a job of ours still waits for.
typedef struct ticket {
    uint64_t job;
    uint64_t count;                    // of a group: calls; else 0
    uint64_t left;                     // positions without a result
    uint64_t bytes;                    // that it counts for
    ipc_result_t *result;              // NULL when it was freed
    ipc_result_t **calls;              // of a group: each call's; likewise
    struct given *given;               // values of other calls that it waits for
    uint64_t total;                    // positions
    ipc_writer_t kept;                 // its SUBMIT, to be sent again to the next controller; none: it cannot be
    struct kept_terms *terms;          // what is to be said before that; NULL: nothing
    bool is_awaited;                   // a submission that is kept waits for it
    ipc_ranges_t unwanted;             // positions that were aborted, where controllers are succeeded
    uint64_t supplied;                 // bytes of values that were sent after it, of bytes
    ipc_ranges_t got;                  // positions with a result, where controllers are succeeded
    struct ticket *next;               // of the bucket
} ticket_t;

enum { TICKET_BUCKETS = 1 << 16 };

//  A function that the controller knows by number.
typedef struct known_function {
    uint32_t kind;                     // ipc_function_kind_t
    const ipc_remote_t *remote;        // of an image
    char *key, *name, *libraries;
    bool told;                         // to the controller there is now
} known_function_t;

//  An object of the program, as an image.
typedef struct program_image {
    const void *base;                  // where it is loaded
    char hash[65];
    char *path;                        // of its file
    char *libraries;                   // that it needs, one a line
} program_image_t;

//  A segment of ours that a result shows to the program while engines may hold it too.
typedef struct pin {
    ipc_object_t object;
    bool freed;                        // the controller says that nobody holds it
    bool unpinned;                     // the result is gone
} pin_t;

//  Memory that submissions are put together in, kept from one to the next.
typedef struct draft_writers {
    ipc_writer_t arguments, objects, places, data, targets;
} draft_writers_t;

struct ipc_client {
    ipc_connection_t connection;
    char *connection_path;             // as the program gave it; or NULL
    int connect_ms;                    // a controller that does not welcome us for so long is dead
    uint64_t uuid;
    pthread_mutex_t lock;
    pthread_cond_t changed;            // something came in, or the leader left: for followers
    pthread_cond_t thread_wanted;      // for the library's thread
    pthread_t thread;
    int kick_fd;                       // makes the leader leave its poll
    // guarded
    void *zmq, *socket;
    int socket_fd;
    int controller_fd;                 // its pidfd
    ipc_monitor_t monitor;             // of the socket
    ipc_writer_t out;                  // the frame to be sent next
    group_t group;                     // of calls, which follow it
    draft_writers_t draft;             // of the submission that is being put together
    int64_t now;                       // when the last frame came in
    bool welcome, knows_engines;       // what the controller said first
    bool dead;                         // the controller is gone
    bool keeps;                        // it is succeeded by another when it dies: client/resume.h
    bool resuming;                     // that one is awaited,
    int64_t resume_until;              //   until then, monotonic nanoseconds;
    uint64_t resume_job;               //   tickets before this one are submitted again
    uint64_t told_seen;                // of results_seen, what the controller knows
    struct outcomes *outcomes;         // of tasks that submissions wait for which are kept; NULL: none is
    bool stopping;                     // ipc_client_destroy() was called
    int owed_ms;                       // how long it waits when it goes for the controller to have read what it sent
    atomic_bool catches;               // Ctrl-C ends waits: ipc_client_catch_interrupts()
    bool interrupted;                  // it ended the last client_wait(); good until the lock is let go
    bool leading;                      // somebody waits at the socket, without the lock
    bool thread_leading;               // and that is the thread
    bool thread_parked;                // the thread sleeps until a caller leaves
    bool thread_lingers;               // it sleeps longer than what nobody waits for should
    int pulse_ms;                      // how long a part of its silence is, 0: it may be silent (client/pulse.h)
    int silent_ms;                     // that was waited in vain, since it was heard last
    bool asked;                        // it was, since then
    int controller_pid;
    bool unanswered;                   // the controller has not answered to the last PING
    unsigned waiters;                  // threads in client_wait()
    unsigned followers;                // of these, those that do not lead
    uint64_t leads;                    // counts turns at the socket
    ipc_error_t refusal;               // what the controller said when it refused us
    char sanitizers[64];               // that engines have
    uint64_t task_limit, byte_limit;   // of what may be outstanding
    uint64_t tasks, bytes;             // that are
    uint64_t next_job;
    uint64_t results_seen;             // RESULT messages of this connection
    uint64_t taken, told_taken;        // bytes of their bodies; and what the controller knows of that
    ticket_t **tickets;                // by job
    known_function_t *functions;       // by number
    uint32_t function_count;
    program_image_t *images;
    size_t image_count;
    uint32_t *ids;                     // of engines, in rising order
    bool *ready;                       // each
    size_t id_count;
    int64_t looked;                    // when a call on all last read who they are, monotonic nanoseconds
    int *lent_ids;                     // what ipc_client_ids() gave last
    ipc_store_t *store;
    ipc_store_t **retired;             // of former connections: results may still show their memory
    size_t retired_count;
    holds_t *holds;
    pin_t *pins;
    size_t pin_count;
    ipc_result_t *results;             // all of them
    ipc_view_t *views;
    uint64_t cells;                    // executed so far
    unsigned unread;                   // errors shown that nobody looked at
    struct question *questions;        // to the controller, that wait for an answer
    uint64_t question_number;          // of the newest
    struct callbacks *callbacks;       // calls wanted when results are done; NULL until there is one
};

//  client/client.c; client_ and link_ functions want the lock.
typedef bool condition_fn(void *context);
bool client_wait(ipc_client_t *self, condition_fn *condition, void *context, int timeout_ms);
//  The same, which Ctrl-C may end: the interrupt has begun, or is NULL.
bool client_wait_caught(ipc_client_t *self, condition_fn *condition, void *context, int timeout_ms,
                        interrupt_t *interrupt);
int client_fail_interrupted(ipc_error_t *error);       // of a wait that it ended; -1
int client_ensure(ipc_client_t *self, ipc_error_t *error); // connected, or connects again
void client_wake(ipc_client_t *self);                  // the thread, to send what is to be sent
void client_attend(ipc_client_t *self);                // has it look soon, if tasks are under way that nobody waits for
void client_tell(ipc_client_t *self);                  // those who wait that something has changed
void client_owe(ipc_client_t *self, int heard_ms);     // it was sent what must be read though the client goes
int64_t client_now(void);                              // nanoseconds since 1970
int64_t client_monotonic(void);                        // nanoseconds
int client_start_thread(pthread_t *thread, void *(*run)(void *), void *argument); // errno; takes no signals

//  client/link.c
int link_open(ipc_client_t *self, ipc_error_t *error);
void link_close(ipc_client_t *self);
void link_flush(ipc_client_t *self);
void link_receive(ipc_client_t *self);
void link_send(ipc_client_t *self, const ipc_msg_t *msg);
void link_controller_died(ipc_client_t *self);
void link_was_cut(ipc_client_t *self);
bool link_has_more(const ipc_client_t *self);          // something waits to be sent
size_t link_size(const ipc_client_t *self);            // how many bytes

//  Tickets. A group's is made with a count of 0 and gets its calls one by one.
ticket_t *ticket_new(ipc_client_t *self, ipc_result_t *result, uint64_t count, uint64_t bytes);
void ticket_add(ipc_client_t *self, ticket_t *ticket, ipc_result_t *result, uint64_t bytes);
void ticket_empty(ipc_client_t *client, ticket_t *self); // frees what it has
void ticket_forget(const ipc_result_t *result);       // nobody wants it
ticket_t *ticket_of(ipc_client_t *self, uint64_t job); // or NULL

//  client/draft.c
void draft_writers_free(draft_writers_t *self);

//  client/programs.c: the number of a function, which is made known when it is new. -1 with *error: IMAGE.
int64_t function_of_remote(ipc_client_t *self, const ipc_remote_t *remote, ipc_error_t *error);
int64_t function_of_name(ipc_client_t *self, ipc_function_kind_t kind, const char *name); // NAMED, LAUNCH
int64_t function_of_kind(ipc_client_t *self, ipc_function_kind_t kind);
void functions_tell(ipc_client_t *self, int64_t number); // the controller, if it does not know it
const char *program_file_of(void *context, const char *hash); // a symbols_file_fn, the client as context

#endif
