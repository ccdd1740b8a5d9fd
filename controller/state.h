//  What the controller's files share: its context and its peers.
#ifndef IPC_CONTROLLER_STATE_H
#define IPC_CONTROLLER_STATE_H

#include <czmq.h>

#include "common/connection.h"
#include "common/message.h"
#include "controller/attempts.h"
#include "controller/dependencies.h"
#include "controller/functions.h"
#include "controller/history.h"
#include "controller/journal.h"
#include "common/needs.h"
#include "controller/objects.h"
#include "controller/scheduler.h"
#include "controller/supply.h"
#include "common/ranges.h"

enum {
    ROUTE_MAX = 255,                   // bytes of a routing id; libzmq's own have 5, a peer may choose
    FRAME_FULL = 1 << 20,              // an outgoing frame of this size leaves at once
    TASK_LIMIT = 2000000,              // jobs that one client may have outstanding: the library waits then
    TASK_SLACK = 100000,               // over that: no library of ours does it
    ENGINE_ABSENT_S = 30               // an engine that has been away for so long is lost
};
#define BYTE_LIMIT ((uint64_t) 2 << 30) // of submissions that one client may have outstanding
#define UNREAD_LIMIT ((uint64_t) 64 << 20) // of results that a client has not read: its work pauses then

#define SCHEDULER_NO_CLIENT UINT32_MAX

typedef struct controller controller_t;
typedef struct detached detached_t;
typedef struct ending ending_t;
typedef struct recovery recovery_t;

//  A result that a client was told and has not said that it has: controller/recovery.h.
typedef struct unseen {
    uint64_t result, number;           // which one of the client's it is, and of its engine's
    uint32_t engine, peer;             // that engine: its id, and the peer's number
} unseen_t;

//  A frame that came in, kept as long as something in it is needed.
typedef struct parcel {
    zmq_msg_t frame;
    uint32_t references;
} parcel_t;

typedef enum peer_kind { PEER_NEW, PEER_CLIENT, PEER_ENGINE } peer_kind_t;

typedef struct peer {
    controller_t *controller;
    peer_kind_t kind;
    uint32_t number;                   // counts peers from 1: its name as a holder of objects
    void *socket;
    unsigned char route[ROUTE_MAX];
    size_t route_size;
    ipc_writer_t out;                  // the frame to be sent at the end of the turn
    bool listed;                       // on the list of peers with something to send
    bool leaving;                      // to be dropped once this frame is served
    uint64_t owner;                    // of the objects it makes
    int pid;
    int pidfd;                         // -1: none
    uint32_t heard;                    // the beat after which something of it came last
    bool suspected;                    // an engine that has not answered for a while
    // of a client:
    uint32_t client;                   // the scheduler's number
    uint64_t tasks, bytes;             // outstanding: jobs, and what they hold here
    dependencies_t *dependencies;      // jobs of it that wait for others
    uint64_t engines_version;          // of what it knows about engines
    bool follows;                      // it has read along with a detached job
    struct job_terms *terms;           // what the submission that follows waits for; or NULL
    uint32_t *functions;               // its numbers of functions to ours, plus 1; 0: not named
    uint32_t function_count;
    uint64_t results;                  // RESULT messages to it
    uint64_t told_bytes, taken_bytes;  // of their bodies; and what it has read of these
    bool paused;                       // nothing of it is sent to engines until it has read more
    ipc_writer_t unseen;               // unseen_t each
    size_t unseen_begin;               // where the first is
    ipc_ranges_t missing;              // of the submission that follows, if that
    bool resumes;                      //   goes on with one of before
    // of an engine:
    uint32_t engine;
    uint32_t epoch;
    uint64_t dones;                    // DONE messages of it
    uint64_t next_job;                 // that the next one is of, told to a former controller; 0: none
    ipc_writer_t safe;                 // numbers of those, that it is to hear of
    unsigned char *known;              // one bit for each function it has been told of
    size_t known_size;
    uint32_t wait_ms, run_ms;          // of a client: limits of what it submits next; 0: none
    struct peer *next;                 // of the bucket of its route
    struct peer *next_owner;           // of the bucket of its owner
} peer_t;

