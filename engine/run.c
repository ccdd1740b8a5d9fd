//  Running one item of a span: its arguments, the call or operation, its value.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/convert.h"
#include "common/copy.h"
#include "common/fail.h"
#include "common/join.h"
#include "common/members.h"
#include "engine/crash.h"
#include "engine/listing.h"
#include "engine/state.h"

enum { ALIGNMENT = 64 };

int run_fail(worker_t *self, const ipc_error_t *error)
{
    outcome_t *outcome = &self->outcome;
    outcome->failed = true;
    outcome->code = error->code;
    ipc_text_copy(outcome->kind, sizeof outcome->kind, error->kind);
    ipc_text_copy(outcome->text, sizeof outcome->text, error->text);
    return -1;
}

//  --- Arrays in shared memory ----------------------------------------------------------------------------

//  An open array of an object: lets the object go when it is freed.
typedef struct open_array {
    worker_t *worker;
    ipc_object_t object;
    ipc_array_t *mapped;
} open_array_t;

static void release_open(ipc_array_t *array)
{
    open_array_t *open = array->owner;
    ipc_object_t object = open->object;
    worker_t *self = open->worker;
    ipc_array_destroy(&open->mapped);
    pthread_mutex_lock(&self->lock);
    release_objects(self, &(ipc_objects_t){(const char *) &object, 1});
    pthread_mutex_unlock(&self->lock);
    free(open);
}

//  An ipc_open_fn: the array is private, its data begin at a multiple of 64 bytes.
static ipc_array_t *open_private(void *context, const ipc_array_ref_t *ref, ipc_error_t *error)
{
    worker_t *self = context;
    ipc_array_t *mapped = ipc_store_open(self->store, ref, false, error);
    if (!mapped)
        return NULL;
    if ((uintptr_t) mapped->data % ALIGNMENT) {
        ipc_array_t *copy = ipc_array_new(ref->dtype, ref->ndim, ref->shape, error);
        if (copy)
            memcpy(copy->data, mapped->data, ipc_array_size(mapped));
        ipc_array_destroy(&mapped);
        return copy;
    }
    open_array_t *open = ipc_xalloc(sizeof *open);
    *open = (open_array_t){self, ref->object, mapped};
    pthread_mutex_lock(&self->lock);
    holds_use(self->holds, ref->object);
    pthread_mutex_unlock(&self->lock);
    return ipc_array_wrap(ref->dtype, ref->ndim, ref->shape, mapped->data, release_open, open);
}

//  An ipc_place_fn for results: into a segment of this worker's, which the message names.
static int place_result(void *context, const void *data, size_t size, ipc_array_ref_t *ref,
                        ipc_error_t *error)
{
    worker_t *self = context;
    if (self->outcome.objects.size / sizeof ref->object >= IPC_MAX_OBJECTS)
        return ipc_fail(error, IPC_E_LIMIT, "a result holds more than %d large arrays", IPC_MAX_OBJECTS);
    if (ipc_store_place(self->store, data, size, ref, error))
        return -1;
    ipc_write_raw(&self->outcome.objects, &ref->object, sizeof ref->object);
    return 0;
}

int run_unpack(worker_t *self, ipc_reader_t *reader, ipc_arena_t *arena, ipc_value_t *value)
{
    ipc_error_t error; // filled by who fails: to clear it takes longer than to read a number
    if (ipc_value_unpack(value, reader, arena, open_private, self, &error))
        return run_fail(self, &error);
    return 0;
}

//  --- Arguments --------------------------------------------------------------------------------------------

//  What a name stands for, lent.
static int look_up(worker_t *self, const char *name, ipc_value_t *value)
{
    ipc_error_t error; // filled by who fails
    const ipc_value_t *found = names_get(self->names, name);
    if (found) {
        *value = *found;
    } else if (members_get(self->names, name, self->arena, self->where, value, &error)) {
        execute_say_lost(self, &error);
        return run_fail(self, &error);
    }
    return 0;
}

