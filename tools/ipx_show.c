#include "tools/ipx_show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"

static const char OFF[] = "\033[0m", FAINT[] = "\033[36m", ALARM[] = "\033[31m", VALUE[] = "\033[32m";

ipx_show_t ipx_show_of(bool bare)
{
    const char *plain = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool colours = isatty(STDOUT_FILENO) && !(plain && plain[0]) && terminal && strcmp(terminal, "dumb") != 0;
    return (ipx_show_t){.bare = bare, .colours = colours};
}

static void begin(const ipx_show_t *self, const char *colour, FILE *stream)
{
    if (self->colours)
        fputs(colour, stream);
}

static void end(const ipx_show_t *self, FILE *stream)
{
    begin(self, OFF, stream);
}

void ipx_show_line(const ipx_show_t *self, const ipc_line_t *line)
{
    FILE *stream = line->is_error ? stderr : stdout;
    if (line->is_error)
        fflush(stdout); // on a terminal both are in order
    begin(self, line->is_error ? ALARM : FAINT, stream);
    if (!self->bare)
        fprintf(stream, "[%s:%d] ", line->is_error ? "stderr" : "stdout", line->engine);
    if (!line->is_error)
        end(self, stream);
    fwrite(line->text, 1, line->size, stream);
    if (line->is_error)
        end(self, stream);
    fputc('\n', stream);
}

static void show_value(const ipx_show_t *self, ipc_result_t *result, size_t i)
{
    ipc_value_t value = ipc_result_value(result, i);
    const ipc_metadata_t *metadata = ipc_result_metadata(result, i);
    if (value.kind == IPC_KIND_NONE || metadata->cell == 0)
        return;
    begin(self, VALUE, stdout);
    if (self->bare)
        printf("Out[%" PRIu64 "]: ", metadata->cell);
    else
        printf("Out[%d:%" PRIu64 "]: ", metadata->engine, metadata->cell);
    end(self, stdout);
    ipc_value_print(value, stdout);
    putchar('\n');
}

void ipx_show_values(const ipx_show_t *self, ipc_result_t *result)
{
    for (size_t i = 0; i < ipc_result_count(result); i++) show_value(self, result, i);
}

//  Of the shell's own cell space: without the engine's head.
static void show_bare(const ipc_error_t *error)
{
    if (error->code != IPC_E_COMPILE && error->engine >= 0)
        fprintf(stderr, "%s: ", error->kind);
    const char *restart = error->code == IPC_E_CRASH ? strstr(error->text, "; engine ") : NULL; // said below
    fprintf(stderr, "%.*s\n%s", restart ? (int) (restart - error->text) : (int) strlen(error->text), error->text,
            ipc_error_trace(error));
    if (error->code == IPC_E_CRASH)
        fputs("the shell's own cell space begins anew: what was declared here is gone\n", stderr);
}

void ipx_show_errors(const ipx_show_t *self, ipc_result_t *result)
{
    const ipc_error_t *error = ipc_result_error(result);
    fflush(stdout);
    for (size_t i = 0; self->bare && i < ipc_error_count(error); i++) show_bare(ipc_error_part(error, i));
    if (error && !self->bare)
        ipc_error_print(error, stderr);
}

//  --- In groups -----------------------------------------------------------------------------------------------

//  A line that is kept, and its place.
typedef struct kept_line {
    ipc_line_t line;
    char *text;                        // its own
    uint64_t keys[3];
} kept_line_t;

static kept_line_t keep(const ipc_line_t *line, ipx_group_t group, size_t arrival)
{
    kept_line_t kept = {.line = *line, .text = ipc_xalloc(line->size + 1), .keys = {0, 0, arrival}};
    kept.line.text = memcpy(kept.text, line->text, line->size);
    if (group == IPX_BY_TYPE)
        memcpy(kept.keys, (uint64_t[]){line->is_error, line->index}, 2 * sizeof kept.keys[0]);
    if (group == IPX_BY_ENGINE)
        memcpy(kept.keys, (uint64_t[]){line->index, line->is_error}, 2 * sizeof kept.keys[0]);
    return kept;
}

static int by_keys(const void *a, const void *b)
{
    const kept_line_t *first = a, *second = b;
    for (size_t k = 0; k < 3; k++)
        if (first->keys[k] != second->keys[k])
            return first->keys[k] < second->keys[k] ? -1 : 1;
    return 0;
}

//  All lines, sorted; free each's text and them. A part of the result is read, since the result's own lines may have
//  been shown before.
static kept_line_t *keep_lines(ipc_result_t *result, ipx_group_t group, size_t *count)
{
    ipc_auto(ipc_result_destroy) ipc_result_t *part = ipc_result_slice(result, 0, ipc_result_count(result));
    kept_line_t *lines = NULL;
    size_t room = 0;
    *count = 0;
    for (const ipc_line_t *line; (line = ipc_result_next_line(part, IPC_FOREVER)); ++*count) {
        if (*count == room)
            lines = ipc_xrealloc(lines, (room = room ? 2 * room : 64) * sizeof lines[0]);
        lines[*count] = keep(line, group, *count);
    }
    if (*count > 0)
        qsort(lines, *count, sizeof lines[0], by_keys);
    return lines;
}

void ipx_show_result(const ipx_show_t *self, ipc_result_t *result, ipx_group_t group)
{
    size_t count, shown = 0;
    kept_line_t *lines = keep_lines(result, group, &count);
    for (size_t i = 0; group == IPX_BY_ENGINE && i < ipc_result_count(result); i++) {
        for (; shown < count && lines[shown].line.index == i; shown++) ipx_show_line(self, &lines[shown].line);
        show_value(self, result, i);
    }
    for (; shown < count; shown++) ipx_show_line(self, &lines[shown].line);
    for (size_t i = 0; i < count; i++) free(lines[i].text);
    free(lines);
    if (group != IPX_BY_ENGINE)
        ipx_show_values(self, result);
    ipx_show_errors(self, result);
    fflush(stdout);
}
