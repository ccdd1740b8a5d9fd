#include "bench/cluster.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/process.h"
#include "common/fail.h"

enum { ENVIRONMENT_MAX = 64 * 1024 };

int cluster_choose(const bench_t *bench, ipc_error_t *error)
{
    unsetenv("IPC_CONNECTION_FILE");
    unsetenv("IPC_PROFILE");
    if (setenv("XDG_RUNTIME_DIR", bench->directory, 1) ||
        setenv("IPC_CLUSTER_ID", "bench", 1))
        return ipc_fail(error, IPC_E_SYSTEM, "no memory for the environment");
    return 0;
}

int cluster_program(char path[IPC_PATH_MAX], ipc_error_t *error)
{
    const char *folder = getenv("IPC_PROGRAM_PATH");
    if (!folder)
        return ipc_program_path("ipcluster", path, error);
    if (snprintf(path, IPC_PATH_MAX, "%s/ipcluster", folder) >= IPC_PATH_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "IPC_PROGRAM_PATH is too long");
    return 0;
}

static int run_ipcluster(const bench_t *bench, char *const arguments[], ipc_error_t *error)
{
    char log[IPC_PATH_MAX + 16];
    snprintf(log, sizeof log, "%s/ipcluster.log", bench->directory);
    return process_run(arguments, log, BENCH_WAIT_MS, error);
}

int cluster_start(const bench_t *bench, ipc_error_t *error)
{
    char path[IPC_PATH_MAX], engines[16];
    if (cluster_program(path, error))
        return -1;
    snprintf(engines, sizeof engines, "%d", BENCH_ENGINES);
    return run_ipcluster(
        bench, (char *[]){path, "start", "-n", engines, "--daemonize", NULL}, error);
}

int cluster_stop(const bench_t *bench, ipc_error_t *error)
{
    char path[IPC_PATH_MAX];
    if (cluster_program(path, error))
        return -1;
    return run_ipcluster(bench, (char *[]){path, "stop", NULL}, error);
}

//  The name of the program that a process runs; "" when it has gone or is not ours.
static void program_of(const char *pid, char *program, size_t size)
{
    char path[64], target[IPC_PATH_MAX];
    snprintf(path, sizeof path, "/proc/%.16s/exe", pid);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = 0;
    const char *slash = strrchr(target, '/');
    ipc_text_copy(program, size, slash ? slash + 1 : target);
}

//  Whether a process was started with this line in its environment.
static bool has_in_environment(const char *pid, const char *line)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.16s/environ", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    char *text = ipc_xalloc(ENVIRONMENT_MAX + 1);
    ssize_t size = 0, got;
    while ((got = read(file, text + size, (size_t) (ENVIRONMENT_MAX - size))) > 0)
        size += got;
    close(file);
    bool found = false;
    for (ssize_t at = 0; at < size && !found; at += (ssize_t) strlen(text + at) + 1)
        found = !strcmp(text + at, line);
    free(text);
    return found;
}

static bool is_member(const char *program)
{
    static const char *const programs[] = {"ipcluster", "ipcd", "ipengine",
                                           "ipengine-worker"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (!strcmp(program, programs[i]))
            return true;
    return false;
}

size_t cluster_members(const bench_t *bench, member_t *members, size_t room)
{
    char line[IPC_PATH_MAX + 32];
    snprintf(line, sizeof line, "XDG_RUNTIME_DIR=%s", bench->directory);
    DIR *processes = opendir("/proc");
    size_t count = 0;
    for (struct dirent *entry; processes && count < room && (entry = readdir(processes));) {
        member_t *member = &members[count];
        member->pid = (pid_t) strtol(entry->d_name, NULL, 10);
        program_of(entry->d_name, member->program, sizeof member->program);
        if (member->pid > 0 && is_member(member->program) &&
            has_in_environment(entry->d_name, line))
            count++;
    }
    if (processes)
        closedir(processes);
    return count;
}

size_t cluster_kill(const bench_t *bench)
{
    member_t members[CLUSTER_MEMBERS_MAX];
    size_t count = cluster_members(bench, members, CLUSTER_MEMBERS_MAX);
    // Those that start others again go first.
    for (size_t i = 0; i < count; i++)
        if (!strcmp(members[i].program, "ipcluster"))
            kill(members[i].pid, SIGKILL);
    for (size_t i = 0; i < count; i++) kill(members[i].pid, SIGKILL);
    return count;
}
