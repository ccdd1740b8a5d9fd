#include "client/positions.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

enum { BITS = 64 };

static size_t words(size_t count)
{
    return (count + BITS - 1) / BITS;
}

static bool bit(const uint64_t *bits, size_t i)
{
    return bits[i / BITS] >> i % BITS & 1;
}

void positions_init(positions_t *self, size_t count)
{
    *self = (positions_t){.count = count, .kind = IPC_KIND_NONE};
    self->settled = count > 1 ? ipc_xalloc(words(count) * sizeof self->settled[0]) : &self->word;
}

void positions_free(positions_t *self)
{
    if (self->settled != &self->word)
        free(self->settled);
    if (self->cells != &self->number)
        free(self->cells);
    free(self->errors);
}

bool positions_is_done(const positions_t *self, size_t i)
{
    return bit(self->settled, i);
}

static bool is_failed(const positions_t *self, size_t i)
{
    return self->errors && bit(self->errors, i);
}

static bool is_number(unsigned kind)
{
    return kind == IPC_KIND_BOOL || kind == IPC_KIND_I64 || kind == IPC_KIND_U64 || kind == IPC_KIND_F64;
}

static ipc_value_t number_value(const positions_t *self, size_t i)
{
    ipc_value_t value = {.kind = self->kind};
    if (self->kind == IPC_KIND_BOOL)
        value.as.boolean = self->numbers[i] != 0;
    else
        value.as.u64 = self->numbers[i]; // the bits, whatever they stand for
    return value;
}

ipc_value_t positions_value(const positions_t *self, size_t i)
{
    if (!positions_is_done(self, i) || is_failed(self, i) || (!self->mixed && self->kind == IPC_KIND_NONE))
        return ipc_none();
    return self->mixed ? self->values[i] : number_value(self, i);
}

const ipc_error_t *positions_error(const positions_t *self, size_t i)
{
    if (!is_failed(self, i))
        return NULL;
    return self->mixed ? (const ipc_error_t *) (const void *) self->values[i].as.items
                       : (const ipc_error_t *) (uintptr_t) self->numbers[i];
}

//  Room for numbers, or for addresses of errors.
static void need_numbers(positions_t *self)
{
    if (!self->cells)
        self->numbers = self->count > 1 ? ipc_xalloc_aligned(self->count * sizeof self->numbers[0]) : &self->number;
}

static void put_error(ipc_value_t *cell, const ipc_error_t *error)
{
    *cell = (ipc_value_t){.as.items = (const ipc_value_t *) (const void *) error};
}

//  From now on whole values.
static void widen(positions_t *self)
{
    ipc_value_t *values = ipc_xalloc(self->count * sizeof values[0]);
    for (size_t i = 0; i < self->count && self->done > 0; i++) {
        const ipc_error_t *error = positions_error(self, i);
        if (error)
            put_error(&values[i], error);
        else
            values[i] = positions_value(self, i);
    }
    if (self->cells != &self->number)
        free(self->cells);
    self->values = values;
    self->mixed = true;
}

//  Counts a position that gets a value or an error; one that had an error has it no more.
static void settle(positions_t *self, size_t i)
{
    uint64_t *word = &self->settled[i / BITS], mask = (uint64_t) 1 << i % BITS;
    self->done += !(*word & mask);
    *word |= mask;
    if (is_failed(self, i)) {
        self->errors[i / BITS] &= ~mask;
        self->failed--;
    }
}

void positions_put(positions_t *self, size_t i, ipc_value_t value)
{
    if (self->done == self->failed) // the first value
        self->kind = is_number(value.kind) ? value.kind : IPC_KIND_NONE;
    if (!self->mixed && value.kind != self->kind)
        widen(self);
    settle(self, i);
    if (self->mixed) {
        self->values[i] = value;
    } else if (value.kind != IPC_KIND_NONE) {
        need_numbers(self);
        self->numbers[i] = value.kind == IPC_KIND_BOOL ? value.as.boolean : value.as.u64;
    }
}

void positions_fail(positions_t *self, size_t i, const ipc_error_t *error)
{
    settle(self, i);
    if (!self->errors)
        self->errors = ipc_xalloc(words(self->count) * sizeof self->errors[0]);
    self->errors[i / BITS] |= (uint64_t) 1 << i % BITS;
    self->failed++;
    if (self->mixed) {
        put_error(&self->values[i], error);
    } else {
        need_numbers(self);
        self->numbers[i] = (uint64_t) (uintptr_t) error;
    }
}

void positions_reset(positions_t *self, size_t i)
{
    settle(self, i);
    self->done--;
    self->settled[i / BITS] &= ~((uint64_t) 1 << i % BITS);
}

ipc_kind_t positions_number_kind(const positions_t *self)
{
    bool numbers = !self->mixed && self->failed == 0 && self->done == self->count && self->count > 0;
    return numbers ? (ipc_kind_t) self->kind : IPC_KIND_NONE;
}
