#include "engine/interrupt.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/state.h"

//  A handler is passed nothing of ours, nor is the place that it jumps to.
static struct {
    worker_t *worker;
    int threads;                       // of a worker whose tasks have started none
    _Atomic int reason;                // stop_reason_t of what is asked for now
    _Atomic uint64_t span, position;   // of what
    _Atomic bool forwarded;            // another thread got a SIGINT that came from outside
    _Atomic bool signalled;            // SIGINT came from outside while this item ran:
    _Atomic uint64_t signalled_span, signalled_position;
} interrupts;

//  The item that the task thread claimed last.
static uint64_t running_of(const work_t *work)
{
    return work->first + (atomic_load(&work->range) & UINT32_MAX) - 1;
}

//  --- The jump -----------------------------------------------------------------------------------------------

static void describe(const worker_t *self, stop_reason_t reason, outcome_t *outcome)
{
    const char *name = work_name(self, self->current);
    const char *kind = reason == STOP_ABORTED ? "TaskAborted" : reason == STOP_LATE ? "TaskTimeout" : "Interrupted";
    outcome->failed = true;
    outcome->code = reason == STOP_ABORTED ? IPC_E_ABORTED : reason == STOP_LATE ? IPC_E_TIMEOUT : IPC_E_REMOTE;
    ipc_text_copy(outcome->kind, sizeof outcome->kind, kind);
    if (reason == STOP_ABORTED)
        snprintf(outcome->text, sizeof outcome->text, "%s was aborted while it ran", name);
    else if (reason == STOP_LATE)
        snprintf(outcome->text, sizeof outcome->text, "%s ran longer than the %lld ms that it may (run_limit_ms)", name,
                 (long long) (self->current->run_limit_ns / 1000000));
    else
        snprintf(outcome->text, sizeof outcome->text, "%s was interrupted by SIGINT", name);
}

//  ThreadSanitizer calls a handler later, when the task enters a library function: there is nothing to jump out of.
#if defined __x86_64__ && defined __GLIBC__ && __GLIBC_PREREQ(2, 35) && !defined __SANITIZE_THREAD__

//  Of <unwind.h>, whose name a header of ours has.
typedef enum { UNWIND_GO_ON = 0, UNWIND_END = 5 } unwind_code_t; // _URC_NO_REASON, _URC_END_OF_STACK
struct _Unwind_Context;
unwind_code_t _Unwind_Backtrace(unwind_code_t (*step)(struct _Unwind_Context *, void *), void *argument);
uintptr_t _Unwind_GetIP(struct _Unwind_Context *context);
uintptr_t _Unwind_GetCFA(struct _Unwind_Context *context);
uintptr_t _Unwind_GetRegionStart(struct _Unwind_Context *context);

__attribute__((noreturn)) void ipc_interrupt_land(void);

//  Where an interrupted task goes on, on its own stack: in the engine again.
__attribute__((noreturn, used, visibility("hidden"))) void ipc_interrupt_land(void)
{
    worker_t *self = interrupts.worker;
    describe(self, (stop_reason_t) interrupts.reason, &self->outcome);
    _longjmp(self->raised, 1);
}

//  A return address may be replaced by this one's. The stack is aligned as a call wants it.
__asm__(".text\n"
        ".hidden ipc_interrupt_stub\n"
        ".globl ipc_interrupt_stub\n"
        ".type ipc_interrupt_stub, @function\n"
        "ipc_interrupt_stub:\n"
        "\tcld\n"
        "\tandq $-16, %rsp\n"
        "\tcall ipc_interrupt_land\n"
        "\tud2\n"
        ".size ipc_interrupt_stub, . - ipc_interrupt_stub\n");
extern char ipc_interrupt_stub[];

//  From the interrupted instruction to where the engine called the task.
typedef struct walk {
    uintptr_t start;                   // the instruction
    uintptr_t user_low, user_high;     // the client's program
    const char *cells;                 // or where the shared objects of executed source are; or NULL
    bool begun, ended, user;           // user: of the frame looked at last
    uintptr_t *slot;                   // the return address of the outermost call out of the program, NULL: none
    uintptr_t returns;                 // what must stand there
} walk_t;

//  Whether an instruction is the user's. Neither _dl_find_object() nor the comparison takes a lock.
static bool is_user(const walk_t *walk, uintptr_t ip)
{
    struct dl_find_object object;
    if (!walk->cells)
        return ip >= walk->user_low && ip < walk->user_high;
    size_t size = strlen(walk->cells);
    return _dl_find_object((void *) ip, &object) == 0 && // NOLINT: an address from a register
           strncmp(object.dlfo_link_map->l_name, walk->cells, size) == 0 && object.dlfo_link_map->l_name[size] == '/';
}

