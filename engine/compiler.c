#include "engine/compiler_body.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/linker.h"
#include "engine/spare.h"
#include "engine/unit_cache.h"

enum { MAX_AGE = 30 * 24 * 3600 };     // seconds that an unused file is kept
static const int64_t max_size = 256 << 20;

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
    free(self->prelude_flags);
    words_free(&self->next);
    free(self);
}

//  --- Files ---------------------------------------------------------------------------------------------------

const char *compiler_join(char path[FILE_PATH], const char *directory, const char *name)
{
    snprintf(path, FILE_PATH, "%.*s/%.100s", COMPILER_PATH, directory, name);
    return path;
}

int compiler_write(const char *path, const char *text, ipc_error_t *error)
{
    FILE *file = fopen(path, "we");
    bool fine = file && fputs(text, file) >= 0;
    if ((file && fclose(file)) || !fine)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    return 0;
}

char *compiler_read(const char *path)
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

int compiler_make_directory(const char *path, ipc_error_t *error)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    return 0;
}

int compiler_lock(const compiler_t *self, const char *name, ipc_error_t *error)
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

//  The file goes: whoever waits for it, or makes it anew, finds what was made.
void compiler_unlock(const compiler_t *self, const char *name, int fd)
{
    char path[COMPILER_PATH];
    snprintf(path, sizeof path, "%s/%s.lock", self->directory, name);
    unlink(path);
    close(fd);
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static void add_text(crypto_generichash_state *hash, const char *text)
{
    crypto_generichash_update(hash, (const unsigned char *) text, strlen(text) + 1);
}

//  The hash of a text, and of others, the last one NULL.
static void hash_texts(const char *first, const char *const others[], char hex[HASH_TEXT])
{
    crypto_generichash_state hash;
    unsigned char bytes[HASH_SIZE];
    crypto_generichash_init(&hash, NULL, 0, HASH_SIZE);
    add_text(&hash, first);
    for (size_t i = 0; others[i]; i++) add_text(&hash, others[i]);
    crypto_generichash_final(&hash, bytes, HASH_SIZE);
    sodium_bin2hex(hex, HASH_TEXT, bytes, HASH_SIZE);
}

void compiler_hash(const compiler_t *self, const char *const texts[], char hex[HASH_TEXT])
{
    hash_texts(self->version, texts, hex);
}

void compiler_set_version(compiler_t *self, const char *said)
{
    hash_texts(said, flags, self->version);
}

void compiler_command(const compiler_t *self, const char *more_flags, words_t *arguments)
{
    words_add(arguments, "%s", self->program);
    words_add_all(arguments, flags);
    if (!self->is_clang)
        words_add(arguments, "-fno-partial-inlining"); // a function in parts would be twice in traces
    words_add_line(arguments, more_flags);
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

static bool has_words(const char *text)
{
    return text && text[strspn(text, " ")];
}

//  Whether flags were given: what they need of the compiler's own libraries, as -fopenmp does, is then linked too.
static bool has_flags(const compiler_options_t *options)
{
    return has_words(options->flags);
}

//  The unit's prelude: as it was compiled, or as text.
static void add_prelude(const compiler_t *self, words_t *arguments)
{
    char path[FILE_PATH];
    if (!self->is_clang)
        words_add(arguments, "-ftrack-macro-expansion=0"); // gcc finds prelude.h.gch by itself
    else if (precompile_file(self, path))
        words_add_all(arguments, (const char *const[]){"-include-pch", path, NULL});
}

//  Where headers are looked for.
static void add_headers(const compiler_t *self, const compiler_options_t *options, words_t *arguments)
{
    words_add(arguments, "-I%s", self->prelude);
    if (options->beside)
        words_add(arguments, "-iquote%s", options->beside);
    words_add_list(arguments, "-I", options->include, ':');
}

//  How unit.so is made of a file.
static void put_link(const compiler_options_t *options, const char *file, words_t *arguments)
{
    words_add_all(arguments, (const char *const[]){"-shared", "-Wl,-Bsymbolic", file, NULL});
    add_libraries(options, arguments);
    if (!has_flags(options))
        words_add(arguments, "-nostdlib");
    words_add_all(arguments, (const char *const[]){"-lm", "-lc", "-lgcc", "-o", "unit.so", NULL});
}

static void put_compilation(const compiler_t *self, const compiler_options_t *options, words_t *arguments)
{
    compiler_command(self, options->flags, arguments);
    add_prelude(self, arguments);
    add_headers(self, options, arguments);
}

//  What is begun ahead: one command for all, or one for unit.o and its linker, given.
static const char *put_begun(const compiler_t *self, const compiler_options_t *options, words_t *arguments,
                             char linker[FILE_PATH])
{
    bool is_plain = !self->links_itself && !has_flags(options) && !has_words(options->libraries) &&
                    !has_words(options->library_path);
    const char *found = is_plain ? linker_file(self, linker) : NULL;
    put_compilation(self, options, arguments);
    if (found)
        words_add_all(arguments, (const char *const[]){"-c", SPARE_MAIN, "-o", "unit.o", NULL});
    else
        put_link(options, SPARE_MAIN, arguments);
    return found;
}

//  Compiles from the beginning: gives the exit code, or -1 with *error.
static int compile_anew(const compiler_t *self, const compiler_job_t *job, const char *directory, ipc_error_t *error)
{
    char path[FILE_PATH];
    words_t arguments = {0};
    compiler_join(path, directory, "unit.c");
    if (compiler_write(path, job->unit, error))
        return -1;
    put_compilation(self, &job->options, &arguments);
    put_link(&job->options, "unit.c", &arguments);
    int rc = compiler_run(&arguments, directory, compiler_join(path, directory, "words"), -1, error);
    words_free(&arguments);
    return rc;
}

//  Compiles in a directory of its own. 0: unit.so is there; 1: words says why not.
static int compile(compiler_t *self, const compiler_job_t *job, const char *directory, ipc_error_t *error)
{
    words_t begun = {0};
    char linker[FILE_PATH];
    const char *found = put_begun(self, &job->options, &begun, linker);
    int first = spare_compile(self, &begun, found, directory, job->unit), rc = first;
    words_free(&begun);
    if (first < 0)
        rc = compile_anew(self, job, directory, error);
    self->links_itself = self->links_itself || (first == SPARE_UNLINKED && rc == 0);
    return rc < 0 ? -1 : rc > 0;
}

//  The same, with what the compiler said. A prelude that does not fit any more is no reason to fail.
static int compile_with_words(compiler_t *self, const compiler_job_t *job, const char *directory, char **words,
                              ipc_error_t *error)
{
    char path[FILE_PATH];
    int rc = compile(self, job, directory, error);
    compiler_join(path, directory, "words");
    *words = rc > 0 ? compiler_read(path) : NULL;
    if (*words && strstr(*words, "precompiled") && precompile_file(self, path) && unlink(path) == 0) {
        free(*words);
        return compile_with_words(self, job, directory, words, error);
    }
    if (rc > 0 && !*words)
        *words = ipc_xstrdup("");
    return rc;
}

//  What was said on this occasion, if it was another engine that compiled: NULL if none did.
static char *words_of(const char *path, const char *occasion)
{
    char *text = compiler_read(path);
    size_t size = strlen(occasion);
    bool same = text && strncmp(text, occasion, size) == 0 && text[size] == '\n';
    char *words = same ? ipc_xstrdup(text + size + 1) : NULL;
    free(text);
    return words;
}

//  With its lock: compiles, and puts in place what came of it.
static int build(compiler_t *self, const compiler_job_t *job, const char *path, const char *words_path,
                 char **words, ipc_error_t *error)
{
    char directory[COMPILER_PATH], made[FILE_PATH];
    snprintf(directory, sizeof directory, "%s/unit.XXXXXX", self->directory);
    if (!mkdtemp(directory))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", directory, strerror(errno));
    int rc = compile_with_words(self, job, directory, words, error);
    compiler_join(made, directory, "unit.so");
    if (rc == 0 && rename(made, path))
        rc = ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    if (rc > 0) {
        char *kept = ipc_xformat("%s\n%s", job->occasion, *words);
        compiler_write(words_path, kept, NULL); // else the others compile too
        free(kept);
    }
    ipc_remove_tree(directory);
    return rc ? -1 : 0;
}

//  The name in "#include <name>" at the beginning of a line, NULL: it is no such line.
static const char *angled_header(const char *line)
{
    static const char word[] = "include";
    const char *at = line + strspn(line, " \t");
    at = *at == '#' ? at + 1 + strspn(at + 1, " \t") : "";
    if (strncmp(at, word, sizeof word - 1) != 0)
        return NULL;
    at += sizeof word - 1;
    at += strspn(at, " \t");
    return *at == '<' ? at + 1 : NULL;
}

//  Whether a unit includes, in angle brackets, a header of one of those directories.
static bool includes_own(const char *unit, const char *include)
{
    words_t directories = {0};
    bool found = false;
    words_add_list(&directories, "", include, ':');
    for (const char *line = unit; directories.count > 0 && *line;) {
        const char *name = angled_header(line), *end = strchrnul(line, '\n');
        for (size_t i = 0; name && !found && i < directories.count; i++) {
            char *path = ipc_xformat("%s/%.*s", directories.texts[i], (int) strcspn(name, ">\n"), name);
            found = access(path, R_OK) == 0;
            free(path);
        }
        line = *end ? end + 1 : end;
    }
    words_free(&directories);
    return found;
}

//  Whether flags name headers or their directories: what they are is not looked into.
static bool flags_include(const char *more_flags)
{
    words_t words = {0};
    bool found = false;
    words_add_line(&words, more_flags);
    for (size_t i = 0; i < words.count; i++)
        found = found || strncmp(words.texts[i], "-I", 2) == 0 || strncmp(words.texts[i], "-i", 2) == 0;
    words_free(&words);
    return found;
}

//  Whether it reads files that may change.
static bool is_fleeting(const compiler_job_t *job)
{
    return job->is_fleeting || flags_include(job->options.flags) || includes_own(job->unit, job->options.include);
}

int compiler_name(compiler_t *self, const compiler_job_t *job, char name[COMPILER_NAME], ipc_error_t *error)
{
    if (precompile_name(self, text_of(job->options.flags), error))
        return -1;
    const compiler_options_t *options = &job->options;
    const char *const texts[] = {self->prelude, job->unit, text_of(options->flags), text_of(options->include),
                                 text_of(options->libraries), text_of(options->library_path),
                                 text_of(options->beside), is_fleeting(job) ? job->occasion : NULL, NULL};
    compiler_hash(self, texts, name);
    return 0;
}

int compiler_build(compiler_t *self, const compiler_job_t *job, char path[COMPILER_PATH], char **words,
                   ipc_error_t *error)
{
    char name[COMPILER_NAME], words_path[COMPILER_PATH], linker[FILE_PATH];
    *words = NULL;
    if (compiler_name(self, job, name, error) || precompile_find(self, text_of(job->options.flags), error))
        return -1;
    snprintf(path, COMPILER_PATH, "%s/%s.so", self->directory, name);
    if (access(path, R_OK) == 0) {
        unit_cache_use(path);
        return 0;
    }
    int fd = compiler_lock(self, name, error), rc = 0;
    if (fd < 0)
        return -1;
    snprintf(words_path, sizeof words_path, "%s/%s.words", self->directory, name);
    if (access(path, R_OK) && !(*words = words_of(words_path, job->occasion))) {
        rc = build(self, job, path, words_path, words, error);
        words_free(&self->next);
        self->next_links = put_begun(self, &job->options, &self->next, linker) == NULL;
        self->behind = true;
    }
    compiler_unlock(self, name, fd);
    return rc || *words ? -1 : 0;
}

bool compiler_is_behind(const compiler_t *self)
{
    return self->behind;
}

//  The linker's own command, for the next spares.
static void find_linker(const compiler_t *self)
{
    words_t link = {0};
    if (has_words(self->prelude_flags))
        return;
    compiler_command(self, "", &link);
    put_link(&(compiler_options_t){0}, "unit.o", &link);
    linker_find(self, &link);
    words_free(&link);
}

void compiler_catch_up(compiler_t *self)
{
    char path[FILE_PATH];
    self->behind = false;
    precompile_start(self);
    find_linker(self);
    if (precompile_file(self, path)) // else it would take longer to begin than there is to gain
        spare_start(self, &self->next, self->next_links ? NULL : linker_file(self, path));
    unit_cache_trim(self->directory, MAX_AGE, max_size);
}

char *compiler_preprocess(compiler_t *self, const char *text, const compiler_options_t *options, ipc_error_t *error)
{
    char directory[COMPILER_PATH], path[FILE_PATH], *words = NULL;
    words_t arguments = {0};
    if (precompile_find(self, text_of(options->flags), error))
        return NULL;
    snprintf(directory, sizeof directory, "%s/parts.XXXXXX", self->directory);
    if (!mkdtemp(directory)) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", directory, strerror(errno));
        return NULL;
    }
    compiler_command(self, options->flags, &arguments);
    add_headers(self, options, &arguments);
    words_add_all(&arguments, (const char *const[]){"-E", "-P", "unit.c", NULL});
    compiler_join(path, directory, "unit.c");
    if (!compiler_write(path, text, error)) {
        compiler_join(path, directory, "words");
        if (compiler_run(&arguments, directory, path, -1, error) >= 0 && !(words = compiler_read(path)))
            ipc_fail(error, IPC_E_SYSTEM, "cannot read %s", path);
    }
    words_free(&arguments);
    ipc_remove_tree(directory);
    return words;
}
