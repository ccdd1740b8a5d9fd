//  Scatter: items dealt out in contiguous parts, along axis 0 of an array.
#include <string.h>

#include "client/draft.h"
#include "client/views.h"
#include "common/array_body.h"
#include "common/fail.h"
#include "common/partition.h"

//  Rows [first, end) of an array: by reference where the whole is an object, else by value.
static int add_rows(draft_t *self, ipc_value_t array, const ipc_array_ref_t *whole, size_t first, size_t end)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    size_t row = ipc_dtype_size(dtype);
    for (int k = 1; k < ndim; k++) row *= shape[k];
    if (whole && end > first) {
        ipc_array_ref_t ref = *whole;
        uint32_t place = (uint32_t) self->data->size;
        ref.offset += first * row;
        ref.shape[0] = end - first;
        ipc_write_raw(self->places, &place, sizeof place);
        ipc_array_ref_write(&ref, self->data);
        return 0;
    }
    ipc_array_t part = {.dtype = dtype, .ndim = (uint32_t) ndim, .count = end - first,
                        .data = (char *) (uintptr_t) data + first * row};
    memcpy(part.shape, shape, (size_t) ndim * sizeof shape[0]);
    part.shape[0] = end - first;
    for (int k = 1; k < ndim; k++) part.count *= shape[k];
    return draft_item(self, ipc_value_from_array(&part));
}

static int scatter_array(draft_t *self, ipc_value_t array)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    size_t count = 0;
    ipc_array_ref_t whole = {0};
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    if (ipc_shape_count(dtype, ndim, shape, &count, &self->error))
        return -1;
    size_t size = count * ipc_dtype_size(dtype);
    bool shared = size > IPC_INLINE_LIMIT;
    whole.dtype = dtype;
    whole.ndim = ndim;
    memcpy(whole.shape, shape, (size_t) ndim * sizeof shape[0]);
    if (shared && draft_place(self, data, size, &whole, &self->error))
        return -1;
    for (size_t i = 0; i < self->engine_count; i++)
        if (add_rows(self, array, shared ? &whole : NULL, ipc_partition_first(shape[0], self->engine_count, i),
                     ipc_partition_first(shape[0], self->engine_count, i + 1)))
            return -1;
    return 0;
}

//  A list deals out lists; a range becomes int64 arrays, as a map would see its members.
static int scatter_members(draft_t *self, ipc_value_t items)
{
    size_t count = ipc_value_count(items);
    for (size_t i = 0; i < self->engine_count; i++) {
        size_t first = ipc_partition_first(count, self->engine_count, i);
        size_t part = ipc_partition_first(count, self->engine_count, i + 1) - first;
        if (draft_item(self, ipc_value_from_list(items.as.items + first, part)))
            return -1;
    }
    return 0;
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
