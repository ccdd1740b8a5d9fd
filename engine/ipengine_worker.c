//  ipengine-worker: the program of an engine that runs tasks. The nanny, ipengine, starts it.
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <sodium.h>

#include "common/fail.h"
#include "engine/worker.h"

static int number(const char *text)
{
    return (int) strtol(text, NULL, 10);
}

static int usage(FILE *stream)
{
    fprintf(stream, "usage: ipengine-worker --directory DIR --id N …\n"
                    "The worker of an engine; ipengine starts it, `ipcluster start` starts ipengine.\n");
    return stream == stderr ? 2 : 0;
}

//  Descriptors of ours are not for the programs that tasks start.
static int own(const char *text)
{
    int fd = number(text);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"directory", required_argument, NULL, 'd'}, {"id", required_argument, NULL, 'i'},
        {"epoch", required_argument, NULL, 'e'},     {"output-fd", required_argument, NULL, 'o'},
        {"error-fd", required_argument, NULL, 'r'},  {"crash-fd", required_argument, NULL, 'c'},
        {"ack-fd", required_argument, NULL, 'a'},    {"page-fd", required_argument, NULL, 'p'},
        {"nanny", required_argument, NULL, 'n'},     {"log-fd", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},            {"version", no_argument, NULL, 'v'},
        {0}};
    worker_options_t what = {.engine = -1, .output_fd = -1, .error_fd = -1, .crash_fd = -1, .ack_fd = -1,
                             .page_fd = -1, .log_fd = STDERR_FILENO};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': what.directory = optarg; break;
        case 'i': what.engine = number(optarg); break;
        case 'e': what.epoch = (uint32_t) number(optarg); break;
        case 'o': what.output_fd = own(optarg); break;
        case 'r': what.error_fd = own(optarg); break;
        case 'c': what.crash_fd = own(optarg); break;
        case 'a': what.ack_fd = own(optarg); break;
        case 'p': what.page_fd = own(optarg); break;
        case 'l': what.log_fd = own(optarg); break;
        case 'n': what.nanny = number(optarg); break;
        case 'h': return usage(stdout);
        case 'v': puts("ipengine-worker " IPC_VERSION); return 0;
        default: return usage(stderr);
        }
    }
    if (!what.directory || what.engine < 0 || optind != argc)
        return usage(stderr);
    prctl(PR_SET_NAME, "ipengine");
    ipc_error_t error = {0};
    worker_t *worker = sodium_init() < 0 ? NULL : worker_new(&what, &error);
    if (!worker) {
        dprintf(what.log_fd, "engine %d: %s\n", what.engine, error.text);
        _exit(1);
    }
    _exit(worker_run(worker)); // images stay open: their destructors are not run
}
