//  Results, as people read them.
#include <stdlib.h>
#include <string.h>

#include "client/results.h"
#include "common/fail.h"

static void print_position(ipc_result_t *self, size_t i, FILE *stream)
{
    const ipc_error_t *error = slot_error(&self->slots[i]);
    if (error)
        fprintf(stream, "<%s>", error->kind);
    else
        ipc_value_print(self->slots[i].value, stream);
}

void ipc_result_print(ipc_result_t *self, FILE *stream)
{
    enum { ALL_SHOWN = 1000, EDGE_SHOWN = 3 };
    result_wait_all(self);
    const ipc_array_t *joined = self->shape == RESULT_GATHER ? ipc_result_joined(self) : NULL;
    if (joined) {
        ipc_value_print(ipc_value_from_array(joined), stream);
        fputc('\n', stream);
        return;
    }
    if (self->shape == RESULT_BARE && self->count == 1) {
        print_position(self, 0, stream);
        fputc('\n', stream);
        return;
    }
    fputc('[', stream);
    for (size_t i = 0; i < self->count; i++) {
        if (i > 0)
            fputs(", ", stream);
        if (self->count > ALL_SHOWN && i == EDGE_SHOWN) {
            fputs("…, ", stream);
            i = self->count - EDGE_SHOWN;
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

static int by_position(const void *a, const void *b)
{
    const written_t *const *x = a, *const *y = b;
    return ((*x)->position > (*y)->position) - ((*x)->position < (*y)->position);
}

//  Sorts what was written by position; a merge sort, so that each position's stays in order (glibc's qsort of
//  pointers is one, but does not promise it: positions carry their rank).
static void sort_written(ipc_result_t *self)
{
    size_t count = 0;
    for (written_t *written = self->written; written; written = written->next) count++;
    if (count == 0)
        return;
    written_t **all = ipc_xalloc(count * sizeof all[0]);
    size_t i = 0;
    bool sorted = true;
    for (written_t *written = self->written; written; written = written->next) {
        sorted = sorted && (i == 0 || all[i - 1]->position <= written->position);
        all[i++] = written;
    }
    for (size_t k = 1; !sorted && k < count; k++) // few are out of place: insertion keeps the order
        for (size_t j = k; j > 0 && by_position(&all[j - 1], &all[j]) > 0; j--) {
            written_t *swap = all[j];
            all[j] = all[j - 1];
            all[j - 1] = swap;
        }
    self->written = all[0];
    for (size_t k = 0; k + 1 < count; k++) all[k]->next = all[k + 1];
    self->last_written = all[count - 1];
    self->last_written->next = NULL;
    free(all);
}

void ipc_result_display(ipc_result_t *self, FILE *stream)
{
    result_wait_all(self);
    pthread_mutex_lock(&self->client->lock);
    sort_written(self);
    pthread_mutex_unlock(&self->client->lock);
    const written_t *written = self->written;
    while (written) {
        const written_t *first = written;
        print_stream(first, 1, stream);
        print_stream(first, 2, stream);
        while (written && written->position == first->position) written = written->next;
    }
    if (self->failed > 0)
        ipc_error_print(ipc_result_error(self), stream);
}
