//  The client's side of the messages. Everything here is called with the lock held.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/results.h"
#include "common/fail.h"
#include "common/frame.h"

void link_send(ipc_client_t *self, const ipc_msg_t *msg)
{
    ipc_msg_pack(msg, &self->out);
}

int link_open(ipc_client_t *self, ipc_error_t *error)
{
    int zero = 0, linger = 100;
    size_t size = sizeof self->socket_fd;
    if (!self->zmq)
        self->zmq = zmq_ctx_new();
    self->socket = zmq_socket(self->zmq, ZMQ_DEALER);
    if (!self->socket || zmq_setsockopt(self->socket, ZMQ_SNDHWM, &zero, sizeof zero) ||
        zmq_setsockopt(self->socket, ZMQ_RCVHWM, &zero, sizeof zero) ||
        zmq_setsockopt(self->socket, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_setsockopt(self->socket, ZMQ_RECONNECT_IVL, &(int){10}, sizeof(int)) ||
        zmq_connect(self->socket, self->connection.endpoint) ||
        zmq_getsockopt(self->socket, ZMQ_FD, &self->socket_fd, &size))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot connect to %s: %s", self->connection.endpoint,
                        zmq_strerror(errno));
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_HELLO,
                                 .hello = {.token = ipc_bytes_of(self->connection.token),
                                           .name = ipc_bytes_of(program_invocation_short_name),
                                           .uuid = self->uuid,
                                           .pid = (uint32_t) getpid()}});
    return 0;
}

void link_close(ipc_client_t *self)
{
    if (self->socket)
        zmq_close(self->socket);
    if (self->controller_fd >= 0)
        close(self->controller_fd);
    self->socket = NULL;
    self->controller_fd = -1;
}

//  --- Tickets -------------------------------------------------------------------------------------------------

ticket_t *ticket_new(ipc_client_t *self, ipc_result_t *result, uint64_t count, uint64_t bytes)
{
    ticket_t *ticket = ipc_xalloc(sizeof *ticket);
    *ticket = (ticket_t){.job = self->next_job, .left = count, .bytes = bytes, .result = result};
    self->next_job += count;
    self->tasks++;
    self->bytes += bytes;
    ticket_t **bucket = &self->tickets[ticket->job % TICKET_BUCKETS];
    ticket->next = *bucket;
    *bucket = ticket;
    return ticket;
}

static ticket_t **ticket_find(ipc_client_t *self, uint64_t job)
{
    ticket_t **at = &self->tickets[job % TICKET_BUCKETS];
    while (*at && (*at)->job != job) at = &(*at)->next;
    return at;
}

static void ticket_free(ipc_client_t *self, ticket_t **at)
{
    ticket_t *ticket = *at;
    *at = ticket->next;
    self->tasks--;
    self->bytes -= ticket->bytes;
    free(ticket);
}

//  --- Messages in ---------------------------------------------------------------------------------------------

static void on_welcome(ipc_client_t *self, const ipc_msg_t *msg)
{
    self->welcome = true;
    self->task_limit = msg->welcome.task_limit;
    self->byte_limit = msg->welcome.byte_limit;
    size_t size = msg->welcome.sanitizers.size;
    if (size < sizeof self->sanitizers) {
        memcpy(self->sanitizers, msg->welcome.sanitizers.data, size);
        self->sanitizers[size] = 0;
    }
    self->controller_fd = (int) syscall(SYS_pidfd_open, (pid_t) msg->welcome.pid, 0);
    if (self->controller_fd < 0) // gone already
        link_controller_died(self);
}

static void on_refused(ipc_client_t *self, const ipc_msg_t *msg)
{
    ipc_fail(&self->refusal, (int) msg->refused.code, "the controller refuses this program: %.*s",
             (int) msg->refused.text.size, msg->refused.text.data);
    if (self->welcome)
        link_controller_died(self);
}

static void on_engines(ipc_client_t *self, const ipc_msg_t *msg)
{
    size_t count = msg->engines.ready.size;
    self->ids = ipc_xrealloc(self->ids, count * sizeof self->ids[0]);
    self->ready = ipc_xrealloc(self->ready, count * sizeof self->ready[0]);
    for (size_t i = 0; i < count; i++) {
        uint32_t id;
        memcpy(&id, msg->engines.ids.data + i * sizeof id, sizeof id);
        self->ids[i] = (int) id;
        self->ready[i] = msg->engines.ready.data[i] != 0;
    }
    self->id_count = count;
    self->knows_engines = true;
    client_tell(self);
}

