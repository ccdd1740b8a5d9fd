//  The keywords of heat.solve: what they mean, and the sentence of each refusal.
#include <math.h>
#include <string.h>

#include "heat_support.h"
#include "kernels/heat/options.h"

static heat_options_t accept(ipc_value_t keywords)
{
    heat_options_t options;
    ipc_error_t error;
    ck_assert_msg(heat_options_read(&options, keywords, &error) == 0, "%s", error.text);
    return options;
}

static void refuse(ipc_value_t keywords, const char *kind, const char *sentence)
{
    heat_options_t options;
    ipc_error_t error = {.text = "accepted"};
    heat_options_read(&options, keywords, &error);
    ck_assert_str_eq(error.text, sentence);
    ck_assert_str_eq(error.kind, kind);
}

START_TEST(defaults_are_as_in_the_lecture)
{
    heat_options_t options = accept(ipc_none());
    ck_assert_uint_eq(options.length[HEAT_Y], 1024);
    ck_assert_uint_eq(options.length[HEAT_X], 1024);
    ck_assert_ptr_null(options.initial.data);
    ck_assert_int_eq(options.dtype, IPC_F64);
    ck_assert(options.alpha == 1 && options.dt == 0.1 && options.steps == 1000);
    ck_assert_double_eq_tol(options.t, 100, 1e-12);
    ck_assert_int_eq(options.method, HEAT_FD);
    ck_assert_int_eq(options.place, HEAT_AUTO);
    ck_assert_int_eq(options.threads, 0);
    ck_assert_ptr_null(options.keep);
}
END_TEST

START_TEST(a_keyword_that_is_none_has_its_default)
{
    heat_options_t options = accept(ipc_dict("n", ipc_none(), "t", ipc_none(), "steps", 3));
    ck_assert_uint_eq(options.length[HEAT_Y], 1024);
    ck_assert_int_eq(options.steps, 3);
}
END_TEST

START_TEST(time_and_steps_say_the_same)
{
    // Not inside the assertions, whose text would hold the whole expansion of ipc_dict.
    const int64_t steps[] = {accept(ipc_dict("t", 100)).steps,
                             accept(ipc_dict("t", 0.3, "dt", 0.1)).steps,
                             accept(ipc_dict("t", 0)).steps};
    ck_assert(steps[0] == 1000 && steps[1] == 3 && steps[2] == 0);
    const double times[] = {accept(ipc_dict("steps", 7, "dt", 0.2)).t,
                            accept(ipc_dict("t", 0.123456, "method", "fft")).t};
    ck_assert_double_eq_tol(times[0], 1.4, 1e-15);
    ck_assert(times[1] == 0.123456);
    refuse(ipc_dict("t", 1, "steps", 10), "ValueError",
           "heat.solve takes t or steps, not both");
    refuse(
        ipc_dict("t", 1.05), "ValueError",
        "t = 1.05 is 10.5 steps of dt = 0.1, and method fd needs a whole number: change dt, or use "
        "method fft");
    const int64_t implicit = accept(ipc_dict("t", 100, "dt", 5, "method", "cn")).steps;
    ck_assert_int_eq(implicit, 20);
    refuse(
        ipc_dict("t", 3, "dt", 2, "method", "cn"), "ValueError",
        "t = 3 is 1.5 steps of dt = 2, and method cn needs a whole number: change dt, or use "
        "method fft");
    refuse(ipc_dict("t", 1e300, "dt", 1e-300), "ValueError",
           "t = 1e+300 is inf steps of dt = 1e-300, more than the most, 2147483647");
}
END_TEST

START_TEST(shapes_are_lengths_in_any_form)
{
    const int64_t lengths[] = {30, 40};
    heat_options_t options = accept(ipc_dict("shape", ipc_list(30, 40)));
    ck_assert(options.length[HEAT_Y] == 30 && options.length[HEAT_X] == 40);
    options = accept(ipc_dict("shape", ipc_i64(lengths, 2)));
    ck_assert(options.length[HEAT_Y] == 30 && options.length[HEAT_X] == 40);
    refuse(ipc_dict("shape", ipc_list(30, 30, 30, 30)), "ValueError",
           "shape of heat.solve must have one to three lengths, not 4");
    refuse(ipc_dict("shape", 30), "TypeError",
           "shape of heat.solve must be a list of lengths, not an integer");
    refuse(ipc_dict("shape", ipc_list(30, 4.5)), "TypeError",
           "shape of heat.solve must be an integer, not a float");
    refuse(ipc_dict("shape", ipc_list(30, 40), "n", 30), "ValueError",
           "heat.solve takes n or shape, not both");
}
END_TEST

