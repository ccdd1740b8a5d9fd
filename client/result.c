//  Results: how they are filled as messages come in. How they are read is in reading.c.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/results.h"
#include "client/symbols.h"
#include "common/array_body.h"
#include "common/fail.h"

ipc_result_t *result_new(ipc_client_t *client, const char *method, result_shape_t shape, size_t count)
{
    ipc_result_t *self = ipc_xalloc(sizeof *self);
    *self = (ipc_result_t){.client = client, .method = method, .shape = shape, .count = count,
                           .slots = ipc_xalloc(count * sizeof self->slots[0]),
                           .order = ipc_xalloc(count * sizeof self->order[0]),
                           .arena = ipc_arena_new(), .submitted = client_now(), .event_fd = -1};
    self->next = client->results;
    if (self->next)
        self->next->previous = self;
    client->results = self;
    return self;
}

//  --- Errors ---------------------------------------------------------------------------------------------------

const ipc_error_t *slot_error(const slot_t *slot)
{
    return slot->state == SLOT_FAILED ? (const ipc_error_t *) (const void *) slot->value.as.items : NULL;
}

static void error_free(ipc_error_t *error)
{
    ipc_error_more_t *more = (ipc_error_more_t *) (uintptr_t) error->more;
    if (more) {
        free(more->method);
        free(more->trace);
        free(more->output);
        free(more->others);
        free(more);
    }
    free(error);
}

static void fail_slot(ipc_result_t *self, size_t i, ipc_error_t *error)
{
    slot_t *slot = &self->slots[i];
    if (slot->state == SLOT_FAILED) {
        error_free(error);
        return;
    }
    if (slot->state == SLOT_WAITING)
        self->order[self->done++] = i;
    slot->state = SLOT_FAILED;
    slot->value = (ipc_value_t){.as.items = (const ipc_value_t *) (const void *) error};
    self->failed++;
}

void result_fail(ipc_result_t *self, uint64_t first, uint64_t count, const ipc_error_t *error)
{
    for (uint64_t i = first; i < first + count; i++) {
        if (self->slots[i].state != SLOT_WAITING)
            continue;
        ipc_error_t *copy = ipc_xalloc(sizeof *copy);
        *copy = *error;
        copy->more = NULL;
        fail_slot(self, i, copy);
    }
}

ipc_result_t *result_refuse(ipc_result_t *self, const ipc_error_t *error)
{
    self->refused = true;
    result_fail(self, 0, self->count, error);
    result_settle(self);
    return self;
}

static void copy_bytes(char *buffer, size_t size, ipc_bytes_t bytes)
{
    char *text = ipc_bytes_text(bytes);
    ipc_text_copy(buffer, size, text);
    free(text);
}

//  A crash is told with the lines of the program's own file: the text names function, file and line.
static void add_trace(ipc_result_t *self, ipc_error_t *error, ipc_error_more_t *more, ipc_bytes_t frames)
{
    if (frames.size == 0)
        return;
    char *raw = ipc_bytes_text(frames), where[SYMBOLS_WHERE] = "";
    more->trace = symbols_trace(raw, program_file_of, self->client, where);
    free(raw);
    char *in = strstr(error->text, " in ");
    if (!where[0] || !in)
        return;
    ipc_text_copy(error->where, sizeof error->where, where);
    char *text = ipc_xformat("%.*s in %s", (int) (in - error->text), error->text, where);
    ipc_text_copy(error->text, sizeof error->text, text);
    free(text);
}

static ipc_error_t *error_of(ipc_result_t *self, int engine, const ipc_failure_t *failure)
{
    ipc_error_t *error = ipc_xalloc(sizeof *error);
    ipc_error_more_t *more = ipc_xalloc(sizeof *more);
    error->code = (int) failure->code;
    error->engine = engine;
    error->more = more;
    copy_bytes(error->kind, sizeof error->kind, failure->kind);
    copy_bytes(error->text, sizeof error->text, failure->text);
    copy_bytes(error->where, sizeof error->where, failure->where);
    more->method = ipc_xstrdup(self->method);
    add_trace(self, error, more, failure->trace);
    return error;
}

//  --- What positions wrote ------------------------------------------------------------------------------------