//  An engine, whether it is here or being restarted.
typedef struct engine_entry {
    bool known;
    peer_t *peer;                      // NULL: away
    peer_t *former;                    // that died: its late results may still come, until it is buried
    uint32_t epoch, nanny;
    uint32_t connection;               // of that worker
    int pid;
    uint32_t restarts;
    int64_t away_since;                // monotonic nanoseconds
    bool ended;                        // a client has asked for its end: what it runs then ends so
    bool lapsed;                       // it is here, but did not answer for so long that what it had is others' now
    uint64_t lapses;                   // how often that has been
    bool reported;                     // the supervisor knows that it is here
    bool told;                         // it has told this controller what it has of a former one's
    uint64_t former_span;              // it runs since before this controller, as it calls that; 0: nothing
    uint64_t adopted_span;             // the scheduler's name for that, once its client has come
    char why[160];                     // it is away, or the last death
} engine_entry_t;

//  The scheduler's name for a span that an engine calls so.
static inline uint64_t entry_span(const engine_entry_t *self, uint64_t id)
{
    return id && id == self->former_span ? self->adopted_span : id;
}

//  The items of a job that are a list.
typedef struct item_list {
    ipc_bytes_t places, data;
} item_list_t;

//  What few jobs have.
typedef struct payload_more {
    char label[HISTORY_LABEL];
    struct detached_job *detached;     // or NULL
    supply_t *supply;                  // values of other tasks that it is given; or NULL
    bool supplied;                     // they are complete, and their objects among the job's
} payload_more_t;

//  What a job needs when its items are sent. A million of them wait at times: little arguments are copied into
//  the record itself, so that their frame can go; what is larger leads into the frame, which stays.
typedef struct payload {
    uint64_t slab_id;
    parcel_t *parcel;                  // NULL: copied
    item_list_t *list;                 // or NULL
    const char *arguments;             // NULL: in copied
    const char *objects;
    int64_t base;
    uint32_t arguments_size;
    uint32_t object_count;
    uint32_t items;                    // ipc_items_t
    char copied[36];
    payload_more_t *more;              // or NULL
    uint64_t owner;                    // the client, as its objects call it
    int64_t submitted;                 // nanoseconds since 1970, by its clock
} payload_t;

void payload_free(controller_t *self, payload_t *payload);
payload_more_t *payload_more(payload_t *self);         // made when it is first needed
ipc_objects_t payload_objects(const payload_t *self);
uint64_t payload_tasks(const payload_t *self, uint64_t count); // of a job of count positions, for the credit
uint64_t payload_bytes(const payload_t *self); // what it counts for in its client's credit

//  A registration that waits until all that came before it has been read.
typedef struct pending {
    peer_t *peer;
    parcel_t *parcel;
    ipc_msg_t msg;
} pending_t;

//  The span that an engine speaks of; NULL: it is late.
scheduler_span_t *peer_span(const peer_t *engine, uint64_t id);

enum { PEER_BUCKETS = 1024 };

