//  ipengine-worker: the program of an engine that runs tasks. The nanny, ipengine, starts it.
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <sodium.h>

#include "common/fail.h"
#include "common/usage.h"
#include "engine/worker.h"

static const char usage[] = "usage: ipengine-worker --directory DIR --id N …\n"
                            "\n"
                            "The worker of an engine: ipengine starts it, `ipcluster start` starts ipengine.\n";

//  Descriptors of ours are not for the programs that tasks start.
static int own(long fd)
{
    fcntl((int) fd, F_SETFD, FD_CLOEXEC);
    return (int) fd;
}

//  Gives an exit status, or -1 to go on.
static int read_options(int count, char **arguments, worker_options_t *what)
{
    static const struct option options[] = {
        {"directory", required_argument, NULL, 'd'}, {"id", required_argument, NULL, 'i'},
        {"epoch", required_argument, NULL, 'e'},     {"output-fd", required_argument, NULL, 'o'},
        {"error-fd", required_argument, NULL, 'r'},  {"crash-fd", required_argument, NULL, 'c'},
        {"ack-fd", required_argument, NULL, 'a'},    {"page-fd", required_argument, NULL, 'p'},
        {"nanny", required_argument, NULL, 'n'},     {"log-fd", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},            {"version", no_argument, NULL, 'v'},
        {0}};
    opterr = 0;
    for (int c, which; (c = getopt_long(count, arguments, "", options, &which)) != -1;) {
        long number = 0;
        if (c == 'h')
            return fputs(usage, stdout), 0;
        if (c == 'v')
            return puts("ipengine-worker " IPC_VERSION), 0;
        if (c == '?')
            return ipc_usage_unknown("ipengine-worker", arguments);
        if (c == 'd')
            what->directory = optarg;
        else if (!ipc_usage_number("ipengine-worker", options[which].name, optarg, 0, INT_MAX, &number))
            return IPC_EXIT_USAGE;
        switch (c) {
        case 'i': what->engine = (int) number; break;
        case 'e': what->epoch = (uint32_t) number; break;
        case 'o': what->output_fd = own(number); break;
        case 'r': what->error_fd = own(number); break;
        case 'c': what->crash_fd = own(number); break;
        case 'a': what->ack_fd = own(number); break;
        case 'p': what->page_fd = own(number); break;
        case 'l': what->log_fd = own(number); break;
        case 'n': what->nanny = (int) number; break;
        default: break;
        }
    }
    if (optind < count)
        return fprintf(stderr, "ipengine-worker: unexpected '%s'\n", arguments[optind]), IPC_EXIT_USAGE;
    if (!what->directory || what->engine < 0)
        return fputs("ipengine-worker: --directory and --id are missing: start clusters with 'ipcluster start'\n",
                     stderr),
               IPC_EXIT_USAGE;
    return -1;
}

int main(int argc, char **argv)
{
    worker_options_t what = {.engine = -1, .output_fd = -1, .error_fd = -1, .crash_fd = -1, .ack_fd = -1,
                             .page_fd = -1, .log_fd = STDERR_FILENO};
    int code = read_options(argc, argv, &what);
    if (code >= 0)
        return code;
    prctl(PR_SET_NAME, "ipengine");
    ipc_error_t error = {0};
    worker_t *worker = sodium_init() < 0 ? NULL : worker_new(&what, &error);
    if (!worker) {
        dprintf(what.log_fd, "engine %d: %s\n", what.engine, error.text);
        _exit(1);
    }
    _exit(worker_run(worker)); // images stay open: their destructors are not run
}
