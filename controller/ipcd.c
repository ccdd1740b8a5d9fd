//  ipcd: the controller's program.
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "common/fail.h"
#include "controller/controller.h"

static int usage(FILE *stream)
{
    fprintf(stream, "usage: ipcd --directory DIR [--ready-fd FD] [--supervisor PID]\n"
                    "The controller of a cluster; `ipcluster start` starts it.\n");
    return stream == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"directory", required_argument, NULL, 'd'}, {"ready-fd", required_argument, NULL, 'r'},
        {"supervisor", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},          {0}};
    controller_options_t what = {.ready_fd = -1};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'd': what.directory = optarg; break;
        case 'r': what.ready_fd = (int) strtol(optarg, NULL, 10); break;
        case 's': what.supervisor = (int) strtol(optarg, NULL, 10); break;
        case 'h': return usage(stdout);
        case 'v': puts("ipcd " IPC_VERSION); return 0;
        default: return usage(stderr);
        }
    }
    if (!what.directory || optind != argc)
        return usage(stderr);
    umask(077);
    struct rlimit files; // a descriptor or two for each peer
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    setvbuf(stderr, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN); // the supervisor may be gone
    ipc_error_t error = {0};
    controller_t *controller = sodium_init() < 0 ? NULL : controller_new(&what, &error);
    if (!controller) {
        fprintf(stderr, "error: %s\n", error.text);
        if (what.ready_fd >= 0)
            dprintf(what.ready_fd, "error %s\n", error.text);
        return 1;
    }
    controller_run(controller);
    controller_destroy(&controller);
    return 0;
}