struct controller {
    ipc_connection_t client_file, engine_file;
    int ready_fd;
    void *zmq;
    void *clients, *engines;           // the two ROUTER sockets
    zloop_t *loop;
    scheduler_t *scheduler;
    functions_t *functions;
    objects_t *objects;
    history_t *history;
    attempts_t *attempts;              // that were not the last ones
    journal_t *journal;                // or NULL
    int end_signals;                   // a signalfd, when there is a journal; else -1
    recovery_t *recovery;              // when there is a journal; else NULL
    bool succeeds;                     // it takes the place of one that died
    bool hears_clients;                // not before engines have told what they have of a former controller's
    const ipc_writer_t *outlasting;    // a frame of results that a job had, which is being submitted again; or NULL
    detached_t *detached;
    uint32_t detached_client;          // of the scheduler, who owns detached work; SCHEDULER_NO_CLIENT: none did yet
    struct slab *payloads;
    peer_t *buckets[PEER_BUCKETS];     // by route
    peer_t *owners[PEER_BUCKETS];      // clients and engines, by what objects call their owner
    int deaths;                        // an epoll descriptor with the pidfds of all peers
    uint32_t peer_number;              // of the newest
    peer_t **dirty;                    // peers with something to send
    size_t dirty_count, dirty_room;
    peer_t **by_client;                // peers by the scheduler's number of clients
    size_t by_client_count;
    engine_entry_t *entries;           // by engine id
    uint32_t entry_count, entry_room;
    pending_t *pending;
    size_t pending_count, pending_room;
    const ipc_msg_t *dying;            // the registration whose death is being accounted for
    bool engines_changed;              // clients are to be told
    uint64_t engines_version;          // counts these changes
    bool reports_due;                  // the supervisor is to be told, after them
    bool tell_timer;                   // and will be, by a timer
    int64_t told;                      // when they were, monotonic nanoseconds
    int64_t now;                       // nanoseconds since 1970, read once a turn
    int supervisor;                    // its pid, 0: none
    int supervisor_pidfd;
    bool is_ordered;                   // it listens to what we ask it for, and gives orders
    ending_t *endings;                 // of engines, that clients wait for
    uint64_t submitted;                // positions, since memory was last given back
    bool results_leave;                // of many: memory is to be given back once more
    bool decided;                      // jobs that waited for others are to begin, or to end
    const decision_t *decision;        // that is being carried out
    uint32_t beat;                     // counts those of controller/pulse.c
    int64_t beaten;                    // when the last one was, monotonic nanoseconds
    int beat_ms, suspect_ms, lose_ms;  // the time between two; the silence of an engine that is suspected, lost; 0: none
    bool held_timer;                   // a look at work that is held back is due
    int deadline_timer;                // for what may wait no longer; 0: none
    int64_t deadline_armed;            // when it comes
    char order[64];                    // of the supervisor, not yet complete
    size_t order_size;
};

//  controller/controller.c
void controller_begin_turn(controller_t *self);        // reads the clock
void controller_end_turn(controller_t *self);          // what follows from all that came in, and is to be said

//  controller/orders.c
void orders_start(controller_t *self);                 // listens to the supervisor

//  controller/endings.c: engines that clients end, or have run anew.
void endings_gone(controller_t *self, uint32_t engine);    // the supervisor: its processes have ended
void endings_foreign(controller_t *self, uint32_t engine); // the supervisor: it is not one of mine
void endings_busy(controller_t *self, uint32_t engine);    // the supervisor: not now
void endings_lost(controller_t *self, uint32_t engine);    // it will not come back
void endings_back(controller_t *self, uint32_t engine, uint32_t nanny); // it is ready, with this nanny
void endings_forget(controller_t *self, const peer_t *peer); // the client is gone
void endings_free(controller_t *self);

//  controller/terms.c: jobs that wait for other jobs, or need something of an engine.
typedef struct job_terms job_terms_t;
void terms_free(job_terms_t **self_p);
//  Whether a submission may have them; what its job needs, given (NULL: nothing). -1 with *error: ARGUMENT.
int terms_check(const job_terms_t *self, const ipc_msg_t *submission, ipc_error_t *error);
int terms_needs(const job_terms_t *self, needs_t **needs, ipc_error_t *error);
void terms_hold(controller_t *self, peer_t *peer, const job_terms_t *terms, scheduler_job_t *job);
const ipc_msg_t *terms_msg(const job_terms_t *self);   // as its client said them; NULL for NULL
bool terms_give(const job_terms_t *self);              // whether it is given values of other tasks
//  A job of which a part has run waits no more, but stays where it was to follow to. False: no such engine is left.
bool terms_confine(peer_t *peer, const job_terms_t *terms, scheduler_job_t *job);
void decisions_serve(controller_t *self);              // lets jobs begin, or end, whose others have ended
//  Why a job ended that never ran, as a sentence; gives the code.
int describe_impossible(const controller_t *self, const scheduler_job_t *job, scheduler_loss_t loss, char *text,
                        size_t size);
