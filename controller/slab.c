#include "controller/slab.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <stdlib.h>

#include "common/fail.h"

enum { BLOCK_BYTES = 256 << 10 };
#define NONE UINT32_MAX                // no record

//  What stands before each record.
typedef struct head {
    uint32_t generation;               // of the record in use, 0: free
    uint32_t next;                     // when free: the next free one of the block
} head_t;

typedef struct block {
    char *memory;                      // NULL: given back
    uint32_t free;                     // first free record of the block, NONE
    uint32_t fresh;                    // records from here on were never used
    uint32_t used;                     // records in use
    bool listed;                       // on the list of blocks with room
} block_t;

struct slab {
    size_t stride;                     // of a record with its head
    uint32_t per_block;
    uint32_t generation;               // of the record taken last
    block_t *blocks;
    size_t block_count;
    uint32_t *roomy;                   // blocks that have room, a stack
    size_t roomy_count;
    size_t used, mapped;               // records; blocks with memory
    size_t empty;                      // of these, blocks without a record: one is kept
};

slab_t *slab_new(size_t size)
{
    slab_t *self = ipc_xalloc(sizeof *self);
    self->stride = (sizeof(head_t) + size + 7) / 8 * 8;
    self->per_block = (uint32_t) (BLOCK_BYTES / self->stride);
    return self;
}

void slab_begin_at(slab_t *self, uint32_t generation)
{
    self->generation = generation;
}

void slab_destroy(slab_t **self_p)
{
    slab_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < self->block_count; i++)
        if (self->blocks[i].memory)
            munmap(self->blocks[i].memory, BLOCK_BYTES);
    free(self->blocks);
    free(self->roomy);
    free(self);
}

static void list_block(slab_t *self, uint32_t i)
{
    if (self->blocks[i].listed)
        return;
    self->blocks[i].listed = true;
    self->roomy[self->roomy_count++] = i;
}

static void add_block(slab_t *self)
{
    self->blocks = ipc_xrealloc(self->blocks, (self->block_count + 1) * sizeof self->blocks[0]);
    self->roomy = ipc_xrealloc(self->roomy, (self->block_count + 1) * sizeof self->roomy[0]);
    self->blocks[self->block_count] = (block_t){.free = NONE};
    list_block(self, (uint32_t) self->block_count++);
}

static void map_block(slab_t *self, block_t *block)
{
    block->memory = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block->memory == MAP_FAILED)
        ipc_xrealloc(NULL, SIZE_MAX); // stops the program with its own words
    block->free = NONE;
    block->fresh = 0;
    self->mapped++;
    self->empty++;
}

static head_t *head_at(const slab_t *self, const block_t *block, uint32_t place)
{
    return (head_t *) (void *) (block->memory + place * self->stride);
}

void *slab_take(slab_t *self, uint64_t *id)
{
    if (self->roomy_count == 0)
        add_block(self);
    uint32_t i = self->roomy[self->roomy_count - 1];
    block_t *block = &self->blocks[i];
    if (!block->memory)
        map_block(self, block);
    uint32_t place = block->free;
    if (place == NONE)
        place = block->fresh++;
    else
        block->free = head_at(self, block, place)->next;
    self->empty -= block->used == 0;
    block->used++;
    self->used++;
    if (block->used == self->per_block) {
        block->listed = false;
        self->roomy_count--;
    }
    if (++self->generation == 0)
        self->generation = 1;
    head_t *head = head_at(self, block, place);
    memset(head, 0, self->stride);
    head->generation = self->generation;
    *id = (uint64_t) self->generation << 32 | (i * self->per_block + place);
    return head + 1;
}

static head_t *find(const slab_t *self, uint64_t id, block_t **block)
{
    uint32_t index = (uint32_t) id, generation = (uint32_t) (id >> 32);
    uint32_t i = index / self->per_block, place = index % self->per_block;
    if (generation == 0 || i >= self->block_count || !self->blocks[i].memory ||
        place >= self->blocks[i].fresh)
        return NULL;
    *block = &self->blocks[i];
    head_t *head = head_at(self, *block, place);
    return head->generation == generation ? head : NULL;
}

void *slab_get(const slab_t *self, uint64_t id)
{
    block_t *block;
    head_t *head = find(self, id, &block);
    return head ? head + 1 : NULL;
}

void slab_give(slab_t *self, uint64_t id)
{
    block_t *block;
    head_t *head = find(self, id, &block);
    if (!head)
        return;
    uint32_t i = (uint32_t) (block - self->blocks);
    *head = (head_t){.next = block->free};
    block->free = (uint32_t) id % self->per_block;
    block->used--;
    self->used--;
    list_block(self, i);
    self->empty += block->used == 0;
    if (block->used == 0 && self->empty > 1) {
        self->empty--;
        munmap(block->memory, BLOCK_BYTES);
        block->memory = NULL;
        self->mapped--;
    }
}

size_t slab_count(const slab_t *self)
{
    return self->used;
}

size_t slab_bytes(const slab_t *self)
{
    return self->mapped * BLOCK_BYTES;
}
