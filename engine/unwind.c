#include "engine/unwind.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/functions_of.h"

#ifdef HAVE_LIBDW
#include <elfutils/libdwfl.h>
#endif

enum { LEAST_ADDRESS = 4096, PATH_SHOWN = 512 };

//  The trace as it grows.
typedef struct trace {
    char *text;
    size_t size, length;       // of text: there is, is used
    uint32_t count;            // lines
} trace_t;

//  Adds a line; false when the trace is at its end.
static bool add_frame(trace_t *self, const char *module, uint64_t offset, const char *symbol)
{
    char line[PATH_SHOWN + 256];
    int length = snprintf(line, sizeof line, "%.*s\t%" PRIx64 "\t%.200s\n", PATH_SHOWN, module,
                          offset, symbol ? symbol : "-");
    if (length < 0 || self->length + (size_t) length >= self->size)
        return false;
    memcpy(self->text + self->length, line, (size_t) length + 1);
    self->length += (size_t) length;
    return ++self->count < UNWIND_FRAMES;
}

//  The crashed thread: its registers, and the memory behind them.
typedef struct thread {
    pid_t pid;                                 // its process
    const crash_copy_t *copy;                  // borrowed
    uint64_t registers[CRASH_REGISTERS];       // with the program counter at the end
    uint32_t count;                            // of registers
    bool is_caller;                            // the innermost frame is that of a caller already
} thread_t;

static bool read_word(const thread_t *self, uint64_t address, uint64_t *word)
{
    uint64_t start = self->copy->record.stack_pointer;
    if (address >= start && address - start + sizeof *word <= self->copy->stack_size) {
        memcpy(word, self->copy->stack + (address - start), sizeof *word);
        return true;
    }
    struct iovec to = {.iov_base = word, .iov_len = sizeof *word};
    struct iovec from = {.iov_base = (void *) (uintptr_t) address, .iov_len = sizeof *word};
    return process_vm_readv(self->pid, &to, 1, &from, 1, 0) == (ssize_t) sizeof *word;
}

#if defined __aarch64__
enum { FRAME_POINTER = 29, LINK = 30, STACK_POINTER = 31 };
#else
enum { FRAME_POINTER = 6, STACK_POINTER = 7 };
#endif

//  After a call of a null pointer the program counter is in no module; the return address is where the call
//  has just put it.
static void leave_null_call(thread_t *self)
{
    uint64_t *counter = &self->registers[self->count - 1];
    if (*counter >= LEAST_ADDRESS)
        return;
#if defined __aarch64__
    *counter = self->registers[LINK];
    self->is_caller = true;
#else
    if (read_word(self, self->registers[STACK_POINTER], counter)) {
        self->registers[STACK_POINTER] += sizeof *counter;
        self->is_caller = true;
    }
#endif
}

// ---------------------------------------------------------------------------------------------------
//  Without libdw

//  The module that holds an address, by /proc/PID/maps: its path, and the address from its load base on.
static bool find_module(FILE *maps, uint64_t address, char path[PATH_MAX], uint64_t *offset)
{
    char line[PATH_MAX + 128], name[PATH_MAX], base_name[PATH_MAX] = "";
    uint64_t base = 0;
    rewind(maps);
    while (fgets(line, sizeof line, maps)) {
        uint64_t start, end, file_offset;
        name[0] = 0;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %4095[^\n]", &start,
                   &end, &file_offset, name) < 3)
            continue;
        if (file_offset == 0 && name[0]) {
            base = start;
            snprintf(base_name, sizeof base_name, "%s", name);
        }
        if (address < start || address >= end)
            continue;
        bool is_module = name[0] == '/' && strcmp(name, base_name) == 0;
        if (is_module) {
            snprintf(path, PATH_MAX, "%s", name);
            *offset = address - base;
        }
        return is_module;
    }
    return false;
}

static void walk_frame_pointers(const thread_t *thread, trace_t *trace)
{
    char maps_path[32], path[PATH_MAX];
    snprintf(maps_path, sizeof maps_path, "/proc/%d/maps", (int) thread->pid);
    FILE *maps = fopen(maps_path, "re");
    if (!maps)
        return;
    uint64_t counter = thread->registers[thread->count - 1];
    uint64_t frame = thread->registers[FRAME_POINTER];
    uint64_t offset, above;
    if (thread->is_caller)
        counter--;
    while (find_module(maps, counter, path, &offset) && add_frame(trace, path, offset, NULL)) {
        if (frame % sizeof frame || !read_word(thread, frame + sizeof frame, &counter) ||
            !read_word(thread, frame, &above) || counter < LEAST_ADDRESS)
            break;
        counter--;
        if (above <= frame)
            above = 0; // the outermost one, or no frame pointer: its return address is the last
        frame = above;
    }
    fclose(maps);
}

