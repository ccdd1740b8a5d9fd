#include "kernels/heat/buffer.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

//  Large grids are walked along columns too: with pages of 4 KiB that misses the TLB at
//  every row.
enum { HUGE_PAGE = 2 << 20, LINE = 64 };

void *heat_buffer_reserve(heat_buffer_t *self, size_t size, ipc_error_t *error)
{
    if (size <= self->size)
        return self->memory;
    heat_buffer_clear(self);
    size_t alignment = size >= HUGE_PAGE ? HUGE_PAGE : LINE;
    size = (size + alignment - 1) / alignment * alignment;
    // The kernel promises more than there is, and kills who uses it.
    const double memory = (double) sysconf(_SC_PHYS_PAGES) * (double) sysconf(_SC_PAGESIZE);
    if ((double) size < memory)
        self->memory = aligned_alloc(alignment, size);
    if (!self->memory) {
        kernel_refuse(error, "MemoryError", "no memory for a working array of %zu bytes",
                      size);
        return NULL;
    }
    self->size = size;
    if (alignment == HUGE_PAGE)
        madvise(self->memory, size,
                MADV_HUGEPAGE); // only advice: a refusal costs speed alone
    return self->memory;
}

void heat_buffer_trim(heat_buffer_t *self)
{
    if (self->size > HEAT_KEEP_BYTES)
        heat_buffer_clear(self);
}

void heat_buffer_clear(heat_buffer_t *self)
{
    free(self->memory);
    *self = (heat_buffer_t){0};
}
