//  heat_mpi.so: one grid, solved by all engines of an MPI world.
#include "kernels/heat/mpi_part.h"

#include <time.h>

#include "kernels/common/pool.h"
#include "kernels/heat/mpi_steps.h"
#include "kernels/heat/mpi_waves.h"

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

static void mix(uint64_t *digest, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) *digest = (*digest ^ ((const unsigned char *) bytes)[i]) * 0x100000001b3u;
}

//  A number of all that the engines must have been told alike.
static uint64_t digest_of(const heat_options_t *options)
{
    uint64_t digest = 0xcbf29ce484222325u;
    const int64_t words[] = {options->ndim,        (int64_t) options->dtype,  options->steps,
                             options->method,      options->boundary,         options->laplacian,
                             options->measure,     options->damped,          options->result,
                             options->out != NULL,
                             options->initial.data != NULL, options->source.data != NULL, options->alphas.data != NULL};
    const double alpha = options->alphas.data ? 0 : options->alpha; // the largest of its rows
    mix(&digest, words, sizeof words);
    mix(&digest, options->length, sizeof options->length);
    mix(&digest, options->spacing, sizeof options->spacing);
    mix(&digest, &options->dt, sizeof options->dt);
    mix(&digest, &options->t, sizeof options->t);
    mix(&digest, &alpha, sizeof alpha);
    return digest;
}

//  A method that runs, one of the two.
typedef struct run {
    mpi_steps_t *steps;
    mpi_waves_t *waves;
    ipc_error_t *error;
    int result;
} run_t;

static void run_main(void *context, int index, int count)
{
    (void) index, (void) count;
    run_t *run = context;
    run->result = run->steps ? mpi_steps_run(run->steps, run->error) : mpi_waves_run(run->waves, run->error);
}

//  Runs the method as the one-engine solver does, on one thread: numbers too small to be normal are zero.
static int run_timed(run_t *run, double *seconds)
{
    kernel_pool_t *pool = kernel_pool_new();
    if (!pool)
        return kernel_refuse(run->error, "MemoryError", "no memory for a decomposed solve");
    const double begun = now();
    kernel_pool_run(pool, 1, run_main, run);
    *seconds = now() - begun;
    kernel_pool_destroy(&pool);
    return run->result;
}

static int solve_steps(const mpi_rows_t *rows, heat_mpi_answer_t *answer, ipc_error_t *error)
{
    run_t run = {.steps = mpi_steps_new(rows, error), .error = error};
    int result = mpi_world_agree(rows->world, !run.steps, 0, error);
    if (!result)
        result = run_timed(&run, &answer->seconds);
    if (!result)
        result = mpi_rows_answer(rows, mpi_steps_rows(run.steps), &answer->rows, error);
    mpi_steps_destroy(&run.steps);
    return result;
}

static int solve_waves(const mpi_rows_t *rows, heat_mpi_answer_t *answer, ipc_error_t *error)
{
    run_t run = {.waves = mpi_waves_new(rows, error), .error = error};
    int result = mpi_world_agree(rows->world, !run.waves, 0, error);
    if (!result) // each plan is made together: who cannot go on says so afterwards
        result = mpi_world_agree(rows->world, mpi_waves_plan(run.waves, error) != 0, 0, error);
    if (!result)
        result = run_timed(&run, &answer->seconds);
    if (!result)
        result = mpi_rows_answer(rows, mpi_waves_rows(run.waves), &answer->rows, error);
    mpi_waves_destroy(&run.waves);
    return result;
}

static int solve_in_world(mpi_world_t *world, const heat_options_t *options, const ipc_error_t *refusal,
                          heat_mpi_answer_t *answer, ipc_error_t *error)
{
    mpi_rows_t rows;
    bool failed = !options;
    if (failed)
        *error = *refusal;
    else
        failed = mpi_rows_split(&rows, world, options, error) != 0;
    if (mpi_world_agree(world, failed, options ? digest_of(options) : 0, error))
        return -1;
    return options->method == HEAT_FD ? solve_steps(&rows, answer, error) : solve_waves(&rows, answer, error);
}

static int solve(const heat_options_t *options, const ipc_error_t *refusal, double wait, heat_mpi_answer_t *answer,
                 ipc_error_t *error)
{
    *answer = (heat_mpi_answer_t){.rows = NULL};
    mpi_world_t *world = mpi_world_enter(wait, error);
    if (!world) {
        if (!options) // its own fault comes first
            *error = *refusal;
        return -1;
    }
    const int result = solve_in_world(world, options, refusal, answer, error);
    mpi_world_leave(world);
    return result;
}

__attribute__((visibility("default"))) const heat_mpi_t *heat_mpi_part(const ipc_runtime_t *runtime);

const heat_mpi_t *heat_mpi_part(const ipc_runtime_t *runtime)
{
    ipc_runtime_slot = runtime; // as the engine sets that of heat.so
    static const heat_mpi_t part = {.abi = HEAT_MPI_ABI, .solve = solve};
    return &part;
}
