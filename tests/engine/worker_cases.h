//  What the worker's tests say to it and expect of it, as its controller (fake_controller.h).
#ifndef TESTS_WORKER_CASES_H
#define TESTS_WORKER_CASES_H

#include <check.h>
#include <stdlib.h>

#include "tests/engine/fake_controller.h"

enum { TWICE, HOLD, SPEAK, FUNCTIONS };

extern fake_t fake; // of the test that runs

//  --- What the controller says ----------------------------------------------------------------------------

void add_function(uint32_t number, const char *key);
void add_functions(void);

//  Calls of a function with the items 0 … count - 1.
ipc_msg_t span_of(uint64_t span, uint32_t function, uint64_t count);
void add_span(uint64_t span, uint32_t function, uint64_t count);
void add_ping(uint64_t number);
void add_recall(uint64_t count);
void open_gate(uint64_t number);

//  --- What the worker says ----------------------------------------------------------------------------------

int64_t value_of(const ipc_msg_t *done);

//  Of what the task wrote to stdout while its result was not yet on the way.
size_t output_size(const ipc_msg_t *done);

//  The items [first, first + count) in their order, in one message or in several: gives the last one.
ipc_msg_t expect_done(uint64_t span, uint64_t first, uint64_t count);
void expect_failure(uint64_t span, const char *words);
void expect_pong(uint64_t number);
void expect_gave(uint64_t span, uint64_t first, uint64_t count);
void expect_gave_all(void);

//  All that it had to say was said, and it is well.
void expect_nothing_more(void);

//  The span of hold() that runs from now on: told by the result of a task before it, which comes while it runs.
void start_hold(uint64_t span, uint64_t count);

//  --- The tests ---------------------------------------------------------------------------------------------

//  Each with a worker of its own.
TCase *worker_case(const char *name);

#endif
