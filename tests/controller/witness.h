//  witness_t: the program that goes on working beside a bad peer: whatever the peer says, the controller stays the
//  process that it was, and the program gets the right answers. Failures fail the test.
#ifndef IPC_TESTS_CONTROLLER_WITNESS_H
#define IPC_TESTS_CONTROLLER_WITNESS_H

#include "e2e_support.h"

typedef struct witness {
    session_t session;
    pid_t ipcd;                        // the controller's, before
} witness_t;

witness_t witness_new(void);
void witness_assert_unharmed(witness_t *self);

//  The same, of a program that comes now, too.
void witness_end(witness_t *self);

#endif
