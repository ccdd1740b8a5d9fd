#include "client/callbacks.h"

#include <stdlib.h>

#include "client/results.h"
#include "common/fail.h"

struct callback {
    ipc_done_fn *function;
    void *context;
    ipc_result_t *result;
    callback_t *next;                  // of the result, then of those that are due
};

struct callbacks {
    ipc_client_t *client;
    pthread_t thread;
    pthread_cond_t wanted;             // for the thread: one is due, or it shall end
    pthread_cond_t over;               // one has returned
    callback_t *due, **end;            // in the order that results were done; where the next one goes
    const ipc_result_t *running;       // whose callback the thread is in; or NULL
    bool stopping;
};

static callback_t **end_of(callback_t **list)
{
    while (*list) list = &(*list)->next;
    return list;
}

static void *callback_thread(void *argument)
{
    callbacks_t *self = argument;
    pthread_mutex_t *lock = &self->client->lock;
    pthread_mutex_lock(lock);
    while (self->due || !self->stopping) {
        callback_t *callback = self->due;
        if (!callback) {
            pthread_cond_wait(&self->wanted, lock);
            continue;
        }
        self->due = callback->next;
        if (!self->due)
            self->end = &self->due;
        self->running = callback->result;
        pthread_mutex_unlock(lock);
        callback->function(callback->result, callback->context); // which may free the result
        free(callback);
        pthread_mutex_lock(lock);
        self->running = NULL;
        pthread_cond_broadcast(&self->over);
    }
    pthread_mutex_unlock(lock);
    return NULL;
}

static callbacks_t *callbacks_new(ipc_client_t *client)
{
    callbacks_t *self = ipc_xalloc(sizeof *self);
    self->client = client;
    self->end = &self->due;
    pthread_cond_init(&self->wanted, NULL);
    pthread_cond_init(&self->over, NULL);
    if (client_start_thread(&self->thread, callback_thread, self) == 0)
        return self;
    pthread_cond_destroy(&self->wanted);
    pthread_cond_destroy(&self->over);
    free(self);
    return NULL;
}

void callbacks_destroy(callbacks_t **self_p)
{
    callbacks_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock(&self->client->lock);
    self->stopping = true;
    pthread_cond_signal(&self->wanted);
    pthread_mutex_unlock(&self->client->lock);
    pthread_join(self->thread, NULL);
    *self_p = NULL; // not before: the last callbacks destroy results, and want others made
    pthread_cond_destroy(&self->wanted);
    pthread_cond_destroy(&self->over);
    free(self);
}

void callbacks_due(ipc_result_t *result)
{
    callbacks_t *self = result->client->callbacks;
    *self->end = result->more->callbacks;
    self->end = end_of(self->end);
    result->more->callbacks = NULL;
    pthread_cond_signal(&self->wanted);
}

void callbacks_free(callback_t *first)
{
    for (callback_t *next; first; first = next) {
        next = first->next;
        free(first);
    }
}

void callbacks_forget(ipc_result_t *result)
{
    callbacks_t *self = result->client->callbacks;
    if (!self)
        return;
    if (result->more) {
        callbacks_free(result->more->callbacks);
        result->more->callbacks = NULL;
    }
    callback_t **at = &self->due;
    for (callback_t *callback; (callback = *at);)
        if (callback->result == result) {
            *at = callback->next;
            free(callback);
        } else {
            at = &callback->next;
        }
    self->end = at;
    if (self->running == result && pthread_equal(pthread_self(), self->thread))
        self->running = NULL; // another may come to its address
    while (self->running == result) pthread_cond_wait(&self->over, &self->client->lock);
}

bool ipc_result_on_done(ipc_result_t *self, ipc_done_fn *function, void *context)
{
    ipc_client_t *client = self->client;
    pthread_mutex_lock(&client->lock);
    if (!client->callbacks)
        client->callbacks = callbacks_new(client);
    bool can = client->callbacks != NULL;
    if (can) {
        callback_t *callback = ipc_xalloc(sizeof *callback);
        *callback = (callback_t){function, context, self, NULL};
        *end_of(&result_more(self)->callbacks) = callback;
        if (self->finished)
            callbacks_due(self);
    }
    pthread_mutex_unlock(&client->lock);
    return can;
}