START_TEST(an_array_gives_shape_and_dtype)
{
    const float data[20] = {0};
    ipc_value_t array = ipc_view2(IPC_F32, data, 4, 5);
    heat_options_t options = accept(ipc_dict("initial", array));
    ck_assert(options.length[HEAT_Y] == 4 && options.length[HEAT_X] == 5);
    ck_assert_int_eq(options.dtype, IPC_F32);
    options = accept(ipc_dict("initial", array, "dtype", "float64"));
    ck_assert_int_eq(options.dtype, IPC_F64);
    options = accept(ipc_dict("initial", array, "shape", ipc_list(4, 5)));
    ck_assert_uint_eq(options.length[HEAT_X], 5);
    options = accept(ipc_dict("initial", ipc_view2(IPC_U8, data, 4, 5)));
    ck_assert_int_eq(options.dtype, IPC_F64);
    options = accept(ipc_dict("initial", "cross"));
    ck_assert_ptr_null(options.initial.data);
    refuse(ipc_dict("initial", array, "n", 4), "ValueError",
           "n says 4 x 4, but initial is 4 x 5: leave n out or correct it");
    refuse(ipc_dict("initial", array, "shape", ipc_list(5, 4)), "ValueError",
           "shape says 5 x 4, but initial is 4 x 5: leave shape out or correct it");
    options = accept(ipc_dict("initial", ipc_f32(data, 20)));
    ck_assert(options.ndim == 1 && options.length[HEAT_Y] == 1);
    ck_assert_uint_eq(options.length[HEAT_X], 20);
    refuse(ipc_dict("initial", ipc_view2(IPC_F32, data, 10, 2)), "ValueError",
           "initial of heat.solve is 10 x 2, and each length must be from 3 to 1073741824");
    refuse(ipc_dict("initial", ipc_view2(IPC_C64, data, 3, 3)), "TypeError",
           "initial of heat.solve must hold real numbers, not complex64");
    refuse(ipc_dict("initial", 3), "TypeError",
           "initial of heat.solve must be \"cross\" or an array, not an integer");
    refuse(ipc_dict("initial", ipc_ref("u")), "TypeError",
           "initial of heat.solve must be \"cross\" or an array, not a reference");
    refuse(ipc_dict("initial", "crss"), "ValueError",
           "initial of heat.solve is \"cross\" or an array, not 'crss'");
}
END_TEST

START_TEST(unknown_words_are_told_what_there_is)
{
    refuse(ipc_dict("n", 100, "stpes", 3), "NameError",
           "heat.solve has no keyword 'stpes': the nearest it has is 'steps'");
    refuse(ipc_dict("Alpha", 3), "NameError",
           "heat.solve has no keyword 'Alpha': the nearest it has is 'alpha'");
    refuse(ipc_dict("inital", "cross"), "NameError",
           "heat.solve has no keyword 'inital': the nearest it has is 'initial'");
    refuse(ipc_dict("method", "ftt"), "ValueError",
           "method of heat.solve is fd, fft or cn, not 'ftt'");
    refuse(ipc_dict("dtype", "float16"), "ValueError",
           "dtype of heat.solve is float64 or float32, not 'float16'");
    refuse(ipc_dict("device", "gpu"), "ValueError",
           "device of heat.solve is auto, cpu or cuda, not 'gpu'");
    refuse(ipc_dict("n", 10, "n", 10), "ValueError", "n is given twice to heat.solve");
}
END_TEST

