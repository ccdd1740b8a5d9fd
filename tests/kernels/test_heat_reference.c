//  Finite differences with everything that they can have, on random grids, beside the scheme
//  written down plainly.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heat_support.h"

//  A solve with random numbers for all that is given.
typedef struct form {
    const char *boundary;
    int ndim;
    size_t length[3];
    double d[3]; // distances between points; 0: 1
    bool varies; // alpha is an array
    bool source;
    int steps;
} form_t;

static size_t stride_of(const form_t *self, int axis)
{
    size_t stride = 1;
    for (int k = axis + 1; k < self->ndim; k++) stride *= self->length[k];
    return stride;
}

static double distance_of(const form_t *self, int axis)
{
    return self->d[axis] > 0 ? self->d[axis] : 1;
}

static double mean(double a, double b)
{
    return a + b > 0 ? 2 / (1 / a + 1 / b) : 0;
}

//  What flows to point i in a unit of time from its neighbour, one further along the axis or
//  one back.
static double flow(const form_t *self, const double *u, const double *alpha, size_t i,
                   int axis, int way)
{
    const size_t stride = stride_of(self, axis), n = self->length[axis];
    const size_t place = i / stride % n;
    const bool over = way > 0 ? place + 1 == n : place == 0;
    if (over && strcmp(self->boundary, "periodic") != 0)
        return 0; // fixed points are not asked
    const size_t other =
        over ? i - (size_t) way * (n - 1) * stride : i + (size_t) way * stride;
    const double d = distance_of(self, axis);
    return mean(alpha[i], alpha[other]) * (u[other] - u[i]) / (d * d);
}

static bool is_fixed(const form_t *self, size_t i)
{
    for (int axis = 0; axis < self->ndim; axis++) {
        const size_t place = i / stride_of(self, axis) % self->length[axis];
        if (strcmp(self->boundary, "fixed") == 0 &&
            (place == 0 || place + 1 == self->length[axis]))
            return true;
    }
    return false;
}

static ipc_array_t *reference(const form_t *self, const ipc_array_t *initial,
                              const double *alpha, const double *source, double dt)
{
    ipc_array_t *result = heat_zeros(self->ndim, self->length);
    ipc_array_t *before = heat_zeros(self->ndim, self->length);
    double *u = ipc_array_f64(result), *v = ipc_array_f64(before);
    memcpy(u, ipc_array_data(initial), ipc_array_size(initial));
    for (int step = 0; step < self->steps; step++) {
        memcpy(v, u, ipc_array_size(result));
        for (size_t i = 0; i < ipc_array_count(result); i++) {
            double gain = source[i];
            for (int axis = 0; axis < self->ndim; axis++)
                gain +=
                    flow(self, v, alpha, i, axis, 1) + flow(self, v, alpha, i, axis, -1);
            u[i] = is_fixed(self, i) ? v[i] : v[i] + dt * gain;
        }
    }
    ipc_array_destroy(&before);
    return result;
}

static ipc_value_t extent_of(const form_t *self, int back)
{
    const int axis = self->ndim - back;
    if (axis < 0 || self->d[axis] == 0)
        return ipc_none();
    const size_t spaces =
        self->length[axis] - (strcmp(self->boundary, "fixed") == 0 ? 1 : 0);
    return ipc_value_from_f64(self->d[axis] * (double) spaces);
}

static ipc_array_t *solve(const form_t *self, const ipc_array_t *initial, ipc_value_t alpha,
                          ipc_value_t source, double dt, int threads)
{
    return heat_solve(ipc_dict("initial", initial, "alpha", alpha, "source", source, "dt",
                               dt, "steps", self->steps, "boundary", self->boundary, "lx",
                               extent_of(self, 1), "ly", extent_of(self, 2), "lz",
                               extent_of(self, 3), "threads", threads, "device", "cpu"));
}

