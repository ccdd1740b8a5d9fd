//  The numbers of the module, as engines give them: their distribution, and that they
//  depend on seed, stream and place alone. Seeds are fixed, so a bound that holds once
//  holds always; each is where right numbers would be beyond it with a probability of less
//  than 1 in 1,000.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "module_support.h"

enum { N = 1 << 20, SORTED = 100000 };

static ipc_array_t *array_of(ipc_value_t value)
{
    ck_assert_int_eq(ipc_value_kind(value), IPC_KIND_ARRAY);
    return (ipc_array_t *) ipc_value_array(value); // a call outside of a task gives it away
}

static ipc_array_t *uniform(ipc_value_t keywords)
{
    return array_of(module_call("uniform", keywords));
}

static ipc_array_t *normal(ipc_value_t keywords)
{
    return array_of(module_call("normal", keywords));
}

//  Mean and central moments, the latter as powers of the standard deviation.
typedef struct moments {
    double mean, deviation, skewness, kurtosis;
} moments_t;

static moments_t moments_of(const ipc_array_t *array)
{
    const double *x = ipc_array_f64(array);
    const double n = (double) ipc_array_count(array);
    double sum = 0, power2 = 0, power3 = 0, power4 = 0;
    for (size_t i = 0; i < ipc_array_count(array); i++) sum += x[i];
    for (size_t i = 0; i < ipc_array_count(array); i++) {
        const double away = x[i] - sum / n, square = away * away;
        power2 += square;
        power3 += square * away;
        power4 += square * square;
    }
    const double deviation = sqrt(power2 / n);
    return (moments_t){.mean = sum / n,
                       .deviation = deviation,
                       .skewness = power3 / n / pow(deviation, 3),
                       .kurtosis = power4 / n / pow(deviation, 4)};
}

//  The standard errors of n numbers' moments: of the mean 1 / sqrt(n) deviations, of the
//  deviation sqrt((kurtosis - 1) / 4n).
START_TEST(moments_are_those_of_the_distribution)
{
    const double n = N;
    ipc_array_t *x = uniform(ipc_dict("n", N, "low", -3, "high", 9, "seed", 1));
    moments_t found = moments_of(x);
    ck_assert_double_eq_tol(found.mean, 3, 3.3 * sqrt(12 / n));
    ck_assert_double_eq_tol(found.deviation, sqrt(12), 3.3 * sqrt(12 * 0.2 / n));
    ck_assert_double_eq_tol(found.kurtosis, 1.8, 0.01);
    ipc_array_destroy(&x);
    x = normal(ipc_dict("n", N, "mean", 100, "sigma", 5, "seed", 2));
    found = moments_of(x);
    ck_assert_double_eq_tol(found.mean, 100, 3.3 * 5 / sqrt(n));
    ck_assert_double_eq_tol(found.deviation, 5, 3.3 * 5 / sqrt(2 * n));
    ck_assert_double_eq_tol(found.skewness, 0, 3.3 * sqrt(6 / n));
    ck_assert_double_eq_tol(found.kurtosis, 3, 3.3 * sqrt(24 / n));
    ipc_array_destroy(&x);
}
END_TEST

