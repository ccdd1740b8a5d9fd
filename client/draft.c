//  What all submissions have in common: limits, options, objects, and the way into the frame.
#include "client/draft.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/given.h"
#include "client/resume.h"
#include "client/terms.h"
#include "client/views.h"
#include "common/array_body.h"
#include "common/fail.h"

enum { LOOK_NS = 100000 };

static bool has_room(void *context)
{
    const ipc_client_t *client = context;
    return client->dead || (client->tasks < client->task_limit && client->bytes < client->byte_limit);
}

//  Whether what came in while nobody looked matters: what it depends on may have ended, engines may have come or gone.
//  The latter takes milliseconds, so calls one after another need not all look.
static bool may_be_stale(const draft_t *self)
{
    ipc_client_t *client = self->client;
    if (self->options.after || self->options.follow)
        return true;
    if (!self->view->all || (!self->direct && client->id_count > 0))
        return false;
    int64_t now = client_monotonic();
    if (now - client->looked < LOOK_NS)
        return false;
    client->looked = now;
    return true;
}

void draft_begin(draft_t *self, ipc_view_t *view, const ipc_call_t *call, const char *method)
{
    assert(view && "the view is NULL: the error of the call that was to make it says why");
    ipc_client_t *client = view->client;
    draft_writers_t *writers = &client->draft;
    if (view->prepare)
        prepare_engines(view);
    memset(self, 0, offsetof(draft_t, error)); // the error is large, and mostly not used
    self->error.code = 0;
    self->view = view;
    self->client = client;
    self->call = call;
    self->method = method;
    self->direct = !view->balanced;
    self->last_given = &self->given;
    self->arguments = &writers->arguments;
    self->objects = &writers->objects;
    self->places = &writers->places;
    self->data = &writers->data;
    self->targets = &writers->targets;
    pthread_mutex_lock(&client->lock);
    size_t size = call->options_size < sizeof self->options ? call->options_size : sizeof self->options;
    if (call->options)
        memcpy(&self->options, call->options, size);
    self->is_marked_cuda = self->options.cuda;
    if (view->defaults)
        defaults_fill(view->defaults, &self->options);
    client_ensure(client, &self->error);
    if (self->error.code == 0 && !has_room(client) && // results go on arriving
        !client_wait(client, has_room, client, IPC_FOREVER) && client->interrupted)
        client_fail_interrupted(&self->error);
    if (self->error.code == 0 && may_be_stale(self))
        link_receive(client);
    if (self->error.code == 0 && client->dead)
        ipc_fail(&self->error, IPC_E_CONNECTION, "the cluster is gone");
    self->engines = view_engines(view, &self->engine_count);
}

ipc_arena_t *draft_arena(draft_t *self)
{
    if (!self->arena)
        self->arena = ipc_arena_new();
    return self->arena;
}

static void draft_clear(draft_t *self)
{
    if (self->given)
        given_free(self->given);
    if (self->arena)
        ipc_arena_destroy(&self->arena);
    ipc_writer_clear(self->arguments);
    ipc_writer_clear(self->objects);
    ipc_writer_clear(self->places);
    ipc_writer_clear(self->data);
    ipc_writer_clear(self->targets);
}

void draft_writers_free(draft_writers_t *self)
{
    ipc_writer_destroy(&self->arguments);
    ipc_writer_destroy(&self->objects);
    ipc_writer_destroy(&self->places);
    ipc_writer_destroy(&self->data);
    ipc_writer_destroy(&self->targets);
}

int draft_place(void *context, const void *data, size_t size, ipc_array_ref_t *ref,
                        ipc_error_t *error)
{
    draft_t *self = context;
    ipc_store_t *store = self->client->store;
    if (self->options.detach ? ipc_store_place_lasting(store, data, size, ref, error)
                             : ipc_store_place(store, data, size, ref, error))
        return -1;
    ipc_write_raw(self->objects, &ref->object, sizeof ref->object);
    if (self->objects->size / sizeof ref->object > IPC_MAX_OBJECTS)
        return ipc_fail(error, IPC_E_LIMIT, "a call with more than %d large arrays", IPC_MAX_OBJECTS);
    return 0;
}

int draft_argument(draft_t *self, ipc_value_t value)
{
    return ipc_value_pack(value, self->arguments, draft_place, self, &self->error);
}

void draft_target(draft_t *self, uint32_t engine, size_t first, size_t count)
{
    ipc_target_t target = {.engine = engine, .count = (uint32_t) count, .first = first};
    ipc_write_raw(self->targets, &target, sizeof target);
}