//  Makes a refusal the error that the last engine's refusal is; its body is put into writer.
void refusal_end(const controller_t *self, const scheduler_job_t *job, uint32_t engine, ipc_msg_t *done,
                 ipc_writer_t *writer);

//  controller/given.c: values of other tasks as arguments, from where they are known to where they go.
extern const dependencies_actions_t given_actions;     // the peer is the context
int given_count(ipc_bytes_t parents, uint64_t *count, ipc_error_t *error); // -1 with *error: LIMIT
void given_expect(peer_t *peer, scheduler_job_t *job, ipc_bytes_t parents); // counts in the client's credit
const char *given_complete(peer_t *peer, scheduler_job_t *job); // the job can be sent, NULL; or why not, a phrase
void given_send(peer_t *engine, const payload_t *payload); // before the TASK
void given_free(controller_t *self, payload_t *payload);
void on_supply(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel);

char *controller_explain(controller_t *self, uint64_t job); // why a task waits, or where it is; given, or NULL

//  controller/peers.c
peer_t *peer_find(controller_t *self, void *socket, const void *route, size_t size);
peer_t *peer_new(controller_t *self, void *socket, const void *route, size_t size);
void peer_drop(controller_t *self, peer_t *peer);      // forgets it, with all that it had
void peer_send(peer_t *peer, const ipc_msg_t *msg);    // at the end of the turn
void peer_takes(peer_t *peer, uint64_t bytes);         // it has read so much of its results in all
void peer_fail(peer_t *peer, uint64_t job, uint64_t count, int code, const char *text); // all of a client's job
void peer_fail_some(peer_t *peer, uint64_t job, uint64_t first, uint64_t count, int code, const char *text);
void peer_refuse(peer_t *peer, int code, const char *text); // tells it; it stays
void peer_dismiss(controller_t *self, peer_t *peer);   // sends it what is to be sent and drops it
void peer_expel(controller_t *self, peer_t *peer, int code, const char *text); // tells and drops it
bool peer_submits(peer_t *peer, uint64_t job);         // false: a client's job has come before: it is refused
bool peer_check_credit(peer_t *peer);                  // false: a client has used up more than it has, and leaves
void peers_flush(controller_t *self);
void peers_free(controller_t *self);
void peer_own(peer_t *peer, uint64_t owner);           // the name that its objects have
void peer_disown(peer_t *peer);                        // it is gone: nothing is to be said to it about them
peer_t *peer_of_owner(controller_t *self, uint64_t owner); // or NULL
void parcel_release(parcel_t *parcel);
int64_t monotonic_ns(void);

//  controller/tell.c: which engines there are.
void engines_change(controller_t *self);               // clients are to be told
void engines_tell(controller_t *self);                 // at the end of a turn, if they are
void engines_tell_one(controller_t *self, peer_t *client); // who has just come
void engines_tell_first(controller_t *self, peer_t *client); // before what it hears of one, if it does not know

//  controller/watch.c
typedef enum watch { WATCH_STARTED, WATCH_DEAD, WATCH_FULL } watch_t; // FULL: no descriptor is left for it
watch_t peer_watch(peer_t *peer, int pid);             // learns of its process's death
void peer_unwatch(peer_t *peer);
void peer_turn_away(peer_t *peer);                     // tells it that no descriptor is left; it leaves
void watch_serve(controller_t *self);                  // what follows from deaths

