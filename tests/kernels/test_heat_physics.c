//  What the heat equation says, and the numbers must show: heat that is kept, bounds, steady
//  states, closed forms, and errors that shrink as the order of a method says.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heat_support.h"

static const char *const methods[] = {"fd", "fft", "cn"};

static double total(const ipc_array_t *grid)
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(grid); i++) sum += heat_at(grid, i);
    return sum;
}

//  Each number is off by some 1e-16, and in the sum these average out.
START_TEST(no_heat_is_lost_but_through_fixed_edges)
{
    static const char *const kept[] = {"periodic", "insulated"};
    ipc_array_t *initial = heat_random(101, 64, 11);
    ipc_array_t *alpha = heat_random(101, 64, 12);
    for (int m = 0; m < 4; m++)
        for (int b = 0; b < 2; b++) {
            ipc_array_t *result = heat_solve(ipc_dict(
                "initial", initial, "method", methods[m % 3], "boundary", kept[b], "alpha",
                m == 3 ? ipc_value_from_array(alpha) : ipc_value_from_i64(1), "dt", 0.2,
                "steps", 300, "device", "cpu"));
            ck_assert_double_lt(fabs(total(result) / total(initial) - 1), 1e-12);
            ck_assert_double_gt(heat_difference(result, initial), 0.1);
            ipc_array_destroy(&result);
        }
    ipc_array_destroy(&initial);
    ipc_array_destroy(&alpha);
}
END_TEST

//  With insulated edges all points tend to the mean of the beginning, with fixed edges of one
//  value to that value.
START_TEST(long_times_are_flat)
{
    ipc_array_t *initial = heat_random(20, 31, 4);
    const double mean = total(initial) / (20 * 31);
    for (int m = 0; m < 3; m++) {
        ipc_array_t *result =
            heat_solve(ipc_dict("initial", initial, "method", methods[m], "boundary",
                                "insulated", "dt", 0.25, "steps", 20000, "device", "cpu"));
        for (size_t i = 0; i < ipc_array_count(result); i++)
            ck_assert_double_eq_tol(heat_at(result, i), mean, 1e-12);
        ipc_array_destroy(&result);
    }
    ipc_array_destroy(&initial);
}
END_TEST

//  Of explicit steps within their bound, and of the exact solution of the grid's equation, no
//  point leaves the range of the initial ones, whatever alpha is where.
START_TEST(extremes_are_at_the_beginning)
{
    static const char *const boundaries[] = {"fixed", "periodic", "insulated"};
    ipc_array_t *initial = heat_random(50, 70, 4);
    ipc_array_t *alpha = heat_random(50, 70, 5);
    for (int b = 0; b < 3; b++)
        for (int m = 0; m < 3; m++) {
            ipc_array_t *result = heat_solve(ipc_dict(
                "initial", initial, "boundary", boundaries[b], "method",
                m == 2 ? "fft" : "fd", "laplacian", "discrete", "dt", 0.25, "steps", 40,
                "alpha", m == 1 ? ipc_value_from_array(alpha) : ipc_value_from_i64(1),
                "device", "cpu"));
            for (size_t i = 0; i < ipc_array_count(result); i++) {
                ck_assert_double_ge(heat_at(result, i), -1e-12);
                ck_assert_double_le(heat_at(result, i), 1 + 1e-12);
            }
            ipc_array_destroy(&result);
        }
    ipc_array_destroy(&initial);
    ipc_array_destroy(&alpha);
}
END_TEST

//  A Gaussian on the infinite plane stays one: of variance s + 2 alpha t along each axis, and
//  of a height that keeps its integral. The grid is wide enough that the edges do not matter.
static ipc_array_t *gaussian(int ndim, size_t n, double extent, double start,
                             double variance)
{
    const size_t shape[] = {n, n, n};
    ipc_array_t *grid = heat_zeros(ndim, shape);
    for (size_t i = 0; i < ipc_array_count(grid); i++) {
        double square = 0;
        size_t rest = i;
        for (int axis = 0; axis < ndim; axis++, rest /= n) {
            const double x = ((double) (rest % n) + 0.5) / (double) n * extent - extent / 2;
            square += x * x;
        }
        ipc_array_f64(grid)[i] =
            pow(start / variance, ndim / 2.0) * exp(-square / (2 * variance));
    }
    return grid;
}

