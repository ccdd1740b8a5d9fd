//  interrupt_t: a wait of this thread that Ctrl-C (SIGINT) may end. The signal is caught while there is one, by a
//  handler that comes with the first of the process and goes with the last. A program with a handler of its own, or
//  that ignores the signal, is left alone: then none ever comes.
#ifndef IPC_CLIENT_INTERRUPT_H
#define IPC_CLIENT_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct interrupt interrupt_t;

//  What one does to its wait: true, it ends; false, it goes on.
typedef bool interrupt_fn(interrupt_t *self);

struct interrupt {
    int fd;                            // an eventfd of the caller's, written to when one comes: it ends a poll
    interrupt_fn *ends;                // NULL: the wait ends
    void *context;                     // for it
    // the rest is filled in
    unsigned seen;                     // how many had come in this process when it was last asked
    bool begun;                        // it is on the list
    interrupt_t *_Atomic next;         // of those of the process
};

//  From here on they are caught, until its end; a second end means nothing.
void interrupt_begin(interrupt_t *self);
void interrupt_end(interrupt_t *self);

//  Takes one that has come since; false if there is none.
bool interrupt_take(interrupt_t *self);

#endif
