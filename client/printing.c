//  Results, as people read them.
#include <stdlib.h>
#include <string.h>

#include "client/results.h"
#include "common/fail.h"

static void print_position(ipc_result_t *self, size_t i, FILE *stream)
{
    const ipc_error_t *error = positions_error(&self->positions, i);
    if (error)
        fprintf(stream, "<%s>", error->kind);
    else
        ipc_value_print(positions_value(&self->positions, i), stream);
}

void ipc_result_print(ipc_result_t *self, FILE *stream)
{
    enum { ALL_SHOWN = 1000, EDGE_SHOWN = 3 };
    result_wait_all(self);
    result_look(self);
    const ipc_array_t *joined = self->shape == RESULT_GATHER ? ipc_result_joined(self) : NULL;
    if (joined) {
        ipc_value_print(ipc_value_from_array(joined), stream);
        fputc('\n', stream);
        return;
    }
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

//  All that one position wrote to one stream, each line behind its prefix.
static void print_stream(const written_t *first, int stream_number, FILE *stream)
{
    static const char *const names[] = {"", "stdout", "stderr"};
    bool line_start = true;
    int engine = -1;
    for (const written_t *written = first; written && written->position == first->position;
         written = written->next) {
        if (written->stream != stream_number)
            continue;
        if (engine >= 0 && written->engine != engine && !line_start) { // a retry elsewhere
            fputc('\n', stream);
            line_start = true;
        }
        engine = written->engine;
        for (size_t k = 0; k < written->size; k++) {
            if (line_start)
                fprintf(stream, "[%s:%d] ", names[stream_number], engine);
            fputc(written->text[k], stream);
            line_start = written->text[k] == '\n';
        }
    }
    if (!line_start)
        fputc('\n', stream);
}

//  Merges two lists that are in order of position; of equal ones those in a go first.
static written_t *merge(written_t *a, written_t *b)
{
    written_t *first = NULL, **end = &first;
    while (a && b) {
        written_t **from = b->position < a->position ? &b : &a;
        *end = *from;
        *from = (*from)->next;
        end = &(*end)->next;
    }
    *end = a ? a : b;
    return first;
}

//  Sorts by position; what one position wrote stays in its order.
static written_t *sort_written(written_t *list)
{
    if (!list || !list->next)
        return list;
    written_t *middle = list;
    for (const written_t *end = list->next; end && end->next; end = end->next->next) middle = middle->next;
    written_t *second = middle->next;
    middle->next = NULL;
    return merge(sort_written(list), sort_written(second));
}

void ipc_result_display(ipc_result_t *self, FILE *stream)
{
    result_wait_all(self);
    result_look(self);
    const written_t *written = NULL;
    if (self->more) {
        result_more_t *more = self->more;
        pthread_mutex_lock(&self->client->lock); // results of others may be told meanwhile
        written = more->last_written = more->written = sort_written(more->written);
        while (more->last_written && more->last_written->next) more->last_written = more->last_written->next;
        pthread_mutex_unlock(&self->client->lock);
    }
    while (written) {
        const written_t *first = written;
        print_stream(first, 1, stream);
        print_stream(first, 2, stream);
        while (written && written->position == first->position) written = written->next;
    }
    if (self->positions.failed > 0)
        ipc_error_print(ipc_result_error(self), stream);
}
