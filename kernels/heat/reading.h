//  heat_reading_t: the reading of one keyword's value: what is expected of it, and the
//  sentence when it is something else.
#ifndef HEAT_READING_H
#define HEAT_READING_H

#include "kernels/heat/refuse.h"

typedef struct heat_reading {
    const char *function; // "heat.solve", for the sentences
    const char *keyword;  // that is being read
} heat_reading_t;

//  Each of these writes what the value says and gives 0, or leaves all as it was and gives
//  -1 with *error: TypeError, ValueError.

//  An integer from least to most.
int heat_read_integer(const heat_reading_t *self, ipc_value_t value, int64_t least,
                      int64_t most, int64_t *number, ipc_error_t *error);

//  A number of any kind that is finite and not negative.
int heat_read_real(const heat_reading_t *self, ipc_value_t value, double *number,
                   ipc_error_t *error);

//  The same, and not 0.
int heat_read_positive(const heat_reading_t *self, ipc_value_t value, double *number,
                       ipc_error_t *error);

//  A bool, or 0 or 1, which is what C makes of true in a dictionary.
int heat_read_bool(const heat_reading_t *self, ipc_value_t value, bool *answer,
                   ipc_error_t *error);

//  A string that is one of some words: its place among them.
//      words      borrowed; count words, count > 0
int heat_read_word(const heat_reading_t *self, ipc_value_t value, const char *const *words,
                   size_t count, size_t *place, ipc_error_t *error);

//  Refuses a value of the wrong kind: gives -1 with *error: TypeError.
//      wanted     borrowed; "an integer"
int heat_read_wrong_kind(const heat_reading_t *self, const char *wanted, ipc_value_t value,
                         ipc_error_t *error);

//  The value of a number of any kind, NaN for all else.
double heat_number(ipc_value_t value);

//  What people call the kind of a value: "an integer" (lent).
const char *heat_kind_name(ipc_value_t value);

#endif
