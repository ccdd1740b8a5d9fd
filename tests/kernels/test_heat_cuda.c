//  The CUDA device beside the host, on every kind of problem: finite differences equal bit for bit, transforms to
//  rounding. 77 where there is no device.
#include <stdlib.h>
#include <string.h>

#include "heat_support.h"

//  Shapes of 1 to 3 dimensions: the smallest, odd ones, strips that end within a lane, several strips and tiles.
typedef struct shape {
    int ndim;
    size_t length[3];
} shape_t;

static const shape_t shapes[] = {
    {1, {3}},       {1, {5}},       {1, {256}},     {1, {301}},     {2, {3, 3}},     {2, {3, 200}},
    {2, {30, 3}},   {2, {17, 64}},  {2, {13, 115}}, {2, {12, 128}}, {2, {40, 37}},   {2, {9, 250}},
    {3, {3, 3, 3}}, {3, {4, 5, 37}}, {3, {35, 9, 6}},
};

static const char *const boundaries[] = {"fixed", "periodic", "insulated"};

//  What a problem has beside its shape.
typedef struct problem {
    const shape_t *shape;
    size_t grids; // 0: no batch
    const char *boundary, *method, *dtype, *laplacian;
    bool source, alphas, each, stretched;
    int steps, damped;
    bool by_turns; // one kind of edges for each shape, but in long tests
} problem_t;

static ipc_array_t *solve_on(const problem_t *p, const char *device)
{
    const shape_t *shape = p->shape;
    size_t length[4] = {p->grids};
    memcpy(length + (p->grids ? 1 : 0), shape->length, sizeof shape->length);
    const int ndim = shape->ndim + (p->grids ? 1 : 0);
    ipc_array_t *initial = heat_random_of(ndim, length, 7);
    ipc_array_t *source = heat_random_of(shape->ndim, shape->length, 8);
    ipc_array_t *alpha = heat_random_of(shape->ndim, shape->length, 9);
    ipc_value_t each[8];
    for (size_t i = 0; i < p->grids; i++) each[i] = ipc_value_from_f64(0.3 + 0.2 * (double) i);
    ipc_value_t keywords = ipc_dict(
        "initial", initial, "dt", 0.1, "steps", p->steps, "damped", p->damped, "method", p->method,
        "boundary", p->boundary, "dtype", p->dtype, "device", device, "batch", ipc_bool(p->grids > 0), "source",
        p->source ? IPC_VALUE(source) : ipc_none(), "alpha",
        p->alphas ? IPC_VALUE(alpha) : p->each ? ipc_none() : IPC_VALUE(0.9), "alphas",
        p->each ? ipc_value_from_list(each, p->grids) : ipc_none(), "laplacian",
        p->laplacian ? IPC_VALUE(p->laplacian) : ipc_none(), "lx",
        p->stretched ? IPC_VALUE(1.7 * (double) shape->length[shape->ndim - 1]) : ipc_none());
    ipc_array_t *result = heat_solve(keywords);
    ipc_array_destroy(&initial);
    ipc_array_destroy(&source);
    ipc_array_destroy(&alpha);
    return result;
}

static double difference(const problem_t *problem)
{
    ipc_array_t *host = solve_on(problem, "cpu"), *device = solve_on(problem, heat_device_name());
    ck_assert_int_eq(ipc_array_dtype(host), ipc_array_dtype(device));
    const double most = heat_difference(host, device);
    ipc_array_destroy(&host);
    ipc_array_destroy(&device);
    return most;
}

static void must_agree(const problem_t *problem, double bound)
{
    const shape_t *shape = problem->shape;
    const double most = difference(problem);
    ck_assert_msg(most <= bound, "%s, %s, %s, %zu x %zu x %zu (%d), %zu grids, %d steps%s%s%s: off by %g",
                  problem->method, problem->boundary, problem->dtype, shape->length[0], shape->length[1],
                  shape->length[2], shape->ndim, problem->grids, problem->steps, problem->source ? ", source" : "",
                  problem->alphas ? ", alphas" : "", problem->stretched ? ", stretched" : "", most);
}

//  Each test takes the shapes and the edges, and the dtypes by turns; what else there is it says itself.
static void all_kinds(problem_t problem, double double_bound, double single_bound)
{
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t b = 0; b < sizeof boundaries / sizeof *boundaries; b++) {
            if (problem.by_turns && !getenv("IPC_LONG_TESTS") && (s + (size_t) problem.steps) % 3 != b)
                continue;
            const bool single = (s + b + (size_t) problem.steps) % 2 != 0;
            problem.shape = &shapes[s];
            problem.boundary = boundaries[b];
            problem.dtype = single ? "float32" : "float64";
            must_agree(&problem, single ? single_bound : double_bound);
        }
}

START_TEST(finite_differences_are_equal_bit_for_bit)
{
    static const int steps[] = {0, 7, 8, 17};
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++)
        all_kinds((problem_t){.method = "fd", .steps = steps[k]}, 0, 0);
}
END_TEST

START_TEST(a_source_and_distances_that_differ)
{
    all_kinds((problem_t){.by_turns = true, .method = "fd", .steps = 9, .source = true}, 0, 0);
    all_kinds((problem_t){.by_turns = true, .method = "fd", .steps = 10, .stretched = true}, 0, 0);
}
END_TEST

START_TEST(an_alpha_that_varies)
{
    all_kinds((problem_t){.by_turns = true, .method = "fd", .steps = 1, .alphas = true}, 0, 0);
    all_kinds((problem_t){.by_turns = true, .method = "fd", .steps = 5, .alphas = true, .source = true}, 0, 0);
}
END_TEST

