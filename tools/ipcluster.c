//  ipcluster: starts, stops and shows clusters.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "ipcluster.h"
#include "launch/log.h"
#include "launch/status.h"
#include "launch/supervisor.h"

typedef struct command {
    const char *name;
    const char *options; // the letters of those that it takes
    int names_max;       // how many words may follow
    int (*run)(const arguments_t *arguments);
    const char *help; // what stands behind its name in the help
} command_t;

int fail(const ipc_error_t *error)
{
    ipc_error_print(error, stderr);
    return EXIT_FAILED;
}

// ---- start ------------------------------------------------------------------------------

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

static int run_start(const arguments_t *arguments)
{
    // What the caller left open, such as a lock or the other end of a pipe, must not stay
    // open with us.
    if (arguments->daemonize)
        close_range(STDERR_FILENO + 1, ~0U, 0);
    ipc_error_t error;
    arguments_t known = *arguments;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (!known.engines)
        known.engines = processors < 1                     ? 1
                        : processors > CLUSTER_ENGINES_MAX ? CLUSTER_ENGINES_MAX
                                                           : (size_t) processors;
    int owner_fd = open_owner(arguments, &error);
    if (owner_fd < 0)
        return fail(&error);
    return known.daemonize ? start_detached(&known, owner_fd)
                           : start_in_foreground(&known, owner_fd);
}

// ---- the others -------------------------------------------------------------------------

static void show_stopped(const record_t *record)
{
    printf("stopped the cluster (profile %s, cluster id \"%s\", %zu engines)\n",
           record->profile, record->cluster_id, record_engines(record));
}

static int stop_all(void)
{
    ipc_error_t error;
    ipc_auto(cluster_list_destroy) cluster_list_t list = {.count = 0};
    if (cluster_list(&list, &error))
        return fail(&error);
    int result = EXIT_DONE;
    for (size_t i = 0; i < list.count; i++) {
        if (cluster_stop(list.records[i], &error))
            result = fail(&error);
        else
            show_stopped(list.records[i]);
    }
    if (list.count == 0)
        return ipc_fail(&error, IPC_E_BUSY, "no cluster is running"), fail(&error);
    return result;
}

static int run_stop(const arguments_t *arguments)
{
    if (arguments->all)
        return stop_all();
    ipc_error_t error;
    ipc_auto(record_destroy) record_t *record =
        cluster_find(arguments->profile, arguments->cluster_id, &error);
    if (!record || cluster_stop(record, &error))
        return fail(&error);
    show_stopped(record);
    return EXIT_DONE;
}

static void list_as_json(const cluster_list_t *list)
{
    json_t *json = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const record_t *record = list->records[i];
        json_array_append_new(
            json,
            json_pack("{s:s, s:s, s:i, s:I, s:s}", "profile", record->profile, "cluster_id",
                      record->cluster_id, "pid", (int) record->supervisor.pid, "engines",
                      (json_int_t) record_engines(record), "directory", record->directory));
    }
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static void list_as_text(const cluster_list_t *list)
{
    int profile_width = (int) strlen("profile"), id_width = (int) strlen("cluster id");
    for (size_t i = 0; i < list->count; i++) {
        int profile = (int) strlen(list->records[i]->profile);
        int id = (int) strlen(list->records[i]->cluster_id);
        profile_width = profile > profile_width ? profile : profile_width;
        id_width = id > id_width ? id : id_width;
    }
    printf("%-*s  %-*s  %7s  %7s  %s\n", profile_width, "profile", id_width, "cluster id",
           "pid", "engines", "directory");
    for (size_t i = 0; i < list->count; i++) {
        const record_t *record = list->records[i];
        printf("%-*s  %-*s  %7d  %7zu  %s\n", profile_width, record->profile, id_width,
               record->cluster_id[0] ? record->cluster_id : "\"\"",
               (int) record->supervisor.pid, record_engines(record), record->directory);
    }
}

static int run_list(const arguments_t *arguments)
{
    ipc_error_t error;
    ipc_auto(cluster_list_destroy) cluster_list_t list = {.count = 0};
    if (cluster_list(&list, &error))
        return fail(&error);
    if (arguments->json)
        list_as_json(&list);
    else if (list.count == 0)
        puts("no cluster is running");
    else
        list_as_text(&list);
    return EXIT_DONE;
}

