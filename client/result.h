//  ipc_result_t: what an operation on a view gives: one position for each engine, or for each item of a map.
//  One thread at a time. Readers wait for what they need; what is read is lent by the result.
#ifndef IPC_CLIENT_RESULT_H
#define IPC_CLIENT_RESULT_H

#include "common/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ipc_result ipc_result_t;

//  One position of a result, as ipc_result_next() gives it; lent until the next call.
typedef struct ipc_item {
    size_t index;              // its position
    ipc_value_t value;         // none if it failed
    const ipc_error_t *error;  // NULL if it did not
    int engine;                // that ran it, -1 if none did
    double started, finished;  // seconds since 1970, by the engine's clock
} ipc_item_t;

//  What is known of one position's task, as ipc_result_metadata() gives it. Times are seconds since 1970, 0 until
//  they are known: submitted and received by the client's clock, accepted and sent by the controller's, started and
//  finished by the engine's. A task that ran more than once tells of the last time.
typedef struct ipc_metadata {
    size_t index;              // its position
    uint64_t id;               // of the task; 0: it was never sent
    int engine;                // that ran it, -1 if none did
    int attempts;              // how often it was started, 0 until it is done
    const char *status;        // "pending", "ok", "error", "aborted"
    const char *method;        // "apply", "map", "pull", …
    const char *label;         // ipc_options_t.label of the call, or ""
    double submitted, accepted, sent, started, finished, received;
    const char *out, *err;     // what it wrote so far to stdout and stderr
    const ipc_error_t *error;  // NULL if it did not fail
    uint64_t peak_memory;      // bytes: the most resident memory that its engine's process had while it ran, what was
                               //   there before included, not that of programs it started; 0: not measured (tasks
                               //   shorter than about a millisecond, and systems that cannot tell)
    uint64_t cell;             // of executed source the number of its cell, as "Out[0:3]" has it; 0: it is none
    uint64_t reserved[6];      // room for later versions
} ipc_metadata_t;

//  Waits until every position is done. True when it is, false when the deadline passed.
//      timeout_ms   0 looks once, IPC_FOREVER waits without limit
bool ipc_result_wait(ipc_result_t *self, int timeout_ms);

//  What a wait waits for: all positions, one of them, or the first failure (which never comes if all is well).
typedef enum ipc_when { IPC_ALL_DONE, IPC_FIRST_DONE, IPC_FIRST_FAILED } ipc_when_t;

//  Waits for that, or until every position is done. True when one of these is so, false when the deadline passed. A
//  gather's positions are done all at once.
bool ipc_result_wait_for(ipc_result_t *self, ipc_when_t when, int timeout_ms);

//  Waits until one of several results is done, and gives its index: the lowest, when more are. -1 when the deadline
//  passed, or if there is none.
//      results   borrowed; NULL ones are passed over, so that a loop can take out what it has dealt with
int64_t ipc_wait_any(ipc_result_t *const *results, size_t count, int timeout_ms);

//  Waits without limit, with a progress bar on stderr if that is a terminal, and silently if it is not. True when every
//  position is done. False when Ctrl-C (SIGINT) came: the work goes on, which a line says on the terminal (unless the
//  program has asked for such ends of waits: see ipc_client_catch_interrupts()), and the result may be waited for, read
//  or dropped as before. Another Ctrl-C while it is waited for, by whatever call, aborts it, as ipc_result_abort()
//  does, and the wait goes on until that is over; a third ends the program. In a program with a handler of its own for
//  SIGINT, Ctrl-C does what that says: see ipc_client_catch_interrupts().
bool ipc_result_wait_interactive(ipc_result_t *self);

//  Has callback called once all is done (soon, if it is), on a thread of the library's that makes the calls of all
//  results of the client one after another. Several callbacks of a result are called in order. A callback may use the
//  library, the result included; it must not destroy the client. It is called once, or never: if the result, or the
//  client, is destroyed before all is done. ipc_result_destroy() waits for one that is running, unless it is that
//  one which calls it; ipc_client_destroy() for all that are due.
//      callback, context   borrowed until the call is over
//  False if the system has no thread to give.
typedef void ipc_done_fn(ipc_result_t *result, void *context);
bool ipc_result_on_done(ipc_result_t *self, ipc_done_fn *callback, void *context);

//  Frees the result and sets *self_p to NULL; NULL is fine. The work goes on. An error that nobody has looked at is
//  written to stderr, one line each, eight of a client at most.
void ipc_result_destroy(ipc_result_t **self_p);

//  How many positions there will be; how many are done so far; how many of these failed. Never wait. Items of a
//  chunk count one by one.
size_t ipc_result_count(const ipc_result_t *self);
size_t ipc_result_done(ipc_result_t *self);
size_t ipc_result_failed(ipc_result_t *self);

