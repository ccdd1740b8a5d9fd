//  heat_transform_t: from a line to its waves (device.h) and back. A line and what lies beyond its
//  edges is a periodic one: it is transformed as such, by one of FFTW's plans.
#ifndef HEAT_TRANSFORM_H
#define HEAT_TRANSFORM_H

#include "kernels/heat/plans.h"

typedef struct heat_transform {
    heat_boundary_t boundary;
    ipc_dtype_t dtype;
    size_t length;           // points that change
    const heat_plan_t *plan; // of a period; NULL: there is no such axis
    void *turns;             // insulated: the cosine and sine of pi k / 2 n for each wave k; of the dtype
    double scale;            // there and back multiply by 1 / scale
} heat_transform_t;

//  Points after which a line of so many that change comes again.
size_t heat_period(size_t length, heat_boundary_t boundary);

//  Numbers of a table of turns.
size_t heat_transform_table(size_t length, heat_boundary_t boundary);

//  Finds the plan, lent as heat_plans_find() says, and fills in the table. 0, or -1 with *error: MemoryError.
//      table           kept; of heat_transform_table() numbers
//      line, scratch   borrowed; memory such as the transforms will be used with; overwritten
int heat_transform_set(heat_transform_t *self, heat_plans_t *plans, size_t length, ipc_dtype_t dtype,
                       heat_boundary_t boundary, bool measure, void *table, void *line, void *scratch,
                       ipc_error_t *error);

//  One line in place. Forward gives wave k at k; for periodic edges the real parts of waves 0 … n / 2, and
//  at n - k the imaginary part of wave k. Backward takes that and is not normalised: see scale.
//      line     at a multiple of 64 bytes, with room for a period, whose rest is overwritten
//      scratch  likewise, for 2 (period / 2 + 1) numbers
void heat_transform_forward(const heat_transform_t *self, void *line, void *scratch);
void heat_transform_backward(const heat_transform_t *self, void *line, void *scratch);

#endif
