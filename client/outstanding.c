//  What a client has sent and not got back yet, whoever holds the results.
#include "client/client.h"

#include "client/state.h"

static bool has_nothing_outstanding(void *context)
{
    return ((const ipc_client_t *) context)->tasks == 0;
}

bool ipc_client_wait_all(ipc_client_t *self, int timeout_ms)
{
    pthread_mutex_lock(&self->lock);
    bool met = client_wait(self, has_nothing_outstanding, self, timeout_ms);
    pthread_mutex_unlock(&self->lock);
    return met;
}

size_t ipc_client_outstanding(ipc_client_t *self)
{
    size_t count = 0;
    pthread_mutex_lock(&self->lock);
    link_flush(self); // what came in while nobody looked
    for (size_t i = 0; self->tasks > 0 && i < TICKET_BUCKETS; i++)
        for (const ticket_t *ticket = self->tickets[i]; ticket; ticket = ticket->next) count += ticket->left;
    pthread_mutex_unlock(&self->lock);
    return count;
}