static void drop_objects(ipc_client_t *self, const ipc_objects_t *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        ipc_object_t object = ipc_object_at(objects, i);
        uint64_t count = holds_leave(self->holds, object);
        if (count > 0)
            link_send(self, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {object, count}});
    }
}

static void on_result(ipc_client_t *self, const ipc_msg_t *msg)
{
    ticket_t **at = ticket_find(self, msg->result.job);
    ticket_t *ticket = *at;
    for (size_t i = 0; i < msg->result.objects.count; i++)
        holds_receive(self->holds, ipc_object_at(&msg->result.objects, i));
    if (ticket && msg->result.count <= ticket->left) {
        ipc_result_t *result = ticket->result;
        ticket->left -= msg->result.count;
        if (ticket->left == 0)
            ticket_free(self, at);
        if (result)
            result_take(result, msg);
    }
    drop_objects(self, &msg->result.objects); // the arrays that are open hold them now
}

static void on_output(ipc_client_t *self, const ipc_msg_t *msg)
{
    ticket_t *ticket = *ticket_find(self, msg->output.span);
    if (ticket && ticket->result)
        result_take_output(ticket->result, msg);
}

static void on_freed(ipc_client_t *self, const ipc_msg_t *msg)
{
    for (size_t i = 0; i < self->pin_count; i++) {
        pin_t *pin = &self->pins[i];
        if (pin->object.number != msg->freed.object.number || pin->object.owner != msg->freed.object.owner)
            continue;
        pin->freed = true;
        if (!pin->unpinned)
            return; // its result still shows it
        *pin = self->pins[--self->pin_count];
        break;
    }
    ipc_store_freed(self->store, msg->freed.object);
}

static void on_pong(ipc_client_t *self, const ipc_msg_t *msg)
{
    (void) msg;
    self->unanswered = false; // the thread sends what has gathered since
    if (self->out.size > 0)
        client_wake(self);
}

typedef void handler_fn(ipc_client_t *self, const ipc_msg_t *msg);

static handler_fn *const handlers[IPC_MSG_COUNT] = {
    [IPC_MSG_WELCOME] = on_welcome, [IPC_MSG_REFUSED] = on_refused, [IPC_MSG_ENGINES] = on_engines,
    [IPC_MSG_RESULT] = on_result,   [IPC_MSG_OUTPUT] = on_output,   [IPC_MSG_FREED] = on_freed,
    [IPC_MSG_PONG] = on_pong,
};

static void serve_frame(ipc_client_t *self, const void *data, size_t size)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_error_t error = {0};
    int more = ipc_frame_open(&reader, data, size, &error) ? -1 : 1;
    while (more == 1 && (more = ipc_msg_unpack(&msg, &reader, &error)) == 1)
        if (handlers[msg.type])
            handlers[msg.type](self, &msg);
    if (more < 0) {
        self->refusal = error;
        link_controller_died(self);
    }
}

//  --- The socket -----------------------------------------------------------------------------------------------

//  All of it, and again after an answer is sent: sending can use up the descriptor's signal.
void link_receive(ipc_client_t *self)
{
    bool answered = false;
    while (self->socket && !self->dead) {
        zmq_msg_t frame;
        size_t before = self->out.size;
        zmq_msg_init(&frame);
        bool got = zmq_msg_recv(&frame, self->socket, ZMQ_DONTWAIT) >= 0;
        if (got)
            serve_frame(self, zmq_msg_data(&frame), zmq_msg_size(&frame));
        zmq_msg_close(&frame);
        answered = answered || self->out.size > before;
        if (got)
            continue;
        if (!answered || self->dead)
            return;
        answered = false;
        ipc_frame_send(&self->out, self->socket);
    }
}

void link_flush(ipc_client_t *self)
{
    if (self->socket && !self->dead && self->out.size > 0)
        ipc_frame_send(&self->out, self->socket);
    link_receive(self);
}

//  Every wait ends.
void link_controller_died(ipc_client_t *self)
{
    if (self->dead)
        return;
    self->dead = true;
    self->id_count = 0;
    ipc_error_t error = {0};
    if (self->refusal.code)
        error = self->refusal;
    else
        ipc_fail(&error, IPC_E_CONNECTION,
                 "the cluster's controller is gone: what was under way is lost; start the cluster again with "
                 "'ipcluster start -n 4', or retry if it is being restarted");
    for (size_t i = 0; i < TICKET_BUCKETS; i++)
        while (self->tickets[i]) {
            ipc_result_t *result = self->tickets[i]->result;
            ticket_free(self, &self->tickets[i]);
            if (result) {
                result->phase = GATHER_OVER;
                result_fail(result, 0, result->count, &error);
                result_settle(result);
            }
        }
    client_tell(self);
}
