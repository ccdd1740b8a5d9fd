//  Single waves: for each kind of edges, method and Laplacian a wave of the grid only decays,
//  by a closed form, on grids of any length and of one to three dimensions.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heat_support.h"

//  A wave, and a solve of it.
typedef struct wave {
    const char *method, *boundary, *laplacian; // laplacian: NULL: the method's own
    int ndim;
    size_t length[3];
    int k[3];         // half waves along each axis, whole ones for periodic edges
    double extent[3]; // lengths of the domain; 0: points are 1 apart
    double dt, alpha;
    int steps, damped;
    int threads;
    const char *dtype;
} wave_t;

static bool is(const char *word, const char *other)
{
    return word && strcmp(word, other) == 0;
}

//  The angle by which the wave goes on from a point to the next.
static double angle_of(const wave_t *self, int axis)
{
    const double n = (double) self->length[axis];
    if (is(self->boundary, "periodic"))
        return 2 * M_PI * self->k[axis] / n;
    return M_PI * self->k[axis] / (is(self->boundary, "fixed") ? n - 1 : n);
}

static double spacing_of(const wave_t *self, int axis)
{
    const double n = (double) self->length[axis];
    if (self->extent[axis] == 0)
        return 1;
    return self->extent[axis] / (is(self->boundary, "fixed") ? n - 1 : n);
}

static double value_along(const wave_t *self, int axis, size_t point)
{
    const size_t n = self->length[axis];
    if (is(self->boundary,
           "periodic")) // whole turns are taken out before they cost precision
        return cos(2 * M_PI * (double) (point * (size_t) self->k[axis] % n) / (double) n +
                   0.3);
    return is(self->boundary, "fixed") ? sin(angle_of(self, axis) * (double) point)
                                       : cos(angle_of(self, axis) * ((double) point + 0.5));
}

static ipc_array_t *make_wave(const wave_t *self)
{
    ipc_array_t *grid = heat_zeros(self->ndim, self->length);
    for (size_t i = 0; i < ipc_array_count(grid); i++) {
        double value = 1;
        size_t rest = i;
        for (int axis = self->ndim - 1; axis >= 0; axis--) {
            const size_t point = rest % self->length[axis];
            const bool edge = point == 0 || point + 1 == self->length[axis];
            value *=
                is(self->boundary, "fixed") && edge ? 0 : value_along(self, axis, point);
            rest /= self->length[axis];
        }
        ipc_array_f64(grid)[i] = value;
    }
    return grid;
}

//  What is left of the wave.
static double left_of(const wave_t *self)
{
    const bool discrete =
        self->laplacian ? is(self->laplacian, "discrete") : !is(self->method, "fft");
    double rate = 0;
    for (int axis = 0; axis < self->ndim; axis++) {
        const double angle = angle_of(self, axis), d = spacing_of(self, axis);
        const double wave = discrete ? 2 * sin(angle / 2) / d : angle / d;
        rate += self->alpha * wave * wave;
    }
    if (is(self->method, "fd"))
        return pow(1 - rate * self->dt, self->steps);
    if (is(self->method, "fft"))
        return exp(-rate * self->dt * self->steps);
    const double half = rate * self->dt / 2;
    const int damped = self->damped < self->steps ? self->damped : self->steps;
    return pow((1 - half) / (1 + half), self->steps - damped) / pow(1 + half, 2 * damped);
}

static ipc_value_t extent_value(const wave_t *self, int back)
{
    const int axis = self->ndim - back;
    return axis < 0 || self->extent[axis] == 0 ? ipc_none()
                                               : ipc_value_from_f64(self->extent[axis]);
}

//  The largest difference of the result from the wave times what must be left of it.
static double error_of(const wave_t *self)
{
    ipc_array_t *grid = make_wave(self);
    ipc_array_t *result = heat_solve(ipc_dict(
        "initial", grid, "method", self->method, "boundary", self->boundary, "laplacian",
        self->laplacian ? ipc_value_from_str(self->laplacian) : ipc_none(), "dt", self->dt,
        "alpha", self->alpha, "steps", self->steps, "damped", self->damped, "lx", extent_value(self, 1), "ly",
        extent_value(self, 2), "lz", extent_value(self, 3), "threads",
        self->threads ? self->threads : 2, "dtype", self->dtype ? self->dtype : "float64",
        "device", "cpu"));
    const double left = left_of(self);
    for (size_t i = 0; i < ipc_array_count(grid); i++) ipc_array_f64(grid)[i] *= left;
    const double error = heat_difference(result, grid);
    ipc_array_destroy(&grid);
    ipc_array_destroy(&result);
    return error;
}

