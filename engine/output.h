//  output_t: what tasks write to stdout and stderr. Descriptors 1 and 2 are pipes for the worker's life; who
//  has the worker's lock reads them.
#ifndef IPC_ENGINE_OUTPUT_H
#define IPC_ENGINE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    OUTPUT_STREAMS = 2,                // 0: stdout, 1: stderr
    OUTPUT_LOOK_NS = 50000             // see output_restore(); less than a call that is waited for takes
};

typedef struct output_text {
    char *data;                        // owned
    size_t size, room;
} output_text_t;

typedef struct output {
    int fds[OUTPUT_STREAMS];           // the read ends, non-blocking
    int ends[OUTPUT_STREAMS];          // the write ends, as descriptors 1 and 2 are unless a task has closed them
    struct stat pipes[OUTPUT_STREAMS]; // which pipes these are
    FILE *files[OUTPUT_STREAMS];       // stdout and stderr as they are unless a task has set them
    int64_t looked;                    // when these were looked at last, in ns
    output_text_t texts[OUTPUT_STREAMS]; // read and not yet sent
} output_t;

//  Takes over the read ends; the write ends are descriptors 1 and 2.
void output_init(output_t *self, int out_fd, int err_fd);
void output_free(output_t *self);

//  Reads all that is in the pipes now. True when texts hold anything.
bool output_read(output_t *self);

//  At the end of a task, on its thread: what it left in stdio's buffers goes into the pipes.
void output_flush_stdio(void);

//  After that: what it closed, or opened anew as something else, leads into the pipes again. To close one takes more
//  than half of output_least_ns(): a task that took less needs none of it. To look costs as much as some empty tasks:
//  it is done once in OUTPUT_LOOK_NS. Of tasks that follow one another so fast a few may be silent.
//      now    in ns
void output_restore(output_t *self, int64_t now);

//  The least time that it takes to write anything to a pipe on this host, in nanoseconds, measured, with a third
//  off to be sure. Looking into the pipes costs as much again as the smallest task does; a task that took less
//  than this can have written nothing.
int64_t output_least_ns(void);

//  Forgets what was read.
void output_clear(output_t *self);

#endif
