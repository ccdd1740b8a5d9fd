//  What is known of each position's task. Runs keep it, one for the positions of a message, so that a position costs
//  no memory of its own; parts of results ask their sources.
#include <inttypes.h>
#include <stdlib.h>

#include "client/results.h"
#include "common/fail.h"

//  --- The run of a position --------------------------------------------------------------------------------------

static int by_first(const void *a, const void *b)
{
    uint64_t first = ((const run_place_t *) a)->first, second = ((const run_place_t *) b)->first;
    return first < second ? -1 : first > second;
}

//  The table follows the runs in steps that grow with it: those that came since are few, and looked at one by one.
static void index_runs(ipc_result_t *self)
{
    enum { FEW = 64 };
    result_more_t *more = result_more(self);
    if (self->run_count - more->place_count <= FEW + more->place_count / 8)
        return;
    more->places = ipc_xrealloc(more->places, self->run_count * sizeof more->places[0]);
    for (size_t k = 0; k < self->run_count; k++) more->places[k] = (run_place_t){self->runs[k].first, k};
    more->place_count = self->run_count;
    qsort(more->places, more->place_count, sizeof more->places[0], by_first);
}

static const run_t *run_if_has(const run_t *run, uint64_t i)
{
    return i >= run->first && i - run->first < run->count ? run : NULL;
}

const run_t *result_run(ipc_result_t *self, uint64_t i)
{
    if (!positions_is_done(&self->positions, i) || (self->shape == RESULT_GATHER && !self->finished))
        return NULL;
    index_runs(self);
    const result_more_t *more = self->more;
    size_t low = 0, high = more->place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (more->places[middle].first <= i)
            low = middle + 1;
        else
            high = middle;
    }
    const run_t *run = low > 0 ? run_if_has(&self->runs[more->places[low - 1].run], i) : NULL;
    for (size_t k = more->place_count; !run && k < self->run_count; k++) run = run_if_has(&self->runs[k], i);
    return run;
}

//  --- Metadata -----------------------------------------------------------------------------------------------------

static double seconds(int64_t nanoseconds)
{
    return 1e-9 * (double) nanoseconds;
}

static const char *status_of(const ipc_error_t *error)
{
    return !error ? "ok" : error->code == IPC_E_ABORTED ? "aborted" : "error";
}

//  The result that a position of a part comes from, and which of its positions that is.
static ipc_result_t *origin_of(ipc_result_t *self, uint64_t *i)
{
    while (parts_is_view(self)) {
        tap_t *const *sources = self->more->sources;
        size_t low = 0, high = self->more->source_count; // the last source that begins at *i or before, and has some
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            if (sources[middle]->at <= *i)
                low = middle;
            else
                high = middle;
        }
        *i = sources[low]->views ? sources[low]->first + self->more->split_at
                                 : sources[low]->first + *i - sources[low]->at;
        self = sources[low]->source;
    }
    return self;
}

static void tell_run(ipc_metadata_t *metadata, const run_t *run, uint64_t i)
{
    bool ran = run->started != 0;
    uint64_t at = i - run->first;
    double start = run_time(run, 0, at);
    metadata->engine = run->engine;
    metadata->attempts = (int) run->attempts;
    metadata->accepted = seconds(run->accepted);
    metadata->sent = seconds(run->sent);
    metadata->started = ran ? seconds(run->started) + 1e-9 * start : 0;
    metadata->finished = ran ? seconds(run->started) + 1e-9 * (start + run_time(run, at, at + 1)) : 0;
    metadata->received = seconds(run->received);
    metadata->peak_memory = run->peak_memory;
}

char *result_text_of(const ipc_result_t *self, uint64_t position, int stream)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    const written_t *written = self->more ? self->more->written : NULL;
    for (; written; written = written->next)
        if (written->position == position && written->stream == stream)
            fwrite(written->text, 1, written->size, file);
    fclose(file);
    return text;
}

const ipc_metadata_t *ipc_result_metadata(ipc_result_t *self, size_t i)
{
    if (i >= self->positions.count)
        return NULL;
    pthread_mutex_lock(&self->client->lock);
    link_flush(self->client); // what came in while nobody looked
    result_more_t *more = result_more(self);
    uint64_t position = i;
    ipc_result_t *origin = origin_of(self, &position);
    const run_t *run = result_run(origin, position);
    for (int k = 0; k < 2; k++) {
        free(more->texts[k]);
        more->texts[k] = result_text_of(self, i, k + 1);
    }
    more->metadata = (ipc_metadata_t){.index = i,
                                      .id = origin->job ? origin->job + position : 0,
                                      .engine = -1,
                                      .status = "pending",
                                      .method = origin->method,
                                      .label = origin->more && origin->more->label ? origin->more->label : "",
                                      .submitted = seconds(origin->submitted),
                                      .out = more->texts[0],
                                      .err = more->texts[1],
                                      .cell = origin->more ? origin->more->cell : 0};
    if (run) {
        tell_run(&more->metadata, run, position);
        more->metadata.error = positions_error(&self->positions, i);
        more->metadata.status = status_of(more->metadata.error);
    }
    pthread_mutex_unlock(&self->client->lock);
    if (more->metadata.error)
        result_look(self);
    return &more->metadata;
}

//  --- By engine ------------------------------------------------------------------------------------------------------

static int64_t fail_by_engine(const ipc_result_t *self, int engine, size_t runs, uint64_t first, uint64_t second,
                              ipc_error_t *error)
{
    if (runs == 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "engine %d ran no position of this %s (argument engine)", engine,
                        self->method);
    return ipc_fail(error, IPC_E_ARGUMENT,
                    "engine %d ran positions %" PRIu64 " and %" PRIu64 " of this %s: read them by position "
                    "(argument engine)",
                    engine, first, second, self->method);
}

int64_t ipc_result_by_engine(ipc_result_t *self, int engine, ipc_error_t *error)
{
    if (!result_wait_all(self))
        return client_fail_interrupted(error);
    uint64_t ran[2] = {0};
    size_t count = 0;
    for (size_t k = 0; k < self->run_count && count < 2; k++) {
        const run_t *run = &self->runs[k];
        for (uint64_t i = run->first; run->engine == engine && i < run->first + run->count && count < 2; i++)
            ran[count++] = i;
    }
    return engine >= 0 && count == 1 ? (int64_t) ran[0] : fail_by_engine(self, engine, count, ran[0], ran[1], error);
}