// ---------------------------------------------------------------------------------------------------
//  With libdw
#ifdef HAVE_LIBDW

#define LIBDW_FUNCTIONS(X)                                                                    \
    X(dwfl_addrmodule)                                                                        \
    X(dwfl_attach_state)                                                                      \
    X(dwfl_begin)                                                                             \
    X(dwfl_end)                                                                               \
    X(dwfl_frame_pc)                                                                          \
    X(dwfl_getthread_frames)                                                                  \
    X(dwfl_linux_proc_find_elf)                                                               \
    X(dwfl_linux_proc_report)                                                                 \
    X(dwfl_module_addrname)                                                                   \
    X(dwfl_module_getelf)                                                                     \
    X(dwfl_module_info)                                                                       \
    X(dwfl_report_end)                                                                        \
    X(dwfl_thread_state_register_pc)                                                          \
    X(dwfl_thread_state_registers)

#define MEMBER(name) __typeof__(&name) name;
#define NAME(name) #name,
typedef struct libdw {
    LIBDW_FUNCTIONS(MEMBER)
} libdw_t;
static const char *const libdw_names[] = {LIBDW_FUNCTIONS(NAME)};
#undef MEMBER
#undef NAME
enum { LIBDW_COUNT = sizeof libdw_names / sizeof *libdw_names };
_Static_assert(sizeof(libdw_t) == LIBDW_COUNT * sizeof(void *), "functions as dlsym gives them");

//  Never unloaded: the process that calls it ends soon.
static bool load_libdw(libdw_t *self)
{
    return ipc_functions_of("libdw.so.1", libdw_names, LIBDW_COUNT, self);
}

//  What the callbacks of libdw get.
typedef struct walk {
    libdw_t dw;
    Dwfl *dwfl;
    const thread_t *thread;
    trace_t *trace;
    uint32_t seen;             // frames, those without a line included
} walk_t;

//  The standard one would load libc's debug file (80 to 200 ms) or ask a server.
static int find_no_debuginfo(Dwfl_Module *module, void **user_data, const char *name,
                             Dwarf_Addr base, const char *file, const char *debuglink,
                             GElf_Word crc, char **found)
{
    return -1;
}

static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread_argument)
{
    const walk_t *walk = argument;
    if (*thread_argument)
        return 0;
    *thread_argument = argument;
    return walk->thread->pid;
}

static bool get_thread(Dwfl *dwfl, pid_t id, void *argument, void **thread_argument)
{
    *thread_argument = argument;
    return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *argument)
{
    const walk_t *walk = argument;
    uint64_t value;
    if (!read_word(walk->thread, address, &value))
        return false;
    *word = value;
    return true;
}

static bool set_registers(Dwfl_Thread *dwfl_thread, void *argument)
{
    const walk_t *walk = argument;
    const thread_t *thread = walk->thread;
    Dwarf_Word words[CRASH_REGISTERS];
    for (uint32_t i = 0; i < thread->count; i++) words[i] = thread->registers[i];
    if (!walk->dw.dwfl_thread_state_registers(dwfl_thread, 0, thread->count - 1, words))
        return false;
    walk->dw.dwfl_thread_state_register_pc(dwfl_thread, words[thread->count - 1]);
    return true;
}

//  What called user code is the engine's own.
static bool is_end(const char *symbol)
{
    return symbol && (strcmp(symbol, "ipc_task_enter") == 0 || strcmp(symbol, "main") == 0);
}

