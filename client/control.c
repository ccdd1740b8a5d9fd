#include "client/control.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/questions.h"
#include "client/results.h"
#include "client/views.h"
#include "common/fail.h"
#include "common/rows.h"

static void send_abort(ipc_client_t *client, uint64_t job, uint64_t first, uint64_t count)
{
    link_send(client, &(ipc_msg_t){.type = IPC_MSG_ABORT,
                                   .abort = {.job = job, .first = first, .count = count, .engines = {"", 0}}});
    client_owe(client, HEARD_MS);
}

//  Positions of a result, of those that it waits for.
static void abort_positions(ipc_result_t *self, uint64_t first, uint64_t count)
{
    ticket_t *ticket = self->ticket;
    if (!ticket)
        return;
    first += self->job - ticket->job;
    send_abort(self->client, ticket->job, first, count);
    if (self->client->keeps)
        ipc_ranges_add(&ticket->unwanted, first, count);
}

//  What is to be sent leaves now.
static void unlock(ipc_client_t *client)
{
    if (link_has_more(client) && !client->dead)
        link_flush(client);
    client_attend(client);
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
    for (size_t i = 0; self->keeps && i < TICKET_BUCKETS; i++)
        for (ticket_t *ticket = self->tickets[i]; ticket; ticket = ticket->next)
            ipc_ranges_add(&ticket->unwanted, 0, ticket->calls ? ticket->count : ticket->total);
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
    if (everywhere || count > 0) {
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_ABORT,
                                       .abort = {.count = 1, .balanced = self->balanced, .engines = list}});
        client_owe(client, HEARD_MS);
    }
    unlock(client);
}

//  Asks the controller for something about each engine of a view, unless there is an error already.
//      job, list   of the message: filled in
static ipc_result_t *ask_of_engines(ipc_view_t *self, const char *method, ipc_msg_t *msg, uint64_t *job,
                                    ipc_bytes_t *list, ipc_error_t *error)
{
    ipc_client_t *client = self->client;
    pthread_mutex_lock(&client->lock);
    size_t count = 0;
    const uint32_t *engines = error->code || client_ensure(client, error) ? NULL : view_engines(self, &count);
    if (!error->code && count == 0)
        ipc_fail(error, IPC_E_ENGINE_LOST, "no engine is ready: wait for them with ipc_client_wait()");
    ipc_result_t *result = result_new(client, method, self->bare ? RESULT_BARE : RESULT_LIST, count ? count : 1);
    if (error->code) {
        result_refuse(result, error);
    } else {
        *job = ticket_new(client, result, count, 0)->job;
        *list = (ipc_bytes_t){(const char *) engines, count * sizeof engines[0]};
        link_send(client, msg);
        client_owe(client, HEARD_MS);
    }
    unlock(client);
    return result;
}

ipc_result_t *ipc_view_signal(ipc_view_t *self, int number)
{
    ipc_error_t error = {0};
    ipc_msg_t msg = {.type = IPC_MSG_SIGNAL, .signal = {.signal = (uint32_t) number}};
    if (number < 1 || number > SIGRTMAX)
        ipc_fail(&error, IPC_E_ARGUMENT, "the argument number is %d, which is no signal", number);
    return ask_of_engines(self, "signal", &msg, &msg.signal.job, &msg.signal.engines, &error);
}

static ipc_result_t *end_engines(ipc_view_t *self, const char *method, bool restart)
{
    ipc_error_t error = {0};
    ipc_msg_t msg = {.type = IPC_MSG_SHUTDOWN, .shutdown = {.restart = restart}};
    if (self->balanced)
        ipc_fail(&error, IPC_E_ARGUMENT,
                 "%s needs a direct view: a balanced view has no engines of its own (argument view)", method);
    return ask_of_engines(self, method, &msg, &msg.shutdown.job, &msg.shutdown.engines, &error);
}

ipc_result_t *ipc_view_shutdown(ipc_view_t *self)
{
    return end_engines(self, "shutdown", false);
}

ipc_result_t *ipc_view_restart(ipc_view_t *self)
{
    return end_engines(self, "restart", true);
}

//  --- The whole cluster ----------------------------------------------------------------------------------------

//  Waits for the end of a process that is not ours: 0, or -1 with *error.
//      fd   its pidfd, or -1 where there are none
static int await_end(ipc_client_t *self, pid_t pid, int fd, int timeout_ms, ipc_error_t *error)
{
    enum { LOOK_MS = 10 };             // a pidfd tells at once
    bool ended = false, interrupted = false;
    interrupt_t interrupt = {.fd = -1};
    if (self->catches)
        interrupt_begin(&interrupt);
    for (int waited = 0; !ended && !interrupted && (timeout_ms < 0 || waited <= timeout_ms);
         waited += timeout_ms < 0 ? 0 : LOOK_MS) {
        struct pollfd end = {.fd = fd, .events = POLLIN};
        ended = poll(&end, 1, LOOK_MS) > 0 || (fd < 0 && kill(pid, 0) && errno == ESRCH);
        interrupted = !ended && interrupt_take(&interrupt);
    }
    interrupt_end(&interrupt);
    if (interrupted)
        return client_fail_interrupted(error);
    return ended ? 0 : ipc_fail(error, IPC_E_TIMEOUT, "the cluster is still being stopped after %d ms", timeout_ms);
}

static void send_shutdown(ipc_client_t *self)
{
    pthread_mutex_lock(&self->lock);
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_SHUTDOWN, .shutdown = {.engines = {"", 0}}});
    unlock(self);
}

//  The supervisor ends last, when all else is gone: its pidfd is taken before it is asked to.
int ipc_client_shutdown(ipc_client_t *self, int timeout_ms, ipc_error_t *error)
{
    question_t answer = {0};
    ipc_msg_t msg = {.query = {.kind = IPC_QUERY_SUPERVISOR}};
    pthread_mutex_lock(&self->lock);
    int rc = question_ask(&answer, self, &msg, timeout_ms, error);
    pthread_mutex_unlock(&self->lock);
    pid_t supervisor = (pid_t) answer.count;
    question_free(&answer);
    if (rc)
        return -1;
    int fd = (int) syscall(SYS_pidfd_open, supervisor, 0);
    send_shutdown(self);
    rc = await_end(self, supervisor, fd, timeout_ms, error);
    if (fd >= 0)
        close(fd);
    if (rc)
        return -1;
    pthread_mutex_lock(&self->lock);
    link_receive(self); // what came before the end
    link_controller_died(self);
    pthread_mutex_unlock(&self->lock);
    return 0;
}