START_TEST(batches_of_grids)
{
    all_kinds((problem_t){.by_turns = true, .method = "fd", .steps = 9, .grids = 3}, 0, 0);
    all_kinds((problem_t){.by_turns = true, .method = "fd", .steps = 11, .grids = 3, .each = true}, 0, 0);
}
END_TEST

//  Solids of several tiles along each axis, of which the last ones are cut, with rows that begin at multiples of 16
//  bytes and without: 4, 2 and 1 steps at a time.
START_TEST(solids_of_many_tiles)
{
    static const shape_t solids[] = {{3, {17, 43, 58}}, {3, {19, 41, 124}}};
    static const problem_t kinds[] = {
        {.steps = 7}, {.steps = 7, .source = true}, {.steps = 3, .alphas = true},
        {.steps = 6, .grids = 2, .each = true}, {.steps = 3, .alphas = true, .source = true},
        {.steps = 5, .stretched = true},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t s = 0; s < 2; s++)
            for (size_t b = 0; b < 3; b++) {
                if (!getenv("IPC_LONG_TESTS") && (s + i) % 3 != b)
                    continue;
                problem_t problem = kinds[i];
                problem.shape = &solids[s];
                problem.boundary = boundaries[b];
                problem.method = "fd";
                problem.dtype = (i / 3 + b) % 2 ? "float32" : "float64";
                must_agree(&problem, 0);
            }
}
END_TEST

//  Many steps, in which blocks wait for one another, and a rest.
START_TEST(many_steps)
{
    for (size_t b = 0; b < 3; b++) {
        must_agree(&(problem_t){.shape = &(shape_t){2, {40, 45}}, .boundary = boundaries[b], .method = "fd",
                                .dtype = "float64", .steps = 83}, 0);
        must_agree(&(problem_t){.shape = &(shape_t){1, {700}}, .boundary = boundaries[b], .method = "fd",
                                .dtype = "float64", .steps = 300}, 0);
        must_agree(&(problem_t){.shape = &(shape_t){3, {6, 7, 60}}, .boundary = boundaries[b], .method = "fd",
                                .dtype = "float32", .steps = 31, .source = b == 1, .alphas = b == 2}, 0);
    }
}
END_TEST

START_TEST(spectral_solutions_agree_to_rounding)
{
    all_kinds((problem_t){.by_turns = true, .method = "fft", .steps = 40}, 2e-14, 1e-5);
    all_kinds((problem_t){.by_turns = true, .method = "fft", .steps = 41, .laplacian = "discrete", .stretched = true}, 2e-14, 1e-5);
}
END_TEST

START_TEST(spectral_solutions_with_a_source)
{
    all_kinds((problem_t){.by_turns = true, .method = "fft", .steps = 40, .source = true}, 1e-12, 2e-4);
}
END_TEST

START_TEST(spectral_batches)
{
    all_kinds((problem_t){.by_turns = true, .method = "fft", .steps = 40, .grids = 3}, 2e-14, 1e-5);
    all_kinds((problem_t){.by_turns = true, .method = "fft", .steps = 42, .grids = 3, .each = true, .source = true}, 1e-12, 2e-4);
}
END_TEST

START_TEST(steps_of_crank_nicolson)
{
    all_kinds((problem_t){.by_turns = true, .method = "cn", .steps = 30}, 2e-14, 1e-5);
    all_kinds((problem_t){.by_turns = true, .method = "cn", .steps = 5, .damped = 2}, 2e-14, 1e-5);
    all_kinds((problem_t){.by_turns = true, .method = "cn", .steps = 31, .grids = 2, .source = true}, 1e-12, 2e-4);
}
END_TEST

//  Two solves of which the second begins where the first ended, without anything moving, beside one on the host.
START_TEST(grids_stay_on_the_device_between_solves)
{
    static const char *const methods[] = {"fd", "fft", "cn"};
    for (size_t m = 0; m < 9; m++) {
        ipc_array_t *initial = heat_random(20, 30, 3);
        const char *method = methods[m / 3], *boundary = boundaries[m % 3], *device = heat_device_name();
        module_call("solve", ipc_dict("initial", initial, "steps", 6, "method", method, "boundary", boundary, "device",
                                      device, "keep", "u"));
        ck_assert_int_eq(ipc_value_kind(ipc_ns_get("u")), IPC_KIND_DICT);
        module_call("solve", ipc_dict("initial", ipc_ns_get("u"), "steps", 4, "method", method, "boundary", boundary,
                                      "keep", "u"));
        ipc_array_t *result = heat_solve(ipc_dict("initial", ipc_ns_get("u"), "steps", 0, "method", method,
                                                  "boundary", boundary));
        ipc_array_t *host = heat_solve(ipc_dict("initial", initial, "steps", 10, "method", method, "boundary", boundary,
                                                "device", "cpu"));
        ck_assert_double_le(heat_difference(result, host), m < 3 ? 0 : 1e-13);
        ipc_array_destroy(&initial);
        ipc_array_destroy(&result);
        ipc_array_destroy(&host);
    }
}
END_TEST

int main(void)
{
    if (!heat_device_found())
        return 77;
    const TTest *const tests[] = {
        finite_differences_are_equal_bit_for_bit,
        a_source_and_distances_that_differ,
        an_alpha_that_varies,
        batches_of_grids,
        solids_of_many_tiles,
        many_steps,
        spectral_solutions_agree_to_rounding,
        spectral_solutions_with_a_source,
        spectral_batches,
        steps_of_crank_nicolson,
        grids_stay_on_the_device_between_solves,
    };
    return module_run_tests("heat on CUDA", tests, sizeof tests / sizeof *tests);
}
