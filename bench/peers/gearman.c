//  Gearman's part, for gearman_peer.py: `gearman worker PORT` serves the function "nothing" until it is ended,
//  `gearman client PORT` measures.
#include <libgearman/gearman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/figures.h"

enum { CALLS = 3000, TASKS = 40000, TIMEOUT_MS = 60000 };

static const char host[] = "127.0.0.1", function[] = "nothing";

static gearman_return_t nothing(gearman_job_st *job, void *context)
{
    (void) job;
    (void) context;
    return GEARMAN_SUCCESS;
}

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why ? why : "failed");
    exit(1);
}

static void serve(in_port_t port)
{
    gearman_worker_st *worker = gearman_worker_create(NULL);
    gearman_function_t body = gearman_function_create(nothing);
    if (!worker || gearman_failed(gearman_worker_add_server(worker, host, port)) ||
        gearman_failed(gearman_worker_define_function(worker, function, strlen(function), body, 0, NULL)))
        give_up("worker", "cannot be set up");
    while (gearman_success(gearman_worker_work(worker))) {}
    give_up("worker", gearman_worker_error(worker));
}

static void measure_calls(gearman_client_st *client)
{
    static double times[CALLS];
    for (int i = -1; i < CALLS; i++) {
        size_t size;
        gearman_return_t status;
        double start = figures_now();
        free(gearman_client_do(client, function, NULL, NULL, 0, &size, &status));
        if (i >= 0)
            times[i] = figures_now() - start;
        if (gearman_failed(status))
            give_up("call", gearman_client_error(client));
    }
    figures_print("call_p50", figures_percentile(times, CALLS, 50));
    figures_print("call_p99", figures_percentile(times, CALLS, 99));
}

static gearman_return_t on_complete(gearman_task_st *task)
{
    ++*(int *) gearman_task_context(task);
    return GEARMAN_SUCCESS;
}

//  All added, then all run: its own form of many calls that are awaited together.
static void measure_tasks(gearman_client_st *client)
{
    int done = 0;
    gearman_client_set_complete_fn(client, on_complete);
    gearman_client_add_options(client, GEARMAN_CLIENT_FREE_TASKS);
    double start = figures_now();
    for (int i = 0; i < TASKS; i++) {
        gearman_return_t status;
        gearman_client_add_task(client, NULL, &done, function, NULL, NULL, 0, &status);
        if (gearman_failed(status))
            give_up("add_task", gearman_client_error(client));
    }
    if (gearman_failed(gearman_client_run_tasks(client)))
        give_up("run_tasks", gearman_client_error(client));
    double time = figures_now() - start;
    if (done != TASKS)
        give_up("run_tasks", "not all tasks were completed");
    figures_print("calls", TASKS / time);
}

static void measure(in_port_t port)
{
    gearman_client_st *client = gearman_client_create(NULL);
    if (!client || gearman_failed(gearman_client_add_server(client, host, port)))
        give_up("client", "cannot be set up");
    gearman_client_set_timeout(client, TIMEOUT_MS);
    measure_calls(client);
    measure_tasks(client);
    gearman_client_free(client);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        give_up("gearman", "usage: gearman worker|client PORT");
    in_port_t port = (in_port_t) strtoul(argv[2], NULL, 10);
    if (!strcmp(argv[1], "worker"))
        serve(port);
    measure(port);
    return 0;
}