static const char *const boundaries[] = {"fixed", "periodic", "insulated"};

//  FFTW's error grows with the logarithm of the length, a step of differences rounds once:
//  both stay far below 1e-12.
static void check(wave_t wave)
{
    ck_assert_msg(error_of(&wave) < 1e-12,
                  "%s, %s, %s, %d dimensions, %zu x %zu x %zu, %d steps: off by %g",
                  wave.method, wave.boundary, wave.laplacian ? wave.laplacian : "-",
                  wave.ndim, wave.length[0], wave.length[1], wave.length[2], wave.steps,
                  error_of(&wave));
}

//  Powers of two, small ones, odd ones and primes.
static const size_t shapes[][2] = {{64, 64},   {3, 3},   {4, 101}, {97, 5},
                                   {128, 251}, {61, 67}, {300, 7}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

START_TEST(spectral_waves_decay_by_either_laplacian)
{
    static const char *const laplacians[] = {"continuous", "discrete"};
    for (size_t s = 0; s < SHAPES; s++)
        for (int b = 0; b < 3; b++)
            for (int l = 0; l < 2; l++)
                check((wave_t){.method = "fft",
                               .boundary = boundaries[b],
                               .laplacian = laplacians[l],
                               .ndim = 2,
                               .length = {shapes[s][0], shapes[s][1]},
                               .k = {1, 1},
                               .dt = 0.7,
                               .alpha = 0.9,
                               .steps = 3});
    check((wave_t){.method = "fft",
                   .boundary = "insulated",
                   .ndim = 2,
                   .length = {64, 48},
                   .k = {0, 5},
                   .dt = 1,
                   .alpha = 1,
                   .steps = 10});
    check((wave_t){.method = "fft",
                   .boundary = "fixed",
                   .ndim = 2,
                   .length = {64, 48},
                   .k = {7, 5},
                   .dt = 1,
                   .alpha = 1,
                   .steps = 10});
}
END_TEST

START_TEST(finite_differences_decay_as_the_scheme_says)
{
    static const int steps[] = {1, 2, 11, 12, 13, 50};
    for (size_t s = 0; s < SHAPES; s++)
        for (int b = 0; b < 3; b++)
            for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
                for (int threads = 1; threads <= 3; threads++)
                    check((wave_t){.method = "fd",
                                   .boundary = boundaries[b],
                                   .ndim = 2,
                                   .length = {shapes[s][0], shapes[s][1]},
                                   .k = {1, 1},
                                   .dt = 0.2,
                                   .alpha = 1.1,
                                   .steps = steps[k],
                                   .threads = threads});
}
END_TEST

START_TEST(crank_nicolson_waves_decay_as_the_scheme_says)
{
    static const double dt[] = {0.1, 3, 1000}; // the last turns the sign of fast waves
    for (size_t s = 0; s < SHAPES; s++)
        for (int b = 0; b < 3; b++)
            for (int k = 0; k < 3; k++)
                for (int steps = 1; steps <= 7; steps += 3)
                    check((wave_t){.method = "cn",
                                   .boundary = boundaries[b],
                                   .ndim = 2,
                                   .length = {shapes[s][0], shapes[s][1]},
                                   .k = {1, 1},
                                   .dt = dt[k],
                                   .alpha = 0.9,
                                   .steps = steps});
    check((wave_t){.method = "cn",
                   .boundary = "periodic",
                   .laplacian = "continuous",
                   .ndim = 2,
                   .length = {20, 30},
                   .k = {3, 2},
                   .dt = 0.4,
                   .alpha = 1,
                   .steps = 9});
}
END_TEST

//  Two steps of Euler's of half the length in the place of each of the first ones, of all of them at most.
START_TEST(damped_steps_decay_as_eulers)
{
    static const double dt[] = {0.1, 3, 1000};
    for (int b = 0; b < 3; b++)
        for (int k = 0; k < 3; k++)
            for (int damped = 1; damped <= 5; damped += 2)
                check((wave_t){.method = "cn",
                               .boundary = boundaries[b],
                               .ndim = 2,
                               .length = {20, 31},
                               .k = {3, 2},
                               .dt = dt[k],
                               .alpha = 0.9,
                               .steps = 4,
                               .damped = damped});
}
END_TEST

START_TEST(domains_have_any_lengths)
{
    static const char *const methods[] = {"fd", "fft", "cn"};
    for (int m = 0; m < 3; m++)
        for (int b = 0; b < 3; b++) {
            check((wave_t){.method = methods[m],
                           .boundary = boundaries[b],
                           .ndim = 2,
                           .length = {53, 140},
                           .k = {2, 3},
                           .extent = {1, 0.5},
                           .alpha = 0.01,
                           .dt = 1e-4,
                           .steps = 30});
            check((wave_t){.method = methods[m],
                           .boundary = boundaries[b],
                           .ndim = 2,
                           .length = {140, 31},
                           .k = {2, 3},
                           .extent = {0, 100},
                           .alpha = 0.3,
                           .dt = 0.1,
                           .steps = 30});
        }
}
END_TEST

START_TEST(grids_have_one_to_three_dimensions)
{
    static const char *const methods[] = {"fd", "fft", "cn"};
    for (int m = 0; m < 3; m++)
        for (int b = 0; b < 3; b++)
            for (int threads = 1; threads <= 3; threads++) {
                check((wave_t){.method = methods[m],
                               .boundary = boundaries[b],
                               .ndim = 1,
                               .length = {1009},
                               .k = {4},
                               .alpha = 1,
                               .dt = 0.3,
                               .steps = 29,
                               .threads = threads});
                check((wave_t){.method = methods[m],
                               .boundary = boundaries[b],
                               .ndim = 1,
                               .length = {64},
                               .k = {4},
                               .extent = {2},
                               .alpha = 1e-3,
                               .dt = 0.3,
                               .steps = 29,
                               .threads = threads});
                check((wave_t){.method = methods[m],
                               .boundary = boundaries[b],
                               .ndim = 3,
                               .length = {20, 31, 24},
                               .k = {1, 3, 2},
                               .alpha = 1,
                               .dt = 0.15,
                               .steps = 13,
                               .threads = threads});
                check((wave_t){.method = methods[m],
                               .boundary = boundaries[b],
                               .ndim = 3,
                               .length = {3, 17, 40},
                               .k = {1, 2, 1},
                               .extent = {3, 17, 20},
                               .alpha = 1,
                               .dt = 0.05,
                               .steps = 13,
                               .threads = threads});
            }
}
END_TEST

//  A number of single precision is off by 6e-8; the transforms and steps average.
START_TEST(waves_in_single_precision)
{
    static const char *const methods[] = {"fd", "fft", "cn"};
    for (int m = 0; m < 3; m++)
        for (int b = 0; b < 3; b++)
            for (int ndim = 1; ndim <= 3; ndim++) {
                const wave_t wave = {.method = methods[m],
                                     .boundary = boundaries[b],
                                     .ndim = ndim,
                                     .length = {20, 31, 24},
                                     .k = {1, 3, 2},
                                     .alpha = 1,
                                     .dt = 0.15,
                                     .steps = 13,
                                     .dtype = "float32"};
                ck_assert_double_lt(error_of(&wave), 2e-6);
                ck_assert_double_gt(error_of(&wave), 0);
            }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        spectral_waves_decay_by_either_laplacian,
        finite_differences_decay_as_the_scheme_says,
        crank_nicolson_waves_decay_as_the_scheme_says,
        damped_steps_decay_as_eulers,
        domains_have_any_lengths,
        grids_have_one_to_three_dimensions,
        waves_in_single_precision,
    };
    return module_run_tests("heat_waves", tests, sizeof tests / sizeof *tests);
}
