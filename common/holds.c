#include "common/holds.h"

#include <stdlib.h>

#include "common/fail.h"

typedef struct hold {
    ipc_object_t object;
    uint64_t received;                 // holds that the controller counts
    uint64_t users;                    // tasks that wait and arrays that are open
} hold_t;

struct holds {
    hold_t *all;
    size_t count, room;
};

holds_t *holds_new(void)
{
    return ipc_xalloc(sizeof(holds_t));
}

void holds_destroy(holds_t **self_p)
{
    holds_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free(self->all);
    free(self);
}

static hold_t *find(holds_t *self, ipc_object_t object)
{
    for (size_t i = self->count; i-- > 0;) // the newest is the likeliest
        if (self->all[i].object.number == object.number && self->all[i].object.owner == object.owner)
            return &self->all[i];
    return NULL;
}

static hold_t *find_or_make(holds_t *self, ipc_object_t object)
{
    hold_t *hold = find(self, object);
    if (hold)
        return hold;
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 16;
        self->all = ipc_xrealloc(self->all, self->room * sizeof self->all[0]);
    }
    self->all[self->count] = (hold_t){.object = object};
    return &self->all[self->count++];
}

void holds_receive(holds_t *self, ipc_object_t object)
{
    hold_t *hold = find_or_make(self, object);
    hold->received++;
    hold->users++;
}

void holds_use(holds_t *self, ipc_object_t object)
{
    find_or_make(self, object)->users++;
}

uint64_t holds_leave(holds_t *self, ipc_object_t object)
{
    hold_t *hold = find(self, object);
    if (!hold || --hold->users > 0)
        return 0;
    uint64_t received = hold->received;
    *hold = self->all[--self->count];
    return received;
}