START_TEST(wrong_kinds_are_named)
{
    refuse(ipc_list(1, 2), "TypeError",
           "heat.solve takes a dictionary of keywords, not a list");
    refuse(ipc_dict("n", 10.0), "TypeError",
           "n of heat.solve must be an integer, not a float");
    refuse(ipc_dict("n", "10"), "TypeError",
           "n of heat.solve must be an integer, not a string");
    refuse(ipc_dict("n", ipc_bool(true)), "TypeError",
           "n of heat.solve must be an integer, not a bool");
    refuse(ipc_dict("alpha", "1"), "TypeError",
           "alpha of heat.solve must be a number, not a string");
    refuse(ipc_dict("method", 1), "TypeError",
           "method of heat.solve must be a string, not an integer");
    refuse(ipc_dict("keep", 1), "TypeError",
           "keep of heat.solve must be a name, not an integer");
    refuse(ipc_dict("keep", ""), "ValueError", "keep of heat.solve is an empty name");
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
    refuse(ipc_dict("n", 2), "ValueError",
           "n of heat.solve is 2, and must be from 3 to 1073741824");
    refuse(ipc_dict("n", -5), "ValueError",
           "n of heat.solve is -5, and must be from 3 to 1073741824");
    refuse(ipc_dict("n", UINT64_MAX), "ValueError",
           "n of heat.solve is 18446744073709551615, more than the most, 1073741824");
    refuse(
        ipc_dict("n", 1 << 20), "MemoryError",
        "a grid of 1048576 x 1048576 float64 takes 8192.0 GiB, more than the limit of 256 GiB");
    refuse(ipc_dict("steps", -1), "ValueError",
           "steps of heat.solve is -1, and must be from 0 to 2147483647");
    refuse(ipc_dict("threads", 0), "ValueError",
           "threads of heat.solve is 0, and must be from 1 to 256");
    refuse(ipc_dict("alpha", -1), "ValueError",
           "alpha of heat.solve is -1, and must be finite and not negative");
    refuse(ipc_dict("alpha", (double) NAN), "ValueError",
           "alpha of heat.solve is nan, and must be finite and not negative");
    refuse(ipc_dict("t", (double) INFINITY), "ValueError",
           "t of heat.solve is inf, and must be finite and not negative");
    refuse(ipc_dict("dt", 0), "ValueError", "dt of heat.solve is 0, and must be above 0");
    refuse(ipc_dict("dt", 1e308, "method", "fft"), "ValueError",
           "1000 steps of dt = 1e+308 are no finite time");
}
END_TEST

START_TEST(an_unstable_step_is_refused_with_the_bound)
{
    refuse(
        ipc_dict("dt", 0.3), "ValueError",
        "alpha dt = 0.3 is above 1/4, the bound up to which method fd is stable: use dt <= 0.25, or "
        "method cn or fft");
    refuse(
        ipc_dict("alpha", 10), "ValueError",
        "alpha dt = 1 is above 1/4, the bound up to which method fd is stable: use dt <= 0.025, or "
        "method cn or fft");
    // A hair above the bound does not read as if it were the bound.
    refuse(ipc_dict("dt", 0.2500001), "ValueError",
           "alpha dt = 0.2500001 is above 1/4, the bound up to which method fd is stable: use dt <= 0.25, or "
           "method cn or fft");
    accept(ipc_dict("dt", 0.25));
    accept(ipc_dict("dt", 0.3, "method", "cn"));
    accept(ipc_dict("alpha", 2.5));
    accept(ipc_dict("dt", 0.3, "method", "fft"));
}
END_TEST

