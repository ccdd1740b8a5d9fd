//  The client's side of the messages. Everything here is called with the lock held.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/given.h"
#include "client/kept.h"
#include "client/questions.h"
#include "client/results.h"
#include "client/resume.h"
#include "common/dealer.h"
#include "common/descriptors.h"
#include "common/fail.h"
#include "common/frame.h"

void link_send(ipc_client_t *self, const ipc_msg_t *msg)
{
    group_close(self); // it came first
    ipc_msg_pack(msg, &self->out);
}

bool link_has_more(const ipc_client_t *self)
{
    return self->out.size > 0 || self->group.ticket;
}

size_t link_size(const ipc_client_t *self)
{
    return self->out.size + group_size(&self->group);
}

int link_open(ipc_client_t *self, ipc_error_t *error)
{
    enum { LINGER_MS = 100 };
    size_t descriptors = IPC_DESCRIPTORS_CONNECTION + (self->zmq ? 0 : IPC_DESCRIPTORS_CONTEXT);
    if (ipc_descriptors_check(descriptors, error))
        return -1;
    if (!self->zmq)
        self->zmq = zmq_ctx_new();
    if (ipc_dealer_open(&self->socket, &self->monitor, &self->socket_fd, self->zmq, self->connection.endpoint, LINGER_MS))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot connect to %s: %s", self->connection.endpoint,
                        zmq_strerror(errno));
    self->results_seen = 0;
    self->taken = self->told_taken = 0;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_HELLO,
                                 .hello = {.token = ipc_bytes_of(self->connection.token),
                                           .name = ipc_bytes_of(program_invocation_short_name),
                                           .uuid = self->uuid,
                                           .pid = (uint32_t) getpid()}});
    return 0;
}

void link_close(ipc_client_t *self)
{
    ipc_monitor_close(&self->monitor, self->socket);
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
    *ticket = (ticket_t){.job = self->next_job, .left = count, .total = count, .bytes = bytes, .result = result};
    self->next_job += count;
    self->tasks += count > 0;
    self->bytes += bytes;
    ticket_t **bucket = &self->tickets[ticket->job % TICKET_BUCKETS];
    ticket->next = *bucket;
    *bucket = ticket;
    if (result) {
        result->job = ticket->job;
        result->ticket = ticket;
    }
    return ticket;
}

void ticket_add(ipc_client_t *self, ticket_t *ticket, ipc_result_t *result, uint64_t bytes)
{
    if ((ticket->count & (ticket->count - 1)) == 0) // a power of two, or none: full
        ticket->calls = ipc_xrealloc(ticket->calls, (ticket->count ? 2 * ticket->count : 1) * sizeof ticket->calls[0]);
    ticket->calls[ticket->count++] = result;
    ticket->left++;
    ticket->bytes += bytes;
    result->job = self->next_job++;
    result->ticket = ticket;
    self->tasks++;
    self->bytes += bytes;
}

static ticket_t **ticket_find(ipc_client_t *self, uint64_t job)
{
    ticket_t **at = &self->tickets[job % TICKET_BUCKETS];
    while (*at && (*at)->job != job) at = &(*at)->next;
    return at;
}

ticket_t *ticket_of(ipc_client_t *self, uint64_t job)
{
    return *ticket_find(self, job);
}

//  The result of a job's position, and which of its positions that is; NULL when nobody wants it.
static ipc_result_t *ticket_result(const ticket_t *self, uint64_t *position)
{
    if (!self->calls)
        return self->result;
    if (*position >= self->count)
        return NULL;
    ipc_result_t *result = self->calls[*position];
    *position = 0;
    return result;
}

void ticket_forget(const ipc_result_t *result)
{
    ticket_t *ticket = result->ticket;
    if (!ticket)
        return;
    if (ticket->calls)
        ticket->calls[result->job - ticket->job] = NULL;
    else
        ticket->result = NULL;
}

static void ticket_free(ipc_client_t *self, ticket_t **at)
{
    ticket_t *ticket = *at;
    *at = ticket->next;
    self->tasks -= ticket->calls ? ticket->count : 1;
    self->bytes -= ticket->bytes;
    if (ticket->result)
        ticket->result->ticket = NULL;
    for (uint64_t i = 0; i < ticket->count; i++)
        if (ticket->calls[i])
            ticket->calls[i]->ticket = NULL;
    ticket_empty(self, ticket);
    free(ticket);
}

void ticket_empty(ipc_client_t *client, ticket_t *self)
{
    kept_terms_free(client, &self->terms);
    given_free(self->given);
    free(self->calls);
    ipc_writer_destroy(&self->kept);
    ipc_ranges_free(&self->got);
    ipc_ranges_free(&self->unwanted);
}

//  --- Messages in ---------------------------------------------------------------------------------------------

