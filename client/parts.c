//  Parts of results: slices, splits and joins. A part is a result that is filled with what comes to its sources, and
//  shares their values; a source that the program frees stays until the last part of it goes.
#include <stdlib.h>
#include <string.h>

#include "client/results.h"
#include "common/fail.h"

bool parts_is_view(const ipc_result_t *self)
{
    return self->more && self->more->source_count > 0;
}

//  --- What comes to a source, comes to its parts -----------------------------------------------------------------

//  Positions first to end - 1 of a run of the source's go to a part, from its position at on.
//      start   nanoseconds after the run's begin that they began
static void copy_positions(ipc_result_t *view, const ipc_result_t *source, const run_t *run, uint64_t first,
                           uint64_t end, uint64_t at, double start)
{
    double time = run_time(run, first - run->first, end - run->first);
    run_t *copy = result_add_run(view, run->engine, at, end - first);
    *copy = *run;
    copy->first = at;
    copy->count = end - first;
    copy->started = run->started + (int64_t) start;
    copy->finished = copy->started + (int64_t) time;
    copy->durations = run->durations ? run->durations + (first - run->first) : NULL;
    for (uint64_t i = first; i < end; i++) {
        const ipc_error_t *error = positions_error(&source->positions, i);
        if (error)
            positions_fail(&view->positions, at + i - first, error);
        else
            positions_put(&view->positions, at + i - first, positions_value(&source->positions, i));
    }
    view->serial += 1e-9 * time;
    if (view->received < run->received)
        view->received = run->received;
    if (view->positions.done < view->positions.count && view->client->waiters > 0)
        client_tell(view->client);
    result_settle(view);
}

static void pass_run(const tap_t *tap, const run_t *run)
{
    uint64_t first = run->first > tap->first ? run->first : tap->first;
    uint64_t run_end = run->first + run->count, tap_end = tap->first + tap->count;
    uint64_t end = run_end < tap_end ? run_end : tap_end;
    if (first >= end)
        return;
    double start = run_time(run, 0, first - run->first);
    if (tap->view)
        copy_positions(tap->view, tap->source, run, first, end, tap->at + first - tap->first, start);
    for (uint64_t i = first; tap->views && i < end; i++) {
        ipc_result_t *view = tap->views[i - tap->first];
        if (view)
            copy_positions(view, tap->source, run, i, i + 1, 0, start);
        start += run_time(run, i - run->first, i + 1 - run->first);
    }
}

void parts_pass_on(ipc_result_t *self)
{
    for (tap_t *tap = self->more->taps; tap; tap = tap->next)
        while (tap->seen < self->run_count) pass_run(tap, &self->runs[tap->seen++]);
}

static void tap_output(const tap_t *tap, uint64_t position, int engine, int stream, ipc_bytes_t text)
{
    if (position < tap->first || position - tap->first >= tap->count)
        return;
    uint64_t i = position - tap->first;
    ipc_result_t *view = tap->view ? tap->view : tap->views[i];
    if (view)
        result_add_written(view, tap->view ? tap->at + i : 0, engine, stream, text);
}

void parts_pass_output(ipc_result_t *self, uint64_t position, int engine, int stream, ipc_bytes_t text)
{
    for (const tap_t *tap = self->more->taps; tap; tap = tap->next) tap_output(tap, position, engine, stream, text);
}

//  What the source has got before.
static void catch_up(tap_t *tap)
{
    const ipc_result_t *source = tap->source;
    for (const written_t *written = source->more->written; written; written = written->next)
        tap_output(tap, written->position, written->engine, written->stream,
                   (ipc_bytes_t){written->text, written->size});
    while (tap->seen < source->run_count && (source->shape != RESULT_GATHER || source->finished))
        pass_run(tap, &source->runs[tap->seen++]);
}

//  --- Making and freeing -------------------------------------------------------------------------------------------

static tap_t *tap_new(ipc_result_t *source, uint64_t first, uint64_t count)
{
    tap_t *tap = ipc_xalloc(sizeof *tap);
    *tap = (tap_t){.source = source, .first = first, .count = count, .next = result_more(source)->taps};
    return source->more->taps = tap;
}

static ipc_result_t *view_new(const ipc_result_t *source, result_shape_t shape, size_t count, size_t source_count)
{
    ipc_result_t *view = result_new(source->client, source->method, shape, count);
    view->submitted = view->received = source->submitted;
    view->refused = source->refused;
    result_more(view)->sources = ipc_xalloc(source_count * sizeof view->more->sources[0]);
    return view;
}

