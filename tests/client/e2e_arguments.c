//  Arguments: every parameter type there and back, the rules of conversion, and errors
//  before anything is sent.
#include "e2e_support.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
IPC_REMOTE(bool, same_bool, (bool x)) { return x; }
IPC_REMOTE(char, same_char, (char x)) { return x; }
IPC_REMOTE(int8_t, same_i8, (int8_t x)) { return x; }
IPC_REMOTE(int16_t, same_i16, (int16_t x)) { return x; }
IPC_REMOTE(int32_t, same_i32, (int32_t x)) { return x; }
IPC_REMOTE(int64_t, same_i64, (int64_t x)) { return x; }
IPC_REMOTE(long long, same_llong, (long long x)) { return x; }
IPC_REMOTE(uint8_t, same_u8, (uint8_t x)) { return x; }
IPC_REMOTE(uint16_t, same_u16, (uint16_t x)) { return x; }
IPC_REMOTE(uint32_t, same_u32, (uint32_t x)) { return x; }
IPC_REMOTE(uint64_t, same_u64, (uint64_t x)) { return x; }
IPC_REMOTE(unsigned long long, same_ullong, (unsigned long long x)) { return x; }
IPC_REMOTE(float, same_f32, (float x)) { return x; }
IPC_REMOTE(double, same_f64, (double x)) { return x; }
IPC_REMOTE(float complex, same_c64, (float complex x)) { return x; }
IPC_REMOTE(double complex, same_c128, (double complex x)) { return x; }
IPC_REMOTE(const char *, same_str, (const char *x)) { return ipc_text("%s", x); }
IPC_REMOTE(const ipc_array_t *, same_array, (const ipc_array_t *x)) { return x; }
IPC_REMOTE(ipc_array_t *, same_own, (ipc_array_t *x)) { return x; }
IPC_REMOTE(ipc_value_t, same_value, (ipc_value_t x)) { return x; }
IPC_REMOTE(void, nothing, (void)) {}
IPC_REMOTE(int64_t, add, (int64_t a, int64_t b)) { return a + b; }
IPC_REMOTE(int64_t, eight, (int a, int b, int c, int d, int e, int f, int g, int h))
{
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g +
           10000000L * h;
}
IPC_REMOTE(double, mixed, (int n, double x, const char *text, bool flag))
{
    return flag ? n * x + (double) strlen(text) : NAN;
}
// clang-format on

START_TEST(signed_integers_keep_every_bit)
{
    session_t s = session_open();
    assert_prints(ipc_apply(s.one, same_i8, INT8_MIN), "-128");
    assert_prints(ipc_apply(s.one, same_i8, INT8_MAX), "127");
    assert_prints(ipc_apply(s.one, same_i16, INT16_MIN), "-32768");
    assert_prints(ipc_apply(s.one, same_i16, INT16_MAX), "32767");
    assert_prints(ipc_apply(s.one, same_i32, INT32_MIN), "-2147483648");
    assert_prints(ipc_apply(s.one, same_i32, INT32_MAX), "2147483647");
    assert_prints(ipc_apply(s.one, same_i64, INT64_MIN), "-9223372036854775808");
    assert_prints(ipc_apply(s.one, same_i64, INT64_MAX), "9223372036854775807");
    assert_prints(ipc_apply(s.one, same_llong, INT64_MIN), "-9223372036854775808");
    ck_assert_int_eq(ipc_result_i64(ipc_apply(s.one, same_i64, INT64_MIN), 0), INT64_MIN);
    ck_assert_int_eq(ipc_result_i64(ipc_apply(s.one, same_char, 'x'), 0), 'x');
    session_close(&s);
}
END_TEST

