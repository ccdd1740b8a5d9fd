//  What views do: each operation becomes one submission.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/control.h"
#include "client/deal.h"
#include "client/given.h"
#include "client/views.h"
#include "client/zip.h"
#include "common/array_body.h"
#include "common/convert.h"
#include "common/fail.h"
#include "common/image.h"
#include "common/partition.h"

//  --- Apply --------------------------------------------------------------------------------------------------

static int check_arguments(draft_t *self, ipc_value_t *converted)
{
    const ipc_remote_t *remote = self->call->remote;
    if (self->call->count != remote->count)
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "%s takes %d argument%s, got %zu", remote->name,
                        remote->count, remote->count == 1 ? "" : "s", self->call->count);
    for (size_t i = 0; i < self->call->count; i++)
        if (ipc_convert(converted[i], (ipc_type_t) remote->parameters[i], remote->name, (int) i + 1,
                        &converted[i], &self->error))
            return -1;
    return 0;
}

static int find_function(draft_t *self)
{
    if (!self->call->remote && (!self->call->name || !self->call->name[0]))
        return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument name of apply_named is empty");
    if (self->call->remote)
        self->function = function_of_remote(self->client, self->call->remote, &self->error);
    else
        self->function = function_of_name(self->client, IPC_FUNCTION_NAMED, self->call->name);
    return self->function < 0 ? -1 : 0;
}

ipc_result_t *ipc_view_apply(ipc_view_t *view, const ipc_call_t *call)
{
    draft_t draft;
    ipc_value_t arguments[IPC_MAX_PARAMETERS];
    draft_begin(&draft, view, call, "apply");
    draft.is_call = true;
    draft_target_engines(&draft);
    if (draft.error.code == 0 && call->count > IPC_MAX_PARAMETERS)
        ipc_fail(&draft.error, IPC_E_ARGUMENT, "a call of %zu arguments: there are at most %d", call->count,
                 IPC_MAX_PARAMETERS);
    if (draft.error.code == 0) {
        if (call->count > 0)
            memcpy(arguments, call->arguments, call->count * sizeof arguments[0]);
        int rc = 0;
        for (size_t i = 0; !rc && i < call->count; i++) rc = given_resolve(&draft, &arguments[i]);
        rc = rc || (call->remote && check_arguments(&draft, arguments));
        rc = rc || find_function(&draft);
        for (size_t i = 0; !rc && i < call->count; i++) rc = draft_argument(&draft, arguments[i]);
    }
    return draft_end(&draft, draft_shape(&draft));
}

//  --- Map ----------------------------------------------------------------------------------------------------

static int array_items(draft_t *self, ipc_value_t array)
{
    ipc_dtype_t dtype;
    int ndim;
    const size_t *shape;
    const void *data;
    if (draft_check_array(self, array))
        return -1;
    ipc_value_elements(&array, &dtype, &ndim, &shape, &data);
    self->count = shape[0];
    if (ipc_value_count(array) * ipc_dtype_size(dtype) > IPC_INLINE_LIMIT && (dtype != IPC_BOOL || ndim > 1)) {
        self->items = IPC_ITEMS_ROWS; // shared memory: the engines read their rows from it
        return draft_argument(self, array);
    }
    for (size_t i = 0; i < self->count; i++) {
        ipc_array_t row;
        if (draft_item(self, deal_row(array, i, &row)))
            return -1;
    }
    draft_end_items(self);
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
    case IPC_KIND_ZIP: return zip_items(self, items);
    case IPC_KIND_LIST:
        self->count = items.count;
        for (size_t i = 0; i < self->count; i++)
            if (draft_item(self, items.as.items[i]))
                return -1;
        draft_end_items(self);
        return 0;
    default:
        return ipc_fail(&self->error, IPC_E_ARGUMENT,
                        "the items argument of a map is a range, an array, a list or a zip");
    }
}

//  The kinds of items are held against the parameter before anything is sent.
static int check_items(draft_t *self, ipc_value_t items)
{
    const ipc_remote_t *remote = self->call->remote;
    ipc_value_t converted;
    if (items.kind == IPC_KIND_ZIP)
        return 0; // each member is checked when it is written
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

//  How many there are: a call that is refused has as many positions, too.
static int count_items(draft_t *self, ipc_value_t items)
{
    size_t count = ipc_value_count(items);
    if (items.kind == IPC_KIND_ARRAY) {
        ipc_dtype_t dtype;
        int ndim;
        const size_t *shape;
        const void *data;
        ipc_value_elements(&items, &dtype, &ndim, &shape, &data);
        count = shape[0];
    }
    if (count > IPC_MAX_POSITIONS)
        return ipc_fail(&self->error, IPC_E_LIMIT, "a map of %zu items: %d are the most; ipc_imap() takes any number",
                        count, IPC_MAX_POSITIONS);
    bool is_sequence = items.kind == IPC_KIND_RANGE || items.kind == IPC_KIND_ARRAY || items.kind == IPC_KIND_LIST ||
                       items.kind == IPC_KIND_ZIP;
    self->count = is_sequence ? count : 0;
    return 0;
}

ipc_result_t *ipc_view_map(ipc_view_t *view, const ipc_call_t *call, ipc_value_t items)
{
    draft_t draft;
    draft_begin(&draft, view, call, "map");
    int rc = count_items(&draft, items) || draft.error.code || check_items(&draft, items) || find_function(&draft) ||
             map_items(&draft, items);
    if (!rc && !draft.direct)
        for (size_t i = 0; i < draft.engine_count && !view->all; i++) draft_target(&draft, draft.engines[i], 0, 0);
    for (size_t i = 0; !rc && draft.direct && i < draft.engine_count; i++) {
        size_t first = ipc_partition_first(draft.count, draft.engine_count, i);
        size_t end = ipc_partition_first(draft.count, draft.engine_count, i + 1);
        if (end > first)
            draft_target(&draft, draft.engines[i], first, end - first);
    }
    return draft_end(&draft, RESULT_LIST);
}

//  --- The namespace ------------------------------------------------------------------------------------------

ipc_result_t *ipc_view_push(ipc_view_t *view, const ipc_call_t *call, const char *name, ipc_value_t value)
{
    draft_t draft;
    draft_begin(&draft, view, call, "push");
    if (!draft_need_direct(&draft, name)) {
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_PUSH);
        if (!draft_argument(&draft, ipc_value_from_str(name)) && !given_resolve(&draft, &value))
            draft_argument(&draft, value);
    }
    return draft_end(&draft, draft_shape(&draft));
}

