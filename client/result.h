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

//  Waits until every position is done. True when it is, false when the deadline passed.
//      timeout_ms   0 looks once, IPC_FOREVER waits without limit
bool ipc_result_wait(ipc_result_t *self, int timeout_ms);

//  The same without limit, with a progress bar on stderr if that is a terminal.
void ipc_result_wait_interactive(ipc_result_t *self);

//  Frees the result and sets *self_p to NULL; NULL is fine. The work goes on.
void ipc_result_destroy(ipc_result_t **self_p);

//  How many positions there will be; how many are done so far. Never wait.
size_t ipc_result_count(const ipc_result_t *self);
size_t ipc_result_done(ipc_result_t *self);

//  Seconds since the submission until now, or until all was done. Never waits.
double ipc_result_elapsed(ipc_result_t *self);

//  Seconds from the submission to the last receipt; the sum of the run times of all positions.
double ipc_result_wall_time(ipc_result_t *self);
double ipc_result_serial_time(ipc_result_t *self);

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

//  All positions as one array, or NULL: numbers give one array of them, arrays of one dtype and like trailing
//  shape are joined along axis 0.
const ipc_array_t *ipc_result_joined(ipc_result_t *self);

//  The next position that is done, in the order of completion, waiting for it; NULL after the last one.
ipc_item_t *ipc_result_next(ipc_result_t *self);

//  Prints the values in one line: "[3, 3, 3, 3]"; a failed position is "<DomainError>".
void ipc_result_print(ipc_result_t *self, FILE *stream);

//  Prints what the tasks wrote, each line behind "[stdout:0] " or "[stderr:0] ", then the errors.
void ipc_result_display(ipc_result_t *self, FILE *stream);

#ifdef __cplusplus
}
#endif
#endif
