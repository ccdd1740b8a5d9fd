//  The keywords of the module `random`: what they mean, and the sentence of each refusal.
#include <math.h>
#include <string.h>

#include "kernels/random/options.h"
#include "module_support.h"

static random_options_t accept(random_function_t function, ipc_value_t keywords)
{
    random_options_t options;
    ipc_error_t error;
    ck_assert_msg(random_options_read(&options, function, keywords, &error) == 0, "%s",
                  error.text);
    return options;
}

static void refuse(random_function_t function, ipc_value_t keywords, const char *kind,
                   const char *sentence)
{
    random_options_t options;
    ipc_error_t error = {.text = "accepted"};
    random_options_read(&options, function, keywords, &error);
    ck_assert_str_eq(error.text, sentence);
    ck_assert_str_eq(error.kind, kind);
}

START_TEST(defaults)
{
    random_options_t options = accept(RANDOM_UNIFORM, ipc_none());
    ck_assert_int_eq(options.ndim, 0);
    ck_assert_uint_eq(options.count, 1);
    ck_assert_int_eq(options.dtype, IPC_F64);
    ck_assert(options.low == 0 && options.high == 1);
    ck_assert(options.seed == 0 && options.stream == 0 && options.first == 0);
    ck_assert_int_eq(options.threads, 0);
    ck_assert_ptr_null(options.keep);
    options = accept(RANDOM_NORMAL, ipc_dict("sigma", ipc_none()));
    ck_assert(options.mean == 0 && options.sigma == 1);
    ck_assert_uint_eq(accept(RANDOM_PI, ipc_none()).count, 1000000);
}
END_TEST

START_TEST(seeds_and_streams_have_64_bits)
{
    random_options_t options =
        accept(RANDOM_PI, ipc_dict("seed", UINT64_MAX, "stream", INT64_MAX));
    ck_assert_uint_eq(options.seed, UINT64_MAX);
    ck_assert_uint_eq(options.stream, INT64_MAX);
    refuse(RANDOM_PI, ipc_dict("seed", -1), "ValueError",
           "seed of random.pi is -1, and must be from 0 to 9223372036854775807");
    refuse(RANDOM_UNIFORM, ipc_dict("stream", 1.0), "TypeError",
           "stream of random.uniform must be an integer, not a float");
}
END_TEST

START_TEST(lengths_are_not_negative_and_fit_into_memory)
{
    refuse(RANDOM_UNIFORM, ipc_dict("n", -5), "ValueError",
           "n of random.uniform is -5, and must be from 0 to 9223372036854775807");
    refuse(RANDOM_NORMAL, ipc_dict("n", 10, "shape", ipc_list(2, 5)), "ValueError",
           "random.normal takes n or shape, not both");
    refuse(RANDOM_NORMAL, ipc_dict("shape", 10), "TypeError",
           "shape of random.normal must be a list of lengths, not an integer");
    refuse(RANDOM_NORMAL, ipc_dict("shape", ipc_list(1, 1, 1, 1, 1, 1, 1, 1, 1)),
           "ValueError", "shape of random.normal has 9 lengths, and must have from 1 to 8");
    refuse(RANDOM_NORMAL, ipc_dict("shape", ipc_list(2, "x")), "TypeError",
           "shape of random.normal must be an integer, not a string");
    refuse(RANDOM_UNIFORM, ipc_dict("n", INT64_C(1) << 40), "MemoryError",
           "1099511627776 numbers of float64 take 8192.0 GiB, more than the limit of "
           "256 GiB");
}
END_TEST

