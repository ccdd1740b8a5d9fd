#include "engine/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/prelude.h"

enum { HASH_SIZE = 32, HASH_TEXT = 2 * HASH_SIZE + 1, ARGUMENTS = 40, FILE_PATH = COMPILER_PATH + 128 };

struct compiler {
    const char *directory;
    const char *program;               // "cc", or what IPC_CC names
    char *version;                     // what it says of itself; NULL: not yet asked
    bool is_clang;
    char prelude[COMPILER_PATH];       // where prelude.h is; empty: not yet there
};

//  No -w: it would take back each -Werror.
static const char *const flags[] = {
    "-std=gnu17", "-O1", "-g", "-pipe", "-fPIC", "-fvisibility=hidden", "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls", "-fdiagnostics-color=never", "-ftabstop=1",
    "-Werror=implicit-function-declaration", "-Werror=int-conversion", "-Werror=incompatible-pointer-types",
    "-Werror=implicit-int", NULL,
};

compiler_t *compiler_new(const char *directory)
{
    compiler_t *self = ipc_xalloc(sizeof *self);
    self->directory = directory;
    const char *named = getenv("IPC_CC");
    self->program = named && named[0] ? named : "cc";
    return self;
}

void compiler_destroy(compiler_t **self_p)
{
    compiler_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free(self->version);
    free(self);
}

//  --- Files ---------------------------------------------------------------------------------------------------

//  The path of a file in a directory.
static const char *join(char path[FILE_PATH], const char *directory, const char *name)
{
    snprintf(path, FILE_PATH, "%.*s/%.100s", COMPILER_PATH, directory, name);
    return path;
}

static int write_file(const char *path, const char *text, ipc_error_t *error)
{
    FILE *file = fopen(path, "we");
    bool fine = file && fputs(text, file) >= 0;
    if ((file && fclose(file)) || !fine)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    return 0;
}

//  The file's text, NULL if it cannot be read; free() it.
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    if (file && getdelim(&text, &(size_t){0}, 0, file) < 0) {
        free(text);
        text = ipc_xstrdup("");
    }
    if (file)
        fclose(file);
    return text;
}

static int make_directory(const char *path, ipc_error_t *error)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    return 0;
}

//  Waits until no other engine makes what has this name. Gives a descriptor to be closed, or -1 with *error.
static int lock(const compiler_t *self, const char *name, ipc_error_t *error)
{
    char path[COMPILER_PATH];
    snprintf(path, sizeof path, "%s/%s.lock", self->directory, name);
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600), rc = -1;
    while (fd >= 0 && (rc = flock(fd, LOCK_EX)) && errno == EINTR) continue;
    if (fd < 0 || rc) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot lock %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static void add_text(crypto_generichash_state *hash, const char *text)
{
    crypto_generichash_update(hash, (const unsigned char *) text, strlen(text) + 1);
}

//  Of texts, the last one NULL, with the compiler's version and our flags.
static void hash_of(const compiler_t *self, const char *const texts[], char hex[HASH_TEXT])
{
    crypto_generichash_state hash;
    unsigned char bytes[HASH_SIZE];
    crypto_generichash_init(&hash, NULL, 0, HASH_SIZE);
    add_text(&hash, self->version);
    for (size_t i = 0; flags[i]; i++) add_text(&hash, flags[i]);
    for (size_t i = 0; texts[i]; i++) add_text(&hash, texts[i]);
    crypto_generichash_final(&hash, bytes, HASH_SIZE);
    sodium_bin2hex(hex, HASH_TEXT, bytes, HASH_SIZE);
}

//  --- The compiler --------------------------------------------------------------------------------------------

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