static int fail_without_engines(draft_t *self)
{
    return ipc_fail(&self->error, IPC_E_ENGINE_LOST, "no engine is ready: wait for them with ipc_client_wait()");
}

void draft_target_engines(draft_t *self)
{
    if (self->engine_count == 0 && self->view->all && self->error.code == 0)
        fail_without_engines(self); // of a list without members there is nothing to do
    bool named = self->direct || !self->view->all;
    for (size_t i = 0; named && i < self->engine_count; i++)
        draft_target(self, self->engines[i], self->direct ? i : 0, self->direct ? 1 : 0);
    self->count = self->direct ? self->engine_count : 1;
}

//  The positions that a refused call would have had.
static size_t refused_count(const draft_t *self)
{
    return self->count ? self->count : self->direct && self->engine_count ? self->engine_count : 1;
}

result_shape_t draft_shape(const draft_t *self)
{
    return self->direct && !self->view->bare ? RESULT_LIST : RESULT_BARE;
}

int draft_check_options(ipc_client_t *client, const ipc_options_t *options, bool direct, ipc_error_t *error)
{
    enum { LABEL_MAX = 63 };
    if (options->retries < 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "the argument retries is %d, it must not be negative",
                        options->retries);
    if (options->timeout_ms < 0 || options->run_limit_ms < 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "the argument %s is negative: 0 is without limit",
                        options->timeout_ms < 0 ? "timeout_ms" : "run_limit_ms");
    if (options->label && strlen(options->label) > LABEL_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "the argument label has %zu bytes, %d is the most",
                        strlen(options->label), LABEL_MAX);
    if (terms_check(client, options, direct, error))
        return -1;
    return 0;
}

static int check_limits(draft_t *self)
{
    if (self->engine_count == 0)
        return fail_without_engines(self);
    if (draft_check_options(self->client, &self->options, self->direct, &self->error))
        return -1;
    if (self->is_marked_cuda && !self->cell)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument cuda is for cells, by execute: %s takes none",
                        self->method);
    if (self->given && self->options.detach)
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "the argument detach cannot stand beside an argument that is the result of another call");
    if (self->arguments->size + self->data->size + self->places->size > IPC_MAX_FRAME / 2)
        return ipc_fail(&self->error, IPC_E_LIMIT, "a call of more than %d bytes: pass large data as arrays",
                        IPC_MAX_FRAME / 2);
    return 0;
}

static ipc_bytes_t bytes_of(const ipc_writer_t *writer)
{
    return (ipc_bytes_t){writer->data ? writer->data : "", writer->size};
}

static uint32_t flags_of(const draft_t *self, const ipc_result_t *result)
{
    uint32_t flags = self->direct ? IPC_SUBMIT_DIRECT : 0;
    if (self->options.detach)
        flags |= IPC_SUBMIT_DETACH | (result->shape == RESULT_LIST ? IPC_SUBMIT_LIST : 0);
    return flags;
}

//  A chunk that is larger than any map takes all of it.
static uint32_t chunk_of(const ipc_options_t *options)
{
    return options->chunk < IPC_MAX_POSITIONS ? (uint32_t) options->chunk : IPC_MAX_POSITIONS;
}

//  What the controller keeps of each value of another call that this one waits for, besides the value.
enum { GIVEN_BYTES = sizeof(ipc_parent_t) + 24 };

//  Sends what was put together, for the result.
static void send_draft(draft_t *self, ipc_result_t *result)
{
    ipc_client_t *client = self->client;
    ipc_msg_t msg = {.type = IPC_MSG_SUBMIT,
                     .submit = {.function = (uint32_t) self->function,
                                .flags = flags_of(self, result),
                                .items = self->items,
                                .retries = (uint32_t) self->options.retries,
                                .chunk = chunk_of(&self->options),
                                .priority = self->options.priority,
                                .count = self->count,
                                .base = self->base,
                                .submitted = result->submitted,
                                .label = ipc_bytes_of(self->options.label),
                                .targets = bytes_of(self->targets),
                                .objects = {bytes_of(self->objects).data,
                                            self->objects->size / sizeof(ipc_object_t)},
                                .arguments = bytes_of(self->arguments),
                                .places = bytes_of(self->places),
                                .data = bytes_of(self->data)}};
    functions_tell(client, self->function);
    bool terms = terms_are_set(&self->options) || self->given;
    bool limits = self->options.timeout_ms > 0 || self->options.run_limit_ms > 0;
    if (self->is_call && !self->call->wait && !self->options.detach && !terms && !limits && group_may_take(&msg)) {
        group_add(client, result, &msg, self->call->count);
        return;
    }
    struct kept_terms *said = NULL;
    if (terms || limits) // before the job has its id: a group that is open is older
        said = terms_send(client, &self->options, self->given, result->submitted);
    uint64_t bytes = self->arguments->size + self->data->size + self->places->size + self->given_count * GIVEN_BYTES;
    ticket_t *ticket = ticket_new(client, result, self->count, bytes);
    msg.submit.job = ticket->job;
    ticket->terms = said;
    size_t mark = resume_mark(client);
    link_send(client, &msg);
    if (self->options.detach)
        client_owe(client, WORK_HEARD_MS);
    resume_keep(client, ticket, mark);
    ticket->given = self->given;
    self->given = NULL;
    if (ticket->given)
        given_send_known(client, ticket);
}

