#include "kernels/heat/solver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/common/cores.h"
#include "kernels/heat/buffer.h"
#include "kernels/heat/cuda_loader.h"
#include "kernels/heat/initial.h"
#include "kernels/heat/scheme.h"

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
    heat_buffer_t initial;  // grids that were converted or made here
    heat_scheme_t scheme;   // of the solve that runs
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
    heat_scheme_clear(&self->scheme);
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

//  The device for a solve whose scheme is prepared: a CUDA device where there is one that
//  can do it, unless one of them is asked for.
static place_t *choose_place(heat_t *self, const heat_options_t *options,
                             const heat_grid_t *grid, ipc_error_t *error)
{
    if (options->place == HEAT_CPU)
        return open_host(self, error);
    const bool wanted = options->place == HEAT_CUDA, steps = options->method == HEAT_FD;
    place_t *cuda = open_cuda(self, wanted ? error : NULL);
    const char *lack = cuda ? cuda->device->lacks(grid, steps ? &self->scheme.steps : NULL,
                                                  steps ? NULL : &self->scheme.waves)
                            : NULL;
    if (cuda && !lack)
        return cuda;
    if (!wanted)
        return open_host(self, error);
    if (lack)
        kernel_refuse(error, "DeviceError",
                      "the cuda device has no %s: use device cpu, or auto", lack);
    return NULL;
}

//  The grids to begin with, in the options' dtype, lent until the next call; or NULL with
//  *error.
static const void *prepare_initial(heat_t *self, const heat_options_t *options,
                                   ipc_error_t *error)
{
    const kernel_input_t *input = &options->initial;
    const size_t *length = options->length;
    const size_t count = options->count * length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X];
    const void *grids = input->data;
    if (input->on_device)
        return grids;
    if (!input->data || input->dtype != options->dtype) {
        void *own = heat_buffer_reserve(&self->initial,
                                        count * ipc_dtype_size(options->dtype), error);
        if (own && !input->data)
            heat_cross(options->dtype, length, own);
        if (!own || !input->data)
            return own;
        heat_convert(input, count, options->dtype, own);
        grids = own;
    }
    return heat_check_finite(options, "initial", options->count, grids, error) ? NULL
                                                                               : grids;
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
    static const char *const names[] = {
        [HEAT_FD] = "fd", [HEAT_FFT] = "fft", [HEAT_CN] = "cn"};
    kernel_cores_t cores = {.threads = 1, .file = -1, .slot = -1};
    if (place == &self->host)
        cores = kernel_cores_claim(options->threads);
    grid->threads = cores.threads;
    const double started = now();
    int failed = options->method == HEAT_FD
                     ? place->device->fd(place->state, grid, &self->scheme.steps, error)
                     : place->device->fft(place->state, grid, &self->scheme.waves, error);
    const double seconds = now() - started;
    kernel_cores_release(&cores);
    if (!failed)
        self->last = (heat_last_t){.solved = true,
                                   .device = place->device->name,
                                   .method = names[options->method],
                                   .threads = grid->threads,
                                   .seconds = seconds};
    return failed;
}

int heat_result_shape(const heat_options_t *options, size_t shape[1 + HEAT_AXES])
{
    const int more = options->batch ? 1 : 0;
    shape[0] = options->count;
    for (int k = 0; k < options->ndim; k++)
        shape[more + k] = options->length[HEAT_AXES - options->ndim + k];
    return options->ndim + more;
}

static int run_locked(heat_t *self, const heat_options_t *options, void *grids,
                      bool on_device, ipc_error_t *error)
{
    const size_t *length = options->length;
    heat_grid_t grid = {.dtype = options->dtype,
                        .boundary = options->boundary,
                        .count = options->count,
                        .measure = options->measure,
                        .result = grids,
                        .from_device = options->initial.on_device,
                        .to_device = on_device,
                        .length = {length[HEAT_Z], length[HEAT_Y], length[HEAT_X]}};
    grid.initial = prepare_initial(self, options, error);
    if (!grid.initial || heat_scheme_prepare(&self->scheme, options, grid.initial, error))
        return -1;
    grid.pace = self->scheme.pace;
    place_t *place = choose_place(self, options, &grid, error);
    return place ? run_method(self, place, &grid, options, error) : -1;
}

int heat_run_into(heat_t *self, const heat_options_t *options, void *grids, bool on_device,
                  ipc_error_t *error)
{
    pthread_mutex_lock(&self->lock);
    const int failed = run_locked(self, options, grids, on_device, error);
    heat_buffer_trim(&self->initial);
    heat_scheme_trim(&self->scheme);
    pthread_mutex_unlock(&self->lock);
    return failed;
}

ipc_array_t *heat_run(heat_t *self, const heat_options_t *options, ipc_error_t *error)
{
    size_t shape[1 + HEAT_AXES];
    const int ndim = heat_result_shape(options, shape);
    ipc_array_t *result = ipc_array_new(options->dtype, ndim, shape, error);
    if (result && heat_run_into(self, options, ipc_array_data(result), false, error))
        ipc_array_destroy(&result);
    return result;
}

heat_last_t heat_last(heat_t *self)
{
    pthread_mutex_lock(&self->lock);
    heat_last_t last = self->last;
    pthread_mutex_unlock(&self->lock);
    return last;
}

void heat_note(heat_t *self, heat_last_t last)
{
    pthread_mutex_lock(&self->lock);
    self->last = last;
    pthread_mutex_unlock(&self->lock);
}

const char *heat_cuda_name(heat_t *self, ipc_error_t *error)
{
    pthread_mutex_lock(&self->lock);
    place_t *place = open_cuda(self, error);
    const char *name = place ? place->device->describe(place->state) : NULL;
    pthread_mutex_unlock(&self->lock);
    return name;
}
