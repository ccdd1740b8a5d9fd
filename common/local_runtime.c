//  The runtime of a process that is no engine: remote functions called locally, outside a task.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/members.h"
#include "common/remote.h"

//  The process's own namespace, and what ipc_give() and ipc_task_alloc() made: it has no task whose end
//  would free it. One object for the process, as its runtime is one; made on first use.
typedef struct local {
    pthread_mutex_t lock;
    names_t *names;
    ipc_arena_t *arena;
} local_t;

static local_t *local(void)
{
    static local_t self = {.lock = PTHREAD_MUTEX_INITIALIZER};
    return &self;
}

static int64_t local_engine_id(void)
{
    return -1;
}

__attribute__((noreturn)) static void local_raise(const char *kind, const char *format,
                                                  va_list arguments)
{
    fprintf(stderr, "%s: ", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    abort();
}

__attribute__((noreturn, format(printf, 2, 3))) static void raise_locally(const char *kind,
                                                                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    local_raise(kind, format, arguments);
}

static void lock_ready(local_t *self)
{
    pthread_mutex_lock(&self->lock);
    if (!self->names) {
        self->names = names_new();
        self->arena = ipc_arena_new();
    }
}

static bool local_ns_has(const char *name)
{
    local_t *self = local();
    lock_ready(self);
    ipc_value_t member;
    bool has = members_get(self->names, name, self->arena, "", &member, NULL) == 0;
    pthread_mutex_unlock(&self->lock);
    return has;
}

static ipc_value_t local_ns_get(const char *name)
{
    local_t *self = local();
    lock_ready(self);
    ipc_value_t value;
    ipc_error_t error;
    int rc = members_get(self->names, name, self->arena, "", &value, &error);
    pthread_mutex_unlock(&self->lock);
    if (rc)
        raise_locally(error.kind, "%s", error.text);
    return value;
}

static void local_ns_set(const char *name, ipc_value_t value)
{
    local_t *self = local();
    lock_ready(self);
    ipc_error_t error;
    int rc = members_set(self->names, name, value, "", &error);
    pthread_mutex_unlock(&self->lock);
    if (rc)
        raise_locally(error.kind, "%s", error.text);
}

static void local_ns_keep(const char *name, ipc_array_t *array)
{
    local_t *self = local();
    lock_ready(self);
    ipc_error_t error;
    int rc = members_keep(self->names, name, array, "", &error);
    pthread_mutex_unlock(&self->lock);
    if (rc)
        raise_locally(error.kind, "%s", error.text);
}

static ipc_value_t local_give(ipc_value_t value)
{
    local_t *self = local();
    lock_ready(self);
    ipc_value_t copy = ipc_value_copy(value, self->arena);
    pthread_mutex_unlock(&self->lock);
    return copy;
}

static void *local_task_alloc(size_t size)
{
    local_t *self = local();
    lock_ready(self);
    void *memory = ipc_arena_alloc(self->arena, size);
    pthread_mutex_unlock(&self->lock);
    return memory;
}

//  Nobody looks.
static void local_publish(const char *name, ipc_value_t value)
{
    (void) name;
    (void) value;
}

//  It is nobody's.
static void local_device_failed(const char *why)
{
    (void) why;
}

const ipc_runtime_t *ipc_runtime_local(void)
{
    static const ipc_runtime_t runtime = {
        .abi = IPC_ABI,
        .size = sizeof runtime,
        .engine_id = local_engine_id,
        .ns_get = local_ns_get,
        .ns_set = local_ns_set,
        .ns_has = local_ns_has,
        .raise = local_raise,
        .give = local_give,
        .task_alloc = local_task_alloc,
        .publish = local_publish,
        .device_failed = local_device_failed,
        .ns_keep = local_ns_keep,
    };
    return &runtime;
}

void ipc_runtime_install(const ipc_runtime_t *runtime)
{
    ipc_runtime_slot = runtime;
}

const char *ipc_text(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 1 : (size_t) length + 1;
    char *text = ipc_task_alloc(size);
    text[0] = 0;
    vsnprintf(text, size, format, again);
    va_end(again);
    return text;
}