START_TEST(edges_and_laplacian_are_those_of_the_method)
{
    heat_options_t options = accept(ipc_none());
    ck_assert(options.boundary == HEAT_FIXED && options.laplacian == HEAT_DISCRETE);
    options = accept(ipc_dict("method", "fft"));
    ck_assert(options.boundary == HEAT_PERIODIC && options.laplacian == HEAT_CONTINUOUS);
    options = accept(ipc_dict("boundary", "insulated", "laplacian", "discrete"));
    ck_assert(options.boundary == HEAT_INSULATED && options.laplacian == HEAT_DISCRETE);
    options =
        accept(ipc_dict("boundary", "fixed", "method", "fft", "laplacian", "discrete"));
    ck_assert(options.boundary == HEAT_FIXED && options.laplacian == HEAT_DISCRETE);
    refuse(
        ipc_dict("laplacian", "continuous"), "ValueError",
        "method fd has the discrete laplacian alone: leave laplacian out, or use method fft");
    const int64_t damped[] = {accept(ipc_dict("method", "cn")).damped,
                              accept(ipc_dict("method", "cn", "damped", 2)).damped};
    ck_assert(damped[0] == 0 && damped[1] == 2);
    refuse(ipc_dict("damped", 2), "ValueError",
           "method fd has no steps that need damping: leave damped out, or use method cn");
    refuse(ipc_dict("damped", -1, "method", "cn"), "ValueError",
           "damped of heat.solve is -1, and must be from 0 to 2147483647");
    const bool measured = accept(ipc_dict("method", "cn", "plan", "measure")).measure;
    ck_assert(measured);
    refuse(ipc_dict("plan", "measure"), "ValueError",
           "method fd has no plan to measure: leave plan out");
    refuse(ipc_dict("plan", "mesure", "method", "fft"), "ValueError",
           "plan of heat.solve is estimate or measure, not 'mesure'");
    refuse(ipc_dict("boundary", "open"), "ValueError",
           "boundary of heat.solve is fixed, periodic or insulated, not 'open'");
    refuse(ipc_dict("laplacian", 5), "TypeError",
           "laplacian of heat.solve must be a string, not an integer");
}
END_TEST

START_TEST(lengths_of_the_domain_give_the_distances)
{
    heat_options_t options =
        accept(ipc_dict("shape", ipc_list(11, 20), "ly", 5, "dt", 0.05));
    ck_assert(options.spacing[HEAT_Y] == 0.5 && options.spacing[HEAT_X] == 1);
    options = accept(ipc_dict("n", 20, "lx", 5, "ly", 10, "method", "fft"));
    ck_assert(options.spacing[HEAT_Y] == 0.5 && options.spacing[HEAT_X] == 0.25);
    options = accept(ipc_dict("shape", ipc_list(10, 20, 40), "lz", 1, "boundary",
                              "insulated", "dt", 1e-3));
    ck_assert(options.spacing[HEAT_Z] == 0.1 && options.spacing[HEAT_X] == 1);
    refuse(ipc_dict("n", 20, "lz", 5), "ValueError",
           "lz of heat.solve is given, but the grid has 2 dimensions");
    refuse(ipc_dict("shape", ipc_list(20), "ly", 5), "ValueError",
           "ly of heat.solve is given, but the grid has 1 dimension");
    refuse(ipc_dict("lx", 0), "ValueError", "lx of heat.solve is 0, and must be above 0");
    refuse(ipc_dict("lx", -1), "ValueError",
           "lx of heat.solve is -1, and must be above 0");
    refuse(ipc_dict("n", 20, "lx", 1e-300, "method", "fft"), "ValueError",
           "lx = 1e-300 puts points 5e-302 apart, which has no finite square");
}
END_TEST

//  The bound that a sentence names is accepted.
START_TEST(the_bound_of_a_step_knows_dimensions_and_distances)
{
    refuse(
        ipc_dict("shape", ipc_list(20), "dt", 0.6), "ValueError",
        "alpha dt = 0.6 is above 1/2, the bound up to which method fd is stable: use dt <= 0.5, "
        "or method cn or fft");
    refuse(
        ipc_dict("shape", ipc_list(20, 20, 20), "dt", 0.2), "ValueError",
        "alpha dt = 0.2 is above 1/6, the bound up to which method fd is stable: use dt <= "
        "0.166666, or method cn or fft");
    accept(ipc_dict("shape", ipc_list(20, 20, 20), "dt", 0.166666));
    refuse(
        ipc_dict("n", 11, "lx", 5, "alpha", 3), "ValueError",
        "alpha dt (1/dx^2 + 1/dy^2) = 1.5 is above 1/2, the bound up to which method fd is "
        "stable: use dt <= 0.0333333, or method cn or fft");
    accept(ipc_dict("n", 11, "lx", 5, "alpha", 3, "dt", 0.0333333));
    accept(ipc_dict("n", 11, "lx", 5, "alpha", 3, "method", "fft"));
}
END_TEST

