#include "client/symbols.h"

#include "client/lines.h"
#include "common/fail.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HASH_DIGITS = 64, MODULE_PATH = 1024 };

//  A frame as it came.
typedef struct frame {
    char module[MODULE_PATH];  // path
    uint64_t offset;           // from its load base
    char symbol[128];          // "" if the engine knew none
    char unit[64];             // of executed source its name, "cell 4", "demo.c"; ""
} frame_t;

//  Reads a line and gives what follows it; NULL at the end. A line that is no frame has no module.
static const char *read_frame(const char *text, frame_t *frame)
{
    *frame = (frame_t){0};
    if (!*text)
        return NULL;
    const char *end = strchrnul(text, '\n');
    const char *tab = memchr(text, '\t', (size_t) (end - text));
    char *after = NULL;
    if (tab && tab > text && tab - text < MODULE_PATH) {
        memcpy(frame->module, text, (size_t) (tab - text));
        frame->offset = strtoull(tab + 1, &after, 16);
    }
    if (after && after < end && *after == '\t') {
        int size = (int) strcspn(after + 1, "\t\n");
        const char *unit = after + 1 + size;
        if (after[1] != '-')
            snprintf(frame->symbol, sizeof frame->symbol, "%.*s", size, after + 1);
        if (*unit == '\t')
            snprintf(frame->unit, sizeof frame->unit, "%.*s", (int) (end - unit - 1), unit + 1);
    }
    return *end ? end + 1 : end;
}

//  "…/cells/<64 hexadecimal digits>.so": executed source, which a client on the engine's host can read.
static bool is_cell(const char *module)
{
    static const char folder[] = "/cells/", ending[] = ".so";
    const char *slash = strrchr(module, '/');
    size_t folder_length = sizeof folder - 1;
    return slash && (size_t) (slash + 1 - module) >= folder_length &&
           strncmp(slash + 1 - folder_length, folder, folder_length) == 0 &&
           strlen(slash + 1) == HASH_DIGITS + sizeof ending - 1 && access(module, R_OK) == 0;
}

