//  The worker's side of the messages. Everything here is called with the lock held.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/frame.h"
#include "engine/state.h"

//  --- Work that waits --------------------------------------------------------------------------------------

static void parcel_release(parcel_t *parcel)
{
    if (--parcel->references > 0)
        return;
    zmq_msg_close(&parcel->frame);
    free(parcel);
}

void release_objects(worker_t *self, const ipc_objects_t *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        ipc_object_t object = ipc_object_at(objects, i);
        uint64_t count = holds_leave(self->holds, object);
        if (count > 0)
            link_send(self, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {object, count}});
    }
}

void work_free(worker_t *self, work_t *work)
{
    release_objects(self, &work->objects);
    parcel_release(work->parcel);
    free(work);
}

static void queue_remove(worker_t *self, work_t *work)
{
    *(work->previous ? &work->previous->next : &self->first) = work->next;
    *(work->next ? &work->next->previous : &self->last) = work->previous;
}

//  --- Messages out ----------------------------------------------------------------------------------------

void link_send(worker_t *self, const ipc_msg_t *msg)
{
    ipc_msg_pack(msg, &self->out);
}

static ipc_objects_t objects_of(const ipc_writer_t *writer)
{
    return (ipc_objects_t){writer->data ? writer->data : "", writer->size / sizeof(ipc_object_t)};
}

//  Sends the batch, with what the task wrote when it is of one item that did.
static void send_batch(worker_t *self, bool with_output)
{
    batch_t *batch = &self->batch;
    ipc_writer_t body = {0};
    ipc_write_raw(&body, batch->values.data, batch->values.size);
    for (int i = 0; i < OUTPUT_STREAMS; i++) {
        const output_text_t *text = &self->output.texts[i];
        ipc_write_bytes(&body, with_output && text->data ? text->data : "", with_output ? text->size : 0);
    }
    bool several = batch->count > 1;
    ipc_write_bytes(&body, several ? batch->durations.data : "", several ? batch->durations.size : 0);
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_DONE,
                                 .done = {.span = batch->span,
                                          .first = batch->first,
                                          .count = batch->count,
                                          .started = batch->started,
                                          .finished = batch->finished,
                                          .objects = objects_of(&batch->objects),
                                          .body = {body.data, body.size}}});
    ipc_writer_destroy(&body);
    batch->count = 0;
    ipc_writer_clear(&batch->values);
    ipc_writer_clear(&batch->durations);
    ipc_writer_clear(&batch->objects);
}

void link_close_batch(worker_t *self)
{
    if (self->batch.count > 0)
        send_batch(self, false); // what was written belongs to the item that runs
}

static void report_failure(worker_t *self, work_t *work, uint64_t position)
{
    outcome_t *outcome = &self->outcome;
    ipc_failure_t failure = {.code = (uint32_t) outcome->code,
                             .kind = ipc_bytes_of(outcome->kind),
                             .text = ipc_bytes_of(outcome->text),
                             .where = ipc_bytes_of(work->function->name),
                             .out = {self->output.texts[0].data, self->output.texts[0].size},
                             .err = {self->output.texts[1].data, self->output.texts[1].size}};
    ipc_writer_t body = {0};
    ipc_failure_pack(&failure, &body);
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_DONE,
                                 .done = {.failed = 1,
                                          .span = work->span,
                                          .first = position,
                                          .count = 1,
                                          .started = outcome->started,
                                          .finished = outcome->finished,
                                          .body = {body.data, body.size}}});
    ipc_writer_destroy(&body);
}

void link_report(worker_t *self, work_t *work, uint64_t position)
{
    outcome_t *outcome = &self->outcome;
    batch_t *batch = &self->batch;
    if (work->span == 0) { // of a controller that is gone: nobody wants it
        ipc_objects_t objects = objects_of(&outcome->objects);
        for (size_t i = 0; i < objects.count; i++) ipc_store_freed(self->store, ipc_object_at(&objects, i));
        output_read(&self->output);
        output_clear(&self->output);
        return;
    }
    bool wrote = outcome->finished - outcome->started >= self->silent_ns && output_read(&self->output);
    wrote = wrote || self->output.texts[0].size + self->output.texts[1].size > 0;
    if (wrote || outcome->failed || (batch->count > 0 && batch->span != work->span))
        link_close_batch(self);
    if (outcome->failed) {
        report_failure(self, work, position);
        output_clear(&self->output);
        return;
    }
    if (batch->count == 0) {
        batch->span = work->span;
        batch->first = position;
        batch->started = outcome->started;
    }
    float duration = (float) (outcome->finished - outcome->started);
    batch->count++;
    batch->finished = outcome->finished;
    ipc_write_raw(&batch->values, outcome->value.data, outcome->value.size);
    ipc_write_raw(&batch->durations, &duration, sizeof duration);
    ipc_write_raw(&batch->objects, outcome->objects.data, outcome->objects.size);
    if (wrote || batch->objects.size > 0 || batch->values.size > IPC_INLINE_LIMIT) {
        send_batch(self, wrote);
        output_clear(&self->output);
    }
}