static void on_welcome(ipc_client_t *self, const ipc_msg_t *msg)
{
    bool resumes = self->resuming;
    if (resumes)
        resume_end(self);
    self->welcome = true;
    self->keeps = msg->welcome.keeps != 0;
    self->controller_pid = (int) msg->welcome.pid;
    self->task_limit = msg->welcome.task_limit;
    self->byte_limit = msg->welcome.byte_limit;
    size_t size = msg->welcome.sanitizers.size;
    if (size < sizeof self->sanitizers) {
        memcpy(self->sanitizers, msg->welcome.sanitizers.data, size);
        self->sanitizers[size] = 0;
    }
    self->controller_fd = (int) syscall(SYS_pidfd_open, (pid_t) msg->welcome.pid, 0);
    if (self->controller_fd >= 0 || (errno != ESRCH && errno != EMFILE && errno != ENFILE && errno != ENOMEM)) {
        if (resumes)
            resume_go_on(self);
        return; // where there are no pidfds nobody tells
    }
    if (errno != ESRCH) // else gone already
        ipc_fail(&self->refusal, IPC_E_SYSTEM, "the death of the controller could not be noticed: %s", strerror(errno));
    link_controller_died(self);
}

static void on_refused(ipc_client_t *self, const ipc_msg_t *msg)
{
    ipc_fail(&self->refusal, (int) msg->refused.code, "the controller refuses this program: %.*s",
             (int) msg->refused.text.size, msg->refused.text.data);
    if (self->welcome || self->resuming)
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
        self->ids[i] = id;
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

//  Hands a reply to the calls of a group, one position each.
static void take_calls(const ticket_t *ticket, reply_t *reply, uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++)
        if (i < ticket->count && ticket->calls[i])
            result_take(ticket->calls[i], reply, 0, 1);
        else
            reply_skip(reply, 1);
}

//  Whether a result is of positions that have none yet, which it is noted to have; where controllers are succeeded it
//  may come again.
static bool is_new(const ipc_client_t *self, ticket_t *ticket, const ipc_msg_t *msg)
{
    if (!self->keeps)
        return true;
    if (ipc_ranges_meet(&ticket->got, msg->result.first, msg->result.count))
        return false;
    ipc_ranges_add(&ticket->got, msg->result.first, msg->result.count);
    return true;
}

//  The controller pauses the work of a client that has too much unread.
static void take_bytes(ipc_client_t *self, size_t size)
{
    enum { TELL_BYTES = 1 << 20 };
    self->taken += size;
    if (self->taken - self->told_taken < TELL_BYTES)
        return;
    self->told_taken = self->taken;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_TAKEN, .taken = {.bytes = self->taken}});
}

static void end_result(ipc_result_t *result, const ipc_error_t *error)
{
    if (!result)
        return;
    result->phase = GATHER_OVER;
    result_fail_rest(result, error);
    result_settle(result);
}

//  All is told: what is not done by now was told under other numbers than it has, by bytes that are spoilt.
static void end_untold(ipc_result_t *result)
{
    ipc_error_t error;
    if (!result || result->finished || result->positions.done == result->positions.count)
        return;
    ipc_fail(&error, IPC_E_PROTOCOL, "the controller has told of other tasks than there are: its connection is spoilt");
    end_result(result, &error);
}

static void on_result(ipc_client_t *self, const ipc_msg_t *msg)
{
    ticket_t **at = ticket_find(self, msg->result.job);
    ticket_t *ticket = *at;
    self->results_seen++;
    take_bytes(self, msg->result.body.size);
    for (size_t i = 0; i < msg->result.objects.count; i++)
        holds_receive(self->holds, ipc_object_at(&msg->result.objects, i));
    if (ticket && msg->result.count <= ticket->left && is_new(self, ticket, msg)) {
        reply_t reply;
        reply_begin(&reply, msg);
        if (ticket->is_awaited)
            outcomes_note(self, msg);
        ticket->left -= msg->result.count;
        if (ticket->calls)
            take_calls(ticket, &reply, msg->result.first, msg->result.count);
        ipc_result_t *result = ticket->result;
        if (ticket->left == 0) {
            for (uint64_t i = 0; i < ticket->count; i++) end_untold(ticket->calls[i]);
            ticket_free(self, at);
        }
        if (result) // a gather goes on with another ticket
            result_take(result, &reply, msg->result.first, msg->result.count);
        if (result && !result->ticket)
            end_untold(result);
    }
    drop_objects(self, &msg->result.objects); // the arrays that are open hold them now
}

static void on_output(ipc_client_t *self, const ipc_msg_t *msg)
{
    const ticket_t *ticket = *ticket_find(self, msg->output.span);
    uint64_t position = msg->output.item;
    ipc_result_t *result = ticket ? ticket_result(ticket, &position) : NULL;
    if (result)
        result_take_output(result, msg, position);
}

static void on_publish(ipc_client_t *self, const ipc_msg_t *msg)
{
    const ticket_t *ticket = *ticket_find(self, msg->publish.span);
    uint64_t position = msg->publish.item;
    ipc_result_t *result = ticket ? ticket_result(ticket, &position) : NULL;
    if (result)
        result_take_published(result, msg, position);
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

static void on_ping(ipc_client_t *self, const ipc_msg_t *msg)
{
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_PONG, .pong = {.number = msg->ping.number}});
}

