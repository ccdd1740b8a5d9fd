#include "common/fail.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

//  Of an error of several positions, the first one's.
static const ipc_error_more_t *first_more(const ipc_error_t *error)
{
    const ipc_error_t *part = ipc_error_part(error, 0);
    return part ? part->more : NULL;
}

const char *ipc_error_attempts(const ipc_error_t *error)
{
    const ipc_error_more_t *more = first_more(error);
    return more && more->attempts ? more->attempts : "";
}

const char *ipc_error_output(const ipc_error_t *error)
{
    const ipc_error_more_t *more = first_more(error);
    return more && more->output ? more->output : "";
}

//  --- As people read it ---------------------------------------------------------------------------------------

//  What switches colours on and off: "" where there are none.
typedef struct colours {
    const char *head, *what, *caret, *off;
} colours_t;

static colours_t colours_of(FILE *stream)
{
    static const colours_t none = {"", "", "", ""}, some = {"\033[1m", "\033[1;31m", "\033[1;32m", "\033[0m"};
    const char *unwanted = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool wanted = (!unwanted || !unwanted[0]) && terminal && terminal[0] && strcmp(terminal, "dumb") != 0;
    return wanted && isatty(fileno(stream)) == 1 ? some : none;
}

static bool is_of_source(const ipc_error_t *error)
{
    return error->more && error->engine >= 0 && error->code == IPC_E_COMPILE;
}

static void print_head(const ipc_error_t *error, const colours_t *colours, FILE *stream)
{
    const ipc_error_more_t *more = error->more;
    const char *method = more->method ? more->method : "apply";
    if (error->engine >= 0)
        fprintf(stream, "%s[%d:%s]%s", colours->head, error->engine, method, colours->off);
    else
        fprintf(stream, "%s[%s]%s", colours->head, method, colours->off);
}

//  A place as compilers print it, "cell 3, line 1, column 22: …", with the source and a caret below.
static void print_place(const ipc_error_t *error, const colours_t *colours, FILE *stream)
{
    const char *line = error->text, *words = strstr(line, ": ");
    int size = (int) strcspn(line, "\n"), before = words && words - line < size ? (int) (words - line) + 2 : 0;
    print_head(error, colours, stream);
    fprintf(stream, " %.*s%s%.*s%s\n", before, line, colours->what, size - before, line + before, colours->off);
    for (line += size; *line; line += size) {
        size = (int) strcspn(++line, "\n");
        bool is_caret = strspn(line, " \t^") == (size_t) size;
        fprintf(stream, "%s%.*s%s\n", is_caret ? colours->caret : "", size, line, is_caret ? colours->off : "");
    }
}

static void print_output(const char *output, FILE *stream)
{
    fputs("    the last lines of its stderr:\n", stream);
    for (size_t size; *output; output += size + (output[size] == '\n')) {
        size = strcspn(output, "\n");
        fprintf(stream, "    | %.*s\n", (int) size, output);
    }
}

static void print_part(const ipc_error_t *error, const colours_t *colours, FILE *stream)
{
    const ipc_error_more_t *more = error->more;
    if (!more) {
        fprintf(stream, "%s\n", error->text);
        return;
    }
    print_head(error, colours, stream);
    fprintf(stream, ": %s%s%s: %s\n", colours->what, error->kind, colours->off, error->text);
    if (error->where[0] && !more->trace)
        fprintf(stream, "    at %s\n", error->where);
    if (more->trace)
        fputs(more->trace, stream);
    if (more->output)
        print_output(more->output, stream);
    if (more->peak_memory > 0 && error->code == IPC_E_CRASH)
        fprintf(stream, "    its process had %.1f MB of memory at most\n", 1e-6 * (double) more->peak_memory);
    if (more->attempts)
        fputs(more->attempts, stream);
}

//  Whether a part says of source what the one at i says.
static bool is_same(const ipc_error_t *error, size_t i, size_t other)
{
    const ipc_error_t *first = ipc_error_part(error, i), *second = ipc_error_part(error, other);
    return is_of_source(first) && is_of_source(second) && strcmp(first->text, second->text) == 0;
}

static bool is_said_before(const ipc_error_t *error, size_t i)
{
    for (size_t other = 0; other < i; other++)
        if (is_same(error, other, i))
            return true;
    return false;
}

//  "[1:execute] [2:execute] the same": the other engines of which what was just printed is true. Gives their number.
static size_t print_others(const ipc_error_t *error, size_t i, const colours_t *colours, FILE *stream)
{
    enum { HEADS_SHOWN = 8 };
    size_t count = ipc_error_count(error), same = 0;
    for (size_t other = i + 1; other < count; other++) {
        if (!is_same(error, i, other) || ++same > HEADS_SHOWN)
            continue;
        print_head(ipc_error_part(error, other), colours, stream);
        fputc(' ', stream);
    }
    if (same > HEADS_SHOWN)
        fprintf(stream, "and %zu more: ", same - HEADS_SHOWN);
    if (same > 0)
        fputs("the same\n", stream);
    return same;
}

void ipc_error_print(const ipc_error_t *error, FILE *stream)
{
    enum { PARTS_SHOWN = 4 };
    colours_t colours = colours_of(stream);
    size_t count = ipc_error_count(error), shown = 0, said = 0;
    for (size_t i = 0; i < count && shown < PARTS_SHOWN; i++) {
        const ipc_error_t *part = ipc_error_part(error, i);
        if (is_said_before(error, i))
            continue;
        if (is_of_source(part))
            print_place(part, &colours, stream);
        else
            print_part(part, &colours, stream);
        said += 1 + print_others(error, i, &colours, stream);
        shown++;
    }
    if (said < count)
        fprintf(stream, "… and %zu more\n", count - said);
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