static unwind_code_t step(struct _Unwind_Context *context, void *argument)
{
    walk_t *walk = argument;
    uintptr_t ip = _Unwind_GetIP(context);
    if (!walk->begun && ip != walk->start)
        return UNWIND_GO_ON; // of the handler
    if (_Unwind_GetRegionStart(context) == (uintptr_t) ipc_task_enter) {
        walk->ended = true;
        return UNWIND_END;
    }
    bool user = is_user(walk, ip);
    if (walk->begun && user && !walk->user) {
        walk->slot = (uintptr_t *) (_Unwind_GetCFA(context) - sizeof(uintptr_t));
        walk->returns = ip;
    }
    walk->begun = true;
    walk->user = user;
    return UNWIND_GO_ON;
}

//  On the task thread, in the handler: makes the task end, at once or when the library function that it is in
//  returns. Nothing here may fail, allocate or lock: _dl_find_object() and the unwinder do not.
static void jump(const worker_t *self, ucontext_t *context)
{
    greg_t *registers = context->uc_mcontext.gregs;
    struct dl_find_object object;
    const engine_function_t *function = self->current->function;
    walk_t walk = {.start = (uintptr_t) registers[REG_RIP]};
    if (work_is_of_cells(self->current)) {
        walk.cells = self->cell_directory;
    } else if (function->kind == IPC_FUNCTION_IMAGE && function->remote &&
               _dl_find_object((void *) (uintptr_t) function->remote, &object) == 0) {
        walk.user_low = (uintptr_t) object.dlfo_map_start;
        walk.user_high = (uintptr_t) object.dlfo_map_end;
    } else {
        return;
    }
    _Unwind_Backtrace(step, &walk);
    if (!walk.ended || !walk.user)
        return; // it is about to begin or to end, or its stack cannot be read: the next time
    if (walk.slot) {
        if (*walk.slot == walk.returns)
            *walk.slot = (uintptr_t) ipc_interrupt_stub;
        return;
    }
    registers[REG_RSP] -= 128;         // below what the function may keep there
    registers[REG_RIP] = (greg_t) (uintptr_t) ipc_interrupt_stub;
}

//  The unwinder finds its tables the first time that it is used, which is not in the handler.
static unwind_code_t stop_at_once(struct _Unwind_Context *context, void *argument)
{
    (void) context;
    (void) argument;
    return UNWIND_END;
}

static void load_unwinder(void)
{
    _Unwind_Backtrace(stop_at_once, NULL);
}

static bool can_jump(const work_t *work)
{
    return work->function->kind == IPC_FUNCTION_IMAGE || work_is_of_cells(work);
}

#else

//  Elsewhere a return address is not always on the stack: the process ends instead.
static void jump(const worker_t *self, ucontext_t *context)
{
    (void) self;
    (void) context;
}

static void load_unwinder(void) {}

static bool can_jump(const work_t *work)
{
    (void) work;
    return false;
}

#endif

//  --- The handler ---------------------------------------------------------------------------------------------

static void on_interrupt(int number, siginfo_t *info, void *context)
{
    worker_t *self = interrupts.worker;
    int saved = errno;
    bool ours = info->si_code == SI_TKILL && info->si_pid == getpid();
    if (!pthread_equal(pthread_self(), self->task_thread)) { // one that a task has started
        interrupts.forwarded = !ours;
        pthread_kill(self->task_thread, number);
        errno = saved;
        return;
    }
    ours = ours && !atomic_exchange(&interrupts.forwarded, false);
    if (self->in_task && self->current) {
        uint64_t span = self->current->span, position = running_of(self->current);
        if (ours && interrupts.reason && interrupts.span == span && interrupts.position == position) {
            jump(self, context);
        } else if (!ours) { // the connection thread asks for it, and goes on asking
            interrupts.signalled_span = span;
            interrupts.signalled_position = position;
            interrupts.signalled = true;
            (void) !write(self->kick_fd, &(uint64_t){1}, sizeof(uint64_t));
        }
    }
    errno = saved;
}

void interrupt_reinstall(void)
{
    struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask); // blocking calls of the task return: no SA_RESTART
    sigaction(SIGINT, &action, NULL);
}

int interrupt_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *entry; tasks && (entry = readdir(tasks));) count += entry->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return count;
}