static int check_name(draft_t *self, ipc_value_t name, const char *argument)
{
    if (name.kind == IPC_KIND_STR && name.count > 0)
        return 0;
    return ipc_fail(&self->error, IPC_E_ARGUMENT, "the argument %s of a %s has a name that is %s", argument,
                    self->method, name.kind == IPC_KIND_STR ? "empty" : "no string");
}

ipc_result_t *ipc_view_push_dict(ipc_view_t *view, const ipc_call_t *call, ipc_value_t dict)
{
    draft_t draft;
    draft_begin(&draft, view, call, "push");
    if (!draft_need_direct(&draft, "all of them")) {
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_PUSH);
        int rc = dict.kind == IPC_KIND_DICT
                     ? 0
                     : ipc_fail(&draft.error, IPC_E_ARGUMENT, "the argument dict of a push is no dictionary");
        for (size_t i = 0; !rc && i < dict.count; i++) rc = check_name(&draft, dict.as.items[2 * i], "dict");
        if (!rc)
            draft_argument(&draft, dict);
    }
    return draft_end(&draft, draft_shape(&draft));
}

ipc_result_t *ipc_view_clear(ipc_view_t *view)
{
    draft_t draft;
    draft_begin(&draft, view, &(const ipc_call_t){0}, "clear");
    if (!draft_need_direct(&draft, "all")) {
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_CLEAR);
        for (ipc_view_t *one = draft.client->views; one; one = one->next) prepare_forget(one->prepare);
    }
    return draft_end(&draft, draft_shape(&draft));
}

ipc_result_t *ipc_view_names(ipc_view_t *view, const ipc_call_t *call)
{
    draft_t draft;
    draft_begin(&draft, view, call, "names");
    if (!draft_need_direct(&draft, "all")) {
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_NAMES);
    }
    return draft_end(&draft, draft_shape(&draft));
}

static ipc_result_t *ask_for_name(ipc_view_t *view, const ipc_call_t *call, const char *name,
                                  ipc_function_kind_t kind, const char *method)
{
    draft_t draft;
    draft_begin(&draft, view, call, method);
    bool gather = kind == IPC_FUNCTION_PROBE;
    if (!draft_need_direct(&draft, name)) {
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, kind);
        draft_argument(&draft, ipc_value_from_str(name));
    }
    if (draft.error.code == 0 && gather && draft.options.detach)
        ipc_fail(&draft.error, IPC_E_ARGUMENT, "a gather cannot be detached (argument detach): detach a pull");
    ipc_client_t *client = draft.client;
    ipc_call_t later = *call; // a gather learns its name before anybody waits for it
    later.wait = call->wait && !gather;
    draft.call = &later;
    ipc_result_t *result = draft_end(&draft, gather ? RESULT_GATHER : draft_shape(&draft));
    if (!gather)
        return result;
    pthread_mutex_lock(&client->lock);
    if (!result->refused) {
        result_more(result)->name = ipc_xstrdup(name);
        result->more->dealt = draft.options.round_robin;
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

ipc_result_t *ipc_view_pull_list(ipc_view_t *view, const ipc_call_t *call, ipc_value_t names)
{
    draft_t draft;
    draft_begin(&draft, view, call, "pull");
    if (!draft_need_direct(&draft, "all of them")) {
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_PULL);
        int rc = names.kind == IPC_KIND_LIST
                     ? 0
                     : ipc_fail(&draft.error, IPC_E_ARGUMENT, "the argument names of a pull is no list");
        for (size_t i = 0; !rc && i < names.count; i++) rc = check_name(&draft, names.as.items[i], "names");
        if (!rc)
            draft_argument(&draft, names);
    }
    return draft_end(&draft, draft_shape(&draft));
}

ipc_result_t *ipc_view_gather(ipc_view_t *view, const ipc_call_t *call, const char *name)
{
    return ask_for_name(view, call, name, IPC_FUNCTION_PROBE, "gather");
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
    if (!draft_need_direct(&draft, module)) {
        bool is_path = strchr(module, '/') != NULL;
        draft_target_engines(&draft);
        draft.function = function_of_kind(draft.client, IPC_FUNCTION_REQUIRE);
        if (is_path && access(module, R_OK))
            ipc_fail(&draft.error, IPC_E_MODULE, "there is no module file %s (argument module)", module);
        else if (!is_path || !upload(&draft, module, hash)) {
            const char *slash = strrchr(module, '/');
            if (!draft_argument(&draft, ipc_value_from_str(slash ? slash + 1 : module)))
                draft_argument(&draft, ipc_value_from_str(hash));
        }
    }
    return draft_end(&draft, draft_shape(&draft));
}
