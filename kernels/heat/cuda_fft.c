//  The spectral method on the CUDA device, by cuFFT.
//
//      - A periodic grid goes through the transform of all its axes at once, and its waves
//        through one kernel. What is on the device is read and written where it is.
//      - Sine and cosine transforms go along one axis after the other (cuda_waves.h). As on
//        the host: where the factor of a wave is a product of one for each axis, lines are
//        transformed, multiplied and transformed back before the next axis; else all axes
//        are transformed, then the waves looked at, then all transformed back.
#include <string.h>

#include "kernels/heat/cuda_state.h"
#include "kernels/heat/cuda_waves.h"

//  One solve.
typedef struct fft_job {
    heat_device_state_t *state;
    const heat_grid_t *grid;
    heat_waves_t waves;    // as given, but with tables on the device
    const double *pace;    // on the device, or NULL
    const void *source;    // likewise
    heat_cuda_box_t box;   // of the numbers that are transformed, in the grid
    heat_cuda_box_t terms; // of the terms, without gaps
    void *source_term, *edges_term; // waves of what they give, or NULL
    void *from, *to;                // where the grids are read first, and end
} fft_job_t;

static bool is_single(const fft_job_t *job)
{
    return job->grid->dtype == IPC_F32;
}

static size_t element_of(const fft_job_t *job)
{
    return ipc_dtype_size(job->grid->dtype);
}

static size_t points_of(const heat_cuda_box_t *box)
{
    return box->length[HEAT_Z] * box->length[HEAT_Y] * box->length[HEAT_X];
}

//  --- Plans -----------------------------------------------------------------------------

static void forget_plan(heat_cuda_plan_t *plan)
{
    if (plan->made)
        cufftDestroy(plan->handle);
    *plan = (heat_cuda_plan_t){0};
}

void heat_cuda_forget_plans(heat_device_state_t *state)
{
    for (int i = 0; i < HEAT_CUDA_PLANS; i++) forget_plan(&state->plans[i]);
}

static cufftType type_of(const heat_cuda_shape_t *shape)
{
    if (shape->single)
        return shape->backward ? CUFFT_C2R : CUFFT_R2C;
    return shape->backward ? CUFFT_Z2D : CUFFT_D2Z;
}

//  Makes a plan, whose working memory is shared with the others. 0, or -1 with *error.
static int make_plan(heat_cuda_plan_t *plan, const heat_cuda_shape_t *shape,
                     ipc_error_t *error)
{
    heat_cuda_shape_t to = *shape;
    long long *real = to.length + HEAT_AXES - to.rank, reals = 1, waves = 1, half[HEAT_AXES];
    for (long long k = 0; k < to.rank; k++) {
        half[k] = k + 1 < to.rank ? real[k] : real[k] / 2 + 1;
        reals *= real[k];
        waves *= half[k];
    }
    const long long stride = to.strided ? to.batch : 1;
    const long long from_real = to.strided ? 1 : reals, from_wave = to.strided ? 1 : waves;
    const bool back = to.backward != 0;
    if (heat_cuda_check_fft(cufftCreate(&plan->handle), "make a plan", error))
        return -1;
    plan->made = true;
    plan->shape = *shape;
    if (heat_cuda_check_fft(cufftSetAutoAllocation(plan->handle, 0), "make a plan", error) ||
        heat_cuda_check_fft(
            cufftMakePlanMany64(plan->handle, (int) to.rank, real, back ? half : real, stride,
                                back ? from_wave : from_real, back ? real : half, stride,
                                back ? from_real : from_wave, type_of(shape), to.batch,
                                &plan->scratch),
            "make a plan", error)) {
        forget_plan(plan);
        return -1;
    }
    return 0;
}

//  The plan of a shape: one that is kept, or a new one in the place of the one that was not
//  used for longest; or NULL with *error.
static heat_cuda_plan_t *find_plan(heat_device_state_t *state, const heat_cuda_shape_t *shape,
                                   ipc_error_t *error)
{
    heat_cuda_plan_t *oldest = state->plans;
    for (int i = 0; i < HEAT_CUDA_PLANS; i++) {
        heat_cuda_plan_t *plan = &state->plans[i];
        if (plan->made && memcmp(&plan->shape, shape, sizeof *shape) == 0) {
            plan->used = ++state->uses;
            return plan;
        }
        if (plan->used < oldest->used)
            oldest = plan;
    }
    forget_plan(oldest);
    if (make_plan(oldest, shape, error))
        return NULL;
    oldest->used = ++state->uses;
    return oldest;
}

