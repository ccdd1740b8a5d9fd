//  stage_t: where the worker's tests and the functions of worker_module.c meet: memory that both map, so that a running
//  task waits for the test without a single system call.
#ifndef IPC_TESTS_ENGINE_WORKER_STAGE_H
#define IPC_TESTS_ENGINE_WORKER_STAGE_H

#include <stdatomic.h>
#include <stdint.h>

//  The environment variable that names the file behind it.
#define STAGE_VARIABLE "IPC_TEST_STAGE"

typedef struct stage {
    _Atomic uint64_t started;          // calls of hold() and speak() so far; the first is number 1
    _Atomic uint64_t gate;             // a call ends once the gate has its number
    _Atomic uint64_t asked, said;      // lines that speak() is to write, and has
    _Atomic int64_t said_ns;           // just before the last one (monotonic)
} stage_t;

//  How speak() writes a line.
enum { SPEAK_PRINTF, SPEAK_WRITE, SPEAK_CHILD, SPEAK_WAYS };

#endif
