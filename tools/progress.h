//  progress_t: one line on a terminal that says how far something is.
#ifndef IPC_TOOLS_PROGRESS_H
#define IPC_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct progress {
    const char *noun;          // what is counted: "jobs"
    size_t total;
    size_t done, failed;
    size_t skipped;            // of those done, as no work was left to be done for them
    double began;              // seconds of the monotonic clock
    bool on;                   // else nothing is ever shown
    bool shown;
} progress_t;

//  Begins at 0 of total. It shows itself on stderr, if that is a terminal and on is true.
//      noun       borrowed for the life of self
void progress_begin(progress_t *self, const char *noun, size_t total, bool on);

//  Draws the line anew: when something has changed, and now and then, for the time.
void progress_show(progress_t *self);

//  Takes the line away, for something else to be printed, or because all is over.
void progress_hide(progress_t *self);

//  Writes the line: "[████████············]  8/20 jobs  3.1 s  about 5 s left  1 failed".
//      text       written; size bytes
//      columns    of the terminal: the line is shorter
void progress_format(const progress_t *self, double seconds, size_t columns, char *text,
                     size_t size);

#endif
