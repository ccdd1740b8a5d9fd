//  Results, as people read them.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/results.h"
#include "client/stream.h"
#include "common/fail.h"

static void print_position(ipc_result_t *self, size_t i, FILE *stream)
{
    const ipc_error_t *error = positions_error(&self->positions, i);
    if (!self->finished && (self->shape == RESULT_GATHER || !positions_is_done(&self->positions, i)))
        error = result_unfinished();
    if (error)
        fprintf(stream, "<%s>", error->kind);
    else
        ipc_value_print(positions_value(&self->positions, i), stream);
}

static void print_positions(ipc_result_t *self, FILE *stream)
{
    enum { ALL_SHOWN = 1000, EDGE_SHOWN = 3 };
    if (self->shape == RESULT_BARE && self->positions.count == 1) {
        print_position(self, 0, stream);
        fputc('\n', stream);
        return;
    }
    fputc('[', stream);
    for (size_t i = 0; i < self->positions.count; i++) {
        if (i > 0)
            fputs(", ", stream);
        if (self->positions.count > ALL_SHOWN && i == EDGE_SHOWN) {
            fputs("…, ", stream);
            i = self->positions.count - EDGE_SHOWN;
        }
        print_position(self, i, stream);
    }
    fputs("]\n", stream);
}

void ipc_result_print(ipc_result_t *self, FILE *stream)
{
    bool finished = result_wait_all(self);
    result_look(self);
    ipc_value_t joined = finished && self->shape == RESULT_GATHER ? ipc_result_joined_value(self) : ipc_none();
    if (joined.kind != IPC_KIND_NONE) {
        ipc_value_print(joined, stream);
        fputc('\n', stream);
        return;
    }
    if (!finished) // more comes in
        pthread_mutex_lock(&self->client->lock);
    print_positions(self, stream);
    if (!finished)
        pthread_mutex_unlock(&self->client->lock);
}

//  --- Output -----------------------------------------------------------------------------------------------------

void line_last_state(const char **text, size_t *size)
{
    while (*size > 0 && (*text)[*size - 1] == '\r') --*size;
    const char *last = *size > 0 ? memrchr(*text, '\r', *size) : NULL;
    if (last) {
        *size -= (size_t) (last + 1 - *text);
        *text = last + 1;
    }
}

void line_print(const ipc_line_t *line, FILE *stream)
{
    fprintf(stream, "[%s:%d] ", line->is_error ? "stderr" : "stdout", line->engine);
    if (line->size > 0)
        fwrite(line->text, 1, line->size, stream);
    fputc('\n', stream);
}

static void print_line(const written_t *written, const ipc_writer_t *text, FILE *stream)
{
    ipc_line_t line = {.engine = written->engine, .is_error = written->stream != 1, .text = text->data,
                       .size = text->size};
    line_last_state(&line.text, &line.size);
    line_print(&line, stream);
}

//  A piece of what was written, and what decides where it is shown.
typedef struct piece {
    uint64_t keys[3];
    size_t arrival;
    const written_t *written;
} piece_t;

static piece_t piece_of(const written_t *written, ipc_group_t group, size_t arrival)
{
    uint64_t position = written->position, number = (uint64_t) written->stream;
    piece_t piece = {.arrival = arrival, .written = written, .keys = {position, number}};
    if (group == IPC_BY_TYPE)
        memcpy(piece.keys, (uint64_t[]){number, position, 0}, sizeof piece.keys);
    if (group == IPC_BY_ENGINE)
        memcpy(piece.keys, (uint64_t[]){(uint64_t) written->engine, number, position}, sizeof piece.keys);
    return piece;
}

static int by_keys(const void *a, const void *b)
{
    const piece_t *first = a, *second = b;
    for (size_t k = 0; k < 3; k++)
        if (first->keys[k] != second->keys[k])
            return first->keys[k] < second->keys[k] ? -1 : 1;
    return first->arrival < second->arrival ? -1 : first->arrival > second->arrival;
}

//  All that was written, in the order in which it is shown; free() it.
static piece_t *sort_pieces(ipc_result_t *self, ipc_group_t group, size_t *count)
{
    piece_t *pieces = NULL;
    size_t room = 0;
    *count = 0;
    pthread_mutex_lock(&self->client->lock); // results of others may be told meanwhile
    for (const written_t *written = self->more ? self->more->written : NULL; written; written = written->next) {
        if (*count == room)
            pieces = ipc_xrealloc(pieces, (room = room ? 2 * room : 16) * sizeof pieces[0]);
        pieces[*count] = piece_of(written, group, *count);
        ++*count;
    }
    pthread_mutex_unlock(&self->client->lock);
    if (*count > 1)
        qsort(pieces, *count, sizeof pieces[0], by_keys);
    return pieces;
}

//  Whether a line may go on from one piece to the next: not that of another task, or of a retry elsewhere.
static bool are_of_one(const written_t *a, const written_t *b)
{
    return a->position == b->position && a->stream == b->stream && a->engine == b->engine;
}

//  Each line behind its prefix.
static void print_pieces(const piece_t *pieces, size_t count, FILE *stream)
{
    ipc_writer_t line = {0};
    for (size_t i = 0; i < count; i++) {
        const written_t *written = pieces[i].written;
        const char *at = written->text, *end = at + written->size;
        for (const char *newline; (newline = memchr(at, '\n', (size_t) (end - at))); at = newline + 1) {
            ipc_write_raw(&line, at, (size_t) (newline - at));
            print_line(written, &line, stream);
            line.size = 0;
        }
        ipc_write_raw(&line, at, (size_t) (end - at));
        if (line.size > 0 && (i + 1 == count || !are_of_one(written, pieces[i + 1].written))) {
            print_line(written, &line, stream);
            line.size = 0;
        }
    }
    ipc_writer_destroy(&line);
}

//  The values of executed source: "Out[0:3]: 14.1421", of engine 0 and cell 3.
static void print_values(ipc_result_t *self, FILE *stream)
{
    for (size_t i = 0; i < self->positions.count; i++) {
        ipc_value_t value = ipc_result_value(self, i);
        if (positions_error(&self->positions, i) || value.kind == IPC_KIND_NONE)
            continue;
        fprintf(stream, "Out[%d:%" PRIu64 "]: ", ipc_result_metadata(self, i)->engine, self->more->cell);
        ipc_value_print(value, stream);
        fputc('\n', stream);
    }
}

void ipc_result_display_by(ipc_result_t *self, ipc_group_t group, FILE *stream)
{
    if (group == IPC_BY_ORDER) {
        ipc_result_stream(self, stream);
        return;
    }
    bool finished = result_wait_all(self);
    result_look(self);
    size_t count = 0;
    piece_t *pieces = sort_pieces(self, group, &count);
    print_pieces(pieces, count, stream);
    free(pieces);
    if (finished && self->more && self->more->cell)
        print_values(self, stream);
    if (!finished)
        ipc_error_print(result_unfinished(), stream);
    else if (self->positions.failed > 0)
        ipc_error_print(ipc_result_error(self), stream);
}

void ipc_result_display(ipc_result_t *self, FILE *stream)
{
    ipc_result_display_by(self, IPC_BY_POSITION, stream);
}