//  The value of this number, of those that the span was given.
static int read_supplied(worker_t *self, uint64_t number, ipc_arena_t *arena, ipc_value_t *value)
{
    supplied_t *supplied = &self->supplied;
    ipc_error_t error = {0};
    if (number < supplied->next) {
        supplied->reader = ipc_reader(supplied->values->data, supplied->values->size);
        supplied->next = 0;
    }
    for (; supplied->next < number && !supplied->reader.bad; supplied->next++) ipc_value_skip(&supplied->reader);
    if (ipc_read_type(&supplied->reader) == IPC_WIRE_END || supplied->reader.bad) {
        ipc_fail(&error, IPC_E_PROTOCOL, "the value of another task, an argument, did not come along");
        return run_fail(self, &error);
    }
    supplied->next++;
    return run_unpack(self, &supplied->reader, arena, value);
}

static ipc_value_t member(const void *context, size_t i)
{
    return ((const ipc_value_t *) context)[i];
}

//  Puts a value of another task where its hole is; all those of one result as an array if they join, else as a list.
static int fill_hole(worker_t *self, ipc_value_t *value, ipc_arena_t *arena)
{
    size_t count = value->count, odd = 0;
    uint64_t number = value->as.u64;
    if (count == 0)
        return read_supplied(self, number, arena, value);
    ipc_value_t *items = ipc_arena_take(arena, count * sizeof items[0]);
    for (size_t i = 0; i < count; i++)
        if (read_supplied(self, number + i, arena, &items[i]))
            return -1;
    ipc_array_t *joined = ipc_join(member, items, count, &odd);
    if (joined)
        ipc_arena_hold(arena, joined);
    *value = joined ? ipc_value_from_array(joined) : ipc_value_from_list(items, count);
    return 0;
}

//  Replaces references by what their names stand for, and holes by the values of other tasks, in lists and dictionaries
//  too.
//      owner   of copies of it; NULL: it is lent by the namespace, or lasts as long as the task
static int resolve(worker_t *self, ipc_value_t *value, ipc_arena_t *owner)
{
    if (value->kind == IPC_KIND_RESULT)
        return fill_hole(self, value, owner ? owner : self->arena);
    if (value->kind == IPC_KIND_REF) {
        if (look_up(self, value->as.string, value))
            return -1;
        if (owner)
            *value = ipc_value_copy(*value, owner);
        return 0;
    }
    if (value->kind != IPC_KIND_LIST && value->kind != IPC_KIND_DICT)
        return 0;
    size_t count = (size_t) value->count * (value->kind == IPC_KIND_DICT ? 2 : 1);
    ipc_value_t *items = (ipc_value_t *) value->as.items; // our own, just unpacked
    for (size_t i = 0; i < count; i++)
        if (resolve(self, &items[i], owner))
            return -1;
    return 0;
}

//  Maps the rows that this span is about, once: they stay until it is done.
static int open_rows(worker_t *self, work_t *work, ipc_reader_t *reader, ipc_error_t *error)
{
    ipc_array_ref_t ref;
    if (work->rows)
        return 0;
    uint64_t count = atomic_load(&work->range) >> 32;
    if (!ipc_array_ref_read(&ref, reader) || work->first > ref.shape[0] || count > ref.shape[0] - work->first)
        return ipc_fail(error, IPC_E_PROTOCOL, "rows that are not in their array");
    size_t row = ipc_dtype_size(ref.dtype);
    for (int k = 1; k < ref.ndim; k++) row *= ref.shape[k];
    ref.offset += work->first * row;
    ref.shape[0] = count;
    work->rows = ipc_store_open(self->store, &ref, false, error);
    return work->rows ? 0 : -1;
}

