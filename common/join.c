#include "common/join.h"

#include <string.h>

#include "common/array_body.h"

ipc_dtype_t ipc_join_dtype(ipc_member_fn *member, const void *context, size_t count)
{
    static const uint8_t of_kind[] = {[IPC_KIND_BOOL] = 1, [IPC_KIND_I64] = 2, [IPC_KIND_U64] = 3,
                                      [IPC_KIND_F64] = 4,  [IPC_KIND_C128] = 5, [IPC_KIND_RESULT] = 0};
    static const ipc_dtype_t dtypes[] = {[1] = IPC_BOOL, [2] = IPC_I64, [3] = IPC_U64, [4] = IPC_F64,
                                         [5] = IPC_C128};
    uint8_t widest = 0;
    bool negative = false, boolean = false, number = false;
    for (size_t i = 0; i < count; i++) {
        ipc_value_t value = member(context, i);
        uint8_t kind = of_kind[value.kind];
        if (kind == 0)
            return IPC_DTYPE_COUNT;
        widest = kind > widest ? kind : widest;
        negative = negative || (kind == 2 && value.as.i64 < 0);
        *(kind == 1 ? &boolean : &number) = true;
    }
    if (count == 0 || (boolean && number))
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

//  The rows of all; SIZE_MAX when they do not fit.
static size_t count_rows(ipc_member_fn *member, const void *context, size_t count, size_t *odd)
{
    const ipc_array_t *first = count ? ipc_value_array(member(context, 0)) : NULL;
    size_t rows = 0;
    *odd = 0;
    for (size_t i = 0; first && i < count; i++) {
        const ipc_array_t *part = ipc_value_array(member(context, i));
        *odd = i;
        if (!part || part->dtype != first->dtype || part->ndim != first->ndim ||
            memcmp(part->shape + 1, first->shape + 1, (first->ndim - 1) * sizeof first->shape[0]) != 0)
            return SIZE_MAX;
        rows += part->shape[0];
    }
    return first ? rows : SIZE_MAX;
}

static ipc_array_t *join_arrays(ipc_member_fn *member, const void *context, size_t count, size_t *odd)
{
    size_t shape[IPC_MAX_DIMENSIONS], rows = count_rows(member, context, count, odd);
    if (rows == SIZE_MAX)
        return NULL;
    const ipc_array_t *first = ipc_value_array(member(context, 0));
    memcpy(shape, first->shape, sizeof shape);
    shape[0] = rows;
    ipc_array_t *array = ipc_array_new((ipc_dtype_t) first->dtype, (int) first->ndim, shape, NULL);
    char *at = array ? array->data : NULL;
    for (size_t i = 0; at && i < count; i++) {
        const ipc_array_t *part = ipc_value_array(member(context, i));
        memcpy(at, part->data, ipc_array_size(part));
        at += ipc_array_size(part);
    }
    return array;
}

ipc_array_t *ipc_join(ipc_member_fn *member, const void *context, size_t count, size_t *odd)
{
    ipc_dtype_t dtype = ipc_join_dtype(member, context, count);
    if (dtype == IPC_DTYPE_COUNT)
        return join_arrays(member, context, count, odd);
    *odd = 0;
    ipc_array_t *array = ipc_array_new(dtype, 1, &count, NULL);
    for (size_t i = 0; array && i < count; i++) store_number(array, i, member(context, i));
    return array;
}
