//  Finite differences on the CUDA device: what is copied, and which kernels take the steps.
#include "kernels/heat/cuda_state.h"

//  Copies what the kernels read beside the grids, and fills their arguments. 0, or -1 with
//  *error.
static int prepare(heat_device_state_t *state, const heat_grid_t *grid,
                   const heat_steps_t *steps, heat_cuda_grids_t *grids, ipc_error_t *error)
{
    const size_t *length = grid->length, element = ipc_dtype_size(grid->dtype);
    const size_t points = length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X];
    heat_cuda_cargo_t cargo = {0};
    const void *pace = NULL;
    *grids = (heat_cuda_grids_t){.single = grid->dtype == IPC_F32,
                                 .boundary = grid->boundary,
                                 .count = grid->count};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        grids->length[axis] = length[axis];
        grids->ratio[axis] = steps->ratio[axis];
        heat_cuda_add(&cargo, steps->face[axis], (points + points / length[axis]) * element,
                      &grids->face[axis]);
    }
    heat_cuda_add(&cargo, steps->source, points * element, &grids->source);
    heat_cuda_add(&cargo, grid->pace, grid->count * sizeof *grid->pace, &pace);
    if (heat_cuda_send(&cargo, &state->inputs, error))
        return -1;
    grids->pace = pace;
    return 0;
}

//  Queues all steps, and gives which grid holds the last one.
static void *queue_steps(heat_device_state_t *state, const heat_cuda_grids_t *grids,
                         int64_t count)
{
    void *one = state->grids[0].memory, *other = state->grids[1].memory, *now = one;
    for (int64_t left = count; left > 0;) {
        void *next = now == one ? other : one, *here = now;
        left -= grids->length[HEAT_Z] > 1
                    ? heat_cuda_step_solids(grids, &state->machine, left, now, next, &here)
                : grids->length[HEAT_Y] > 1
                    ? heat_cuda_step_planes(grids, &state->machine, left, now, next, &here)
                    : heat_cuda_step_lines(grids, &state->machine, left, now, next, &here);
        now = here;
    }
    return now;
}

int heat_cuda_fd(heat_device_state_t *state, const heat_grid_t *grid,
                 const heat_steps_t *steps, ipc_error_t *error)
{
    const size_t size = heat_cuda_size(grid);
    heat_cuda_grids_t grids;
    if (heat_cuda_reserve(&state->grids[0], size, error) ||
        heat_cuda_reserve(&state->grids[1], size, error) ||
        prepare(state, grid, steps, &grids, error) ||
        heat_cuda_copy(state->grids[0].memory, grid->initial, size, "take the grid", error))
        return -1;
    const void *last = queue_steps(state, &grids, steps->count);
    if (heat_cuda_check(cudaGetLastError(), "start a step", error))
        return -1;
    return heat_cuda_finish(grid, last, error);
}