//  Values are near 1 and each step rounds a few times: 1e-12 leaves much room.
static void check(form_t form)
{
    ipc_array_t *initial = heat_random_of(form.ndim, form.length, 1);
    ipc_array_t *alpha = heat_random_of(form.ndim, form.length, 2);
    ipc_array_t *source = heat_random_of(form.ndim, form.length, 3);
    double sum = 0;
    for (int axis = 0; axis < form.ndim; axis++)
        sum += 1 / (distance_of(&form, axis) * distance_of(&form, axis));
    const double dt = 0.45 / sum;
    for (size_t i = 0; i < ipc_array_count(initial); i++) {
        if (!form.varies)
            ipc_array_f64(alpha)[i] = 0.9;
        if (!form.source)
            ipc_array_f64(source)[i] = 0;
    }
    ipc_array_t *expected =
        reference(&form, initial, ipc_array_f64(alpha), ipc_array_f64(source), dt);
    for (int threads = 1; threads <= 3; threads++) {
        ipc_array_t *result =
            solve(&form, initial,
                  form.varies ? ipc_value_from_array(alpha) : ipc_value_from_f64(0.9),
                  form.source ? ipc_value_from_array(source) : ipc_none(), dt, threads);
        const double error = heat_difference(result, expected);
        ck_assert_msg(error < 1e-12,
                      "%s, %d dimensions, %zu x %zu x %zu, %d steps%s%s: off by %g",
                      form.boundary, form.ndim, form.length[0], form.length[1],
                      form.length[2], form.steps, form.varies ? ", alpha varies" : "",
                      form.source ? ", source" : "", error);
        ipc_array_destroy(&result);
    }
    ipc_array_destroy(&initial);
    ipc_array_destroy(&alpha);
    ipc_array_destroy(&source);
    ipc_array_destroy(&expected);
}

static const char *const boundaries[] = {"fixed", "periodic", "insulated"};

START_TEST(every_kind_of_edges_on_every_shape)
{
    static const size_t shapes[][2] = {{3, 3},   {3, 200},  {200, 3},  {4, 5},
                                       {17, 64}, {129, 31}, {64, 300}, {150, 270}};
    static const int steps[] = {0, 1, 12, 29};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int b = 0; b < 3; b++)
            for (int k = 0; k < 4; k++)
                check((form_t){.boundary = boundaries[b],
                               .ndim = 2,
                               .length = {shapes[s][0], shapes[s][1]},
                               .steps = steps[k]});
}
END_TEST

START_TEST(distances_differ)
{
    for (int b = 0; b < 3; b++) {
        check((form_t){.boundary = boundaries[b],
                       .ndim = 2,
                       .length = {70, 41},
                       .d = {0.5, 2},
                       .steps = 25});
        check((form_t){.boundary = boundaries[b],
                       .ndim = 2,
                       .length = {41, 170},
                       .d = {0, 0.1},
                       .steps = 25});
    }
}
END_TEST

START_TEST(one_and_three_dimensions)
{
    for (int b = 0; b < 3; b++) {
        check((form_t){.boundary = boundaries[b], .ndim = 1, .length = {3}, .steps = 25});
        check(
            (form_t){.boundary = boundaries[b], .ndim = 1, .length = {2001}, .steps = 25});
        check((form_t){
            .boundary = boundaries[b], .ndim = 3, .length = {3, 3, 3}, .steps = 9});
        check((form_t){.boundary = boundaries[b],
                       .ndim = 3,
                       .length = {12, 23, 34},
                       .d = {1, 0.7, 2},
                       .steps = 9});
    }
}
END_TEST

START_TEST(sources_and_an_alpha_that_varies)
{
    for (int b = 0; b < 3; b++) {
        // Enough for several threads.
        check((form_t){.boundary = boundaries[b],
                       .ndim = 2,
                       .length = {150, 270},
                       .varies = true,
                       .source = true,
                       .steps = 21});
        for (int which = 1; which < 4; which++)
            for (int ndim = 1; ndim <= 3; ndim++)
                check((form_t){.boundary = boundaries[b],
                               .ndim = ndim,
                               .length = {30, 41, 19},
                               .d = {1, 0.7, 2},
                               .varies = (which & 1) != 0,
                               .source = (which & 2) != 0,
                               .steps = 26});
    }
}
END_TEST

