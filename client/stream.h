//  What tasks show while they run: what they write, and what they publish with ipc_publish().
#ifndef IPC_CLIENT_STREAM_H
#define IPC_CLIENT_STREAM_H

#include "client/result.h"

#ifdef __cplusplus
extern "C" {
#endif

//  Prints what the tasks have written and write, line by line as it comes, each behind "[stdout:0] " or
//  "[stderr:0] ", until all is done; then the errors, as ipc_result_display() does. A line is printed once it is
//  complete, or its task is done, in its last state.
//      stream     borrowed; flushed after each piece
void ipc_result_stream(ipc_result_t *self, FILE *stream);

//  A line that a task wrote: in its last state, as ipc_result_display() shows it, and without its end.
typedef struct ipc_line {
    size_t index;              // the position that wrote it
    int engine;                // that ran that
    bool is_error;             // to stderr, not to stdout
    const char *text;          // ends with a zero byte
    size_t size;               // of it, in bytes
    uint64_t reserved[4];      // room for later versions
} ipc_line_t;

//  The next line that the tasks have written, in the order in which lines are complete, waiting for it; lent until the
//  next call. NULL when the deadline passed, or all is done and no line is left: so it is if ipc_result_wait() was true
//  before the call. Each call goes on where the last one stood, whatever has been displayed meanwhile. For programs
//  that wait for other things, too; where nothing else is to be done, ipc_result_stream() does all of it.
//      timeout_ms   0 looks once, IPC_FOREVER waits without limit
const ipc_line_t *ipc_result_next_line(ipc_result_t *self, int timeout_ms);

//  The latest value that position i has published under a name so far; none if there is none yet. Never waits. Lent
//  until the next call for that position and name. Stays readable when all is done. Of results that a call gave,
//  not of those that ipc_result_split() or ipc_result_join() made.
//      name       borrowed
ipc_value_t ipc_result_published(ipc_result_t *self, size_t i, const char *name);

//  Waits until something is published that came after the last call of this function: true; false when all is done
//  without, or the deadline passed.
//      timeout_ms   0 looks once, IPC_FOREVER waits without limit
bool ipc_result_wait_published(ipc_result_t *self, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
