//  What views do: each operation becomes one submission.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/control.h"
#include "client/results.h"
#include "client/terms.h"
#include "client/views.h"
#include "common/array_body.h"
#include "common/convert.h"
#include "common/fail.h"
#include "common/image.h"
#include "common/partition.h"

//  A submission while it is put together. With the client's lock.
typedef struct draft {
    ipc_view_t *view;
    ipc_client_t *client;
    const ipc_call_t *call;
    ipc_options_t options;
    const char *method;
    const uint32_t *engines;           // of the view, now; lent
    size_t engine_count;
    int64_t function;
    uint64_t count;                    // positions
    uint32_t items;                    // ipc_items_t
    int64_t base;
    ipc_writer_t *arguments, *objects, *places, *data, *targets; // the client's, empty
    bool direct;
    bool is_call;                      // of a function, by apply
    ipc_error_t error;
} draft_t;

static bool has_room(void *context)
{
    const ipc_client_t *client = context;
    return client->dead || (client->tasks < client->task_limit && client->bytes < client->byte_limit);
}

//  Takes the lock, which it keeps until the draft ends: nothing comes between.
static void draft_begin(draft_t *self, ipc_view_t *view, const ipc_call_t *call, const char *method)
{
    ipc_client_t *client = view->client;
    draft_writers_t *writers = &client->draft;
    memset(self, 0, offsetof(draft_t, error)); // the error is large, and mostly not used
    self->error.code = 0;
    self->view = view;
    self->client = client;
    self->call = call;
    self->method = method;
    self->direct = !view->balanced;
    self->arguments = &writers->arguments;
    self->objects = &writers->objects;
    self->places = &writers->places;
    self->data = &writers->data;
    self->targets = &writers->targets;
    pthread_mutex_lock(&client->lock);
    size_t size = call->options_size < sizeof self->options ? call->options_size : sizeof self->options;
    if (call->options)
        memcpy(&self->options, call->options, size);
    client_ensure(client, &self->error);
    if (self->error.code == 0 && !has_room(client))
        client_wait(client, has_room, client, IPC_FOREVER); // results go on arriving
    if (self->error.code == 0 && (self->options.after || self->options.follow))
        link_receive(client); // what it depends on may have ended
    if (self->error.code == 0 && client->dead)
        ipc_fail(&self->error, IPC_E_CONNECTION, "the cluster is gone");
    self->engines = view_engines(view, &self->engine_count);
}

static void draft_clear(draft_t *self)
{
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

//  An ipc_place_fn: into a segment of the client's, which the submission names.
static int place_object(void *context, const void *data, size_t size, ipc_array_ref_t *ref,
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

static int add_argument(draft_t *self, ipc_value_t value)
{
    return ipc_value_pack(value, self->arguments, place_object, self, &self->error);
}

static void add_target(draft_t *self, uint32_t engine, size_t first, size_t count)
{
    ipc_target_t target = {.engine = engine, .count = (uint32_t) count, .first = first};
    ipc_write_raw(self->targets, &target, sizeof target);
}

//  One position for each engine of a direct view; a balanced view's engines are those allowed.
static void target_engines(draft_t *self)
{
    bool named = self->direct || !self->view->all;
    for (size_t i = 0; named && i < self->engine_count; i++)
        add_target(self, self->engines[i], self->direct ? i : 0, self->direct ? 1 : 0);
    self->count = self->direct ? self->engine_count : 1;
}

//  The positions that a refused call would have had.
static size_t refused_count(const draft_t *self)
{
    return self->count ? self->count : self->direct && self->engine_count ? self->engine_count : 1;
}

static result_shape_t shape_of(const draft_t *self)
{
    return self->direct && !self->view->bare ? RESULT_LIST : RESULT_BARE;
}

static int check_limits(draft_t *self)
{
    enum { LABEL_MAX = 63 };
    if (self->engine_count == 0)
        return ipc_fail(&self->error, IPC_E_ENGINE_LOST,
                        "no engine is ready: wait for them with ipc_client_wait()");
    if (self->options.retries < 0)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument retries is %d, it must not be negative",
                        self->options.retries);
    if (self->options.timeout_ms < 0 || self->options.run_limit_ms < 0)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument %s is negative: 0 is without limit",
                        self->options.timeout_ms < 0 ? "timeout_ms" : "run_limit_ms");
    if (self->options.label && strlen(self->options.label) > LABEL_MAX)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument label has %zu bytes, %d is the most",
                        strlen(self->options.label), LABEL_MAX);
    if (terms_check(self->client, &self->options, self->direct, &self->error))
        return -1;
    if (self->options.chunk > UINT32_MAX)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument chunk is too large");
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

