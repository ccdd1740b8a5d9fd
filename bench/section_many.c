//  Many engines and many clients: what one engine more costs ipcd. The engines are simulated (ipcbench-engines): they
//  answer at once, so that the controller alone is measured.
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/bench.h"
#include "bench/lone.h"
#include "common/connection.h"
#include "common/fail.h"

enum {
    MANY = 1000,
    CLIENTS = 100,
    CLIENT_TASKS = 2000,
    MAP_TASKS = 200000,
    WARM_UP = 20000,
    APPLIES = 30, // applies on all engines, for one figure
    CALLS = 500,
    RUNS = 3
};

static const unsigned engine_counts[] = {4, 16, 64, 256, MANY};
enum { COUNTS = sizeof engine_counts / sizeof engine_counts[0] };

static const double ENGINE_BYTES = 16384, REGISTRATION_S = 2, GROWTH = 1.3;

// clang-format off
static IPC_REMOTE(void, nothing, (void)) {}
static IPC_REMOTE(void, ignore, (int64_t item)) { (void) item; }
// clang-format on

//  An ipcd, its engines, a client.
typedef struct stage {
    char ipcd[IPC_PATH_MAX], engines_program[IPC_PATH_MAX];
    lone_t lone;
    process_t engines;
    ipc_client_t *client;
    ipc_view_t *all, *any;
    double empty_pss, registered_s, pss; // before there were engines; until the client knew them; with them
} stage_t;

static void stage_close(stage_t *self)
{
    ipc_view_destroy(&self->all);
    ipc_view_destroy(&self->any);
    ipc_client_destroy(&self->client);
    process_stop(&self->engines);
    lone_stop(&self->lone);
}

static int find_programs(stage_t *self, ipc_error_t *error)
{
    const char *folder = getenv("IPC_PROGRAM_PATH"); // as for the other sections
    if (process_beside("ipcbench-engines", self->engines_program, sizeof self->engines_program, error))
        return -1;
    if (!folder)
        return ipc_program_path("ipcd", self->ipcd, error);
    if (snprintf(self->ipcd, sizeof self->ipcd, "%s/ipcd", folder) >= (int) sizeof self->ipcd)
        return ipc_fail(error, IPC_E_ARGUMENT, "IPC_PROGRAM_PATH is too long");
    return 0;
}

static int stage_fill(stage_t *self, unsigned engines, ipc_error_t *error)
{
    memory_t memory;
    self->client = ipc_client_new(self->lone.client_file, error);
    if (!self->client || process_memory(self->lone.ipcd.pid, &memory, error))
        return -1;
    self->empty_pss = memory.pss;
    double start = bench_now();
    if (lone_add_engines(&self->lone, &self->engines, self->engines_program, 0, engines, error) ||
        ipc_client_wait(self->client, engines, BENCH_WAIT_MS, error))
        return -1;
    self->registered_s = bench_now() - start;
    if (process_memory(self->lone.ipcd.pid, &memory, error))
        return -1;
    self->pss = memory.pss;
    self->all = ipc_direct_view(self->client, "all", error);
    self->any = self->all ? ipc_balanced_view(self->client, NULL, error) : NULL;
    return self->any ? 0 : -1;
}

static int stage_open(stage_t *self, const bench_t *bench, unsigned engines, ipc_error_t *error)
{
    *self = (stage_t){0};
    if (find_programs(self, error) || lone_start(&self->lone, self->ipcd, bench->directory, 0, error))
        return -1;
    if (!stage_fill(self, engines, error))
        return 0;
    stage_close(self);
    return -1;
}

