//  ipcluster: starts, stops and shows clusters.
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/journal.h"
#include "common/silence.h"
#include "ipcluster.h"
#include "launch/devices.h"
#include "launch/log.h"
#include "tools/standard.h"
#include "tools/words.h"

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

// ---- stop and clean ---------------------------------------------------------------------

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

static int run_clean(const arguments_t *arguments)
{
    ipc_error_t error;
    size_t count = 0, journals = 0;
    if (cluster_clean(&count, &error) || (arguments->journals && ipc_journals_clean(&journals, &error)))
        return fail(&error);
    if (count == 0 && journals == 0)
        puts("nothing to clean");
    if (count > 0)
        printf("removed what %zu dead cluster%s left\n", count, count == 1 ? "" : "s");
    if (journals > 0)
        printf("removed %zu journal%s\n", journals, journals == 1 ? "" : "s");
    return EXIT_DONE;
}

// ---- the command line -------------------------------------------------------------------

static const command_t commands[] = {
    {"start", "ndoSwJAZEgpch", 0, run_start,
     "[-n N] [--daemonize]   start a controller and N engines (default: one for each CPU);\n"
     "                               --engines NAME: how they come to run: local, the default, or mpi\n"
     "                               (the ranks of one MPI world, see docs/mpi.md);\n"
     "                               --owner PID: stop when that process ends; --scheme NAME: which\n"
     "                               engine gets the next balanced task (leastload, lru, random,\n"
     "                               twobin, weighted); --hwm N: how many it may have at a time\n"
     "                               (1: one by one; 0, the default: by the pace that is measured);\n"
     "                               --suspect-after S, --lose-after S: an engine that does not answer\n"
     "                               for so many seconds gets no more work (" IPC_SUSPECT_AFTER "), its tasks end or\n"
     "                               run elsewhere (" IPC_LOSE_AFTER "; 0: never);\n"
     "                               --gpus auto: each engine owns one GPU, in turns if there are fewer;\n"
     "                               without -n one engine for each; also none, how many (2), or which\n"
     "                               (0,2 or 3, or names as of nvidia-smi -L);\n"
     "                               --journal[=TERMS]: keep the history of all tasks on disk; TERMS:\n"
     "                               " IPC_JOURNAL_TERMS_HELP},
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
    {"tasks", "seikLfXYtuFBlqjpch", 0, run_tasks,
     "[--json] [--sql SELECT]\n"
     "                               show the last tasks and those under way: by --state, --engine,\n"
     "                               --label, --since 10m and more, see 'ipcluster tasks --help'"},
    {"explain", "pch", 1, run_explain, "ID                   say why a task waits, or how it ended"},
    {"logs", "pch", 1, run_logs, "[ID|ipcd]               print what the processes wrote"},
    {"clean", "Dh", 0, run_clean, "[--journals]            remove what dead clusters left; their journals, too"},
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
    {"remove", required_argument, NULL, 'r'},  {"id", required_argument, NULL, 'i'},
    {"client", required_argument, NULL, 'k'},  {"not-label", required_argument, NULL, 'X'},
    {"not-function", required_argument, NULL, 'Y'},
    {"until", required_argument, NULL, 'u'},   {"submitted-from", required_argument, NULL, 'F'},
    {"submitted-before", required_argument, NULL, 'B'},
    {"sql", required_argument, NULL, 'q'},     {"scheme", required_argument, NULL, 'S'},
    {"hwm", required_argument, NULL, 'w'},     {"journal", optional_argument, NULL, 'J'},
    {"suspect-after", required_argument, NULL, 'A'},
    {"lose-after", required_argument, NULL, 'Z'},
    {"journals", no_argument, NULL, 'D'},      {"engines", required_argument, NULL, 'E'},
    {"gpus", required_argument, NULL, 'g'},
    {NULL, 0, NULL, 0},
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

static const command_t *find_command(const char *name)
{
    const command_t *nearest = &commands[0];
    for (size_t i = 0; i < COMMANDS; i++) {
        if (!strcmp(name, commands[i].name))
            return &commands[i];
        if (word_distance(name, commands[i].name) < word_distance(name, nearest->name))
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

static int read_scheme(arguments_t *arguments, const char *text)
{
    arguments->scheme = ipc_scheme_find(text);
    return arguments->scheme < IPC_SCHEMES ? 0
                                           : fail_usage("--scheme takes %s, not \"%s\"", IPC_SCHEME_NAMES, text);
}

static int read_hwm(arguments_t *arguments, const char *text)
{
    char *end;
    errno = 0;
    long count = strtol(text, &end, 10);
    if (errno || end == text || *end || count < 0 || count > IPC_HWM_MAX)
        return fail_usage("--hwm takes a number of tasks from 0 to %d, not \"%s\"", IPC_HWM_MAX, text);
    arguments->hwm = (uint32_t) count;
    return 0;
}

static int read_journal(arguments_t *arguments, const char *text)
{
    ipc_journal_terms_t terms;
    ipc_error_t error;
    arguments->journal = text ? text : "";
    return ipc_journal_terms_read(&terms, text, &error) ? fail_usage("%s", error.text) : 0;
}

static int read_gpus(arguments_t *arguments, const char *text)
{
    ipc_error_t error;
    arguments->gpus = text;
    return devices_check(text, &error) ? fail_usage("%s", error.text) : 0;
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

//  Names the option itself: what getopt_long() read last may be its value.
static int refuse_option(const command_t *command, int letter)
{
    const struct option *option = long_options;
    while (option->val != letter) option++;
    return fail_usage("'ipcluster %s' takes no %s%s", command->name, letter == 'n' ? "-" : "--", option->name);
}

//  Reads what follows the command; argv[0] is its name. 0, or EXIT_USAGE.
static int read_launcher(arguments_t *arguments, const char *text)
{
    arguments->launcher = launcher_find(text);
    return arguments->launcher ? 0 : fail_usage("--engines takes %s, not \"%s\"", LAUNCHER_NAMES, text);
}

//  What stands behind the options.
static int read_names(arguments_t *arguments, const command_t *command, int argc, char **argv)
{
    if (argc - optind > command->names_max)
        return fail_usage("'ipcluster %s' takes no \"%s\"", command->name, argv[optind + command->names_max]);
    for (int i = 0; i < NAMES_MAX; i++) arguments->names[i] = optind + i < argc ? argv[optind + i] : NULL;
    return 0;
}

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
            return refuse_option(command, letter);
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
        case 'S':
            if (read_scheme(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'w':
            if (read_hwm(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'o':
            if (read_owner(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'g':
            if (read_gpus(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'J':
            if (read_journal(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'A': arguments->suspect_after = optarg; break;
        case 'Z': arguments->lose_after = optarg; break;
        case 'D': arguments->journals = true; break;
        case 'E':
            if (read_launcher(arguments, optarg))
                return EXIT_USAGE;
            break;
        case 'h': *help = true; break;
        default: // of tasks
            if (read_task_option(arguments, letter, optarg))
                return EXIT_USAGE;
        }
    }
    return read_names(arguments, command, argc, argv);
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

//  The two go together.
static int check_silence(const arguments_t *arguments)
{
    ipc_silence_t silence;
    ipc_error_t error;
    if (!arguments->suspect_after && !arguments->lose_after)
        return 0;
    return ipc_silence_read(&silence, arguments->suspect_after, arguments->lose_after, &error)
               ? fail_usage("%s", error.text)
               : 0;
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
        return command->run == run_tasks ? puts(tasks_help), EXIT_DONE : show_help();
    int unusable = check_names(arguments);
    unusable = unusable ? unusable : check_silence(arguments);
    return unusable ? unusable : command->run(arguments);
}

int main(int argc, char **argv)
{
    arguments_t arguments = {.engines = 0};
    clock_gettime(CLOCK_MONOTONIC, &arguments.begin);
    standard_open();
    signal(SIGPIPE, SIG_IGN);
    return standard_close("", run(&arguments, argc, argv));
}
