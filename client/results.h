//  The inside of ipc_result_t, for the files that fill and read it. A program may have a million of them, one for
//  each call: what few of them need is apart.
#ifndef IPC_CLIENT_RESULTS_H
#define IPC_CLIENT_RESULTS_H

#include "client/positions.h"
#include "client/reply.h"
#include "client/state.h"
#include "client/stream.h"

typedef enum result_shape { RESULT_BARE, RESULT_LIST, RESULT_GATHER } result_shape_t;

//  A gather first asks for dtypes and shapes, then has the parts written into one array, or fetches those that
//  fit into none.
enum { GATHER_OVER, GATHER_PROBE, GATHER_WRITE, GATHER_FETCH };

//  What Ctrl-C has done to the waits for a result: the first ends one, the second aborts the work.
enum { INTERRUPTED_NEVER, INTERRUPTED_ONCE, INTERRUPTED_AND_ABORTED };

//  Positions that came in one message.
typedef struct run {
    int engine;                        // -1: none ran them
    uint32_t attempts;                 // how often they were started
    uint64_t first, count;
    int64_t accepted, sent;            // by the controller; 0: not known
    int64_t started, finished;
    int64_t received;
    uint64_t peak_memory;              // bytes; 0: not measured
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

//  A part of a result's positions that other results show (client/parts.c).
typedef struct tap {
    ipc_result_t *source;
    uint64_t first, count;             // of the source's positions
    ipc_result_t *view;                // that shows them all, from its position at on; or
    ipc_result_t **views;              //   one for each position, NULL when it was freed
    uint64_t at;
    size_t live;                       // results that show something of it
    size_t seen;                       // of the source's runs, that were passed on
    struct tap *next;                  // of the source
} tap_t;

//  Where a run is, by the position that it begins with.
typedef struct run_place {
    uint64_t first;
    size_t run;
} run_place_t;

//  What few results have.
typedef struct result_more {
    ipc_error_t **errors;              // all that positions refer to
    size_t error_count, error_room;
    written_t *written, *last_written;
    struct publication *publications;  // what positions published last (client/stream.c)
    bool published_news;               // since somebody waited for it
    struct streaming *streaming;       // what ipc_result_next_line() has given (client/stream.c); or NULL
    ipc_error_t *summary;              // what ipc_result_error() gives
    const ipc_array_t *joined;         // once asked for
    ipc_value_t joined_list;           // likewise, of a gather of lists; else none
    bool joined_known;
    ipc_item_t item;                   // what ipc_result_next() and ipc_result_item() give
    ipc_metadata_t metadata;           // what ipc_result_metadata() gives
    char *texts[2];                    // and what that shows of stdout, stderr
    char *label;                       // of the call; or NULL
    uint64_t cell;                     // of executed source its number; 0: it is none
    run_place_t *places;               // of the first place_count runs, in order of position
    size_t place_count;
    struct callback *callbacks;        // to be called when all is done
    tap_t *taps;                       // what others show of it
    tap_t **sources;                   // what it shows of others, in order of its positions
    size_t source_count;
    size_t holders;                    // defaults of views that name it
    size_t split_at;                   // of one that a split made: which of its views
    // of a gather
    char *name;
    uint32_t *engines;                 // its targets
    ipc_object_t object;               // that all write into
    ipc_array_t *whole;                // over it
    uint64_t *rows;                    // of it where each part begins, and the end
    bool dealt;                        // the parts were dealt out round robin
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
    bool abandoned;                    // the program freed it, but others show parts of it or name it
    atomic_bool looked;                // somebody looked at the error, perhaps in a part of it
    uint8_t interrupts;                // Ctrl-Cs that came to waits for it: INTERRUPTED_…
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

//  client/printing.c: what of a line with carriage returns is its last state; a line behind its prefix.
void line_last_state(const char **text, size_t *size);
void line_print(const ipc_line_t *line, FILE *stream);

//  client/stream.c: a position published a value; frees all that were, and what is known of lines that were given.
void result_take_published(ipc_result_t *self, const ipc_msg_t *msg, uint64_t position);
void publications_free(struct publication *first);
void streaming_free(struct streaming *self);

//  Positions that are not done fail with this error.
void result_fail_rest(ipc_result_t *self, const ipc_error_t *error);

//  After a change: what follows when all is done.
void result_settle(ipc_result_t *self);

//  Frees it; with the lock, which its arrays need not.
void result_free(ipc_result_t *self);

//  Keeps it, also when the program frees it, until it is let go. With the lock.
ipc_result_t *result_hold(ipc_result_t *self);
void result_let_go(ipc_result_t *self);

//  Whether others need it, so that it is to be abandoned only; frees one that is and that nobody needs any more.
bool result_is_needed(const ipc_result_t *self);
void result_free_abandoned(ipc_result_t *self);

//  A run of positions, to be filled; lent until the next. What a position wrote.
run_t *result_add_run(ipc_result_t *self, int engine, uint64_t first, uint64_t count);
void result_add_written(ipc_result_t *self, uint64_t position, int engine, int stream, ipc_bytes_t text);
//  All that a position wrote to a stream so far; given.
char *result_text_of(const ipc_result_t *self, uint64_t position, int stream);

//  client/metadata.c: the run of a position, NULL while it is not done (a gather's: while it is not over). With the
//  lock; lent until messages come in.
const run_t *result_run(ipc_result_t *self, uint64_t i);

//  Nanoseconds that the positions from one to another of a run took, counted from its first.
double run_time(const run_t *run, uint64_t from, uint64_t to);

//  Somebody looks at its errors: nobody need be told of them when it is freed.
void result_look(ipc_result_t *self);

//  client/parts.c; with the lock. What came since the last time goes to the results that show it; so does what was
//  written. A result that is freed lets its sources go, which are freed too if the program has freed them.
void parts_pass_on(ipc_result_t *self);
void parts_pass_output(ipc_result_t *self, uint64_t position, int engine, int stream, ipc_bytes_t text);
void parts_leave(result_more_t *more);
bool parts_is_view(const ipc_result_t *self);
ipc_result_t *parts_slice(ipc_result_t *self, size_t first, size_t end);
//  The result of a call that a position of a part comes from, and its position there.
const ipc_result_t *parts_origin(const ipc_result_t *self, size_t *i);

//  client/gather.c: the second half of a gather, when the first is done. With the lock.
void gather_go_on(ipc_result_t *self);

//  client/control.c: asks for the end of what it waits for. With the lock.
void result_abort(ipc_result_t *self);

//  client/waiting.c: waits until condition holds; of all; of one position (which there is). Without the lock. False
//  when the deadline passed, when Ctrl-C ended the wait, and when the client is being destroyed.
bool result_wait_until(ipc_result_t *self, condition_fn *condition, void *context, int timeout_ms);
bool result_wait_all(ipc_result_t *self);
bool result_wait_at(ipc_result_t *self, size_t i);

//  client/reading.c: the error of a position that a wait without limit has left unfinished.
const ipc_error_t *result_unfinished(void);

#endif
