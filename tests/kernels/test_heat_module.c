//  The module as engines see it, and what it keeps from one call to the next.
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heat_support.h"
#include "kernels/heat/host.h"
#include "kernels/heat/solver.h"
#include "kernels/heat/wisdom.h"

START_TEST(the_cross_is_as_in_the_lecture)
{
    ipc_value_t value = module_call("initial", ipc_dict("shape", ipc_list(40, 61)));
    const ipc_array_t *cross = ipc_value_array(value);
    ck_assert(ipc_array_shape(cross)[0] == 40 && ipc_array_shape(cross)[1] == 61);
    for (size_t r = 0; r < 40; r++)
        for (size_t c = 0; c < 61; c++) {
            bool upright = r >= 10 && r <= 30 && c >= 27 && c <= 33;
            bool level = r >= 18 && r <= 22 && c >= 15 && c <= 45;
            ck_assert(heat_at(cross, r * 61 + c) == (upright || level ? 1 : 0));
        }
    ipc_array_t *own = (ipc_array_t *) cross; // a call outside of a task gives it away
    ipc_array_destroy(&own);
}
END_TEST

START_TEST(crosses_have_one_to_three_bars)
{
    ipc_array_t *bar = (ipc_array_t *) ipc_value_array(
        module_call("initial", ipc_dict("shape", ipc_list(40))));
    for (size_t c = 0; c < 40; c++)
        ck_assert(heat_at(bar, c) == (c >= 10 && c <= 30 ? 1 : 0));
    ipc_array_t *solid = (ipc_array_t *) ipc_value_array(
        module_call("initial", ipc_dict("shape", ipc_list(8, 40, 41))));
    for (size_t z = 0; z < 8; z++)
        for (size_t r = 0; r < 40; r++)
            for (size_t c = 0; c < 41; c++) {
                const bool long_z = z >= 2 && z <= 6, long_r = r >= 10 && r <= 30,
                           long_c = c >= 10 && c <= 30;
                const bool mid_z = z == 4, mid_r = r >= 18 && r <= 22,
                           mid_c = c >= 18 && c <= 22;
                const bool one = (long_z && mid_r && mid_c) || (mid_z && long_r && mid_c) ||
                                 (mid_z && mid_r && long_c);
                ck_assert(heat_at(solid, (z * 40 + r) * 41 + c) == (one ? 1 : 0));
            }
    ipc_array_destroy(&bar);
    ipc_array_destroy(&solid);
}
END_TEST

START_TEST(a_kept_result_is_in_the_namespace)
{
    ipc_value_t none = module_call("solve", ipc_dict("n", 20, "steps", 5, "keep", "u"));
    ck_assert(ipc_value_is_none(none));
    ipc_array_t *expected = heat_solve(ipc_dict("n", 20, "steps", 10));
    module_call("solve", ipc_dict("initial", ipc_ns_get("u"), "steps", 5, "keep", "u"));
    const ipc_array_t *kept = ipc_value_array(ipc_ns_get("u"));
    ck_assert_mem_eq(ipc_array_data(kept), ipc_array_data(expected),
                     ipc_array_size(expected));
    ipc_array_destroy(&expected);
}
END_TEST

START_TEST(borrowed_memory_and_integers_are_taken_as_they_are)
{
    int32_t numbers[12] = {0, 0, 0, 0, 0, 4, 8, 0, 0, 0, 0, 0};
    ipc_array_t *result = heat_solve(ipc_dict("initial", ipc_view2(IPC_I32, numbers, 3, 4),
                                              "steps", 1, "device", "cpu"));
    ck_assert_int_eq(ipc_array_dtype(result), IPC_F64);
    ck_assert_double_eq_tol(heat_at(result, 5), 4 * 0.6 + 0.1 * 8, 1e-15);
    ck_assert_double_eq_tol(heat_at(result, 6), 8 * 0.6 + 0.1 * 4, 1e-15);
    ipc_array_destroy(&result);
}
END_TEST

START_TEST(info_tells_what_a_solve_uses)
{
    ipc_array_t *result = heat_solve(ipc_dict("n", 100, "method", "fft", "device", "cpu"));
    ipc_array_destroy(&result);
    ipc_value_t info = module_call("info", ipc_none());
    ck_assert_int_ge(ipc_value_i64(ipc_value_get(info, "threads")), 1);
    ck_assert_ptr_nonnull(strstr(ipc_value_str(ipc_value_get(info, "fftw")), "fftw"));
    ipc_value_t last = ipc_value_get(info, "last");
    ck_assert_double_gt(ipc_value_f64(ipc_value_get(last, "seconds")), 0);
    ck_assert_str_eq(ipc_value_str(ipc_value_get(last, "method")), "fft");
    ck_assert_str_eq(ipc_value_str(ipc_value_get(last, "device")), "cpu");
}
END_TEST

static heat_options_t options_of(ipc_value_t keywords)
{
    heat_options_t options;
    ipc_error_t error;
    ck_assert_msg(heat_options_read(&options, keywords, &error) == 0, "%s", error.text);
    return options;
}

static void refuse_initial(double wrong, const char *dtype, const char *sentence)
{
    ipc_array_t *initial = heat_random(50, 60, 1);
    ipc_array_f64(initial)[31 * 60 + 17] = wrong;
    heat_must_refuse(ipc_dict("initial", initial, "dtype", dtype, "device", "cpu"),
                     "ValueError", sentence);
    ipc_array_destroy(&initial);
}