//  Queues a transform. 0, or -1 with *error.
static int transform(fft_job_t *job, const heat_cuda_shape_t *shape, void *real, void *waves,
                     ipc_error_t *error)
{
    heat_device_state_t *state = job->state;
    heat_cuda_plan_t *plan = find_plan(state, shape, error);
    if (!plan || heat_cuda_reserve(&state->scratch, plan->scratch, error) ||
        (plan->scratch > 0 &&
         heat_cuda_check_fft(cufftSetWorkArea(plan->handle, state->scratch.memory),
                             "take its working memory", error)))
        return -1;
    cufftResult code;
    switch (type_of(shape)) {
    case CUFFT_R2C: code = cufftExecR2C(plan->handle, real, waves); break;
    case CUFFT_C2R: code = cufftExecC2R(plan->handle, waves, real); break;
    case CUFFT_D2Z: code = cufftExecD2Z(plan->handle, real, waves); break;
    default: code = cufftExecZ2D(plan->handle, waves, real); break;
    }
    return heat_cuda_check_fft(code, "transform the grid", error);
}

//  --- What a solve reads ----------------------------------------------------------------

//  The numbers that are transformed, in a grid that begins at `at`.
static heat_cuda_box_t box_of(const heat_grid_t *grid, void *at)
{
    heat_cuda_box_t box = {.count = grid->count};
    size_t stride = 1, offset = 0;
    for (int axis = HEAT_X; axis >= HEAT_Z; axis--) {
        const bool inner = grid->boundary == HEAT_FIXED && grid->length[axis] > 1;
        box.length[axis] = grid->length[axis] - (inner ? 2 : 0);
        box.stride[axis] = stride;
        offset += inner ? stride : 0;
        stride *= grid->length[axis];
    }
    box.grid_stride = stride;
    box.at = (char *) at + offset * ipc_dtype_size(grid->dtype);
    return box;
}

//  The same numbers without gaps.
static heat_cuda_box_t packed(const heat_cuda_box_t *box, void *at, size_t count)
{
    heat_cuda_box_t dense = *box;
    dense.at = at;
    dense.count = count;
    dense.stride[HEAT_X] = 1;
    dense.stride[HEAT_Y] = box->length[HEAT_X];
    dense.stride[HEAT_Z] = box->length[HEAT_X] * box->length[HEAT_Y];
    dense.grid_stride = points_of(box);
    return dense;
}

//  Copies the tables, the paces, the source and the grids. 0, or -1 with *error.
static int prepare(fft_job_t *job, const heat_waves_t *waves, ipc_error_t *error)
{
    const heat_grid_t *grid = job->grid;
    const size_t points = grid->length[HEAT_Z] * grid->length[HEAT_Y] * grid->length[HEAT_X];
    heat_cuda_cargo_t cargo = {0};
    const void *factor[HEAT_AXES], *rate[HEAT_AXES], *grid_rate[HEAT_AXES], *pace;
    if (heat_cuda_reserve(&job->state->grids[0], heat_cuda_size(grid), error))
        return -1;
    job->from = job->to = job->state->grids[0].memory;
    job->box = box_of(grid, job->state->grids[0].memory);
    job->waves = *waves;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        const size_t size = job->box.length[axis] * sizeof(double);
        heat_cuda_add(&cargo, waves->factor[axis], size, &factor[axis]);
        heat_cuda_add(&cargo, waves->rate[axis], size, &rate[axis]);
        heat_cuda_add(&cargo, waves->grid_rate[axis], size, &grid_rate[axis]);
    }
    heat_cuda_add(&cargo, waves->source, points * element_of(job), &job->source);
    heat_cuda_add(&cargo, grid->pace, grid->count * sizeof(double), &pace);
    if (heat_cuda_send(&cargo, &job->state->inputs, error))
        return -1;
    job->pace = pace;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        job->waves.factor[axis] = factor[axis];
        job->waves.rate[axis] = rate[axis];
        job->waves.grid_rate[axis] = grid_rate[axis];
    }
    if (grid->boundary == HEAT_PERIODIC && grid->to_device)
        job->to = grid->result;
    if (grid->boundary == HEAT_PERIODIC && grid->from_device) { // is only read
        job->from = (void *) grid->initial;
        return 0;
    }
    return heat_cuda_copy(job->from, grid->initial, heat_cuda_size(grid), "take the grid",
                          error);
}

