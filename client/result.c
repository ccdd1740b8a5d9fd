//  Results: how they are filled as messages come in. How they are read is in reading.c.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/callbacks.h"
#include "client/results.h"
#include "client/symbols.h"
#include "common/array_body.h"
#include "common/fail.h"

ipc_result_t *result_new(ipc_client_t *client, const char *method, result_shape_t shape, size_t count)
{
    ipc_result_t *self = ipc_xalloc(sizeof *self);
    *self = (ipc_result_t){.client = client, .method = method, .shape = (uint8_t) shape, .runs = &self->only_run,
                           .run_room = 1, .submitted = client_now(), .event_fd = -1, .next = client->results};
    positions_init(&self->positions, count);
    if (self->next)
        self->next->previous = self;
    client->results = self;
    return self;
}

result_more_t *result_more(ipc_result_t *self)
{
    if (!self->more)
        self->more = ipc_xalloc(sizeof *self->more);
    return self->more;
}

ipc_arena_t *result_arena(ipc_result_t *self)
{
    if (!self->arena)
        self->arena = ipc_arena_new();
    return self->arena;
}

run_t *result_add_run(ipc_result_t *self, int engine, uint64_t first, uint64_t count)
{
    if (self->run_count == self->run_room) {
        bool moved = self->runs != &self->only_run;
        self->run_room *= 4;
        self->runs = ipc_xrealloc(moved ? self->runs : NULL, self->run_room * sizeof self->runs[0]);
        if (!moved)
            self->runs[0] = self->only_run;
    }
    run_t *run = &self->runs[self->run_count++];
    *run = (run_t){.engine = engine, .first = first, .count = count, .received = self->client->now};
    return run;
}

double run_time(const run_t *run, uint64_t from, uint64_t to)
{
    if (!run->durations)
        return (double) (run->finished - run->started) * (double) (to - from) / (double) run->count;
    double time = 0;
    for (uint64_t i = from; i < to; i++) time += (double) run->durations[i];
    return time;
}

//  --- Errors ---------------------------------------------------------------------------------------------------

static void error_free(ipc_error_t *error)
{
    ipc_error_more_t *more = (ipc_error_more_t *) (uintptr_t) error->more;
    if (more) {
        free(more->method);
        free(more->trace);
        free(more->output);
        free(more->attempts);
        free(more->parts);
        free(more);
    }
    free(error);
}

//  Takes an error over; many positions may refer to it.
static const ipc_error_t *keep_error(ipc_result_t *self, ipc_error_t *error)
{
    result_more_t *more = result_more(self);
    if (more->error_count == more->error_room) {
        more->error_room = more->error_room ? 2 * more->error_room : 1;
        more->errors = ipc_xrealloc(more->errors, more->error_room * sizeof more->errors[0]);
    }
    return more->errors[more->error_count++] = error;
}

void result_fail_rest(ipc_result_t *self, const ipc_error_t *error)
{
    ipc_error_t *copy = ipc_xalloc(sizeof *copy);
    *copy = *error;
    copy->more = NULL;
    keep_error(self, copy);
    size_t before = self->run_count;
    self->client->now = client_now(); // no message tells it
    for (size_t i = 0; i < self->positions.count; i++) {
        if (positions_is_done(&self->positions, i))
            continue;
        run_t *last = self->run_count > before ? &self->runs[self->run_count - 1] : NULL;
        if (last && last->first + last->count == i)
            last->count++;
        else
            result_add_run(self, -1, i, 1);
        positions_fail(&self->positions, i, copy);
    }
}

ipc_result_t *result_refuse(ipc_result_t *self, const ipc_error_t *error)
{
    self->refused = true;
    result_fail_rest(self, error);
    result_settle(self);
    return self;
}

static void copy_bytes(char *buffer, size_t size, ipc_bytes_t bytes)
{
    char *text = ipc_bytes_text(bytes);
    ipc_text_copy(buffer, size, text);
    free(text);
}

//  "inner (prog.c:6)", "inner (cell 4, line 3)"; of a program without debug information it is "inner (prog)".
static bool has_line(const char *where)
{
    const char *colon = strrchr(where, ':');
    return strstr(where, "line ") || (colon && isdigit((unsigned char) colon[1]));
}

static bool is_same_function(const char *where, const char *other)
{
    const char *file = strstr(where, " (");
    return file && strncmp(where, other, (size_t) (file - where) + 2) == 0;
}

