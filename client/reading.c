//  Results, as programs read them: each reader waits for what it needs.
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/results.h"
#include "common/array_body.h"
#include "common/fail.h"

//  --- Waiting ------------------------------------------------------------------------------------------------

static bool is_finished(void *context)
{
    return ((const ipc_result_t *) context)->finished;
}

typedef struct position {
    const ipc_result_t *result;
    size_t i;
} position_t;

//  While a gather has a second half before it, no position can be shown.
static bool is_position_done(void *context)
{
    const position_t *at = context;
    return at->result->finished ||
           (at->result->shape != RESULT_GATHER && at->result->slots[at->i].state != SLOT_WAITING);
}

static bool wait_until(ipc_result_t *self, condition_fn *condition, void *context, int timeout_ms)
{
    pthread_mutex_lock(&self->client->lock);
    bool met = client_wait(self->client, condition, context, timeout_ms);
    pthread_mutex_unlock(&self->client->lock);
    return met;
}

void result_wait_all(ipc_result_t *self)
{
    wait_until(self, is_finished, self, IPC_FOREVER);
}

void result_wait_at(ipc_result_t *self, size_t i)
{
    if (i < self->count)
        wait_until(self, is_position_done, &(position_t){self, i}, IPC_FOREVER);
}

bool ipc_result_wait(ipc_result_t *self, int timeout_ms)
{
    return wait_until(self, is_finished, self, timeout_ms);
}

static void print_progress(ipc_result_t *self)
{
    enum { WIDTH = 40 };
    size_t done = ipc_result_done(self), filled = self->count ? done * WIDTH / self->count : WIDTH;
    double elapsed = ipc_result_elapsed(self), rate = elapsed > 0 ? (double) done / elapsed : 0;
    fprintf(stderr, "\r%s |%.*s%*s| %zu/%zu  %.0f/s  %.1f s", self->method, (int) filled,
            "########################################", (int) (WIDTH - filled), "", done, self->count, rate,
            elapsed);
}

void ipc_result_wait_interactive(ipc_result_t *self)
{
    enum { REFRESH_MS = 100 };
    if (!isatty(STDERR_FILENO)) {
        result_wait_all(self);
        return;
    }
    while (!ipc_result_wait(self, REFRESH_MS)) print_progress(self);
    print_progress(self);
    fputc('\n', stderr);
}

//  --- About a result -----------------------------------------------------------------------------------------

size_t ipc_result_count(const ipc_result_t *self)
{
    return self->count;
}

size_t ipc_result_done(ipc_result_t *self)
{
    pthread_mutex_lock(&self->client->lock);
    size_t done = self->shape == RESULT_GATHER && !self->finished ? 0 : self->done;
    pthread_mutex_unlock(&self->client->lock);
    return done;
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
    result_wait_all(self);
    return ipc_result_elapsed(self);
}

double ipc_result_serial_time(ipc_result_t *self)
{
    result_wait_all(self);
    return self->serial;
}

int ipc_result_fd(ipc_result_t *self)
{
    pthread_mutex_lock(&self->client->lock);
    if (self->event_fd < 0)
        self->event_fd = eventfd(self->finished, EFD_CLOEXEC | EFD_NONBLOCK);
    int fd = self->event_fd;
    pthread_mutex_unlock(&self->client->lock);
    return fd;
}

//  --- Errors -------------------------------------------------------------------------------------------------

bool ipc_result_ok(ipc_result_t *self)
{
    result_wait_all(self);
    self->looked = self->looked || self->failed > 0;
    return self->failed == 0;
}

