#include "tests/common/image_programs/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
    char command[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return length < 0 || (size_t) length >= sizeof command ? -1 : system(command);
}

bool build_has(const char *command)
{
    return run("command -v %s >/dev/null 2>&1", command) == 0;
}

static void find_compilers(build_t *self)
{
    const char *wanted[] = {"gcc", "clang", getenv("CC")};
    for (size_t i = 0; i < BUILD_COMPILERS; i++) {
        bool known = !wanted[i] || strchr(wanted[i], ' ') || !build_has(wanted[i]);
        for (size_t k = 0; !known && k < self->compilers_count; k++)
            known = strcmp(self->compilers[k], wanted[i]) == 0;
        if (!known)
            self->compilers[self->compilers_count++] = wanted[i];
    }
}

static void stop(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

void build_start(build_t *self)
{
    *self = (build_t){0};
    const char *temporary = getenv("TMPDIR"), *root = getenv("IPC_SOURCE_ROOT");
    snprintf(self->directory, sizeof self->directory, "%s/ipc-images-XXXXXX",
             temporary ? temporary : "/tmp");
    snprintf(self->source_root, sizeof self->source_root, "%s", root ? root : ".");
    if (!mkdtemp(self->directory))
        stop("no temporary directory");
    find_compilers(self);
    for (size_t i = 0; i < self->compilers_count; i++)
        if (run("root=$(cd '%s' && pwd) && mkdir '%s/%zu' && cd '%s/%zu' && "
                "for file in error array shared value plain arena names members local_runtime; do "
                "%s -std=gnu11 -D_GNU_SOURCE -O1 -fPIC -w -I\"$root\" "
                "-c \"$root/common/$file.c\" || exit 1; done && ar crs values.a *.o",
                self->source_root, self->directory, i, self->directory, i,
                self->compilers[i]) != 0)
            stop("the library that programs link with cannot be built");
}

void build_end(build_t *self)
{
    run("rm -rf '%s'", self->directory);
}

static size_t compiler_index(const build_t *self, const char *compiler)
{
    for (size_t i = 0; i < self->compilers_count; i++)
        if (strcmp(self->compilers[i], compiler) == 0)
            return i;
    return 0;
}

bool build_program(const build_t *self, const char *compiler, const char *output,
                   const char *arguments)
{
    return run("root=$(cd '%s' && pwd) && cd \"$root/tests/common/image_programs\" && "
               "%s -std=gnu11 -D_GNU_SOURCE -w -I\"$root\" -L'%s' %s "
               "-o '%s/%s' '%s/%zu/values.a'",
               self->source_root, compiler, self->directory, arguments, self->directory,
               output, self->directory, compiler_index(self, compiler)) == 0;
}

const char *build_path(const build_t *self, const char *name)
{
    static char paths[4][2 * BUILD_PATH];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", self->directory, name);
    return path;
}

long build_number(const char *format, ...)
{
    char command[4096], line[64] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    FILE *output = popen(command, "r");
    if (!output)
        return -1;
    bool got = fgets(line, sizeof line, output) != NULL;
    bool well = pclose(output) == 0;
    return got && well ? strtol(line, NULL, 10) : -1;
}

unsigned char *build_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        stop("a program that was built is not there");
    fseek(file, 0, SEEK_END);
    *size = (size_t) ftell(file);
    rewind(file);
    unsigned char *bytes = ipc_xalloc(*size);
    bool whole = fread(bytes, 1, *size, file) == *size;
    fclose(file);
    if (!whole)
        stop("a program that was built cannot be read");
    return bytes;
}
