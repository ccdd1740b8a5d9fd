#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/fail.h"
#include "common/remote.h"
#include "common/shared.h"

enum { ALIGNMENT = 64 };

#define DTYPE_SIZE(name, size, text) size,
static const uint8_t dtype_sizes[] = {IPC_DTYPES(DTYPE_SIZE)};
#undef DTYPE_SIZE
#define DTYPE_NAME(name, size, text) text,
static const char *const dtype_names[] = {IPC_DTYPES(DTYPE_NAME)};
#undef DTYPE_NAME

const char *ipc_dtype_name(ipc_dtype_t dtype)
{
    return (unsigned) dtype < IPC_DTYPE_COUNT ? dtype_names[dtype] : NULL;
}

size_t ipc_dtype_size(ipc_dtype_t dtype)
{
    return (unsigned) dtype < IPC_DTYPE_COUNT ? dtype_sizes[dtype] : 0;
}

int ipc_shape_count(ipc_dtype_t dtype, int ndim, const size_t *shape, size_t *count,
                    ipc_error_t *error)
{
    size_t size = ipc_dtype_size(dtype);
    if (size == 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "%d is no dtype: see IPC_F64 and its like", (int) dtype);
    if (ndim < 1 || ndim > IPC_MAX_DIMENSIONS)
        return ipc_fail(error, IPC_E_ARGUMENT, "an array has 1 to %d dimensions, not %d",
                        IPC_MAX_DIMENSIONS, ndim);
    size_t elements = 1;
    for (int k = 0; k < ndim; k++)
        if (__builtin_mul_overflow(elements, shape[k], &elements))
            return ipc_fail(error, IPC_E_MEMORY, "an array of this shape fits in no memory");
    if (elements > (SIZE_MAX >> 1) / size)
        return ipc_fail(error, IPC_E_MEMORY, "an array of %zu elements fits in no memory", elements);
    *count = elements;
    return 0;
}

ipc_array_t *ipc_array_wrap(ipc_dtype_t dtype, int ndim, const size_t *shape, void *data,
                            void (*release)(ipc_array_t *self), void *owner)
{
    ipc_array_t *self = ipc_xalloc(sizeof *self);
    *self = (ipc_array_t){.dtype = dtype, .ndim = (uint32_t) ndim, .count = 1, .data = data,
                          .release = release, .owner = owner, .references = 1};
    for (int k = 0; k < ndim; k++) {
        self->shape[k] = shape[k];
        self->count *= shape[k];
    }
    return self;
}

ipc_array_t *ipc_array_retain(ipc_array_t *self)
{
    self->references++;
    return self;
}

static void release_memory(ipc_array_t *self)
{
    free(self->owner);
}

static void release_shared(ipc_array_t *self)
{
    ipc_shared_t *shared = self->owner;
    ipc_shared_destroy(&shared);
}

//  Memory that can be handed over without a copy; NULL when there is none. An engine's arrays go with their
//  task: they stay in memory of its own.
static ipc_array_t *new_shared(ipc_dtype_t dtype, int ndim, const size_t *shape, size_t size)
{
    if (size < IPC_SHARED_MIN || ipc_runtime()->own_array)
        return NULL;
    ipc_shared_t *shared = ipc_shared_new(size);
    return shared ? ipc_array_wrap(dtype, ndim, shape, ipc_shared_data(shared), release_shared, shared) : NULL;
}

//  Bytes of an array's data, rounded up; -1 with *error.
static int size_of(ipc_dtype_t dtype, int ndim, const size_t *shape, size_t *size, ipc_error_t *error)
{
    size_t count = 0;
    if (ipc_shape_count(dtype, ndim, shape, &count, error))
        return -1;
    *size = (count * ipc_dtype_size(dtype) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return 0;
}

ipc_array_t *ipc_array_new_private(ipc_dtype_t dtype, int ndim, const size_t *shape, ipc_error_t *error)
{
    size_t size;
    if (size_of(dtype, ndim, shape, &size, error))
        return NULL;
    // Zeroed pages of calloc() come straight from the kernel when the array is large; alignment by hand.
    char *memory = calloc(1, size + ALIGNMENT);
    if (!memory) {
        ipc_fail(error, IPC_E_MEMORY, "no memory for an array of %zu bytes", size);
        return NULL;
    }
    char *data = memory + (ALIGNMENT - (uintptr_t) memory % ALIGNMENT) % ALIGNMENT;
    return ipc_array_wrap(dtype, ndim, shape, data, release_memory, memory);
}

ipc_array_t *ipc_array_new(ipc_dtype_t dtype, int ndim, const size_t *shape, ipc_error_t *error)
{
    size_t size;
    if (size_of(dtype, ndim, shape, &size, error))
        return NULL;
    ipc_array_t *self = new_shared(dtype, ndim, shape, size);
    if (self || !(self = ipc_array_new_private(dtype, ndim, shape, error)))
        return self;
    ipc_runtime_t const *runtime = ipc_runtime();
    if (runtime->own_array)
        runtime->own_array(self);
    return self;
}

void ipc_array_destroy(ipc_array_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ipc_array_t *self = *self_p;
    *self_p = NULL;
    if (self->in_task || --self->references > 0)
        return;
    if (self->release)
        self->release(self);
    free(self);
}

ipc_dtype_t ipc_array_dtype(const ipc_array_t *self)
{
    return (ipc_dtype_t) self->dtype;
}

int ipc_array_ndim(const ipc_array_t *self)
{
    return (int) self->ndim;
}

const size_t *ipc_array_shape(const ipc_array_t *self)
{
    return self->shape;
}

size_t ipc_array_count(const ipc_array_t *self)
{
    return self ? self->count : 0;
}

size_t ipc_array_size(const ipc_array_t *self)
{
    return self ? self->count * ipc_dtype_size((ipc_dtype_t) self->dtype) : 0;
}

void *ipc_array_data(const ipc_array_t *self)
{
    return self ? self->data : NULL;
}

#define TYPED(suffix, type, code)                                                             \
    type *ipc_array_##suffix(const ipc_array_t *self)                                         \
    {                                                                                         \
        return self && self->dtype == (code) ? self->data : NULL;                             \
    }
TYPED(bool, bool, IPC_BOOL)
TYPED(i8, int8_t, IPC_I8)
TYPED(i16, int16_t, IPC_I16)
TYPED(i32, int32_t, IPC_I32)
TYPED(i64, int64_t, IPC_I64)
TYPED(u8, uint8_t, IPC_U8)
TYPED(u16, uint16_t, IPC_U16)
TYPED(u32, uint32_t, IPC_U32)
TYPED(u64, uint64_t, IPC_U64)
TYPED(f32, float, IPC_F32)
TYPED(f64, double, IPC_F64)
TYPED(c64, float _Complex, IPC_C64)
TYPED(c128, double _Complex, IPC_C128)
