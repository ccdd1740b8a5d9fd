//  ipcbench: every figure that the design has a budget for, measured in one run beside what
//  stands for the least that it could be. Each section runs in a process of its own, so
//  that one that crashes or hangs costs its own figures only.
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/process.h"
#include "common/fail.h"

typedef struct section {
    const char *name;
    section_fn run;
    bool cluster; // needs a running one
    int limit_s;  // longer, and it is ended
    bool named;   // only when it is asked for
} section_t;

static const section_t sections[] = {
    {.name = "start", section_start, false, .limit_s = 60},
    {.name = "memory", section_memory, true, .limit_s = 30},
    {.name = "calls", section_calls, true, .limit_s = 60},
    {.name = "tasks", section_tasks, true, .limit_s = 90},
    {.name = "queue", section_queue, true, .limit_s = 60},
    {.name = "arrays", section_arrays, true, .limit_s = 120},
    {.name = "sleep", section_sleep, true, .limit_s = 60},
    {.name = "cells", section_cells, true, .limit_s = 60},
    {.name = "heat", section_heat, true, .limit_s = 60},
    {.name = "random", section_random, true, .limit_s = 60},
    {.name = "linalg", section_linalg, true, .limit_s = 60},
    {.name = "mpi", section_mpi, false, .limit_s = 120},
    {.name = "cuda", section_cuda, true, .limit_s = 120},
    {.name = "journal", section_journal, false, .limit_s = 120},
    {.name = "balance", section_balance, true, .limit_s = 120},
    {.name = "many", section_many, false, .limit_s = 90},
    {.name = "soak", section_soak, true, .limit_s = 4000, .named = true},
};

enum { SECTIONS = sizeof sections / sizeof *sections };

//  A run of the program.
typedef struct run {
    bench_t bench;
    bool wanted[SECTIONS];
    bool cluster_runs;
    int signals; // SIGINT, SIGTERM as a descriptor
} run_t;

static void usage(FILE *stream)
{
    fputs("usage: ipcbench [--only SECTION]... [--raw] [--slow]\n"
          "  --only SECTION   this one only; may be given several times:",
          stream);
    for (int i = 0; i < SECTIONS; i++) fprintf(stream, " %s", sections[i].name);
    fputs(
        "\n                   (soak, of 600 s or IPC_SOAK_SECONDS, runs only when it is named)\n"
        "  --raw            the baselines alone, without a cluster\n"
        "  --slow           also what takes many seconds: exercise 4 on a direct view\n"
        "  --help, --version\n"
        "A cluster of its own is started and stopped, by the ipcluster of the same build or\n"
        "installation, or of the folder that IPC_PROGRAM_PATH names.\n",
        stream);
}

static int want(run_t *self, const char *name)
{
    for (int i = 0; i < SECTIONS; i++)
        if (!strcmp(sections[i].name, name)) {
            self->wanted[i] = true;
            return 0;
        }
    fprintf(stderr, "ipcbench: there is no section %s\n", name);
    usage(stderr);
    return -1;
}

//  Reads the options. -1: go on; else the exit code.
static int read_options(run_t *self, int argc, char **argv)
{
    static const struct option options[] = {
        {"only", required_argument, NULL, 'o'}, {"raw", no_argument, NULL, 'r'},
        {"slow", no_argument, NULL, 's'},       {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},    {0}};
    bool chosen = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h')
            return usage(stdout), 0;
        if (option == 'v')
            return puts("ipcbench " IPC_VERSION), 0;
        if (option == 's')
            self->bench.slow = true;
        else if (option == 'r')
            self->bench.raw = true;
        else if (option != 'o' || want(self, optarg))
            return 2;
        chosen = chosen || option == 'o';
    }
    if (optind < argc)
        return fprintf(stderr, "ipcbench: %s is no option\n", argv[optind]), 2;
    for (int i = 0; i < SECTIONS && !chosen; i++) self->wanted[i] = !sections[i].named;
    return -1;
}

//  A short private directory, since socket paths are short, and what the sections share.
static int prepare(run_t *self, ipc_error_t *error)
{
    bench_t *bench = &self->bench;
    snprintf(bench->directory, sizeof bench->directory, "/tmp/ipcb.XXXXXX");
    if (!mkdtemp(bench->directory)) {
        bench->directory[0] = 0;
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make a directory in /tmp: %s",
                        strerror(errno));
    }
    bench->tally = mmap(NULL, sizeof *bench->tally, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bench->tally == MAP_FAILED)
        return ipc_fail(error, IPC_E_SYSTEM, "no shared memory: %s", strerror(errno));
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    self->signals = signalfd(-1, &ends, SFD_CLOEXEC);
    return cluster_choose(bench, error);
}

