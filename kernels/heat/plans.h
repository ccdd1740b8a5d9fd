//  heat_plans_t: FFTW's plans, kept from one solve to the next. A plan is of lines of real
//  numbers, and gives real numbers: by the kind of the edges the discrete Fourier, sine or
//  cosine transform, whose waves device.h describes.
#ifndef HEAT_PLANS_H
#define HEAT_PLANS_H

#include <stdint.h>

#include "kernels/common/refuse.h"
#include "kernels/heat/axes.h"

typedef struct heat_plans heat_plans_t;

typedef struct heat_plan {
    size_t length; // points that change: without the ends where they are fixed; 0: empty
    ipc_dtype_t dtype;
    heat_boundary_t boundary;
    void *forward; // fftw_plan, or fftwf_plan for IPC_F32
    void *backward;
    bool measured; // FFTW chose it by measuring; else by what it knows
    double scale;  // there and back multiply by 1 / scale
    uint64_t used; // when: a count of the uses of all plans
} heat_plan_t;

//  Makes an empty store of plans; frees it with its plans, NULL is fine.
heat_plans_t *heat_plans_new(void);
void heat_plans_destroy(heat_plans_t **self_p);

//  The plan for such lines, lent until twenty others have been asked for; or NULL with
//  *error: MemoryError.
//      measure        let FFTW measure, which takes from some milliseconds to seconds, and
//                     keep what it finds out for engines to come (wisdom.h)
//      line, scratch  borrowed; at multiples of 64 bytes: memory such as the plan will be
//                     used with, of length and of 2 (length / 2 + 1) numbers; overwritten
const heat_plan_t *heat_plans_find(heat_plans_t *self, size_t length, ipc_dtype_t dtype,
                                   heat_boundary_t boundary, bool measure, void *line,
                                   void *scratch, ipc_error_t *error);

//  How many plans were made since the store was; a solve with a kept plan makes none.
size_t heat_plans_made(const heat_plans_t *self);

//  One line in place; scratch as above. Forward gives wave k at k; for periodic edges the
//  real parts of waves 0 … n/2, and at n - k the imaginary part of wave k. Backward takes
//  that and is not normalised: see scale.
void heat_plan_forward(const heat_plan_t *self, void *line, void *scratch);
void heat_plan_backward(const heat_plan_t *self, void *line, void *scratch);

//  There, times the factors, and back, not normalised; of a plan for periodic edges alone.
//      factor     borrowed; of the plan's dtype: of waves 0 … length / 2, each twice
void heat_plan_multiply(const heat_plan_t *self, const void *factor, void *line,
                        void *scratch);

#endif
