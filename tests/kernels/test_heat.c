//  The numerics of heat.solve, on the device that HEAT_DEVICE names; 77 where there is
//  none.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heat_support.h"

//  The scheme of the lecture, written down as it stands there.
static ipc_array_t *reference(const ipc_array_t *initial, double ratio, int steps)
{
    const size_t *shape = ipc_array_shape(initial);
    const size_t rows = shape[0], columns = shape[1];
    ipc_array_t *result = ipc_array_new(IPC_F64, 2, shape, NULL);
    ipc_array_t *before = ipc_array_new(IPC_F64, 2, shape, NULL);
    double *u = ipc_array_f64(result), *v = ipc_array_f64(before);
    for (size_t i = 0; i < ipc_array_count(initial); i++) u[i] = heat_at(initial, i);
    for (int step = 0; step < steps; step++) {
        memcpy(v, u, ipc_array_size(result));
        for (size_t r = 1; r + 1 < rows; r++)
            for (size_t c = 1; c + 1 < columns; c++) {
                const size_t i = r * columns + c;
                u[i] = v[i] + ratio * (v[i - 1] + v[i + 1] + v[i - columns] +
                                       v[i + columns] - 4 * v[i]);
            }
    }
    ipc_array_destroy(&before);
    return result;
}

static double fd_error(size_t rows, size_t columns, int steps, int threads,
                       const char *dtype)
{
    ipc_array_t *initial = heat_random(rows, columns, (unsigned) (rows + columns));
    ipc_array_t *expected = reference(initial, 0.2, steps);
    ipc_array_t *result = heat_solve(ipc_dict("initial", initial, "steps", steps, "dt", 0.1,
                                              "alpha", 2, "threads", threads, "dtype",
                                              dtype, "device", heat_device_name()));
    double error = heat_difference(result, expected);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&expected);
    ipc_array_destroy(&result);
    return error;
}

//  Values are at most 1 and each step rounds a few times: 2e-16 a step, far below 1e-12.
START_TEST(finite_differences_equal_the_reference_on_every_shape)
{
    static const size_t shapes[][2] = {{3, 3},    {3, 200},  {200, 3},
                                       {4, 5},    {17, 64},  {129, 131},
                                       {300, 40}, {64, 700}, {257, 1025}};
    static const int steps[] = {0, 1, 2, 11, 12, 13, 50};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
            for (int threads = 1; threads <= 3; threads++)
                ck_assert_double_lt(
                    fd_error(shapes[s][0], shapes[s][1], steps[k], threads, "float64"),
                    1e-12);
}
END_TEST

//  On the host alone.
START_TEST(finite_differences_of_one_and_three_dimensions)
{
    enum { N = 150, M = 5 };
    ipc_array_t *line = ipc_array_new(IPC_F64, 1, (const size_t[]){N}, NULL);
    ipc_array_t *solid = ipc_array_new(IPC_F64, 3, (const size_t[]){M, M, N}, NULL);
    for (size_t i = 0; i < N; i++) ipc_array_f64(line)[i] = (double) (i * i % 97) / 97;
    for (size_t i = 0; i < M * M * N; i++)
        ipc_array_f64(solid)[i] = ipc_array_f64(line)[i % N];
    // Two steps reach no further than the middle line: what is beside it is still equal.
    ipc_array_t *one = heat_solve(ipc_dict("initial", line, "steps", 2, "device", "cpu"));
    ipc_array_t *three =
        heat_solve(ipc_dict("initial", solid, "steps", 2, "device", "cpu"));
    const size_t middle = (M / 2 * M + M / 2) * N;
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq_tol(heat_at(one, i), heat_at(three, middle + i), 1e-15);
        const double *u = ipc_array_f64(line);
        if (i > 1 && i + 2 < N)
            ck_assert_double_eq_tol(heat_at(one, i),
                                    0.01 * u[i - 2] + 0.16 * u[i - 1] + 0.66 * u[i] +
                                        0.16 * u[i + 1] + 0.01 * u[i + 2],
                                    1e-15);
    }
    ipc_array_destroy(&line);
    ipc_array_destroy(&solid);
    ipc_array_destroy(&one);
    ipc_array_destroy(&three);
}
END_TEST

