//  Memory of each process of a cluster that has just started and has nothing to do.
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/process.h"
#include "common/fail.h"

//  The processes that run one program: how many, and their memory together.
typedef struct group {
    const char *program;
    const char *name; // in the table
    double budget;
    size_t count;
    memory_t sum;
} group_t;

static int measure_members(const bench_t *bench, group_t *groups, size_t count,
                           ipc_error_t *error)
{
    member_t members[CLUSTER_MEMBERS_MAX];
    size_t members_count = cluster_members(bench, members, CLUSTER_MEMBERS_MAX);
    for (size_t i = 0; i < members_count; i++)
        for (size_t k = 0; k < count; k++) {
            memory_t memory;
            if (strcmp(members[i].program, groups[k].program))
                continue;
            if (process_memory(members[i].pid, &memory, error))
                return -1;
            groups[k].count++;
            groups[k].sum.pss += memory.pss;
            groups[k].sum.rss += memory.rss;
        }
    return 0;
}

//  The memory of a program that is started for it, once it is ready.
static int measure_program(char *const arguments[], memory_t *memory, ipc_error_t *error)
{
    process_t process = {0};
    if (process_start(&process, arguments, BENCH_WAIT_MS, error))
        return -1;
    int result = process_memory(process.pid, memory, error);
    process_stop(&process);
    return result;
}

static int measure_router(const bench_t *bench, memory_t *memory, ipc_error_t *error)
{
    char path[IPC_PATH_MAX], parent[16];
    snprintf(parent, sizeof parent, "%d", (int) getpid());
    if (process_beside("ipcbench-raw", path, sizeof path, error))
        return -1;
    return measure_program(
        (char *[]){path, "idle", (char *) bench->directory, "0", parent, NULL}, memory,
        error);
}

static int measure_client(memory_t *memory, ipc_error_t *error)
{
    char path[IPC_PATH_MAX];
    if (process_beside("ipcbench-client", path, sizeof path, error))
        return -1;
    return measure_program((char *[]){path, NULL}, memory, error);
}

int section_memory(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("idle memory (PSS)");
    memory_t router, client;
    if (measure_router(bench, &router, error))
        return -1;
    bench_row(bench, &(row_t){"a bare libzmq ROUTER", router.pss, UNIT_BYTES, 0, NULL, 0});
    bench_row(bench,
              &(row_t){"  its RSS", router.rss, UNIT_BYTES, router.pss, "its PSS", 0});
    if (bench->raw)
        return 0;
    group_t groups[] = {
        {.program = "ipcluster", .name = "supervisor (ipcluster)"},
        {.program = "ipcd", .name = "controller (ipcd)", .budget = 8e6},
        {.program = "ipengine", .name = "nanny (ipengine), each"},
        {.program = "ipengine-worker", .name = "worker (ipengine-worker), each"},
    };
    enum { COUNT = sizeof groups / sizeof *groups, NANNY = 2, WORKER = 3 };
    if (measure_members(bench, groups, COUNT, error) || measure_client(&client, error))
        return -1;
    for (const group_t *group = groups; group < groups + COUNT; group++) {
        if (!group->count)
            return ipc_fail(error, IPC_E_NAME, "no process of the cluster runs %s",
                            group->program);
        bench_row(bench, &(row_t){group->name, group->sum.pss / (double) group->count,
                                  UNIT_BYTES, router.pss, "bare ROUTER", group->budget});
    }
    double engines = groups[NANNY].sum.pss + groups[WORKER].sum.pss;
    bench_row(bench,
              &(row_t){"engine: worker and nanny", engines / (double) groups[WORKER].count,
                       UNIT_BYTES, router.pss, "bare ROUTER", 10e6});
    bench_row(bench, &(row_t){"a client program", client.pss, UNIT_BYTES, router.pss,
                              "bare ROUTER", 0});
    return 0;
}
