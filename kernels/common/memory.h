//  Whether an array that a function is to make has room on this host.
#ifndef KERNELS_COMMON_MEMORY_H
#define KERNELS_COMMON_MEMORY_H

#include "kernels/common/refuse.h"

//  Bytes of an array, whatever the memory of the host.
#define KERNEL_MAX_BYTES ((size_t) 256 << 30)

//  0, or -1 with *error: MemoryError.
//      count   of numbers; not an integer type, whose products would wrap around
int kernel_check_memory(double count, ipc_dtype_t dtype, ipc_error_t *error);

#endif