//  The error of a method for a Gaussian of variance 0.01 until it is 0.02, on a domain of
//  length 2 in n points.
static double gaussian_error(int ndim, size_t n, const char *boundary, const char *method,
                             const char *laplacian, int steps)
{
    ipc_array_t *initial = gaussian(ndim, n, 2, 0.01, 0.01);
    ipc_array_t *expected = gaussian(ndim, n, 2, 0.01, 0.02);
    ipc_array_t *result = heat_solve(
        ipc_dict("initial", initial, "boundary", boundary, "method", method, "laplacian",
                 laplacian, "alpha", 0.5, "dt", 0.01 / steps, "steps", steps, "lx", 2, "ly",
                 ndim > 1 ? ipc_value_from_i64(2) : ipc_none(), "lz",
                 ndim > 2 ? ipc_value_from_i64(2) : ipc_none(), "device", "cpu"));
    const double error = heat_difference(result, expected);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&expected);
    ipc_array_destroy(&result);
    return error;
}

//  At the edge, 7 deviations off, the Gaussian is exp(-25): 1e-11.
START_TEST(a_gaussian_spreads_as_on_the_infinite_plane)
{
    ck_assert_double_lt(gaussian_error(1, 64, "periodic", "fft", "continuous", 1), 1e-10);
    ck_assert_double_lt(gaussian_error(2, 64, "periodic", "fft", "continuous", 1), 1e-10);
    ck_assert_double_lt(gaussian_error(2, 64, "insulated", "fft", "continuous", 1), 1e-10);
    ck_assert_double_lt(gaussian_error(3, 48, "insulated", "fft", "continuous", 1), 1e-9);
}
END_TEST

//  The order of a method, by its error at two resolutions, one twice as fine.
static void check_order(double coarse, double fine, double order)
{
    const double measured = log2(coarse / fine);
    ck_assert_msg(fabs(measured - order) < 0.1, "%g, then %g: order %.3f, not %g", coarse,
                  fine, measured, order);
}

//  Where time is exact, what is left is the error of the five-point Laplacian.
START_TEST(the_discrete_laplacian_is_of_second_order)
{
    for (int ndim = 1; ndim <= 3; ndim++) {
        const size_t n = ndim == 3 ? 64 : 128;
        check_order(gaussian_error(ndim, n, "periodic", "fft", "discrete", 1),
                    gaussian_error(ndim, 2 * n, "periodic", "fft", "discrete", 1), 2);
        check_order(gaussian_error(ndim, n, "insulated", "fft", "discrete", 1),
                    gaussian_error(ndim, 2 * n, "insulated", "fft", "discrete", 1), 2);
    }
}
END_TEST

//  Where space is exact, what is left is the error of the steps in time.
START_TEST(crank_nicolson_is_of_second_order_in_time)
{
    check_order(gaussian_error(2, 64, "periodic", "cn", "continuous", 16),
                gaussian_error(2, 64, "periodic", "cn", "continuous", 32), 2);
    check_order(gaussian_error(1, 64, "insulated", "cn", "continuous", 16),
                gaussian_error(1, 64, "insulated", "cn", "continuous", 32), 2);
}
END_TEST

//  What steps far too long for its grid leave of a square, in the largest difference from what is true.
static double square_error(int damped)
{
    enum { N = 65 };
    ipc_array_t *initial = heat_zeros(2, (size_t[]){N, N});
    for (size_t row = N / 4; row < N - N / 4; row++)
        for (size_t column = N / 4; column < N - N / 4; column++) ipc_array_f64(initial)[row * N + column] = 1;
    ipc_array_t *steps = heat_solve(ipc_dict("initial", initial, "lx", 1, "ly", 1, "t", 0.1, "dt", 0.005, "method",
                                             "cn", "damped", damped, "device", "cpu"));
    ipc_array_t *exact = heat_solve(ipc_dict("initial", initial, "lx", 1, "ly", 1, "t", 0.1, "method", "fft",
                                             "boundary", "fixed", "laplacian", "discrete", "device", "cpu"));
    const double error = heat_difference(steps, exact);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&steps);
    ipc_array_destroy(&exact);
    return error;
}

//  Crank-Nicolson's long steps turn the sign of fast waves and hardly shorten them, so that the edges of a square
//  stay; two damped steps are enough that its error is that of its slow waves (R. Rannacher, "Finite element
//  solution of diffusion problems with irregular data", Numer. Math. 43, 1984).
START_TEST(damped_steps_let_no_edge_stay)
{
    ck_assert_double_gt(square_error(0), 0.05);
    ck_assert_double_lt(square_error(2), 0.001);
}
END_TEST

