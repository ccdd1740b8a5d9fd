#include "controller/supply.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/codec.h"
#include "common/fail.h"

//  Where a value stands in the bytes.
typedef struct place {
    uint64_t at, size;                 // size 0: it has not come
} place_t;

struct supply {
    uint64_t count;
    place_t *places;
    ipc_writer_t bytes;                // in the order that they came
    ipc_writer_t objects;
    uint64_t taken;                    // values that have come
    bool in_order;                     // of their numbers, so far
    uint64_t next;                     // the number behind the last that came
};

supply_t *supply_new(uint64_t count)
{
    supply_t *self = ipc_xalloc(sizeof *self);
    *self = (supply_t){.count = count, .places = ipc_xalloc(count * sizeof self->places[0]), .in_order = true};
    return self;
}

void supply_destroy(supply_t **self_p)
{
    supply_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipc_writer_destroy(&self->bytes);
    ipc_writer_destroy(&self->objects);
    free(self->places);
    free(self);
}

//  Whether so many values can be taken; *values is read over them.
static bool can_take(const supply_t *self, uint64_t number, uint64_t count, ipc_reader_t *values)
{
    if (count == 0 || number > self->count || count > self->count - number)
        return false;
    for (uint64_t i = number; i < number + count; i++) {
        ipc_value_skip(values);
        if (values->bad || self->places[i].size > 0)
            return false;
    }
    return true;
}

int supply_take(supply_t *self, uint64_t number, uint64_t count, ipc_reader_t *values)
{
    ipc_reader_t ahead = *values;
    if (!can_take(self, number, count, &ahead))
        return -1;
    self->in_order = self->in_order && number == self->next;
    self->next = number + count;
    self->taken += count;
    for (uint64_t i = number; i < number + count; i++) {
        const uint8_t *from = values->at;
        ipc_value_skip(values);
        size_t size = (size_t) (values->at - from);
        self->places[i] = (place_t){self->bytes.size, size};
        ipc_write_raw(&self->bytes, from, size);
    }
    return 0;
}

void supply_add_objects(supply_t *self, const ipc_objects_t *objects)
{
    if (objects->count > 0)
        ipc_write_raw(&self->objects, objects->data, objects->count * sizeof(ipc_object_t));
}

ipc_objects_t supply_objects(const supply_t *self)
{
    return (ipc_objects_t){self->objects.data ? self->objects.data : "", self->objects.size / sizeof(ipc_object_t)};
}

uint64_t supply_size(const supply_t *self)
{
    return self->bytes.size;
}

uint64_t supply_memory(const supply_t *self)
{
    return self->count * sizeof self->places[0] + self->bytes.size + self->objects.size;
}

bool supply_is_complete(const supply_t *self)
{
    return self->taken == self->count;
}

uint64_t supply_count(const supply_t *self)
{
    return self->count;
}

static void put_in_order(supply_t *self)
{
    ipc_writer_t bytes = {0};
    for (uint64_t i = 0; i < self->count; i++) {
        assert(self->places[i].size > 0);
        ipc_write_raw(&bytes, self->bytes.data + self->places[i].at, self->places[i].size);
    }
    ipc_writer_destroy(&self->bytes);
    self->bytes = bytes;
    self->in_order = true;
}

ipc_bytes_t supply_body(supply_t *self)
{
    if (!self->in_order)
        put_in_order(self);
    return (ipc_bytes_t){self->bytes.data ? self->bytes.data : "", self->bytes.size};
}
