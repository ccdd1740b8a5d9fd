//  The keywords of the module `linalg`: what they mean, and the sentence of each refusal.
#include <string.h>

#include "kernels/linalg/options.h"
#include "module_support.h"

static const double numbers[24];

static linalg_options_t accept(linalg_function_t function, ipc_value_t keywords)
{
    linalg_options_t options;
    ipc_error_t error;
    ck_assert_msg(linalg_options_read(&options, function, keywords, &error) == 0, "%s",
                  error.text);
    return options;
}

static void refuse(linalg_function_t function, ipc_value_t keywords, const char *kind,
                   const char *sentence)
{
    linalg_options_t options;
    ipc_error_t error = {.text = "accepted"};
    linalg_options_read(&options, function, keywords, &error);
    ck_assert_str_eq(error.text, sentence);
    ck_assert_str_eq(error.kind, kind);
}

static ipc_value_t matrix(size_t rows, size_t columns)
{
    return ipc_view2(IPC_F64, numbers, rows, columns);
}

START_TEST(lengths_follow_from_the_operands)
{
    linalg_options_t options =
        accept(LINALG_MATMUL, ipc_dict("a", matrix(3, 2), "b", matrix(3, 4), "transpose_a",
                                       ipc_bool(true), "transpose_b", ipc_none()));
    ck_assert(options.rows == 2 && options.inner == 3 && options.columns == 4);
    ck_assert(options.transpose_left && !options.transpose_right);
    options = accept(LINALG_MATMUL, ipc_dict("a", matrix(2, 3), "b", matrix(4, 3),
                                             "transpose_b", true)); // an int in C11
    ck_assert(!options.transpose_left && options.transpose_right);
    options = accept(LINALG_MATVEC, ipc_dict("a", matrix(3, 2), "x", ipc_f64(numbers, 2)));
    ck_assert(options.rows == 3 && options.inner == 2 && options.columns == 1);
    ck_assert_int_eq(options.threads, 0);
    ck_assert_ptr_null(options.keep);
}
END_TEST

START_TEST(lengths_that_do_not_fit_are_named)
{
    ipc_value_t x = ipc_f64(numbers, 5), one = ipc_f64(numbers, 1);
    refuse(LINALG_MATVEC, ipc_dict("a", matrix(3, 4), "x", x), "ValueError",
           "linalg.matvec cannot multiply a (3 x 4) by x (5 elements): x must have 4 "
           "elements");
    refuse(LINALG_MATVEC,
           ipc_dict("a", matrix(3, 4), "x", one, "transpose", ipc_bool(true)), "ValueError",
           "linalg.matvec cannot multiply a (3 x 4, transposed) by x (1 element): x must "
           "have 3 elements");
    refuse(LINALG_MATMUL, ipc_dict("a", matrix(3, 4), "b", matrix(3, 4)), "ValueError",
           "linalg.matmul cannot multiply a (3 x 4) by b (3 x 4): b must have 4 rows");
    refuse(LINALG_MATMUL,
           ipc_dict("a", matrix(2, 3), "b", matrix(3, 4), "transpose_b", ipc_bool(true)),
           "ValueError",
           "linalg.matmul cannot multiply a (2 x 3) by b (3 x 4, transposed): b must have "
           "3 columns");
}
END_TEST

START_TEST(operands_are_arrays_of_one_inexact_dtype)
{
    const float singles[4] = {0};
    const int32_t integers[4] = {0};
    ipc_value_t a = matrix(2, 2), x = ipc_f64(numbers, 2);
    refuse(LINALG_MATVEC, ipc_dict("a", a, "x", ipc_f32(singles, 2)), "TypeError",
           "a of linalg.matvec is of float64 and x of float32: both must have one dtype");
    refuse(LINALG_MATVEC, ipc_dict("a", ipc_view2(IPC_I32, integers, 2, 2), "x", x),
           "TypeError",
           "a of linalg.matvec must hold float32, float64, complex64 or complex128, not "
           "int32");
    refuse(LINALG_MATVEC, ipc_dict("a", x, "x", x), "ValueError",
           "a of linalg.matvec must have 2 dimensions, not 1");
    refuse(LINALG_MATVEC, ipc_dict("a", a, "x", a), "ValueError",
           "x of linalg.matvec must have 1 dimension, not 2");
    refuse(LINALG_MATMUL, ipc_dict("a", a, "b", ipc_list(1, 2)), "TypeError",
           "b of linalg.matmul must be an array, not a list");
    refuse(LINALG_MATMUL, ipc_dict("a", a, "b", 2.0), "TypeError",
           "b of linalg.matmul must be an array, not a float");
    refuse(LINALG_MATMUL,
           ipc_dict("a", ipc_view2(IPC_F64, numbers, 0, (size_t) 1 << 31), "b", a),
           "ValueError",
           "a of linalg.matmul has a length of 2147483648, more than the most, 2147483647");
}
END_TEST

