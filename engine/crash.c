#include "engine/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    CHUNK = 4096,            // of the copy: a page, so that a write fails where a mapping ends
    HANDLER_STACK = 64 << 10,
    ACK_MS = 5000,
    NEAR = 64 << 10          // how far from the stack pointer a push, a call or a frame's first use faults
};

static const uint64_t end_magic = 0x6364206b63617473; // "stack dc"

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};

//  The one mutable state at file scope here: a signal handler is passed nothing of ours.
static struct {
    int record_fd, ack_fd, kick_fd, saved_fd;
    pthread_t task_thread;      // the one that has the alternate stack
    uintptr_t stack_low;        // the end of its own stack
    atomic_int reporter;        // the thread that tells of its crash; 0 while all is well
} crash;

//  Registers in the numbering of DWARF, as the ABI of each architecture gives it.
static void copy_registers(crash_record_t *record, const ucontext_t *context)
{
#if defined __x86_64__
    static const int order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    record->register_count = sizeof order / sizeof *order;
    for (size_t i = 0; i < record->register_count; i++)
        record->registers[i] = (uint64_t) context->uc_mcontext.gregs[order[i]];
    record->stack_pointer = (uint64_t) context->uc_mcontext.gregs[REG_RSP];
#elif defined __aarch64__
    record->register_count = 33;
    for (size_t i = 0; i < 31; i++) record->registers[i] = context->uc_mcontext.regs[i];
    record->registers[31] = context->uc_mcontext.sp;
    record->registers[32] = context->uc_mcontext.pc;
    record->stack_pointer = context->uc_mcontext.sp;
#else
    //  No registers: the death is told with its signal, without a trace.
    record->register_count = 0;
#endif
}

//  The stack has overflowed when the fault is next to the stack pointer, where all is mapped as long as
//  there is room; or, in a frame larger than that, between the stack pointer and the stack's end.
static bool is_overflow(uintptr_t address, uintptr_t pointer)
{
    if (address + NEAR >= pointer && address < pointer + NEAR)
        return true;
    return pthread_equal(pthread_self(), crash.task_thread) && pointer < crash.stack_low &&
           address >= pointer && address < crash.stack_low;
}

//  By the system call itself: the write() of a sanitizer would object to the gaps in the stack that it made.
static bool write_all(const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        long n = syscall(SYS_write, crash.record_fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t) n;
    }
    return true;
}

//  write() says EFAULT where the stack's mapping ends, it does not crash; a chunk that does not cross a page
//  is written whole or not at all.
static void send_record(const crash_record_t *record)
{
    if (!write_all(record, sizeof *record))
        return;
    crash_end_t end = {.magic = end_magic};
    while (end.size < CRASH_STACK) {
        uintptr_t at = (uintptr_t) record->stack_pointer + end.size;
        size_t size = CHUNK - at % CHUNK;
        if (size > CRASH_STACK - end.size)
            size = CRASH_STACK - end.size;
        if (!write_all((const void *) at, size)) // NOLINT: an address from a register
            break;
        end.size += size;
    }
    write_all(&end, sizeof end);
}

static void kick(void)
{
    const uint64_t one = 1;
    if (crash.kick_fd >= 0 && write(crash.kick_fd, &one, sizeof one) < 0)
        return; // nothing can be done about it here
}

static void await(int fd, int timeout_ms)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    int n;
    do {
        n = poll(&readable, 1, timeout_ms);
    } while (n < 0 && errno == EINTR);
}

//  For the nanny to have looked at what is mapped, and for finished results to be out.
static void await_others(void)
{
    await(crash.ack_fd, ACK_MS);
    if (crash.saved_fd >= 0)
        await(crash.saved_fd, CRASH_SAVE_MS);
}

bool crash_is_under_way(void)
{
    return atomic_load(&crash.reporter) != 0;
}

