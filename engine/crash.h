//  The worker's side of a crash (DESIGN.md 5): a handler on a stack of its own, that writes registers and a
//  copy of the stack to a pipe and nothing else; the nanny does the rest.
#ifndef IPC_ENGINE_CRASH_H
#define IPC_ENGINE_CRASH_H

#include <stdint.h>

enum { CRASH_REGISTERS = 40, CRASH_STACK = 64 << 10 };

//  What the handler writes first; the copy of the stack follows, from stack_pointer upwards, until the pipe
//  is closed or CRASH_STACK bytes are written.
typedef struct crash_record {
    uint32_t magic;
    int32_t signal;
    uint64_t address;                      // that faulted
    uint64_t stack_pointer;
    uint64_t registers[CRASH_REGISTERS];   // in DWARF numbering, the program counter after them
    uint32_t register_count;
    uint32_t stack_overflow;
} crash_record_t;

//  Sets the handlers for SEGV, BUS, FPE, ILL, ABRT, SYS and TRAP on an alternate stack of the calling
//  (task) thread. Once, at the worker's start.
//      record_fd   where the record goes
//      ack_fd      the handler reads one byte from it (5 s at most) before it dies, so that the nanny can
//                  look at /proc/PID/maps; the process then dies of the same signal
//      kick_fd     an eventfd of the worker's that the handler adds 1 to before it writes, so that the
//                  connection thread sends what is finished; -1: none
void crash_install(int record_fd, int ack_fd, int kick_fd);

//  Sets the handlers again, for user code and dlopen() may have replaced them. Cheap; before each task
//  that is not the same function as the one before.
void crash_reinstall(void);

#endif
