//  The inside of ipc_result_t, for the files that fill and read it.
#ifndef IPC_CLIENT_RESULTS_H
#define IPC_CLIENT_RESULTS_H

#include "client/state.h"

typedef enum result_shape { RESULT_BARE, RESULT_LIST, RESULT_GATHER } result_shape_t;

enum { SLOT_WAITING, SLOT_DONE, SLOT_FAILED };

//  A gather first asks for dtypes and shapes, then has the parts written into one array, or fetches those that
//  fit into none.
enum { GATHER_OVER, GATHER_PROBE, GATHER_WRITE, GATHER_FETCH };

typedef struct slot {
    ipc_value_t value;                 // of a failed one as.items is its ipc_error_t
    uint32_t run;                      // which of runs
    uint8_t state;                     // SLOT_…
} slot_t;

//  Positions that came in one message.
typedef struct run {
    int engine;
    uint64_t first, count;
    int64_t started, finished;
    const float *durations;            // nanoseconds of each, or NULL: one position
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

struct ipc_result {
    ipc_client_t *client;
    uint64_t job;
    size_t count, done, failed;
    result_shape_t shape;
    const char *method;                // "apply", "map", …: stands in errors
    slot_t *slots;
    run_t *runs;
    size_t run_count, run_room;
    size_t *order;                     // positions as they were done, for ipc_result_next()
    size_t order_read;
    ipc_arena_t *arena;                // of the values
    written_t *written, *last_written;
    int64_t submitted, received;       // the call; the last receipt
    double serial;                     // seconds that all positions ran
    int event_fd;                      // -1: nobody asked
    bool finished;                     // all is done, a gather's second half too
    bool looked;                       // somebody looked at the error
    bool refused;                      // it could not be sent
    ipc_error_t *summary;              // what ipc_result_error() gives
    const ipc_array_t *joined;         // once asked for
    bool joined_known;
    ipc_item_t item;                   // what ipc_result_next() gives
    // of a gather
    int phase;                         // GATHER_…
    char *name;
    uint32_t *engines;                 // its targets
    ipc_object_t object;               // that all write into
    ipc_array_t *whole;                // over it
    uint64_t *rows;                    // of it where each part begins, and the end
    ipc_result_t *next, *previous;     // of the client's results
};

//  Makes a result of count positions, in the client's list. With the lock.
ipc_result_t *result_new(ipc_client_t *client, const char *method, result_shape_t shape, size_t count);

//  One that could not be sent: takes the error over and is done.
ipc_result_t *result_refuse(ipc_result_t *self, const ipc_error_t *error);

//  A message of the controller's for this result. With the lock.
void result_take(ipc_result_t *self, const ipc_msg_t *msg);
void result_take_output(ipc_result_t *self, const ipc_msg_t *msg);

//  Positions [first, first + count) fail with this error.
void result_fail(ipc_result_t *self, uint64_t first, uint64_t count, const ipc_error_t *error);

//  After a change: what follows when all is done.
void result_settle(ipc_result_t *self);

//  Frees it; with the lock, which its arrays need not.
void result_free(ipc_result_t *self);

//  client/gather.c: the second half of a gather, when the first is done. With the lock.
void gather_go_on(ipc_result_t *self);

//  Waits until condition holds of all; and of one position.
void result_wait_all(ipc_result_t *self);
void result_wait_at(ipc_result_t *self, size_t i);

const ipc_error_t *slot_error(const slot_t *slot);

#endif