//  Runs the compiler in a directory, with what it says in a file. Gives its exit code, or -1 with *error.
static int run(const compiler_t *self, const char *const arguments[], const char *directory, const char *output,
               ipc_error_t *error)
{
    posix_spawn_file_actions_t actions;
    char **environment = environment_new();
    pid_t pid;
    int status = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, directory);
    int rc = posix_spawnp(&pid, self->program, &actions, NULL, (char *const *) arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    if (rc)
        return ipc_fail(error, IPC_E_SYSTEM,
                        "executed source needs a C compiler, and this engine's host has none that can be run as '%s' "
                        "(%s)", self->program, strerror(rc));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int ask_version(compiler_t *self, ipc_error_t *error)
{
    char output[COMPILER_PATH];
    if (self->version)
        return 0;
    if (make_directory(self->directory, error))
        return -1;
    snprintf(output, sizeof output, "%s/version.%d", self->directory, (int) getpid());
    int rc = run(self, (const char *[]){self->program, "--version", NULL}, "/", output, error);
    self->version = rc >= 0 ? read_file(output) : NULL;
    unlink(output);
    if (!self->version)
        return rc < 0 ? -1 : ipc_fail(error, IPC_E_SYSTEM, "cannot read %s", output);
    self->is_clang = strstr(self->version, "clang") != NULL;
    return 0;
}

//  Writes the prelude's files, and compiles them once for all where that is of use.
static int fill_prelude(const compiler_t *self, const char *directory, ipc_error_t *error)
{
    char path[FILE_PATH], output[FILE_PATH];
    for (size_t i = 0; i < prelude_count; i++) {
        join(path, directory, prelude_files[i].name);
        char *slash = strrchr(path, '/');
        *slash = 0;
        if (make_directory(path, error))
            return -1;
        *slash = '/';
        if (write_file(path, prelude_files[i].text, error))
            return -1;
    }
    if (self->is_clang)
        return 0;
    const char *arguments[ARGUMENTS] = {self->program};
    size_t count = 1;
    for (size_t i = 0; flags[i]; i++) arguments[count++] = flags[i];
    const char *const rest[] = {"-I.", "-x", "c-header", "prelude.h", "-o", "prelude.h.gch", NULL};
    for (size_t i = 0; rest[i]; i++) arguments[count++] = rest[i];
    join(output, directory, "words");
    if (run(self, arguments, directory, output, error) < 0)
        return -1;
    return 0; // without it cells take longer
}

//  Finds or makes the directory of the prelude.
static int find_prelude(compiler_t *self, ipc_error_t *error)
{
    const char *texts[16] = {"prelude"};
    char hash[HASH_TEXT], made[COMPILER_PATH];
    if (self->prelude[0])
        return 0;
    if (ask_version(self, error))
        return -1;
    for (size_t i = 0; i < prelude_count; i++) texts[i + 1] = prelude_files[i].text;
    hash_of(self, texts, hash);
    int fd = lock(self, hash, error), rc = 0;
    if (fd < 0)
        return -1;
    snprintf(self->prelude, sizeof self->prelude, "%s/%s", self->directory, hash);
    if (access(self->prelude, F_OK)) {
        snprintf(made, sizeof made, "%s/%s.%d", self->directory, hash, (int) getpid());
        rc = make_directory(made, error) || fill_prelude(self, made, error) ? -1 : 0;
        if (!rc && rename(made, self->prelude))
            rc = ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", self->prelude, strerror(errno));
        if (rc)
            ipc_remove_tree(made);
    }
    if (rc)
        self->prelude[0] = 0;
    close(fd);
    return rc;
}

//  --- A unit --------------------------------------------------------------------------------------------------

//  Compiles in a directory of its own. 0: unit.so is there; 1: words says why not.
static int compile(const compiler_t *self, const compiler_job_t *job, const char *directory, ipc_error_t *error)
{
    char path[FILE_PATH], include[FILE_PATH];
    join(path, directory, "unit.c");
    if (write_file(path, job->unit, error))
        return -1;
    const char *arguments[ARGUMENTS] = {self->program};
    size_t count = 1;
    for (size_t i = 0; flags[i]; i++) arguments[count++] = flags[i];
    snprintf(include, sizeof include, "-I%s", self->prelude);
    if (!self->is_clang)
        arguments[count++] = "-ftrack-macro-expansion=0";
    const char *const rest[] = {include, "-shared", "-Wl,-Bsymbolic", "-nostdlib", "unit.c", "-lm", "-lc", "-lgcc", "-o",
                                "unit.so", NULL};
    for (size_t i = 0; rest[i]; i++) arguments[count++] = rest[i];
    join(path, directory, "words");
    int rc = run(self, arguments, directory, path, error);
    return rc < 0 ? -1 : rc > 0;
}

//  What was said on this occasion, if it was another engine that compiled: NULL if none did.
static char *words_of(const char *path, const char *occasion)
{
    char *text = read_file(path);
    size_t size = strlen(occasion);
    bool same = text && strncmp(text, occasion, size) == 0 && text[size] == '\n';
    char *words = same ? ipc_xstrdup(text + size + 1) : NULL;
    free(text);
    return words;
}

//  With its lock: compiles, and puts in place what came of it.
static int build(const compiler_t *self, const compiler_job_t *job, const char *path, const char *words_path,
                 char **words, ipc_error_t *error)
{
    char directory[COMPILER_PATH], made[FILE_PATH];
    snprintf(directory, sizeof directory, "%s/unit.%d", self->directory, (int) getpid());
    if (make_directory(directory, error))
        return -1;
    int rc = compile(self, job, directory, error);
    join(made, directory, "unit.so");
    if (rc == 0 && rename(made, path))
        rc = ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    if (rc > 0) {
        join(made, directory, "words");
        *words = read_file(made);
        *words = *words ? *words : ipc_xstrdup("");
        char *kept = ipc_xformat("%s\n%s", job->occasion, *words);
        write_file(words_path, kept, NULL); // else the others compile too
        free(kept);
    }
    ipc_remove_tree(directory);
    return rc ? -1 : 0;
}

int compiler_build(compiler_t *self, const compiler_job_t *job, char path[COMPILER_PATH], char **words,
                   ipc_error_t *error)
{
    char hash[HASH_TEXT], words_path[COMPILER_PATH];
    *words = NULL;
    if (find_prelude(self, error))
        return -1;
    hash_of(self, (const char *[]){self->prelude, job->unit, job->is_fleeting ? job->occasion : NULL, NULL}, hash);
    snprintf(path, COMPILER_PATH, "%s/%s.so", self->directory, hash);
    if (access(path, R_OK) == 0)
        return 0;
    int fd = lock(self, hash, error), rc = 0;
    if (fd < 0)
        return -1;
    snprintf(words_path, sizeof words_path, "%s/%s.words", self->directory, hash);
    if (access(path, R_OK) && !(*words = words_of(words_path, job->occasion)))
        rc = build(self, job, path, words_path, words, error);
    close(fd);
    return rc || *words ? -1 : 0;
}

char *compiler_preprocess(compiler_t *self, const char *text, ipc_error_t *error)
{
    char directory[COMPILER_PATH], path[FILE_PATH], include[FILE_PATH], *words = NULL;
    if (find_prelude(self, error))
        return NULL;
    snprintf(directory, sizeof directory, "%s/parts.%d", self->directory, (int) getpid());
    if (make_directory(directory, error))
        return NULL;
    join(path, directory, "unit.c");
    snprintf(include, sizeof include, "-I%s", self->prelude);
    const char *const arguments[] = {self->program, flags[0], "-E", "-P", include, "unit.c", NULL};
    if (!write_file(path, text, error)) {
        join(path, directory, "words");
        if (run(self, arguments, directory, path, error) >= 0 && !(words = read_file(path)))
            ipc_fail(error, IPC_E_SYSTEM, "cannot read %s", path);
    }
    ipc_remove_tree(directory);
    return words;
}