//  The spectral method with the discrete Laplacian solves what finite differences step
//  through: their difference is of first order in dt, and of no order in space.
static double step_error(const char *boundary, double dt)
{
    ipc_array_t *initial = heat_random(40, 53, 9);
    ipc_array_t *steps = heat_solve(ipc_dict("initial", initial, "boundary", boundary, "dt",
                                             dt, "t", 2, "device", "cpu"));
    ipc_array_t *exact =
        heat_solve(ipc_dict("initial", initial, "boundary", boundary, "method", "fft",
                            "laplacian", "discrete", "t", 2, "device", "cpu"));
    const double error = heat_difference(steps, exact);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&steps);
    ipc_array_destroy(&exact);
    return error;
}

START_TEST(finite_differences_tend_to_the_discrete_spectral_solution)
{
    static const char *const boundaries[] = {"fixed", "periodic", "insulated"};
    for (int b = 0; b < 3; b++)
        check_order(step_error(boundaries[b], 0.005), step_error(boundaries[b], 0.0025), 1);
}
END_TEST

//  A random grid has edges of many values, which stay; all methods tend to the same grid.
START_TEST(edges_keep_any_values)
{
    const size_t shape[] = {9, 7, 8};
    for (int ndim = 1; ndim <= 3; ndim++) {
        ipc_array_t *initial = heat_random_of(ndim, shape, 2), *first = NULL;
        for (int m = 0; m < 3; m++) {
            ipc_array_t *result =
                heat_solve(ipc_dict("initial", initial, "method", methods[m], "boundary",
                                    "fixed", "dt", 0.15, "steps", 4000, "device", "cpu"));
            if (m == 0)
                first = result;
            else
                ck_assert_double_lt(heat_difference(result, first), 1e-12);
            ck_assert_double_gt(heat_largest(result), 0.1);
            if (m > 0)
                ipc_array_destroy(&result);
        }
        ipc_array_destroy(&initial);
        ipc_array_destroy(&first);
    }
}
END_TEST

//  Between two fixed ends a rod tends to the line between them, whatever its alpha is; where
//  it is of two layers, to two lines that carry the same heat. Those stay as they are.
START_TEST(steady_rods_are_straight)
{
    enum { N = 41, HALF = 20 };
    double rod[N], alpha[N];
    for (int i = 0; i < N; i++) rod[i] = 1 + 0.5 * i;
    for (int m = 0; m < 3; m++) {
        ipc_array_t *result = heat_solve(ipc_dict("initial", ipc_f64(rod, N), "method",
                                                  methods[m], "boundary", "fixed", "dt",
                                                  0.5, "steps", 100, "device", "cpu"));
        for (size_t i = 0; i < N; i++)
            ck_assert_double_eq_tol(heat_at(result, i), rod[i], 1e-11);
        ipc_array_destroy(&result);
    }
    // The layers meet in the middle between points HALF and HALF + 1: there are HALF + 1/2
    // lengths of alpha 1 on one side, and N - 1 less that of alpha 0.1 on the other.
    const double meeting = HALF + 0.5, flow = 1 / (meeting / 1 + (N - 1 - meeting) / 0.1);
    for (int i = 0; i < N; i++) {
        alpha[i] = i <= HALF ? 1 : 0.1;
        rod[i] = i <= HALF ? flow * i : flow * meeting + (i - meeting) * flow / 0.1;
    }
    ipc_array_t *result =
        heat_solve(ipc_dict("initial", ipc_f64(rod, N), "alpha", ipc_f64(alpha, N), "dt",
                            0.5, "steps", 1000, "device", "cpu"));
    for (size_t i = 0; i < N; i++)
        ck_assert_double_eq_tol(heat_at(result, i), rod[i], 1e-13);
    ipc_array_destroy(&result);
}
END_TEST

