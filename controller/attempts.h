//  attempts_t: how runs of tasks ended that were not their last, as a task was tried again: on which engine, when, of
//  what. The newest ATTEMPTS_MAX are kept; nothing is taken before there is one.
#ifndef IPC_CONTROLLER_ATTEMPTS_H
#define IPC_CONTROLLER_ATTEMPTS_H

#include <stddef.h>
#include <stdint.h>

enum { ATTEMPTS_MAX = 4096, ATTEMPTS_KIND = 32, ATTEMPTS_TEXT = 1024 };

typedef struct attempts attempts_t;

typedef struct attempt {
    uint64_t task;             // the id of the position: its job's and its place in that
    uint32_t engine;
    int64_t sent, ended;       // nanoseconds since 1970
    char kind[ATTEMPTS_KIND];  // of the error
} attempt_t;

attempts_t *attempts_new(void);
void attempts_destroy(attempts_t **self_p);

//  Keeps a copy; the oldest goes when there are ATTEMPTS_MAX.
void attempts_note(attempts_t *self, const attempt_t *attempt);

//  Writes a line for each that is known of a task, the oldest first: "    attempt 1: engine 2, 14:03:07.120, SIGSEGV
//  after 0.2 s". Gives how many; text is "" when there is none.
size_t attempts_write(const attempts_t *self, uint64_t task, char text[ATTEMPTS_TEXT]);

#endif