static void view_shows(ipc_result_t *view, tap_t *tap)
{
    tap->live++;
    view->more->sources[view->more->source_count++] = tap;
    if (tap->source->submitted < view->submitted)
        view->submitted = tap->source->submitted;
}

static void tap_free(tap_t *tap)
{
    ipc_result_t *source = tap->source;
    tap_t **at = &source->more->taps;
    while (*at != tap) at = &(*at)->next;
    *at = tap->next;
    free(tap->views);
    free(tap);
    if (source->abandoned && !source->more->taps)
        result_free(source);
}

void parts_leave(result_more_t *more)
{
    for (size_t i = 0; i < more->source_count; i++) {
        tap_t *tap = more->sources[i];
        if (tap->views)
            tap->views[more->split_at] = NULL;
        if (--tap->live == 0)
            tap_free(tap);
    }
    free(more->sources);
}

//  --- What programs call -------------------------------------------------------------------------------------------

ipc_result_t *parts_slice(ipc_result_t *self, size_t first, size_t end)
{
    ipc_result_t *view = view_new(self, RESULT_LIST, end - first, 1);
    tap_t *tap = tap_new(self, first, end - first);
    tap->view = view;
    view_shows(view, tap);
    catch_up(tap);
    result_settle(view); // of none: it is done
    return view;
}

ipc_result_t *ipc_result_slice(ipc_result_t *self, size_t first, size_t end)
{
    size_t count = self->positions.count;
    end = end < count ? end : count;
    first = first < end ? first : end;
    pthread_mutex_lock(&self->client->lock);
    ipc_result_t *view = parts_slice(self, first, end);
    pthread_mutex_unlock(&self->client->lock);
    return view;
}

//  Where a position of a part comes from.
static const tap_t *tap_of(const ipc_result_t *self, size_t i)
{
    for (size_t k = 0; k < self->more->source_count; k++) {
        const tap_t *tap = self->more->sources[k];
        if (tap->views || (i >= tap->at && i - tap->at < tap->count))
            return tap;
    }
    return NULL;
}

const ipc_result_t *parts_origin(const ipc_result_t *self, size_t *i)
{
    while (parts_is_view(self)) {
        const tap_t *tap = tap_of(self, *i);
        *i = tap->first + (tap->views ? self->more->split_at : *i - tap->at);
        self = tap->source;
    }
    return self;
}

size_t ipc_result_split(ipc_result_t *self, ipc_result_t **parts, size_t room)
{
    size_t count = self->positions.count < room ? self->positions.count : room;
    if (count == 0)
        return 0;
    pthread_mutex_lock(&self->client->lock);
    tap_t *tap = tap_new(self, 0, count);
    tap->views = ipc_xalloc(count * sizeof tap->views[0]);
    for (size_t i = 0; i < count; i++) {
        tap->views[i] = parts[i] = view_new(self, RESULT_BARE, 1, 1);
        parts[i]->more->split_at = i;
        view_shows(parts[i], tap);
    }
    catch_up(tap);
    pthread_mutex_unlock(&self->client->lock);
    return count;
}

//  The positions of all; SIZE_MAX when they are not of one client.
static size_t count_all(ipc_result_t *const *results, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (results[i]->client != results[0]->client)
            return SIZE_MAX;
        total += results[i]->positions.count;
    }
    return total;
}

ipc_result_t *ipc_result_join(ipc_result_t *const *results, size_t count)
{
    if (count == 0)
        return NULL;
    ipc_client_t *client = results[0]->client;
    size_t total = count_all(results, count);
    pthread_mutex_lock(&client->lock);
    ipc_result_t *view;
    if (total == SIZE_MAX) {
        ipc_error_t error = {0};
        ipc_fail(&error, IPC_E_ARGUMENT, "the argument results of a join holds results of different clients");
        view = result_refuse(result_new(client, "join", RESULT_LIST, 1), &error);
    } else {
        view = view_new(results[0], RESULT_LIST, total, count);
        view->refused = false; // some may be fine
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
            tap_t *tap = tap_new(results[i], 0, results[i]->positions.count);
            tap->view = view;
            tap->at = at;
            at += tap->count;
            view_shows(view, tap);
            catch_up(tap);
        }
        result_settle(view);
    }
    pthread_mutex_unlock(&client->lock);
    return view;
}
