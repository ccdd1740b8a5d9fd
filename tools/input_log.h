//  input_log_t: the inputs that were given, oldest first, also those of earlier runs, which a file keeps: one
//  line for each, with \n for an end of line and \\ for a backslash. Several programs may use the file at once.
#ifndef IPC_TOOLS_INPUT_LOG_H
#define IPC_TOOLS_INPUT_LOG_H

#include <stddef.h>

#include "common/error.h"

enum { INPUT_LOG_MAX = 10000 };        // inputs that are kept

typedef struct input_log input_log_t;

//  Gives the log of a file, which need not be there; its folders are made when it is first written. A file
//  that cannot be used is told in *error, and the log then lives in memory alone.
//      path       borrowed; NULL: in memory alone
input_log_t *input_log_new(const char *path, ipc_error_t *error);

void input_log_destroy(input_log_t **self_p);

//  Adds an input, in memory and to the file; not one that is empty or the same as the last.
void input_log_add(input_log_t *self, const char *text);

size_t input_log_count(const input_log_t *self);

//  The input of an index, lent until the next one is added.
const char *input_log_at(const input_log_t *self, size_t index);

#endif
