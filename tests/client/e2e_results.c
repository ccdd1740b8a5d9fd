//  What a result looks like: the table of API.md 9, row by row, and what printing makes of
//  each kind.
#include "e2e_support.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(void, nothing, (int item)) {}
IPC_REMOTE(bool, is_even, (void)) { return ipc_engine_id() % 2 == 0; }
IPC_REMOTE(double, half_id, (void)) { return 0.5 * (double) ipc_engine_id(); }
IPC_REMOTE(double complex, turned, (void)) { return (double) ipc_engine_id() * I; }
IPC_REMOTE(const char *, name, (void)) { return ipc_text("engine %d", (int) ipc_engine_id()); }
IPC_REMOTE(ipc_value_t, kinds, (void))
{
    return ipc_give(ipc_dict("n", 1, "list", ipc_list(1, ipc_list(2)), "none", ipc_none()));
}

//  count float64 numbers, count + 1 on engine 3 when ragged.
IPC_REMOTE(ipc_array_t *, numbers, (size_t count, bool ragged))
{
    if (ragged && ipc_engine_id() == 3)
        count++;
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, &count, NULL);
    double first = (double) ipc_engine_id();
    for (size_t i = 0; i < count; i++) ipc_array_f64(x)[i] = first + 0.25 * (double) i;
    return x;
}

//  2 x width; int32 on engine 0, float64 elsewhere when mixed.
IPC_REMOTE(ipc_array_t *, matrix, (size_t width, bool mixed))
{
    ipc_dtype_t dtype = mixed && ipc_engine_id() > 0 ? IPC_F64 : IPC_I32;
    return ipc_array_new(dtype, 2, (size_t[]){2, width}, NULL);
}

IPC_REMOTE(ipc_array_t *, odd_width, (void))
{
    return ipc_array_new(IPC_I32, 2, (size_t[]){2, 1 + (size_t) ipc_engine_id()}, NULL);
}
// clang-format on

START_TEST(direct_calls_give_one_position_for_each_engine)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.all, my_id);
    ck_assert_uint_eq(ipc_result_count(r), 4);
    assert_prints(r, "[0, 1, 2, 3]");
    for (int i = 0; i < 4; i++) ck_assert_int_eq(ipc_result_i64(r, (size_t) i), i);
    r = ipc_apply(view_of(&s, "[2]"), my_id);
    ck_assert_uint_eq(ipc_result_count(r), 1);
    assert_prints(r, "[2]");
    r = ipc_apply(view_of(&s, "2"), my_id);
    ck_assert_uint_eq(ipc_result_count(r), 1);
    assert_prints(r, "2");
    session_close(&s);
}
END_TEST

START_TEST(numbers_join_to_one_array)
{
    session_t s = session_open();
    const ipc_array_t *joined = ipc_result_joined(ipc_apply(s.all, my_id));
    ck_assert_ptr_nonnull(joined);
    ck_assert_int_eq(ipc_array_dtype(joined), IPC_I64);
    ck_assert_uint_eq(ipc_array_count(joined), 4);
    ck_assert_int_eq(ipc_array_i64(joined)[3], 3);
    joined = ipc_result_joined(ipc_apply(s.all, half_id));
    ck_assert_double_eq(ipc_array_f64(joined)[3], 1.5);
    joined = ipc_result_joined(ipc_apply(s.all, turned));
    ck_assert(ipc_array_c128(joined)[2] == 2.0 * I);
    joined = ipc_result_joined(ipc_apply(s.all, is_even));
    ck_assert(ipc_array_bool(joined)[0] && !ipc_array_bool(joined)[1]);
    joined = ipc_result_joined(ipc_apply(s.one, my_id));
    ck_assert_uint_eq(ipc_array_count(joined), 1);
    joined = ipc_result_joined(ipc_map(s.any, square, ipc_range(0, 5)));
    ck_assert_int_eq(ipc_array_i64(joined)[4], 16);
    session_close(&s);
}
END_TEST

