//  The inside of ipc_result_t, for the files that fill and read it. A program may have a million of them, one for
//  each call: what few of them need is apart.
#ifndef IPC_CLIENT_RESULTS_H
#define IPC_CLIENT_RESULTS_H

#include "client/positions.h"
#include "client/reply.h"
#include "client/state.h"

typedef enum result_shape { RESULT_BARE, RESULT_LIST, RESULT_GATHER } result_shape_t;

//  A gather first asks for dtypes and shapes, then has the parts written into one array, or fetches those that
//  fit into none.
enum { GATHER_OVER, GATHER_PROBE, GATHER_WRITE, GATHER_FETCH };

//  Positions that came in one message.
typedef struct run {
    int engine;                        // -1: none ran them
    uint64_t first, count;
    int64_t started, finished;
    const float *durations;            // nanoseconds of each; NULL: alike
} run_t;

//  What a position wrote.
typedef struct written {
    uint64_t position;
    int engine;
    int stream;                        // 1 stdout, 2 stderr
    char *text;                        // owned
    size_t size;
    struct written *next;              // in the order that it came
} written_t;

//  What few results have.
typedef struct result_more {
    ipc_error_t **errors;              // all that positions refer to
    size_t error_count, error_room;
    written_t *written, *last_written;
    ipc_error_t *summary;              // what ipc_result_error() gives
    const ipc_array_t *joined;         // once asked for
    bool joined_known;
    ipc_item_t item;                   // what ipc_result_next() gives
    // of a gather
    char *name;
    uint32_t *engines;                 // its targets
    ipc_object_t object;               // that all write into
    ipc_array_t *whole;                // over it
    uint64_t *rows;                    // of it where each part begins, and the end
} result_more_t;

struct ipc_result {
    ipc_client_t *client;
    uint64_t job;                      // the id of position 0; 0: never sent
    ticket_t *ticket;                  // while something is awaited; or NULL
    const char *method;                // "apply", "map", …: stands in errors
    positions_t positions;
    run_t *runs;                       // in the order that they came
    size_t run_count, run_room;
    run_t only_run;                    // that most results need
    size_t next_run, next_in_run;      // what ipc_result_next() gives next
    double next_start;                 // of it, nanoseconds after its run's
    ipc_arena_t *arena;                // of values that are no numbers; or NULL
    result_more_t *more;               // or NULL
    int64_t submitted, received;       // the call; the last receipt
    double serial;                     // seconds that all positions ran
    int event_fd;                      // -1: nobody asked
    uint8_t shape;                     // result_shape_t
    uint8_t phase;                     // of a gather: GATHER_…
    bool looked;                       // somebody looked at the error
    bool refused;                      // it could not be sent
    atomic_bool finished;              // all is done, a gather's second half too: nothing changes any more
    ipc_result_t *next, *previous;     // of the client's results
};

//  Makes a result of count positions, in the client's list. With the lock.
ipc_result_t *result_new(ipc_client_t *client, const char *method, result_shape_t shape, size_t count);

//  What few results have, made when it is first needed.
result_more_t *result_more(ipc_result_t *self);

//  The memory of its values.
ipc_arena_t *result_arena(ipc_result_t *self);

//  One that could not be sent: copies the error and is done.
ipc_result_t *result_refuse(ipc_result_t *self, const ipc_error_t *error);

//  The next positions of a reply are this result's, from its position first on. With the lock.
void result_take(ipc_result_t *self, reply_t *reply, uint64_t first, uint64_t count);
void result_take_output(ipc_result_t *self, const ipc_msg_t *msg, uint64_t position);

//  Positions that are not done fail with this error.
void result_fail_rest(ipc_result_t *self, const ipc_error_t *error);

//  After a change: what follows when all is done.
void result_settle(ipc_result_t *self);

//  Frees it; with the lock, which its arrays need not.
void result_free(ipc_result_t *self);

//  client/gather.c: the second half of a gather, when the first is done. With the lock.
void gather_go_on(ipc_result_t *self);

//  Waits until condition holds of all; and of one position.
void result_wait_all(ipc_result_t *self);
void result_wait_at(ipc_result_t *self, size_t i);

#endif
