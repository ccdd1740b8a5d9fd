//  interrupts_t: Ctrl-C (SIGINT) while a program has something to finish. It does not end the
//  program, but is kept until it is asked for, so that none is lost whatever the program is at.
#ifndef IPC_TOOLS_INTERRUPTS_H
#define IPC_TOOLS_INTERRUPTS_H

#include <signal.h>
#include <stdbool.h>

typedef struct interrupts {
    int fd;                    // readable when one has come; -1: they are not kept
    sigset_t before;           // signals that were blocked
} interrupts_t;

//  Keeps them from here on, for this thread: all others of the process block them. In a
//  program that ignores them, as one started with & in a script does, none ever comes.
void interrupts_begin(interrupts_t *self);

//  Whether one has come since the last time that this was asked.
bool interrupts_came(const interrupts_t *self);

//  From here on they end the program again; one that has come meanwhile is forgotten.
void interrupts_end(interrupts_t *self);

#endif
