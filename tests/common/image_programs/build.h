//  Compiles the programs of this folder while a test runs, in a temporary directory.
#ifndef IMAGE_PROGRAMS_BUILD_H
#define IMAGE_PROGRAMS_BUILD_H

#include <stdbool.h>
#include <stddef.h>

enum { BUILD_PATH = 256, BUILD_COMPILERS = 3 };

typedef struct build {
    char directory[BUILD_PATH];                // what is built stands here
    char source_root[BUILD_PATH];              // of the project
    const char *compilers[BUILD_COMPILERS];    // gcc, clang and $CC, if they are there
    size_t compilers_count;
} build_t;

//  Makes the directory and, for each compiler, a static library of what programs link with
//  (that of the build folder may have a sanitizer's calls in it). IPC_SOURCE_ROOT in the
//  environment names the project's folder. Stops the test program when that fails.
void build_start(build_t *self);

//  Removes the directory.
void build_end(build_t *self);

//  Is there a command of that name?
bool build_has(const char *command);

//  Compiles and links <directory>/<output>; false, and the compiler's words on stderr, if
//  that fails.
//      arguments  flags and sources of this folder, as a shell takes them
bool build_program(const build_t *self, const char *compiler, const char *output,
                   const char *arguments);

//  <directory>/<name>, lent until the next call but three.
const char *build_path(const build_t *self, const char *name);

//  Runs a shell command line and gives the first line of its output as a number, or -1.
long build_number(const char *format, ...) __attribute__((format(printf, 1, 2)));

//  Reads a whole file into memory, given to the caller.
unsigned char *build_read(const char *path, size_t *size);

#endif
