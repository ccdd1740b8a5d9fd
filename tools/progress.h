//  progress_t: one line on a terminal that says how far something is. It goes on while the
//  program waits: a thread of its own draws it twice a second.
#ifndef IPC_TOOLS_PROGRESS_H
#define IPC_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct progress progress_t;

//  Shows 0 of total on stderr, if that is a terminal and on is true; else all of this does
//  nothing.
//      noun       borrowed for the life of self; what is counted: "jobs"
progress_t *progress_new(const char *noun, size_t total, bool on);

//  Takes the line away, frees it and sets *self_p to NULL; NULL is fine.
void progress_destroy(progress_t **self_p);

void progress_advance(progress_t *self);
void progress_fail(progress_t *self); // counts a failure, besides

//  Takes the line away while something else is printed, and shows it again.
void progress_hide(progress_t *self);
void progress_show(progress_t *self);

//  Writes the line: "[████████············]  8/20 jobs  3.1 s  about 5 s left  1 failed".
//      text       written; size bytes
//      columns    of the terminal: the line is shorter
void progress_format(char *text, size_t size, const char *noun, size_t done, size_t failed,
                     size_t total, double seconds, size_t columns);

#endif