START_TEST(unsigned_integers_keep_every_bit)
{
    session_t s = session_open();
    assert_prints(ipc_apply(s.one, same_u8, UINT8_MAX), "255");
    assert_prints(ipc_apply(s.one, same_u16, UINT16_MAX), "65535");
    assert_prints(ipc_apply(s.one, same_u32, UINT32_MAX), "4294967295");
    assert_prints(ipc_apply(s.one, same_u64, UINT64_MAX), "18446744073709551615");
    assert_prints(ipc_apply(s.one, same_ullong, UINT64_MAX), "18446744073709551615");
    ck_assert_uint_eq(ipc_result_u64(ipc_apply(s.one, same_u64, UINT64_MAX), 0),
                      UINT64_MAX);
    assert_prints(ipc_apply(s.one, same_u64, 7), "7");
    assert_prints(ipc_apply(s.one, same_i64, 7u), "7");
    session_close(&s);
}
END_TEST

START_TEST(floating_point_keeps_every_bit)
{
    session_t s = session_open();
    const double doubles[] = {0,       -0.0,         1.0 / 3,  DBL_MAX,
                              DBL_MIN, DBL_TRUE_MIN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        double back = ipc_result_f64(ipc_apply(s.one, same_f64, doubles[i]), 0);
        ck_assert_int_eq(memcmp(&back, &doubles[i], sizeof back), 0);
    }
    ck_assert(isnan(ipc_result_f64(ipc_apply(s.one, same_f64, NAN), 0)));
    const float floats[] = {0, 1.0f / 3, FLT_MAX, FLT_TRUE_MIN, INFINITY};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        ck_assert_double_eq(ipc_result_f64(ipc_apply(s.one, same_f32, floats[i]), 0),
                            (double) floats[i]);
    assert_prints(ipc_apply(s.one, same_f64, 0.5), "0.5");
    assert_prints(ipc_apply(s.one, same_f64, 3.0), "3");
    session_close(&s);
}
END_TEST

START_TEST(complex_numbers_travel)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.one, same_c128, 1.0 + 2.0 * I);
    ck_assert(ipc_result_c128(r, 0) == 1.0 + 2.0 * I);
    assert_prints(r, "1+2i");
    r = ipc_apply(s.one, same_c64, 0.5f - 1.5f * I);
    assert_prints(r, "0.5-1.5i");
    r = ipc_apply(s.one, same_c128, 2);
    assert_ok(r);
    ck_assert(ipc_result_c128(r, 0) == 2.0);
    assert_ok(ipc_apply(s.one, same_c128, 2.5));
    session_close(&s);
}
END_TEST

START_TEST(strings_and_booleans_travel)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.all, same_str, "heat ü €");
    ck_assert_str_eq(ipc_result_str(r, 3), "heat ü €");
    assert_prints(ipc_apply(s.one, same_str, ""), "\"\"");
    assert_prints(ipc_apply(s.one, same_bool, true), "true");
    assert_prints(ipc_apply(s.one, same_bool, 0), "false");
    assert_prints(ipc_apply(s.one, same_bool, 1u), "true");
    assert_prints(ipc_apply(s.one, same_bool, ipc_bool(true)), "true");
    char *large = malloc(1 << 20);
    memset(large, 'x', (1 << 20) - 1);
    large[(1 << 20) - 1] = 0;
    r = ipc_apply(s.one, same_str, large);
    ck_assert_str_eq(ipc_result_str(r, 0), large);
    free(large);
    session_close(&s);
}
END_TEST

START_TEST(arrays_travel_by_value)
{
    session_t s = session_open();
    const double x[] = {1, 2.5, 3};
    assert_prints(ipc_apply(s.one, same_array, ipc_f64(x, 3)), "[1, 2.5, 3]");
    assert_prints(ipc_apply(s.one, same_own, ipc_f64(x, 3)), "[1, 2.5, 3]");
    const int32_t m[] = {1, 2, 3, 4, 5, 6};
    ipc_result_t *r = ipc_apply(s.one, same_array, ipc_view2(IPC_I32, m, 2, 3));
    assert_prints(r, "[[1, 2, 3], [4, 5, 6]]");
    ck_assert_int_eq(ipc_array_dtype(ipc_result_array(r, 0)), IPC_I32);
    ipc_error_t error;
    ipc_array_t *own = ipc_array_new(IPC_I64, 1, (size_t[]){2}, &error);
    ipc_array_i64(own)[1] = 7;
    r = ipc_apply(s.one, same_array, own);
    ipc_array_i64(own)[1] = 8; // a call has copied all that it needs when it returns
    assert_prints(r, "[0, 7]");
    ipc_array_destroy(&own);
    session_close(&s);
}
END_TEST

