//  What tasks publish while they run. The latest value of each name waits here; it leaves with what the connection
//  thread sends next, which is soon, and not more often than a client can look.
#include <string.h>

#include "common/fail.h"
#include "engine/state.h"

enum { PUBLISH_NS = 500000, PUBLISH_MAX = 1 << 20 };

//  The place of a name; a new one for a new name.
static published_t *place_of(worker_t *self, const char *name, ipc_error_t *error)
{
    unsigned count = self->published_count;
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(self->published[i].name, name))
            return &self->published[i];
    if (!name[0] || strlen(name) >= PUBLISHED_NAME)
        return ipc_fail(error, IPC_E_ARGUMENT, "the name of a published value has 1 to %d bytes, not %zu",
                        PUBLISHED_NAME - 1, strlen(name)), NULL;
    if (count == PUBLISHED_NAMES)
        return ipc_fail(error, IPC_E_LIMIT, "a task publishes at most %d names, \"%s\" is one too many",
                        PUBLISHED_NAMES, name), NULL;
    self->published_count++;
    published_t *place = &self->published[count];
    ipc_text_copy(place->name, sizeof place->name, name);
    return place;
}

int published_put(worker_t *self, const char *name, ipc_value_t value, ipc_error_t *error)
{
    self->publishing.size = 0;
    if (ipc_value_pack(value, &self->publishing, NULL, NULL, error))
        return -1;
    if (self->publishing.size > PUBLISH_MAX)
        return ipc_fail(error, IPC_E_LIMIT, "a published value of %zu bytes: the limit is %d", self->publishing.size,
                        PUBLISH_MAX);
    pthread_mutex_lock(&self->lock);
    published_t *place = place_of(self, name, error);
    if (place) {
        ipc_writer_t former = place->value;
        place->value = self->publishing;
        self->publishing = former;
        place->waits = true;
        if (!self->timer_armed) {
            int64_t rest = self->published_sent + PUBLISH_NS - clock_ns();
            arm_timer(self, rest > 1 && rest <= PUBLISH_NS ? (long) rest : 1);
        }
    }
    pthread_mutex_unlock(&self->lock);
    return place ? 0 : -1;
}

void published_send(worker_t *self)
{
    for (unsigned i = 0; i < self->published_count; i++) {
        published_t *place = &self->published[i];
        if (!place->waits || !self->accepted || !self->current || self->current->span == 0)
            continue;
        link_send(self, &(ipc_msg_t){.type = IPC_MSG_PUBLISH,
                                     .publish = {.span = self->current->span,
                                                 .item = self->current->running,
                                                 .name = ipc_bytes_of(place->name),
                                                 .value = {place->value.data, place->value.size}}});
        place->waits = false;
        self->published_sent = clock_ns();
    }
}

void published_clear(worker_t *self)
{
    for (unsigned i = 0; i < self->published_count; i++) {
        self->published[i].waits = false;
        self->published[i].value.size = 0;
    }
    self->published_count = 0;
}