static void unblock_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void print_failure(run_t *self, const char *text)
{
    self->bench.tally->failed++;
    bench_note("FAILED: %s", text);
}

//  The section's own process. It ends without running exit handlers of the parent's.
static void run_child(const run_t *self, const section_t *section, pid_t parent)
{
    process_die_with_parent(parent);
    unblock_signals();
    ipc_error_t error = {.text = "for no reason that it gave"};
    int failed = section->run(&self->bench, &error);
    if (failed) {
        self->bench.tally->failed++;
        bench_note("FAILED: %s", error.text);
    }
    fflush(stdout);
    _exit(failed ? 1 : 0);
}

//  Waits for the section's end, its deadline or a signal to all. 0: it ended by itself, and
//  well.
static int watch_child(run_t *self, const section_t *section, pid_t child,
                       bool *interrupted)
{
    int watched = pidfd_open(child, 0);
    struct pollfd wanted[] = {{.fd = watched, .events = POLLIN},
                              {.fd = self->signals, .events = POLLIN}};
    int ready = poll(wanted, 2, 1000 * section->limit_s);
    close(watched);
    *interrupted = ready > 0 && wanted[1].revents;
    if (!ready || *interrupted)
        kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    char text[80];
    if (!ready || *interrupted) {
        snprintf(text, sizeof text, *interrupted ? "interrupted" : "not done after %d s",
                 section->limit_s);
        print_failure(self, text);
        return -1;
    }
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "the section was ended by %s",
                 strsignal(WTERMSIG(status)));
        print_failure(self, text);
    }
    return status ? -1 : 0;
}

static int stop_cluster(run_t *self, ipc_error_t *error)
{
    if (!self->cluster_runs)
        return 0;
    self->cluster_runs = false;
    return cluster_stop(&self->bench, error);
}

//  Runs a section. 0 to go on with the next one.
static int run_section(run_t *self, const section_t *section)
{
    ipc_error_t error;
    if (section->cluster && !self->bench.raw && !self->cluster_runs) {
        self->cluster_runs = true; // what a failed start leaves is stopped too
        if (cluster_start(&self->bench, &error)) {
            bench_heading(section->name);
            print_failure(self, error.text);
            stop_cluster(self, NULL);
            return 0;
        }
    }
    fflush(stdout);
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        return perror("ipcbench: fork"), -1;
    if (!child)
        run_child(self, section, parent);
    bool interrupted;
    // What a failed section left in the cluster must not be measured by the next one.
    if (watch_child(self, section, child, &interrupted) && stop_cluster(self, &error))
        bench_note("and the cluster could not be stopped: %s", error.text);
    return interrupted ? -1 : 0;
}

static void print_machine(void)
{
    char model[128] = "unknown", line[256], load[64] = "";
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %127[^\n]", model) == 1)
            break;
    if (file)
        fclose(file);
    file = fopen("/proc/loadavg", "re");
    if (file && !fgets(load, sizeof load, file))
        load[0] = 0;
    if (file)
        fclose(file);
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    printf("ipcbench %s, %s, %ld cores, libzmq %d.%d.%d; load before: %.14s\n", IPC_VERSION,
           model, sysconf(_SC_NPROCESSORS_ONLN), major, minor, patch, load);
}

//  Ends what is left and removes all files.
static void clean_up(run_t *self)
{
    ipc_error_t error;
    if (stop_cluster(self, &error))
        print_failure(self, error.text);
    size_t left = self->bench.directory[0] ? cluster_kill(&self->bench) : 0;
    if (left)
        bench_note("%zu processes of the cluster had to be killed", left);
    if (self->bench.directory[0])
        ipc_remove_tree(self->bench.directory);
}

int main(int argc, char **argv)
{
    run_t self = {0};
    ipc_error_t error;
    int code = read_options(&self, argc, argv);
    if (code >= 0)
        return code;
    if (prepare(&self, &error)) {
        ipc_error_print(&error, stderr);
        clean_up(&self);
        return 1;
    }
    print_machine();
    double start = bench_now();
    for (int i = 0; i < SECTIONS; i++)
        if (self.wanted[i] && run_section(&self, &sections[i]))
            break;
    clean_up(&self);
    const tally_t *tally = self.bench.tally;
    printf("\n%u budgets met, %u within 2.5 times, %u missed by more, %u sections failed; "
           "%.0f s\n",
           tally->met, tally->near, tally->missed, tally->failed, bench_now() - start);
    return tally->failed ? 1 : 0;
}
