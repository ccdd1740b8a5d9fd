#include "client/control.h"

#include <signal.h>

#include "client/results.h"
#include "client/views.h"
#include "common/fail.h"

static void send_abort(ipc_client_t *client, uint64_t job, uint64_t first, uint64_t count)
{
    link_send(client, &(ipc_msg_t){.type = IPC_MSG_ABORT,
                                   .abort = {.job = job, .first = first, .count = count, .engines = {"", 0}}});
}

//  Positions of a result, of those that it waits for.
static void abort_positions(ipc_result_t *self, uint64_t first, uint64_t count)
{
    if (self->ticket)
        send_abort(self->client, self->ticket->job, self->job - self->ticket->job + first, count);
}

//  What is to be sent leaves now.
static void unlock(ipc_client_t *client)
{
    if (link_has_more(client) && !client->dead)
        link_flush(client);
    pthread_mutex_unlock(&client->lock);
}

void result_abort(ipc_result_t *self)
{
    abort_positions(self, 0, self->positions.count);
    for (size_t i = 0; self->more && i < self->more->source_count; i++) { // it shows parts of others
        const tap_t *tap = self->more->sources[i];
        uint64_t one = self->more->split_at;
        abort_positions(tap->source, tap->view ? tap->first : tap->first + one, tap->view ? tap->count : 1);
    }
}

void ipc_result_abort(ipc_result_t *self)
{
    ipc_client_t *client = self->client;
    pthread_mutex_lock(&client->lock);
    result_abort(self);
    unlock(client);
}

void ipc_client_abort(ipc_client_t *self)
{
    pthread_mutex_lock(&self->lock);
    send_abort(self, 0, 0, 0);
    unlock(self);
}

void ipc_view_abort(ipc_view_t *self)
{
    ipc_client_t *client = self->client;
    pthread_mutex_lock(&client->lock);
    size_t count;
    const uint32_t *engines = view_engines(self, &count);
    bool everywhere = self->balanced && self->all;
    ipc_bytes_t list = {(const char *) engines, everywhere ? 0 : count * sizeof engines[0]};
    if (everywhere || count > 0)
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_ABORT,
                                       .abort = {.count = 1, .balanced = self->balanced, .engines = list}});
    unlock(client);
}

ipc_result_t *ipc_view_signal(ipc_view_t *self, int number)
{
    ipc_client_t *client = self->client;
    ipc_error_t error = {0};
    pthread_mutex_lock(&client->lock);
    size_t count = 0;
    const uint32_t *engines = client_ensure(client, &error) ? NULL : view_engines(self, &count);
    if (!error.code && (number < 1 || number > SIGRTMAX))
        ipc_fail(&error, IPC_E_ARGUMENT, "the argument number is %d, which is no signal", number);
    if (!error.code && count == 0)
        ipc_fail(&error, IPC_E_ENGINE_LOST, "no engine is ready: wait for them with ipc_client_wait()");
    ipc_result_t *result = result_new(client, "signal", self->bare ? RESULT_BARE : RESULT_LIST, count ? count : 1);
    if (error.code) {
        result_refuse(result, &error);
    } else {
        uint64_t job = ticket_new(client, result, count, 0)->job;
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_SIGNAL,
                                       .signal = {.job = job, .signal = (uint32_t) number,
                                                  .engines = {(const char *) engines, count * sizeof engines[0]}}});
    }
    unlock(client);
    return result;
}