static int on_frame(Dwfl_Frame *frame, void *argument)
{
    walk_t *walk = argument;
    Dwarf_Addr counter;
    bool is_activation = false; // it was interrupted here, so the address is not a return address
    if (!walk->dw.dwfl_frame_pc(frame, &counter, &is_activation))
        return DWARF_CB_ABORT;
    if (walk->seen == 0)
        is_activation = !walk->thread->is_caller;
    if (walk->seen++ > 2 * UNWIND_FRAMES)
        return DWARF_CB_ABORT;
    if (!is_activation)
        counter--;

    Dwfl_Module *module = walk->dw.dwfl_addrmodule(walk->dwfl, counter);
    if (!module)
        return DWARF_CB_OK;
    const char *path = walk->dw.dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    const char *symbol = walk->dw.dwfl_module_addrname(module, counter);
    GElf_Addr bias = 0;
    walk->dw.dwfl_module_getelf(module, &bias);
    if (is_end(symbol))
        return DWARF_CB_ABORT;
    return add_frame(walk->trace, path ? path : "-", counter - bias, symbol) ? DWARF_CB_OK
                                                                           : DWARF_CB_ABORT;
}

static bool walk_with_libdw(const thread_t *thread, trace_t *trace)
{
    static const Dwfl_Thread_Callbacks thread_callbacks = {
        .next_thread = next_thread,
        .get_thread = get_thread,
        .memory_read = read_memory,
        .set_initial_registers = set_registers,
    };
    walk_t walk = {.thread = thread, .trace = trace};
    if (!load_libdw(&walk.dw))
        return false;
    const Dwfl_Callbacks callbacks = {.find_elf = walk.dw.dwfl_linux_proc_find_elf,
                                      .find_debuginfo = find_no_debuginfo};
    walk.dwfl = walk.dw.dwfl_begin(&callbacks);
    if (!walk.dwfl)
        return false;
    if (walk.dw.dwfl_linux_proc_report(walk.dwfl, thread->pid) == 0 &&
        walk.dw.dwfl_report_end(walk.dwfl, NULL, NULL) == 0 &&
        walk.dw.dwfl_attach_state(walk.dwfl, NULL, thread->pid, &thread_callbacks, &walk))
        walk.dw.dwfl_getthread_frames(walk.dwfl, thread->pid, on_frame, &walk);
    walk.dw.dwfl_end(walk.dwfl);
    return trace->count > 0;
}

#else
//  Built without it.
static bool walk_with_libdw(const thread_t *thread, trace_t *trace)
{
    return false;
}
#endif

// ---------------------------------------------------------------------------------------------------

uint32_t unwind(pid_t pid, const crash_copy_t *copy, unwind_method_t method, char *text,
                size_t size)
{
    trace_t trace = {.text = text, .size = size};
    text[0] = 0;
    if (copy->record.register_count <= STACK_POINTER)
        return 0; // an architecture whose registers crash.c does not know
    thread_t thread = {.pid = pid, .copy = copy, .count = copy->record.register_count};
    memcpy(thread.registers, copy->record.registers, sizeof thread.registers);
    leave_null_call(&thread);
    if (method != UNWIND_BEST || !walk_with_libdw(&thread, &trace))
        walk_frame_pointers(&thread, &trace);
    return trace.count;
}

static _Noreturn void run_apart(pid_t pid, const crash_copy_t *copy, int fd, size_t size)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char *text = malloc(size);
    if (!text)
        _exit(1);
    unwind(pid, copy, UNWIND_BEST, text, size);
    size_t length = strlen(text);
    _exit(write(fd, text, length) == (ssize_t) length ? 0 : 1);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

//  Reads to the end of the file or until timeout_ms have passed. Gives the length; text ends with a zero.
static size_t read_text(int fd, char *text, size_t size, int timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;
    size_t length = 0;
    while (length + 1 < size) {
        int64_t left = deadline - now_ms();
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&readable, 1, (int) left) : 0;
        ssize_t n = ready > 0 ? read(fd, text + length, size - length - 1) : ready;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        length += (size_t) n;
    }
    text[length] = 0;
    return length;
}

uint32_t unwind_apart(pid_t pid, const crash_copy_t *copy, char *text, size_t size,
                      int timeout_ms)
{
    text[0] = 0;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return 0;
    pid_t child = fork();
    if (child == 0)
        run_apart(pid, copy, ends[1], size);
    close(ends[1]);
    if (child > 0) {
        read_text(ends[0], text, size, timeout_ms);
        kill(child, SIGKILL); // it has said all, or its time is up
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    }
    close(ends[0]);

    //  A text that was cut off ends with a part of a line, which is no frame.
    char *last = strrchr(text, '\n');
    text[last ? last + 1 - text : 0] = 0;
    uint32_t count = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) count++;
    return count;
}