//  A source that is a wave f gives u = f (1 - exp(-rate t)) / rate, exactly; with uniform
//  f and edges that keep the heat, u = f t.
START_TEST(the_spectral_method_adds_sources_exactly)
{
    enum { N = 30, M = 17 };
    ipc_array_t *zeros = heat_zeros(2, (const size_t[]){N, M});
    ipc_array_t *source = heat_zeros(2, (const size_t[]){N, M});
    for (size_t i = 0; i < N * M; i++)
        ipc_array_f64(source)[i] = cos(2 * M_PI * (double) (i / M) / N);
    const double wave = 2 * M_PI / N, rate = 0.3 * wave * wave, t = 40;
    ipc_array_t *result =
        heat_solve(ipc_dict("initial", zeros, "source", source, "method", "fft", "alpha",
                            0.3, "t", t, "device", "cpu"));
    for (size_t i = 0; i < N * M; i++)
        ck_assert_double_eq_tol(heat_at(result, i),
                                ipc_array_f64(source)[i] * (1 - exp(-rate * t)) / rate,
                                1e-11);
    ipc_array_destroy(&result);
    for (size_t i = 0; i < N * M; i++) ipc_array_f64(source)[i] = 0.25;
    for (int m = 0; m < 3; m++) {
        result = heat_solve(ipc_dict("initial", zeros, "source", source, "method",
                                     methods[m], "boundary", "insulated", "dt", 0.2, "t", t,
                                     "device", "cpu"));
        for (size_t i = 0; i < N * M; i++)
            ck_assert_double_eq_tol(heat_at(result, i), 0.25 * t, 1e-11);
        ipc_array_destroy(&result);
    }
    ipc_array_destroy(&zeros);
    ipc_array_destroy(&source);
}
END_TEST

//  All methods tend to the same grid where a source and fixed edges hold each other.
START_TEST(sources_and_edges_find_a_balance)
{
    ipc_array_t *initial = heat_random(12, 15, 1), *source = heat_random(12, 15, 2);
    ipc_array_t *fd = heat_solve(ipc_dict("initial", initial, "source", source, "dt", 0.25,
                                          "steps", 4000, "device", "cpu"));
    for (int m = 0; m < 2; m++) {
        ipc_array_t *other =
            heat_solve(ipc_dict("initial", initial, "source", source, "boundary", "fixed",
                                "method", m == 0 ? "cn" : "fft", "laplacian", "discrete",
                                "dt", 1, "t", 1000, "device", "cpu"));
        ck_assert_double_lt(heat_difference(fd, other), 1e-11);
        ipc_array_destroy(&other);
    }
    ipc_array_destroy(&initial);
    ipc_array_destroy(&source);
    ipc_array_destroy(&fd);
}
END_TEST

//  A manufactured solution: with alpha = 1 + cos(2 pi x) / 2 and the source that holds it,
//  u = sin(2 pi x) stays, but for the error of the grid.
static double held_error(size_t n)
{
    ipc_array_t *u = heat_zeros(1, &n), *alpha = heat_zeros(1, &n),
                *source = heat_zeros(1, &n);
    for (size_t i = 0; i < n; i++) {
        const double x = 2 * M_PI * (double) i / (double) n, k = 2 * M_PI;
        ipc_array_f64(u)[i] = sin(x);
        ipc_array_f64(alpha)[i] = 1 + cos(x) / 2;
        // -d/dx (alpha du/dx)
        ipc_array_f64(source)[i] = k * k * (sin(x) + sin(2 * x) / 2);
    }
    const double dt = 0.25 / (double) (n * n);
    ipc_array_t *result = heat_solve(
        ipc_dict("initial", u, "alpha", alpha, "source", source, "boundary", "periodic",
                 "lx", 1, "dt", dt, "steps", (int) (n * n / 4), "device", "cpu"));
    const double error = heat_difference(result, u);
    ipc_array_destroy(&u);
    ipc_array_destroy(&alpha);
    ipc_array_destroy(&source);
    ipc_array_destroy(&result);
    return error;
}

START_TEST(a_manufactured_solution_shows_second_order_where_alpha_varies)
{
    check_order(held_error(32), held_error(64), 2);
    check_order(held_error(64), held_error(128), 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        no_heat_is_lost_but_through_fixed_edges,
        long_times_are_flat,
        extremes_are_at_the_beginning,
        a_gaussian_spreads_as_on_the_infinite_plane,
        the_discrete_laplacian_is_of_second_order,
        crank_nicolson_is_of_second_order_in_time,
        damped_steps_let_no_edge_stay,
        finite_differences_tend_to_the_discrete_spectral_solution,
        edges_keep_any_values,
        steady_rods_are_straight,
        the_spectral_method_adds_sources_exactly,
        sources_and_edges_find_a_balance,
        a_manufactured_solution_shows_second_order_where_alpha_varies,
    };
    return module_run_tests("heat_physics", tests, sizeof tests / sizeof *tests);
}