//  Seconds that ipcd has computed, all threads.
static double ipcd_seconds(const stage_t *self)
{
    clockid_t clock;
    struct timespec time = {0};
    if (clock_getcpuclockid(self->lone.ipcd.pid, &clock) || clock_gettime(clock, &time))
        return 0;
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

//  What something took: all around, and in ipcd.
typedef struct cost {
    double wall, cpu;
} cost_t;

typedef ipc_result_t *submit_fn(const stage_t *self);

static ipc_result_t *apply_on_all(const stage_t *self)
{
    return ipc_apply(self->all, nothing);
}

static ipc_result_t *call_on_any(const stage_t *self)
{
    return ipc_apply(self->any, nothing);
}

static ipc_result_t *map_single(const stage_t *self)
{
    return ipc_map_with(self->any, ignore, ipc_range(0, MAP_TASKS), &(ipc_options_t){.chunk = 1});
}

static ipc_result_t *map_for_warmth(const stage_t *self)
{
    return ipc_map_with(self->any, ignore, ipc_range(0, WARM_UP), &(ipc_options_t){.chunk = 1});
}

//  Medians of times runs of it, for each of pieces in a run.
static int measure(const stage_t *self, submit_fn *submit, size_t times, double pieces, cost_t *cost,
                   ipc_error_t *error)
{
    samples_t walls = {0}, cpus = {0};
    int failed = 0;
    for (size_t i = 0; i < times && !failed; i++) {
        double start = bench_now(), cpu = ipcd_seconds(self);
        ipc_result_t *result = submit(self);
        failed = bench_finish(result, BENCH_WAIT_MS, error);
        samples_add(&walls, (bench_now() - start) / pieces);
        samples_add(&cpus, (ipcd_seconds(self) - cpu) / pieces);
        ipc_result_destroy(&result);
    }
    *cost = (cost_t){samples_median(&walls), samples_median(&cpus)};
    samples_free(&walls);
    samples_free(&cpus);
    return failed ? -1 : 0;
}

//  The figures at one number of engines.
typedef struct figures {
    cost_t apply, call, task;
} figures_t;

static int measure_stage(const stage_t *self, unsigned engines, bool all, figures_t *figures, ipc_error_t *error)
{
    cost_t warm;
    if (measure(self, apply_on_all, APPLIES / 3, 1, &warm, error) ||
        measure(self, apply_on_all, APPLIES, engines, &figures->apply, error))
        return -1;
    if (!all)
        return 0;
    if (measure(self, call_on_any, CALLS, 1, &figures->call, error) ||
        measure(self, map_for_warmth, 1, 1, &warm, error))
        return -1;
    return measure(self, map_single, RUNS, MAP_TASKS, &figures->task, error);
}

//  --- What libzmq alone needs -------------------------------------------------------------------------------

//  The memory of a bare ROUTER in this process with so many peers that have said one thing each.
static int fill_router(void *router, process_t *engines, char *const arguments[], double *bytes, ipc_error_t *error)
{
    char part[4096];
    memory_t before, after;
    if (process_memory(getpid(), &before, error) || process_spawn(engines, arguments, error))
        return -1;
    for (int parts = 0; parts < 2 * MANY; parts++) // a route, a registration
        if (zmq_recv(router, part, sizeof part, 0) < 0)
            return ipc_fail(error, IPC_E_TIMEOUT, "%d of %d simulated engines came", parts / 2, MANY);
    if (process_memory(getpid(), &after, error))
        return -1;
    *bytes = (after.pss - before.pss) / MANY;
    return 0;
}

static int measure_router(const bench_t *bench, double *bytes, ipc_error_t *error)
{
    stage_t stage = {0};
    ipc_connection_t file;
    char count[16];
    int zero = 0, wait_ms = BENCH_WAIT_MS;
    if (find_programs(&stage, error) || lone_prepare(&stage.lone, bench->directory, error))
        return -1;
    snprintf(count, sizeof count, "%d", MANY);
    char *const arguments[] = {stage.engines_program, stage.lone.engine_file, "0", count, NULL};
    void *zmq = zmq_ctx_new(), *router = zmq_socket(zmq, ZMQ_ROUTER);
    zmq_setsockopt(router, ZMQ_RCVHWM, &zero, sizeof zero);
    zmq_setsockopt(router, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    int failed = ipc_connection_read(&file, stage.lone.engine_file, error);
    if (!failed && zmq_bind(router, file.endpoint))
        failed = ipc_fail(error, IPC_E_SYSTEM, "cannot bind a bare ROUTER: %s", zmq_strerror(zmq_errno()));
    failed = failed || fill_router(router, &stage.engines, arguments, bytes, error);
    zmq_close(router);
    zmq_ctx_term(zmq);
    stage_close(&stage);
    return failed ? -1 : 0;
}

//  --- Many clients ------------------------------------------------------------------------------------------

typedef struct user {
    pthread_t thread;
    const char *connection;
    pthread_barrier_t *start;
    double seconds; // from the start to the last result
    int failed;
    ipc_error_t error;
} user_t;

static void *use(void *argument)
{
    user_t *self = argument;
    ipc_client_t *client = ipc_client_new(self->connection, &self->error);
    ipc_view_t *any = NULL;
    if (client && !ipc_client_wait(client, MANY, BENCH_WAIT_MS, &self->error))
        any = ipc_balanced_view(client, NULL, &self->error);
    pthread_barrier_wait(self->start);
    double start = bench_now();
    ipc_result_t *result =
        any ? ipc_map_with(any, ignore, ipc_range(0, CLIENT_TASKS), &(ipc_options_t){.chunk = 1}) : NULL;
    self->failed = !result || bench_finish(result, BENCH_WAIT_MS, &self->error);
    self->seconds = bench_now() - start;
    pthread_barrier_wait(self->start); // one that leaves costs the others time
    ipc_result_destroy(&result);
    ipc_view_destroy(&any);
    ipc_client_destroy(&client);
    return NULL;
}

static int measure_clients(const bench_t *bench, const stage_t *stage, ipc_error_t *error)
{
    static user_t users[CLIENTS];
    samples_t times = {0};
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        users[i] = (user_t){.connection = stage->lone.client_file, .start = &start};
        if (pthread_create(&users[i].thread, NULL, use, &users[i]))
            abort(); // the others would wait for it
    }
    const user_t *failed = NULL;
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(users[i].thread, NULL);
        samples_add(&times, users[i].seconds);
        failed = users[i].failed ? &users[i] : failed;
    }
    pthread_barrier_destroy(&start);
    double fastest = samples_percentile(&times, 0), slowest = samples_percentile(&times, 100);
    samples_free(&times);
    if (failed)
        return ipc_fail(error, failed->error.code, "a client of many: %s", failed->error.text);
    bench_row(bench, &(row_t){"100 clients at once, 2,000 tasks each, 1,000 engines", CLIENTS * CLIENT_TASKS / slowest,
                              UNIT_PER_SECOND, 0, NULL, 0});
    bench_row(bench, &(row_t){"  the slowest client, beside the fastest", slowest, UNIT_SECONDS, fastest, "fastest", 0});
    return 0;
}