//  A row of the array that the arguments end with: an element of a 1-D one, else an array, whose data begin at a
//  multiple of 64 bytes.
static int row_item(worker_t *self, work_t *work, ipc_reader_t *reader, uint64_t position, ipc_value_t *item)
{
    ipc_error_t error;
    if (open_rows(self, work, reader, &error))
        return run_fail(self, &error);
    const ipc_array_t *rows = work->rows;
    size_t i = position - work->first;
    if (rows->ndim == 1) {
        *item = ipc_value_at(ipc_value_from_array(rows), i);
        return 0;
    }
    size_t row = ipc_dtype_size((ipc_dtype_t) rows->dtype);
    for (uint32_t k = 1; k < rows->ndim; k++) row *= rows->shape[k];
    char *data = (char *) rows->data + i * row;
    if ((uintptr_t) data % ALIGNMENT)
        data = memcpy(ipc_arena_alloc(self->arena, row), data, row);
    ipc_array_t *array = ipc_array_wrap((ipc_dtype_t) rows->dtype, (int) rows->ndim - 1, rows->shape + 1, data, NULL,
                                        NULL);
    ipc_arena_hold(self->arena, array);
    *item = ipc_value_from_array(array);
    return 0;
}

static int read_value(worker_t *self, ipc_reader_t *reader, ipc_value_t *value)
{
    return run_unpack(self, reader, self->arena, value) || resolve(self, value, NULL) ? -1 : 0;
}

//  A call's own arguments; more than there is room for are as many as no function takes.
static int read_call(worker_t *self, ipc_reader_t *reader, ipc_value_t *arguments, int room)
{
    size_t count = ipc_read_list(reader);
    for (size_t i = 0; i < count && i < (size_t) room; i++)
        if (read_value(self, reader, &arguments[i]))
            return -1;
    return count < (size_t) room ? (int) count : room;
}

//  Reads the arguments of a position: gives their number, -1 when one cannot be had.
static int read_arguments(worker_t *self, work_t *work, uint64_t position, ipc_value_t *arguments, int room)
{
    ipc_reader_t reader = ipc_reader(work->arguments.data, work->arguments.size);
    int count = 0;
    while (ipc_read_type(&reader) != IPC_WIRE_END && count < room) {
        if (work->items == IPC_ITEMS_ROWS)
            break;
        if (read_value(self, &reader, &arguments[count]))
            return -1;
        count++;
    }
    switch (work->items) {
    case IPC_ITEMS_RANGE: arguments[count++] = ipc_value_from_i64(work->base + (int64_t) position); break;
    case IPC_ITEMS_LIST:
        if (read_value(self, &work->list, &arguments[count]))
            return -1;
        count++;
        break;
    case IPC_ITEMS_CALLS:
    case IPC_ITEMS_TUPLES: return read_call(self, &work->list, arguments, room + 1);
    case IPC_ITEMS_ROWS:
        if (row_item(self, work, &reader, position, &arguments[count]))
            return -1;
        count++;
        break;
    default: break;
    }
    return count;
}

int run_read(worker_t *self, ipc_reader_t *reader, ipc_value_t *value, bool *is_own)
{
    if (run_unpack(self, reader, self->arena, value))
        return -1;
    *is_own = value->kind == IPC_KIND_REF;
    return resolve(self, value, NULL) ? -1 : 0;
}

//  --- Calls ------------------------------------------------------------------------------------------------

//  Where the engine's own code ends and the user's begins: traces stop here.
__attribute__((noinline)) void ipc_task_enter(const ipc_remote_t *remote, const ipc_value_t *arguments,
                                              ipc_value_t *value)
{
    remote->call(arguments, value);
    __asm__ volatile("" ::: "memory"); // no tail call: the frame stays
}

int run_enter(worker_t *self, const ipc_remote_t *remote, const ipc_value_t *arguments, ipc_value_t *value)
{
    if (self->last_remote != remote) {
        crash_reinstall();
        interrupt_reinstall();
        self->last_remote = remote;
        self->exact = true; // loading it was no part of the task
    }
    if (self->exact)
        self->outcome.started = clock_ns();
    if (_setjmp(self->raised) == 0) {
        self->in_task = true;
        ipc_task_enter(remote, arguments, value);
    }
    self->in_task = false;
    if (self->outcome.failed)
        cells_restore(self->cells);
    return self->outcome.failed ? -1 : 0;
}

