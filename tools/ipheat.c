//  ipheat: solves heat equations on the engines of a running cluster, prints a table and
//  draws a picture.
#include <signal.h>
#include <stdlib.h>

#include "common/fail.h"
#include "tools/ipheat_jobs.h"
#include "tools/picture.h"

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

static int solve(ipc_client_t *client, const ipheat_options_t *options)
{
    ipc_error_t error;
    ipc_auto(ipheat_jobs_destroy) ipheat_jobs_t *jobs =
        ipheat_jobs_new(client, options, &error);
    if (!jobs)
        return complain(&error);
    size_t failed = 0;
    if (!ipheat_jobs_print(jobs, stdout, &failed)) {
        fputs("ipheat: interrupted: its jobs are aborted\n", stderr);
        return EXIT_INTERRUPTED;
    }
    if (failed > 0)
        return EXIT_FAILED;
    if (!options->out)
        return EXIT_DONE;
    if (ipheat_jobs_draw(jobs, options->out, &error))
        return complain(&error);
    printf("wrote %s\n", options->out);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    ipheat_options_t options;
    int exit_code = EXIT_DONE;
    if (!ipheat_options_read(&options, argc, argv, &exit_code))
        return exit_code;
    ipc_error_t error;
    if (options.out && picture_check(options.out, &error))
        return complain(&error), error.code == IPC_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
    choose_cluster(&options);
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return complain(&error);
    exit_code = solve(client, &options);
    ipc_client_destroy(&client);
    if (exit_code == EXIT_INTERRUPTED)
        raise(SIGINT); // a script that waits for us ends too
    return exit_code;
}
