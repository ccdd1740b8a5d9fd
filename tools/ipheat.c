//  ipheat: solves heat equations on the engines of a running cluster, prints a table, and
//  writes pictures, animations and arrays.
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "common/fail.h"
#include "tools/ipheat_jobs.h"
#include "tools/ipheat_report.h"
#include "tools/standard.h"

static int complain(const ipc_error_t *error)
{
    fprintf(stderr, "ipheat: %s\n", error->text);
    return EXIT_FAILED;
}

//  Tells the library which cluster the command line means: it reads the environment.
static void choose_cluster(const ipheat_options_t *options)
{
    if (options->profile)
        setenv("IPC_PROFILE", options->profile, 1);
    if (options->cluster_id)
        setenv("IPC_CLUSTER_ID", options->cluster_id, 1);
    if (options->profile || options->cluster_id)
        unsetenv("IPC_CONNECTION_FILE"); // which would win over both
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

//  Tells what came of the jobs, and writes what is of all of them. What was interrupted
//  leaves the files that are finished.
static int report(const ipheat_jobs_t *jobs, const ipheat_options_t *options,
                  ipheat_outputs_t *outputs, bool interrupted, double began)
{
    ipc_error_t error;
    size_t count = 0;
    const ipheat_job_t *all = ipheat_jobs_all(jobs, &count);
    const bool drawn = interrupted || ipheat_outputs_all(outputs, all, &error) == 0;
    if (options->json)
        ipheat_report_json(outputs, all, count, now() - began);
    else if (!options->quiet)
        ipheat_report_files(outputs, all, count);
    const size_t failed = ipheat_report_failures(options, all, count);
    if (!drawn)
        complain(&error);
    return drawn && failed == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int solve(ipc_client_t *client, ipheat_options_t *options, ipheat_outputs_t *outputs)
{
    ipc_error_t error;
    const double began = now();
    ipc_auto(ipheat_jobs_destroy) ipheat_jobs_t *jobs =
        ipheat_jobs_new(client, options, outputs, &error);
    if (!jobs)
        return complain(&error);
    interrupts_t interrupts; // kept until all files are whole
    interrupts_begin(&interrupts);
    const bool done = ipheat_jobs_run(jobs, &interrupts);
    const int status = report(jobs, options, outputs, !done, began);
    interrupts_end(&interrupts);
    if (done)
        return status;
    fputs("ipheat: interrupted: its jobs are aborted\n", stderr);
    return EXIT_INTERRUPTED;
}

static int run(ipheat_options_t *options)
{
    ipc_error_t error;
    ipc_auto(ipheat_outputs_destroy) ipheat_outputs_t *outputs =
        ipheat_outputs_new(options, &error);
    if (!outputs)
        return complain(&error), error.code == IPC_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
    choose_cluster(options);
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return complain(&error);
    const int exit_code = solve(client, options, outputs);
    ipc_client_destroy(&client);
    return exit_code;
}

int main(int argc, char **argv)
{
    ipheat_options_t options;
    int exit_code = EXIT_DONE;
    standard_open();
    if (ipheat_options_read(&options, argc, argv, &exit_code))
        exit_code = run(&options);
    ipheat_options_clear(&options);
    exit_code = standard_close("ipheat: ", exit_code);
    if (exit_code == EXIT_INTERRUPTED)
        raise(SIGINT); // a script that waits for us ends too
    return exit_code;
}