static void status_as_json(const record_t *record, const ipc_queue_status_t *queues)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "profile", record->profile, "cluster_id",
                             record->cluster_id, "pid", (int) record->supervisor.pid, "directory",
                             record->directory);
    json_t *engines = json_array();
    for (size_t i = 0; i < record->engines; i++) {
        engine_status_t status = engine_status(record, i);
        const ipc_engine_queue_t *queue = queue_of_engine(queues, i);
        json_t *engine = json_pack("{s:I, s:i, s:s}", "id", (json_int_t) i, "pid", (int) status.worker, "state",
                                   status.state);
        if (queue)
            json_object_update_new(engine, json_pack("{s:I, s:I, s:I}", "queued", (json_int_t) queue->queued,
                                                     "running", (json_int_t) queue->running, "finished",
                                                     (json_int_t) queue->finished));
        if (record->nannies[i].pid)
            json_array_append_new(engines, engine);
        else
            json_decref(engine);
    }
    json_object_set_new(json, "engines", engines);
    json_object_set_new(json, "unassigned", queues ? json_integer((json_int_t) queues->unassigned) : json_null());
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

//  The rest of an engine's line.
static void show_queue(const ipc_engine_queue_t *queue)
{
    if (queue)
        printf(", %" PRIu64 " queued, %" PRIu64 " running, %" PRIu64 " finished", queue->queued, queue->running,
               queue->finished);
    putchar('\n');
}

static int run_status(const arguments_t *arguments)
{
    ipc_error_t error;
    ipc_auto(record_destroy) record_t *record =
        cluster_find(arguments->profile, arguments->cluster_id, &error);
    if (!record)
        return fail(&error);
    ipc_auto(ipc_queue_status_destroy) ipc_queue_status_t *queues = queues_of_cluster(arguments, &error);
    if (arguments->json)
        return status_as_json(record, queues), EXIT_DONE;
    printf("supervisor: pid %d, profile %s, cluster id \"%s\"\n",
           (int) record->supervisor.pid, record->profile, record->cluster_id);
    if (process_lives(&record->controller))
        printf("controller: pid %d, running\n", (int) record->controller.pid);
    else
        puts("controller: down");
    for (size_t i = 0; i < record->engines; i++) {
        engine_status_t status = engine_status(record, i);
        if (status.worker)
            printf("engine %zu: pid %d, %s", i, (int) status.worker, status.state);
        else if (record->nannies[i].pid)
            printf("engine %zu: %s", i, status.state);
        else
            continue;
        show_queue(queue_of_engine(queues, i));
    }
    if (queues)
        printf("tasks at no engine yet: %" PRIu64 "\n", queues->unassigned);
    else
        printf("queues are not known: %s\n", error.text);
    return EXIT_DONE;
}

static int show_log(const char *name, const char *path, bool titled, ipc_error_t *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return ipc_fail(error, IPC_E_NAME, "there is no log %s: %s", path, strerror(errno));
    if (titled)
        printf("==> %s <==\n", name);
    char bytes[4096];
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, file)) > 0;)
        fwrite(bytes, 1, size, stdout);
    fclose(file);
    return 0;
}

static int show_named_log(const record_t *record, const char *logs, const char *name,
                          ipc_error_t *error)
{
    char path[IPC_PATH_MAX], *end;
    unsigned long id = strtoul(name, &end, 10);
    bool number = name[0] >= '0' && name[0] <= '9' && !*end;
    if (number && id < record->engines)
        log_path(path, logs, (int) id);
    else if (!strcmp(name, "ipcd"))
        log_path(path, logs, -1);
    else
        return ipc_fail(error, IPC_E_NAME,
                        "there is no log of \"%s\": name ipcd, or an engine from 0 to %zu",
                        name, record->engines - 1);
    return show_log(name, path, false, error);
}

