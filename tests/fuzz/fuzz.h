//  What each file of this folder defines: a reader of what others send, given any bytes at all. It must refuse them in a
//  sentence or accept them, and never crash; whatever else must hold it checks itself, and aborts. libFuzzer calls it
//  (scripts/fuzz), and driver.c does (in every run of the tests).
#ifndef IPC_TESTS_FUZZ_H
#define IPC_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

//  A copy as a string, with a zero byte at its end; free() it.
char *fuzz_text(const uint8_t *bytes, size_t size);

//  Writes the bytes to a file that only its user may read, whose path, lent, is the same each time. Stops when that is
//  not possible.
const char *fuzz_file(const uint8_t *bytes, size_t size);

//  A refusal has a code and a sentence, or this stops.
struct ipc_error;
void fuzz_check_refusal(const struct ipc_error *error);

#endif
