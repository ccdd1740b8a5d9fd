//  A client that goes through all kinds of calls while something fails under it (tests/chaos/faults). Each call ends
//  with the right value, or with an error that has a name and a sentence; what else happens is told by the exit status:
//  0 all was so; 1 it could not begin, with a sentence on stderr; 3 a wrong value; 4 an error without a sentence; 5 a
//  call that does not end; 6 an error where none is expected; 7 a task that crashed where none may.
//
//      victim [--files N] [--files-later N] [--engine-files N] [--signals] [--engine-signals]
//             [--strict] [--whole] [--twice]
//
//      --files N          it may open N files; --files-later: once it is connected; --engine-files: so may engines
//      --signals          2,000 signals a second interrupt its system calls; --engine-signals: those of engines
//      --strict           no error is expected; --whole: no task may crash
//      --twice            all calls once more when the limits are over, without an error
#include <ipclient.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { LARGE = 1 << 18, READY_MS = 15000, END_MS = 20000 };
enum { EXIT_WRONG = 3, EXIT_NAMELESS = 4, EXIT_HANGS = 5, EXIT_FAILED = 6, EXIT_CRASHED = 7 };
enum { SIGNAL_US = 500 };

typedef struct victim {
    ipc_client_t *client;
    ipc_view_t *all, *any, *one;
    double *ones;              // LARGE of them
    bool strict, whole;        // --strict, --whole
    bool signals, engine_signals;
    unsigned errors;
} victim_t;

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(double, total, (const ipc_array_t *x))
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) sum += ipc_array_f64(x)[i];
    return sum;
}
IPC_REMOTE(ipc_array_t *, some_ones, (uint64_t count))
{
    ipc_error_t error;
    ipc_array_t *array = ipc_array_new(IPC_F64, 1, (size_t[]){count}, &error);
    if (!array)
        ipc_raise("MemoryError", "%s", error.text);
    for (size_t i = 0; i < count; i++) ipc_array_f64(array)[i] = 1;
    return array;
}
IPC_REMOTE(int, speak, (int lines))
{
    for (int i = 0; i < lines; i++) printf("line %d\n", i);
    return lines;
}
IPC_REMOTE(void, allow_files, (uint64_t count))
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
static void pass(int number) { (void) number; }
static void take_signals(suseconds_t every_us) // 0: no more. A handler that does not restart system calls
{
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = pass}, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, every_us}, {0, every_us}}, NULL);
}
IPC_REMOTE(void, interrupt_engine, (int every_us)) { take_signals(every_us); }
// clang-format on

static void end(const char *what, const char *words, int status)
{
    fprintf(stderr, "victim: %s: %s\n", what, words);
    _exit(status);
}

//  The result, waited for; true when it is fine.
static bool is_fine(victim_t *self, const char *what, ipc_result_t *result)
{
    if (!ipc_result_wait(result, END_MS))
        end(what, "does not end", EXIT_HANGS);
    if (ipc_result_ok(result))
        return true;
    const ipc_error_t *error = ipc_result_error(result);
    if (!error || !error->kind[0] || !error->text[0])
        end(what, "has an error without a name or a sentence", EXIT_NAMELESS);
    fprintf(stderr, "%s: %s: %s\n", what, error->kind, error->text);
    self->errors++;
    if (self->strict)
        end(what, "has failed", EXIT_FAILED);
    if (self->whole && error->code == IPC_E_CRASH)
        end(what, "has crashed", EXIT_CRASHED);
    return false;
}

static void check(const char *what, bool right)
{
    if (!right)
        end(what, "has a wrong value", EXIT_WRONG);
}

static void call(victim_t *self)
{
    ipc_result_t *r = ipc_apply(self->all, square, 3);
    if (is_fine(self, "apply", r))
        for (size_t i = 0; i < ipc_result_count(r); i++) check("apply", ipc_result_i64(r, i) == 9);
    r = ipc_apply(self->any, square, 4);
    if (is_fine(self, "balanced apply", r))
        check("balanced apply", ipc_result_i64(r, 0) == 16);
    r = ipc_map(self->any, square, ipc_range(0, 100));
    if (is_fine(self, "map", r))
        for (int64_t i = 0; i < 100; i++) check("map", ipc_result_i64(r, (size_t) i) == i * i);
    r = ipc_apply(self->one, speak, 3);
    if (is_fine(self, "output", r))
        check("output", ipc_result_i64(r, 0) == 3);
}

