#include "client/deal.h"

#include <stdlib.h>
#include <string.h>

#include "common/codec.h"
#include "common/fail.h"

size_t deal_count(ipc_value_t array)
{
    return array.ndim ? array.as.borrowed.shape[0] : array.as.array->shape[0];
}

size_t deal_row_size(ipc_dtype_t dtype, int ndim, const size_t *shape)
{
    size_t size = ipc_dtype_size(dtype);
    for (int k = 1; k < ndim; k++) size *= shape[k];
    return size;
}

ipc_array_t deal_rows(ipc_value_t array, size_t first, size_t end)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    ipc_array_t rows = {.dtype = dtype, .ndim = (uint32_t) ndim, .count = end - first,
                        .data = (char *) (uintptr_t) data + first * deal_row_size(dtype, ndim, shape)};
    memcpy(rows.shape, shape, (size_t) ndim * sizeof shape[0]);
    rows.shape[0] = end - first;
    for (int k = 1; k < ndim; k++) rows.count *= shape[k];
    return rows;
}

ipc_value_t deal_row(ipc_value_t array, size_t i, ipc_array_t *row)
{
    *row = deal_rows(array, i, i + 1);
    if (row->ndim == 1)
        return ipc_value_at(array, i);
    row->ndim--;
    memmove(row->shape, row->shape + 1, row->ndim * sizeof row->shape[0]);
    return ipc_value_from_array(row);
}

ipc_array_t *deal_out(ipc_value_t array, size_t parts, ipc_error_t *error)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    ipc_array_t *dealt = ipc_array_new(dtype, ndim, shape, error);
    size_t row = deal_row_size(dtype, ndim, shape);
    char *to = dealt ? dealt->data : NULL;
    for (size_t part = 0; to && row > 0 && part < parts; part++)
        for (size_t i = part; i < shape[0]; i += parts, to += row) memcpy(to, (const char *) data + i * row, row);
    return dealt;
}

ipc_array_t *deal_back(const ipc_array_t *array, const size_t *rows, size_t parts, ipc_error_t *error)
{
    ipc_array_t *whole = ipc_array_new((ipc_dtype_t) array->dtype, (int) array->ndim, array->shape, error);
    if (!whole)
        return NULL;
    size_t row = deal_row_size((ipc_dtype_t) array->dtype, (int) array->ndim, array->shape);
    size_t *next = ipc_xalloc((parts + 1) * sizeof next[0]), *ends = ipc_xalloc((parts + 1) * sizeof ends[0]);
    for (size_t i = 0; i < parts; i++) {
        next[i] = i > 0 ? ends[i - 1] : 0;
        ends[i] = next[i] + rows[i];
    }
    char *to = whole->data;
    for (size_t left = array->shape[0]; row > 0 && left > 0;)
        for (size_t i = 0; i < parts; i++)
            if (next[i] < ends[i]) {
                memcpy(to, (const char *) array->data + next[i]++ * row, row);
                to += row;
                left--;
            }
    free(next);
    free(ends);
    return whole;
}
