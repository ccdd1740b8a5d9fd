//  Both ends of a crash (DESIGN.md 5). The worker's is a signal handler on a stack of its own, that writes
//  registers and a copy of the stack to a pipe and nothing else; the nanny's reads them and does the rest.
#ifndef IPC_ENGINE_CRASH_H
#define IPC_ENGINE_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CRASH_REGISTERS = 40, CRASH_STACK = 64 << 10, CRASH_MAGIC = 0x49504352 };

//  What is written first. The copy of the stack follows, from stack_pointer upwards: CRASH_STACK bytes, or
//  fewer where the stack ends; then a crash_end_t.
typedef struct crash_record {
    uint32_t magic;
    int32_t signal;                        // 0: a task called exit()
    uint64_t address;                      // that faulted
    uint64_t stack_pointer;
    uint64_t registers[CRASH_REGISTERS];   // in DWARF numbering, the program counter after them
    uint32_t register_count;               // the program counter included
    uint32_t stack_overflow;               // 1: the address is next to the end of the stack
} crash_record_t;

//  What is written last: only while it copies does the handler learn where the stack ends.
typedef struct crash_end {
    uint64_t magic;
    uint64_t size;                         // of the copy, in bytes
} crash_end_t;

//  Sets the handlers for SEGV, BUS, FPE, ILL, ABRT, SYS and TRAP, with an alternate stack for the calling
//  (task) thread; a crash of another thread is told from that thread's own stack. Once, at the worker's
//  start.
//      record_fd   where the record goes
//      ack_fd      the handler waits until it can be read (5 s at most) before the process dies, so that
//                  the nanny can look at /proc/PID/maps; it then dies of the same signal
//      kick_fd     an eventfd of the worker's that the handler adds 1 to before it writes, so that the
//                  connection thread sends what is finished; -1: none
//      saved_fd    an eventfd that the connection thread adds 1 to when the controller has it: the handler waits
//                  for that (CRASH_SAVE_MS at most) before the process dies; -1: none
void crash_install(int record_fd, int ack_fd, int kick_fd, int saved_fd);

enum { CRASH_SAVE_MS = 500 };

//  True from the moment when a handler began.
bool crash_is_under_way(void);

//  Sets the handlers again, for user code and dlopen() may have replaced them. Cheap; before each task
//  that is not the same function as the one before.
void crash_reinstall(void);

//  For the worker's on_exit() hook, when a task runs: flushes stdio, tells the nanny where exit() was
//  called, as of a crash with signal 0, and ends the process with _exit(status).
_Noreturn void crash_exit(int status);

//  A crash as the nanny has it.
typedef struct crash_copy {
    crash_record_t record;
    size_t stack_size;                     // bytes in stack
    unsigned char stack[CRASH_STACK];      // from record.stack_pointer upwards
} crash_copy_t;

//  Reads a record from the pipe. True when it is whole; false when nothing came, it was cut off (the
//  process died while it wrote) or timeout_ms passed.
//      fd     the pipe's read end, non-blocking
//      copy   written
bool crash_read(int fd, crash_copy_t *copy, int timeout_ms);

#endif
