#include "kernels/heat/decay.h"

#include <string.h>

//  Whether all prime factors of a number are at most so large; FFTW has code of their own for those up to 13.
static bool has_code(size_t number, size_t most)
{
    static const size_t primes[] = {2, 3, 5, 7, 11, 13};
    for (size_t k = 0; k < sizeof primes / sizeof *primes && primes[k] <= most; k++)
        while (number > 0 && number % primes[k] == 0) number /= primes[k];
    return number <= 1;
}

//  How far the kernel reaches; 0, where a period is transformed as it is.
static size_t reach_of(size_t length, heat_boundary_t boundary)
{
    const size_t period = heat_period(length, boundary);
    return has_code(period, 13) ? 0 : period / 2;
}

size_t heat_decay_wide(size_t length, heat_boundary_t boundary)
{
    const size_t reach = reach_of(length, boundary);
    if (reach == 0)
        return heat_period(length, boundary);
    size_t wide = (length + 2 * reach + 1) / 2 * 2;
    while (!has_code(wide, 5)) wide += 2;
    return wide;
}

size_t heat_decay_table(size_t length, heat_boundary_t boundary)
{
    return 2 * (heat_decay_wide(length, boundary) / 2 + 1);
}

//  What is left of wave k of a period. What none of a line's waves is, nothing is left of: there is nothing of it.
static double left_of(const heat_decay_t *self, const double *factor, size_t k)
{
    switch (self->boundary) {
    case HEAT_FIXED: return k == 0 || k > self->length ? 0 : factor[k - 1];
    case HEAT_INSULATED: return k < self->length ? factor[k] : 0;
    default: return factor[k];
    }
}

#define REAL double
#define N(name) f64_##name
#include "kernels/heat/decay_real.h"
#define REAL float
#define N(name) f32_##name
#include "kernels/heat/decay_real.h"

int heat_decay_set(heat_decay_t *self, heat_plans_t *plans, size_t length, ipc_dtype_t dtype,
                   heat_boundary_t boundary, bool measure, const double *factor, void *table, void *line,
                   void *scratch, ipc_error_t *error)
{
    const bool single = dtype == IPC_F32;
    const size_t period = heat_period(length, boundary);
    *self = (heat_decay_t){.boundary = boundary,
                           .dtype = dtype,
                           .length = length,
                           .reach = reach_of(length, boundary),
                           .wide = heat_decay_wide(length, boundary),
                           .table = table};
    self->plan = heat_plans_find(plans, self->wide, dtype, measure, line, scratch, error);
    if (!self->plan)
        return -1;
    if (self->reach == 0) {
        (single ? f32_take_factors : f64_take_factors)(self, factor);
        return 0;
    }
    // Once, so nothing is measured for it.
    const heat_plan_t *whole = heat_plans_find(plans, period, dtype, false, line, scratch, error);
    if (!whole)
        return -1;
    (single ? f32_take_kernel : f64_take_kernel)(self, whole, factor, line, scratch);
    return 0;
}

void heat_decay_line(const heat_decay_t *self, void *line, void *scratch)
{
    const bool single = self->dtype == IPC_F32;
    (single ? f32_widen : f64_widen)(self, line);
    heat_plan_there(self->plan, line, scratch);
    (single ? f32_multiply : f64_multiply)(self, scratch);
    heat_plan_back(self->plan, scratch, line);
}
