#include "common/arena.h"

#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/fail.h"

enum { BLOCK_SIZE = 4096, ALIGNMENT = 64 };

typedef struct block {
    struct block *next;                // the one before it
    size_t size;                       // of bytes
    _Alignas(ALIGNMENT) char bytes[];
} block_t;

struct ipc_arena {
    block_t *block;                    // the one in use, then the full ones
    size_t used;                       // bytes of it
    ipc_array_t **held;                // arrays to let go
    size_t held_count, held_room;
};

static block_t *block_new(size_t size, block_t *next)
{
    block_t *block = ipc_xalloc_aligned(size > SIZE_MAX - sizeof *block ? SIZE_MAX : sizeof *block + size);
    block->next = next;
    block->size = size;
    return block;
}

ipc_arena_t *ipc_arena_new(void)
{
    return ipc_xalloc(sizeof(ipc_arena_t));
}

static void let_go(ipc_arena_t *self)
{
    for (size_t i = 0; i < self->held_count; i++) {
        self->held[i]->in_task = 0;
        ipc_array_destroy(&self->held[i]);
    }
    self->held_count = 0;
}

void ipc_arena_reset(ipc_arena_t *self)
{
    let_go(self);
    while (self->block && (self->block->next || self->block->size > BLOCK_SIZE)) {
        block_t *block = self->block;
        self->block = block->next;
        free(block);
    }
    self->used = 0;
}

void ipc_arena_destroy(ipc_arena_t **self_p)
{
    ipc_arena_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipc_arena_reset(self);
    free(self->block);
    free(self->held);
    free(self);
}

static void *take(ipc_arena_t *self, size_t size, size_t alignment)
{
    size_t start = (self->used + alignment - 1) / alignment * alignment;
    if (!self->block || start > self->block->size || size > self->block->size - start) {
        self->block = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE, self->block);
        start = 0;
    }
    self->used = start + size;
    return self->block->bytes + start;
}

void *ipc_arena_take(ipc_arena_t *self, size_t size)
{
    return take(self, size, 16);
}

void *ipc_arena_alloc(ipc_arena_t *self, size_t size)
{
    return take(self, size, ALIGNMENT);
}

void ipc_arena_hold(ipc_arena_t *self, ipc_array_t *array)
{
    if (self->held_count == self->held_room) {
        self->held_room = self->held_room ? 2 * self->held_room : 4;
        self->held = ipc_xrealloc(self->held, self->held_room * sizeof self->held[0]);
    }
    self->held[self->held_count++] = array;
}

static ipc_value_t copy_array(ipc_value_t value, ipc_arena_t *arena)
{
    ipc_dtype_t dtype = value.ndim ? (ipc_dtype_t) value.dtype : (ipc_dtype_t) value.as.array->dtype;
    int ndim = value.ndim ? value.ndim : (int) value.as.array->ndim;
    const size_t *shape = value.ndim ? value.as.borrowed.shape : value.as.array->shape;
    const void *data = value.ndim ? value.as.borrowed.data : value.as.array->data;
    size_t size = ipc_value_count(value) * ipc_dtype_size(dtype);
    void *copy = ipc_arena_alloc(arena, size);
    if (size > 0)
        memcpy(copy, data, size);
    ipc_array_t *array = ipc_array_wrap(dtype, ndim, shape, copy, NULL, NULL);
    ipc_arena_hold(arena, array);
    return ipc_value_from_array(array);
}

ipc_value_t ipc_value_copy(ipc_value_t value, ipc_arena_t *arena)
{
    switch (value.kind) {
    case IPC_KIND_STR:
    case IPC_KIND_REF: {
        char *text = ipc_arena_take(arena, (size_t) value.count + 1);
        memcpy(text, value.as.string, (size_t) value.count + 1);
        value.as.string = text;
        return value;
    }
    case IPC_KIND_LIST:
    case IPC_KIND_ZIP:
    case IPC_KIND_DICT: {
        size_t count = (size_t) value.count * (value.kind == IPC_KIND_DICT ? 2 : 1);
        ipc_value_t *items = ipc_arena_take(arena, count * sizeof items[0]);
        for (size_t i = 0; i < count; i++) items[i] = ipc_value_copy(value.as.items[i], arena);
        value.as.items = items;
        return value;
    }
    case IPC_KIND_ARRAY: return copy_array(value, arena);
    default: return value;
    }
}