START_TEST(the_cross_equals_the_reference)
{
    ipc_value_t cross = module_call("initial", ipc_dict("n", 1024));
    ipc_array_t *initial = (ipc_array_t *) ipc_value_array(cross);
    ipc_array_t *expected = reference(initial, 0.1, 200);
    ipc_array_t *result = heat_solve(ipc_dict("steps", 200, "device", heat_device_name()));
    ck_assert_double_lt(heat_difference(result, expected), 1e-12);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&expected);
    ipc_array_destroy(&result);
}
END_TEST

//  In single precision a step rounds by 6e-8, and steps average: 1e-5 leaves room for 50 of
//  them.
START_TEST(finite_differences_in_single_precision)
{
    ck_assert_double_lt(fd_error(129, 131, 50, 2, "float32"), 1e-5);
    ck_assert_double_lt(fd_error(3, 3, 50, 2, "float32"), 1e-5);
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
    static const char *const methods[] = {"fd", "fft"};
    ipc_array_t *initial = heat_random(611, 403, 7);
    for (int m = 0; m < 2; m++) {
        ipc_array_t *one =
            heat_solve(ipc_dict("initial", initial, "steps", 37, "threads", 1, "method",
                                methods[m], "device", heat_device_name()));
        for (int threads = 2; threads <= 9; threads++) {
            ipc_array_t *many =
                heat_solve(ipc_dict("initial", initial, "steps", 37, "threads", threads,
                                    "method", methods[m], "device", heat_device_name()));
            ck_assert_mem_eq(ipc_array_data(one), ipc_array_data(many),
                             ipc_array_size(one));
            ipc_array_destroy(&many);
        }
        ipc_array_destroy(&one);
    }
    ipc_array_destroy(&initial);
}
END_TEST

//  No point leaves the range of its neighbours: the result stays within that of the initial
//  values.
START_TEST(finite_differences_obey_the_maximum_principle)
{
    ipc_array_t *result = heat_solve(
        ipc_dict("n", 200, "steps", 500, "dt", 0.25, "device", heat_device_name()));
    for (size_t i = 0; i < ipc_array_count(result); i++) {
        ck_assert_double_ge(heat_at(result, i), 0);
        ck_assert_double_le(heat_at(result, i), 1 + 1e-12);
    }
    ipc_array_destroy(&result);
}
END_TEST

START_TEST(finite_differences_keep_the_edges)
{
    ipc_array_t *initial = heat_random(70, 50, 3);
    ipc_array_t *result = heat_solve(
        ipc_dict("initial", initial, "steps", 100, "device", heat_device_name()));
    for (size_t r = 0; r < 70; r++)
        for (size_t c = 0; c < 50; c++)
            if (r == 0 || c == 0 || r == 69 || c == 49)
                ck_assert(heat_at(result, r * 50 + c) == heat_at(initial, r * 50 + c));
    ipc_array_destroy(&initial);
    ipc_array_destroy(&result);
}
END_TEST

//  A single wave cos(2 pi (m r / rows + n c / columns) + phase) only decays, by the factor
//  of the lecture. Gives the largest difference from that, relative to what is left of the
//  wave.
static double wave_error(size_t rows, size_t columns, int m, int n, double t,
                         const char *dtype)
{
    ipc_array_t *initial = ipc_array_new(IPC_F64, 2, (const size_t[]){rows, columns}, NULL);
    const double y = (double) m / (double) rows, x = (double) n / (double) columns;
    for (size_t i = 0; i < rows * columns; i++) {
        // Whole turns are taken out before they cost precision.
        const size_t turns_y = (i / columns) * (size_t) abs(m) % rows;
        const size_t turns_x = (i % columns) * (size_t) abs(n) % columns;
        const double angle = (double) turns_y / (double) rows * (m < 0 ? -1 : 1) +
                             (double) turns_x / (double) columns * (n < 0 ? -1 : 1);
        ipc_array_f64(initial)[i] = cos(2 * M_PI * angle + 0.3);
    }
    const double left = exp(-4 * M_PI * M_PI * (x * x + y * y) * 0.7 * t);
    ipc_array_t *result =
        heat_solve(ipc_dict("initial", initial, "method", "fft", "t", t, "alpha", 0.7,
                            "dtype", dtype, "device", heat_device_name()));
    for (size_t i = 0; i < rows * columns; i++) ipc_array_f64(initial)[i] *= left;
    const double error = heat_difference(result, initial) / left;
    ipc_array_destroy(&initial);
    ipc_array_destroy(&result);
    return error;
}

