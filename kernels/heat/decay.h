//  heat_decay_t: how the waves of a line decay, each by a factor of its own. The line and what lies
//  beyond its edges, over and over, are one periodic line; to that the factors are an even kernel,
//  which it is convolved with by transforms of real numbers:
//
//      - Where FFTW has fast code for the period, of one period.
//      - Else of a line of another length, for which it has: of the own points, and on either side as
//        far as the kernel reaches. (Of 1024 points between fixed edges the period is 2046 = 2 · 3 · 11 · 31.)
#ifndef HEAT_DECAY_H
#define HEAT_DECAY_H

#include "kernels/heat/transform.h"

typedef struct heat_decay {
    heat_boundary_t boundary;
    ipc_dtype_t dtype;
    size_t length;           // points of a line that change
    size_t reach;            // points on either side that are transformed, too; 0: see period
    size_t wide;             // numbers that are transformed
    const heat_plan_t *plan; // of these, as if they were periodic
    void *table;             // what is left of each wave of these, over their number; each twice
} heat_decay_t;

//  Numbers that are transformed for a line of so many points that change.
size_t heat_decay_wide(size_t length, heat_boundary_t boundary);

//  Numbers of a table.
size_t heat_decay_table(size_t length, heat_boundary_t boundary);

//  Finds the plan, lent as heat_plans_find() says, and fills in the table. 0, or -1 with *error: MemoryError.
//      factor    borrowed; of each wave of the line (device.h), what is left of it
//      table     kept; of heat_decay_table() numbers
//      line, scratch   borrowed; memory such as heat_decay_line() will be used with; overwritten
int heat_decay_set(heat_decay_t *self, heat_plans_t *plans, size_t length, ipc_dtype_t dtype,
                   heat_boundary_t boundary, bool measure, const double *factor, void *table, void *line,
                   void *scratch, ipc_error_t *error);

//  Lets a line decay in place.
//      line     at a multiple of 64 bytes, with room for heat_decay_wide() numbers, whose rest is overwritten
//      scratch  likewise, for 2 (wide / 2 + 1) numbers
void heat_decay_line(const heat_decay_t *self, void *line, void *scratch);

#endif
