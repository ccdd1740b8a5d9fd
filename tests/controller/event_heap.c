#include "event_heap.h"

#include "common/fail.h"

static bool before(const event_t *a, const event_t *b)
{
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void event_heap_put_off(event_heap_t *self, event_t event)
{
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 256;
        self->all = ipc_xrealloc(self->all, self->room * sizeof self->all[0]);
    }
    size_t i = self->count++;
    for (; i > 0 && before(&event, &self->all[(i - 1) / 2]); i = (i - 1) / 2)
        self->all[i] = self->all[(i - 1) / 2];
    self->all[i] = event;
}

void event_heap_post(event_heap_t *self, event_t event)
{
    event.order = self->order++;
    event_heap_put_off(self, event);
}

event_t event_heap_take(event_heap_t *self)
{
    event_t top = self->all[0], last = self->all[--self->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < self->count; i = child) {
        if (child + 1 < self->count && before(&self->all[child + 1], &self->all[child]))
            child++;
        if (!before(&self->all[child], &last))
            break;
        self->all[i] = self->all[child];
    }
    self->all[i] = last;
    return top;
}
