//  Values that are not there yet. A result of another call (IPC_KIND_RESULT) stands among a call's arguments until the
//  call is sent; where its client does not know its values yet, a hole goes instead: the numbers of values that come
//  later. The controller lets the task begin when it has them all; they go along with it, one after another, and the
//  engine puts them where the holes are.
#ifndef IPC_COMMON_AWAITED_H
#define IPC_COMMON_AWAITED_H

#include "common/value.h"

#define IPC_ALL_POSITIONS UINT32_MAX   // as the position of a result: what all of it is, as one value

enum { IPC_HOLE = 1 };                 // ipc_value_t.reserved of a hole

//  The value of this number; or, if count is not 0, so many from it on as one value: an array if they join
//  (common/join.h), else a list.
static inline ipc_value_t ipc_hole(uint64_t number, uint32_t count)
{
    return (ipc_value_t){.kind = IPC_KIND_RESULT, .reserved = IPC_HOLE, .count = count, .as.u64 = number};
}

static inline bool ipc_value_is_hole(ipc_value_t value)
{
    return value.kind == IPC_KIND_RESULT && value.reserved == IPC_HOLE;
}

#endif