void interrupt_accept_threads(int before)
{
    int now = interrupt_threads();
    interrupts.threads += now > before ? now - before : 0;
}

void interrupt_install(worker_t *self)
{
    interrupts.worker = self;
    interrupts.threads = interrupt_threads();
    load_unwinder();
    interrupt_reinstall();
}

//  --- The connection thread -------------------------------------------------------------------------------------

static const drop_t *drop_of(const work_t *work, uint64_t position)
{
    for (const drop_t *drop = atomic_load(&work->drops); drop; drop = drop->next)
        if (position >= drop->first && position - drop->first < drop->count)
            return drop;
    return NULL;
}

//  One of several says so: the abort of a client which then goes too leaves nothing running.
static bool is_to_be_killed(const work_t *work, uint64_t position)
{
    for (const drop_t *drop = atomic_load(&work->drops); drop; drop = drop->next)
        if (drop->how == IPC_DROP_KILL && position >= drop->first && position - drop->first < drop->count)
            return true;
    return false;
}

bool interrupt_drops(const work_t *work, uint64_t position)
{
    return drop_of(work, position) != NULL;
}

void interrupt_skip(worker_t *self, work_t *work)
{
    describe(self, STOP_ABORTED, &self->outcome);
    snprintf(self->outcome.text, sizeof self->outcome.text, "%s was aborted before it ran", work->function->name);
    self->outcome.value.size = self->outcome.objects.size = 0;
    if (ipc_items_are_packed(work->items))
        ipc_value_skip(&work->list);
    self->outcome.finished = clock_ns();
}

static bool was_signalled(const work_t *work, uint64_t position)
{
    return atomic_exchange(&interrupts.signalled, false) && interrupts.signalled_span == work->span &&
           interrupts.signalled_position == position;
}

//  Whether the item that runs is to be stopped now.
static bool begins(worker_t *self, work_t *work, uint64_t position)
{
    const drop_t *drop = drop_of(work, position);
    interrupt_t *interrupt = &self->interrupt;
    int64_t now = clock_ns();
    *interrupt = (interrupt_t){.span = work->span, .position = position, .since = now};
    if (drop && drop->how != IPC_DROP_WAITING) {
        interrupt->reason = STOP_ABORTED;
        interrupt->kill = is_to_be_killed(work, position);
    } else if (was_signalled(work, position)) {
        interrupt->reason = STOP_SIGNAL;
    } else if (work->run_limit_ns > 0 && now - self->run_started >= work->run_limit_ns) {
        interrupt->reason = STOP_LATE;
        interrupt->kill = true;
    } else {
        return false;
    }
    interrupt->jump = can_jump(work) && interrupt_threads() <= interrupts.threads;
    interrupts.span = work->span;
    interrupts.position = position;
    interrupts.reason = interrupt->reason;
    return true;
}

static int until_limit(const worker_t *self, const work_t *work)
{
    if (work->run_limit_ns == 0)
        return -1;
    int64_t left = work->run_limit_ns - (clock_ns() - self->run_started);
    return left <= 0 ? 0 : left > INT64_C(3600000) * 1000000 ? 3600000 : (int) (left / 1000000 + 1);
}

//  The nanny starts the next worker, which tells why this one ended.
_Noreturn static void end_process(worker_t *self)
{
    if (self->page)
        self->page->verdict = self->interrupt.reason == STOP_LATE ? IPC_VERDICT_TIMEOUT : IPC_VERDICT_ABORTED;
    link_flush(self);
    for (;;) kill(getpid(), SIGKILL);
}

int interrupt_check(worker_t *self)
{
    interrupt_t *interrupt = &self->interrupt;
    work_t *work = self->current;
    if (!work || work->span == 0 || (atomic_load(&work->range) & UINT32_MAX) == 0) {
        interrupt->reason = STOP_NONE;
        interrupts.reason = STOP_NONE;
        return -1;
    }
    uint64_t position = running_of(work);
    bool same = interrupt->reason && interrupt->span == work->span && interrupt->position == position &&
                (interrupt->kill || !is_to_be_killed(work, position)); // else it was only asked to end until now
    if (!same && !begins(self, work, position)) {
        interrupts.reason = STOP_NONE;
        return until_limit(self, work);
    }
    if (clock_ns() - interrupt->since >= (int64_t) INTERRUPT_GRACE_MS * 1000000) {
        if (interrupt->kill)
            end_process(self);
        return -1; // it goes on
    }
    if (interrupt->jump)
        pthread_kill(self->task_thread, SIGINT);
    return INTERRUPT_RETRY_MS;
}
