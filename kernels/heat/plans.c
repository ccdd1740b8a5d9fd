#include "kernels/heat/plans.h"

#include <fftw3.h>
#include <stdlib.h>

#include "kernels/heat/wisdom.h"

enum { PLANS = 24 }; // kept; the one unused for longest goes first

struct heat_plans {
    heat_plan_t plans[PLANS];
    uint64_t uses;
    size_t made;
    bool informed; // FFTW knows what was measured before
};

#define F(name) fftw_##name
#define N(name) f64_##name
#include "kernels/heat/plans_real.h"
#define F(name) fftwf_##name
#define N(name) f32_##name
#include "kernels/heat/plans_real.h"

heat_plans_t *heat_plans_new(void)
{
    return calloc(1, sizeof(heat_plans_t));
}

static void forget(heat_plan_t *plan)
{
    (plan->dtype == IPC_F32 ? f32_forget : f64_forget)(plan);
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

const heat_plan_t *heat_plans_find(heat_plans_t *self, size_t length, ipc_dtype_t dtype, bool measure,
                                   void *line, void *waves, ipc_error_t *error)
{
    heat_plan_t *oldest = self->plans;
    for (heat_plan_t *plan = self->plans; plan < self->plans + PLANS; plan++) {
        if (plan->length == length && plan->dtype == dtype && plan->measured >= measure) {
            plan->used = ++self->uses;
            return plan;
        }
        if (plan->used < oldest->used)
            oldest = plan;
    }
    forget(oldest);
    if (measure || !self->informed) // another engine may have measured since
        heat_wisdom_load();
    self->informed = true;
    *oldest = (heat_plan_t){.length = length, .dtype = dtype, .measured = measure, .used = ++self->uses};
    if (!(dtype == IPC_F32 ? f32_plan : f64_plan)(oldest, line, waves)) {
        forget(oldest);
        kernel_refuse(error, "MemoryError", "FFTW made no plan for lines of %zu numbers",
                      length);
        return NULL;
    }
    self->made++;
    if (measure)
        heat_wisdom_save();
    return oldest;
}

void heat_plan_there(const heat_plan_t *self, void *line, void *waves)
{
    (self->dtype == IPC_F32 ? f32_there : f64_there)(self, line, waves);
}

void heat_plan_back(const heat_plan_t *self, void *waves, void *line)
{
    (self->dtype == IPC_F32 ? f32_back : f64_back)(self, waves, line);
}
