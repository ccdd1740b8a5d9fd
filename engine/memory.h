//  memory_t: the most resident memory that this process has had while the item that runs did. The kernel keeps such a
//  mark for each process: it is set back when an item has run for MEMORY_NS, and read when that ends. What the item
//  has had and given back before is not seen, nor what programs have that it starts.
#ifndef IPC_ENGINE_MEMORY_H
#define IPC_ENGINE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

enum { MEMORY_NS = 1000000 };          // shorter items are not measured

typedef struct memory {
    uint64_t span, position;           // of the item that is measured
    uint64_t before;                   // the mark when that began
    bool set_back;                     // it was, then
    int clear_fd;                      // sets it back; -1: this kernel, or sandbox, does not
} memory_t;

void memory_open(memory_t *self);

//  Measures an item from here on.
void memory_begin(memory_t *self, uint64_t span, uint64_t position);
static inline bool memory_measures(const memory_t *self, uint64_t span, uint64_t position)
{
    return self->span == span && self->position == position;
}

//  The most that there was since it began, in bytes. 0: not known, since the mark could not be set back and others
//  had raised it as far before.
uint64_t memory_peak(const memory_t *self);

#endif
