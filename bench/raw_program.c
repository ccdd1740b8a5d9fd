//  ipcbench-raw ROLE [DIRECTORY WORKERS]: the processes of the ZeroMQ baselines.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/raw.h"

typedef struct role {
    const char *name;
    int (*run)(const char *directory, int workers);
} role_t;

//  What a process costs that has a ROUTER and nothing else.
static int idle_router(const char *directory, int workers)
{
    void *socket = raw_bind(zmq_ctx_new(), directory, "idle");
    puts("ready");
    fflush(stdout);
    zmq_poll(&(zmq_pollitem_t){.socket = socket, .events = ZMQ_POLLIN}, 1, -1);
    return 0;
}

static const role_t roles[] = {
    {"one-broker", raw_broker},
    {"one-worker", raw_worker},
    {"batch-broker", raw_batch_broker},
    {"batch-worker", raw_batch_worker},
    {"idle", idle_router},
};

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "nothing"))
        return 0; // the cost of starting a program that is linked with libzmq
    if (argc != 5) {
        fprintf(stderr, "ipcbench-raw is started by ipcbench\n");
        return 2;
    }
    process_die_with_parent((pid_t) strtol(argv[4], NULL, 10));
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (!strcmp(argv[1], roles[i].name))
            return roles[i].run(argv[2], (int) strtol(argv[3], NULL, 10));
    fprintf(stderr, "ipcbench-raw: no role %s\n", argv[1]);
    return 2;
}
