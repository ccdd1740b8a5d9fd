//  needs_t: amounts of named things, as "cores=2,memory=2e9,gpu=0.5": what a task needs, or what an engine or a host
//  has.
#ifndef IPC_COMMON_NEEDS_H
#define IPC_COMMON_NEEDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum { NEEDS_MAX = 24, NEEDS_NAME = 32 };

typedef struct need {
    char name[NEEDS_NAME];
    double amount;
} need_t;

typedef struct needs {
    uint32_t count;
    need_t all[NEEDS_MAX];
} needs_t;

//  Reads a text of size bytes. 0, or -1 with *error: ARGUMENT. A name that stands twice has its last amount.
int needs_read(needs_t *self, const char *text, size_t size, ipc_error_t *error);

//  What is said of a name, or NULL.
const need_t *needs_find(const needs_t *self, const char *name);

//  How much there is of a name; 0 when it is not named.
double needs_amount(const needs_t *self, const char *name);

#endif