START_TEST(numbers_that_are_not_finite_are_refused)
{
    refuse_initial(NAN, "float64",
                   "initial of heat.solve is NaN at row 31, column 17, and must be finite");
    refuse_initial(
        -INFINITY, "float64",
        "initial of heat.solve is infinite at row 31, column 17, and must be finite");
    refuse_initial(
        1e200, "float32",
        "initial of heat.solve is infinite at row 31, column 17 as float32, and must be finite");
    double line[] = {1, 2, INFINITY, 4};
    heat_must_refuse(ipc_dict("initial", ipc_f64(line, 4), "device", "cpu"), "ValueError",
                     "initial of heat.solve is infinite at column 2, and must be finite");
    static const char *const methods[] = {"fd", "fft", "cn"};
    for (int m = 0; m < 3; m++)
        heat_must_refuse(
            ipc_dict("shape", ipc_list(4), "source", ipc_f64(line, 4), "initial",
                     ipc_f64((double[4]){0}, 4), "method", methods[m], "device", "cpu"),
            "ValueError",
            "source of heat.solve is infinite at column 2, and must be finite");
    ipc_array_t *solid = heat_zeros(3, (const size_t[]){3, 4, 5});
    ipc_array_f64(solid)[(2 * 4 + 1) * 5 + 3] = NAN;
    heat_must_refuse(
        ipc_dict("initial", solid, "device", "cpu"), "ValueError",
        "initial of heat.solve is NaN at plane 2, row 1, column 3, and must be finite");
    ipc_array_f64(solid)[(2 * 4 + 1) * 5 + 3] = -INFINITY;
    heat_must_refuse(
        ipc_dict("initial", solid, "batch", true, "device", "cpu"), "ValueError",
        "initial of heat.solve is infinite at grid 2, row 1, column 3, and must be finite");
    ipc_array_destroy(&solid);
}
END_TEST

START_TEST(without_a_cuda_device_the_sentence_says_why)
{
    heat_t *heat = heat_new();
    ipc_error_t error = {.text = ""};
    heat_options_t options = options_of(ipc_dict("n", 16, "device", "cuda"));
    ipc_array_t *result = heat_run(heat, &options, &error);
    if (!result) {
        ck_assert_str_eq(error.kind, "DeviceError");
        ck_assert_ptr_eq(strstr(error.text, "no CUDA device here: "), error.text);
    }
    ipc_array_destroy(&result);
    heat_destroy(&heat);
}
END_TEST

//  By what the store of plans counts: a second solve of a shape makes none, another shape
//  makes its own.
START_TEST(plans_are_kept)
{
    double grid[20 * 30] = {0}, result[20 * 30], factors[30] = {1};
    ipc_error_t error;
    const heat_waves_t waves = {.factor = {NULL, factors, factors}};
    const heat_device_t *host = heat_host();
    heat_device_state_t *state = host->open(&error);
    heat_grid_t job = {.dtype = IPC_F64,
                       .boundary = HEAT_PERIODIC,
                       .count = 1,
                       .length = {1, 20, 30},
                       .initial = grid,
                       .result = result,
                       .threads = 2};
    for (int i = 0; i < 3; i++) ck_assert_int_eq(host->fft(state, &job, &waves, &error), 0);
    ck_assert_uint_eq(heat_plans_made(state->plans), 2);
    for (size_t rows = 3; rows <= 20; rows++) {
        job.length[HEAT_Y] = rows;
        ck_assert_int_eq(host->fft(state, &job, &waves, &error), 0);
    }
    ck_assert_uint_ge(heat_plans_made(state->plans), 2 + 17);
    host->close(&state);
    ck_assert_ptr_null(state);
}
END_TEST

//  Whether FFTW knows, without measuring, what is fastest for a rod of n points and its mirror image.
static bool is_known(int n)
{
    _Alignas(64) double line[2 * 64];
    _Alignas(64) fftw_complex waves[64 + 1];
    fftw_plan plan = fftw_plan_dft_r2c_1d(2 * n, line, waves, FFTW_MEASURE | FFTW_WISDOM_ONLY);
    if (plan)
        fftw_destroy_plan(plan);
    return plan != NULL;
}

static void solve_rod(const char *plan)
{
    ipc_array_t *result =
        heat_solve(ipc_dict("initial", ipc_f64((double[60]){1}, 60), "method", "fft",
                            "boundary", "insulated", "plan", plan, "device", "cpu"));
    ipc_array_destroy(&result);
}

//  In a folder of its own: each test is a process, which has not loaded anything yet.
START_TEST(what_was_measured_is_kept_for_other_engines)
{
    char cache[] = "/tmp/heat-cache-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(cache));
    setenv("XDG_CACHE_HOME", cache, 1);
    solve_rod("estimate");
    ck_assert(!is_known(60));
    pid_t other = fork(); // another engine
    if (other == 0) {
        solve_rod("measure");
        _exit(is_known(60) ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_int_eq(status, 0);
    ck_assert(!is_known(60));
    heat_wisdom_load();
    ck_assert(is_known(60));
    fftw_forget_wisdom();
    snprintf(path, sizeof path, "%s/ipclient/heat-f64.wisdom", cache);
    ck_assert_int_eq(chmod(path, 0622), 0); // others could have written it
    heat_wisdom_load();
    ck_assert(!is_known(60));
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/ipclient/heat-f32.wisdom", cache);
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/ipclient", cache);
    ck_assert_int_eq(rmdir(path), 0); // nothing else is left
    ck_assert_int_eq(rmdir(cache), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_cross_is_as_in_the_lecture,
        crosses_have_one_to_three_bars,
        a_kept_result_is_in_the_namespace,
        borrowed_memory_and_integers_are_taken_as_they_are,
        info_tells_what_a_solve_uses,
        numbers_that_are_not_finite_are_refused,
        without_a_cuda_device_the_sentence_says_why,
        plans_are_kept,
        what_was_measured_is_kept_for_other_engines,
    };
    return module_run_tests("heat_module", tests, sizeof tests / sizeof *tests);
}
