//  rival_t: a process that competes with what is measured. It is made before the program has threads, and
//  waits until it may begin.
#ifndef BENCH_RIVAL_H
#define BENCH_RIVAL_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

typedef struct rival {
    pid_t pid;    // 0: none
    int go;       // its end closed, or a byte written: it begins
    int progress; // it writes a byte each time it has done what it does
} rival_t;

//  What it does, again and again, until it is killed.
//      progress   to write a byte to
typedef void rival_fn(int progress);

//  Computes, without an end.
rival_fn rival_computes;

//  Maps over a million items, each of them a task, as a client of the cluster of its own.
rival_fn rival_streams;

//  0, or -1 with *error: SYSTEM.
int rival_make(rival_t *self, rival_fn *function, ipc_error_t *error);

void rival_begin(rival_t *self);

//  How often it has done it since this was asked last; waits for the first time, up to timeout_ms.
size_t rival_progress(rival_t *self, int timeout_ms);

//  Ends it, if it is there.
void rival_end(rival_t *self);

#endif