static const ipc_remote_t *remote_of(worker_t *self, engine_function_t *function)
{
    ipc_error_t error = {0};
    if (!function->remote && function->kind == IPC_FUNCTION_IMAGE)
        function->remote =
            loader_image_function(self->loader, function->key, function->name, function->libraries, &error);
    if (function->remote)
        return function->remote;
    // A module may have been loaded again since, a cell may have defined it anew: it is looked up each time.
    const ipc_remote_t *named = NULL;
    if (function->kind == IPC_FUNCTION_NAMED)
        named = strchr(function->key, '.') ? loader_named_function(self->loader, function->key, &error)
                                           : cells_function(self->cells, function->key, &error);
    if (!named) {
        execute_say_lost(self, &error);
        run_fail(self, &error);
    }
    return named;
}

//  A module's function of keywords may be called without any.
static int complete(const work_t *work, const ipc_remote_t *remote, ipc_value_t *arguments, int count)
{
    const bool of_module = work->function->kind == IPC_FUNCTION_NAMED && strchr(work->function->key, '.');
    if (!of_module || count > 0 || remote->count != 1 || remote->parameters[0] != IPC_TYPE_VALUE)
        return count;
    arguments[0] = ipc_none();
    return 1;
}

static int call(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    ipc_value_t arguments[IPC_MAX_PARAMETERS + 1];
    ipc_error_t error; // filled by who fails
    const ipc_remote_t *remote = remote_of(self, work->function);
    int count = remote ? read_arguments(self, work, position, arguments, IPC_MAX_PARAMETERS) : -1;
    if (count < 0)
        return -1;
    count = complete(work, remote, arguments, count);
    if (count != remote->count) {
        ipc_fail(&error, IPC_E_ARGUMENT, "%s takes %d argument%s, got %d", remote->name, remote->count,
                 remote->count == 1 ? "" : "s", count);
        return run_fail(self, &error);
    }
    for (int i = 0; i < count; i++)
        if (ipc_convert(arguments[i], (ipc_type_t) remote->parameters[i], remote->name, i + 1, &arguments[i],
                        &error))
            return run_fail(self, &error);
    return run_enter(self, remote, arguments, value);
}

//  --- Operations on the namespace -------------------------------------------------------------------------

static const char *read_name(worker_t *self, ipc_reader_t *reader)
{
    ipc_value_t name;
    ipc_error_t error = {0};
    if (run_unpack(self, reader, self->arena, &name))
        return NULL;
    if (name.kind != IPC_KIND_STR) {
        ipc_fail(&error, IPC_E_PROTOCOL, "a name that is no string");
        run_fail(self, &error);
        return NULL;
    }
    return name.as.string;
}

//  A name, and a value that is to be bound to it.
typedef struct binding {
    const char *name;
    ipc_value_t value;
    ipc_arena_t *arena;                // of its memory; NULL once it is bound
} binding_t;

//  Reads a value, of which the name will own all.
static int read_binding(worker_t *self, const char *name, ipc_reader_t *reader, binding_t *binding)
{
    ipc_error_t error; // filled by who fails
    *binding = (binding_t){.name = name, .arena = ipc_arena_new()};
    if (run_unpack(self, reader, binding->arena, &binding->value) ||
        resolve(self, &binding->value, binding->arena))
        return -1;
    if (members_check(self->names, name, self->where, &error))
        return run_fail(self, &error);
    return 0;
}

//  Binds all, each to its name.
static int bind_all(worker_t *self, binding_t *bindings, size_t count)
{
    ipc_error_t error; // filled by who fails
    for (size_t i = 0; i < count; i++) {
        binding_t *binding = &bindings[i];
        if (members_put(self->names, binding->name, binding->value, &binding->arena, self->where, &error))
            return run_fail(self, &error);
    }
    return 0;
}

