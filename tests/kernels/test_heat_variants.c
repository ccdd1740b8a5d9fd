//  The host's finite differences by every instruction set that this processor has, and by
//  vectors of either length: the results are equal bit for bit, whoever shares the grid.
#include <stdlib.h>
#include <string.h>

#include "heat_support.h"
#include "kernels/heat/host.h"

//  A solve: everything that a step can have.
typedef struct form {
    ipc_dtype_t dtype;
    heat_boundary_t boundary;
    size_t length[HEAT_AXES];
    bool varies, source;
    bool equal; // all neighbours count the same
} form_t;

static void fill(ipc_dtype_t dtype, void *numbers, size_t count, double most)
{
    unsigned seed = 3;
    for (size_t i = 0; i < count; i++) {
        const double number = most * rand_r(&seed) / RAND_MAX;
        if (dtype == IPC_F32)
            ((float *) numbers)[i] = (float) number;
        else
            ((double *) numbers)[i] = number;
    }
}

//  Three arrays for surfaces, the initial grid, the source.
enum { FACES = HEAT_AXES, INITIAL = FACES, SOURCE, ARRAYS };

static void make(const form_t *form, size_t points, void *arrays[ARRAYS])
{
    for (int k = 0; k < ARRAYS; k++) {
        const size_t more = k < FACES ? points / form->length[k] : 0;
        arrays[k] = calloc(points + more, sizeof(double));
        ck_assert_ptr_nonnull(arrays[k]);
        fill(form->dtype, arrays[k], points + more, k < FACES ? 0.15 : 1);
    }
}

static void solve(heat_device_state_t *state, const form_t *form, void *const *arrays,
                  int threads, void *result)
{
    heat_grid_t grid = {.dtype = form->dtype,
                        .boundary = form->boundary,
                        .count = 1,
                        .initial = arrays[INITIAL],
                        .result = result,
                        .threads = threads};
    heat_steps_t steps = {.count = 15, .source = form->source ? arrays[SOURCE] : NULL};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        grid.length[axis] = form->length[axis];
        if (form->length[axis] == 1)
            continue;
        steps.ratio[axis] = form->equal ? 0.1 : 0.1 + 0.01 * axis;
        steps.face[axis] = form->varies ? arrays[axis] : NULL;
    }
    ipc_error_t error;
    ck_assert_int_eq(heat_host_fd(state, &grid, &steps, &error), 0);
}

static void check(heat_device_state_t *state, const form_t *form)
{
    const heat_vectors_t best = heat_host_vectors();
    const size_t points = form->length[0] * form->length[1] * form->length[2];
    const size_t size = points * ipc_dtype_size(form->dtype);
    void *arrays[ARRAYS], *first = malloc(size), *other = malloc(size);
    make(form, points, arrays);
    state->vectors = HEAT_BASELINE;
    solve(state, form, arrays, 1, first);
    ck_assert_int_ne(memcmp(first, arrays[INITIAL], size), 0);
    for (int vectors = HEAT_BASELINE; vectors <= (int) best; vectors++)
        for (int threads = 1; threads <= 2; threads++) {
            state->vectors = (heat_vectors_t) vectors;
            memset(other, 0, size);
            solve(state, form, arrays, threads, other);
            ck_assert_msg(memcmp(first, other, size) == 0,
                          "vectors %d, %d threads, edges %d, %zu x %zu x %zu", vectors,
                          threads, form->boundary, form->length[0], form->length[1],
                          form->length[2]);
        }
    for (int k = 0; k < ARRAYS; k++) free(arrays[k]);
    free(first);
    free(other);
}

START_TEST(all_instruction_sets_and_threads_give_the_same_bits)
{
    // Small ones, and some that two threads share: solids by their planes, by their lines,
    // and in pieces of long lines.
    static const size_t shapes[][HEAT_AXES] = {{1, 1, 3},     {1, 1, 22001}, {1, 3, 3},
                                               {1, 151, 149}, {1, 4, 500},   {65, 18, 19},
                                               {68, 35, 33},  {3, 4, 5},
                                               {30, 38, 92},  {4, 24, 1100}};
    ipc_error_t error;
    heat_device_state_t *state = heat_host()->open(&error);
    ck_assert_ptr_nonnull(state);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int kind = 0; kind < 30; kind++) {
            const bool equal = kind >= 24;
            form_t form = {.dtype = kind & 1 ? IPC_F32 : IPC_F64,
                           .varies = !equal && kind & 2,
                           .source = !equal && kind & 4,
                           .equal = equal,
                           .boundary =
                               (heat_boundary_t) (equal ? (kind - 24) >> 1 : kind >> 3)};
            memcpy(form.length, shapes[s], sizeof form.length);
            check(state, &form);
        }
    heat_host()->close(&state);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_instruction_sets_and_threads_give_the_same_bits};
    return module_run_tests("heat_variants", tests, sizeof tests / sizeof *tests);
}