//  Sends what was put together, for the result.
static void send_draft(draft_t *self, ipc_result_t *result)
{
    ipc_client_t *client = self->client;
    ipc_msg_t msg = {.type = IPC_MSG_SUBMIT,
                     .submit = {.function = (uint32_t) self->function,
                                .flags = flags_of(self, result),
                                .items = self->items,
                                .retries = (uint32_t) self->options.retries,
                                .chunk = (uint32_t) self->options.chunk,
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
    bool terms = terms_are_set(&self->options);
    bool limits = self->options.timeout_ms > 0 || self->options.run_limit_ms > 0;
    if (self->is_call && !self->call->wait && !self->options.detach && !terms && !limits && group_may_take(&msg)) {
        group_add(client, result, &msg, self->call->count);
        return;
    }
    if (limits)
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_LIMITS,
                                       .limits = {.wait_ms = (uint32_t) self->options.timeout_ms,
                                                  .run_ms = (uint32_t) self->options.run_limit_ms}});
    if (terms)
        terms_send(client, &self->options); // before the job has its id: a group that is open is older
    uint64_t bytes = self->arguments->size + self->data->size + self->places->size;
    msg.submit.job = ticket_new(client, result, self->count, bytes)->job;
    link_send(client, &msg);
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
}

//  Sends what was put together, or refuses it; gives the result and the lock back.
static ipc_result_t *draft_end(draft_t *self, result_shape_t shape)
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

//  --- Apply --------------------------------------------------------------------------------------------------

static int check_arguments(draft_t *self, ipc_value_t *converted)
{
    const ipc_remote_t *remote = self->call->remote;
    if (self->call->count != remote->count)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "%s takes %d argument%s, got %zu", remote->name,
                        remote->count, remote->count == 1 ? "" : "s", self->call->count);
    for (size_t i = 0; i < self->call->count; i++)
        if (ipc_convert(self->call->arguments[i], (ipc_type_t) remote->parameters[i], remote->name, (int) i + 1,
                        &converted[i], &self->error))
            return -1;
    return 0;
}

static int find_function(draft_t *self)
{
    if (self->call->remote)
        self->function = function_of_remote(self->client, self->call->remote, &self->error);
    else
        self->function = function_of_name(self->client, self->call->name);
    return self->function < 0 ? -1 : 0;
}

ipc_result_t *ipc_view_apply(ipc_view_t *view, const ipc_call_t *call)
{
    draft_t draft;
    ipc_value_t arguments[IPC_MAX_PARAMETERS];
    draft_begin(&draft, view, call, "apply");
    draft.is_call = true;
    target_engines(&draft);
    if (draft.error.code == 0 && call->count > IPC_MAX_PARAMETERS)
        ipc_fail(&draft.error, IPC_E_ARGUMENT, "a call of %zu arguments: there are at most %d", call->count,
                 IPC_MAX_PARAMETERS);
    if (draft.error.code == 0) {
        if (call->count > 0)
            memcpy(arguments, call->arguments, call->count * sizeof arguments[0]);
        int rc = call->remote ? check_arguments(&draft, arguments) : 0;
        rc = rc || find_function(&draft);
        for (size_t i = 0; !rc && i < call->count; i++) rc = add_argument(&draft, arguments[i]);
    }
    return draft_end(&draft, shape_of(&draft));
}

//  --- Map ----------------------------------------------------------------------------------------------------

