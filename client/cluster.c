//  Clusters from a program. The library asks `ipcluster` for everything, so that there is one place that knows how
//  clusters live, and programs carry nothing of it: a call is a process of some milliseconds.
#include "client/cluster.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"
#include "common/scheme.h"

extern char **environ;

enum { READY_MS = 30000, ENGINES_MAX = 1024, ARGUMENTS_MAX = 20, ARGUMENT_TEXT = 64, GPUS_TEXT = 1024 };

struct ipc_cluster {
    ipc_paths_t paths;
    char program[IPC_PATH_MAX];        // ipcluster
    char *answer;                      // of the last call
};

//  --- The program --------------------------------------------------------------------------------------------

static bool is_program(char path[IPC_PATH_MAX], const char *directory, const char *place)
{
    int length = snprintf(path, IPC_PATH_MAX, "%s/%s%sipcluster", directory, place, place[0] ? "/" : "");
    return length > 0 && length < IPC_PATH_MAX && !access(path, X_OK);
}

//  Beside the object that holds this library: as a build folder and an installation have it.
static bool find_beside_library(char path[IPC_PATH_MAX])
{
    static const char *const places[] = {"../bin", "../../bin", "../tools", ""};
    Dl_info object;
    char directory[IPC_PATH_MAX];
    if (!dladdr((const void *) &places, &object) || !object.dli_fname || !strchr(object.dli_fname, '/'))
        return false;
    ipc_text_copy(directory, sizeof directory, object.dli_fname);
    *strrchr(directory, '/') = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (is_program(path, directory, places[i]))
            return true;
    return false;
}

static bool find_in_path(char path[IPC_PATH_MAX])
{
    const char *variable = getenv("PATH");
    char *folders = ipc_xstrdup(variable ? variable : ""), *rest = NULL;
    bool found = false;
    for (char *folder = strtok_r(folders, ":", &rest); folder && !found; folder = strtok_r(NULL, ":", &rest))
        found = folder[0] == '/' && is_program(path, folder, ""); // nothing is taken from the current directory
    free(folders);
    return found;
}

static int find_program(char path[IPC_PATH_MAX], ipc_error_t *error)
{
    const char *first = getenv("IPC_PROGRAM_PATH");
    if ((first && first[0] && is_program(path, first, "")) || find_beside_library(path) ||
        !ipc_program_path("ipcluster", path, NULL) || find_in_path(path))
        return 0;
    return ipc_fail(error, IPC_E_NAME, "cannot find the program ipcluster, neither beside libipclient or this program "
                                       "nor in PATH: is the installation complete?");
}

//  --- One call of it ------------------------------------------------------------------------------------------

//  All that was written to a file in memory (given), without the ends of lines at its end.
static char *text_of(int file)
{
    struct stat status;
    size_t size = fstat(file, &status) ? 0 : (size_t) status.st_size;
    char *text = ipc_xalloc(size + 1);
    ssize_t got = pread(file, text, size, 0);
    text[got > 0 ? got : 0] = 0;
    for (char *end = text + strlen(text); end > text && end[-1] == '\n';) *--end = 0;
    return text;
}