static int compare(const void *a, const void *b)
{
    const double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static double uniform_below(double x)
{
    return x;
}

static double normal_below(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

//  The statistic of Kolmogorov and Smirnov: sqrt(n) times the largest difference between
//  the share of numbers below x and what it should be. Above 1.95 with probability 1 in
//  1,000.
static double largest_difference(ipc_array_t *array, double (*below)(double))
{
    const size_t n = ipc_array_count(array);
    double *x = ipc_array_f64(array), most = 0;
    qsort(x, n, sizeof *x, compare);
    for (size_t i = 0; i < n; i++) {
        const double share = below(x[i]);
        most = fmax(most, fmax(share - (double) i / (double) n,
                               (double) (i + 1) / (double) n - share));
    }
    return most * sqrt((double) n);
}

START_TEST(shares_below_each_number_are_right)
{
    for (int seed = 0; seed < 5; seed++) {
        ipc_array_t *x = uniform(ipc_dict("n", SORTED, "seed", seed));
        ck_assert_double_lt(largest_difference(x, uniform_below), 1.95);
        ipc_array_destroy(&x);
        x = normal(ipc_dict("n", SORTED, "seed", seed));
        ck_assert_double_lt(largest_difference(x, normal_below), 1.95);
        ipc_array_destroy(&x);
    }
}
END_TEST

//  Chi square of counts that should be equal. With so many degrees of freedom it is normal:
//  with the deviation sqrt(2 (bins - 1)), and beyond 3.3 of them with 1 in 1,000.
static void assert_even(const size_t *counts, size_t bins)
{
    double total = 0, chi = 0;
    for (size_t i = 0; i < bins; i++) total += (double) counts[i];
    const double expected = total / (double) bins, freedom = (double) bins - 1;
    for (size_t i = 0; i < bins; i++)
        chi += pow((double) counts[i] - expected, 2) / expected;
    ck_assert_double_eq_tol(chi, freedom, 3.3 * sqrt(2 * freedom));
}

START_TEST(all_intervals_and_all_low_bits_come_evenly)
{
    enum { BINS = 1024 };
    ipc_array_t *x = uniform(ipc_dict("n", N, "seed", 7));
    ipc_array_t *y = uniform(ipc_dict("n", N, "seed", 7, "dtype", "float32"));
    size_t high[BINS] = {0}, low[BINS] = {0}, single[BINS] = {0}, next[BINS] = {0};
    for (size_t i = 0; i < N; i++) {
        const uint64_t bits = (uint64_t) ldexp(ipc_array_f64(x)[i], 53);
        const uint64_t before = (uint64_t) (ipc_array_f64(x)[i ? i - 1 : N - 1] * 32);
        high[bits >> 43]++;
        low[bits % BINS]++;
        single[(size_t) ldexpf(ipc_array_f32(y)[i], 24) % BINS]++;
        next[before * 32 + (bits >> 48)]++; // neighbours, too
    }
    assert_even(high, BINS);
    assert_even(low, BINS);
    assert_even(single, BINS);
    assert_even(next, BINS);
    ipc_array_destroy(&x);
    ipc_array_destroy(&y);
}
END_TEST

//  Poisson: the count's deviation is its root.
START_TEST(far_numbers_are_as_rare_as_they_should_be)
{
    const size_t n = 4 * N;
    ipc_array_t *x = normal(ipc_dict("n", n, "seed", 3));
    for (double far = 2; far <= 5; far++) {
        const double expected = (double) n * erfc(far * M_SQRT1_2);
        double found = 0;
        for (size_t i = 0; i < n; i++) found += fabs(ipc_array_f64(x)[i]) > far;
        ck_assert_double_eq_tol(found, expected, 3.3 * sqrt(expected) + 1);
    }
    ipc_array_destroy(&x);
}
END_TEST

static double correlation(const ipc_array_t *a, const ipc_array_t *b)
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(a); i++)
        sum += ipc_array_f64(a)[i] * ipc_array_f64(b)[i];
    return sum / (double) ipc_array_count(a);
}

START_TEST(streams_and_seeds_are_independent_and_come_again)
{
    const double bound = 3.3 / sqrt(N);
    ipc_array_t *one = normal(ipc_dict("n", N, "stream", 1));
    ipc_array_t *again = normal(ipc_dict("n", N, "stream", 1, "seed", 0));
    ipc_array_t *other = normal(ipc_dict("n", N, "stream", 2));
    ipc_array_t *seeded = normal(ipc_dict("n", N, "stream", 1, "seed", UINT64_MAX));
    ck_assert_mem_eq(ipc_array_data(one), ipc_array_data(again), ipc_array_size(one));
    ck_assert_double_eq_tol(correlation(one, other), 0, bound);
    ck_assert_double_eq_tol(correlation(one, seeded), 0, bound);
    ck_assert_double_eq_tol(correlation(one, one), 1, 3.3 * sqrt(2.0 / N));
    ipc_array_destroy(&one);
    ipc_array_destroy(&again);
    ipc_array_destroy(&other);
    ipc_array_destroy(&seeded);
}
END_TEST

//  The n-th number is the same from wherever one begins.
START_TEST(parts_of_a_stream_are_the_stream)
{
    enum { ALL = 5000 };
    static const char *const dtypes[] = {"float64", "float32"};
    static const char *const functions[] = {"uniform", "normal"};
    for (int f = 0; f < 2; f++)
        for (int d = 0; d < 2; d++) {
            ipc_array_t *all =
                array_of(module_call(functions[f], ipc_dict("n", ALL, "dtype", dtypes[d])));
            const size_t size = ipc_array_size(all) / ALL;
            for (size_t first = 0; first < ALL; first += 1 + first / 2)
                for (size_t n = 0; n <= ALL - first; n += 1 + 3 * n) {
                    ipc_array_t *part =
                        array_of(module_call(functions[f], ipc_dict("n", n, "first", first,
                                                                    "dtype", dtypes[d])));
                    ck_assert_uint_eq(ipc_array_count(part), n);
                    ck_assert_int_eq(memcmp(ipc_array_data(part),
                                            (char *) ipc_array_data(all) + first * size,
                                            n * size),
                                     0);
                    ipc_array_destroy(&part);
                }
            ipc_array_destroy(&all);
        }
}
END_TEST

static int64_t inside(ipc_value_t keywords)
{
    return ipc_value_i64(ipc_value_get(module_call("pi", keywords), "inside"));
}

