//  compiler_t: C source to shared objects, by the compiler of the engine's host. A cache that the engines of a host
//  share: what one compiles, the others find; those that want it meanwhile wait for it.
#ifndef IPC_ENGINE_COMPILER_H
#define IPC_ENGINE_COMPILER_H

#include "common/error.h"
#include "common/paths.h"

typedef struct compiler compiler_t;

enum { COMPILER_PATH = IPC_PATH_MAX * 2, COMPILER_NAME = 65 };

//  How it is to be compiled; NULL or "": as it is without.
typedef struct compiler_options {
    const char *flags;                 // of the compiler, as a shell would read them; they stand behind ours
    const char *include;               // directories of headers, a colon between them
    const char *libraries;             // a blank between them: of each its name ("fftw3") or the path of its file
    const char *library_path;          // directories of libraries, a colon between them
    const char *beside;                // where headers in quotes are looked for first
} compiler_options_t;

//  What is to be compiled.
typedef struct compiler_job {
    const char *unit;                  // the text
    compiler_options_t options;
    const char *occasion;              // the same on all engines that do the same now, else another
    bool is_fleeting;                  // it reads files that may change: good for this occasion only
} compiler_job_t;

//      directory   borrowed for its life; private to the user, made when it is first needed
compiler_t *compiler_new(const char *directory);
void compiler_destroy(compiler_t **self_p);

//  Gives what a unit is called by: a hash, in hexadecimal digits, of all that decides what comes out. 0, or -1 with
//  *error: SYSTEM.
int compiler_name(compiler_t *self, const compiler_job_t *job, char name[COMPILER_NAME], ipc_error_t *error);

//  Gives the path of a unit's shared object, which ends in its name and ".so". 0, or -1: with *words, what the compiler
//  said, to be freed, if it is not content; else with *error: SYSTEM.
//      job     borrowed
int compiler_build(compiler_t *self, const compiler_job_t *job, char path[COMPILER_PATH], char **words,
                   ipc_error_t *error);

//  Whether something is left to do after units were compiled, which nobody should have to wait for; that: the prelude
//  is compiled, the next compilation begun (spare.h), the cache trimmed.
bool compiler_is_behind(const compiler_t *self);
void compiler_catch_up(compiler_t *self);

//  What the preprocessor makes of a text, and what it complains of, given; NULL with *error: SYSTEM.
char *compiler_preprocess(compiler_t *self, const char *text, const compiler_options_t *options, ipc_error_t *error);

#endif
