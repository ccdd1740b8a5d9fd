#include "engine/cuda_launch.h"

#include <stdalign.h>
#include <string.h>

#include "common/array_body.h"
#include "common/convert.h"
#include "common/fail.h"

//  --- What a kernel takes -------------------------------------------------------------------------------------

static bool takes_array(const cuda_parameter_t *parameter)
{
    return parameter->type == IPC_TYPE_ARRAY || parameter->type == IPC_TYPE_ARRAY_MUT;
}

static int check_argument(const cuda_call_t *call, int i, ipc_value_t *value, ipc_error_t *error)
{
    const cuda_parameter_t *parameter = &call->parameters[i];
    if (parameter->type == IPC_TYPE_VOID)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "argument %d of %s cannot be given: kernels that are launched take numbers and pointers to "
                        "them", i + 1, call->name);
    if (ipc_convert(*value, (ipc_type_t) parameter->type, call->name, i + 1, value, error))
        return -1;
    const ipc_array_t *array = takes_array(parameter) ? ipc_value_array(*value) : NULL;
    if (array && parameter->dtype != IPC_DTYPE_COUNT && array->dtype != parameter->dtype)
        return ipc_fail(error, IPC_E_ARGUMENT, "argument %d of %s is an array of %s, the kernel takes one of %s", i + 1,
                        call->name, ipc_dtype_name((ipc_dtype_t) array->dtype),
                        ipc_dtype_name((ipc_dtype_t) parameter->dtype));
    return 0;
}

int cuda_launch_check(const cuda_call_t *call, cuda_argument_t *arguments, int count, ipc_error_t *error)
{
    if (call->count < 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "%s takes more than %d arguments: it cannot be launched", call->name,
                        CUDA_PARAMETERS);
    if (count != call->count)
        return ipc_fail(error, IPC_E_ARGUMENT, "%s takes %d argument%s, got %d", call->name, call->count,
                        call->count == 1 ? "" : "s", count);
    for (int i = 0; i < count; i++)
        if (check_argument(call, i, &arguments[i].value, error))
            return -1;
    return 0;
}

//  --- Memory --------------------------------------------------------------------------------------------------

//  Memory of the engine's that arguments are in, and where it is on the device: one block for arrays that overlap, so
//  that the kernel finds them so.
typedef struct block {
    char *begin, *end;
    cuda_memory_t memory;
} block_t;

//  A number as the kernel takes it.
typedef struct number {
    alignas(16) unsigned char bytes[16];
} number_t;

typedef struct launch {
    cuda_device_t *device;
    block_t blocks[CUDA_PARAMETERS];
    size_t count, taken;               // of blocks; those that have memory
    number_t numbers[CUDA_PARAMETERS];
    void *parameters[CUDA_PARAMETERS];
} launch_t;

//  A block for an array, which takes those into itself that it overlaps.
static void add_block(launch_t *self, const ipc_array_t *array)
{
    block_t block = {array->data, (char *) array->data + ipc_array_size(array), 0};
    if (block.begin == block.end)
        return;
    for (size_t i = 0; i < self->count;) {
        block_t *other = &self->blocks[i];
        if (other->end <= block.begin || block.end <= other->begin) {
            i++;
            continue;
        }
        block.begin = other->begin < block.begin ? other->begin : block.begin;
        block.end = other->end > block.end ? other->end : block.end;
        *other = self->blocks[--self->count];
        i = 0; // the larger one may overlap others
    }
    self->blocks[self->count++] = block;
}

//  Where an array is on the device; 0 for one without elements.
static cuda_memory_t memory_of(const launch_t *self, const ipc_array_t *array)
{
    const char *data = array->data;
    for (size_t i = 0; i < self->count && ipc_array_size(array) > 0; i++)
        if (data >= self->blocks[i].begin && data < self->blocks[i].end)
            return self->blocks[i].memory + (cuda_memory_t) (data - self->blocks[i].begin);
    return 0;
}

static int upload(launch_t *self, ipc_error_t *error)
{
    for (; self->taken < self->count; self->taken++) {
        block_t *block = &self->blocks[self->taken];
        if (cuda_device_take(self->device, (size_t) (block->end - block->begin), &block->memory, error))
            return -1;
    }
    for (size_t i = 0; i < self->count; i++) {
        const block_t *block = &self->blocks[i];
        if (cuda_device_upload(self->device, block->memory, block->begin, (size_t) (block->end - block->begin), error))
            return -1;
    }
    return 0;
}

//  What the kernel may have written to what is the engine's.
static int download(launch_t *self, const cuda_call_t *call, const cuda_argument_t *arguments, ipc_error_t *error)
{
    for (int i = 0; i < call->count; i++) {
        if (call->parameters[i].type != IPC_TYPE_ARRAY_MUT || !arguments[i].is_own)
            continue;
        const ipc_array_t *array = ipc_value_array(arguments[i].value);
        size_t size = ipc_array_size(array);
        if (size > 0 && cuda_device_download(self->device, array->data, memory_of(self, array), size, error))
            return -1;
    }
    return 0;
}

//  --- Parameters ----------------------------------------------------------------------------------------------

//  The value has been converted. Hosts of NVIDIA's devices are little-endian: the bytes of an integer that count come
//  first.
static void write_number(const cuda_parameter_t *parameter, ipc_value_t value, number_t *number)
{
    float parts[2];
    switch ((ipc_type_t) parameter->type) {
    case IPC_TYPE_F32:
        parts[0] = (float) value.as.f64;
        memcpy(number->bytes, parts, sizeof parts[0]);
        break;
    case IPC_TYPE_C64:
        parts[0] = (float) value.as.c128[0];
        parts[1] = (float) value.as.c128[1];
        memcpy(number->bytes, parts, sizeof parts);
        break;
    case IPC_TYPE_BOOL: number->bytes[0] = value.as.boolean; break;
    default: memcpy(number->bytes, &value.as, ipc_dtype_size((ipc_dtype_t) parameter->dtype)); break;
    }
}

static void write_parameters(launch_t *self, const cuda_call_t *call, const cuda_argument_t *arguments)
{
    for (int i = 0; i < call->count; i++) {
        self->parameters[i] = self->numbers[i].bytes;
        if (takes_array(&call->parameters[i])) {
            cuda_memory_t memory = memory_of(self, ipc_value_array(arguments[i].value));
            memcpy(self->numbers[i].bytes, &memory, sizeof memory);
        } else {
            write_number(&call->parameters[i], arguments[i].value, &self->numbers[i]);
        }
    }
}

int cuda_launch_run(cuda_device_t *device, const cuda_call_t *call, const cuda_shape_t *shape,
                    const cuda_argument_t *arguments, ipc_error_t *error)
{
    launch_t self = {.device = device};
    for (int i = 0; i < call->count; i++)
        if (takes_array(&call->parameters[i]))
            add_block(&self, ipc_value_array(arguments[i].value));
    int rc = upload(&self, error);
    if (!rc) {
        write_parameters(&self, call, arguments);
        rc = cuda_device_run(device, call->name, call->function, shape, self.parameters, error) ||
                     download(&self, call, arguments, error)
                 ? -1
                 : 0;
    }
    for (size_t i = 0; i < self.taken; i++) cuda_device_give(device, self.blocks[i].memory);
    return rc;
}
