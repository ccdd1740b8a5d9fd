//  Round robin and flat parts: what a scatter that deals one element after another binds, and that the gather which
//  deals likewise gives back what was scattered, for every number of elements and engines.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>

static const ipc_options_t in_turn = {.round_robin = true};
static const ipc_options_t flat = {.flatten = true};
static const ipc_options_t flat_in_turn = {.round_robin = true, .flatten = true};

//  Bytes that follow a rule, so that every row is told from every other.
static ipc_array_t *filled(ipc_dtype_t dtype, int ndim, const size_t *shape)
{
    ipc_error_t error;
    ipc_array_t *array = ipc_array_new(dtype, ndim, shape, &error);
    ck_assert_ptr_nonnull(array);
    unsigned char *bytes = ipc_array_data(array);
    for (size_t i = 0; i < ipc_array_size(array); i++)
        bytes[i] = (unsigned char) (dtype == IPC_BOOL ? i * i % 3 % 2 : (i * 31 + i / 251) % 253);
    return array;
}

static void assert_same(const ipc_array_t *a, const ipc_array_t *b)
{
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(ipc_array_dtype(a), ipc_array_dtype(b));
    ck_assert_int_eq(ipc_array_ndim(a), ipc_array_ndim(b));
    for (int k = 0; k < ipc_array_ndim(a); k++) ck_assert_uint_eq(ipc_array_shape(a)[k], ipc_array_shape(b)[k]);
    ck_assert(memcmp(ipc_array_data(a), ipc_array_data(b), ipc_array_size(a)) == 0);
}

static void go_there_and_back(ipc_view_t *view, ipc_dtype_t dtype, int ndim, const size_t *shape)
{
    ipc_array_t *array = filled(dtype, ndim, shape);
    ipc_scatter_with(view, "dealt", array, &in_turn);
    ipc_result_t *back = ipc_gather_with(view, "dealt", &in_turn);
    assert_ok(back);
    assert_same(ipc_result_joined(back), array);
    ipc_result_destroy(&back);
    ipc_array_destroy(&array);
}

