//  The spectral method on the host. The factor of a wave is a product, by_row[m]
//  by_column[n], so the two-dimensional transform, the multiplication and the inverse are
//  the same as these three along each row, and then along each column: FFTW's
//  one-dimensional real-to-complex transforms, on one line at a time that stays in the
//  cache. It needs half the memory traffic of three passes over a spectrum, no memory for
//  the spectrum, and its result does not depend on how threads share the lines.
#include <fftw3.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/heat/host.h"

enum {
    LINE = 64,
    PLANS = 16,           // kept; the one unused for longest goes first
    LINES_PER_THREAD = 16 // fewer rows than this are not worth a thread
};

//  FFTW's plans for lines of one length and dtype.
typedef struct heat_plan {
    size_t length; // 0: an empty place
    ipc_dtype_t dtype;
    void *forward; // fftw_plan, or fftwf_plan for IPC_F32
    void *backward;
    uint64_t used; // when: a count of the uses of all plans
} heat_plan_t;

struct heat_plans {
    heat_plan_t plans[PLANS];
    uint64_t uses;
    size_t made;
};

//  One solve, shared by its threads.
typedef struct fft_job {
    kernel_pool_t *pool;
    const heat_grid_t *grid;
    const double *by_row, *by_column;
    const heat_plan_t *along_row, *along_column;
    char *work; // one block for each thread
    size_t
        block; // bytes of a thread's block: the lines of a cache line's columns, a spectrum
    size_t pitch;    // bytes from a line of a block to the next
    size_t spectrum; // bytes from a block's beginning to its spectrum
} fft_job_t;

#define REAL double
#define COMPLEX fftw_complex
#define F(name) fftw_##name
#define N(name) f64_##name
#include "kernels/heat/host_fft_real.h"
#define REAL float
#define COMPLEX fftwf_complex
#define F(name) fftwf_##name
#define N(name) f32_##name
#include "kernels/heat/host_fft_real.h"

static size_t whole_lines(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

heat_plans_t *heat_plans_new(void)
{
    return calloc(1, sizeof(heat_plans_t));
}

static void forget(heat_plan_t *plan)
{
    if (plan->dtype == IPC_F32)
        f32_forget(plan);
    else
        f64_forget(plan);
}

void heat_plans_destroy(heat_plans_t **self_p)
{
    heat_plans_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (int i = 0; i < PLANS; i++) forget(&self->plans[i]);
    free(self);
}

size_t heat_plans_made(const heat_plans_t *self)
{
    return self->made;
}

//  The plan for lines of this length, lent until the next call but one; or NULL with
//  *error.
//      block      borrowed; a thread's block, which planning may look at
static const heat_plan_t *find_plan(heat_plans_t *self, size_t length, ipc_dtype_t dtype,
                                    char *block, size_t spectrum, ipc_error_t *error)
{
    heat_plan_t *oldest = self->plans;
    for (heat_plan_t *plan = self->plans; plan < self->plans + PLANS; plan++) {
        if (plan->length == length && plan->dtype == dtype) {
            plan->used = ++self->uses;
            return plan;
        }
        if (plan->used < oldest->used)
            oldest = plan;
    }
    forget(oldest);
    *oldest = (heat_plan_t){.length = length, .dtype = dtype, .used = ++self->uses};
    bool planned = dtype == IPC_F32 ? f32_plan(oldest, block, block + spectrum)
                                    : f64_plan(oldest, block, block + spectrum);
    if (!planned) {
        forget(oldest);
        kernel_refuse(error, "MemoryError", "FFTW made no plan for lines of %zu numbers",
                    length);
        return NULL;
    }
    self->made++;
    return oldest;
}

static void fft_main(void *context, int index, int count)
{
    const fft_job_t *job = context;
    const bool single = job->grid->dtype == IPC_F32;
    const size_t of = (size_t) count, i = (size_t) index;
    char *block = job->work + i * job->block;
    const size_t rows = job->grid->rows;
    (single ? f32_rows : f64_rows)(job, block, rows * i / of, rows * (i + 1) / of);
    kernel_pool_barrier(job->pool);
    const size_t width = LINE / ipc_dtype_size(job->grid->dtype);
    const size_t blocks = (job->grid->columns + width - 1) / width;
    (single ? f32_columns : f64_columns)(job, block, blocks * i / of,
                                         blocks * (i + 1) / of);
}

static int useful_threads(const heat_grid_t *grid)
{
    size_t most = grid->rows / LINES_PER_THREAD;
    if (most > (size_t) grid->threads)
        most = (size_t) grid->threads;
    return most < 1 ? 1 : (int) most;
}

//  Lays out the blocks of all threads. 0, or -1 with *error.
static int lay_out(fft_job_t *job, heat_buffer_t *work, int threads, ipc_error_t *error)
{
    const size_t element = ipc_dtype_size(job->grid->dtype);
    const size_t rows = job->grid->rows, columns = job->grid->columns;
    const size_t longest = rows > columns ? rows : columns;
    // A line more, so that the lines of a block do not all fall into the same sets of the
    // cache.
    job->pitch = whole_lines(rows * element) + LINE;
    job->spectrum = job->pitch * (LINE / element);
    if (job->spectrum < whole_lines(columns * element))
        job->spectrum = whole_lines(columns * element);
    job->block = job->spectrum + whole_lines((longest / 2 + 1) * 2 * element) + LINE;
    job->work = heat_buffer_reserve(work, job->block * (size_t) threads, error);
    return job->work ? 0 : -1;
}

int heat_host_fft(heat_device_state_t *state, const heat_grid_t *grid, const double *by_row,
                  const double *by_column, ipc_error_t *error)
{
    fft_job_t job = {
        .pool = state->pool,
        .grid = grid,
        .by_row = by_row,
        .by_column = by_column,
    };
    int threads = useful_threads(grid);
    if (lay_out(&job, &state->work, threads, error))
        return -1;
    job.along_row =
        find_plan(state->plans, grid->columns, grid->dtype, job.work, job.spectrum, error);
    if (!job.along_row)
        return -1;
    job.along_column =
        find_plan(state->plans, grid->rows, grid->dtype, job.work, job.spectrum, error);
    if (!job.along_column)
        return -1;
    kernel_pool_run(state->pool, threads, fft_main, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