//  Adds an item to the list; its place is where it begins.
static int add_item(draft_t *self, ipc_value_t item)
{
    uint32_t place = (uint32_t) self->data->size;
    if (self->data->size > IPC_MAX_FRAME / 2)
        return ipc_fail(&self->error, IPC_E_LIMIT, "items of more than %d bytes in one call", IPC_MAX_FRAME / 2);
    ipc_write_raw(self->places, &place, sizeof place);
    return ipc_value_pack(item, self->data, place_object, self, &self->error);
}

static void end_items(draft_t *self)
{
    uint32_t place = (uint32_t) self->data->size;
    ipc_write_raw(self->places, &place, sizeof place);
    self->items = IPC_ITEMS_LIST;
}

//  Row i of an array, as a value that borrows its memory; shape is room for its lengths.
static ipc_value_t row_of(ipc_value_t array, size_t i, ipc_array_t *row)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    if (ndim == 1)
        return ipc_value_at(array, i);
    *row = (ipc_array_t){.dtype = dtype, .ndim = (uint32_t) ndim - 1, .count = 1};
    for (int k = 1; k < ndim; k++) {
        row->shape[k - 1] = shape[k];
        row->count *= shape[k];
    }
    row->data = (char *) (uintptr_t) data + i * row->count * ipc_dtype_size(dtype);
    return ipc_value_from_array(row);
}

static int array_items(draft_t *self, ipc_value_t array)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    self->count = shape[0];
    if (ipc_value_count(array) * ipc_dtype_size(dtype) > IPC_INLINE_LIMIT && (dtype != IPC_BOOL || ndim > 1)) {
        self->items = IPC_ITEMS_ROWS; // shared memory: the engines read their rows from it
        return add_argument(self, array);
    }
    for (size_t i = 0; i < self->count; i++) {
        ipc_array_t row;
        if (add_item(self, row_of(array, i, &row)))
            return -1;
    }
    end_items(self);
    return 0;
}

static int map_items(draft_t *self, ipc_value_t items)
{
    switch (items.kind) {
    case IPC_KIND_RANGE:
        self->items = IPC_ITEMS_RANGE;
        self->base = items.as.range.first;
        self->count = ipc_value_count(items);
        return 0;
    case IPC_KIND_ARRAY: return array_items(self, items);
    case IPC_KIND_LIST:
        self->count = items.count;
        for (size_t i = 0; i < self->count; i++)
            if (add_item(self, items.as.items[i]))
                return -1;
        end_items(self);
        return 0;
    default:
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "the items argument of a map is a range, an array or a list");
    }
}

//  The kinds of items are held against the parameter before anything is sent.
static int check_items(draft_t *self, ipc_value_t items)
{
    const ipc_remote_t *remote = self->call->remote;
    ipc_value_t converted;
    if (remote->count != 1)
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "a map calls a function of one argument, %s takes %d arguments", remote->name,
                        remote->count);
    ipc_type_t type = (ipc_type_t) remote->parameters[0];
    if (items.kind == IPC_KIND_RANGE && ipc_value_count(items) > 0)
        return ipc_convert(ipc_value_at(items, 0), type, remote->name, 1, &converted, &self->error) ||
               ipc_convert(ipc_value_at(items, ipc_value_count(items) - 1), type, remote->name, 1, &converted,
                           &self->error);
    if (items.kind != IPC_KIND_LIST)
        return 0;
    for (size_t i = 0; i < items.count; i++)
        if (ipc_convert(items.as.items[i], type, remote->name, 1, &converted, &self->error))
            return -1;
    return 0;
}

ipc_result_t *ipc_view_map(ipc_view_t *view, const ipc_call_t *call, ipc_value_t items)
{
    draft_t draft;
    draft_begin(&draft, view, call, "map");
    int rc = draft.error.code || check_items(&draft, items) || find_function(&draft) || map_items(&draft, items);
    if (!rc && !draft.direct)
        for (size_t i = 0; i < draft.engine_count && !view->all; i++) add_target(&draft, draft.engines[i], 0, 0);
    for (size_t i = 0; !rc && draft.direct && i < draft.engine_count; i++) {
        size_t first = ipc_partition_first(draft.count, draft.engine_count, i);
        size_t end = ipc_partition_first(draft.count, draft.engine_count, i + 1);
        if (end > first)
            add_target(&draft, draft.engines[i], first, end - first);
    }
    return draft_end(&draft, RESULT_LIST);
}