//  A name and its value, or a dictionary of both: all are read, and found fit, before the first is bound.
static int push(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) position;
    (void) value;
    ipc_reader_t reader = ipc_reader(work->arguments.data, work->arguments.size);
    size_t count = ipc_read_type(&reader) == IPC_WIRE_MAP ? ipc_read_map(&reader) : 1, read = 0;
    binding_t *bindings = ipc_arena_take(self->arena, (count + 1) * sizeof bindings[0]);
    int rc = 0;
    while (!rc && read < count) {
        const char *name = read_name(self, &reader);
        rc = name ? read_binding(self, name, &reader, &bindings[read++]) : -1;
    }
    rc = rc || bind_all(self, bindings, count) ? -1 : 0;
    for (size_t i = 0; i < read; i++) ipc_arena_destroy(&bindings[i].arena);
    return rc;
}

static int part(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) position;
    (void) value;
    ipc_reader_t reader = ipc_reader(work->arguments.data, work->arguments.size);
    const char *name = read_name(self, &reader);
    binding_t binding;
    if (!name)
        return -1;
    int rc = read_binding(self, name, &work->list, &binding) || bind_all(self, &binding, 1) ? -1 : 0;
    ipc_arena_destroy(&binding.arena);
    return rc;
}

//  The value of the name that comes next.
static int read_named(worker_t *self, ipc_reader_t *reader, ipc_value_t *value)
{
    const char *name = read_name(self, reader);
    return name ? look_up(self, name, value) : -1;
}

//  Of a name its value, of a list of names the list of theirs.
static int pull(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) position;
    ipc_reader_t reader = ipc_reader(work->arguments.data, work->arguments.size);
    if (ipc_read_type(&reader) != IPC_WIRE_LIST)
        return read_named(self, &reader, value);
    size_t count = ipc_read_list(&reader);
    ipc_value_t *values = ipc_arena_take(self->arena, (count + 1) * sizeof values[0]);
    for (size_t i = 0; i < count; i++)
        if (read_named(self, &reader, &values[i]))
            return -1;
    *value = ipc_value_from_list(values, count);
    return 0;
}

//  The first half of a gather: [0, value], or of a large array [1, dtype, shape].
static int probe(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    if (pull(self, work, position, value))
        return -1;
    const ipc_array_t *array = ipc_value_array(*value);
    bool large = array && ipc_array_size(array) > IPC_INLINE_LIMIT;
    ipc_value_t shape = large ? ipc_view1(IPC_U64, array->shape, array->ndim) : *value;
    ipc_value_t list[] = {ipc_value_from_i64(large), large ? ipc_value_from_i64(array->dtype) : shape, shape};
    *value = ipc_value_copy(ipc_value_from_list(list, large ? 3 : 2), self->arena);
    return 0;
}

//  The second half: writes the rows of the name's array into the array of all, from the row on that stands
//  in the list at this position.
static int write_rows(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) value;
    ipc_reader_t reader = ipc_reader(work->arguments.data, work->arguments.size);
    ipc_value_t found, rows;
    ipc_array_ref_t ref;
    ipc_error_t error = {0};
    if (read_named(self, &reader, &found))
        return -1;
    const ipc_array_t *from = ipc_value_array(found);
    if (!from || !ipc_array_ref_read(&ref, &reader) || run_unpack(self, &reader, self->arena, &rows) ||
        ref.dtype != (ipc_dtype_t) from->dtype || ref.ndim != (int) from->ndim ||
        memcmp(ref.shape + 1, from->shape + 1, (from->ndim - 1) * sizeof from->shape[0]) != 0) {
        ipc_fail(&error, IPC_E_REMOTE, "the array changed while it was gathered");
        return run_fail(self, &error);
    }
    uint64_t first = ipc_value_u64(ipc_value_at(rows, position));
    if (first > ref.shape[0] || from->shape[0] > ref.shape[0] - first) {
        ipc_fail(&error, IPC_E_REMOTE, "the array changed while it was gathered");
        return run_fail(self, &error);
    }
    size_t row = from->shape[0] ? ipc_array_size(from) / from->shape[0] : 0;
    void *to = targets_map(&self->targets, self->store, ref.object, ref.offset + first * row, ipc_array_size(from),
                           &error);
    if (!to)
        return run_fail(self, &error);
    ipc_copy(to, from->data, ipc_array_size(from), ref.shape[0] * row);
    targets_trim(&self->targets);
    return 0;
}