//  Nothing here may fail, allocate or lock. All signals are blocked, so a second fault in this thread ends
//  the process at once, as the kernel does it; a second thread that crashes waits for the end.
static void on_crash(int signal_number, siginfo_t *info, void *context)
{
    int none = 0;
    while (!atomic_compare_exchange_strong(&crash.reporter, &none, (int) syscall(SYS_gettid)))
        pause();

    crash_record_t record = {.magic = CRASH_MAGIC, .signal = signal_number};
    copy_registers(&record, context);
    bool is_fault = (signal_number == SIGSEGV || signal_number == SIGBUS) && info->si_code > 0;
    if (is_fault) {
        record.address = (uintptr_t) info->si_addr;
        record.stack_overflow =
            is_overflow((uintptr_t) record.address, (uintptr_t) record.stack_pointer);
    }
    kick();
    send_record(&record);
    await_others();

    //  The true exit status, and a core dump where wanted: the signal is pending until this returns.
    signal(signal_number, SIG_DFL);
    syscall(SYS_tgkill, getpid(), (pid_t) syscall(SYS_gettid), signal_number);
}

_Noreturn void crash_exit(int status)
{
    fflush(NULL);
    int none = 0;
    ucontext_t context;
    if (atomic_compare_exchange_strong(&crash.reporter, &none, (int) syscall(SYS_gettid)) &&
        getcontext(&context) == 0) {
        crash_record_t record = {.magic = CRASH_MAGIC};
        copy_registers(&record, &context);
        kick();
        send_record(&record);
        await_others();
    }
    _exit(status);
}

//  The end of the calling thread's stack; 0 when it cannot be told, and then no overflow by a large frame is
//  recognised.
static uintptr_t find_stack_low(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes))
        return 0;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    return (uintptr_t) low;
}

//  Without memory for it the handler runs on the stack that it finds.
static void set_alternate_stack(void)
{
    long page = sysconf(_SC_PAGESIZE);
    long least = sysconf(_SC_MINSIGSTKSZ); // grows with the vector registers of the CPU
    size_t size = HANDLER_STACK + (least > 0 ? (size_t) least : 0);
    size += (size_t) page - size % (size_t) page;
    char *memory = mmap(NULL, (size_t) page + size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return;
    mprotect(memory, (size_t) page, PROT_NONE);
    const stack_t stack = {.ss_sp = memory + page, .ss_size = size};
    sigaltstack(&stack, NULL);
}

void crash_install(int record_fd, int ack_fd, int kick_fd, int saved_fd)
{
    crash.record_fd = record_fd;
    crash.ack_fd = ack_fd;
    crash.kick_fd = kick_fd;
    crash.saved_fd = saved_fd;
    crash.task_thread = pthread_self();
    crash.stack_low = find_stack_low();
    set_alternate_stack();
    crash_reinstall();
}

void crash_reinstall(void)
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++)
        sigaction(crash_signals[i], &action, NULL);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

//  The end mark is told from the stack's bytes by its magic and by a size that is just what has come.
static bool is_whole(const unsigned char *data, size_t size, crash_copy_t *copy)
{
    crash_end_t end;
    if (size < sizeof copy->record + sizeof end)
        return false;
    size_t stack_size = size - sizeof copy->record - sizeof end;
    memcpy(&end, data + size - sizeof end, sizeof end);
    if (end.magic != end_magic || end.size != stack_size || stack_size > sizeof copy->stack)
        return false;
    memcpy(&copy->record, data, sizeof copy->record);
    memcpy(copy->stack, data + sizeof copy->record, stack_size);
    copy->stack_size = stack_size;
    return copy->record.magic == CRASH_MAGIC &&
           copy->record.register_count <= CRASH_REGISTERS;
}

bool crash_read(int fd, crash_copy_t *copy, int timeout_ms)
{
    enum { WHOLE = sizeof(crash_record_t) + CRASH_STACK + sizeof(crash_end_t) };
    unsigned char *data = malloc(WHOLE);
    if (!data)
        return false;
    size_t size = 0;
    bool whole = false;
    int64_t deadline = now_ms() + timeout_ms;
    while (!whole && size < WHOLE) {
        ssize_t n = read(fd, data + size, WHOLE - size);
        if (n > 0) {
            size += (size_t) n;
            whole = is_whole(data, size, copy);
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            break;
        int64_t left = deadline - now_ms();
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&readable, 1, (int) left) == 0)
            break;
    }
    free(data);
    return whole;
}