//  A crash is told with the lines of the program's own file: the text names function, file and line; without debug
//  information with those of the function that was applied. What a cell raised has words of its own.
static void add_trace(ipc_result_t *self, ipc_error_t *error, ipc_error_more_t *more, ipc_bytes_t frames)
{
    if (frames.size == 0)
        return;
    char *raw = ipc_bytes_text(frames), where[SYMBOLS_WHERE] = "", applied[SYMBOLS_WHERE];
    more->trace = symbols_trace(raw, program_file_of, self->client, where);
    free(raw);
    if (!where[0])
        return;
    ipc_text_copy(applied, sizeof applied, error->where);
    if (!has_line(where) && is_same_function(where, applied))
        ipc_text_copy(where, sizeof where, applied);
    ipc_text_copy(error->where, sizeof error->where, where);
    char *in = error->code == IPC_E_REMOTE ? NULL : strstr(error->text, " in ");
    if (!in)
        return;
    bool needs_line = !has_line(where) && has_line(applied);
    char *text = ipc_xformat("%.*s in %s%s%s", (int) (in - error->text), error->text, where,
                             needs_line ? ", in a call of " : "", needs_line ? applied : "");
    ipc_text_copy(error->text, sizeof error->text, text);
    free(text);
}

static ipc_error_t *error_of(ipc_result_t *self, int engine, const ipc_failure_t *failure, uint64_t peak_memory)
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
    more->attempts = failure->attempts.size > 0 ? ipc_bytes_text(failure->attempts) : NULL;
    more->peak_memory = peak_memory;
    size_t size = strlen(error->text);
    if (error->code == IPC_E_CRASH && engine >= 0)
        snprintf(error->text + size, sizeof error->text - size, "; engine %d starts again, its namespace is gone",
                 engine);
    return error;
}

//  Of a crash: the end of what it had written to stderr.
static void add_last_lines(ipc_result_t *self, ipc_error_t *error, uint64_t position)
{
    enum { LAST_LINES = 10 };
    if (error->code != IPC_E_CRASH)
        return;
    char *text = result_text_of(self, position, 2), *from = text + strlen(text);
    for (int lines = 0; from > text && !(from[-1] == '\n' && *from && ++lines == LAST_LINES);) from--;
    ipc_error_more_t *more = (ipc_error_more_t *) (uintptr_t) error->more;
    more->output = *from ? ipc_xstrdup(from) : NULL;
    free(text);
}

//  --- What positions wrote ------------------------------------------------------------------------------------

void result_add_written(ipc_result_t *self, uint64_t position, int engine, int stream, ipc_bytes_t text)
{
    if (text.size == 0)
        return;
    result_more_t *more = result_more(self);
    written_t *written = ipc_xalloc(sizeof *written);
    *written = (written_t){position, engine, stream, ipc_bytes_text(text), text.size, NULL};
    *(more->last_written ? &more->last_written->next : &more->written) = written;
    more->last_written = written;
    if (self->client->waiters > 0)
        client_tell(self->client); // somebody may show it as it comes
    if (more->taps)
        parts_pass_output(self, position, engine, stream, text);
}

