//  ipcd: the controller's program.
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "common/fail.h"
#include "common/silence.h"
#include "common/usage.h"
#include "controller/controller.h"

static const char usage[] = "usage: ipcd --directory DIR [--ready-fd FD] [--supervisor PID] [--scheme NAME] [--hwm N]\n"
                            "            [--suspect-after S] [--lose-after S]\n"
                            "            [--journal PATH [--journal-terms TERMS] [--successor N]]\n"
                            "\n"
                            "The controller of a cluster; `ipcluster start` starts it.\n"
                            "  --directory DIR    the cluster's, with client.json and engine.json\n"
                            "  --ready-fd FD      says there when it listens and when engines are ready\n"
                            "  --supervisor PID   end 10 s after this process has ended\n"
                            "  --scheme NAME      which engine gets the next balanced task: " IPC_SCHEME_NAMES "\n"
                            "  --hwm N            balanced tasks that an engine may have at a time; 0: by its pace\n"
                            "  --suspect-after S  an engine that does not answer for so many seconds gets no more work\n"
                            "  --lose-after S     likewise, and its tasks end, or run elsewhere; 0: never. Without these\n"
                            "                     IPC_SUSPECT_AFTER and IPC_LOSE_AFTER say it, else 2 and 5\n"
                            "  --journal PATH     keep the history there; TERMS: " IPC_JOURNAL_TERMS_HELP "\n"
                            "  --successor N      another ipcd died, which had N engines\n";

//  What is said in words of their own. Gives an exit status, or -1 to go on.
static int read_terms(const char *journal, const char *suspect_after, const char *lose_after, controller_options_t *what)
{
    ipc_error_t error;
    ipc_silence_t silence;
    if (ipc_journal_terms_read(&what->journal_terms, journal, &error) ||
        ipc_silence_read(&silence, suspect_after, lose_after, &error))
        return fprintf(stderr, "ipcd: %s\n", error.text), IPC_EXIT_USAGE;
    what->suspect_ms = silence.suspect_ms;
    what->lose_ms = silence.lose_ms;
    return -1;
}

//  Gives an exit status, or -1 to go on.
static int read_options(int count, char **arguments, controller_options_t *what)
{
    static const struct option options[] = {
        {"directory", required_argument, NULL, 'd'}, {"ready-fd", required_argument, NULL, 'r'},
        {"supervisor", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
        {"scheme", required_argument, NULL, 'c'},     {"hwm", required_argument, NULL, 'w'},
        {"journal", required_argument, NULL, 'j'},    {"journal-terms", required_argument, NULL, 't'},
        {"successor", required_argument, NULL, 'u'},  {"suspect-after", required_argument, NULL, 'a'},
        {"lose-after", required_argument, NULL, 'l'},
        {"version", no_argument, NULL, 'v'},          {0}};
    const char *terms = NULL, *suspect_after = NULL, *lose_after = NULL;
    opterr = 0;
    for (int c; (c = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        long number = 0;
        switch (c) {
        case 'd': what->directory = optarg; break;
        case 'r':
            if (!ipc_usage_number("ipcd", "--ready-fd", optarg, 0, INT_MAX, &number))
                return IPC_EXIT_USAGE;
            what->ready_fd = (int) number;
            break;
        case 's':
            if (!ipc_usage_number("ipcd", "--supervisor", optarg, 1, INT_MAX, &number))
                return IPC_EXIT_USAGE;
            what->supervisor = (int) number;
            break;
        case 'c':
            what->scheme = ipc_scheme_find(optarg);
            if (what->scheme == IPC_SCHEMES)
                return fprintf(stderr, "ipcd: --scheme takes %s, not '%s'\n", IPC_SCHEME_NAMES, optarg),
                       IPC_EXIT_USAGE;
            break;
        case 'w':
            if (!ipc_usage_number("ipcd", "--hwm", optarg, 0, IPC_HWM_MAX, &number))
                return IPC_EXIT_USAGE;
            what->hwm = (uint32_t) number;
            break;
        case 'j': what->journal = optarg; break;
        case 't': terms = optarg; break;
        case 'u':
            if (!ipc_usage_number("ipcd", "--successor", optarg, 0, INT_MAX, &number))
                return IPC_EXIT_USAGE;
            what->successor = (uint32_t) number;
            break;
        case 'a': suspect_after = optarg; break;
        case 'l': lose_after = optarg; break;
        case 'h': return fputs(usage, stdout), 0;
        case 'v': return puts("ipcd " IPC_VERSION), 0;
        default: return ipc_usage_unknown("ipcd", arguments);
        }
    }
    if (optind < count)
        return fprintf(stderr, "ipcd: unexpected '%s': see 'ipcd --help'\n", arguments[optind]), IPC_EXIT_USAGE;
    if (!what->directory)
        return fputs("ipcd: --directory is missing: start clusters with 'ipcluster start'\n", stderr),
               IPC_EXIT_USAGE;
    return read_terms(terms, suspect_after, lose_after, what);
}

//  A connection and a pidfd for each peer. Some descriptors are kept to say that there are no more: accept.c.
static void allow_many_files(void)
{
    enum { KEPT = 8 };
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_max <= 2 * KEPT)
        return;
    files.rlim_cur = files.rlim_max - KEPT;
    setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv)
{
    controller_options_t what = {.ready_fd = -1};
    int code = read_options(argc, argv, &what);
    if (code >= 0)
        return code;
    umask(077);
    allow_many_files();
    setvbuf(stderr, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN); // the supervisor may be gone
    signal(SIGXFSZ, SIG_IGN); // a journal that grows too large is told so by its error
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
