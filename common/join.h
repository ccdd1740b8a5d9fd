//  Values in a row as one array, where they can be: numbers as an array of them, arrays of one dtype and like trailing
//  shape along axis 0.
#ifndef IPC_COMMON_JOIN_H
#define IPC_COMMON_JOIN_H

#include "common/value.h"

//  Member i of those in a row.
typedef ipc_value_t ipc_member_fn(const void *context, size_t i);

//  The dtype that holds all members when they are numbers: the widest kind among them, and float64 for negative
//  integers beside those above INT64_MAX. IPC_DTYPE_COUNT when they are none, or booleans beside numbers.
ipc_dtype_t ipc_join_dtype(ipc_member_fn *member, const void *context, size_t count);

//  Gives the array (yours), or NULL when they do not fit together, and *odd is the first that does not.
ipc_array_t *ipc_join(ipc_member_fn *member, const void *context, size_t count, size_t *odd);

#endif