//  Seconds since the submission until now, or until all was done. Never waits.
double ipc_result_elapsed(ipc_result_t *self);

//  Seconds from the submission to the last receipt; the sum of the run times of all positions.
double ipc_result_wall_time(ipc_result_t *self);
double ipc_result_serial_time(ipc_result_t *self);

//  How many times faster it was than one engine alone: the serial time by the wall time; 0 if nothing ran.
double ipc_result_speedup(ipc_result_t *self);

//  What is known of position i so far; it does not wait. Lent until the next call; NULL when out of range.
const ipc_metadata_t *ipc_result_metadata(ipc_result_t *self, size_t i);

//  The position that an engine ran, for results that are read by engine. Waits for all. -1 with *error: ARGUMENT if
//  it ran none, or several, which the text names.
int64_t ipc_result_by_engine(ipc_result_t *self, int engine, ipc_error_t *error);

//  Parts of a result are results too, which see what comes in as it comes. They share its values and do not depend
//  on its life. Like every result they belong to the client, and may be destroyed sooner.
//  Positions first to end - 1, cut to what there is, as a list.
ipc_result_t *ipc_result_slice(ipc_result_t *self, size_t first, size_t end);

//  A result of one bare position for each position, in order. Gives how many were written.
//      parts   written; room for that many
size_t ipc_result_split(ipc_result_t *self, ipc_result_t **parts, size_t room);

//  The positions of all, one result after another, as a list; they must be of one client, else the result holds the
//  error. NULL if count is 0.
ipc_result_t *ipc_result_join(ipc_result_t *const *results, size_t count);

//  A descriptor that is readable once all is done, for programs with an event loop; the result's own.
int ipc_result_fd(ipc_result_t *self);

//  True when no position failed; the first failed position's error (NULL if none), with the number of the
//  others in its text; the error of position i (NULL if it is fine).
bool ipc_result_ok(ipc_result_t *self);
const ipc_error_t *ipc_result_error(ipc_result_t *self);
const ipc_error_t *ipc_result_error_at(ipc_result_t *self, size_t i);

//  The value at position i. One that failed, is out of range or of another kind gives 0, NaN, false, NULL or
//  none; ipc_result_error_at() says why.
ipc_value_t ipc_result_value(ipc_result_t *self, size_t i);
int64_t ipc_result_i64(ipc_result_t *self, size_t i);
uint64_t ipc_result_u64(ipc_result_t *self, size_t i);
double ipc_result_f64(ipc_result_t *self, size_t i);
bool ipc_result_bool(ipc_result_t *self, size_t i);
const char *ipc_result_str(ipc_result_t *self, size_t i);
const ipc_array_t *ipc_result_array(ipc_result_t *self, size_t i);
#ifndef __cplusplus
double _Complex ipc_result_c128(ipc_result_t *self, size_t i);
#endif

//  The value of position i as an argument of another call, there or not: see ipc_apply() in view.h. The result itself
//  stands for all of it.
ipc_value_t ipc_result_ref(ipc_result_t *self, size_t i);

//  All positions as one array, or NULL: numbers give one array of them, arrays of one dtype and like trailing
//  shape are joined along axis 0.
const ipc_array_t *ipc_result_joined(ipc_result_t *self);

//  The same as a value, which for a gather of lists is the list of all their members; none where there is neither.
ipc_value_t ipc_result_joined_value(ipc_result_t *self);

//  The next position that is done, in the order of completion, waiting for it; NULL after the last one.
ipc_item_t *ipc_result_next(ipc_result_t *self);

//  Position i likewise, waiting for it: i = 0, 1, … goes through them in order. NULL when out of range.
ipc_item_t *ipc_result_item(ipc_result_t *self, size_t i);

//  Prints the values in one line: "[3, 3, 3, 3]", or "3" for a bare one; a failed position is "<DomainError>", what is
//  nothing "null"; of more than 1,000 elements the first and last three stand, with "…".
void ipc_result_print(ipc_result_t *self, FILE *stream);

//  Prints what the tasks wrote, each line behind "[stdout:0] " or "[stderr:0] ", then, of executed source, the values
//  ("Out[0:3]: 14.1421": of engine 0, cell 3), then the errors. Of a line with
//  carriage returns, such as a progress bar, what stands behind the last of them: its last state.
void ipc_result_display(ipc_result_t *self, FILE *stream);

//  The same, grouped otherwise: position by position, as above; all that went to stdout, then to stderr; engine by
//  engine, by their ids, what all tasks there wrote; or line by line in the order in which it came, as
//  ipc_result_stream() shows it.
typedef enum ipc_group { IPC_BY_POSITION, IPC_BY_TYPE, IPC_BY_ENGINE, IPC_BY_ORDER } ipc_group_t;
void ipc_result_display_by(ipc_result_t *self, ipc_group_t group, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