//  Nothing was sent: the segments are free again.
static void give_objects_back(draft_t *self)
{
    for (size_t i = 0; i < self->objects->size / sizeof(ipc_object_t); i++) {
        ipc_objects_t objects = {self->objects->data, 0};
        ipc_store_freed(self->client->store, ipc_object_at(&objects, i));
    }
}

static void keep_engines(const draft_t *self, ipc_result_t *result)
{
    size_t size = self->engine_count * sizeof self->engines[0];
    result_more(result)->engines = ipc_xalloc(size);
    if (size > 0)
        memcpy(result->more->engines, self->engines, size);
}

//  More calls may follow: what is to be sent waits for them while the controller is busy, else the thread sends it.
static void send_soon(draft_t *self, bool first)
{
    ipc_client_t *client = self->client;
    if (link_size(client) > OUT_FULL)
        link_flush(client);
    else if (!self->call->wait && first && !client->unanswered)
        client_wake(client);
    if (!self->call->wait)
        client_attend(client);
}

ipc_result_t *draft_end(draft_t *self, result_shape_t shape)
{
    ipc_client_t *client = self->client;
    ipc_result_t *result;
    if (self->error.code || (self->count > 0 && check_limits(self))) {
        give_objects_back(self);
        result = result_refuse(result_new(client, self->method, shape, refused_count(self)), &self->error);
    } else {
        bool first = !link_has_more(client);
        result = result_new(client, self->method, shape, self->count);
        if (shape == RESULT_GATHER)
            keep_engines(self, result);
        if (self->options.label)
            result_more(result)->label = ipc_xstrdup(self->options.label);
        if (self->cell)
            result_more(result)->cell = self->cell;
        if (self->count > 0)
            send_draft(self, result);
        else
            result_settle(result);
        send_soon(self, first);
    }
    draft_clear(self);
    pthread_mutex_unlock(&client->lock);
    if (self->call->wait)
        result_wait_all(result);
    return result;
}

int draft_begin_item(draft_t *self)
{
    uint32_t place = (uint32_t) self->data->size;
    if (self->data->size > IPC_MAX_FRAME / 2)
        return ipc_fail(&self->error, IPC_E_LIMIT, "items of more than %d bytes in one call", IPC_MAX_FRAME / 2);
    ipc_write_raw(self->places, &place, sizeof place);
    return 0;
}

int draft_item(draft_t *self, ipc_value_t item)
{
    return draft_begin_item(self) || ipc_value_pack(item, self->data, draft_place, self, &self->error) ? -1 : 0;
}

int draft_check_array(draft_t *self, ipc_value_t array)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    size_t count = 0;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    if (ipc_shape_count(dtype, ndim, shape, &count, &self->error))
        return -1;
    if (count > 0 && !data)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "an argument is an array of %zu elements at NULL", count);
    return 0;
}

int draft_share(draft_t *self, ipc_value_t array, size_t limit, ipc_array_ref_t *whole)
{
    int ndim;
    const size_t *shape;
    const void *data;
    *whole = (ipc_array_ref_t){0};
    ipc_value_elements(&array, &whole->dtype, &ndim, &shape, &data);
    size_t size = ipc_value_count(array) * ipc_dtype_size(whole->dtype);
    if (size <= limit)
        return 0;
    whole->ndim = ndim;
    memcpy(whole->shape, shape, (size_t) ndim * sizeof shape[0]);
    return draft_place(self, data, size, whole, &self->error) ? -1 : 1;
}

void draft_end_items(draft_t *self)
{
    uint32_t place = (uint32_t) self->data->size;
    ipc_write_raw(self->places, &place, sizeof place);
    self->items = IPC_ITEMS_LIST;
}

int draft_need_direct(draft_t *self, const char *name)
{
    if (self->error.code)
        return -1;
    if (!self->direct)
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "%s needs a direct view: a balanced view has no engines of its own (argument view)",
                        self->method);
    if (!name || !name[0])
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument name of %s is empty", self->method);
    return 0;
}
