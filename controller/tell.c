//  Clients are told which engines there are, whenever that changes.
#include <stdlib.h>

#include "common/fail.h"
#include "controller/state.h"

static void tell_one(controller_t *self, peer_t *client, const ipc_msg_t *msg)
{
    client->engines_version = self->engines_version;
    peer_send(client, msg);
}

//  Tells one client which engines there are, or all that do not know.
static void tell_engines(controller_t *self, peer_t *one)
{
    uint32_t *ids = ipc_xalloc(self->entry_count * sizeof ids[0]);
    char *ready = ipc_xalloc(self->entry_count);
    size_t count = 0;
    for (uint32_t i = 0; i < self->entry_count; i++) {
        if (!self->entries[i].known)
            continue;
        ids[count] = i;
        ready[count++] = engine_is_here(&self->entries[i]);
    }
    ipc_msg_t msg = {.type = IPC_MSG_ENGINES,
                     .engines = {.ids = {(char *) ids, count * sizeof ids[0]}, .ready = {ready, count}}};
    if (one)
        tell_one(self, one, &msg);
    for (size_t i = 0; !one && i < self->by_client_count; i++)
        if (self->by_client[i] && self->by_client[i]->engines_version != self->engines_version)
            tell_one(self, self->by_client[i], &msg);
    free(ids);
    free(ready);
}

static int on_tell(zloop_t *loop, int timer, void *argument)
{
    (void) loop;
    (void) timer;
    controller_t *self = argument;
    self->tell_timer = false;
    engines_tell(self);
    peers_flush(self);
    return 0;
}

void engines_change(controller_t *self)
{
    self->engines_changed = true;
    self->engines_version++;
}

void engines_tell_one(controller_t *self, peer_t *client)
{
    tell_engines(self, client);
}

void engines_tell_first(controller_t *self, peer_t *client)
{
    if (client->engines_version != self->engines_version)
        tell_engines(self, client);
}

//  Every client is told of every engine. Where both are many and each change of a thousand comes by itself, that is
//  put off a little, so that telling takes at most about a tenth of the time; few are told at once.
void engines_tell(controller_t *self)
{
    enum { ENTRY_NS = 100 };           // ten times what one engine costs in one message
    if (!self->engines_changed || self->tell_timer)
        return;
    int64_t rest_ns = (int64_t) self->entry_count * (int64_t) self->by_client_count * ENTRY_NS;
    int64_t now = monotonic_ns(), wait_ns = self->told + rest_ns - now;
    if (self->told > 0 && wait_ns >= 1000000) {
        self->tell_timer = true;
        zloop_timer(self->loop, (size_t) (wait_ns / 1000000), 1, on_tell, self);
        return;
    }
    tell_engines(self, NULL);
    self->told = now;
    self->engines_changed = false;
}
