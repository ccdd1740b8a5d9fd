#include "kernels/heat/solver.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/common/cores.h"
#include "kernels/heat/buffer.h"
#include "kernels/heat/cuda_loader.h"
#include "kernels/heat/initial.h"

//  A device and its state; state is NULL until the device is opened.
typedef struct place {
    const heat_device_t *device;
    heat_device_state_t *state;
} place_t;

struct heat {
    pthread_mutex_t lock; // held by the solve that runs
    place_t host, cuda;
    bool cuda_tried; // a driver does not come while the engine runs: one attempt is enough
    ipc_error_t cuda_error; // why there is no CUDA device
    heat_buffer_t initial;  // a grid that was converted or made here
    heat_buffer_t factors;  // of the rows' waves, then of the columns'
    heat_last_t last;
};

heat_t *heat_new(void)
{
    heat_t *self = calloc(1, sizeof *self);
    if (self)
        pthread_mutex_init(&self->lock, NULL);
    return self;
}

static void close_place(place_t *self)
{
    if (self->device)
        self->device->close(&self->state);
}

void heat_destroy(heat_t **self_p)
{
    heat_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    close_place(&self->host);
    close_place(&self->cuda);
    heat_buffer_clear(&self->initial);
    heat_buffer_clear(&self->factors);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

static place_t *open_host(heat_t *self, ipc_error_t *error)
{
    self->host.device = heat_host();
    if (!self->host.state)
        self->host.state = self->host.device->open(error);
    return self->host.state ? &self->host : NULL;
}

static place_t *open_cuda(heat_t *self, ipc_error_t *error)
{
    if (!self->cuda_tried) {
        self->cuda_tried = true;
        self->cuda.device = heat_cuda_load(&self->cuda_error);
        if (self->cuda.device)
            self->cuda.state = self->cuda.device->open(&self->cuda_error);
    }
    if (self->cuda.state)
        return &self->cuda;
    if (error)
        *error = self->cuda_error;
    return NULL;
}

static place_t *choose_place(heat_t *self, heat_place_t wanted, ipc_error_t *error)
{
    place_t *place =
        wanted == HEAT_CPU ? NULL : open_cuda(self, wanted == HEAT_CUDA ? error : NULL);
    return place || wanted == HEAT_CUDA ? place : open_host(self, error);
}

//  The grid to begin with, in the options' dtype, lent until the next call; or NULL with
//  *error.
static const void *prepare_initial(heat_t *self, const heat_options_t *options,
                                   ipc_error_t *error)
{
    const kernel_input_t *input = &options->initial;
    const size_t count = options->rows * options->columns;
    if (input->data && input->dtype == options->dtype)
        return heat_check_finite(options->dtype, options->rows, options->columns,
                                 input->data, error)
                   ? NULL
                   : input->data;
    void *grid =
        heat_buffer_reserve(&self->initial, count * ipc_dtype_size(options->dtype), error);
    if (!grid)
        return NULL;
    if (!input->data) {
        heat_cross(options->dtype, options->rows, options->columns, grid);
        return grid;
    }
    heat_convert(input, count, options->dtype, grid);
    return heat_check_finite(options->dtype, options->rows, options->columns, grid, error)
               ? NULL
               : grid;
}

//  What is left after the time of each of length waves along one axis, in FFT order.
static void fill_factors(double *factors, size_t length, double alpha_t)
{
    // Waves that decay further contribute nothing, but would cost time as denormal numbers.
    const double smallest = 1e-300;
    for (size_t m = 0; m < length; m++) {
        const double wave = (double) (m <= length / 2 ? m : length - m) / (double) length;
        const double factor = exp(-4 * M_PI * M_PI * wave * wave * alpha_t);
        factors[m] = factor < smallest ? 0 : factor;
    }
}

static int run_fft(heat_t *self, place_t *place, const heat_grid_t *grid,
                   const heat_options_t *options, ipc_error_t *error)
{
    double *by_row = heat_buffer_reserve(
        &self->factors, (grid->rows + grid->columns) * sizeof *by_row, error);
    if (!by_row)
        return -1;
    double *by_column = by_row + grid->rows;
    fill_factors(by_row, grid->rows, options->alpha * options->t);
    fill_factors(by_column, grid->columns, options->alpha * options->t);
    return place->device->fft(place->state, grid, by_row, by_column, error);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

//  Runs the method on the place and notes how long it took.
static int run_method(heat_t *self, place_t *place, heat_grid_t *grid,
                      const heat_options_t *options, ipc_error_t *error)
{
    kernel_cores_t cores = {.threads = 1, .file = -1, .slot = -1};
    if (place == &self->host)
        cores = kernel_cores_claim(options->threads);
    grid->threads = cores.threads;
    const double started = now();
    int failed = options->method == HEAT_FFT
                     ? run_fft(self, place, grid, options, error)
                     : place->device->fd(place->state, grid, options->alpha * options->dt,
                                         options->steps, error);
    const double seconds = now() - started;
    kernel_cores_release(&cores);
    if (!failed)
        self->last = (heat_last_t){.solved = true,
                                   .device = place->device->name,
                                   .method = options->method == HEAT_FFT ? "fft" : "fd",
                                   .threads = grid->threads,
                                   .seconds = seconds};
    return failed;
}

static ipc_array_t *run_locked(heat_t *self, const heat_options_t *options,
                               ipc_error_t *error)
{
    place_t *place = choose_place(self, options->place, error);
    if (!place)
        return NULL;
    const void *initial = prepare_initial(self, options, error);
    if (!initial)
        return NULL;
    const size_t shape[] = {options->rows, options->columns};
    ipc_array_t *result = ipc_array_new(options->dtype, 2, shape, error);
    if (!result)
        return NULL;
    heat_grid_t grid = {.dtype = options->dtype,
                        .rows = options->rows,
                        .columns = options->columns,
                        .initial = initial,
                        .result = ipc_array_data(result)};
    if (run_method(self, place, &grid, options, error))
        ipc_array_destroy(&result);
    return result;
}

ipc_array_t *heat_run(heat_t *self, const heat_options_t *options, ipc_error_t *error)
{
    pthread_mutex_lock(&self->lock);
    ipc_array_t *result = run_locked(self, options, error);
    heat_buffer_trim(&self->initial);
    pthread_mutex_unlock(&self->lock);
    return result;
}

heat_last_t heat_last(heat_t *self)
{
    pthread_mutex_lock(&self->lock);
    heat_last_t last = self->last;
    pthread_mutex_unlock(&self->lock);
    return last;
}

const char *heat_cuda_name(heat_t *self, ipc_error_t *error)
{
    pthread_mutex_lock(&self->lock);
    place_t *place = open_cuda(self, error);
    const char *name = place ? place->device->describe(place->state) : NULL;
    pthread_mutex_unlock(&self->lock);
    return name;
}
