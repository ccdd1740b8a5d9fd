//  slice_t: results that the task thread has finished since it last had the lock. It alone adds to it, without the
//  lock; whoever has the lock takes what is there, so that no result waits for the next one.
#ifndef IPC_ENGINE_SLICE_H
#define IPC_ENGINE_SLICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SLICE_ITEMS = 64, SLICE_BYTES = 4096 };

typedef struct slice_item {
    int64_t started, finished;
    uint32_t end;                      // of its value in values
} slice_item_t;

typedef struct slice {
    atomic_uint count;                 // of items
    unsigned taken;                    // of these, by who had the lock
    uint64_t first;                    // position of the first item
    slice_item_t items[SLICE_ITEMS];
    char values[SLICE_BYTES];          // packed, one after another
} slice_t;

//  Whether another item fits, with a value of size bytes.
static inline bool slice_has_room(slice_t *self, size_t size)
{
    unsigned count = atomic_load_explicit(&self->count, memory_order_relaxed);
    return count < SLICE_ITEMS && size <= SLICE_BYTES - (count ? self->items[count - 1].end : 0);
}

static inline void slice_add(slice_t *self, uint64_t position, const void *value, size_t size, int64_t started,
                             int64_t finished)
{
    unsigned count = atomic_load_explicit(&self->count, memory_order_relaxed);
    uint32_t begin = count ? self->items[count - 1].end : 0;
    if (count == 0)
        self->first = position;
    memcpy(self->values + begin, value, size);
    self->items[count] = (slice_item_t){started, finished, begin + (uint32_t) size};
    atomic_store_explicit(&self->count, count + 1, memory_order_release);
}

//  By the task thread, with the lock, once all is taken.
static inline void slice_clear(slice_t *self)
{
    self->taken = 0;
    atomic_store_explicit(&self->count, 0, memory_order_relaxed);
}

#endif