START_TEST(any_value_travels)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    assert_prints(ipc_apply(s.one, same_value, 5), "5");
    assert_prints(ipc_apply(s.one, same_value, ipc_none()), "null");
    assert_prints(ipc_apply(s.one, same_value, "a \"b\""), "\"a \\\"b\\\"\"");
    assert_prints(ipc_apply(s.one, same_value,
                            ipc_list(1, 2.5, "x", ipc_list(ipc_bool(true), ipc_none()))),
                  "[1, 2.5, \"x\", [true, null]]");
    assert_prints(ipc_apply(s.one, same_value,
                            ipc_dict("n", 3, "x", ipc_f64(x, 2), "d",
                                     ipc_dict("k", ipc_bool(false)))),
                  "{\"n\": 3, \"x\": [1, 2], \"d\": {\"k\": false}}");
    assert_prints(ipc_apply(s.one, same_value, ipc_value_from_list(NULL, 0)), "[]");
    session_close(&s);
}
END_TEST

START_TEST(void_gives_null)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, nothing);
    assert_ok(r);
    assert_prints(r, "[null, null, null, null]");
    ck_assert(ipc_value_is_none(ipc_result_value(r, 0)));
    assert_prints(ipc_apply_sync(s.any, nothing), "null");
    session_close(&s);
}
END_TEST

START_TEST(up_to_eight_parameters)
{
    session_t s = session_open();
    assert_prints(ipc_apply(s.one, eight, 1, 2, 3, 4, 5, 6, 7, 8), "87654321");
    assert_prints(ipc_apply(s.one, mixed, 2, 1.5, "abc", true), "6");
    session_close(&s);
}
END_TEST

START_TEST(numbers_convert_when_exact)
{
    session_t s = session_open();
    assert_prints(ipc_apply(s.one, same_f64, 3), "3");
    assert_prints(ipc_apply(s.one, same_f64, INT64_C(1) << 53), "9.0072e+15");
    assert_fails(ipc_apply(s.one, same_f64, (INT64_C(1) << 53) + 1), "argument");
    assert_fails(ipc_apply(s.one, same_f32, (1 << 24) + 1), "argument");
    assert_prints(ipc_apply(s.one, same_f32, 1 << 24), "1.67772e+07");
    assert_prints(ipc_apply(s.one, same_f32, 0.1), "0.1"); // rounded, as C does
    assert_prints(ipc_apply(s.one, same_i64, true), "1");
    session_close(&s);
}
END_TEST

START_TEST(wrong_kinds_fail_before_anything_is_sent)
{
    session_t s = session_open();
    const double x[] = {1};
    assert_fails(ipc_apply(s.all, same_i64, 1.0), "argument");
    assert_fails(ipc_apply(s.all, same_i64, 1.5), "argument");
    assert_fails(ipc_apply(s.all, same_i64, "1"), "argument");
    assert_fails(ipc_apply(s.all, same_i64, ipc_none()), "argument");
    assert_fails(ipc_apply(s.all, same_i64, ipc_list(1)), "argument");
    assert_fails(ipc_apply(s.all, same_f64, "x"), "argument");
    assert_fails(ipc_apply(s.all, same_f64, 1.0 * I), "argument");
    assert_fails(ipc_apply(s.all, same_bool, 2), "argument");
    assert_fails(ipc_apply(s.all, same_bool, 1.0), "argument");
    assert_fails(ipc_apply(s.all, same_str, 1), "argument");
    assert_fails(ipc_apply(s.all, same_str, ipc_f64(x, 1)), "argument");
    assert_fails(ipc_apply(s.all, same_array, 1), "argument");
    assert_fails(ipc_apply(s.all, same_array, "x"), "argument");
    assert_fails(ipc_apply(s.all, same_own, ipc_dict("a", 1)), "argument");
    session_close(&s);
}
END_TEST

