//  From a crashed worker's registers and stack to a trace (DESIGN.md 5). libdw is loaded for it when there
//  is a crash and never before; without it frames are found by their frame pointers, without symbols.
#ifndef IPC_ENGINE_UNWIND_H
#define IPC_ENGINE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/crash.h"

enum { UNWIND_FRAMES = 64 };

typedef enum unwind_method { UNWIND_BEST, UNWIND_FRAME_POINTERS } unwind_method_t;

//  Writes a trace, innermost frame first, a line for each frame:
//      <module's path> TAB <offset from its load base, hexadecimal> TAB <symbol, or "-">
//  The offset of a caller lies in its call instruction (return address - 1). The trace ends before the
//  engine's own dispatcher (ipc_task_enter), at main, or after UNWIND_FRAMES frames. A call of a null
//  pointer is told as a fault of its caller.
//      pid      the worker, which waits in its handler
//      copy     borrowed
//      text     written; "" when nothing could be found
//  Gives the number of lines.
uint32_t unwind(pid_t pid, const crash_copy_t *copy, unwind_method_t method, char *text,
                size_t size);

//  The same in a process of its own that has timeout_ms: what a damaged stack or file does to libdw harms
//  nobody, and the nanny stays small.
uint32_t unwind_apart(pid_t pid, const crash_copy_t *copy, char *text, size_t size,
                      int timeout_ms);

#endif