//  FFTW's error grows with the logarithm of the size: a few 1e-16, and the largest of many.
START_TEST(single_waves_decay_as_the_closed_form_says)
{
    static const size_t shapes[][2] = {{64, 64}, {1024, 1024}, {63, 65},
                                       {3, 3},   {48, 200},    {101, 7}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t rows = shapes[s][0], columns = shapes[s][1];
        ck_assert_double_lt(wave_error(rows, columns, 0, 0, 3.7, "float64"), 1e-12);
        // A time in which a good part of the wave is left on grids of every size.
        const double t = (double) (rows < columns ? rows * rows : columns * columns) / 100;
        ck_assert_double_lt(wave_error(rows, columns, 1, 0, t, "float64"), 1e-12);
        ck_assert_double_lt(wave_error(rows, columns, 1, -1, t, "float64"), 1e-12);
        ck_assert_double_lt(wave_error(rows, columns, 1, 1, t, "float32"), 1e-5);
    }
    ck_assert_double_lt(wave_error(64, 64, 5, -3, 10, "float64"), 1e-12);
    ck_assert_double_lt(wave_error(1024, 1024, 3, 8, 100, "float64"), 1e-12);
}
END_TEST

//  Each number is off by some 1e-16, and in the sum these average out.
START_TEST(the_periodic_method_keeps_the_mean)
{
    ipc_array_t *initial = heat_random(500, 640, 11);
    ipc_array_t *result = heat_solve(ipc_dict("initial", initial, "method", "fft", "t", 50,
                                              "device", heat_device_name()));
    double before = 0, after = 0;
    for (size_t i = 0; i < ipc_array_count(initial); i++) {
        before += heat_at(initial, i);
        after += heat_at(result, i);
    }
    ck_assert_double_lt(fabs(after / before - 1), 1e-12);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&result);
}
END_TEST

START_TEST(the_spectral_method_without_time_changes_nothing)
{
    ipc_array_t *initial = heat_random(33, 50, 5);
    ipc_array_t *result = heat_solve(ipc_dict("initial", initial, "method", "fft", "t", 0,
                                              "device", heat_device_name()));
    ck_assert_double_lt(heat_difference(initial, result), 1e-14);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&result);
}
END_TEST

//  Two short times are one long one, also where the waves have decayed to almost nothing.
START_TEST(two_times_add_up)
{
    ipc_array_t *once = heat_solve(
        ipc_dict("n", 128, "method", "fft", "t", 900.5, "device", heat_device_name()));
    ipc_array_t *half = heat_solve(
        ipc_dict("n", 128, "method", "fft", "t", 600.25, "device", heat_device_name()));
    ipc_array_t *twice = heat_solve(ipc_dict("initial", half, "method", "fft", "t", 300.25,
                                             "device", heat_device_name()));
    ck_assert_double_lt(heat_difference(once, twice), 1e-13);
    ipc_array_destroy(&once);
    ipc_array_destroy(&half);
    ipc_array_destroy(&twice);
}
END_TEST

//  Far from the edges the two methods solve the same problem; their difference is the
//  scheme's error, of the order of dx^2.
START_TEST(both_methods_agree_away_from_the_edges)
{
    ipc_array_t *fd = heat_solve(ipc_dict("n", 256, "t", 20, "device", heat_device_name()));
    ipc_array_t *fft = heat_solve(
        ipc_dict("n", 256, "t", 20, "method", "fft", "device", heat_device_name()));
    const double difference = heat_difference(fd, fft);
    ck_assert_double_lt(difference, 0.01);
    ck_assert_double_gt(difference, 1e-6);
    ipc_array_destroy(&fd);
    ipc_array_destroy(&fft);
}
END_TEST

int main(void)
{
    if (!heat_device_found())
        return 77;
    const TTest *const tests[] = {
        finite_differences_equal_the_reference_on_every_shape,
        finite_differences_of_one_and_three_dimensions,
        the_cross_equals_the_reference,
        finite_differences_in_single_precision,
        threads_do_not_change_a_bit,
        finite_differences_obey_the_maximum_principle,
        finite_differences_keep_the_edges,
        single_waves_decay_as_the_closed_form_says,
        the_periodic_method_keeps_the_mean,
        the_spectral_method_without_time_changes_nothing,
        two_times_add_up,
        both_methods_agree_away_from_the_edges,
    };
    return module_run_tests("heat", tests, sizeof tests / sizeof *tests);
}
