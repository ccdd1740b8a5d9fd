#include "engine/targets.h"

#include "common/array_body.h"

enum { KEPT_SIZE = 64 << 20 };         // bytes; an idle engine holds no larger memory of a client's

//  Where the bytes are mapped already, or NULL.
static void *find(const targets_t *self, ipc_object_t object, uint64_t offset, size_t size)
{
    for (unsigned i = 0; i < TARGETS_KEPT; i++) {
        const target_t *target = &self->kept[i];
        if (target->bytes && target->object.number == object.number && target->object.owner == object.owner &&
            offset >= target->offset && offset - target->offset + size <= ipc_array_size(target->bytes))
            return (char *) target->bytes->data + (offset - target->offset);
    }
    return NULL;
}

void *targets_map(targets_t *self, ipc_store_t *store, ipc_object_t object, uint64_t offset, size_t size,
                  ipc_error_t *error)
{
    void *found = find(self, object, offset, size);
    if (found)
        return found;
    ipc_array_ref_t ref = {.object = object, .offset = offset, .dtype = IPC_U8, .ndim = 1, .shape = {size}};
    ipc_array_t *bytes = ipc_store_open(store, &ref, true, error);
    if (!bytes)
        return NULL;
    target_t *target = &self->kept[self->oldest];
    self->oldest = (self->oldest + 1) % TARGETS_KEPT;
    ipc_array_destroy(&target->bytes);
    *target = (target_t){object, offset, bytes};
    return bytes->data;
}

void targets_trim(targets_t *self)
{
    for (unsigned i = 0; i < TARGETS_KEPT; i++)
        if (ipc_array_size(self->kept[i].bytes) > KEPT_SIZE)
            ipc_array_destroy(&self->kept[i].bytes);
}

void targets_clear(targets_t *self)
{
    for (unsigned i = 0; i < TARGETS_KEPT; i++) ipc_array_destroy(&self->kept[i].bytes);
}