START_TEST(numbers_out_of_range_fail_before_anything_is_sent)
{
    session_t s = session_open();
    assert_fails(ipc_apply(s.all, same_i8, 128), "argument");
    assert_fails(ipc_apply(s.all, same_i8, -129), "argument");
    assert_fails(ipc_apply(s.all, same_u8, -1), "argument");
    assert_fails(ipc_apply(s.all, same_u8, 256), "argument");
    assert_fails(ipc_apply(s.all, same_i16, 32768), "argument");
    assert_fails(ipc_apply(s.all, same_i32, INT64_C(1) << 31), "argument");
    assert_fails(ipc_apply(s.all, same_u32, INT64_C(1) << 32), "argument");
    assert_fails(ipc_apply(s.all, same_i64, UINT64_MAX), "argument");
    assert_fails(ipc_apply(s.all, same_u64, -1), "argument");
    session_close(&s);
}
END_TEST

START_TEST(a_wrong_number_is_told_in_words)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.all, add, 1);
    ck_assert_uint_eq(ipc_result_count(r), 4);
    assert_fails(r, "add takes 2 arguments, got 1");
    ck_assert_int_eq(ipc_result_error(r)->code, IPC_E_ARGUMENT);
    ck_assert_int_eq(ipc_result_error(r)->engine, -1);
    assert_fails(ipc_apply(s.all, add, 1, 2, 3), "add takes 2 arguments, got 3");
    assert_fails(ipc_apply(s.all, nothing, 1), "argument");
    assert_fails(ipc_apply(s.any, add), "argument");
    assert_fails(ipc_apply_sync(s.any, add, 1), "argument");
    session_close(&s);
}
END_TEST

START_TEST(an_unsent_call_is_done_at_once)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.all, add, 1);
    ck_assert(ipc_result_wait(r, 0));
    ck_assert_uint_eq(ipc_result_done(r), ipc_result_count(r));
    for (size_t i = 0; i < ipc_result_count(r); i++) {
        ck_assert_ptr_nonnull(ipc_result_error_at(r, i));
        ck_assert_int_eq(ipc_result_i64(r, i), 0);
    }
    ck_assert_ptr_null(ipc_result_joined(r));
    char *shown = display_of(r);
    ck_assert_msg(strstr(shown, "argument") != NULL, "%s", shown);
    free(shown);
    session_close(&s);
}
END_TEST

START_TEST(named_functions_need_a_module)
{
    session_t s = session_open();
    assert_fails(ipc_apply_named(s.one, "nosuch.function", 1), "nosuch");
    assert_fails(ipc_require(s.one, "nosuch"), "nosuch");
    assert_fails(ipc_require(s.one, "/nonexistent/mine.so"), "mine.so");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, signed_integers_keep_every_bit);
    tcase_add_test(tests, unsigned_integers_keep_every_bit);
    tcase_add_test(tests, floating_point_keeps_every_bit);
    tcase_add_test(tests, complex_numbers_travel);
    tcase_add_test(tests, strings_and_booleans_travel);
    tcase_add_test(tests, arrays_travel_by_value);
    tcase_add_test(tests, any_value_travels);
    tcase_add_test(tests, void_gives_null);
    tcase_add_test(tests, up_to_eight_parameters);
    tcase_add_test(tests, numbers_convert_when_exact);
    tcase_add_test(tests, wrong_kinds_fail_before_anything_is_sent);
    tcase_add_test(tests, numbers_out_of_range_fail_before_anything_is_sent);
    tcase_add_test(tests, a_wrong_number_is_told_in_words);
    tcase_add_test(tests, an_unsent_call_is_done_at_once);
    tcase_add_test(tests, named_functions_need_a_module);
}

int main(void)
{
    return e2e_main("arguments", add_tests);
}