START_TEST(a_product_must_fit_into_memory)
{
    const size_t long_side = (size_t) 1 << 20;
    refuse(LINALG_MATMUL,
           ipc_dict("a", ipc_view2(IPC_F64, numbers, long_side, 0), "b",
                    ipc_view2(IPC_F64, numbers, 0, long_side)),
           "MemoryError",
           "1099511627776 numbers of float64 take 8192.0 GiB, more than the limit of "
           "256 GiB");
}
END_TEST

START_TEST(what_is_missing_or_unknown_is_named)
{
    ipc_value_t a = matrix(2, 2), x = ipc_f64(numbers, 2);
    refuse(LINALG_MATVEC, ipc_none(), "TypeError",
           "linalg.matvec needs a and x: a is missing");
    refuse(LINALG_MATVEC, ipc_dict("a", a), "TypeError",
           "linalg.matvec needs a and x: x is missing");
    refuse(LINALG_MATMUL, ipc_dict("a", a), "TypeError",
           "linalg.matmul needs a and b: b is missing");
    refuse(LINALG_MATVEC, ipc_dict("a", a, "x", x, "transposed", ipc_bool(true)),
           "NameError",
           "linalg.matvec has no keyword 'transposed': the nearest it has is 'transpose'");
    refuse(LINALG_MATVEC, ipc_dict("a", a, "b", a), "NameError",
           "linalg.matvec has no keyword 'b': the nearest it has is 'a'");
    refuse(LINALG_MATVEC, ipc_dict("a", a, "x", x, "transpose", 2), "ValueError",
           "transpose of linalg.matvec is 2, and must be from 0 to 1");
    refuse(LINALG_MATVEC, ipc_dict("a", a, "x", x, "transpose", "yes"), "TypeError",
           "transpose of linalg.matvec must be a bool, not a string");
    refuse(LINALG_MATVEC, a, "TypeError",
           "linalg.matvec takes a dictionary of keywords, not an array");
}
END_TEST

START_TEST(the_device_is_auto_cpu_or_cuda)
{
    ipc_value_t a = matrix(2, 2);
    static const char *const words[] = {"auto", "cpu", "cuda"};
    static const kernel_place_t places[] = {KERNEL_AUTO, KERNEL_CPU, KERNEL_CUDA};
    linalg_options_t options = accept(LINALG_MATMUL, ipc_dict("a", a, "b", a));
    ck_assert(options.place == KERNEL_AUTO);
    for (int i = 0; i < 3; i++) {
        options = accept(LINALG_MATMUL, ipc_dict("a", a, "b", a, "device", words[i]));
        ck_assert(options.place == places[i]);
    }
    refuse(LINALG_MATMUL, ipc_dict("device", "gpu"), "ValueError",
           "device of linalg.matmul is auto, cpu or cuda, not 'gpu'");
}
END_TEST

START_TEST(an_array_that_moves_needs_a_name_on_the_device_alone)
{
    linalg_options_t options = accept(LINALG_GET, ipc_dict("a", matrix(2, 2)));
    ck_assert_ptr_null(options.keep);
    options = accept(LINALG_ASARRAY, ipc_dict("a", matrix(2, 2), "keep", "x"));
    ck_assert_str_eq(options.keep, "x");
    refuse(LINALG_ASARRAY, ipc_dict("a", matrix(2, 2)), "TypeError",
           "linalg.asarray needs keep, the name of the array on the engine");
    refuse(LINALG_GET, ipc_none(), "TypeError", "linalg.get needs a");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        lengths_follow_from_the_operands,         lengths_that_do_not_fit_are_named,
        operands_are_arrays_of_one_inexact_dtype, a_product_must_fit_into_memory,
        an_array_that_moves_needs_a_name_on_the_device_alone,
        what_is_missing_or_unknown_is_named,      the_device_is_auto_cpu_or_cuda,
    };
    return module_run_tests("linalg_options", tests, sizeof tests / sizeof *tests);
}