//  As a program of ours starts: with no signal blocked or ignored because the caller does so.
static int spawn(pid_t *pid, const char *const arguments[], int out, int err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int cause = posix_spawn(pid, arguments[0], &actions, &attributes, (char *const *) (uintptr_t) arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return cause;
}

//  The exit status, -1 where somebody else in this process has taken it or children are not waited for.
static int wait_for(pid_t pid)
{
    int status = 0;
    pid_t ended;
    do ended = waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (ended < 0)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

//  Its words become the error, those of a usage error without the way to the help.
static int fail_with_words(const char *words, ipc_error_t *error)
{
    const char *help = strstr(words, ": see 'ipcluster --help'");
    int length = help ? (int) (help - words) : (int) strlen(words);
    int code = strstr(words, "runs already") || strstr(words, "no cluster is running") ||
                       strstr(words, "does not answer")
                   ? IPC_E_BUSY
                   : IPC_E_SYSTEM;
    if (length == 0)
        return ipc_fail(error, IPC_E_SYSTEM, "ipcluster failed without a word");
    return ipc_fail(error, code, "%.*s", length, words);
}

//  Runs ipcluster with these words (up to a NULL), for this cluster; keeps what it answered. 0, or -1 with *error.
static int call(ipc_cluster_t *self, ipc_error_t *error, const char *command, ...)
{
    const char *arguments[ARGUMENTS_MAX] = {self->program, command,           "--profile",
                                            self->paths.profile, "--cluster-id", self->paths.cluster_id};
    size_t count = 6;
    va_list words;
    va_start(words, command);
    while (count < ARGUMENTS_MAX - 1 && (arguments[count] = va_arg(words, const char *))) count++;
    va_end(words);
    int out = memfd_create("ipcluster", MFD_CLOEXEC), err = memfd_create("ipcluster", MFD_CLOEXEC);
    pid_t pid = 0;
    int rc = out < 0 || err < 0 ? errno : spawn(&pid, arguments, out, err);
    if (rc) {
        rc = ipc_fail(error, IPC_E_SYSTEM, "cannot start %s: %s", self->program, strerror(rc));
    } else {
        int status = wait_for(pid);
        char *complaint = text_of(err);
        free(self->answer);
        self->answer = text_of(out);
        bool failed = status < 0 ? complaint[0] != 0 : status > 0; // what was written tells as well
        rc = failed ? fail_with_words(complaint, error) : 0;
        free(complaint);
    }
    if (out >= 0)
        close(out);
    if (err >= 0)
        close(err);
    return rc;
}

//  --- Starting and stopping -----------------------------------------------------------------------------------

static ipc_cluster_t *cluster_new(const char *profile, const char *id, ipc_error_t *error)
{
    ipc_cluster_t *self = ipc_xalloc(sizeof *self);
    if (ipc_paths_find(&self->paths, profile, id, error) || find_program(self->program, error))
        ipc_cluster_destroy(&self);
    return self;
}

//  A name that no other cluster has.
static void make_id(char id[IPC_NAME_TEXT])
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = (uint64_t) (uintptr_t) &random;
    snprintf(id, IPC_NAME_TEXT, "p%d-%08llx", (int) getpid(), (unsigned long long) (random & 0xffffffff));
}

//  0, or -1 with *error: ARGUMENT.
static int check_options(const ipc_cluster_options_t *options, size_t engines, ipc_error_t *error)
{
    if (engines > ENGINES_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "a cluster has 1 to %d engines, not %zu", ENGINES_MAX, engines);
    if (options->scheme && ipc_scheme_find(options->scheme) == IPC_SCHEMES)
        return ipc_fail(error, IPC_E_ARGUMENT, "there is no scheme '%.40s': take %s", options->scheme,
                        IPC_SCHEME_NAMES);
    if (options->hwm > IPC_HWM_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "an engine may have 1 to %d tasks at a time, or 0 for as many as its pace asks for, not %u",
                        IPC_HWM_MAX, (unsigned) options->hwm);
    if (options->gpus && strlen(options->gpus) >= GPUS_TEXT - sizeof "--gpus=")
        return ipc_fail(error, IPC_E_ARGUMENT, "a list of GPUs has less than %d characters", GPUS_TEXT);
    if (options->journal && strlen(options->journal) >= ARGUMENT_TEXT - sizeof "--journal=")
        return ipc_fail(error, IPC_E_ARGUMENT, "'%.40s…' are no terms of a journal", options->journal);
    return 0;
}

//  Nobody would find it under a name that is made up: then it goes with the cluster.
static void write_journal(const ipc_cluster_options_t *options, char text[2 * ARGUMENT_TEXT])
{
    const char *terms = options->journal ? options->journal : "", *kept = options->id ? "" : "temporary";
    snprintf(text, 2 * ARGUMENT_TEXT, "--journal%s%s%s%s", terms[0] || kept[0] ? "=" : "", terms,
             terms[0] && kept[0] ? "," : "", kept);
}

ipc_cluster_t *ipc_cluster_start(const ipc_cluster_options_t *options, ipc_error_t *error)
{
    static const ipc_cluster_options_t defaults = {0};
    static const char nothing[] = "--daemonize"; // which says no more when it is said twice
    char id[IPC_NAME_TEXT], engines[ARGUMENT_TEXT], owner[ARGUMENT_TEXT], hwm[ARGUMENT_TEXT], gpus[GPUS_TEXT],
        journal[2 * ARGUMENT_TEXT];
    options = options ? options : &defaults;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = options->engines ? options->engines : processors > 0 ? (size_t) processors : 1;
    if (check_options(options, count, error))
        return NULL;
    make_id(id);
    ipc_cluster_t *self = cluster_new(options->profile, options->id ? options->id : id, error);
    if (!self)
        return NULL;
    snprintf(engines, sizeof engines, "-n%zu", count);
    snprintf(gpus, sizeof gpus, "--gpus=%s", options->gpus ? options->gpus : "");
    write_journal(options, journal);
    snprintf(owner, sizeof owner, "%d", (int) getpid());
    snprintf(hwm, sizeof hwm, "%u", (unsigned) options->hwm);
    const char *scheme = options->scheme ? options->scheme : ipc_scheme_name(IPC_SCHEME_LEASTLOAD);
    bool finds_engines = options->gpus && options->engines == 0;
    if (call(self, error, "start", "--daemonize", finds_engines ? nothing : engines, "--scheme", scheme, "--hwm", hwm,
             "--engines", options->launcher ? options->launcher : "local", options->gpus ? gpus : nothing,
             options->journal ? journal : nothing, options->detach ? NULL : "--owner", owner, NULL))
        ipc_cluster_destroy(&self);
    return self;
}

ipc_cluster_t *ipc_cluster_attach(const char *id, ipc_error_t *error)
{
    ipc_cluster_t *self = cluster_new(NULL, id, error);
    if (self && call(self, error, "status", NULL))
        ipc_cluster_destroy(&self);
    return self;
}

int ipc_cluster_stop(ipc_cluster_t **self_p)
{
    if (!self_p || !*self_p)
        return 0;
    int rc = call(*self_p, NULL, "stop", NULL);
    ipc_cluster_destroy(self_p);
    return rc;
}

void ipc_cluster_destroy(ipc_cluster_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free((*self_p)->answer);
    free(*self_p);
    *self_p = NULL;
}

//  --- While it runs ---------------------------------------------------------------------------------------------

const char *ipc_cluster_id(const ipc_cluster_t *self)
{
    return self->paths.cluster_id;
}

const char *ipc_cluster_connection(const ipc_cluster_t *self)
{
    return self->paths.client_file;
}

ipc_client_t *ipc_cluster_client(ipc_cluster_t *self, ipc_error_t *error)
{
    if (call(self, error, "status", "--json", NULL))
        return NULL;
    json_t *status = json_loads(self->answer, 0, NULL);
    size_t engines = json_array_size(json_object_get(status, "engines"));
    json_decref(status);
    ipc_client_t *client = ipc_client_new(self->paths.client_file, error);
    if (client && ipc_client_wait(client, engines, READY_MS, error))
        ipc_client_destroy(&client);
    return client;
}

int ipc_cluster_add(ipc_cluster_t *self, size_t engines, ipc_error_t *error)
{
    char count[ARGUMENT_TEXT];
    snprintf(count, sizeof count, "%zu", engines);
    if (engines < 1 || engines > ENGINES_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "1 to %d engines can be added at once, not %zu", ENGINES_MAX, engines);
    return call(self, error, "engines", "-n", count, NULL);
}

int ipc_cluster_remove(ipc_cluster_t *self, int engine, ipc_error_t *error)
{
    char id[ARGUMENT_TEXT];
    snprintf(id, sizeof id, "%d", engine);
    if (engine < 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "an engine's id is not negative, as %d is", engine);
    return call(self, error, "engines", "--remove", id, NULL);
}

//  The id as a word, NULL for -1, which means all.
static int word_of(int engine, char id[ARGUMENT_TEXT], const char **word, ipc_error_t *error)
{
    snprintf(id, ARGUMENT_TEXT, "%d", engine);
    *word = engine < 0 ? NULL : id;
    return engine < -1 ? ipc_fail(error, IPC_E_ARGUMENT, "an engine's id, or -1 for all, is asked for, not %d", engine)
                       : 0;
}

int ipc_cluster_restart(ipc_cluster_t *self, int engine, ipc_error_t *error)
{
    char id[ARGUMENT_TEXT];
    const char *word;
    return word_of(engine, id, &word, error) ? -1 : call(self, error, "restart", word, NULL);
}

int ipc_cluster_signal(ipc_cluster_t *self, int engine, int signal, ipc_error_t *error)
{
    char id[ARGUMENT_TEXT], number[ARGUMENT_TEXT];
    const char *word;
    snprintf(number, sizeof number, "%d", signal);
    if (signal < 1 || signal >= NSIG)
        return ipc_fail(error, IPC_E_ARGUMENT, "there is no signal %d", signal);
    return word_of(engine, id, &word, error) ? -1 : call(self, error, "signal", number, word, NULL);
}

const char *ipc_cluster_log(ipc_cluster_t *self, int engine, ipc_error_t *error)
{
    char id[ARGUMENT_TEXT];
    const char *word;
    if (word_of(engine, id, &word, error) || call(self, error, "logs", word ? word : "ipcd", NULL))
        return NULL;
    return self->answer;
}
