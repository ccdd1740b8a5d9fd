//  Lines that decay, beside the sums over their waves that define them.
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/heat/decay.h"
#include "tests/common/run_suite.h"

static const heat_boundary_t boundaries[] = {HEAT_FIXED, HEAT_PERIODIC, HEAT_INSULATED};

//  Wave k at point j (device.h), and the sum of its squares over all points.
static double wave_at(heat_boundary_t boundary, size_t k, size_t j, size_t n)
{
    switch (boundary) {
    case HEAT_FIXED: return sin(M_PI * (double) ((k + 1) * (j + 1)) / (double) (n + 1));
    case HEAT_INSULATED: return cos(M_PI * (double) k * ((double) j + 0.5) / (double) n);
    default: // of a pair, one is the cosine and the other the sine
        return k <= n / 2 ? cos(2 * M_PI * (double) (k * j % n) / (double) n)
                          : sin(2 * M_PI * (double) ((n - k) * j % n) / (double) n);
    }
}

//  By definition: each wave's share of the line, times what is left of it.
static void expect(heat_boundary_t boundary, size_t n, const double *factor, const double *line, double *out)
{
    for (size_t j = 0; j < n; j++) out[j] = 0;
    for (size_t k = 0; k < n; k++) {
        double share = 0, square = 0;
        for (size_t j = 0; j < n; j++) {
            const double wave = wave_at(boundary, k, j, n);
            share += wave * line[j];
            square += wave * wave;
        }
        for (size_t j = 0; j < n; j++) out[j] += factor[k] * share / square * wave_at(boundary, k, j, n);
    }
}

typedef struct line {
    double *from, *expected, *factor;
    void *numbers, *scratch, *table;
} line_t;

static void *memory(size_t numbers)
{
    void *at = aligned_alloc(64, (numbers * sizeof(double) + 63) / 64 * 64 + 64);
    ck_assert_ptr_nonnull(at);
    return at;
}

static line_t line_new(size_t n, heat_boundary_t boundary)
{
    const size_t wide = heat_decay_wide(n, boundary);
    line_t self = {memory(n),    memory(n),        memory(n),
                   memory(wide), memory(wide + 2), memory(heat_decay_table(n, boundary))};
    unsigned seed = 5;
    for (size_t k = 0; k < n; k++) {
        // Both waves of a pair are left alike.
        const size_t number = boundary == HEAT_PERIODIC && k > n / 2 ? n - k : k;
        self.factor[k] = 1.0 / (1 + 0.3 * (double) number);
        self.from[k] = 1.0 * rand_r(&seed) / RAND_MAX;
    }
    expect(boundary, n, self.factor, self.from, self.expected);
    return self;
}

static void line_free(line_t *self)
{
    free(self->from);
    free(self->expected);
    free(self->factor);
    free(self->numbers);
    free(self->scratch);
    free(self->table);
}

//  How far the decayed line is from what is expected.
static double error_of(heat_plans_t *plans, size_t n, heat_boundary_t boundary, ipc_dtype_t dtype)
{
    line_t line = line_new(n, boundary);
    heat_decay_t decay;
    ipc_error_t error;
    ck_assert_int_eq(heat_decay_set(&decay, plans, n, dtype, boundary, false, line.factor, line.table, line.numbers,
                                    line.scratch, &error),
                     0);
    const bool single = dtype == IPC_F32;
    for (size_t j = 0; j < n; j++)
        if (single)
            ((float *) line.numbers)[j] = (float) line.from[j];
        else
            ((double *) line.numbers)[j] = line.from[j];
    heat_decay_line(&decay, line.numbers, line.scratch);
    double most = 0;
    for (size_t j = 0; j < n; j++) {
        const double got = single ? ((float *) line.numbers)[j] : ((double *) line.numbers)[j];
        most = fmax(most, fabs(got - line.expected[j]));
    }
    line_free(&line);
    return most;
}

static void check(heat_plans_t *plans, size_t n)
{
    for (size_t b = 0; b < sizeof boundaries / sizeof *boundaries; b++) {
        // Numbers are up to 1; the sums that are expected round too.
        const double double_error = error_of(plans, n, boundaries[b], IPC_F64);
        const double single_error = error_of(plans, n, boundaries[b], IPC_F32);
        ck_assert_msg(double_error < 3e-14, "%zu points, edges %d: off by %g", n, boundaries[b], double_error);
        ck_assert_msg(single_error < 2e-6, "%zu points, edges %d: off by %g", n, boundaries[b], single_error);
    }
}

START_TEST(lines_of_all_lengths_decay_as_the_sums_over_their_waves)
{
    heat_plans_t *plans = heat_plans_new();
    for (size_t n = 1; n <= 70; n++) check(plans, n);
    static const size_t longer[] = {97, 127, 128, 254, 509, 510};
    for (size_t k = 0; k < sizeof longer / sizeof *longer; k++) check(plans, longer[k]);
    heat_plans_destroy(&plans);
}
END_TEST

//  For these the convolution is what makes it fast: a period would be of length 2 * 3 * 11 * 31, or prime.
START_TEST(periods_that_fftw_has_no_code_for_are_not_transformed)
{
    ck_assert_uint_eq(heat_decay_wide(1022, HEAT_FIXED), 3072);
    ck_assert_uint_eq(heat_decay_wide(1021, HEAT_PERIODIC), 2048);
    ck_assert_uint_eq(heat_decay_wide(1021, HEAT_INSULATED), 3072);
    ck_assert_uint_eq(heat_decay_wide(1023, HEAT_FIXED), 2048);
    ck_assert_uint_eq(heat_decay_wide(1001, HEAT_PERIODIC), 1001); // 7 * 11 * 13
    ck_assert_uint_eq(heat_decay_wide(1024, HEAT_INSULATED), 2048);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("decay");
    tcase_add_test(tests, lines_of_all_lengths_decay_as_the_sums_over_their_waves);
    tcase_add_test(tests, periods_that_fftw_has_no_code_for_are_not_transformed);
    return run_suite("heat_decay", tests);
}