START_TEST(the_law_must_fit_the_dtype)
{
    refuse(RANDOM_UNIFORM, ipc_dict("low", 1), "ValueError",
           "high of random.uniform is 1, and must be more than low, 1, as float64");
    refuse(RANDOM_UNIFORM, ipc_dict("low", 1, "high", 1 + 1e-9, "dtype", "float32"),
           "ValueError",
           "high of random.uniform is 1, and must be more than low, 1, as float32");
    refuse(RANDOM_UNIFORM, ipc_dict("low", -1e308, "high", 1e308), "ValueError",
           "from low = -1e+308 to high = 1e+308 is more than float64 can hold");
    refuse(RANDOM_UNIFORM, ipc_dict("high", 1e300, "dtype", "float32"), "ValueError",
           "from low = 0 to high = 1e+300 is more than float32 can hold");
    refuse(RANDOM_UNIFORM, ipc_dict("high", (double) NAN), "ValueError",
           "high of random.uniform is nan, and must be finite");
    refuse(RANDOM_NORMAL, ipc_dict("sigma", -1), "ValueError",
           "sigma of random.normal is -1, and must be finite and not negative");
    refuse(RANDOM_NORMAL, ipc_dict("mean", 1e39, "dtype", "float32"), "ValueError",
           "mean = 1e+39 and sigma = 1 give more than float32 can hold");
    accept(RANDOM_NORMAL, ipc_dict("sigma", 0));
}
END_TEST

START_TEST(samples_are_at_least_one)
{
    refuse(RANDOM_PI, ipc_dict("samples", 0), "ValueError",
           "samples of random.pi is 0, and must be from 1 to 9223372036854775807");
    refuse(RANDOM_PI, ipc_dict("samples", 1e9), "TypeError",
           "samples of random.pi must be an integer, not a float");
    refuse(RANDOM_PI, ipc_dict("samples", 10, "first", INT64_MAX), "ValueError",
           "first of random.pi is 9223372036854775807, from where a stream does not have "
           "10 more");
}
END_TEST

START_TEST(each_function_has_keywords_of_its_own)
{
    refuse(RANDOM_UNIFORM, ipc_dict("sead", 3), "NameError",
           "random.uniform has no keyword 'sead': the nearest it has is 'seed'");
    refuse(RANDOM_UNIFORM, ipc_dict("mean", 3), "NameError",
           "random.uniform has no keyword 'mean': the nearest it has is 'n'");
    refuse(RANDOM_NORMAL, ipc_dict("high", 3), "NameError",
           "random.normal has no keyword 'high': the nearest it has is 'sigma'");
    refuse(RANDOM_PI, ipc_dict("n", 3), "NameError",
           "random.pi has no keyword 'n': the nearest it has is 'seed'");
    refuse(RANDOM_PI, ipc_dict("seed", 3, "seed", 4), "ValueError",
           "seed is given twice to random.pi");
    refuse(RANDOM_PI, ipc_list(1, 2), "TypeError",
           "random.pi takes a dictionary of keywords, not a list");
    refuse(RANDOM_NORMAL, ipc_dict("dtype", "float16"), "ValueError",
           "dtype of random.normal is float64 or float32, not 'float16'");
    refuse(RANDOM_NORMAL, ipc_dict("threads", 0), "ValueError",
           "threads of random.normal is 0, and must be from 1 to 256");
    refuse(RANDOM_NORMAL, ipc_dict("keep", ""), "ValueError",
           "keep of random.normal is an empty name");
}
END_TEST

START_TEST(the_device_is_auto_cpu_or_cuda)
{
    static const char *const words[] = {"auto", "cpu", "cuda"};
    static const kernel_place_t places[] = {KERNEL_AUTO, KERNEL_CPU, KERNEL_CUDA};
    for (int i = 0; i < 3; i++) {
        random_options_t options = accept(RANDOM_PI, ipc_dict("device", words[i]));
        ck_assert(options.place == places[i]);
    }
    refuse(RANDOM_PI, ipc_dict("device", "gpu"), "ValueError",
           "device of random.pi is auto, cpu or cuda, not 'gpu'");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        defaults,
        seeds_and_streams_have_64_bits,
        lengths_are_not_negative_and_fit_into_memory,
        the_law_must_fit_the_dtype,
        samples_are_at_least_one,
        each_function_has_keywords_of_its_own,
        the_device_is_auto_cpu_or_cuda,
    };
    return module_run_tests("random_options", tests, sizeof tests / sizeof *tests);
}
