#include "common/fail.h"

#include <stdlib.h>
#include <string.h>

#define CODE_KIND(name, kind, meaning) [IPC_E_##name] = kind,
static const char *const code_kinds[] = {IPC_CODES(CODE_KIND)};
#undef CODE_KIND

const char *ipc_code_kind(int code)
{
    return code >= 0 && code < IPC_E_COUNT ? code_kinds[code] : "UnknownError";
}

void ipc_text_copy(char *buffer, size_t size, const char *text)
{
    size_t length = strnlen(text, size);
    if (length == size) {
        length = size - 1;
        while (length > 0 && ((unsigned char) text[length] & 0xC0) == 0x80) length--;
    }
    memmove(buffer, text, length);
    buffer[length] = 0;
}

int ipc_fail_v(ipc_error_t *error, int code, const char *format, va_list arguments)
{
    if (!error)
        return -1;
    ipc_error_t filled = {.code = code, .engine = -1};
    ipc_text_copy(filled.kind, sizeof filled.kind, ipc_code_kind(code));
    char text[2 * sizeof filled.text];
    vsnprintf(text, sizeof text, format, arguments);
    ipc_text_copy(filled.text, sizeof filled.text, text);
    *error = filled;
    return -1;
}

int ipc_fail(ipc_error_t *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ipc_fail_v(error, code, format, arguments);
    va_end(arguments);
    return -1;
}

size_t ipc_error_count(const ipc_error_t *error)
{
    const ipc_error_more_t *more = error ? error->more : NULL;
    return more && more->parts_count > 0 ? more->parts_count : error != NULL;
}

const ipc_error_t *ipc_error_part(const ipc_error_t *error, size_t i)
{
    const ipc_error_more_t *more = error ? error->more : NULL;
    if (i >= ipc_error_count(error))
        return NULL;
    return more && more->parts_count > 0 ? more->parts[i] : error;
}

const char *ipc_error_method(const ipc_error_t *error)
{
    const ipc_error_more_t *more = error ? error->more : NULL;
    return more && more->method ? more->method : "";
}

const char *ipc_error_trace(const ipc_error_t *error)
{
    const ipc_error_more_t *more = error ? error->more : NULL;
    return more && more->trace ? more->trace : "";
}

static void print_part(const ipc_error_t *error, FILE *stream)
{
    const ipc_error_more_t *more = error->more;
    if (!more) {
        fprintf(stream, "%s\n", error->text);
        return;
    }
    if (error->engine >= 0 && error->code == IPC_E_COMPILE) { // its text is a place, as compilers print it
        fprintf(stream, "[%d:%s] %s\n", error->engine, more->method ? more->method : "execute", error->text);
        return;
    }
    if (error->engine >= 0)
        fprintf(stream, "[%d:%s]: ", error->engine, more->method ? more->method : "apply");
    else
        fprintf(stream, "[%s]: ", more->method ? more->method : "apply");
    fprintf(stream, "%s: %s\n", error->kind, error->text);
    if (error->where[0] && !more->trace)
        fprintf(stream, "    at %s\n", error->where);
    if (more->trace)
        fputs(more->trace, stream);
    if (more->output)
        fprintf(stream, "    the last lines of its stderr:\n%s", more->output);
}

void ipc_error_print(const ipc_error_t *error, FILE *stream)
{
    enum { PARTS_SHOWN = 4 };
    size_t count = ipc_error_count(error);
    for (size_t i = 0; i < count && i < PARTS_SHOWN; i++) print_part(ipc_error_part(error, i), stream);
    if (count > PARTS_SHOWN)
        fprintf(stream, "… and %zu more\n", count - PARTS_SHOWN);
}

void *ipc_xalloc_aligned(size_t size)
{
    void *memory = NULL;
    if (posix_memalign(&memory, 64, size > 0 ? size : 1))
        memory = ipc_xrealloc(NULL, SIZE_MAX); // stops the program with its words
    return memory;
}

void *ipc_xrealloc(void *memory, size_t size)
{
    void *grown = realloc(memory, size ? size : 1);
    if (!grown) {
        fprintf(stderr, "out of memory: %zu bytes\n", size);
        abort();
    }
    return grown;
}

void *ipc_xgrow(void *memory, size_t from, size_t to, size_t size)
{
    char *grown = ipc_xrealloc(memory, to * size);
    memset(grown + from * size, 0, (to - from) * size);
    return grown;
}

void *ipc_xalloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1); // of a large one, pages come as they are used
    return memory ? memory : ipc_xrealloc(NULL, SIZE_MAX); // stops the program with its words
}

char *ipc_xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(ipc_xrealloc(NULL, size), text, size);
}

char *ipc_xformat(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = ipc_xalloc(length < 0 ? 1 : (size_t) length + 1);
    if (length >= 0)
        vsnprintf(text, (size_t) length + 1, format, again);
    va_end(again);
    return text;
}
