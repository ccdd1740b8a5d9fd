//  What remote functions may call, as an engine does it.
#include <dlfcn.h>
#include <execinfo.h>
#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/fail.h"
#include "common/members.h"
#include "engine/state.h"

//  The table's functions take no context, since users call them: the process's one worker is known here.
static worker_t *the_worker;

static worker_t *in_task(const char *what)
{
    if (pthread_equal(pthread_self(), the_worker->task_thread) && the_worker->in_task)
        return the_worker;
    fprintf(stderr, "%s was called outside of a task, or on another thread than the task's own\n", what);
    abort();
}

static int64_t engine_id(void)
{
    return the_worker->options.engine;
}

//  Where a cell raised: the calls in between, up to the engine's own.
static void note_frames(worker_t *self)
{
    enum { FRAMES = 24, LINE = 1024 };
    void *frames[FRAMES];
    char *trace = self->outcome.trace;
    size_t size = 0, room = sizeof self->outcome.trace;
    bool left = false, begun = false;  // behind what stands before us, behind us
    Dl_info own, info;
    int count = dladdr((void *) (uintptr_t) note_frames, &own) ? backtrace(frames, FRAMES) : 0;
    for (int i = 0; i < count; i++) {
        const char *address = (const char *) frames[i] - 1; // in the call
        char line[LINE];
        bool known = dladdr(address, &info), is_own = known && info.dli_fbase == own.dli_fbase;
        left = left || is_own; // a sanitizer's backtrace() comes first
        if (begun && is_own)
            break;
        if (!left || !known || is_own)
            continue;
        begun = true;
        int length = snprintf(line, sizeof line, "%s\t%zx\t%.200s\n", info.dli_fname,
                              (size_t) (address - (const char *) info.dli_fbase),
                              info.dli_sname ? info.dli_sname : "-");
        if (length >= LINE || size + (size_t) length >= room)
            break;
        memcpy(trace + size, line, (size_t) length + 1);
        size += (size_t) length;
    }
    unit_names_annotate(self->connection.shm, self->options.engine, trace, room);
}

__attribute__((noreturn)) static void engine_raise(const char *kind, const char *format, va_list arguments)
{
    worker_t *self = in_task("ipc_raise()");
    cells_keep(self->cells);
    outcome_t *outcome = &self->outcome;
    char text[2 * sizeof outcome->text];
    vsnprintf(text, sizeof text, format, arguments);
    ipc_text_copy(outcome->kind, sizeof outcome->kind, kind);
    ipc_text_copy(outcome->text, sizeof outcome->text, text);
    outcome->failed = true;
    outcome->code = IPC_E_REMOTE;
    if (self->current && work_is_of_cells(self->current))
        note_frames(self);
    _longjmp(self->raised, 1);
}

__attribute__((noreturn, format(printf, 2, 3))) static void raise_here(const char *kind,
                                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    engine_raise(kind, format, arguments);
}

static ipc_value_t engine_ns_get(const char *name)
{
    const worker_t *self = in_task("ipc_ns_get()");
    const ipc_value_t *found = names_get(self->names, name);
    ipc_value_t member;
    ipc_error_t error;
    if (found)
        return *found;
    if (members_get(self->names, name, self->arena, self->where, &member, &error))
        raise_here(error.kind, "%s", error.text);
    return member;
}

static void engine_ns_set(const char *name, ipc_value_t value)
{
    const worker_t *self = in_task("ipc_ns_set()");
    ipc_error_t error;
    if (members_set(self->names, name, value, self->where, &error))
        raise_here(error.kind, "%s", error.text);
}

static void engine_ns_keep(const char *name, ipc_array_t *array)
{
    const worker_t *self = in_task("ipc_ns_keep()");
    ipc_error_t error;
    if (members_keep(self->names, name, array, self->where, &error))
        raise_here(error.kind, "%s", error.text);
}

static bool engine_ns_has(const char *name)
{
    const worker_t *self = in_task("ipc_ns_has()");
    ipc_value_t member;
    return names_get(self->names, name) || members_get(self->names, name, self->arena, "", &member, NULL) == 0;
}

static ipc_value_t engine_give(ipc_value_t value)
{
    return ipc_value_copy(value, in_task("ipc_give()")->arena);
}

static void *engine_task_alloc(size_t size)
{
    return ipc_arena_alloc(in_task("ipc_task_alloc()")->arena, size);
}

static void engine_own_array(ipc_array_t *array)
{
    if (!the_worker->in_task)
        return;
    array->in_task = 1;
    ipc_arena_hold(the_worker->arena, array);
}

static void engine_publish(const char *name, ipc_value_t value)
{
    ipc_error_t error;
    if (published_put(in_task("ipc_publish()"), name, value, &error))
        raise_here(error.kind, "%s", error.text);
}

static void engine_device_failed(const char *why)
{
    gpu_fail(in_task("ipc_device_failed()"), why ? why : "");
}

const ipc_runtime_t *engine_runtime(worker_t *self)
{
    static const ipc_runtime_t runtime = {
        .abi = IPC_ABI,
        .size = sizeof runtime,
        .engine_id = engine_id,
        .ns_get = engine_ns_get,
        .ns_set = engine_ns_set,
        .ns_has = engine_ns_has,
        .raise = engine_raise,
        .give = engine_give,
        .task_alloc = engine_task_alloc,
        .own_array = engine_own_array,
        .publish = engine_publish,
        .device_failed = engine_device_failed,
        .ns_keep = engine_ns_keep,
    };
    the_worker = self;
    return &runtime;
}