static void move_arrays(victim_t *self)
{
    if (is_fine(self, "push", ipc_push(self->all, "x", ipc_f64(self->ones, LARGE)))) {
        ipc_result_t *r = ipc_apply(self->one, total, ipc_ref("x"));
        if (is_fine(self, "reference", r))
            check("reference", ipc_result_f64(r, 0) == LARGE);
        r = ipc_pull(self->one, "x");
        if (is_fine(self, "pull", r))
            check("pull", ipc_array_count(ipc_result_array(r, 0)) == LARGE &&
                              ipc_array_f64(ipc_result_array(r, 0))[LARGE - 1] == 1);
    }
    ipc_result_t *r = ipc_apply(self->one, some_ones, LARGE);
    if (is_fine(self, "large result", r))
        check("large result", ipc_array_f64(ipc_result_array(r, 0))[LARGE - 1] == 1);
    ipc_error_t error;
    ipc_array_t *own = ipc_array_new(IPC_F64, 1, (size_t[]){LARGE}, &error);
    if (own) {
        memcpy(ipc_array_data(own), self->ones, LARGE * sizeof(double));
        r = ipc_apply(self->any, total, own);
        if (is_fine(self, "large argument", r))
            check("large argument", ipc_result_f64(r, 0) == LARGE);
    }
    ipc_array_destroy(&own);
    if (is_fine(self, "scatter", ipc_scatter(self->all, "part", ipc_f64(self->ones, LARGE)))) {
        r = ipc_gather(self->all, "part");
        if (is_fine(self, "gather", r))
            check("gather", ipc_array_count(ipc_result_joined(r)) == LARGE);
    }
}

static void execute(victim_t *self)
{
    ipc_result_t *r = ipc_execute(self->all, "int answer = 42;");
    if (is_fine(self, "execute", r) && is_fine(self, "pull of a cell's", r = ipc_pull(self->one, "answer")))
        check("pull of a cell's", ipc_result_i64(r, 0) == 42);
}

static void work(victim_t *self)
{
    call(self);
    move_arrays(self);
    execute(self);
}

static void allow(unsigned long files)
{
    if (files)
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){files, files});
}

//  A soft limit, that can be taken back.
static void allow_for_now(unsigned long files)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = files && files < limit.rlim_max ? files : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(victim_t *self, unsigned long files, unsigned long later, unsigned long engines, bool twice)
{
    ipc_error_t error = {.code = 0};
    allow(files);
    if (self->signals)
        take_signals(SIGNAL_US);
    self->client = ipc_client_new(NULL, &error);
    if (!self->client || ipc_client_wait(self->client, 2, READY_MS, &error) ||
        !(self->all = ipc_direct_view(self->client, "all", &error)) ||
        !(self->one = ipc_direct_view(self->client, "0", &error)) ||
        !(self->any = ipc_balanced_view(self->client, NULL, &error))) {
        fprintf(stderr, "%s: %s\n", error.kind, error.text);
        return error.text[0] ? 1 : EXIT_NAMELESS;
    }
    if (engines)
        is_fine(self, "limit", ipc_apply(self->all, allow_files, engines));
    if (self->engine_signals)
        is_fine(self, "signals", ipc_apply(self->all, interrupt_engine, SIGNAL_US));
    if (later)
        allow_for_now(later);
    work(self);
    if (self->engine_signals)
        is_fine(self, "signals", ipc_apply(self->all, interrupt_engine, 0));
    if (later)
        allow_for_now(0);
    if (engines)
        is_fine(self, "limit", ipc_apply(self->all, allow_files, UINT32_MAX));
    self->strict = self->strict || twice;
    if (twice)
        work(self);
    ipc_client_destroy(&self->client);
    return 0;
}

int main(int argc, char **argv)
{
    victim_t self = {.ones = malloc(LARGE * sizeof(double))};
    unsigned long files = 0, later = 0, engines = 0;
    bool twice = false;
    for (int i = 1; i < argc; i++) {
        unsigned long number = i + 1 < argc ? strtoul(argv[i + 1], NULL, 10) : 0;
        self.strict = self.strict || !strcmp(argv[i], "--strict");
        self.signals = self.signals || !strcmp(argv[i], "--signals");
        self.engine_signals = self.engine_signals || !strcmp(argv[i], "--engine-signals");
        self.whole = self.whole || !strcmp(argv[i], "--whole");
        twice = twice || !strcmp(argv[i], "--twice");
        files = !strcmp(argv[i], "--files") ? number : files;
        later = !strcmp(argv[i], "--files-later") ? number : later;
        engines = !strcmp(argv[i], "--engine-files") ? number : engines;
    }
    if (!self.ones)
        return fputs("MemoryError: no memory to begin with\n", stderr), 1;
    for (size_t i = 0; i < LARGE; i++) self.ones[i] = 1;
    int status = run(&self, files, later, engines, twice);
    free(self.ones);
    return status;
}