//  The first failed position's error, with the number of the others in its text.
static ipc_error_t *summarise(ipc_result_t *self)
{
    ipc_error_t *summary = NULL;
    ipc_error_more_t *more = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const ipc_error_t *error = slot_error(&self->slots[i]);
        if (!error)
            continue;
        if (!summary) {
            const ipc_error_more_t *first = error->more;
            summary = ipc_xalloc(sizeof *summary);
            *summary = *error;
            summary->more = more = ipc_xalloc(sizeof *more);
            more->method = ipc_xstrdup(self->method);
            more->trace = first && first->trace ? ipc_xstrdup(first->trace) : NULL;
            more->others = ipc_xalloc(self->failed * sizeof more->others[0]);
            continue;
        }
        more->others[more->others_count++] = error;
    }
    if (more && more->others_count > 0 && !self->refused) {
        char *text = ipc_xformat("%s (and %zu more failed)", summary->text, more->others_count);
        ipc_text_copy(summary->text, sizeof summary->text, text);
        free(text);
    }
    if (self->refused) { // it is one error, of the call
        free(more->method);
        free(more->others);
        free(more);
        summary->more = NULL;
    }
    return summary;
}

const ipc_error_t *ipc_result_error(ipc_result_t *self)
{
    result_wait_all(self);
    self->looked = true;
    if (self->failed == 0) {
        if (self->shape == RESULT_GATHER)
            ipc_result_joined(self); // finds parts that do not fit
        return self->summary;
    }
    if (!self->summary)
        self->summary = summarise(self);
    return self->summary;
}

const ipc_error_t *ipc_result_error_at(ipc_result_t *self, size_t i)
{
    static const ipc_error_t out_of_range = {.code = IPC_E_ARGUMENT, .engine = -1, .kind = "ArgumentError",
                                             .text = "the position is out of range"};
    if (i >= self->count)
        return &out_of_range;
    result_wait_at(self, i);
    self->looked = true;
    return slot_error(&self->slots[i]);
}

//  --- Values -------------------------------------------------------------------------------------------------

