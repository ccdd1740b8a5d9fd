//  Results, as programs read them: each reader waits for what it needs.
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/results.h"
#include "common/array_body.h"
#include "common/fail.h"

//  --- About a result -----------------------------------------------------------------------------------------

size_t ipc_result_count(const ipc_result_t *self)
{
    return self->positions.count;
}

size_t ipc_result_done(ipc_result_t *self)
{
    pthread_mutex_lock(&self->client->lock);
    size_t done = self->shape == RESULT_GATHER && !self->finished ? 0 : self->positions.done;
    pthread_mutex_unlock(&self->client->lock);
    return done;
}

size_t ipc_result_failed(ipc_result_t *self)
{
    pthread_mutex_lock(&self->client->lock);
    size_t failed = self->shape == RESULT_GATHER && !self->finished ? 0 : self->positions.failed;
    pthread_mutex_unlock(&self->client->lock);
    return failed;
}

double ipc_result_elapsed(ipc_result_t *self)
{
    pthread_mutex_lock(&self->client->lock);
    int64_t end = self->finished ? self->received : client_now();
    pthread_mutex_unlock(&self->client->lock);
    return 1e-9 * (double) (end - self->submitted);
}

double ipc_result_wall_time(ipc_result_t *self)
{
    return result_wait_all(self) ? ipc_result_elapsed(self) : 0;
}

double ipc_result_serial_time(ipc_result_t *self)
{
    return result_wait_all(self) ? self->serial : 0;
}

double ipc_result_speedup(ipc_result_t *self)
{
    double wall = ipc_result_wall_time(self);
    return wall > 0 ? self->serial / wall : 0;
}

//  --- Errors -------------------------------------------------------------------------------------------------

const ipc_error_t *result_unfinished(void)
{
    static const ipc_error_t error = {.code = IPC_E_INTERRUPTED, .engine = -1, .kind = "WaitInterrupted",
                                      .text = "the wait was interrupted by Ctrl-C: the work goes on"};
    return &error;
}

bool ipc_result_ok(ipc_result_t *self)
{
    if (!result_wait_all(self))
        return false;
    if (self->positions.failed > 0)
        result_look(self);
    return self->positions.failed == 0;
}

//  The errors of all failed positions, one after another; one that many share, such as a lost controller, once.
static void list_errors(const positions_t *positions, ipc_error_more_t *more)
{
    const ipc_error_t *last = NULL;
    more->parts = ipc_xalloc(positions->failed * sizeof more->parts[0]);
    for (size_t i = 0, seen = 0; seen < positions->failed; i++) {
        const ipc_error_t *error = positions_error(positions, i);
        seen += error != NULL;
        if (error && error != last)
            last = more->parts[more->parts_count++] = error;
    }
}

//  The first failed position's error, with the number of the others in its text. A refused call is one error.
static ipc_error_t *summarise(const ipc_result_t *self)
{
    const positions_t *positions = &self->positions;
    ipc_error_t *summary = ipc_xalloc(sizeof *summary);
    size_t i = 0;
    while (!positions_error(positions, i)) i++;
    const ipc_error_t *error = positions_error(positions, i);
    const ipc_error_more_t *first = error->more;
    *summary = *error;
    summary->more = NULL;
    if (self->refused)
        return summary;
    ipc_error_more_t *more = ipc_xalloc(sizeof *more);
    summary->more = more;
    more->method = ipc_xstrdup(first && first->method ? first->method : self->method);
    more->trace = first && first->trace ? ipc_xstrdup(first->trace) : NULL;
    list_errors(positions, more);
    if (positions->failed > 1) {
        int line = (int) strcspn(error->text, "\n"); // executed source stands below it
        char *text = ipc_xformat("%.*s (and %zu more failed)%s", line, error->text, positions->failed - 1,
                                 error->text + line);
        ipc_text_copy(summary->text, sizeof summary->text, text);
        free(text);
    }
    return summary;
}

const ipc_error_t *ipc_result_error(ipc_result_t *self)
{
    if (!result_wait_all(self))
        return result_unfinished();
    result_look(self);
    if (self->positions.failed == 0 && self->shape == RESULT_GATHER)
        ipc_result_joined(self); // finds parts that do not fit
    if (self->positions.failed > 0 && !result_more(self)->summary)
        self->more->summary = summarise(self);
    return self->more ? self->more->summary : NULL;
}