void result_take_output(ipc_result_t *self, const ipc_msg_t *msg, uint64_t position)
{
    if (position < self->positions.count)
        result_add_written(self, position, (int) msg->output.engine, (int) msg->output.stream, msg->output.text);
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

//  Gives the first position that could not be read.
static uint64_t take_values(ipc_result_t *self, reply_t *reply, uint64_t first, uint64_t count, ipc_error_t *error)
{
    for (uint64_t i = first; i < first + count; i++) {
        ipc_value_t value;
        ipc_arena_t *arena = ipc_read_type(&reply->values) < IPC_WIRE_STRING ? self->arena : result_arena(self);
        if (ipc_value_unpack(&value, &reply->values, arena, open_result, self->client, error))
            return i;
        positions_put(&self->positions, i, value);
    }
    return first + count;
}

static void keep_durations(ipc_result_t *self, run_t *run, const reply_t *reply)
{
    size_t size = run->count * sizeof(float);
    if (run->count == 1 || reply->durations.size < size)
        return;
    float *durations = ipc_arena_take(result_arena(self), size);
    memcpy(durations, reply->durations.data, size);
    run->durations = durations;
}

void result_take(ipc_result_t *self, reply_t *reply, uint64_t first, uint64_t count)
{
    if (self->finished || first > self->positions.count || count > self->positions.count - first) {
        reply_skip(reply, count);
        return;
    }
    run_t *run = result_add_run(self, reply->engine, first, count);
    int64_t time = reply_time(reply, count);
    run->attempts = reply->attempts;
    run->accepted = reply->accepted;
    run->sent = reply->sent;
    run->peak_memory = reply->peak_memory;
    run->started = reply->started;
    run->finished = reply->started + time;
    result_add_written(self, first, reply->engine, 1, reply->out);
    result_add_written(self, first, reply->engine, 2, reply->err);
    ipc_error_t error; // filled by who fails
    uint64_t done = first;
    const ipc_error_t *failed = NULL;
    if (reply->failed) {
        ipc_error_t *told = error_of(self, reply->engine, &reply->failure, reply->peak_memory);
        add_last_lines(self, told, first);
        failed = keep_error(self, told);
    } else {
        keep_durations(self, run, reply);
        done = take_values(self, reply, first, count, &error);
        if (done < first + count) {
            ipc_error_t *copy = ipc_xalloc(sizeof *copy);
            *copy = error;
            copy->engine = reply->engine;
            failed = keep_error(self, copy);
        }
    }
    for (; done < first + count; done++) positions_fail(&self->positions, done, failed);
    reply_advance(reply, count);
    if (time > 0)
        self->serial += 1e-9 * (double) time;
    if (self->positions.done < self->positions.count && self->client->waiters > 0)
        client_tell(self->client); // somebody may wait for a position
    result_settle(self);
}

void result_settle(ipc_result_t *self)
{
    if (self->finished)
        return;
    bool shown = self->more && self->more->taps;
    if (shown && self->shape != RESULT_GATHER)
        parts_pass_on(self);
    if (self->positions.done < self->positions.count)
        return;
    if (self->phase != GATHER_OVER)
        gather_go_on(self);
    bool named = self->more && self->more->name;
    if (self->phase != GATHER_OVER ||
        (self->shape == RESULT_GATHER && !named && !self->refused && self->positions.count))
        return; // the second half is under way, or the call is not over yet
    if (!parts_is_view(self)) // whose sources may have ended long ago
        self->received = self->client->now > self->submitted ? self->client->now : self->submitted;
    self->finished = true;
    if (shown && self->shape == RESULT_GATHER)
        parts_pass_on(self);
    if (self->more && self->more->callbacks)
        callbacks_due(self);
    if (self->event_fd >= 0)
        (void) !write(self->event_fd, &(uint64_t){1}, sizeof(uint64_t));
    client_tell(self->client);
}

//  --- The end --------------------------------------------------------------------------------------------------

void result_look(ipc_result_t *self)
{
    if (self->looked)
        return;
    self->looked = true;
    for (size_t i = 0; self->more && i < self->more->source_count; i++)
        result_look(self->more->sources[i]->source);
}

static void warn_unread(ipc_result_t *self)
{
    if (self->looked || self->positions.failed == 0 || self->client->unread >= UNREAD_SHOWN || parts_is_view(self))
        return;
    size_t i = 0;
    while (!positions_error(&self->positions, i)) i++;
    const ipc_error_t *error = positions_error(&self->positions, i);
    self->client->unread++;
    if (error->engine >= 0)
        fprintf(stderr, "ipclient: nobody looked at this error: [%d:%s]: %s: %s\n", error->engine, self->method,
                error->kind, error->text);
    else
        fprintf(stderr, "ipclient: nobody looked at this error: %s: %s\n", self->method, error->text);
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

static void free_more(result_more_t *self, ipc_client_t *client)
{
    for (size_t i = 0; i < self->error_count; i++) error_free(self->errors[i]);
    for (written_t *written = self->written, *next; written; written = next) {
        next = written->next;
        free(written->text);
        free(written);
    }
    publications_free(self->publications);
    streaming_free(self->streaming);
    if (self->summary)
        error_free(self->summary);
    ipc_array_destroy(&self->whole);
    if (self->object.number)
        unpin(client, self->object);
    callbacks_free(self->callbacks);
    free(self->places);
    free(self->texts[0]);
    free(self->texts[1]);
    free(self->label);
    free(self->errors);
    free(self->name);
    free(self->engines);
    free(self->rows);
    free(self);
}

void result_free(ipc_result_t *self)
{
    ipc_client_t *client = self->client;
    warn_unread(self);
    if (self->ticket)
        ticket_forget(self);
    *(self->previous ? &self->previous->next : &client->results) = self->next;
    if (self->next)
        self->next->previous = self->previous;
    ipc_arena_destroy(&self->arena);
    if (self->more) {
        parts_leave(self->more);
        free_more(self->more, client);
    }
    if (self->event_fd >= 0)
        close(self->event_fd);
    if (self->runs != &self->only_run)
        free(self->runs);
    positions_free(&self->positions);
    free(self);
}

bool result_is_needed(const ipc_result_t *self)
{
    return self->more && (self->more->taps || self->more->holders > 0);
}

void result_free_abandoned(ipc_result_t *self)
{
    if (self->abandoned && !result_is_needed(self))
        result_free(self);
}

ipc_result_t *result_hold(ipc_result_t *self)
{
    result_more(self)->holders++;
    return self;
}

void result_let_go(ipc_result_t *self)
{
    self->more->holders--;
    result_free_abandoned(self);
}

void ipc_result_destroy(ipc_result_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ipc_result_t *self = *self_p;
    *self_p = NULL;
    ipc_client_t *client = self->client;
    pthread_mutex_lock(&client->lock);
    callbacks_forget(self);
    if (result_is_needed(self))
        self->abandoned = true; // whoever needs it last frees it
    else
        result_free(self);
    if (link_has_more(client))
        client_wake(client);
    pthread_mutex_unlock(&client->lock);
}
