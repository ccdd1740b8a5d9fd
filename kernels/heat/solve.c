//  The module `heat`: what engines call by name.
//      heat.solve     solves the heat equation; keywords as in options.h
//      heat.initial   gives the cross
//      heat.info      tells what a solve would use, and how the last one went
#include <fftw3.h>

#include "kernels/common/arrays.h"
#include "kernels/common/cores.h"
#include "kernels/heat/host.h"
#include "kernels/heat/initial.h"
#include "kernels/heat/mpi_loader.h"
#include "kernels/heat/solver.h"

//  The module's one object: named functions take no context.
typedef struct module {
    heat_t *heat;
    const heat_mpi_t *mpi; // NULL before it was needed
} module_t;

static module_t *module(void)
{
    static module_t self;
    return &self;
}

static int init(ipc_error_t *error)
{
    module()->heat = heat_new();
    return module()->heat
               ? 0
               : kernel_refuse(error, "MemoryError", "no memory for the heat solver");
}

static void fini(void)
{
    heat_destroy(&module()->heat);
}

//  Solves together with the other engines, or tells them that this one cannot. 0 with the rows, which
//  are NULL where this engine has none to give, or -1 with *error.
static int solve_together(const heat_options_t *options, bool refused, ipc_array_t **rows, ipc_error_t *error)
{
    const ipc_error_t refusal = refused ? *error : (ipc_error_t){.code = 0};
    heat_mpi_answer_t answer = {.rows = NULL};
    if (!module()->mpi)
        module()->mpi = heat_mpi_load(error);
    if (!module()->mpi ||
        module()->mpi->solve(refused ? NULL : options, &refusal, options->wait, &answer, error))
        return -1;
    static const char *const methods[] = {[HEAT_FD] = "fd", [HEAT_FFT] = "fft", [HEAT_CN] = "cn"};
    heat_note(module()->heat, (heat_last_t){.solved = true,
                                            .device = "mpi",
                                            .method = methods[options->method],
                                            .threads = 1,
                                            .seconds = answer.seconds});
    *rows = answer.rows;
    return 0;
}

//  Solves into an array that stays on the device, or gives NULL with *error.
static const cuda_array_t *solve_there(const heat_options_t *options, ipc_error_t *error)
{
    size_t shape[1 + HEAT_AXES];
    const int ndim = heat_result_shape(options, shape);
    const cuda_array_t *array =
        kernel_array_make(options->keep, options->dtype, ndim, shape, error);
    if (!array || heat_run_into(module()->heat, options, array->data, true, error))
        return NULL; // nobody has its name: it goes when the next one is made
    return array;
}

static IPC_REMOTE(ipc_value_t, solve, (ipc_value_t keywords))
{
    // ipc_raise() leaves this function without looking back: all that must be freed is
    // freed before.
    ipc_error_t error;
    heat_options_t options;
    ipc_array_t *result = NULL;
    const cuda_array_t *there = NULL;
    bool failed = heat_options_read(&options, keywords, &error) != 0;
    if (options.decompose)
        failed = solve_together(&options, failed, &result, &error) != 0;
    else if (!failed && options.keep && options.place == HEAT_CUDA)
        failed = !(there = solve_there(&options, &error));
    else if (!failed)
        failed = !(result = heat_run(module()->heat, &options, &error));
    if (failed)
        ipc_raise(error.kind, "%s", error.text);
    if (there)
        kernel_array_bind(there);
    if (!result)
        return ipc_none();
    if (!options.keep)
        return ipc_value_from_array(result);
    ipc_ns_keep(options.keep, &result);
    return ipc_none();
}

static IPC_REMOTE(ipc_value_t, initial, (ipc_value_t keywords))
{
    ipc_error_t error;
    heat_options_t options;
    ipc_array_t *grid = NULL;
    if (!heat_options_read_initial(&options, keywords, &error)) {
        const size_t *shape = options.length + HEAT_AXES - options.ndim;
        grid = ipc_array_new(options.dtype, options.ndim, shape, &error);
    }
    if (!grid)
        ipc_raise(error.kind, "%s", error.text);
    heat_cross(options.dtype, options.length, ipc_array_data(grid));
    return ipc_value_from_array(grid);
}

static ipc_value_t last_solve(void)
{
    heat_last_t last = heat_last(module()->heat);
    if (!last.solved)
        return ipc_none();
    return ipc_give(ipc_dict("seconds", last.seconds, "device", last.device, "method",
                             last.method, "threads", last.threads));
}

static IPC_REMOTE(ipc_value_t, info, (void) )
{
    ipc_error_t error;
    kernel_cores_t cores = kernel_cores_claim(0);
    kernel_cores_release(&cores);
    const char *cuda = heat_cuda_name(module()->heat, &error);
    ipc_value_t devices = cuda ? ipc_list("cpu", "cuda") : ipc_list("cpu");
    return ipc_give(ipc_dict("threads", cores.threads, "cores", kernel_cores_available(),
                             "fftw", fftw_version, "instructions", heat_host_instructions(),
                             "devices", devices, "cuda", cuda ? cuda : error.text, "last",
                             last_solve()));
}

IPC_MODULE(heat, init, fini, solve, initial, info)