//  One position is read while others come in: they share words, and may move.
static bool lock_positions(ipc_result_t *self)
{
    bool lock = !self->finished;
    if (lock)
        pthread_mutex_lock(&self->client->lock);
    return lock;
}

static void unlock_positions(ipc_result_t *self, bool locked)
{
    if (locked)
        pthread_mutex_unlock(&self->client->lock);
}

const ipc_error_t *ipc_result_error_at(ipc_result_t *self, size_t i)
{
    static const ipc_error_t out_of_range = {.code = IPC_E_ARGUMENT, .engine = -1, .kind = "ArgumentError",
                                             .text = "the position is out of range"};
    if (i >= self->positions.count)
        return &out_of_range;
    if (!result_wait_at(self, i))
        return result_unfinished();
    result_look(self);
    bool locked = lock_positions(self);
    const ipc_error_t *error = positions_error(&self->positions, i);
    unlock_positions(self, locked);
    return error;
}

//  --- Values -------------------------------------------------------------------------------------------------

ipc_value_t ipc_result_value(ipc_result_t *self, size_t i)
{
    if (i >= self->positions.count || !result_wait_at(self, i))
        return ipc_none();
    bool locked = lock_positions(self);
    ipc_value_t value = positions_value(&self->positions, i);
    unlock_positions(self, locked);
    return value;
}

int64_t ipc_result_i64(ipc_result_t *self, size_t i)
{
    return ipc_value_i64(ipc_result_value(self, i));
}

uint64_t ipc_result_u64(ipc_result_t *self, size_t i)
{
    return ipc_value_u64(ipc_result_value(self, i));
}

double ipc_result_f64(ipc_result_t *self, size_t i)
{
    return ipc_value_f64(ipc_result_value(self, i));
}

double _Complex ipc_result_c128(ipc_result_t *self, size_t i)
{
    return ipc_value_c128(ipc_result_value(self, i));
}

bool ipc_result_bool(ipc_result_t *self, size_t i)
{
    return ipc_value_bool(ipc_result_value(self, i));
}

const char *ipc_result_str(ipc_result_t *self, size_t i)
{
    return ipc_value_str(ipc_result_value(self, i));
}

const ipc_array_t *ipc_result_array(ipc_result_t *self, size_t i)
{
    return ipc_value_array(ipc_result_value(self, i));
}

//  --- One by one -----------------------------------------------------------------------------------------------

static bool has_next(void *context)
{
    const ipc_result_t *self = context;
    return self->finished || (self->shape != RESULT_GATHER && self->next_run < self->run_count);
}

//  Shows position i, which a run has, as the result's item. With the lock: runs may move while messages come in.
static ipc_item_t *show_item(ipc_result_t *self, const run_t *run, size_t i, double started, double time)
{
    const ipc_error_t *error = positions_error(&self->positions, i);
    ipc_item_t *item = &result_more(self)->item;
    *item = (ipc_item_t){.index = i,
                         .value = positions_value(&self->positions, i),
                         .error = error,
                         .engine = error ? error->engine : run->engine,
                         .started = 1e-9 * ((double) run->started + started),
                         .finished = 1e-9 * ((double) run->started + started + time)};
    if (error)
        result_look(self);
    return item;
}

ipc_item_t *ipc_result_next(ipc_result_t *self)
{
    if (!result_wait_until(self, has_next, self, IPC_FOREVER))
        return NULL;
    pthread_mutex_lock(&self->client->lock);
    ipc_item_t *item = NULL;
    if (self->next_run < self->run_count) {
        const run_t *run = &self->runs[self->next_run];
        double time = run_time(run, self->next_in_run, self->next_in_run + 1);
        item = show_item(self, run, run->first + self->next_in_run, self->next_start, time);
        self->next_start += time;
        if (++self->next_in_run == run->count) {
            self->next_run++;
            self->next_in_run = 0;
            self->next_start = 0;
        }
    }
    pthread_mutex_unlock(&self->client->lock);
    return item;
}

ipc_item_t *ipc_result_item(ipc_result_t *self, size_t i)
{
    if (i >= self->positions.count || !result_wait_at(self, i))
        return NULL;
    pthread_mutex_lock(&self->client->lock);
    const run_t *run = result_run(self, i);
    ipc_item_t *item = NULL;
    if (run) {
        uint64_t at = i - run->first;
        item = show_item(self, run, i, run_time(run, 0, at), run_time(run, at, at + 1));
    }
    pthread_mutex_unlock(&self->client->lock);
    return item;
}
