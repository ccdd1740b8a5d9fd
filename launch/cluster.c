#include "launch/cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "launch/site.h"

extern char **environ;

enum {
    STOP_TIMEOUT_MS = 15 * 1000, // more than a supervisor gives its own children
    DIGITS = 12                  // of a cluster's directory, see ipc_paths_t
};

record_t *cluster_find(const char *profile, const char *cluster_id, ipc_error_t *error)
{
    ipc_paths_t paths;
    if (ipc_paths_find(&paths, profile, cluster_id, error))
        return NULL;
    ipc_error_t cause;
    record_t *record = record_read(paths.cluster_file, &cause);
    if (record && process_lives(&record->supervisor))
        return record;
    if (!record && cause.code != IPC_E_NAME)
        ipc_fail(error, cause.code, "%s", cause.text);
    else
        ipc_fail(error, IPC_E_BUSY,
                 "no cluster is running (profile %s, cluster id \"%s\"): start one with "
                 "'ipcluster start -n 4'",
                 paths.profile, paths.cluster_id);
    record_destroy(&record);
    return NULL;
}

//  Calls a function with the path of each directory of a cluster, or of one that was being
//  removed.
typedef void (*visit_fn)(void *context, const char *directory, bool removing);

static int visit_clusters(visit_fn visit, void *context, ipc_error_t *error)
{
    char root[IPC_PATH_MAX];
    if (ipc_paths_root(root, error))
        return -1;
    DIR *folder = opendir(root);
    if (!folder && errno == ENOENT)
        return 0;
    if (!folder)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot read %s: %s", root, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char path[2 * IPC_PATH_MAX + 2];
        if (strspn(entry->d_name, "0123456789abcdef") != DIGITS)
            continue;
        snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
        visit(context, path, entry->d_name[DIGITS] == '.');
    }
    closedir(folder);
    return 0;
}

static record_t *read_running(const char *directory)
{
    char path[3 * IPC_PATH_MAX];
    snprintf(path, sizeof path, "%s/cluster.json", directory);
    record_t *record = record_read(path, NULL);
    if (record && !process_lives(&record->supervisor))
        record_destroy(&record);
    return record;
}

static void list_one(void *context, const char *directory, bool removing)
{
    cluster_list_t *list = context;
    record_t *record = removing ? NULL : read_running(directory);
    if (!record)
        return;
    list->records =
        ipc_xrealloc(list->records, (list->count + 1) * sizeof list->records[0]);
    list->records[list->count++] = record;
}

static int compare_records(const void *a, const void *b)
{
    const record_t *x = *(record_t *const *) a, *y = *(record_t *const *) b;
    int order = strcmp(x->profile, y->profile);
    return order ? order : strcmp(x->cluster_id, y->cluster_id);
}

int cluster_list(cluster_list_t *list, ipc_error_t *error)
{
    cluster_list_t found = {.count = 0};
    if (visit_clusters(list_one, &found, error))
        return -1;
    if (found.count > 1)
        qsort(found.records, found.count, sizeof found.records[0], compare_records);
    *list = found;
    return 0;
}

void cluster_list_destroy(cluster_list_t *list)
{
    for (size_t i = 0; i < list->count; i++) record_destroy(&list->records[i]);
    free(list->records);
    *list = (cluster_list_t){.count = 0};
}

int cluster_stop(const record_t *record, ipc_error_t *error)
{
    bool ended = process_end(&record->supervisor, SIGTERM, STOP_TIMEOUT_MS);
    if (!ended && !process_kill(&record->supervisor))
        return ipc_fail(error, IPC_E_SYSTEM, "the supervisor, pid %d, cannot be killed",
                        (int) record->supervisor.pid);
    // A supervisor that ended as it should has left nothing; one that was killed has, and
    // this removes it.
    if (!access(record->directory, F_OK))
        site_clean(record->directory);
    return 0;
}

static void clean_one(void *context, const char *directory, bool removing)
{
    size_t *count = context;
    record_t *running = removing ? NULL : read_running(directory);
    if (running) {
        record_destroy(&running);
        return;
    }
    if (removing)
        ipc_remove_tree(directory);
    *count += removing || site_clean(directory);
}

int cluster_clean(size_t *count, ipc_error_t *error)
{
    size_t cleaned = 0;
    if (visit_clusters(clean_one, &cleaned, error))
        return -1;
    *count = cleaned;
    return 0;
}

//  Runs a program and gives its exit status, with what it wrote to stderr, cut to size; -1
//  when it cannot run.
static int run_program(const char *const *arguments, char *words, size_t size,
                       ipc_error_t *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make a pipe: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    pid_t pid = 0;
    int cause =
        posix_spawn(&pid, arguments[0], &actions, NULL, (char *const *) arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t used = 0;
    for (ssize_t got = 1; !cause && got != 0;) {
        char dropped[256];
        bool full = used + 1 >= size;
        got = read(ends[0], full ? dropped : words + used,
                   full ? sizeof dropped : size - 1 - used);
        if (got < 0 && errno != EINTR)
            break;
        used += full || got < 0 ? 0 : (size_t) got;
    }
    close(ends[0]);
    while (used > 0 && words[used - 1] == '\n') used--;
    words[used] = 0;
    if (cause)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot start %s: %s", arguments[0],
                        strerror(cause));
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int cluster_start(const char *profile, const char *cluster_id, size_t engines,
                  ipc_error_t *error)
{
    ipc_paths_t paths;
    char program[IPC_PATH_MAX], count[32], words[sizeof error->text];
    if (ipc_paths_find(&paths, profile, cluster_id, error) ||
        ipc_program_path("ipcluster", program, error))
        return -1;
    snprintf(count, sizeof count, "%zu", engines);
    const char *arguments[] = {
        program,       "start",        "--daemonize",    "-n", count, "--profile",
        paths.profile, "--cluster-id", paths.cluster_id, NULL};
    int status = run_program(arguments, words, sizeof words, error);
    if (status <= 0)
        return status;
    return ipc_fail(error, IPC_E_SYSTEM, "%s",
                    words[0] ? words : "ipcluster could not start a cluster");
}
