#include "allocations.h"

#include <stdlib.h>

static size_t taken; // by the process: Check gives each test one of its own

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    taken += size;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    taken += count * size;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    taken += size;
    return __real_realloc(memory, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    taken += size;
    return __real_posix_memalign(memory, alignment, size);
}

size_t allocations_taken(void)
{
    size_t bytes = taken;
    taken = 0;
    return bytes;
}