//  --- The namespace ------------------------------------------------------------------------------------------

static int need_direct(draft_t *self, const char *name)
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

ipc_result_t *ipc_view_push(ipc_view_t *view, const ipc_call_t *call, const char *name, ipc_value_t value)
{
    draft_t draft;
    draft_begin(&draft, view, call, "push");
    if (!need_direct(&draft, name)) {
        target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_PUSH);
        if (!add_argument(&draft, ipc_value_from_str(name)))
            add_argument(&draft, value);
    }
    return draft_end(&draft, shape_of(&draft));
}

ipc_result_t *ipc_view_clear(ipc_view_t *view)
{
    draft_t draft;
    draft_begin(&draft, view, &(const ipc_call_t){0}, "clear");
    if (!need_direct(&draft, "all")) {
        target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_CLEAR);
    }
    return draft_end(&draft, shape_of(&draft));
}

static ipc_result_t *ask_for_name(ipc_view_t *view, const ipc_call_t *call, const char *name,
                                  ipc_function_kind_t kind, const char *method)
{
    draft_t draft;
    draft_begin(&draft, view, call, method);
    bool gather = kind == IPC_FUNCTION_PROBE;
    if (!need_direct(&draft, name)) {
        target_engines(&draft);
        draft.function = function_of_kind(draft.client, kind);
        add_argument(&draft, ipc_value_from_str(name));
    }
    if (draft.error.code == 0 && gather && draft.options.detach)
        ipc_fail(&draft.error, IPC_E_ARGUMENT, "a gather cannot be detached (argument detach): detach a pull");
    ipc_client_t *client = draft.client;
    ipc_call_t later = *call; // a gather learns its name before anybody waits for it
    later.wait = call->wait && !gather;
    draft.call = &later;
    ipc_result_t *result = draft_end(&draft, gather ? RESULT_GATHER : shape_of(&draft));
    if (!gather)
        return result;
    pthread_mutex_lock(&client->lock);
    if (!result->refused) {
        result_more(result)->name = ipc_xstrdup(name);
        result->phase = result->finished ? GATHER_OVER : GATHER_PROBE;
        result_settle(result);
    }
    pthread_mutex_unlock(&client->lock);
    if (call->wait)
        result_wait_all(result);
    return result;
}

ipc_result_t *ipc_view_pull(ipc_view_t *view, const ipc_call_t *call, const char *name)
{
    return ask_for_name(view, call, name, IPC_FUNCTION_PULL, "pull");
}

ipc_result_t *ipc_view_gather(ipc_view_t *view, const ipc_call_t *call, const char *name)
{
    return ask_for_name(view, call, name, IPC_FUNCTION_PROBE, "gather");
}

//  Rows [first, end) of an array: by reference where the whole is an object, else by value.
static int add_rows(draft_t *self, ipc_value_t array, const ipc_array_ref_t *whole, size_t first, size_t end)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    size_t row = ipc_dtype_size(dtype);
    for (int k = 1; k < ndim; k++) row *= shape[k];
    if (whole && end > first) {
        ipc_array_ref_t ref = *whole;
        uint32_t place = (uint32_t) self->data->size;
        ref.offset += first * row;
        ref.shape[0] = end - first;
        ipc_write_raw(self->places, &place, sizeof place);
        ipc_array_ref_write(&ref, self->data);
        return 0;
    }
    ipc_array_t part = {.dtype = dtype, .ndim = (uint32_t) ndim, .count = end - first,
                        .data = (char *) (uintptr_t) data + first * row};
    memcpy(part.shape, shape, (size_t) ndim * sizeof shape[0]);
    part.shape[0] = end - first;
    for (int k = 1; k < ndim; k++) part.count *= shape[k];
    return add_item(self, ipc_value_from_array(&part));
}