static void add_written(ipc_result_t *self, uint64_t position, int engine, int stream, ipc_bytes_t text)
{
    if (text.size == 0)
        return;
    written_t *written = ipc_xalloc(sizeof *written);
    *written = (written_t){position, engine, stream, ipc_bytes_text(text), text.size, NULL};
    *(self->last_written ? &self->last_written->next : &self->written) = written;
    self->last_written = written;
}

void result_take_output(ipc_result_t *self, const ipc_msg_t *msg)
{
    if (msg->output.item < self->count)
        add_written(self, msg->output.item, (int) msg->output.engine, (int) msg->output.stream,
                    msg->output.text);
}

//  --- Values ---------------------------------------------------------------------------------------------------

//  An open array of an engine's object. Freed with its result, under the lock.
typedef struct open_array {
    ipc_client_t *client;
    ipc_object_t object;
    ipc_array_t *mapped;
} open_array_t;

static void release_open(ipc_array_t *array)
{
    open_array_t *open = array->owner;
    uint64_t count = holds_leave(open->client->holds, open->object);
    if (count > 0)
        link_send(open->client, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {open->object, count}});
    ipc_array_destroy(&open->mapped);
    free(open);
}

static ipc_array_t *open_result(void *context, const ipc_array_ref_t *ref, ipc_error_t *error)
{
    ipc_client_t *client = context;
    ipc_array_t *mapped = ipc_store_open(client->store, ref, false, error);
    if (!mapped)
        return NULL;
    open_array_t *open = ipc_xalloc(sizeof *open);
    *open = (open_array_t){client, ref->object, mapped};
    holds_use(client->holds, ref->object);
    return ipc_array_wrap(ref->dtype, ref->ndim, ref->shape, mapped->data, release_open, open);
}

static uint32_t add_run(ipc_result_t *self, const ipc_msg_t *msg)
{
    if (self->run_count == self->run_room) {
        self->run_room = self->run_room ? 2 * self->run_room : 4;
        self->runs = ipc_xrealloc(self->runs, self->run_room * sizeof self->runs[0]);
    }
    self->runs[self->run_count] = (run_t){.engine = (int) msg->result.engine, .first = msg->result.first,
                                          .count = msg->result.count, .started = msg->result.started,
                                          .finished = msg->result.finished};
    return (uint32_t) self->run_count++;
}

static void take_failure(ipc_result_t *self, const ipc_msg_t *msg, uint32_t run)
{
    ipc_failure_t failure;
    if (ipc_failure_unpack(&failure, msg->result.body))
        failure = (ipc_failure_t){.code = IPC_E_PROTOCOL, .kind = ipc_bytes_of("ProtocolError"),
                                  .text = ipc_bytes_of("a malformed result")};
    int engine = msg->result.engine == UINT32_MAX ? -1 : (int) msg->result.engine;
    for (uint64_t i = msg->result.first; i < msg->result.first + msg->result.count; i++) {
        add_written(self, i, engine, 1, failure.out);
        add_written(self, i, engine, 2, failure.err);
        self->slots[i].run = run;
        fail_slot(self, i, error_of(self, engine, &failure));
    }
}

static void take_values(ipc_result_t *self, const ipc_msg_t *msg, uint32_t run)
{
    ipc_reader_t reader = ipc_reader(msg->result.body.data, msg->result.body.size);
    for (uint64_t i = msg->result.first; i < msg->result.first + msg->result.count; i++) {
        slot_t *slot = &self->slots[i];
        ipc_error_t error = {0};
        ipc_value_t value;
        if (slot->state != SLOT_WAITING)
            continue;
        if (ipc_value_unpack(&value, &reader, self->arena, open_result, self->client, &error)) {
            result_fail(self, i, msg->result.first + msg->result.count - i, &error);
            return;
        }
        *slot = (slot_t){.value = value, .run = run, .state = SLOT_DONE};
        self->order[self->done++] = i;
    }
    ipc_bytes_t text;
    for (int stream = 1; stream <= 2; stream++) {
        text.data = ipc_read_bytes(&reader, &text.size);
        add_written(self, msg->result.first, (int) msg->result.engine, stream, text);
    }
    text.data = ipc_read_bytes(&reader, &text.size);
    if (text.size == msg->result.count * sizeof(float)) {
        float *durations = ipc_arena_take(self->arena, text.size);
        memcpy(durations, text.data, text.size);
        self->runs[run].durations = durations;
    }
}

