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
#include "engine/words.h"

enum { HASH_SIZE = 32, HASH_TEXT = 2 * HASH_SIZE + 1, FILE_PATH = COMPILER_PATH + 128 };

struct compiler {
    const char *directory;
    const char *program;               // "cc", or what IPC_CC names
    char *version;                     // what it says of itself; NULL: not yet asked
    bool is_clang;
    char prelude[COMPILER_PATH];       // where prelude.h is; empty: not yet there
    char *prelude_flags;               // for which it was compiled
};

//  No -w: it would take back each -Werror.
static const char *const flags[] = {
    "-std=gnu17", "-O2", "-g", "-pipe", "-fPIC", "-fvisibility=hidden", "-fno-omit-frame-pointer",
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
    free(self->prelude_flags);
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

static const char *text_of(const char *text)
{
    return text ? text : "";
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
static int run(const compiler_t *self, const words_t *arguments, const char *directory, const char *output,
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
    int rc = posix_spawnp(&pid, self->program, &actions, NULL, arguments->texts, environment);
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
    words_t arguments = {0};
    words_add_all(&arguments, (const char *const[]){self->program, "--version", NULL});
    int rc = run(self, &arguments, "/", output, error);
    words_free(&arguments);
    self->version = rc >= 0 ? read_file(output) : NULL;
    unlink(output);
    if (!self->version)
        return rc < 0 ? -1 : ipc_fail(error, IPC_E_SYSTEM, "cannot read %s", output);
    self->is_clang = strstr(self->version, "clang") != NULL;
    return 0;
}

//  What each compilation begins with.
static void add_command(const compiler_t *self, const char *more_flags, words_t *arguments)
{
    words_add(arguments, "%s", self->program);
    words_add_all(arguments, flags);
    words_add_line(arguments, more_flags);
}

//  Writes the prelude's files, and compiles them once for all where that is of use.
static int fill_prelude(const compiler_t *self, const char *directory, const char *more_flags, ipc_error_t *error)
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
    words_t arguments = {0};
    add_command(self, more_flags, &arguments);
    words_add_all(&arguments,
                  (const char *const[]){"-I.", "-x", "c-header", "prelude.h", "-o", "prelude.h.gch", NULL});
    join(output, directory, "words");
    int rc = run(self, &arguments, directory, output, error); // without it cells take longer
    words_free(&arguments);
    return rc < 0 ? -1 : 0;
}

//  Finds or makes the directory of the prelude.
static int find_prelude(compiler_t *self, const char *more_flags, ipc_error_t *error)
{
    const char *texts[16] = {"prelude", more_flags};
    char hash[HASH_TEXT], made[COMPILER_PATH];
    if (self->prelude[0] && strcmp(self->prelude_flags, more_flags) == 0)
        return 0;
    if (ask_version(self, error))
        return -1;
    free(self->prelude_flags);
    self->prelude_flags = ipc_xstrdup(more_flags);
    for (size_t i = 0; i < prelude_count; i++) texts[i + 2] = prelude_files[i].text;
    hash_of(self, texts, hash);
    int fd = lock(self, hash, error), rc = 0;
    if (fd < 0)
        return -1;
    snprintf(self->prelude, sizeof self->prelude, "%s/%s", self->directory, hash);
    if (access(self->prelude, F_OK)) {
        snprintf(made, sizeof made, "%s/%s.%d", self->directory, hash, (int) getpid());
        rc = make_directory(made, error) || fill_prelude(self, made, more_flags, error) ? -1 : 0;
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

//  The directories and files of libraries, for the linker and for the loader later on.
static void add_libraries(const compiler_options_t *options, words_t *arguments)
{
    words_t names = {0};
    words_add_line(&names, options->libraries);
    words_add_list(arguments, "-L", options->library_path, ':');
    words_add_list(arguments, "-Wl,-rpath,", options->library_path, ':');
    if (names.count > 0)
        words_add(arguments, "-Wl,--no-as-needed"); // later cells may need what this one does not
    for (size_t i = 0; i < names.count; i++) {
        const char *slash = strrchr(names.texts[i], '/');
        if (slash)
            words_add(arguments, "-Wl,-rpath,%.*s", (int) (slash - names.texts[i]), names.texts[i]);
        words_add(arguments, "%s%s", slash ? "" : "-l", names.texts[i]);
    }
    words_free(&names);
}

//  Whether flags were given: what they need of the compiler's own libraries, as -fopenmp does, is then linked too.
static bool has_flags(const compiler_options_t *options)
{
    return options->flags && options->flags[strspn(options->flags, " ")];
}

//  Compiles in a directory of its own. 0: unit.so is there; 1: words says why not.
static int compile(const compiler_t *self, const compiler_job_t *job, const char *directory, ipc_error_t *error)
{
    char path[FILE_PATH];
    const compiler_options_t *options = &job->options;
    words_t arguments = {0};
    join(path, directory, "unit.c");
    if (write_file(path, job->unit, error))
        return -1;
    add_command(self, options->flags, &arguments);
    if (!self->is_clang)
        words_add(&arguments, "-ftrack-macro-expansion=0");
    words_add(&arguments, "-I%s", self->prelude);
    if (options->beside)
        words_add(&arguments, "-iquote%s", options->beside);
    words_add_list(&arguments, "-I", options->include, ':');
    words_add_all(&arguments, (const char *const[]){"-shared", "-Wl,-Bsymbolic", "unit.c", NULL});
    add_libraries(options, &arguments);
    if (!has_flags(options))
        words_add(&arguments, "-nostdlib");
    words_add_all(&arguments, (const char *const[]){"-lm", "-lc", "-lgcc", "-o", "unit.so", NULL});
    join(path, directory, "words");
    int rc = run(self, &arguments, directory, path, error);
    words_free(&arguments);
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

//  Whether a unit includes, in angle brackets, a header of one of those directories.
static bool includes_own(const char *unit, const char *include)
{
    static const char word[] = "include";
    words_t directories = {0};
    bool found = false;
    words_add_list(&directories, "", include, ':');
    for (const char *line = unit; directories.count > 0 && *line; line += line[strcspn(line, "\n")] ? 1 : 0) {
        const char *at = line + strspn(line, " \t");
        at = *at == '#' ? at + 1 + strspn(at + 1, " \t") : "";
        const char *open = strncmp(at, word, sizeof word - 1) == 0 ? at + sizeof word - 1 : "";
        open += strspn(open, " \t");
        for (size_t i = 0; *open == '<' && !found && i < directories.count; i++) {
            char *path = ipc_xformat("%s/%.*s", directories.texts[i], (int) strcspn(open + 1, ">\n"), open + 1);
            found = access(path, R_OK) == 0;
            free(path);
        }
        line += strcspn(line, "\n");
    }
    words_free(&directories);
    return found;
}

//  Whether it reads files that may change: what flags say of headers is not looked into.
static bool is_fleeting(const compiler_job_t *job)
{
    const char *more_flags = text_of(job->options.flags);
    return job->is_fleeting || strstr(more_flags, "-I") || strstr(more_flags, "-i") ||
           includes_own(job->unit, job->options.include);
}

static void hash_of_job(const compiler_t *self, const compiler_job_t *job, char hash[HASH_TEXT])
{
    const compiler_options_t *options = &job->options;
    hash_of(self,
            (const char *[]){self->prelude, job->unit, text_of(options->flags), text_of(options->include),
                             text_of(options->libraries), text_of(options->library_path), text_of(options->beside),
                             is_fleeting(job) ? job->occasion : NULL, NULL},
            hash);
}

int compiler_build(compiler_t *self, const compiler_job_t *job, char path[COMPILER_PATH], char **words,
                   ipc_error_t *error)
{
    char hash[HASH_TEXT], words_path[COMPILER_PATH];
    *words = NULL;
    if (find_prelude(self, text_of(job->options.flags), error))
        return -1;
    hash_of_job(self, job, hash);
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
