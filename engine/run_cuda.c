//  What tasks of CUDA cells do: a cell, a launch.
#include "common/array_body.h"
#include "common/fail.h"
#include "engine/state.h"

//  Before and after the driver is called: the threads that it starts are its own.
static int count_threads(worker_t *self)
{
    self->last_remote = NULL; // the driver may have replaced handlers
    return interrupt_threads();
}

static void accept_threads(worker_t *self, int before)
{
    pthread_mutex_lock(&self->lock);
    interrupt_accept_threads(before);
    pthread_mutex_unlock(&self->lock);
}

int run_cuda_cell(worker_t *self, const cells_source_t *source)
{
    ipc_error_t error;
    if (gpu_check(self, &error))
        return run_fail(self, &error);
    int threads = count_threads(self), rc = cuda_cells_load(self->cuda, source, &error);
    accept_threads(self, threads);
    return rc ? run_fail(self, &error) : 0;
}

//  Reads grid, block and bytes of shared memory.
static int read_shape(worker_t *self, ipc_reader_t *reader, cuda_shape_t *shape)
{
    enum { NUMBERS = 7 };
    ipc_value_t numbers;
    ipc_error_t error;
    bool is_own;
    if (run_read(self, reader, &numbers, &is_own))
        return -1;
    const ipc_array_t *array = ipc_value_array(numbers);
    const uint64_t *n = array && ipc_array_count(array) == NUMBERS ? ipc_array_u64(array) : NULL;
    if (!n) {
        ipc_fail(&error, IPC_E_PROTOCOL, "a launch without a shape");
        return run_fail(self, &error);
    }
    for (int i = 0; i < 3; i++) {
        shape->grid[i] = (unsigned) n[i];
        shape->block[i] = (unsigned) n[3 + i];
    }
    shape->shared = n[6];
    return 0;
}

int run_cuda_launch(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) position;
    (void) value;
    ipc_reader_t reader = ipc_reader(work->arguments.data, work->arguments.size);
    cuda_argument_t arguments[CUDA_PARAMETERS];
    cuda_shape_t shape;
    ipc_error_t error;
    int count = 0;
    if (gpu_check(self, &error))
        return run_fail(self, &error);
    if (read_shape(self, &reader, &shape))
        return -1;
    for (; ipc_read_type(&reader) != IPC_WIRE_END && count < CUDA_PARAMETERS; count++)
        if (run_read(self, &reader, &arguments[count].value, &arguments[count].is_own))
            return -1;
    int threads = count_threads(self);
    int rc = cuda_cells_launch(self->cuda, work->function->key, &shape, arguments, count, &error);
    accept_threads(self, threads);
    return rc ? run_fail(self, &error) : 0;
}