void result_take(ipc_result_t *self, const ipc_msg_t *msg)
{
    if (self->finished || msg->result.first > self->count || msg->result.count > self->count - msg->result.first)
        return;
    uint32_t run = add_run(self, msg);
    if (msg->result.failed)
        take_failure(self, msg, run);
    else
        take_values(self, msg, run);
    if (msg->result.finished > msg->result.started)
        self->serial += 1e-9 * (double) (msg->result.finished - msg->result.started);
    if (self->done < self->count && self->client->waiters > 0)
        client_tell(self->client); // somebody may wait for a position
    result_settle(self);
}

void result_settle(ipc_result_t *self)
{
    if (self->finished || self->done < self->count)
        return;
    if (self->phase != GATHER_OVER)
        gather_go_on(self);
    if (self->phase != GATHER_OVER || (self->shape == RESULT_GATHER && !self->name && !self->refused && self->count))
        return; // the second half is under way, or the call is not over yet
    self->finished = true;
    self->received = client_now();
    if (self->event_fd >= 0)
        (void) !write(self->event_fd, &(uint64_t){1}, sizeof(uint64_t));
    client_tell(self->client);
}

//  --- The end --------------------------------------------------------------------------------------------------

static void warn_unread(ipc_result_t *self)
{
    if (self->looked || self->failed == 0 || self->client->unread >= UNREAD_SHOWN)
        return;
    for (size_t i = 0; i < self->count; i++) {
        const ipc_error_t *error = slot_error(&self->slots[i]);
        if (!error)
            continue;
        self->client->unread++;
        if (error->engine >= 0)
            fprintf(stderr, "ipclient: nobody looked at this error: [%d:%s]: %s: %s\n", error->engine,
                    self->method, error->kind, error->text);
        else
            fprintf(stderr, "ipclient: nobody looked at this error: %s: %s\n", self->method, error->text);
        return;
    }
}

static void forget_ticket(ipc_result_t *self)
{
    for (ticket_t *ticket = self->client->tickets[self->job % TICKET_BUCKETS]; ticket; ticket = ticket->next)
        if (ticket->result == self)
            ticket->result = NULL;
}

//  What a gather's result shows may be used again once the controller says so too.
static void unpin(ipc_client_t *client, ipc_object_t object)
{
    for (size_t i = 0; i < client->pin_count; i++) {
        pin_t *pin = &client->pins[i];
        if (pin->object.number != object.number || pin->object.owner != object.owner)
            continue;
        pin->unpinned = true;
        if (pin->freed) {
            *pin = client->pins[--client->pin_count];
            ipc_store_freed(client->store, object);
        }
        return;
    }
}

void result_free(ipc_result_t *self)
{
    ipc_client_t *client = self->client;
    warn_unread(self);
    forget_ticket(self);
    *(self->previous ? &self->previous->next : &client->results) = self->next;
    if (self->next)
        self->next->previous = self->previous;
    for (size_t i = 0; i < self->count; i++)
        if (self->slots[i].state == SLOT_FAILED)
            error_free((ipc_error_t *) (uintptr_t) slot_error(&self->slots[i]));
    for (written_t *written = self->written, *next; written; written = next) {
        next = written->next;
        free(written->text);
        free(written);
    }
    if (self->summary)
        error_free(self->summary);
    ipc_arena_destroy(&self->arena);
    ipc_array_destroy(&self->whole);
    if (self->object.number)
        unpin(client, self->object);
    if (self->event_fd >= 0)
        close(self->event_fd);
    free(self->slots);
    free(self->runs);
    free(self->order);
    free(self->name);
    free(self->engines);
    free(self->rows);
    free(self);
}

void ipc_result_destroy(ipc_result_t **self_p)
{
    ipc_result_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipc_client_t *client = self->client;
    pthread_mutex_lock(&client->lock);
    result_free(self);
    if (client->out.size > 0)
        client_wake(client);
    pthread_mutex_unlock(&client->lock);
}
