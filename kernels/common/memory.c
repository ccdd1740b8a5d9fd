#include "kernels/common/memory.h"

#include <unistd.h>

int kernel_check_memory(double count, ipc_dtype_t dtype, ipc_error_t *error)
{
    const double memory = (double) sysconf(_SC_PHYS_PAGES) * (double) sysconf(_SC_PAGESIZE);
    const double bytes = count * (double) ipc_dtype_size(dtype), gib = 1.0 / (1 << 30);
    if (bytes > (double) KERNEL_MAX_BYTES)
        return kernel_refuse(
            error, "MemoryError",
            "%.0f numbers of %s take %.1f GiB, more than the limit of %.0f GiB", count,
            ipc_dtype_name(dtype), bytes * gib, (double) KERNEL_MAX_BYTES * gib);
    if (memory > 0 && bytes > memory)
        return kernel_refuse(error, "MemoryError",
                             "%.0f numbers of %s take %.1f GiB, and this host has %.1f GiB",
                             count, ipc_dtype_name(dtype), bytes * gib, memory * gib);
    return 0;
}