void link_stream_output(worker_t *self)
{
    if (!self->current || self->current->span == 0 || !output_read(&self->output))
        return;
    for (uint32_t i = 0; i < OUTPUT_STREAMS; i++) {
        output_text_t *text = &self->output.texts[i];
        if (text->size > 0)
            link_send(self, &(ipc_msg_t){.type = IPC_MSG_OUTPUT,
                                         .output = {.span = self->current->span,
                                                    .item = self->current->running,
                                                    .stream = i + 1,
                                                    .text = {text->data, text->size}}});
    }
    output_clear(&self->output);
}

void link_flush(worker_t *self)
{
    ipc_frame_send(&self->out, self->socket);
    self->flushed = clock_ns();
    link_receive(self);
}

//  --- Messages in ------------------------------------------------------------------------------------------

static void on_function(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    uint32_t number = msg->function.function;
    enum { FUNCTION_MAX = 1 << 20 };
    if (number >= FUNCTION_MAX)
        return;
    if (number >= self->function_count) {
        uint32_t count = number + 16;
        self->functions = ipc_xrealloc(self->functions, count * sizeof self->functions[0]);
        memset(self->functions + self->function_count, 0,
               (count - self->function_count) * sizeof self->functions[0]);
        self->function_count = count;
    }
    if (self->functions[number])
        return;
    engine_function_t *function = ipc_xalloc(sizeof *function);
    *function = (engine_function_t){.kind = msg->function.kind, .key = ipc_bytes_text(msg->function.key),
                                    .name = ipc_bytes_text(msg->function.name),
                                    .libraries = ipc_bytes_text(msg->function.libraries)};
    self->functions[number] = function;
}

static void on_task(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    if (msg->task.function >= self->function_count || !self->functions[msg->task.function])
        return; // the controller names functions first
    work_t *work = ipc_xalloc(sizeof *work);
    *work = (work_t){.span = msg->task.span, .cursor = msg->task.first,
                     .end = msg->task.first + msg->task.count,
                     .function = self->functions[msg->task.function], .items = msg->task.items,
                     .recallable = msg->task.recallable, .base = msg->task.base,
                     .arguments = msg->task.arguments,
                     .list = ipc_reader(msg->task.data.data, msg->task.data.size),
                     .objects = msg->task.objects, .parcel = parcel, .previous = self->last};
    parcel->references++;
    for (size_t i = 0; i < work->objects.count; i++)
        holds_receive(self->holds, ipc_object_at(&work->objects, i));
    *(self->last ? &self->last->next : &self->first) = work;
    self->last = work;
}

//  Gives back up to count items of a span that have not started: the last ones. Gives how many.
static uint64_t give_back(worker_t *self, work_t *work, uint64_t count)
{
    uint64_t rest = work->end - work->cursor, given = rest < count ? rest : count;
    if (!work->recallable || given == 0)
        return 0;
    work->end -= given;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_GAVE,
                                 .gave = {.span = work->span, .first = work->end, .count = given}});
    return given;
}

static void on_recall(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    uint64_t wanted = msg->recall.count;
    for (work_t *work = self->last, *previous; work && wanted > 0; work = previous) {
        previous = work->previous;
        wanted -= give_back(self, work, wanted);
        if (work->cursor == work->end) {
            queue_remove(self, work);
            work_free(self, work);
        }
    }
    if (self->current && wanted > 0)
        give_back(self, self->current, wanted);
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_GAVE, .gave = {.last = 1}});
}

static void on_freed(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (self->freed_count == self->freed_room) {
        self->freed_room = self->freed_room ? 2 * self->freed_room : 16;
        self->freed = ipc_xrealloc(self->freed, self->freed_room * sizeof self->freed[0]);
    }
    self->freed[self->freed_count++] = msg->freed.object;
}

static void on_accepted(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (self->controller_fd >= 0)
        close(self->controller_fd);
    self->controller_fd = (int) syscall(SYS_pidfd_open, (pid_t) msg->accepted.pid, 0); // -1: gone again
    if (self->page) {
        self->page->death.epoch = 0; // reported
        self->page->ready = 1;
    }
}

static void on_refused(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    dprintf(self->options.log_fd, "engine %d: the controller refuses this engine: %.*s\n", self->options.engine,
            (int) msg->refused.text.size, msg->refused.text.data);
    self->refused = 1;
}

static void on_ping(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_PONG, .pong = {.number = msg->ping.number}});
}

typedef void handler_fn(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel);