static int scatter_array(draft_t *self, ipc_value_t array)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    size_t count = 0;
    ipc_array_ref_t whole = {0};
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    if (ipc_shape_count(dtype, ndim, shape, &count, &self->error))
        return -1;
    size_t size = count * ipc_dtype_size(dtype);
    bool shared = size > IPC_INLINE_LIMIT;
    whole.dtype = dtype;
    whole.ndim = ndim;
    memcpy(whole.shape, shape, (size_t) ndim * sizeof shape[0]);
    if (shared && place_object(self, data, size, &whole, &self->error))
        return -1;
    for (size_t i = 0; i < self->engine_count; i++)
        if (add_rows(self, array, shared ? &whole : NULL, ipc_partition_first(shape[0], self->engine_count, i),
                     ipc_partition_first(shape[0], self->engine_count, i + 1)))
            return -1;
    return 0;
}

//  A list deals out lists; a range becomes int64 arrays, as a map would see its members.
static int scatter_members(draft_t *self, ipc_value_t items)
{
    size_t count = ipc_value_count(items);
    for (size_t i = 0; i < self->engine_count; i++) {
        size_t first = ipc_partition_first(count, self->engine_count, i);
        size_t part = ipc_partition_first(count, self->engine_count, i + 1) - first;
        if (add_item(self, ipc_value_from_list(items.as.items + first, part)))
            return -1;
    }
    return 0;
}

static int scatter_range(draft_t *self, ipc_value_t range)
{
    size_t count = ipc_value_count(range);
    ipc_array_t *array = ipc_array_new(IPC_I64, 1, &count, &self->error);
    if (!array)
        return -1;
    for (size_t i = 0; i < count; i++) ipc_array_i64(array)[i] = range.as.range.first + (int64_t) i;
    int rc = scatter_array(self, ipc_value_from_array(array));
    ipc_array_destroy(&array);
    return rc;
}

static int scatter_items(draft_t *self, ipc_value_t items)
{
    switch (items.kind) {
    case IPC_KIND_ARRAY: return scatter_array(self, items);
    case IPC_KIND_LIST: return scatter_members(self, items);
    case IPC_KIND_RANGE: return scatter_range(self, items);
    default:
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "the items argument of a scatter is an array, a list or a range");
    }
}

ipc_result_t *ipc_view_scatter(ipc_view_t *view, const ipc_call_t *call, const char *name, ipc_value_t items)
{
    draft_t draft;
    draft_begin(&draft, view, call, "scatter");
    if (!need_direct(&draft, name)) {
        target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_PART);
        if (!add_argument(&draft, ipc_value_from_str(name)) && draft.engine_count > 0 &&
            !scatter_items(&draft, items))
            end_items(&draft);
    }
    return draft_end(&draft, shape_of(&draft));
}

//  --- Require --------------------------------------------------------------------------------------------------

//  Puts a module's file where engines find it, and gives its hash.
static int upload(draft_t *self, const char *path, char hash[65])
{
    char images[IPC_PATH_MAX * 2];
    snprintf(images, sizeof images, "%s/images", self->client->connection.directory);
    ipc_image_t *image = ipc_image_new(path, self->client->sanitizers, &self->error);
    int rc = image ? ipc_image_store(image, images, &self->error) : -1;
    if (!rc)
        ipc_text_copy(hash, 65, ipc_image_hash(image));
    ipc_image_destroy(&image);
    return rc;
}

ipc_result_t *ipc_view_require(ipc_view_t *view, const ipc_call_t *call, const char *module)
{
    draft_t draft;
    char hash[65] = "";
    draft_begin(&draft, view, call, "require");
    if (!need_direct(&draft, module)) {
        bool is_path = strchr(module, '/') != NULL;
        target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_REQUIRE);
        if (is_path && access(module, R_OK))
            ipc_fail(&draft.error, IPC_E_MODULE, "there is no module file %s (argument module)", module);
        else if (!is_path || !upload(&draft, module, hash)) {
            const char *slash = strrchr(module, '/');
            if (!add_argument(&draft, ipc_value_from_str(slash ? slash + 1 : module)))
                add_argument(&draft, ipc_value_from_str(hash));
        }
    }
    return draft_end(&draft, shape_of(&draft));
}
