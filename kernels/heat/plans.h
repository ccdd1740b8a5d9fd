//  heat_plans_t: FFTW's plans, kept from one solve to the next. A plan is of lines of real numbers that
//  repeat themselves, and gives their waves 0 … length / 2 as complex numbers: for these FFTW has
//  vector instructions. What edges make of them is in transform.h and decay.h.
#ifndef HEAT_PLANS_H
#define HEAT_PLANS_H

#include <stdint.h>

#include "kernels/common/refuse.h"
#include "kernels/heat/axes.h"

typedef struct heat_plans heat_plans_t;

typedef struct heat_plan {
    size_t length; // 0: empty
    ipc_dtype_t dtype;
    void *there; // fftw_plan, or fftwf_plan for IPC_F32
    void *back;
    bool measured; // FFTW chose it by measuring; else by what it knows
    uint64_t used; // when: a count of the uses of all plans
} heat_plan_t;

//  Makes an empty store of plans; frees it with its plans, NULL is fine.
heat_plans_t *heat_plans_new(void);
void heat_plans_destroy(heat_plans_t **self_p);

//  The plan for such lines, lent until twenty others have been asked for; or NULL with
//  *error: MemoryError.
//      measure        let FFTW measure, which takes from some milliseconds to seconds, and
//                     keep what it finds out for engines to come (wisdom.h)
//      line, waves    borrowed; at multiples of 64 bytes: memory such as the plan will be
//                     used with, of length and of 2 (length / 2 + 1) numbers; overwritten
const heat_plan_t *heat_plans_find(heat_plans_t *self, size_t length, ipc_dtype_t dtype, bool measure,
                                   void *line, void *waves, ipc_error_t *error);

//  How many plans were made since the store was; a solve with a kept plan makes none.
size_t heat_plans_made(const heat_plans_t *self);

//  From a line to its waves, and back: that multiplies by length, and overwrites the waves. Wave k is
//  at 2 k the real part, and then the imaginary one.
void heat_plan_there(const heat_plan_t *self, void *line, void *waves);
void heat_plan_back(const heat_plan_t *self, void *waves, void *line);

#endif