START_TEST(arrays_that_go_with_the_grid_have_its_shape)
{
    double numbers[20] = {0, 0.25, 0.5};
    const ipc_value_t fits = ipc_view2(IPC_F64, numbers, 4, 5);
    const ipc_value_t shape = ipc_list(4, 5);
    heat_options_t options =
        accept(ipc_dict("shape", shape, "source", fits, "alpha", fits));
    ck_assert(options.source.data == numbers && options.alphas.data == numbers);
    ck_assert(options.alpha == 0.5);
    accept(ipc_dict("shape", shape, "source", fits, "method", "fft"));
    refuse(ipc_dict("shape", ipc_list(5, 4), "source", fits), "ValueError",
           "source of heat.solve is 4 x 5, but a grid is 5 x 4");
    refuse(ipc_dict("shape", ipc_list(20), "alpha", fits), "ValueError",
           "alpha of heat.solve is 4 x 5, but a grid is 20");
    refuse(ipc_dict("source", 1.5), "TypeError",
           "source of heat.solve must be an array, not a float");
    refuse(ipc_dict("alpha", "much"), "TypeError",
           "alpha of heat.solve must be a number, not a string");
    refuse(ipc_dict("alpha", ipc_view2(IPC_C128, numbers, 2, 5)), "TypeError",
           "alpha of heat.solve must hold real numbers, not complex128");
    refuse(ipc_dict("shape", shape, "alpha", fits, "method", "fft"), "ValueError",
           "method fft takes one alpha for the whole grid, not an array: use method fd");
    refuse(ipc_dict("shape", shape, "alpha", fits, "method", "cn"), "ValueError",
           "method cn takes one alpha for the whole grid, not an array: use method fd");
    refuse(
        ipc_dict("shape", shape, "alpha", fits, "dt", 1), "ValueError",
        "the largest alpha times dt = 0.5 is above 1/4, the bound up to which method fd is "
        "stable: use dt <= 0.5");
    numbers[7] = -2;
    refuse(
        ipc_dict("shape", shape, "alpha", fits), "ValueError",
        "alpha of heat.solve is -2 at row 1, column 2, and must be finite and not negative");
    numbers[7] = NAN;
    refuse(
        ipc_dict("shape", shape, "alpha", fits), "ValueError",
        "alpha of heat.solve is nan at row 1, column 2, and must be finite and not negative");
}
END_TEST

