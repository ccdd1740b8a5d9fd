//  Scatter: items dealt out along axis 0 of an array, in contiguous parts or one after another.
#include <stdlib.h>
#include <string.h>

#include "client/deal.h"
#include "client/draft.h"
#include "client/views.h"
#include "common/array_body.h"
#include "common/fail.h"
#include "common/partition.h"

//  Rows [first, end) of an array: by reference where the whole is an object, else by value.
static int add_rows(draft_t *self, ipc_value_t array, const ipc_array_ref_t *whole, size_t first, size_t end)
{
    bool flat = self->options.flatten && end - first == 1;
    ipc_array_t part = deal_rows(array, first, end), row;
    if (flat) {
        ipc_value_t element = deal_row(array, first, &row);
        if (!whole || part.ndim == 1)
            return draft_item(self, element);
        part = row;
    }
    if (!whole || first == end)
        return draft_item(self, ipc_value_from_array(&part));
    ipc_array_ref_t ref = *whole;
    ref.offset += first * deal_row_size(whole->dtype, whole->ndim, whole->shape);
    ref.ndim = (int) part.ndim;
    memcpy(ref.shape, part.shape, sizeof ref.shape);
    if (draft_begin_item(self))
        return -1;
    ipc_array_ref_write(&ref, self->data);
    return 0;
}

static int scatter_blocks(draft_t *self, ipc_value_t array)
{
    ipc_array_ref_t whole;
    size_t rows = deal_count(array);
    int shared = draft_share(self, array, IPC_INLINE_LIMIT, &whole);
    if (shared < 0)
        return -1;
    for (size_t i = 0; i < self->engine_count; i++)
        if (add_rows(self, array, shared ? &whole : NULL, ipc_partition_first(rows, self->engine_count, i),
                     ipc_partition_first(rows, self->engine_count, i + 1)))
            return -1;
    return 0;
}

//  Round robin: the rows of each part are brought together once, in memory that can be handed over.
static int scatter_array(draft_t *self, ipc_value_t array)
{
    if (draft_check_array(self, array))
        return -1;
    if (!self->options.round_robin || self->engine_count == 1)
        return scatter_blocks(self, array);
    ipc_array_t *dealt = deal_out(array, self->engine_count, &self->error);
    int rc = dealt ? scatter_blocks(self, ipc_value_from_array(dealt)) : -1;
    ipc_array_destroy(&dealt);
    return rc;
}

static int add_members(draft_t *self, const ipc_value_t *members, size_t count)
{
    return draft_item(self, self->options.flatten && count == 1 ? members[0] : ipc_value_from_list(members, count));
}

//  A list deals out lists; a range becomes int64 arrays, as a map would see its members.
static int scatter_members(draft_t *self, ipc_value_t items)
{
    size_t count = ipc_value_count(items), parts = self->engine_count, rc = 0;
    ipc_value_t *dealt = NULL;
    if (self->options.round_robin) {
        dealt = ipc_xalloc((count + 1) * sizeof dealt[0]);
        for (size_t part = 0, at = 0; part < parts; part++)
            for (size_t i = part; i < count; i += parts) dealt[at++] = items.as.items[i];
    }
    const ipc_value_t *members = dealt ? dealt : items.as.items;
    for (size_t i = 0; !rc && i < parts; i++) {
        size_t first = ipc_partition_first(count, parts, i);
        rc = add_members(self, members + first, ipc_partition_first(count, parts, i + 1) - first) != 0;
    }
    free(dealt);
    return rc ? -1 : 0;
}
static int scatter_range(draft_t *self, ipc_value_t range)
{
    size_t count = ipc_value_count(range);
    ipc_array_t *array = ipc_array_new(IPC_I64, 1, &count, &self->error);
    if (!array)
        return -1;
    for (size_t i = 0; i < count; i++) ipc_array_i64(array)[i] = range.as.range.first + (int64_t) i;
    int rc = scatter_array(self, ipc_value_from_array(array));
    ipc_array_destroy(&array);
    return rc;
}

static int scatter_items(draft_t *self, ipc_value_t items)
{
    switch (items.kind) {
    case IPC_KIND_ARRAY: return scatter_array(self, items);
    case IPC_KIND_LIST: return scatter_members(self, items);
    case IPC_KIND_RANGE: return scatter_range(self, items);
    default:
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "the items argument of a scatter is an array, a list or a range");
    }
}

ipc_result_t *ipc_view_scatter(ipc_view_t *view, const ipc_call_t *call, const char *name, ipc_value_t items)
{
    draft_t draft;
    draft_begin(&draft, view, call, "scatter");
    if (!draft_need_direct(&draft, name)) {
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_PART);
        if (!draft_argument(&draft, ipc_value_from_str(name)) && draft.engine_count > 0 &&
            !scatter_items(&draft, items))
            draft_end_items(&draft);
    }
    return draft_end(&draft, draft_shape(&draft));
}