START_TEST(the_number_of_threads_does_not_matter)
{
    for (int threads = 2; threads <= 5; threads++) {
        ipc_array_t *one = normal(ipc_dict("n", N + 13, "threads", 1, "first", 3));
        ipc_array_t *more = normal(ipc_dict("n", N + 13, "threads", threads, "first", 3));
        ck_assert_mem_eq(ipc_array_data(one), ipc_array_data(more), ipc_array_size(one));
        ipc_array_destroy(&one);
        ipc_array_destroy(&more);
        // Not inside the assertion, whose text would hold the whole expansion of ipc_dict.
        const int64_t counts[] = {
            inside(ipc_dict("samples", N + 13, "threads", 1, "first", 1)),
            inside(ipc_dict("samples", N + 13, "threads", threads, "first", 1))};
        ck_assert_int_eq(counts[0], counts[1]);
    }
}
END_TEST

START_TEST(single_precision_is_the_double_one_rounded)
{
    ipc_array_t *x = normal(ipc_dict("n", 1000, "mean", 1, "sigma", 0.1));
    ipc_array_t *y =
        normal(ipc_dict("n", 1000, "mean", 1, "sigma", 0.1, "dtype", "float32"));
    ck_assert_int_eq(ipc_array_dtype(y), IPC_F32);
    for (size_t i = 0; i < 1000; i++)
        ck_assert(ipc_array_f32(y)[i] == (float) ipc_array_f64(x)[i]);
    ipc_array_destroy(&x);
    ipc_array_destroy(&y);
}
END_TEST

START_TEST(shapes_and_single_numbers)
{
    ipc_array_t *flat = uniform(ipc_dict("n", 24));
    ipc_array_t *x = uniform(ipc_dict("shape", ipc_list(2, 3, 4)));
    ck_assert_int_eq(ipc_array_ndim(x), 3);
    ck_assert(ipc_array_shape(x)[0] == 2 && ipc_array_shape(x)[2] == 4);
    ck_assert_mem_eq(ipc_array_data(x), ipc_array_data(flat), ipc_array_size(flat));
    ipc_array_destroy(&x);
    x = uniform(ipc_dict("n", 0));
    ck_assert_uint_eq(ipc_array_count(x), 0);
    ipc_array_destroy(&x);
    const double number = ipc_value_f64(module_call("uniform", ipc_none()));
    ck_assert(number == ipc_array_f64(flat)[0]);
    const double later =
        ipc_value_f64(module_call("uniform", ipc_dict("first", 5, "high", 2)));
    ck_assert(later == 2 * ipc_array_f64(flat)[5]);
    ipc_array_destroy(&flat);
}
END_TEST

START_TEST(a_kept_array_is_in_the_namespace)
{
    ipc_value_t none = module_call("normal", ipc_dict("n", 10, "keep", "noise"));
    ck_assert(ipc_value_is_none(none));
    ck_assert_uint_eq(ipc_array_count(ipc_value_array(ipc_ns_get("noise"))), 10);
}
END_TEST

START_TEST(pi_is_within_four_standard_errors)
{
    for (int stream = 0; stream < 8; stream++) {
        ipc_value_t found =
            module_call("pi", ipc_dict("samples", 10000000, "stream", stream));
        const double pi = ipc_value_f64(ipc_value_get(found, "pi"));
        const double error = ipc_value_f64(ipc_value_get(found, "error"));
        ck_assert_double_eq_tol(error, 1.6422 / sqrt(1e7), 1e-7);
        ck_assert_double_eq_tol(pi, M_PI, 4 * error);
        const int64_t count = ipc_value_i64(ipc_value_get(found, "inside"));
        ck_assert(pi == 4 * (double) count / 1e7);
    }
}
END_TEST

START_TEST(parts_of_the_points_add_up)
{
    int64_t all = inside(ipc_dict("samples", 100001)), parts = 0;
    for (int first = 0; first < 100001; first += 33333)
        parts += inside(ipc_dict("samples", first == 99999 ? 2 : 33333, "first", first));
    ck_assert_int_eq(parts, all);
}
END_TEST

START_TEST(info_tells_how_numbers_are_made)
{
    ipc_value_t info = module_call("info", ipc_none());
    ck_assert_str_eq(ipc_value_str(ipc_value_get(info, "generator")), "Philox4x32-10");
    ck_assert_int_ge(ipc_value_i64(ipc_value_get(info, "threads")), 1);
    ck_assert_ptr_nonnull(ipc_value_str(ipc_value_get(info, "instructions")));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        moments_are_those_of_the_distribution,
        shares_below_each_number_are_right,
        all_intervals_and_all_low_bits_come_evenly,
        far_numbers_are_as_rare_as_they_should_be,
        streams_and_seeds_are_independent_and_come_again,
        parts_of_a_stream_are_the_stream,
        the_number_of_threads_does_not_matter,
        single_precision_is_the_double_one_rounded,
        shapes_and_single_numbers,
        a_kept_array_is_in_the_namespace,
        pi_is_within_four_standard_errors,
        parts_of_the_points_add_up,
        info_tells_how_numbers_are_made,
    };
    return module_run_tests("random", tests, sizeof tests / sizeof *tests);
}
