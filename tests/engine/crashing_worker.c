//  A worker for the tests of the nanny: it takes what a worker takes, and dies in the way that CRASHES names.
//  CRASHES is a list with commas, the n-th word for the worker of epoch n; the last one counts for all that
//  follow. REPORT_FD is a pipe on which each worker writes the death that its predecessor left on the page.
#include "engine/crash.h"
#include "common/page.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

//  A sanitizer would stop what these do before the kernel does.
#define KEPT __attribute__((noinline, no_sanitize("address", "undefined")))

void ipc_task_enter(const char *name);

//  What is called is not known to the compiler, or it would use what it knows.
static void (*volatile nothing)(void);
static volatile int zero;
static int *volatile nowhere;

static KEPT void store_nowhere(void)
{
    *nowhere = 1;
}

static KEPT void use_bad_pointer(void)
{
    store_nowhere();
    zero = 0; // or the call above would be a jump
}

static KEPT void call_null(void)
{
    nothing();
    zero = 0;
}

static KEPT void divide(void)
{
    zero = 7 / zero;
}

static KEPT int recurse(int depth)
{
    volatile char frame[2000];
    frame[0] = (char) depth;
    if (depth < 0)
        return 0; // never: 2 GB are not there
    return recurse(depth + 1) + frame[0];
}

static KEPT void overflow(void)
{
    zero = recurse(0);
}

//  A frame that is larger than what lies around the end of the stack, touched at its far end first.
static KEPT void overflow_at_once(void)
{
    volatile char frame[64 << 20];
    frame[sizeof frame - (20 << 20)] = 1;
    zero = frame[zero];
}

static KEPT void call_abort(void)
{
    abort();
}

static KEPT void call_exit(void)
{
    printf("before the end"); // stays in stdio's buffer until exit()
    exit(3);
}

static KEPT int compare(const void *a, const void *b)
{
    *nowhere = 1;
    return 0;
}

static KEPT void crash_in_qsort(void)
{
    int numbers[] = {3, 1, 2};
    qsort(numbers, 3, sizeof *numbers, compare);
    zero = numbers[0] * 0;
}

static void *run_thread(void *argument)
{
    store_nowhere();
    return NULL;
}

static KEPT void crash_in_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run_thread, NULL);
    pthread_join(thread, NULL);
}

static KEPT void fill_memory(void)
{
    enum { SIZE = 64 << 20 };
    char *bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes != MAP_FAILED)
        memset(bytes, 1, SIZE);
    raise(SIGKILL);
}

static KEPT void be_killed(void)
{
    raise(SIGKILL);
}

static KEPT void talk(void)
{
    static char line[1001];
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    for (int i = 0; i < 100; i++) fputs(line, stdout);
    fputs("the last words\n", stdout);
    fflush(stdout);
    fputs("and of stderr\n", stderr);
    raise(SIGKILL);
}

//  Leaves a process behind that would outlive the worker; its number is what it says last.
static KEPT void leave_process(void)
{
    pid_t child = fork();
    if (child == 0)
        for (;;) pause();
    printf("%d\n", (int) child);
    fflush(stdout);
    raise(SIGKILL);
}

static const struct {
    const char *name;
    void (*run)(void);
} crashes[] = {
    {"segv", use_bad_pointer},  {"null", call_null},          {"fpe", divide},
    {"overflow", overflow},     {"large", overflow_at_once},  {"abort", call_abort},
    {"exit", call_exit},        {"qsort", crash_in_qsort},    {"thread", crash_in_thread},
    {"kill", be_killed},        {"talk", talk},               {"leave", leave_process},
    {"fill", fill_memory},
};

//  Named as the worker's own function that calls user code, where traces end.
__attribute__((noinline)) void ipc_task_enter(const char *name)
{
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        if (strcmp(crashes[i].name, name) == 0)
            crashes[i].run();
    zero = 0;
}

static const char *find_argument(int count, char **arguments, const char *name)
{
    for (int i = 1; i + 1 < count; i++)
        if (strcmp(arguments[i], name) == 0)
            return arguments[i + 1];
    fprintf(stderr, "no %s\n", name);
    exit(97);
}

static int find_number(int count, char **arguments, const char *name)
{
    return (int) strtol(find_argument(count, arguments, name), NULL, 10);
}

static void find_crash(uint32_t epoch, char name[32])
{
    const char *word = getenv("CRASHES");
    for (uint32_t i = 1; i < epoch && strchr(word, ','); i++) word = strchr(word, ',') + 1;
    snprintf(name, 32, "%.*s", (int) strcspn(word, ","), word);
}

static void report(page_t *page)
{
    int fd = (int) strtol(getenv("REPORT_FD"), NULL, 10);
    page->death.output[PAGE_TEXT - 1] = 0;
    if (write(fd, page, sizeof *page) != sizeof *page)
        exit(97);
    page->death.epoch = 0;
    page->ready = 1;
}

static void on_exit_in_task(int status, void *page)
{
    if (((const page_t *) page)->running)
        crash_exit(status);
}

//  What ends a worker without a task. SIGUSR1 ends one that waits, in order, to show that it was sent on.
static void end_idle(const char *name)
{
    if (strcmp(name, "refused") == 0)
        _exit(97);
    if (strcmp(name, "end") == 0)
        _exit(0);
    if (strcmp(name, "idle") == 0) {
        fputs("the first line\nno such library\n", stderr);
        _exit(5);
    }
    if (strcmp(name, "wait") != 0 && strcmp(name, "stubborn") != 0)
        return;
    sigset_t awaited;
    int number;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR1);
    sigaddset(&awaited, SIGTERM);
    do {
        sigwait(&awaited, &number);
    } while (strcmp(name, "stubborn") == 0);
    _exit(0);
}

int main(int count, char **arguments)
{
    page_t *page = page_map(find_number(count, arguments, "--page-fd"), NULL);
    uint32_t epoch = (uint32_t) find_number(count, arguments, "--epoch");
    if (!page || page->epoch != epoch || find_number(count, arguments, "--nanny") != getppid())
        return 97;
    crash_install(find_number(count, arguments, "--crash-fd"),
                  find_number(count, arguments, "--ack-fd"), -1, -1);
    on_exit(on_exit_in_task, page);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);

    char name[32];
    find_crash(epoch, name);
    if (strcmp(name, "early") == 0)
        return 5; // before it has reported what it found
    report(page);
    end_idle(name);

    page->done_span = 40;
    page->done_item = 7;
    page->span = 41;
    page->item = epoch;
    page->running = 1;
    page->measured_span = strcmp(name, "fill") == 0 ? page->span : 0;
    page->measured_item = page->item;
    ipc_task_enter(name);
    page->running = 0;
    return 98;
}