static int run_logs(const arguments_t *arguments)
{
    ipc_error_t error;
    ipc_paths_t paths;
    ipc_auto(record_destroy) record_t *record =
        cluster_find(arguments->profile, arguments->cluster_id, &error);
    if (!record || ipc_paths_find(&paths, record->profile, record->cluster_id, &error))
        return fail(&error);
    if (arguments->names[0])
        return show_named_log(record, paths.logs, arguments->names[0], &error) ? fail(&error)
                                                                           : EXIT_DONE;
    char path[IPC_PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/supervisor.log", paths.logs);
    show_log("supervisor", path, true,
             NULL); // there is none when it runs in the foreground
    for (int id = -1; id < (int) record->engines; id++) {
        char name[32] = "ipcd";
        if (id >= 0)
            snprintf(name, sizeof name, "engine %d", id);
        log_path(path, paths.logs, id);
        if (show_log(name, path, true, &error))
            fail(&error);
    }
    return EXIT_DONE;
}

static int run_clean(const arguments_t *arguments)
{
    (void) arguments;
    ipc_error_t error;
    size_t count = 0;
    if (cluster_clean(&count, &error))
        return fail(&error);
    if (count == 0)
        puts("nothing to clean");
    else
        printf("removed what %zu dead cluster%s left\n", count, count == 1 ? "" : "s");
    return EXIT_DONE;
}

// ---- the command line -------------------------------------------------------------------

static const command_t commands[] = {
    {"start", "ndopch", 0, run_start,
     "[-n N] [--daemonize]   start a controller and N engines (default: one for each CPU);\n"
     "                               --owner PID: stop when that process ends"},
    {"engines", "nrpch", 0, run_engines,
     "-n N | --remove ID   add N engines to a running cluster, or take one away"},
    {"restart", "pch", 1, run_restart,
     "[ID]                 end the engines, or one of them, and start them anew"},
    {"signal", "pch", 2, run_signal,
     "SIG [ID]              send a signal to the engines, or to one of them"},
    {"stop", "apch", 0, run_stop,
     "[--all]                 stop the cluster, or all of them"},
    {"list", "jh", 0, run_list, "[--json]                show the running clusters"},
    {"status", "jpch", 0, run_status, "[--json]              show the cluster's processes"},
    {"tasks", "seLftljpch", 0, run_tasks,
     "[--json]               show the last tasks and those under way; --limit N: as many\n"
     "                               (100); --state STATE: waiting, running, done, failed, aborted;\n"
     "                               --engine ID; --label, --function PATTERN; --since 10m"},
    {"explain", "pch", 1, run_explain, "ID                   say why a task waits, or how it ended"},
    {"logs", "pch", 1, run_logs, "[ID|ipcd]               print what the processes wrote"},
    {"clean", "h", 0, run_clean, "                       remove what dead clusters left"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct option long_options[] = {
    {"n", required_argument, NULL, 'n'},       {"daemonize", no_argument, NULL, 'd'},
    {"profile", required_argument, NULL, 'p'}, {"cluster-id", required_argument, NULL, 'c'},
    {"all", no_argument, NULL, 'a'},           {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},          {"owner", required_argument, NULL, 'o'},
    {"state", required_argument, NULL, 's'},   {"engine", required_argument, NULL, 'e'},
    {"label", required_argument, NULL, 'L'},   {"function", required_argument, NULL, 'f'},
    {"since", required_argument, NULL, 't'},   {"limit", required_argument, NULL, 'l'},
    {"remove", required_argument, NULL, 'r'},  {NULL, 0, NULL, 0},
};

static int show_help(void)
{
    puts("usage: ipcluster COMMAND [options]\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %s %s\n", commands[i].name, commands[i].help);
    puts(
        "\n"
        "all but list and clean take --profile NAME and --cluster-id NAME, so that\n"
        "many clusters can run beside each other; IPC_PROFILE and IPC_CLUSTER_ID in the\n"
        "environment do the same.\n"
        "--help shows this, --version the version.\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
    return EXIT_DONE;
}

int fail_usage(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputs(": see 'ipcluster --help'\n", stderr);
    return EXIT_USAGE;
}

//  How many letters must be put in, left out or changed to get from one word to the other.
static size_t distance(const char *from, const char *to)
{
    enum { LETTERS_MAX = 32 };
    size_t row[LETTERS_MAX + 1], width = strnlen(to, LETTERS_MAX);
    for (size_t k = 0; k <= width; k++) row[k] = k;
    for (size_t i = 0; from[i] && i < LETTERS_MAX; i++) {
        size_t diagonal = row[0]++;
        for (size_t k = 0; k < width; k++) {
            size_t change = diagonal + (from[i] != to[k]);
            diagonal = row[k + 1];
            size_t shift = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;
            row[k + 1] = change < shift ? change : shift;
        }
    }
    return row[width];
}

static const command_t *find_command(const char *name)
{
    const command_t *nearest = &commands[0];
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!strcmp(name, commands[i].name))
            return &commands[i];
        if (distance(name, commands[i].name) < distance(name, nearest->name))
            nearest = &commands[i];
    }
    fail_usage("there is no command \"%s\"; the nearest is \"%s\"", name, nearest->name);
    return NULL;
}

static int read_engines(arguments_t *arguments, const char *text)
{
    char *end;
    errno = 0;
    long count = strtol(text, &end, 10);
    if (errno || end == text || *end || count < 1 || count > CLUSTER_ENGINES_MAX)
        return fail_usage("-n takes a number of engines from 1 to %d, not \"%s\"",
                          CLUSTER_ENGINES_MAX, text);
    arguments->engines = (size_t) count;
    return 0;
}

static int read_owner(arguments_t *arguments, const char *text)
{
    char *end;
    errno = 0;
    long pid = strtol(text, &end, 10);
    if (errno || end == text || *end || pid < 1 || pid > INT_MAX)
        return fail_usage("--owner takes the pid of a process, not \"%s\"", text);
    arguments->owner = pid;
    return 0;
}

//  Reads what follows the command; argv[0] is its name. 0, or EXIT_USAGE.
static int read_arguments(arguments_t *arguments, const command_t *command, int argc,
                          char **argv, bool *help)
{
    opterr = 0;
    for (int letter;
         (letter = getopt_long(argc, argv, ":n:h", long_options, NULL)) != -1;) {
        if (letter == ':')
            return fail_usage("%s needs a value", argv[optind - 1]);
        if (letter == '?')
            return fail_usage("there is no option %s", argv[optind - 1]);
        if (!strchr(command->options, letter))
            return fail_usage("'ipcluster %s' takes no %s", command->name,
                              argv[optind - 1]);
        switch (letter) {
        case 'n':
            if (read_engines(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'd': arguments->daemonize = true; break;
        case 'p': arguments->profile = optarg; break;
        case 'c': arguments->cluster_id = optarg; break;
        case 'a': arguments->all = true; break;
        case 'j': arguments->json = true; break;
        case 'r': arguments->removed = optarg; break;
        case 's':
        case 'e':
        case 'L':
        case 'f':
        case 't':
        case 'l':
            if (read_task_option(arguments, letter, optarg))
                return EXIT_USAGE;
            break;
        case 'o':
            if (read_owner(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'h': *help = true; break;
        }
    }
    if (argc - optind > command->names_max)
        return fail_usage("'ipcluster %s' takes no \"%s\"", command->name,
                          argv[optind + command->names_max]);
    for (int i = 0; i < NAMES_MAX; i++)
        arguments->names[i] = optind + i < argc ? argv[optind + i] : NULL;
    return 0;
}

//  A name that cannot be is wrong usage, whatever the command.
static int check_names(const arguments_t *arguments)
{
    ipc_paths_t paths;
    ipc_error_t error;
    if (!ipc_paths_find(&paths, arguments->profile, arguments->cluster_id, &error))
        return 0;
    fail(&error);
    return error.code == IPC_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

static int run(arguments_t *arguments, int argc, char **argv)
{
    if (argc < 2)
        return fail_usage("no command is given");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return show_help();
    if (!strcmp(argv[1], "--version"))
        return puts("ipcluster " IPC_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
    if (argv[1][0] == '-')
        return fail_usage("the command comes first, before %s", argv[1]);
    const command_t *command = find_command(argv[1]);
    bool help = false;
    if (!command)
        return EXIT_USAGE;
    int wrong = read_arguments(arguments, command, argc - 1, argv + 1, &help);
    if (wrong)
        return wrong;
    if (help)
        return show_help();
    int unusable = check_names(arguments);
    return unusable ? unusable : command->run(arguments);
}

int main(int argc, char **argv)
{
    arguments_t arguments = {.engines = 0};
    clock_gettime(CLOCK_MONOTONIC, &arguments.begin);
    // Where standard streams are closed, no file or socket of ours must get their numbers.
    int null;
    do null = open("/dev/null", O_RDWR);
    while (null >= 0 && null <= STDERR_FILENO);
    close(null);
    signal(SIGPIPE, SIG_IGN);
    int result = run(&arguments, argc, argv);
    if (fflush(stdout) && result == EXIT_DONE) {
        fprintf(stderr, "cannot write to standard output: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return result;
}
