//  ipcluster start: the supervisor, in the foreground or detached.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/fail.h"
#include "ipcluster.h"
#include "launch/devices.h"
#include "launch/log.h"
#include "launch/supervisor.h"

//  What a detached supervisor tells the process that waits for it: one write, less than
//  PIPE_BUF.
typedef struct start_report {
    bool failed;
    ipc_error_t error;
    char last_words[LOG_TAIL_TEXT];
} start_report_t;

static void log_to_stderr(void *context, const char *line)
{
    (void) context;
    fprintf(stderr, "%s%s", line, line[0] && line[strlen(line) - 1] == '\n' ? "" : "\n");
}

//  Starts a cluster and reports how that went. Gives its supervisor, or NULL when it
//  failed.
static supervisor_t *start_cluster(const arguments_t *arguments, int waiter_fd,
                                   int owner_fd, start_report_t *report)
{
    supervisor_options_t options = {.profile = arguments->profile,
                                    .cluster_id = arguments->cluster_id,
                                    .engines = arguments->engines,
                                    .scheme = arguments->scheme,
                                    .hwm = arguments->hwm,
                                    .suspect_after = arguments->suspect_after,
                                    .lose_after = arguments->lose_after,
                                    .journal = arguments->journal,
                                    .launcher = arguments->launcher,
                                    .gpus = arguments->devices,
                                    .hides_gpus = arguments->gpus && !strcmp(arguments->gpus, "none"),
                                    .waiter_fd = waiter_fd,
                                    .owner_fd = owner_fd,
                                    .log = log_to_stderr};
    *report = (start_report_t){.failed = true};
    supervisor_t *supervisor = supervisor_new(&options, &report->error);
    if (!supervisor)
        return NULL;
    if (supervisor_start(supervisor, &report->error)) {
        ipc_text_copy(report->last_words, sizeof report->last_words,
                      supervisor_last_words(supervisor));
        supervisor_destroy(&supervisor);
        return NULL;
    }
    report->failed = false;
    return supervisor;
}

static int show_start(const arguments_t *arguments, const start_report_t *report)
{
    if (report->failed) {
        fail(&report->error);
        if (report->last_words[0])
            fprintf(stderr, "its last words:\n%s", report->last_words);
        return EXIT_FAILED;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = (double) (now.tv_sec - arguments->begin.tv_sec) +
                     1e-9 * (double) (now.tv_nsec - arguments->begin.tv_nsec);
    printf("%zu engine%s ready in %.2f s\n", arguments->engines,
           arguments->engines == 1 ? "" : "s", seconds);
    return EXIT_DONE;
}

static int start_in_foreground(const arguments_t *arguments, int owner_fd)
{
    start_report_t report;
    ipc_auto(supervisor_destroy) supervisor_t *supervisor =
        start_cluster(arguments, -1, owner_fd, &report);
    if (show_start(arguments, &report))
        return EXIT_FAILED;
    puts("Ctrl-C stops the cluster");
    fflush(stdout); // where nobody can read it, the cluster runs all the same
    supervisor_run(supervisor);
    return EXIT_DONE;
}

static void redirect(int descriptor, const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file >= 0) {
        dup2(file, descriptor);
        close(file);
    }
}

//  The detached half: ends with the cluster.
static int run_detached(const arguments_t *arguments, int owner_fd, int waiter_fd)
{
    setsid();
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) redirect(i, "/dev/null", O_RDWR);
    start_report_t report;
    ipc_auto(supervisor_destroy) supervisor_t *supervisor =
        start_cluster(arguments, waiter_fd, owner_fd, &report);
    if (supervisor) {
        char log[IPC_PATH_MAX + 32];
        snprintf(log, sizeof log, "%s/supervisor.log", supervisor_paths(supervisor)->logs);
        redirect(STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND);
    }
    bool heard = write(waiter_fd, &report, sizeof report) == sizeof report;
    close(waiter_fd);
    if (!supervisor || !heard)
        return EXIT_FAILED;
    supervisor_run(supervisor);
    return EXIT_DONE;
}

static int start_detached(const arguments_t *arguments, int owner_fd)
{
    int ends[2];
    ipc_error_t error;
    if (pipe2(ends, O_CLOEXEC))
        return ipc_fail(&error, IPC_E_SYSTEM, "cannot make a pipe: %s", strerror(errno)),
               fail(&error);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return ipc_fail(&error, IPC_E_SYSTEM, "cannot start a process: %s",
                        strerror(errno)),
               fail(&error);
    close(ends[pid ? 1 : 0]);
    if (pid == 0)
        return run_detached(arguments, owner_fd, ends[1]);
    start_report_t report;
    ssize_t size;
    do size = read(ends[0], &report, sizeof report);
    while (size < 0 && errno == EINTR);
    if (size != sizeof report)
        return ipc_fail(&error, IPC_E_SYSTEM,
                        "the supervisor, pid %d, died while it started the cluster",
                        (int) pid),
               fail(&error);
    return show_start(arguments, &report);
}

//  A descriptor of the process that the cluster ends with, 0 if there is none; -1 with *error.
static int open_owner(const arguments_t *arguments, ipc_error_t *error)
{
    if (!arguments->owner)
        return 0;
    int descriptor = pidfd_open((pid_t) arguments->owner, 0);
    if (descriptor < 0)
        return ipc_fail(error, IPC_E_NAME, "cannot watch process %ld, which the cluster is for: %s",
                        arguments->owner, strerror(errno));
    return descriptor;
}

static void free_gpus(gpus_t **gpus)
{
    free(*gpus);
}

//  The devices of the engines. "auto" is content with none. 0, or -1 with *error.
static int find_devices(const arguments_t *arguments, gpus_t *devices, ipc_error_t *error)
{
    devices->count = 0;
    if (!arguments->gpus || !devices_find(arguments->gpus, devices, error))
        return 0;
    ipc_error_t cause = *error;
    if (strcmp(arguments->gpus, "auto") != 0)
        return ipc_fail(error, cause.code, "--gpus %s: %s", arguments->gpus, cause.text);
    fprintf(stderr, "ipcluster: warning: the engines start without GPUs: %s\n", error->text);
    devices->count = 0;
    return 0;
}

int run_start(const arguments_t *arguments)
{
    // What the caller left open, such as a lock or the other end of a pipe, must not stay
    // open with us.
    if (arguments->daemonize)
        close_range(STDERR_FILENO + 1, ~0U, 0);
    ipc_error_t error;
    arguments_t known = *arguments;
    ipc_auto(free_gpus) gpus_t *devices = ipc_xalloc(sizeof *devices);
    if (find_devices(arguments, devices, &error))
        return fail(&error);
    known.devices = devices;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (!known.engines)
        known.engines = devices->count > 0                 ? devices->count
                        : processors < 1                     ? 1
                        : processors > CLUSTER_ENGINES_MAX ? CLUSTER_ENGINES_MAX
                                                           : (size_t) processors;
    int owner_fd = open_owner(arguments, &error);
    if (owner_fd < 0)
        return fail(&error);
    return known.daemonize ? start_detached(&known, owner_fd)
                           : start_in_foreground(&known, owner_fd);
}
