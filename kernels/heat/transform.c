#include "kernels/heat/transform.h"

#include <math.h>
#include <string.h>

size_t heat_period(size_t length, heat_boundary_t boundary)
{
    switch (boundary) {
    case HEAT_FIXED: return 2 * (length + 1); // upside down, with a zero in between
    case HEAT_INSULATED: return 2 * length;   // mirrored
    default: return length;
    }
}

size_t heat_transform_table(size_t length, heat_boundary_t boundary)
{
    return boundary == HEAT_INSULATED ? 2 * length : 0;
}

#define REAL double
#define N(name) f64_##name
#include "kernels/heat/transform_real.h"
#define REAL float
#define N(name) f32_##name
#include "kernels/heat/transform_real.h"

int heat_transform_set(heat_transform_t *self, heat_plans_t *plans, size_t length, ipc_dtype_t dtype,
                       heat_boundary_t boundary, bool measure, void *table, void *line, void *scratch,
                       ipc_error_t *error)
{
    const size_t period = heat_period(length, boundary);
    *self = (heat_transform_t){.boundary = boundary,
                               .dtype = dtype,
                               .length = length,
                               .turns = table,
                               .scale = 1 / (double) period};
    self->plan = heat_plans_find(plans, period, dtype, measure, line, scratch, error);
    if (!self->plan)
        return -1;
    if (boundary == HEAT_INSULATED)
        (dtype == IPC_F32 ? f32_fill_turns : f64_fill_turns)(self);
    return 0;
}

void heat_transform_forward(const heat_transform_t *self, void *line, void *scratch)
{
    (self->dtype == IPC_F32 ? f32_forward : f64_forward)(self, line, scratch);
}

void heat_transform_backward(const heat_transform_t *self, void *line, void *scratch)
{
    (self->dtype == IPC_F32 ? f32_backward : f64_backward)(self, line, scratch);
}