//  What the waves' kernel is told.
static heat_cuda_decay_t decay_of(const fft_job_t *job, double scale)
{
    heat_cuda_decay_t decay = {.single = is_single(job),
                               .waves = job->box,
                               .pace = job->pace,
                               .t = job->waves.t,
                               .scale = scale,
                               .steps = job->waves.steps,
                               .damped = job->waves.damped,
                               .source = job->source_term,
                               .edges = job->edges_term};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        decay.factor[axis] = job->waves.factor[axis];
        decay.rate[axis] = job->waves.rate[axis];
        decay.grid_rate[axis] = job->waves.grid_rate[axis];
    }
    return decay;
}

//  --- Periodic grids --------------------------------------------------------------------

static heat_cuda_shape_t periodic_shape(const fft_job_t *job, size_t batch, bool backward)
{
    const size_t *length = job->grid->length;
    heat_cuda_shape_t shape = {.batch = (long long) batch,
                               .single = is_single(job),
                               .backward = backward,
                               .rank = length[HEAT_Z] > 1 ? 3 : length[HEAT_Y] > 1 ? 2 : 1};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        shape.length[axis] = (long long) length[axis];
    return shape;
}

static int run_periodic(fft_job_t *job, ipc_error_t *error)
{
    heat_device_state_t *state = job->state;
    const heat_grid_t *grid = job->grid;
    heat_cuda_box_t waves = job->box;
    waves.length[HEAT_X] = grid->length[HEAT_X] / 2 + 1;
    const size_t size = points_of(&waves) * 2 * element_of(job);
    const heat_cuda_shape_t there = periodic_shape(job, grid->count, false);
    const heat_cuda_shape_t back = periodic_shape(job, grid->count, true);
    const heat_cuda_shape_t one = periodic_shape(job, 1, false);
    if (heat_cuda_reserve(&state->grids[1], grid->count * size, error) ||
        transform(job, &there, job->from, state->grids[1].memory, error))
        return -1;
    if (job->source) {
        if (heat_cuda_reserve(&state->terms, size, error) ||
            transform(job, &one, (void *) job->source, state->terms.memory, error))
            return -1;
        job->source_term = state->terms.memory;
    }
    heat_cuda_decay_t decay = decay_of(job, 1.0 / (double) points_of(&job->box));
    decay.waves = packed(&waves, state->grids[1].memory, grid->count);
    decay.is_complex = true;
    if (job->waves.factor[HEAT_X])
        heat_cuda_decay_product(&decay);
    else
        heat_cuda_decay_sum(&decay);
    return heat_cuda_check(cudaGetLastError(), "multiply the waves", error) ||
                   transform(job, &back, job->to, state->grids[1].memory, error)
               ? -1
               : 0;
}

//  --- Fixed and insulated grids ---------------------------------------------------------

//  Finds the lines of a box along an axis, and room for them. 0, or -1 with *error.
static int find_lines(fft_job_t *job, const heat_cuda_box_t *box, int axis,
                      heat_cuda_lines_t *lines, ipc_error_t *error)
{
    heat_device_state_t *state = job->state;
    const size_t n = box->length[axis];
    *lines = (heat_cuda_lines_t){.single = is_single(job),
                                 .boundary = job->grid->boundary,
                                 .box = *box,
                                 .axis = axis,
                                 .lines = box->count * points_of(box) / n};
    lines->length = lines->boundary == HEAT_FIXED ? 2 * (n + 1) : n;
    lines->waves = lines->length / 2 + 1;
    if (heat_cuda_reserve(&state->lines, lines->lines * lines->length * element_of(job),
                          error) ||
        heat_cuda_reserve(&state->grids[1], lines->lines * lines->waves * 2 * element_of(job),
                          error))
        return -1;
    lines->work = state->lines.memory;
    lines->spectrum = state->grids[1].memory;
    return 0;
}