//  controller/pulse.c: peers that do not answer.
void pulse_start(controller_t *self);                  // asks and counts, by a timer
void pulse_back(controller_t *self, peer_t *peer);     // a suspected engine has been heard
void on_pong(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel);
void on_lapsed(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel);
bool engine_is_here(const engine_entry_t *entry);      // and has not lapsed

//  controller/losses.c: why positions of a job end, as code, kind and sentence; of a crash also what the worker left.
enum { LOSS_KIND = 32, LOSS_TEXT = 512 };
void describe_loss(const controller_t *self, const scheduler_job_t *job, scheduler_loss_t loss, uint32_t engine,
                   ipc_failure_t *failure, char kind[LOSS_KIND], char text[LOSS_TEXT]);
void action_again(void *context, const scheduler_job_t *job, uint64_t position, uint32_t engine, int64_t sent,
                  scheduler_loss_t loss);
//  A function failed at a position, which runs again; or for the last time: then its earlier runs are added to what
//  is told, which is put into writer.
void note_failure(controller_t *self, const scheduler_job_t *job, uint32_t engine, int64_t sent, const ipc_msg_t *done);
void add_attempts(const controller_t *self, const scheduler_job_t *job, ipc_msg_t *done, ipc_writer_t *writer);

//  controller/client_side.c, controller/engine_side.c: a table of handlers for each kind of peer.
typedef void handler_fn(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel);
extern handler_fn *const client_handlers[IPC_MSG_COUNT];
handler_fn on_shutdown;

//  controller/control.c
handler_fn on_limits, on_abort, on_signal;
scheduler_limits_t *limits_take(controller_t *self, peer_t *peer); // for the job that it submits; NULL: none
void action_drop(void *context, uint32_t engine, scheduler_span_t *span, uint64_t first, uint64_t count,
                 scheduler_drop_t how);
void deadline_arm(controller_t *self);                 // a timer for what may wait no longer
extern handler_fn *const engine_handlers[IPC_MSG_COUNT];
extern const scheduler_actions_t controller_actions;
void on_terms(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel);
void client_join(controller_t *self, peer_t *peer);    // it is a client from now on
void client_gone(controller_t *self, peer_t *peer);
void engine_gone(controller_t *self, peer_t *peer);
void engine_admit(controller_t *self, pending_t *pending);
void engines_check(controller_t *self);                // once a second
void engine_remove(controller_t *self, uint32_t engine); // it does not come back: its work ends or goes to others
void engines_report(controller_t *self);               // the supervisor, which have come: when clients have been told
void object_freed(void *context, ipc_object_t object);
bool token_is(const char *token, ipc_bytes_t given);
char *controller_report(controller_t *self);

//  controller/records.c: what comes of positions goes into the history; that a job was accepted into the journal.
void record_accepted(controller_t *self, const scheduler_job_t *job);
//  A job of before goes on: what is missing of it.
void record_resumed(controller_t *self, const peer_t *client, const ipc_msg_t *submission, uint32_t function,
                    const ipc_ranges_t *missing);
void record_recovered(controller_t *self, history_entry_t *entry, const ipc_msg_t *done); // it began earlier
void records_end(controller_t *self);                  // what is not over will not be: it is aborted
void record_done(controller_t *self, const scheduler_job_t *job, uint32_t engine, uint32_t attempts, int64_t sent,
                 const ipc_msg_t *done);
void record_lost(controller_t *self, const scheduler_job_t *job, uint64_t first, uint64_t count, uint32_t engine,
                 uint32_t attempts, int code, const char *kind, uint64_t peak_memory);

//  controller/queries.c: what clients ask about tasks and queues.
void on_query(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel);

//  controller/revive.c: results of a job by its id, and jobs that run again.
void on_fetch(controller_t *self, peer_t *peer, const ipc_msg_t *msg, parcel_t *parcel);

#endif
