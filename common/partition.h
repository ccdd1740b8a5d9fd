//  The rule by which n elements are dealt to parts (IPYPARALLEL: "Partition rule"): with b = n div parts and
//  r = n mod parts, parts 0 … r - 1 get b + 1 elements, the others b, contiguous and in order.
#ifndef IPC_COMMON_PARTITION_H
#define IPC_COMMON_PARTITION_H

#include <stddef.h>

//  The first element of part i; of i == parts, n.
static inline size_t ipc_partition_first(size_t n, size_t parts, size_t i)
{
    size_t base = n / parts, longer = n % parts;
    return i * base + (i < longer ? i : longer);
}

#endif