//  --- The table ---------------------------------------------------------------------------------------------

static void print_registration(const bench_t *bench, const stage_t *stage, double router)
{
    bench_row(bench, &(row_t){"1,000 engines, until all are registered and known", stage->registered_s,
                              UNIT_SECONDS, 0, NULL, REGISTRATION_S});
    bench_row(bench, &(row_t){"  memory of ipcd for each idle one", (stage->pss - stage->empty_pss) / MANY,
                              UNIT_BYTES, router, "bare ROUTER", ENGINE_BYTES});
}

static void print_growth(const bench_t *bench, const char *name, double few, double many)
{
    bench_row(bench, &(row_t){name, many, UNIT_SECONDS, few, "4 engines", GROWTH * few});
}

static void print_applies(const bench_t *bench, const figures_t *figures)
{
    char name[64];
    for (size_t i = 0; i < COUNTS; i++) {
        snprintf(name, sizeof name, "apply on all of %u, for each engine", engine_counts[i]);
        bench_row(bench, &(row_t){name, figures[i].apply.wall, UNIT_SECONDS, figures[0].apply.wall,
                                  "4 engines", 0});
        bench_row(bench, &(row_t){"  in ipcd", figures[i].apply.cpu, UNIT_SECONDS, figures[0].apply.cpu,
                                  "4 engines", i > 0 ? GROWTH * figures[0].apply.cpu : 0});
    }
}

int section_many(const bench_t *bench, ipc_error_t *error)
{
    if (bench->raw)
        return 0; // nothing bare stands beside it
    bench_heading("many engines and clients, time in ipcd");
    figures_t figures[COUNTS];
    double router = 0; // memory of a bare one for each peer: first, while this process has freed nothing
    if (measure_router(bench, &router, error))
        return -1;
    for (size_t i = 0; i < COUNTS; i++) {
        stage_t stage;
        unsigned count = engine_counts[i];
        if (stage_open(&stage, bench, count, error))
            return -1;
        if (count == MANY)
            print_registration(bench, &stage, router);
        int failed = measure_stage(&stage, count, count == MANY || i == 0, &figures[i], error) ||
                     (count == MANY && measure_clients(bench, &stage, error));
        stage_close(&stage);
        if (failed)
            return -1;
    }
    const figures_t *few = &figures[0], *many = &figures[COUNTS - 1];
    print_growth(bench, "a task of a map with chunk 1, at 1,000 engines", few->task.cpu, many->task.cpu);
    print_growth(bench, "a call by itself, at 1,000 engines", few->call.cpu, many->call.cpu);
    print_growth(bench, "  until its result is there", few->call.wall, many->call.wall);
    print_applies(bench, figures);
    return 0;
}
