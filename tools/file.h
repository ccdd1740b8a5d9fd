//  Files that a tool writes: what can be known before long work, and what a failure leaves.
#ifndef IPC_TOOLS_FILE_H
#define IPC_TOOLS_FILE_H

#include <stdbool.h>

#include "common/error.h"

//  0 when a file of that name could be written: its folder is there and open to us. -1 with
//  *error: SYSTEM.
int file_check(const char *path, ipc_error_t *error);

//  Removes a file that was begun and could not be finished (no device, such as /dev/full).
//  Gives -1 with *error: SYSTEM.
//      reason     borrowed; "No space left on device"
int file_spoilt(const char *path, const char *reason, ipc_error_t *error);

//  Whether a name ends so: ".png".
bool file_ends(const char *path, const char *end);

#endif