//  The hash of "…/images/<64 hexadecimal digits>.so"; false when the module is no image.
static bool find_hash(const char *module, char hash[HASH_DIGITS + 1])
{
    static const char folder[] = "images/", ending[] = ".so";
    const char *slash = strrchr(module, '/');
    const char *name = slash ? slash + 1 : module;
    size_t folder_length = sizeof folder - 1;
    if ((size_t) (name - module) < folder_length ||
        strncmp(name - folder_length, folder, folder_length) != 0 ||
        strlen(name) != HASH_DIGITS + sizeof ending - 1 || strcmp(name + HASH_DIGITS, ending) != 0)
        return false;
    for (int i = 0; i < HASH_DIGITS; i++)
        if (!isxdigit((unsigned char) name[i]))
            return false;
    memcpy(hash, name, HASH_DIGITS);
    hash[HASH_DIGITS] = 0;
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

//  What IPC_REMOTE makes around each function; the engine calls it.
static bool is_thunk(const char *function)
{
    static const char start[] = "ipc_call_";
    return strncmp(function, start, sizeof start - 1) == 0;
}

//  A function of executed source whose name a header has, too, has this before it in units (engine/unit.h).
static const char *plain_name(const char *function)
{
    static const char own[] = "ipc_own_";
    return strncmp(function, own, sizeof own - 1) == 0 ? function + sizeof own - 1 : function;
}

//  Executed source: "scaled (cell 4, line 3)", "scaled (demo.c:3)"; of its statements "cell 4, line 3".
static void format_cell(char text[SYMBOLS_WHERE], const lines_place_t *place, const char *unit)
{
    bool is_number = strncmp(unit, "cell ", 5) == 0, is_whole = strcmp(place->function, "ipc_cell") == 0;
    char where[96];
    snprintf(where, sizeof where, is_number ? "%s, line %d" : "%s:%d", base_name(unit), place->line);
    if (is_whole)
        snprintf(text, SYMBOLS_WHERE, "%s", where);
    else
        snprintf(text, SYMBOLS_WHERE, "%.60s (%s)", plain_name(place->function), where);
}

//  The library's part of a call that ends a task, and the engine's of one of exit().
static bool is_raise(const char *function)
{
    static const char *const names[] = {"ipc_raise", "ipc_refuse", "crash_exit", "on_task_exit"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

//  "…/ipengine-worker", or "…/ipengine-worker (deleted)", of which the engine itself has no symbols.
static bool is_engine(const char *module)
{
    static const char name[] = "ipengine";
    return strncmp(base_name(module), name, sizeof name - 1) == 0;
}

static void format_place(char text[SYMBOLS_WHERE], const lines_place_t *place, const char *unit, const char *file,
                         uint64_t offset)
{
    if (unit[0] && place->function[0] && strcmp(place->file, "cell") == 0)
        format_cell(text, place, unit);
    else if (place->function[0] && place->line > 0)
        snprintf(text, SYMBOLS_WHERE, "%.80s (%.60s:%d)", place->function,
                 place->file, place->line);
    else if (place->function[0])
        snprintf(text, SYMBOLS_WHERE, "%.80s (%.70s)", place->function, base_name(file));
    else
        snprintf(text, SYMBOLS_WHERE, "%.100s+0x%" PRIx64, base_name(file), offset);
}

//  The trace as it is written.
typedef struct writer {
    FILE *stream;
    lines_t *lines;
    symbols_file_fn file_of;
    void *context;             // of file_of
    char *where;               // SYMBOLS_WHERE bytes
} writer_t;

//  The places of a frame; their number is never 0.
static int find_places(writer_t *self, const frame_t *frame, const char *own_file,
                       lines_place_t places[LINES_DEPTH])
{
    int count = own_file ? lines_find(self->lines, own_file, frame->offset, places) : 0;
    if (count > 0)
        return count;
    places[0] = (lines_place_t){0};
    ipc_text_copy(places[0].function, sizeof places[0].function, frame->symbol);
    return 1;
}

//  False when the rest of the trace is the engine's.
static bool write_frame(writer_t *self, const frame_t *frame)
{
    char hash[HASH_DIGITS + 1], text[SYMBOLS_WHERE];
    bool is_image = find_hash(frame->module, hash);
    const char *own_file = is_image                 ? self->file_of(self->context, hash)
                           : is_cell(frame->module) ? frame->module
                                                    : NULL;
    if (self->where[0] && is_engine(frame->module))
        return false; // it called the user's
    lines_place_t places[LINES_DEPTH];
    int count = find_places(self, frame, own_file, places);
    for (int i = 0; i < count; i++) {
        if (is_thunk(places[i].function))
            return false;
        if (is_raise(places[i].function))
            continue;
        format_place(text, &places[i], frame->unit, own_file ? own_file : frame->module, frame->offset);
        fprintf(self->stream, "    at %s\n", text);
        if (own_file && !self->where[0])
            ipc_text_copy(self->where, SYMBOLS_WHERE, text);
    }
    return true;
}

char *symbols_trace_by(symbols_method_t method, const char *frames, symbols_file_fn file_of,
                       void *context, char where[SYMBOLS_WHERE])
{
    char *text = NULL;
    size_t size = 0;
    where[0] = 0;
    writer_t writer = {.file_of = file_of, .context = context, .where = where};
    writer.stream = open_memstream(&text, &size);
    if (!writer.stream)
        return ipc_xstrdup("");
    writer.lines = lines_new(method == SYMBOLS_LIBDW, method <= SYMBOLS_ADDR2LINE);
    frame_t frame;
    for (const char *at = frames; (at = read_frame(at, &frame));)
        if (frame.module[0] && !write_frame(&writer, &frame))
            break;
    lines_destroy(&writer.lines);
    fclose(writer.stream);
    return text ? text : ipc_xstrdup("");
}

char *symbols_trace(const char *frames, symbols_file_fn file_of, void *context,
                    char where[SYMBOLS_WHERE])
{
    return symbols_trace_by(SYMBOLS_LIBDW, frames, file_of, context, where);
}