ipc_value_t ipc_result_value(ipc_result_t *self, size_t i)
{
    result_wait_at(self, i);
    return i < self->count && self->slots[i].state == SLOT_DONE ? self->slots[i].value : ipc_none();
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

//  --- All positions as one array -------------------------------------------------------------------------------

//  The dtype that holds all positions when they are numbers, IPC_DTYPE_COUNT otherwise.
static ipc_dtype_t number_dtype(const ipc_result_t *self)
{
    static const uint8_t of_kind[] = {[IPC_KIND_BOOL] = 1, [IPC_KIND_I64] = 2, [IPC_KIND_U64] = 3,
                                      [IPC_KIND_F64] = 4,  [IPC_KIND_C128] = 5, [IPC_KIND_RANGE] = 0};
    static const ipc_dtype_t dtypes[] = {[1] = IPC_BOOL, [2] = IPC_I64, [3] = IPC_U64, [4] = IPC_F64,
                                         [5] = IPC_C128};
    uint8_t widest = 0;
    bool negative = false, boolean = false, number = false;
    for (size_t i = 0; i < self->count; i++) {
        const slot_t *slot = &self->slots[i];
        uint8_t kind = slot->state == SLOT_DONE ? of_kind[slot->value.kind] : 0;
        if (kind == 0)
            return IPC_DTYPE_COUNT;
        widest = kind > widest ? kind : widest;
        negative = negative || (kind == 2 && slot->value.as.i64 < 0);
        *(kind == 1 ? &boolean : &number) = true;
    }
    if (self->count == 0 || (boolean && number))
        return IPC_DTYPE_COUNT;
    return widest == 3 && negative ? IPC_F64 : dtypes[widest];
}

static void store_number(ipc_array_t *array, size_t i, ipc_value_t value)
{
    switch (array->dtype) {
    case IPC_BOOL: ((bool *) array->data)[i] = value.as.boolean; return;
    case IPC_I64: ((int64_t *) array->data)[i] = ipc_value_i64(value); return;
    case IPC_U64: ((uint64_t *) array->data)[i] = ipc_value_u64(value); return;
    case IPC_F64: ((double *) array->data)[i] = ipc_value_f64(value); return;
    default: ((double _Complex *) array->data)[i] = ipc_value_c128(value);
    }
}

static const ipc_array_t *join_numbers(ipc_result_t *self, ipc_dtype_t dtype)
{
    ipc_array_t *array = ipc_array_new(dtype, 1, &self->count, NULL);
    for (size_t i = 0; array && i < self->count; i++) store_number(array, i, self->slots[i].value);
    return array;
}

//  Arrays of one dtype and like trailing shape, along axis 0; NULL when they do not fit, and *odd says which.
static ipc_array_t *join_arrays(const ipc_result_t *self, size_t *odd)
{
    const ipc_array_t *first = self->count ? ipc_value_array(self->slots[0].value) : NULL;
    size_t shape[IPC_MAX_DIMENSIONS], rows = 0;
    *odd = 0;
    if (!first || self->failed)
        return NULL;
    for (size_t i = 0; i < self->count; i++) {
        const ipc_array_t *part = ipc_value_array(self->slots[i].value);
        *odd = i;
        if (!part || part->dtype != first->dtype || part->ndim != first->ndim ||
            memcmp(part->shape + 1, first->shape + 1, (first->ndim - 1) * sizeof first->shape[0]) != 0)
            return NULL;
        rows += part->shape[0];
    }
    memcpy(shape, first->shape, sizeof shape);
    shape[0] = rows;
    ipc_array_t *array = ipc_array_new((ipc_dtype_t) first->dtype, (int) first->ndim, shape, NULL);
    char *at = array ? array->data : NULL;
    for (size_t i = 0; at && i < self->count; i++) {
        const ipc_array_t *part = ipc_value_array(self->slots[i].value);
        memcpy(at, part->data, ipc_array_size(part));
        at += ipc_array_size(part);
    }
    return array;
}

//  A gather whose parts do not fit together says which one.
static void note_odd_part(ipc_result_t *self, size_t odd)
{
    if (self->shape != RESULT_GATHER || self->failed || self->count == 0)
        return;
    self->summary = ipc_xalloc(sizeof *self->summary);
    ipc_fail(self->summary, IPC_E_ARGUMENT,
             "the part at position %zu does not fit to the others: the gathered parts cannot be joined", odd);
}

const ipc_array_t *ipc_result_joined(ipc_result_t *self)
{
    result_wait_all(self);
    if (self->joined_known)
        return self->joined;
    self->joined_known = true;
    if (self->whole)
        return self->joined = self->failed ? NULL : self->whole;
    ipc_dtype_t dtype = number_dtype(self);
    size_t odd = 0;
    if (dtype != IPC_DTYPE_COUNT)
        self->joined = join_numbers(self, dtype);
    else
        self->joined = join_arrays(self, &odd);
    if (self->joined)
        ipc_arena_hold(self->arena, (ipc_array_t *) (uintptr_t) self->joined);
    else
        note_odd_part(self, odd);
    return self->joined;
}

//  --- One by one -----------------------------------------------------------------------------------------------

static bool has_next(void *context)
{
    const ipc_result_t *self = context;
    return self->finished || (self->shape != RESULT_GATHER && self->order_read < self->done);
}

//  When the position ran: its run's beginning and the durations of those before it.
static void fill_times(const run_t *run, size_t i, ipc_item_t *item)
{
    int64_t started = run->started, finished = run->finished;
    if (run->durations) {
        double before = 0;
        for (uint64_t k = run->first; k < i; k++) before += (double) run->durations[k - run->first];
        started = run->started + (int64_t) before;
        finished = started + (int64_t) run->durations[i - run->first];
    }
    item->started = 1e-9 * (double) started;
    item->finished = 1e-9 * (double) finished;
}

ipc_item_t *ipc_result_next(ipc_result_t *self)
{
    if (self->order_read == self->count || !wait_until(self, has_next, self, IPC_FOREVER) ||
        self->order_read >= self->done)
        return NULL;
    size_t i = self->order[self->order_read++];
    const slot_t *slot = &self->slots[i];
    const ipc_error_t *error = slot_error(slot);
    self->item = (ipc_item_t){.index = i, .value = error ? ipc_none() : slot->value, .error = error,
                              .engine = error ? error->engine : -1};
    self->looked = self->looked || error;
    pthread_mutex_lock(&self->client->lock); // runs may move while messages come in
    if (slot->run < self->run_count && !(error && error->engine < 0)) {
        self->item.engine = self->runs[slot->run].engine;
        fill_times(&self->runs[slot->run], i, &self->item);
    }
    pthread_mutex_unlock(&self->client->lock);
    return &self->item;
}