START_TEST(a_batch_is_an_array_of_grids)
{
    const float numbers[60] = {0};
    const ipc_value_t three = ipc_view2(IPC_F32, numbers, 3, 20);
    heat_options_t options = accept(ipc_dict("initial", three, "batch", true));
    ck_assert(options.batch && options.count == 3 && options.ndim == 1);
    ck_assert(options.length[HEAT_X] == 20 && options.length[HEAT_Y] == 1);
    ck_assert_int_eq(options.dtype, IPC_F32);
    options = accept(ipc_dict("initial", three, "batch", ipc_bool(false)));
    ck_assert(!options.batch && options.count == 1 && options.ndim == 2);
    accept(ipc_dict("initial", three, "batch", 1, "shape", ipc_list(20), "source",
                    ipc_f32(numbers, 20)));
    accept(ipc_dict("initial", ipc_view2(IPC_F32, numbers, 1, 20), "batch", 1));
    refuse(ipc_dict("initial", ipc_f32(numbers, 20), "batch", 1), "ValueError",
           "initial of heat.solve must have 2 to 4 dimensions with batch, not 1");
    refuse(ipc_dict("initial", three, "batch", 1, "n", 20), "ValueError",
           "n says 20 x 20, but initial is 20: leave n out or correct it");
    refuse(ipc_dict("initial", three, "batch", 1, "source", three), "ValueError",
           "source of heat.solve is 3 x 20, but a grid is 20");
    options = accept(ipc_dict("initial", three, "batch", 1, "alphas", ipc_list(1, 0.5, 2)));
    ck_assert(options.alpha == 2);
    refuse(ipc_dict("initial", three, "batch", 1, "alphas", ipc_list(1, 2)), "ValueError",
           "alphas of heat.solve are 2, but initial has 3 grids");
    refuse(ipc_dict("initial", three, "batch", 1, "alphas", ipc_list(1, 2, 3), "alpha", 2),
           "ValueError", "heat.solve takes alpha or alphas, not both");
    refuse(ipc_dict("initial", three, "alphas", ipc_list(1, 2, 3)), "ValueError",
           "alphas of heat.solve are of the grids of a batch: add batch, or for one grid use alpha");
    // Of two grids, too, which without batch would be one of three dimensions that is too thin.
    const double two[2 * 9] = {0};
    refuse(ipc_dict("initial", ipc_view2(IPC_F64, two, 2, 9), "alphas", ipc_list(1, 2)), "ValueError",
           "alphas of heat.solve are of the grids of a batch: add batch, or for one grid use alpha");
    refuse(ipc_dict("initial", three, "batch", 1, "alphas", ipc_list(1, "2", 3)),
           "TypeError", "alphas of heat.solve must be a number, not a string");
    refuse(ipc_dict("initial", three, "batch", 1, "alphas", ipc_list(1, -2, 3)),
           "ValueError", "alphas of heat.solve is -2, and must be finite and not negative");
    refuse(ipc_dict("initial", three, "batch", 1, "alphas", 3), "TypeError",
           "alphas of heat.solve must be a list of numbers, not an integer");
    refuse(
        ipc_dict("initial", three, "batch", 1, "alphas", ipc_list(1, 2, 6)), "ValueError",
        "the largest alpha times dt = 0.6 is above 1/2, the bound up to which method fd is "
        "stable: use dt <= 0.0833333, or method cn or fft");
    refuse(ipc_dict("n", 20, "batch", 1), "ValueError",
           "batch of heat.solve needs initial, an array of grids");
    refuse(ipc_dict("n", 20, "batch", 2), "ValueError",
           "batch of heat.solve is 2, and must be from 0 to 1");
    refuse(ipc_dict("n", 20, "batch", "yes"), "TypeError",
           "batch of heat.solve must be a bool, not a string");
    ipc_array_t *five = heat_zeros(5, (const size_t[]){3, 3, 3, 3, 3});
    refuse(ipc_dict("initial", five, "batch", 1), "ValueError",
           "initial of heat.solve must have 2 to 4 dimensions with batch, not 5");
    refuse(ipc_dict("initial", five), "ValueError",
           "initial of heat.solve must have 1 to 3 dimensions, not 5");
    ipc_array_destroy(&five);
}
END_TEST

START_TEST(heat_initial_takes_fewer_keywords)
{
    heat_options_t options;
    ipc_error_t error;
    int accepted = heat_options_read_initial(&options, ipc_dict("n", 10), &error);
    ck_assert_int_eq(accepted, 0);
    ck_assert_uint_eq(options.length[HEAT_Y], 10);
    int refused = heat_options_read_initial(&options, ipc_dict("steps", 10), &error);
    ck_assert_int_eq(refused, -1);
    ck_assert_str_eq(error.text,
                     "heat.initial has no keyword 'steps': the nearest it has is 'shape'");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        defaults_are_as_in_the_lecture,
        a_keyword_that_is_none_has_its_default,
        time_and_steps_say_the_same,
        shapes_are_lengths_in_any_form,
        an_array_gives_shape_and_dtype,
        unknown_words_are_told_what_there_is,
        wrong_kinds_are_named,
        numbers_out_of_range_are_refused,
        an_unstable_step_is_refused_with_the_bound,
        edges_and_laplacian_are_those_of_the_method,
        lengths_of_the_domain_give_the_distances,
        the_bound_of_a_step_knows_dimensions_and_distances,
        arrays_that_go_with_the_grid_have_its_shape,
        a_batch_is_an_array_of_grids,
        heat_initial_takes_fewer_keywords,
    };
    return module_run_tests("heat_options", tests, sizeof tests / sizeof *tests);
}
