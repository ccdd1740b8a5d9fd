//  interrupt_t: a wait of this thread that Ctrl-C (SIGINT) may end. The signal is caught while there is one, by a
//  handler that comes with the first of the process and goes with the last. A program with a handler of its own, or
//  that ignores the signal, is left alone: then none ever comes. None is lost: one that no wait has taken, as they were
//  over when it came, is there for the next one that begins.
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
    unsigned seen;                     // of those that came in this process, what it has taken or need not take
    unsigned before;                   // how many had come when it began
    bool is_late;                      // the one that it took last came before it began: it was meant for another
    bool begun;                        // it is on the list
    interrupt_t *_Atomic next;         // of those of the process
};

//  From here on they are caught, until its end; a second end means nothing. One that is left over is there at once.
void interrupt_begin(interrupt_t *self);
void interrupt_end(interrupt_t *self);

//  Takes one that has come since; false if there is none.
bool interrupt_take(interrupt_t *self);

#endif
