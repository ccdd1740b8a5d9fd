//  All positions of a result as one array, or of a gather of lists as one list.
#include <stdlib.h>

#include "client/deal.h"
#include "client/results.h"
#include "common/array_body.h"
#include "common/fail.h"
#include "common/join.h"

static ipc_value_t member(const void *context, size_t i)
{
    return positions_value(context, i);
}

//  Numbers of one kind are shown where they are: NULL when they are not, or cannot be.
static ipc_array_t *show_numbers(const positions_t *self)
{
    static const ipc_dtype_t dtypes[] = {[IPC_KIND_I64] = IPC_I64, [IPC_KIND_U64] = IPC_U64, [IPC_KIND_F64] = IPC_F64,
                                         [IPC_KIND_C128] = IPC_C128};
    ipc_kind_t alike = positions_number_kind(self);
    if (alike == IPC_KIND_NONE || alike == IPC_KIND_BOOL || (uintptr_t) self->numbers % 64)
        return NULL;
    return ipc_array_wrap(dtypes[alike], 1, &self->count, self->numbers, NULL, NULL);
}

//  Given, or NULL when they do not fit together: *odd says which does not.
static ipc_array_t *join_positions(const positions_t *self, size_t *odd)
{
    *odd = 0;
    ipc_array_t *shown = show_numbers(self);
    return shown || self->failed ? shown : ipc_join(member, self, self->count, odd);
}

//  Rows of each part in turn, as round robin dealt them out.
static ipc_array_t *deal_back_parts(const positions_t *self, const ipc_array_t *joined)
{
    size_t *rows = ipc_xalloc((self->count + 1) * sizeof rows[0]);
    for (size_t i = 0; i < self->count; i++) rows[i] = ipc_value_array(positions_value(self, i))->shape[0];
    ipc_array_t *array = deal_back(joined, rows, self->count, NULL);
    free(rows);
    return array;
}

//  Gathered lists are one list; none when a part is something else.
static ipc_value_t join_lists(ipc_result_t *self)
{
    const positions_t *parts = &self->positions;
    size_t total = 0, longest = 0, at = 0;
    for (size_t i = 0; i < parts->count; i++) {
        ipc_value_t part = positions_value(parts, i);
        if (part.kind != IPC_KIND_LIST || self->shape != RESULT_GATHER)
            return ipc_none();
        total += part.count;
        longest = part.count > longest ? part.count : longest;
    }
    ipc_value_t *items = ipc_arena_take(result_arena(self), (total + 1) * sizeof items[0]);
    bool dealt = self->more->dealt;
    for (size_t k = 0; k < (dealt ? longest : 1); k++)
        for (size_t i = 0; i < parts->count; i++) {
            ipc_value_t part = positions_value(parts, i);
            for (size_t j = k; j < part.count && (!dealt || j == k); j++) items[at++] = part.as.items[j];
        }
    return total <= UINT32_MAX && parts->count > 0 ? ipc_value_from_list(items, total) : ipc_none();
}

//  A gather whose parts do not fit together says which one.
static void note_odd_part(ipc_result_t *self, size_t odd)
{
    if (self->shape != RESULT_GATHER || self->positions.failed || self->positions.count == 0)
        return;
    self->more->summary = ipc_xalloc(sizeof *self->more->summary);
    ipc_fail(self->more->summary, IPC_E_ARGUMENT,
             "the part at position %zu does not fit to the others: the gathered parts cannot be joined", odd);
}

//  All positions in one array, given by *given unless the result has it anyway; NULL when there is none.
static const ipc_array_t *join(ipc_result_t *self, ipc_array_t **given)
{
    const ipc_array_t *whole = self->more->whole;
    if (whole)
        return self->positions.failed ? NULL : whole;
    size_t odd = 0;
    *given = join_positions(&self->positions, &odd);
    self->more->joined_list = *given || self->positions.failed ? ipc_none() : join_lists(self);
    if (!*given && self->more->joined_list.kind == IPC_KIND_NONE)
        note_odd_part(self, odd);
    return *given;
}

const ipc_array_t *ipc_result_joined(ipc_result_t *self)
{
    if (!result_wait_all(self))
        return NULL;
    result_more_t *more = result_more(self);
    if (more->joined_known)
        return more->joined;
    more->joined_known = true;
    ipc_array_t *given = NULL;
    const ipc_array_t *joined = join(self, &given);
    if (joined && more->dealt && ipc_value_array(positions_value(&self->positions, 0))) {
        ipc_array_t *back = deal_back_parts(&self->positions, joined);
        ipc_array_destroy(&given);
        joined = given = back;
    }
    if (given)
        ipc_arena_hold(result_arena(self), given);
    return more->joined = joined;
}

ipc_value_t ipc_result_joined_value(ipc_result_t *self)
{
    const ipc_array_t *joined = ipc_result_joined(self);
    if (joined)
        return ipc_value_from_array(joined);
    return self->more && self->more->joined_known ? self->more->joined_list : ipc_none();
}