static void on_pong(ipc_client_t *self, const ipc_msg_t *msg)
{
    (void) msg;
    self->unanswered = false; // the thread sends what has gathered since
    if (link_has_more(self))
        client_wake(self);
}

typedef void handler_fn(ipc_client_t *self, const ipc_msg_t *msg);

static handler_fn *const handlers[IPC_MSG_COUNT] = {
    [IPC_MSG_WELCOME] = on_welcome, [IPC_MSG_REFUSED] = on_refused, [IPC_MSG_ENGINES] = on_engines,
    [IPC_MSG_RESULT] = on_result,   [IPC_MSG_OUTPUT] = on_output,   [IPC_MSG_FREED] = on_freed,
    [IPC_MSG_PONG] = on_pong,       [IPC_MSG_PUBLISH] = on_publish, [IPC_MSG_ANSWER] = questions_answer,
    [IPC_MSG_WANT] = on_want,       [IPC_MSG_PING] = on_ping,
};

static void serve_frame(ipc_client_t *self, const void *data, size_t size)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_error_t error = {0};
    int more = ipc_frame_open(&reader, data, size, &error) ? -1 : 1;
    self->now = client_now();
    self->silent_ms = 0;
    self->asked = false;
    while (more == 1 && (more = ipc_msg_unpack(&msg, &reader, &error)) == 1)
        if (handlers[msg.type])
            handlers[msg.type](self, &msg);
    if (more < 0) {
        self->refusal = error;
        link_controller_died(self);
    }
}

//  --- The socket -----------------------------------------------------------------------------------------------

//  Not before the next controller has answered: what was submitted to the one before is said first.
static void send_out(ipc_client_t *self)
{
    resume_tell_seen(self, false);
    if (!self->resuming && self->out.size > 0)
        ipc_frame_send(&self->out, self->socket);
}

//  All of it, and again after an answer is sent: sending can use up the descriptor's signal.
void link_receive(ipc_client_t *self)
{
    bool answered = false;
    while (self->socket && !self->dead) {
        zmq_msg_t frame;
        size_t before = self->out.size;
        zmq_msg_init(&frame);
        bool got = TEMP_FAILURE_RETRY(zmq_msg_recv(&frame, self->socket, ZMQ_DONTWAIT)) >= 0;
        if (got)
            serve_frame(self, zmq_msg_data(&frame), zmq_msg_size(&frame));
        zmq_msg_close(&frame);
        answered = answered || self->out.size > before;
        if (got)
            continue;
        if (!answered || self->dead)
            return;
        answered = false;
        send_out(self);
    }
}

void link_flush(ipc_client_t *self)
{
    group_close(self);
    if (self->socket && !self->dead)
        send_out(self);
    link_receive(self);
}

//  Ends what waits for results; with others kept that the next controller goes on with.
static void end_tickets(ipc_client_t *self, bool others, const ipc_error_t *error)
{
    for (size_t i = 0; i < TICKET_BUCKETS; i++)
        for (ticket_t **at = &self->tickets[i]; *at;) {
            ticket_t *ticket = *at;
            if (others && ticket->kept.size > 0) {
                at = &ticket->next;
                continue;
            }
            end_result(ticket->result, error);
            for (uint64_t k = 0; k < ticket->count; k++) end_result(ticket->calls[k], error);
            ticket_free(self, at);
        }
}

//  Every wait ends, or goes on with the next controller.
void link_controller_died(ipc_client_t *self)
{
    if (self->dead)
        return;
    ipc_error_t error = {0};
    bool goes_on = resume_begin(self);
    if (self->refusal.code)
        error = self->refusal;
    else
        ipc_fail(&error, IPC_E_CONNECTION,
                 "the cluster's controller is gone: what was under way is lost; start the cluster again with "
                 "'ipcluster start -n 4', or retry if it is being restarted");
    questions_lose(self);
    if (!goes_on) {
        self->dead = true;
        self->resuming = false;
        self->id_count = 0;
        group_drop(&self->group);
    }
    end_tickets(self, goes_on, &error);
    client_tell(self);
}

//  The controller has died before it answered, or has no descriptors left: another greeting may get through.
static void greet_again(ipc_client_t *self)
{
    link_close(self);
    ipc_writer_clear(&self->out);
    link_open(self, NULL);
}

//  While the next controller is awaited, what it had been told is told again. A controller that dies cuts its
//  connections before its death is told; one that lives has no answers for us any more.
void link_was_cut(ipc_client_t *self)
{
    enum { DEATH_MS = 500 };
    struct pollfd death = {.fd = self->controller_fd, .events = POLLIN};
    if (self->dead)
        return;
    if (!self->welcome && !self->resuming) {
        greet_again(self);
        return;
    }
    if (!self->resuming && poll(&death, 1, DEATH_MS) == 0)
        ipc_fail(&self->refusal, IPC_E_CONNECTION,
                 "the connection to the cluster's controller was cut: what was under way is lost; try again");
    self->resuming = false;
    link_controller_died(self);
}
