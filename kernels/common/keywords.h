//  kernel_reading_t: the dictionary of keywords that a function of a module takes, while it
//  is read by a table with a row for each of them. The kinds of what is refused: TypeError
//  (a value of the wrong kind), ValueError, NameError (an unknown keyword).
#ifndef KERNELS_COMMON_KEYWORDS_H
#define KERNELS_COMMON_KEYWORDS_H

#include "kernels/common/refuse.h"

typedef struct kernel_reading {
    const char *function; // "heat.solve", for the sentences
    unsigned bit;         // of that function in the rows of the table
    void *options;        // what the rows fill
    const char *keyword;  // that is being read
    uint32_t given;       // bit i: row i was read
} kernel_reading_t;

//  Reads the value of one keyword into the options. 0, or -1 with *error.
typedef int (*kernel_read_fn)(kernel_reading_t *self, ipc_value_t value,
                              ipc_error_t *error);

//  A row: a keyword.
typedef struct kernel_keyword {
    const char *name;
    kernel_read_fn read;
    unsigned functions; // the bits of those that take it
} kernel_keyword_t;

enum { KERNEL_MAX_KEYWORDS = 32 };

//  Reads all keywords of a call, each at most once; one that is none counts as not given.
//  0, or -1 with *error.
//      table      borrowed; count rows, at most KERNEL_MAX_KEYWORDS
//      keywords   borrowed; a dictionary, or none
int kernel_read_keywords(kernel_reading_t *self, const kernel_keyword_t *table,
                         size_t count, ipc_value_t keywords, ipc_error_t *error);

//  Whether that row's keyword was given.
bool kernel_is_given(const kernel_reading_t *self, int row);

//  For the rows: read the value of the keyword that is being read. 0, or -1 with *error.
//  An integer from least to most:
int kernel_read_integer(const kernel_reading_t *self, ipc_value_t value, int64_t least,
                        int64_t most, int64_t *number, ipc_error_t *error);

//  A finite number, at least `least` (0, or -INFINITY):
int kernel_read_real(const kernel_reading_t *self, ipc_value_t value, double least,
                     double *number, ipc_error_t *error);

//  The same, above 0:
int kernel_read_positive(const kernel_reading_t *self, ipc_value_t value, double *number,
                         ipc_error_t *error);

//  A bool, or 0 or 1, which is what C makes of true in a dictionary:
int kernel_read_bool(const kernel_reading_t *self, ipc_value_t value, bool *flag,
                     ipc_error_t *error);

//  A string that is one of some words: its place among them.
//      words      borrowed; count of them, count > 0
int kernel_read_word(const kernel_reading_t *self, ipc_value_t value,
                     const char *const *words, size_t count, size_t *place,
                     ipc_error_t *error);

//  A name that is not empty, lent by the value:
int kernel_read_name(const kernel_reading_t *self, ipc_value_t value, const char **name,
                     ipc_error_t *error);

//  A number of threads, from 1 to KERNEL_MAX_THREADS:
int kernel_read_threads(const kernel_reading_t *self, ipc_value_t value, int *threads,
                        ipc_error_t *error);

//  Refuses a value that is not of the kind that is wanted ("an integer"); gives -1.
int kernel_wrong_kind(const kernel_reading_t *self, const char *wanted, ipc_value_t value,
                      ipc_error_t *error);

//  The value of a number of any kind, NaN for all else.
double kernel_number(ipc_value_t value);

#endif