static int require(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) position;
    (void) value;
    ipc_reader_t reader = ipc_reader(work->arguments.data, work->arguments.size);
    ipc_error_t error = {0};
    const char *name = read_name(self, &reader);
    const char *hash = name ? read_name(self, &reader) : NULL;
    if (!hash)
        return -1;
    self->last_remote = NULL; // dlopen() may replace handlers
    return loader_require(self->loader, name, hash[0] ? hash : NULL, &error) ? run_fail(self, &error) : 0;
}

static int clear(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) work;
    (void) position;
    (void) value;
    names_clear(self->names);
    cells_clear(self->cells);
    cuda_cells_clear(self->cuda);
    restore_clear(self->restore);
    self->is_lost = false;
    return 0;
}

static int list_names(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) work;
    (void) position;
    *value = listing_of(self->names, self->cells, self->arena);
    return 0;
}

typedef int operation_fn(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value);

static operation_fn *const operations[IPC_FUNCTION_KINDS] = {
    [IPC_FUNCTION_IMAGE] = call,  [IPC_FUNCTION_NAMED] = call, [IPC_FUNCTION_PUSH] = push,
    [IPC_FUNCTION_PULL] = pull,   [IPC_FUNCTION_PART] = part,  [IPC_FUNCTION_PROBE] = probe,
    [IPC_FUNCTION_WRITE] = write_rows, [IPC_FUNCTION_REQUIRE] = require,
    [IPC_FUNCTION_CLEAR] = clear, [IPC_FUNCTION_EXECUTE] = execute_cell,
    [IPC_FUNCTION_NAMES] = list_names,
    [IPC_FUNCTION_LAUNCH] = run_cuda_launch,
};

//  Packs the value; what cannot be sent is an error of the task's, and takes no shared memory.
static void pack_result(worker_t *self, ipc_value_t value)
{
    enum { RESULT_MAX = IPC_MAX_FRAME / 4 };
    outcome_t *outcome = &self->outcome;
    ipc_error_t error; // filled by who fails
    int rc = ipc_value_pack(value, &outcome->value, place_result, self, &error);
    if (!rc && outcome->value.size > RESULT_MAX)
        rc = ipc_fail(&error, IPC_E_LIMIT, "a result of more than %d bytes: give large data as arrays",
                      RESULT_MAX);
    if (!rc)
        return;
    run_fail(self, &error);
    ipc_objects_t objects = {outcome->objects.data, outcome->objects.size / sizeof(ipc_object_t)};
    for (size_t i = 0; i < objects.count; i++) ipc_store_freed(self->store, ipc_object_at(&objects, i));
    outcome->objects.size = 0;
}

void run_item(worker_t *self, work_t *work, uint64_t position)
{
    outcome_t *outcome = &self->outcome;
    ipc_value_t value = ipc_none();
    outcome->failed = false;
    outcome->trace[0] = 0;
    outcome->value.size = outcome->objects.size = 0;
    ipc_reader_t item = work->list;
    if (work->supplied.size > 0)
        self->supplied = (supplied_t){&work->supplied, ipc_reader(work->supplied.data, work->supplied.size), 0};
    if (operations[work->function->kind](self, work, position, &value) == 0) {
        pack_result(self, value);
    } else if (ipc_items_are_packed(work->items)) {
        work->list = item; // it may not have been read to its end
        ipc_value_skip(&work->list);
    }
    if (outcome->failed)
        gpu_look(self);
    output_flush_stdio();
    outcome->finished = clock_ns();
    if (self->supplied.values)
        self->supplied = (supplied_t){0}; // what has holes, but is given nothing, finds nothing
    self->exact = 2 * (outcome->finished - outcome->started) > self->silent_ns;
    if (self->exact)
        output_restore(&self->output, outcome->finished);
    ipc_arena_reset(self->arena);
}