//  A batch of count grids, each of which is bit for bit what it is when solved alone.
static void check_batch(int ndim, size_t count, const size_t *length, const char *boundary,
                        const char *method, bool varies)
{
    const size_t shape[] = {count, length[0], length[1], length[2]};
    ipc_array_t *batch = heat_random_of(ndim + 1, shape, 5);
    ipc_array_t *source = heat_random_of(ndim, length, 6);
    const ipc_value_t alpha = varies ? ipc_value_from_array(source) : ipc_value_from_i64(1);
    const size_t points = ipc_array_count(source);
    for (int threads = 1; threads <= 3; threads++) {
        ipc_array_t *all =
            heat_solve(ipc_dict("initial", batch, "batch", true, "boundary", boundary,
                                "method", method, "alpha", alpha, "source", source, "steps",
                                15, "threads", threads, "device", "cpu"));
        ck_assert_int_eq(ipc_array_ndim(all), ndim + 1);
        ck_assert_mem_eq(ipc_array_shape(all), shape, (size_t) (ndim + 1) * sizeof *shape);
        for (size_t i = 0; i < count; i++) {
            ipc_array_t *one = heat_zeros(ndim, length);
            memcpy(ipc_array_data(one), ipc_array_f64(batch) + i * points,
                   points * sizeof(double));
            ipc_array_t *alone = heat_solve(
                ipc_dict("initial", one, "boundary", boundary, "method", method, "alpha",
                         alpha, "source", source, "steps", 15, "device", "cpu"));
            ck_assert_mem_eq(ipc_array_f64(all) + i * points, ipc_array_data(alone),
                             points * sizeof(double));
            ipc_array_destroy(&one);
            ipc_array_destroy(&alone);
        }
        ipc_array_destroy(&all);
    }
    ipc_array_destroy(&batch);
    ipc_array_destroy(&source);
}

START_TEST(grids_of_a_batch_are_solved_as_if_alone)
{
    static const char *const methods[] = {"fd", "fft", "cn", "fd"};
    static const size_t length[] = {9, 14, 11};
    for (int b = 0; b < 3; b++)
        for (int m = 0; m < 4; m++) {
            for (int ndim = 1; ndim <= 3; ndim++)
                check_batch(ndim, 7, length, boundaries[b], methods[m], m == 3);
            check_batch(2, 1, length, boundaries[b], methods[m], m == 3);
        }
    // Grids that are worth several threads each.
    check_batch(2, 2, (const size_t[]){230, 211, 0}, "periodic", "fd", false);
    check_batch(2, 2, (const size_t[]){230, 211, 0}, "insulated", "fd", true);
}
END_TEST

//  A sweep in one call: the alphas of a batch. Only the last digits know of the others.
START_TEST(grids_of_a_batch_have_an_alpha_each)
{
    static const char *const methods[] = {"fd", "fft", "cn"};
    static const double alphas[] = {0.3, 0, 1.5, 0.9};
    static const size_t length[] = {8, 13, 11};
    for (int b = 0; b < 3; b++)
        for (int m = 0; m < 3; m++)
            for (int ndim = 1; ndim <= 3; ndim++) {
                const size_t shape[] = {4, length[0], length[1], length[2]};
                ipc_array_t *batch = heat_random_of(ndim + 1, shape, 8);
                ipc_array_t *all =
                    heat_solve(ipc_dict("initial", batch, "batch", true, "boundary",
                                        boundaries[b], "method", methods[m], "alphas",
                                        ipc_f64(alphas, 4), "steps", 20, "device", "cpu"));
                for (size_t i = 0; i < 4; i++) {
                    ipc_array_t *one = heat_zeros(ndim, length);
                    const size_t points = ipc_array_count(one);
                    memcpy(ipc_array_data(one), ipc_array_f64(batch) + i * points,
                           points * sizeof(double));
                    ipc_array_t *alone = heat_solve(ipc_dict(
                        "initial", one, "boundary", boundaries[b], "method", methods[m],
                        "alpha", alphas[i], "steps", 20, "device", "cpu"));
                    memcpy(ipc_array_data(one), ipc_array_f64(all) + i * points,
                           points * sizeof(double));
                    ck_assert_double_lt(heat_difference(one, alone), 1e-13);
                    ipc_array_destroy(&one);
                    ipc_array_destroy(&alone);
                }
                ipc_array_destroy(&batch);
                ipc_array_destroy(&all);
            }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_kind_of_edges_on_every_shape,
        distances_differ,
        one_and_three_dimensions,
        sources_and_an_alpha_that_varies,
        grids_of_a_batch_are_solved_as_if_alone,
        grids_of_a_batch_have_an_alpha_each,
    };
    return module_run_tests("heat_reference", tests, sizeof tests / sizeof *tests);
}