static handler_fn *const handlers[IPC_MSG_COUNT] = {
    [IPC_MSG_FUNCTION] = on_function, [IPC_MSG_TASK] = on_task,         [IPC_MSG_RECALL] = on_recall,
    [IPC_MSG_FREED] = on_freed,       [IPC_MSG_ACCEPTED] = on_accepted, [IPC_MSG_REFUSED] = on_refused,
    [IPC_MSG_PING] = on_ping,
};

static void serve_frame(worker_t *self, parcel_t *parcel)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_error_t error = {0};
    int more = ipc_frame_open(&reader, zmq_msg_data(&parcel->frame), zmq_msg_size(&parcel->frame), &error) ? -1 : 1;
    while (more == 1 && (more = ipc_msg_unpack(&msg, &reader, &error)) == 1)
        if (handlers[msg.type])
            handlers[msg.type](self, &msg, parcel);
    if (more < 0)
        dprintf(self->options.log_fd, "engine %d: warning: the controller sent %s\n", self->options.engine, error.text);
}

void link_receive(worker_t *self)
{
    for (;;) {
        parcel_t *parcel = ipc_xalloc(sizeof *parcel);
        parcel->references = 1;
        zmq_msg_init(&parcel->frame);
        bool got = zmq_msg_recv(&parcel->frame, self->socket, ZMQ_DONTWAIT) >= 0;
        if (got)
            serve_frame(self, parcel);
        parcel_release(parcel);
        if (!got)
            break;
    }
    if (self->out.size > 0) { // answers
        ipc_frame_send(&self->out, self->socket);
        link_receive(self);
    }
}

//  --- Coming and going of the controller -----------------------------------------------------------------

static void register_engine(worker_t *self)
{
    const page_death_t *death = self->page && self->page->death.epoch ? &self->page->death : NULL;
    ipc_msg_t msg = {.type = IPC_MSG_REGISTER,
                     .registration = {.token = ipc_bytes_of(self->connection.token),
                                      .engine = (uint32_t) self->options.engine,
                                      .epoch = self->options.epoch,
                                      .pid = (uint32_t) getpid(),
                                      .nanny = (uint32_t) self->options.nanny,
                                      .owner = self->owner}};
    if (death) {
        msg.registration.death_epoch = death->epoch;
        msg.registration.signal = (uint32_t) death->signal;
        msg.registration.status = (uint32_t) death->status;
        msg.registration.stack_overflow = death->stack_overflow;
        msg.registration.idle_deaths = death->idle_deaths;
        msg.registration.span = death->span;
        msg.registration.item = death->item;
        msg.registration.done_span = death->done_span;
        msg.registration.done_item = death->done_item;
        msg.registration.address = death->address;
        msg.registration.trace = ipc_bytes_of(death->trace);
        msg.registration.output = ipc_bytes_of(death->output);
        msg.registration.errors = ipc_bytes_of(death->errors);
    }
    link_send(self, &msg);
}

int link_open(worker_t *self, ipc_error_t *error)
{
    int zero = 0;
    size_t size = sizeof self->socket_fd;
    self->socket = zmq_socket(self->zmq, ZMQ_DEALER);
    if (!self->socket || zmq_setsockopt(self->socket, ZMQ_SNDHWM, &zero, sizeof zero) ||
        zmq_setsockopt(self->socket, ZMQ_RCVHWM, &zero, sizeof zero) ||
        zmq_setsockopt(self->socket, ZMQ_LINGER, &zero, sizeof zero) ||
        zmq_setsockopt(self->socket, ZMQ_RECONNECT_IVL, &(int){10}, sizeof(int)) ||
        zmq_connect(self->socket, self->connection.endpoint) ||
        zmq_getsockopt(self->socket, ZMQ_FD, &self->socket_fd, &size))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot connect to %s: %s", self->connection.endpoint,
                        zmq_strerror(errno));
    register_engine(self);
    link_flush(self);
    return 0;
}

//  What it had asked for is gone with it; the task that runs goes on, and this engine registers anew.
void link_controller_died(worker_t *self)
{
    if (self->controller_fd >= 0)
        close(self->controller_fd);
    self->controller_fd = -1;
    zmq_close(self->socket);
    for (work_t *work; (work = self->first);) {
        queue_remove(self, work);
        work_free(self, work);
    }
    if (self->current) { // it ends, and nobody wants to know
        self->current->end = self->current->cursor;
        self->current->span = 0;
        if (self->page) // should it crash: the next controller has another task of that number
            self->page->span = 0;
    }
    self->functions = NULL; // the next one has other numbers; what runs may still use these
    self->function_count = 0;
    self->batch.count = 0;
    ipc_writer_clear(&self->batch.values);
    ipc_writer_clear(&self->batch.durations);
    ipc_writer_clear(&self->batch.objects);
    ipc_writer_clear(&self->out);
    ipc_error_t error = {0};
    if (link_open(self, &error)) {
        dprintf(self->options.log_fd, "engine %d: %s\n", self->options.engine, error.text);
        self->refused = 1;
    }
}
