//  Arrays, taken apart along axis 0 and put together again: for maps, scatter and gather.
#ifndef IPC_CLIENT_DEAL_H
#define IPC_CLIENT_DEAL_H

#include "common/array_body.h"
#include "common/value.h"

//  The rows of an array value: its length along axis 0.
size_t deal_count(ipc_value_t array);

//  Bytes of one row of an array of these lengths.
size_t deal_row_size(ipc_dtype_t dtype, int ndim, const size_t *shape);

//  Rows first to end - 1 of an array value, as an array that borrows them.
ipc_array_t deal_rows(ipc_value_t array, size_t first, size_t end);

//  Row i of an array value: the element of a 1-D one, else an array that borrows it.
//      row   written when it is one; the value leads to it
ipc_value_t deal_row(ipc_value_t array, size_t i, ipc_array_t *row);

//  Round robin gives row i to part i mod parts. A copy (given) in which the rows of each part stand together, part
//  after part: of as many rows each as the rule of common/partition.h has it. NULL with *error.
ipc_array_t *deal_out(ipc_value_t array, size_t parts, ipc_error_t *error);

//  The reverse: a copy (given) that has a row of each part in turn, of those that still have one. NULL with *error.
//      array   borrowed; the parts one after another
//      rows    of each part; borrowed
ipc_array_t *deal_back(const ipc_array_t *array, const size_t *rows, size_t parts, ipc_error_t *error);

#endif