START_TEST(arrays_join_along_axis_0)
{
    session_t s = session_open();
    const ipc_array_t *joined = ipc_result_joined(ipc_apply(s.all, numbers, 2, true));
    ck_assert_ptr_nonnull(joined);
    ck_assert_uint_eq(ipc_array_count(joined), 9);
    ck_assert_double_eq(ipc_array_f64(joined)[8], 3.5);
    joined = ipc_result_joined(ipc_apply(s.all, matrix, 3, false));
    ck_assert_int_eq(ipc_array_ndim(joined), 2);
    ck_assert_uint_eq(ipc_array_shape(joined)[0], 8);
    ck_assert_uint_eq(ipc_array_shape(joined)[1], 3);
    joined = ipc_result_joined(ipc_apply(s.all, numbers, 0, false));
    ck_assert_ptr_nonnull(joined);
    ck_assert_uint_eq(ipc_array_count(joined), 0);
    session_close(&s);
}
END_TEST

START_TEST(what_does_not_fit_does_not_join)
{
    session_t s = session_open();
    ck_assert_ptr_null(ipc_result_joined(ipc_apply(s.all, matrix, 3, true)));
    ck_assert_ptr_null(ipc_result_joined(ipc_apply(s.all, odd_width)));
    ck_assert_ptr_null(ipc_result_joined(ipc_apply(s.all, name)));
    ck_assert_ptr_null(ipc_result_joined(ipc_apply(s.all, nothing, 1)));
    ck_assert_ptr_null(ipc_result_joined(ipc_push(s.all, "j", 1)));
    session_close(&s);
}
END_TEST

START_TEST(maps_give_one_position_for_each_item)
{
    session_t s = session_open();
    ipc_view_t *views[] = {s.all, s.any, s.one};
    for (int i = 0; i < 3; i++) {
        ipc_result_t *r = ipc_map(views[i], square, ipc_range(0, 10));
        ck_assert_uint_eq(ipc_result_count(r), 10);
        assert_prints(r, "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]");
        assert_prints(ipc_map(views[i], square, ipc_range(3, 4)), "[9]");
        assert_prints(ipc_map(views[i], nothing, ipc_range(0, 2)), "[null, null]");
    }
    session_close(&s);
}
END_TEST

START_TEST(void_operations_give_nulls)
{
    session_t s = session_open();
    const double x[] = {1, 2, 3, 4};
    assert_prints(ipc_push(s.all, "v", 1), "[null, null, null, null]");
    assert_prints(ipc_push(s.one, "v", 1), "null");
    assert_prints(ipc_scatter(s.all, "w", ipc_f64(x, 4)), "[null, null, null, null]");
    assert_prints(ipc_scatter(s.one, "w", ipc_f64(x, 4)), "null");
    assert_prints(ipc_apply(s.any, nothing, 1), "null");
    session_close(&s);
}
END_TEST

START_TEST(a_gather_prints_as_the_joined_one)
{
    session_t s = session_open();
    const double x[] = {1, 2, 3, 4, 5};
    ipc_scatter(s.all, "g", ipc_f64(x, 5));
    ipc_result_t *r = ipc_gather(s.all, "g");
    ck_assert_uint_eq(ipc_result_count(r), 4);
    assert_prints(r, "[1, 2, 3, 4, 5]");
    ck_assert_uint_eq(ipc_array_count(ipc_result_array(r, 0)), 2);
    ck_assert_double_eq(ipc_array_f64(ipc_result_array(r, 3))[0], 5);
    ck_assert_uint_eq(ipc_array_count(ipc_result_joined(r)), 5);
    ipc_push(s.all, "scalar", 7);
    r = ipc_gather(s.all, "scalar");
    assert_prints(r, "[7, 7, 7, 7]");
    ck_assert_uint_eq(ipc_array_count(ipc_result_joined(r)), 4);
    session_close(&s);
}
END_TEST

START_TEST(parts_that_do_not_fit_are_told)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    const int32_t k[] = {1, 2};
    ipc_push(s.all, "misfit", ipc_f64(x, 2));
    ipc_push(view_of(&s, "2"), "misfit", ipc_i32(k, 2));
    ipc_result_t *r = ipc_gather(s.all, "misfit");
    ck_assert_ptr_null(ipc_result_joined(r));
    ck_assert_ptr_nonnull(ipc_result_error(r));
    ck_assert_msg(strchr(ipc_result_error(r)->text, '2') != NULL, "%s",
                  ipc_result_error(r)->text);
    ck_assert_uint_eq(ipc_array_count(ipc_result_array(r, 0)),
                      2); // the parts stay readable
    session_close(&s);
}
END_TEST

