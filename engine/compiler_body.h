//  What the compiler's files share.
#ifndef IPC_ENGINE_COMPILER_BODY_H
#define IPC_ENGINE_COMPILER_BODY_H

#include <stdbool.h>

#include "engine/compiler.h"
#include "engine/words.h"

enum { HASH_SIZE = 32, HASH_TEXT = COMPILER_NAME, FILE_PATH = COMPILER_PATH + 128 };

struct compiler {
    const char *directory;
    const char *program;               // "cc", or what IPC_CC names
    char version[HASH_TEXT];           // the hash of its version and of our flags; empty: not yet asked
    bool is_clang;
    char prelude[COMPILER_PATH];       // the folder of prelude.h, once it has a name
    char *prelude_flags;               // that it is for
    bool behind;                       // see compiler_is_behind()
    words_t next;                      // the command that is to be begun then
    bool next_links;                   // it makes unit.so; else the linker is begun with it
    bool links_itself;                 // as a linker that was begun has failed where the compiler's did not
};

//  engine/compiler.c: files. The path of a file in a directory; a file's text, NULL if it cannot be read, free() it.
const char *compiler_join(char path[FILE_PATH], const char *directory, const char *name);
char *compiler_read(const char *path);
int compiler_write(const char *path, const char *text, ipc_error_t *error);
int compiler_make_directory(const char *path, ipc_error_t *error);

//  Waits until no other engine makes what has this name. Gives a descriptor for compiler_unlock(), or -1 with *error.
int compiler_lock(const compiler_t *self, const char *name, ipc_error_t *error);
void compiler_unlock(const compiler_t *self, const char *name, int fd);

//  The hash of texts, the last one NULL, and of the compiler's version.
void compiler_hash(const compiler_t *self, const char *const texts[], char hex[HASH_TEXT]);
void compiler_set_version(compiler_t *self, const char *said); // what it says of itself, and what it compiles for

//  What each compilation begins with.
void compiler_command(const compiler_t *self, const char *more_flags, words_t *arguments);

//  engine/compiler_run.c: runs a command in a directory, with what it says in a file. Its exit code, or -1 with *error.
//      kept_fd   that the command gets too, as its descriptor COMPILER_KEPT_FD; -1: none
int compiler_run(const words_t *arguments, const char *directory, const char *output, int kept_fd, ipc_error_t *error);
enum { COMPILER_KEPT_FD = 9 };
int compiler_ask_version(compiler_t *self, ipc_error_t *error);

//  engine/precompile.c: names the folder of the prelude; makes it, too, if it is not there; begins to compile it in the
//  background if nobody has or does; the file that came of it, NULL: it is not there.
int precompile_name(compiler_t *self, const char *more_flags, ipc_error_t *error);
int precompile_find(compiler_t *self, const char *more_flags, ipc_error_t *error);
void precompile_start(const compiler_t *self);
const char *precompile_file(const compiler_t *self, char path[FILE_PATH]);

#endif
