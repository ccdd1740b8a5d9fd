//  The prelude: its files are written once for each set of flags, and compiled in the background, while the first cell
//  does without.
#include "engine/compiler_body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/prelude.h"
#include "engine/unit_cache.h"

static int fill(const char *directory, ipc_error_t *error)
{
    char path[FILE_PATH];
    for (size_t i = 0; i < prelude_count; i++) {
        compiler_join(path, directory, prelude_files[i].name);
        char *slash = strrchr(path, '/');
        *slash = 0;
        if (compiler_make_directory(path, error))
            return -1;
        *slash = '/';
        if (compiler_write(path, prelude_files[i].text, error))
            return -1;
    }
    return 0;
}

//  With its lock: the folder as a whole, or not at all.
static int make(const compiler_t *self, ipc_error_t *error)
{
    char made[FILE_PATH];
    snprintf(made, sizeof made, "%s.%d", self->prelude, (int) getpid());
    int rc = compiler_make_directory(made, error) || fill(made, error) ? -1 : 0;
    if (!rc && rename(made, self->prelude) && access(self->prelude, F_OK))
        rc = ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", self->prelude, strerror(errno));
    ipc_remove_tree(made); // what was not put in place
    return rc;
}

//  What -march=native stands for here, given; a home may be shared by hosts of several kinds.
static char *describe_processor(const char *more_flags)
{
    char *line = NULL, *found = NULL;
    size_t room = 0;
    FILE *file = strstr(more_flags, "native") ? fopen("/proc/cpuinfo", "re") : NULL;
    while (file && !found && getline(&line, &room, file) > 0)
        if (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0)
            found = ipc_xstrdup(line);
    free(line);
    if (file)
        fclose(file);
    return found ? found : ipc_xstrdup("");
}

int precompile_name(compiler_t *self, const char *more_flags, ipc_error_t *error)
{
    enum { FILES_MAX = 16 };
    char hash[HASH_TEXT];
    if (self->prelude[0] && strcmp(self->prelude_flags, more_flags) == 0)
        return 0;
    if (compiler_ask_version(self, error))
        return -1;
    char *processor = describe_processor(more_flags);
    const char *texts[FILES_MAX] = {"prelude", more_flags, processor};
    for (size_t i = 0; i < prelude_count; i++) texts[i + 3] = prelude_files[i].text;
    compiler_hash(self, texts, hash);
    free(processor);
    snprintf(self->prelude, sizeof self->prelude, "%s/%s", self->directory, hash);
    free(self->prelude_flags);
    self->prelude_flags = ipc_xstrdup(more_flags);
    return 0;
}

int precompile_find(compiler_t *self, const char *more_flags, ipc_error_t *error)
{
    if (precompile_name(self, more_flags, error))
        return -1;
    if (access(self->prelude, F_OK) == 0) {
        unit_cache_use(self->prelude);
        return 0;
    }
    const char *name = strrchr(self->prelude, '/') + 1;
    int fd = compiler_lock(self, name, error);
    if (fd < 0)
        return -1;
    int rc = access(self->prelude, F_OK) ? make(self, error) : 0;
    compiler_unlock(self, name, fd);
    return rc;
}

const char *precompile_file(const compiler_t *self, char path[FILE_PATH])
{
    compiler_join(path, self->prelude, self->is_clang ? "prelude.h.pch" : "prelude.h.gch");
    return access(path, R_OK) == 0 ? path : NULL;
}

//  The shell is no parent of what it leaves running, so that a cell that waits for its children never meets ours; that
//  ends with the engine's other processes. Its lock is the folder's, which ends with it.
void precompile_start(const compiler_t *self)
{
    static const char script[] = "out=$1; shift; { \"$@\" -o $out.made && mv $out.made $out || rm -f $out.made; } &";
    char path[FILE_PATH], header[FILE_PATH];
    int fd = precompile_file(self, path) ? -1 : open(self->prelude, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        words_t arguments = {0};
        compiler_join(header, self->prelude, "prelude.h"); // absolute, as it will be included
        words_add_all(&arguments, (const char *const[]){"/bin/sh", "-c", script, "sh", strrchr(path, '/') + 1, NULL});
        compiler_command(self, self->prelude_flags, &arguments);
        words_add(&arguments, "-I%s", self->prelude);
        words_add_all(&arguments, (const char *const[]){"-x", "c-header", header, NULL});
        compiler_run(&arguments, self->prelude, "/dev/null", fd, NULL); // without it cells take longer
        words_free(&arguments);
    }
    close(fd);
}