START_TEST(kinds_print_as_documented)
{
    session_t s = session_open();
    assert_prints(ipc_apply(s.all, is_even), "[true, false, true, false]");
    assert_prints(ipc_apply(s.all, half_id), "[0, 0.5, 1, 1.5]");
    assert_prints(ipc_apply(view_of(&s, "1"), turned), "0+1i");
    assert_prints(ipc_apply(view_of(&s, "0:2"), name), "[\"engine 0\", \"engine 1\"]");
    assert_prints(ipc_apply(s.one, kinds),
                  "{\"n\": 1, \"list\": [1, [2]], \"none\": null}");
    assert_prints(ipc_apply(s.one, numbers, 3, false), "[0, 0.25, 0.5]");
    assert_prints(ipc_apply(s.one, matrix, 3, false), "[[0, 0, 0], [0, 0, 0]]");
    session_close(&s);
}
END_TEST

START_TEST(long_results_print_their_ends)
{
    session_t s = session_open();
    assert_prints(ipc_map(s.any, square, ipc_range(0, 2000)),
                  "[0, 1, 4, …, 3988009, 3992004, 3996001]");
    assert_prints(ipc_apply(s.one, numbers, 5000, false),
                  "[0, 0.25, 0.5, …, 1249.25, 1249.5, 1249.75]");
    double *x = calloc(4000, sizeof *x);
    ipc_scatter(s.all, "long", ipc_f64(x, 4000));
    assert_prints(ipc_gather(s.all, "long"), "[0, 0, 0, …, 0, 0, 0]");
    free(x);
    session_close(&s);
}
END_TEST

START_TEST(readers_of_another_kind_give_nothing)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.one, name);
    ck_assert_int_eq(ipc_result_i64(r, 0), 0);
    ck_assert_uint_eq(ipc_result_u64(r, 0), 0);
    ck_assert(isnan(ipc_result_f64(r, 0)));
    ck_assert(!ipc_result_bool(r, 0));
    ck_assert_ptr_null(ipc_result_array(r, 0));
    ck_assert_str_eq(ipc_result_str(r, 0), "engine 0");
    r = ipc_apply(s.one, my_id);
    ck_assert_ptr_null(ipc_result_str(r, 0));
    ck_assert_int_eq(ipc_result_i64(r, 9), 0);
    ck_assert(isnan(ipc_result_f64(r, 9)));
    ck_assert(ipc_value_is_none(ipc_result_value(r, 9)));
    ck_assert_ptr_nonnull(ipc_result_error_at(r, 9)); // says why: there is no position 9
    ck_assert_ptr_null(ipc_result_error_at(r, 0));
    ck_assert(ipc_result_ok(r));
    session_close(&s);
}
END_TEST

START_TEST(numbers_read_as_other_numbers_when_they_fit)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(view_of(&s, "3"), my_id);
    ck_assert_double_eq(ipc_result_f64(r, 0), 3);
    ck_assert_uint_eq(ipc_result_u64(r, 0), 3);
    ck_assert_int_eq(ipc_value_kind(ipc_result_value(r, 0)), IPC_KIND_I64);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, direct_calls_give_one_position_for_each_engine);
    tcase_add_test(tests, numbers_join_to_one_array);
    tcase_add_test(tests, arrays_join_along_axis_0);
    tcase_add_test(tests, what_does_not_fit_does_not_join);
    tcase_add_test(tests, maps_give_one_position_for_each_item);
    tcase_add_test(tests, void_operations_give_nulls);
    tcase_add_test(tests, a_gather_prints_as_the_joined_one);
    tcase_add_test(tests, parts_that_do_not_fit_are_told);
    tcase_add_test(tests, kinds_print_as_documented);
    tcase_add_test(tests, long_results_print_their_ends);
    tcase_add_test(tests, readers_of_another_kind_give_nothing);
    tcase_add_test(tests, numbers_read_as_other_numbers_when_they_fit);
}

int main(void)
{
    return e2e_main("results", add_tests);
}