static int transform_lines(fft_job_t *job, const heat_cuda_lines_t *lines, bool backward,
                           ipc_error_t *error)
{
    const heat_cuda_shape_t shape = {.length = {0, 0, (long long) lines->length},
                                     .rank = 1,
                                     .batch = (long long) lines->lines,
                                     .strided = lines->axis != HEAT_X,
                                     .single = lines->single,
                                     .backward = backward};
    return transform(job, &shape, lines->work, lines->spectrum, error);
}

//  There and back along an axis multiply by this.
static double gain_of(const heat_cuda_lines_t *lines)
{
    return lines->boundary == HEAT_FIXED ? (double) lines->length
                                         : 2 * (double) lines->length;
}

typedef enum direction { FORWARD, BACKWARD, THERE_AND_BACK } direction_t;

//  One axis; THERE_AND_BACK lets the waves decay between.
static int pass(fft_job_t *job, const heat_cuda_box_t *box, int axis, direction_t direction,
                ipc_error_t *error)
{
    heat_cuda_lines_t lines;
    if (find_lines(job, box, axis, &lines, error))
        return -1;
    if (direction != BACKWARD) {
        heat_cuda_lines_load(&lines);
        if (transform_lines(job, &lines, false, error))
            return -1;
    }
    if (direction == FORWARD)
        heat_cuda_lines_take(&lines);
    else if (direction == BACKWARD)
        heat_cuda_lines_put(&lines);
    else
        heat_cuda_lines_decay(&lines, job->waves.factor[axis], 1 / gain_of(&lines));
    if (direction != FORWARD) {
        if (transform_lines(job, &lines, true, error))
            return -1;
        heat_cuda_lines_store(&lines);
    }
    return heat_cuda_check(cudaGetLastError(), "transform the lines", error);
}

static int all_axes(fft_job_t *job, const heat_cuda_box_t *box, direction_t direction,
                    ipc_error_t *error)
{
    for (int axis = HEAT_X; axis >= HEAT_Z; axis--)
        if (job->grid->length[axis] > 1 && pass(job, box, axis, direction, error))
            return -1;
    return 0;
}

//  Makes the waves of what the source and the edges give. 0, or -1 with *error.
static int prepare_terms(fft_job_t *job, ipc_error_t *error)
{
    const bool edges = job->waves.coupling[HEAT_X] > 0;
    const size_t count = job->grid->count;
    const size_t size = (points_of(&job->box) * element_of(job) + 255) / 256 * 256;
    if (heat_cuda_reserve(&job->state->terms,
                          (job->source ? size : 0) +
                              (edges ? count * points_of(&job->box) * element_of(job) : 0),
                          error))
        return -1;
    char *at = job->state->terms.memory;
    if (job->source) {
        heat_cuda_box_t from = box_of(job->grid, (void *) job->source);
        from.count = 1;
        job->source_term = at;
        heat_cuda_pack(is_single(job), &from, at);
        const heat_cuda_box_t term = packed(&job->box, at, 1);
        if (all_axes(job, &term, FORWARD, error))
            return -1;
        at += size;
    }
    if (!edges)
        return 0;
    job->edges_term = at;
    heat_cuda_edges(is_single(job), &job->box, job->waves.coupling, job->pace, at);
    const heat_cuda_box_t term = packed(&job->box, at, count);
    return all_axes(job, &term, FORWARD, error);
}

static int run_lines(fft_job_t *job, ipc_error_t *error)
{
    if (job->waves.factor[HEAT_X])
        return all_axes(job, &job->box, THERE_AND_BACK, error);
    if (prepare_terms(job, error) || all_axes(job, &job->box, FORWARD, error))
        return -1;
    double scale = 1;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        const double n = (double) job->box.length[axis];
        if (job->grid->length[axis] > 1)
            scale /= job->grid->boundary == HEAT_FIXED ? 2 * (n + 1) : 2 * n;
    }
    const heat_cuda_decay_t decay = decay_of(job, scale);
    heat_cuda_decay_sum(&decay);
    return all_axes(job, &job->box, BACKWARD, error);
}

int heat_cuda_fft(heat_device_state_t *state, const heat_grid_t *grid,
                  const heat_waves_t *waves, ipc_error_t *error)
{
    fft_job_t job = {.state = state, .grid = grid};
    if (prepare(&job, waves, error) ||
        (grid->boundary == HEAT_PERIODIC ? run_periodic : run_lines)(&job, error))
        return -1;
    return heat_cuda_finish(grid, job.to, error);
}