START_TEST(elements_go_to_the_engines_in_turn)
{
    session_t s = session_open();
    const int32_t x[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    ipc_scatter_with(s.all, "x", ipc_i32(x, 10), &in_turn);
    assert_prints(ipc_pull(s.all, "x"), "[[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]]");
    ipc_scatter_with(s.all, "x", ipc_i32(x, 5), &in_turn);
    assert_prints(ipc_pull(s.all, "x"), "[[0, 4], [1], [2], [3]]");
    ipc_scatter_with(s.all, "x", ipc_i32(x, 1), &in_turn);
    assert_prints(ipc_pull(s.all, "x"), "[[0], [], [], []]");
    ipc_scatter_with(s.all, "x", ipc_view2(IPC_I32, x, 5, 2), &in_turn);
    assert_prints(ipc_pull(s.all, "x"), "[[[0, 1], [8, 9]], [[2, 3]], [[4, 5]], [[6, 7]]]");
    ipc_scatter_with(view_of(&s, "3,1"), "x", ipc_i32(x, 3), &in_turn); // in the order of the view
    assert_prints(ipc_pull(view_of(&s, "1,3"), "x"), "[[1], [0, 2]]");
    session_close(&s);
}
END_TEST

START_TEST(arrays_come_back_for_every_number_of_rows_and_engines)
{
    session_t s = session_open();
    const char *const targets[] = {"0", "[2]", "1:3", "3,0,1", "all"};
    for (size_t q = 0; q < sizeof targets / sizeof *targets; q++) {
        ipc_view_t *view = view_of(&s, targets[q]);
        for (size_t n = 0; n <= 13; n++) {
            go_there_and_back(view, IPC_I16, 1, &n);
            go_there_and_back(view, IPC_C128, 3, (size_t[]){n, 3, 2});
        }
        go_there_and_back(view, IPC_F64, 2, (size_t[]){3, 0}); // rows of no bytes
    }
    session_close(&s);
}
END_TEST

START_TEST(arrays_of_every_dtype_come_back)
{
    session_t s = session_open();
    go_there_and_back(s.all, (ipc_dtype_t) _i, 1, (size_t[]){11});
    go_there_and_back(s.all, (ipc_dtype_t) _i, 2, (size_t[]){7, 3});
    go_there_and_back(s.all, (ipc_dtype_t) _i, 1, (size_t[]){40003}); // through shared memory
    session_close(&s);
}
END_TEST

START_TEST(large_arrays_come_back)
{
    session_t s = session_open();
    go_there_and_back(s.all, IPC_F64, 2, (size_t[]){1025, 1023}); // 8 MiB, rows of no round size
    go_there_and_back(s.all, IPC_U8, 2, (size_t[]){5, (1 << 20) + 7});
    go_there_and_back(s.all, IPC_F32, 3, (size_t[]){6, 100, 100}); // engines 0 and 1 have two rows, the others one
    session_close(&s);
}
END_TEST

START_TEST(lists_and_ranges_come_back)
{
    session_t s = session_open();
    for (int64_t n = 0; n < 11; n++) {
        char expected[64] = "[", *at = expected + 1;
        for (int64_t i = 0; i < n; i++) at += sprintf(at, "%s%d", i > 0 ? ", " : "", (int) i);
        strcpy(at, "]");
        ipc_scatter_with(s.all, "r", ipc_range(0, n), &in_turn);
        assert_prints(ipc_gather_with(s.all, "r", &in_turn), expected);
        ipc_value_t members[11];
        for (int64_t i = 0; i < n; i++) members[i] = ipc_value_from_i64(i);
        ipc_scatter_with(s.all, "l", ipc_value_from_list(members, (size_t) n), &in_turn);
        assert_prints(ipc_gather_with(s.all, "l", &in_turn), expected);
        ipc_scatter(s.all, "l", ipc_value_from_list(members, (size_t) n));
        assert_prints(ipc_gather(s.all, "l"), expected);
    }
    ipc_scatter_with(s.all, "l", ipc_list("a", 2.5, ipc_list(1), "d", 5), &in_turn);
    ipc_result_t *back = ipc_gather_with(s.all, "l", &in_turn);
    ck_assert_ptr_null(ipc_result_joined(back)); // which is for arrays
    ck_assert_ptr_null(ipc_result_error(back));
    ck_assert_uint_eq(ipc_value_count(ipc_result_joined_value(back)), 5);
    assert_prints(back, "[\"a\", 2.5, [1], \"d\", 5]");
    session_close(&s);
}
END_TEST

START_TEST(a_gather_takes_a_row_of_each_part_in_turn)
{
    session_t s = session_open();
    const int32_t x[] = {1, 2, 3, 4, 5};
    ipc_push(s.all, "x", ipc_i32(x, 1));
    ipc_push(view_of(&s, "2"), "x", ipc_i32(x, 5));
    ipc_push(view_of(&s, "3"), "x", ipc_i32(x + 3, 2));
    assert_prints(ipc_gather_with(s.all, "x", &in_turn), "[1, 1, 1, 4, 2, 5, 3, 4, 5]");
    ipc_result_t *r = ipc_gather_with(s.all, "x", &in_turn);
    ck_assert_uint_eq(ipc_array_count(ipc_result_array(r, 2)), 5); // the parts are what they were
    ipc_push(s.all, "x", 7);
    assert_prints(ipc_gather_with(s.all, "x", &in_turn), "[7, 7, 7, 7]");
    session_close(&s);
}
END_TEST

START_TEST(a_flat_part_of_one_element_is_the_element)
{
    session_t s = session_open();
    const double x[] = {0, 1, 2, 3, 4};
    ipc_scatter_with(s.all, "x", ipc_f64(x, 5), &flat);
    assert_prints(ipc_pull(s.all, "x"), "[[0, 1], 2, 3, 4]");
    ipc_scatter_with(s.all, "x", ipc_f64(x, 5), &flat_in_turn);
    assert_prints(ipc_pull(s.all, "x"), "[[0, 4], 1, 2, 3]");
    ipc_scatter_with(s.all, "x", ipc_list("a", 2, ipc_list(3), 4, 5), &flat);
    assert_prints(ipc_pull(s.all, "x"), "[[\"a\", 2], [3], 4, 5]");
    ipc_scatter_with(s.all, "x", ipc_range(3, 6), &flat);
    ipc_result_t *r = ipc_pull(s.all, "x");
    assert_prints(r, "[3, 4, 5, []]");
    ck_assert_int_eq(ipc_value_kind(ipc_result_value(r, 0)), IPC_KIND_I64);
    ipc_scatter_with(s.all, "x", ipc_view2(IPC_F64, x, 2, 2), &flat);
    assert_prints(ipc_pull(view_of(&s, "0:2"), "x"), "[[0, 1], [2, 3]]");
    ipc_scatter_with(s.all, "x", ipc_f64(x, 4), &flat);
    assert_prints(ipc_gather(s.all, "x"), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(a_flat_part_of_a_large_array_is_its_row)
{
    session_t s = session_open();
    ipc_array_t *array = filled(IPC_U8, 3, (size_t[]){5, 700, 50});
    ipc_scatter_with(s.all, "x", array, &flat_in_turn);
    ipc_result_t *r = ipc_pull(s.all, "x");
    assert_ok(r);
    ck_assert_int_eq(ipc_array_ndim(ipc_result_array(r, 0)), 3);
    for (size_t i = 1; i < ENGINES; i++) {
        const ipc_array_t *row = ipc_result_array(r, i);
        ck_assert_int_eq(ipc_array_ndim(row), 2);
        ck_assert_uint_eq(ipc_array_shape(row)[0], 700);
        ck_assert(memcmp(ipc_array_data(row), (char *) ipc_array_data(array) + i * 35000, 35000) == 0);
    }
    ipc_array_destroy(&array);
    session_close(&s);
}
END_TEST

START_TEST(mixed_parts_are_told)
{
    session_t s = session_open();
    const double x[] = {0, 1, 2, 3, 4};
    ipc_scatter_with(s.all, "x", ipc_f64(x, 5), &flat_in_turn);
    ipc_result_t *r = ipc_gather_with(s.all, "x", &in_turn);
    ck_assert_ptr_null(ipc_result_joined(r));
    ck_assert_int_eq(ipc_value_kind(ipc_result_joined_value(r)), IPC_KIND_NONE);
    ck_assert_ptr_nonnull(ipc_result_error(r));
    ck_assert_ptr_nonnull(strstr(ipc_result_error(r)->text, "position 1"));
    assert_prints(r, "[[0, 4], 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(what_no_array_can_be_is_refused)
{
    session_t s = session_open();
    assert_fails(ipc_scatter_with(s.all, "x", ipc_f64(NULL, 5), &in_turn), "argument");
    assert_fails(ipc_scatter(s.all, "x", ipc_f64(NULL, 1 << 20)), "argument");
    assert_fails(ipc_scatter_with(s.any, "x", ipc_range(0, 4), &in_turn), "balanced");
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, elements_go_to_the_engines_in_turn);
    tcase_add_test(tests, arrays_come_back_for_every_number_of_rows_and_engines);
    tcase_add_loop_test(tests, arrays_of_every_dtype_come_back, 0, IPC_DTYPE_COUNT);
    tcase_add_test(tests, large_arrays_come_back);
    tcase_add_test(tests, lists_and_ranges_come_back);
    tcase_add_test(tests, a_gather_takes_a_row_of_each_part_in_turn);
    tcase_add_test(tests, a_flat_part_of_one_element_is_the_element);
    tcase_add_test(tests, a_flat_part_of_a_large_array_is_its_row);
    tcase_add_test(tests, mixed_parts_are_told);
    tcase_add_test(tests, what_no_array_can_be_is_refused);
}

int main(void)
{
    return e2e_main("deal", add);
}
