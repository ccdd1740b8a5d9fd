//  The compiler as a process.
#include "engine/compiler_body.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"

//  The environment of a compiler: its words are plain ASCII.
static char **environment_new(void)
{
    size_t count = 0;
    while (environ[count]) count++;
    char **copy = ipc_xalloc((count + 2) * sizeof copy[0]);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0 && strncmp(environ[i], "LD_PRELOAD=", 11) != 0)
            copy[kept++] = environ[i];
    copy[kept] = "LC_ALL=C";
    return copy;
}

int compiler_run(const words_t *arguments, const char *directory, const char *output, int kept_fd, ipc_error_t *error)
{
    posix_spawn_file_actions_t actions;
    char **environment = environment_new();
    pid_t pid;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (kept_fd >= 0)
        posix_spawn_file_actions_adddup2(&actions, kept_fd, COMPILER_KEPT_FD);
    posix_spawn_file_actions_addchdir_np(&actions, directory);
    int rc = posix_spawnp(&pid, arguments->texts[0], &actions, NULL, arguments->texts, environment);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    if (rc)
        return ipc_fail(error, IPC_E_SYSTEM,
                        "executed source needs a C compiler, and this engine's host has none that can be run as '%s' "
                        "(%s)", arguments->texts[0], strerror(rc));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

//  What else decides what comes out on a host whose user has one home on several: processor, C library and its headers.
static char *describe_host(void)
{
    struct utsname names = {.machine = ""};
    struct stat header = {.st_size = 0};
    uname(&names);
    stat("/usr/include/stdio.h", &header);
    return ipc_xformat("%s, glibc %s, %" PRId64 " %" PRId64, names.machine, gnu_get_libc_version(),
                       (int64_t) header.st_mtime, (int64_t) header.st_size);
}

int compiler_ask_version(compiler_t *self, ipc_error_t *error)
{
    char output[FILE_PATH], name[32];
    if (self->version[0])
        return 0;
    if (compiler_make_directory(self->directory, error))
        return -1;
    snprintf(name, sizeof name, "version.%d", (int) getpid());
    compiler_join(output, self->directory, name);
    words_t arguments = {0};
    words_add_all(&arguments, (const char *const[]){self->program, "--version", NULL});
    int rc = compiler_run(&arguments, "/", output, -1, error);
    words_free(&arguments);
    char *said = rc >= 0 ? compiler_read(output) : NULL;
    unlink(output);
    if (!said)
        return rc < 0 ? -1 : ipc_fail(error, IPC_E_SYSTEM, "cannot read %s", output);
    char *host = describe_host();
    char *version = ipc_xformat("%s%s", said, host);
    compiler_set_version(self, version);
    self->is_clang = strstr(said, "clang") != NULL;
    free(version);
    free(host);
    free(said);
    return 0;
}
