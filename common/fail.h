//  Making errors, for the library and the programs (not public).
#ifndef IPC_COMMON_FAIL_H
#define IPC_COMMON_FAIL_H

#include <stdarg.h>

#include "common/error.h"

//  Frees on every way out of the scope: ipc_auto(thing_destroy) thing_t *thing = …; in .c files only.
#define ipc_auto(destroy) __attribute__((cleanup(destroy)))

//  Fills *error (NULL is fine) with a code and a sentence, and gives -1, so that a failure is one line.
int ipc_fail(ipc_error_t *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int ipc_fail_v(ipc_error_t *error, int code, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

//  The kind's name of a code: "ArgumentError".
const char *ipc_code_kind(int code);

//  Copies text into a buffer of size bytes, cut at a character (UTF-8) when too long.
void ipc_text_copy(char *buffer, size_t size, const char *text);

//  Memory for small things; stops the program when there is none. Zeroed.
void *ipc_xalloc(size_t size);
void *ipc_xalloc_aligned(size_t size); // not zeroed, at a multiple of 64 bytes; free() it
void *ipc_xrealloc(void *memory, size_t size);
//  Grows an array from so many elements of a size to more; the new ones are zeroed.
void *ipc_xgrow(void *memory, size_t from, size_t to, size_t size);
char *ipc_xstrdup(const char *text);
char *ipc_xformat(const char *format, ...) __attribute__((format(printf, 1, 2), nonnull(1)));

//  What a kind of error may add to the plain struct, behind ipc_error_t.more.
typedef struct ipc_error_more {
    char *method;               // "apply", "map", "pull": stands in the head line
    char *trace;                // the frames, one a line; or NULL
    char *output;               // the last lines of the engine's stderr; or NULL
    char *attempts;             // how the runs before this one ended, a line each; or NULL
    uint64_t peak_memory;       // that its process had while it ran, bytes; 0: not known
    const ipc_error_t **parts;  // of a result's error: those of its positions, lent, which have no parts
    size_t parts_count;
} ipc_error_more_t;

#endif
