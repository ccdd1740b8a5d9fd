//  Map, direct and balanced: kinds of items, who gets which, chunks, order of completion.
#include "e2e_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int64_t, who, (int64_t item)) { return ipc_engine_id(); }
IPC_REMOTE(double, half, (double x)) { return x / 2; }
IPC_REMOTE(double, row_sum, (const ipc_array_t *row))
{
    if (ipc_array_ndim(row) != 1)
        ipc_raise("ShapeError", "%d dimensions", ipc_array_ndim(row));
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(row); i++) sum += ipc_array_f64(row)[i];
    return sum;
}
IPC_REMOTE(const char *, form_of, (ipc_value_t item))
{
    const ipc_array_t *x = ipc_value_array(item);
    if (!x)
        return ipc_text("kind %d", ipc_value_kind(item));
    return ipc_text("%s %d-D of %zu", ipc_dtype_name(ipc_array_dtype(x)), ipc_array_ndim(x),
                    ipc_array_count(x));
}
IPC_REMOTE(int64_t, lazy_square, (int64_t x))
{
    usleep(ipc_engine_id() ? 20000 : 100);
    return x * x;
}
IPC_REMOTE(int64_t, add, (int64_t a, int64_t b)) { return a + b; }
IPC_REMOTE(int, nap, (int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    return milliseconds;
}
// clang-format on

static ipc_view_t *view_for(session_t *s, int i)
{
    return i ? s->any : s->all;
}

START_TEST(ranges_map_in_order)
{
    session_t s = session_open();
    ipc_view_t *view = view_for(&s, _i);
    assert_prints(ipc_map_sync(view, square, ipc_range(0, 5)), "[0, 1, 4, 9, 16]");
    assert_prints(ipc_map_sync(view, square, ipc_range(-2, 2)), "[4, 1, 0, 1]");
    assert_prints(ipc_map_sync(view, square, ipc_range(5, 6)), "[25]");
    session_close(&s);
}
END_TEST

START_TEST(arrays_lists_and_rows_map)
{
    session_t s = session_open();
    ipc_view_t *view = view_for(&s, _i);
    const double x[] = {1, 2, 3, 4, 5, 6};
    const int32_t k[] = {1, 2, 3};
    assert_prints(ipc_map(view, half, ipc_f64(x, 6)), "[0.5, 1, 1.5, 2, 2.5, 3]");
    assert_prints(ipc_map(view, square, ipc_i32(k, 3)), "[1, 4, 9]");
    assert_prints(ipc_map(view, half, ipc_i32(k, 3)), "[0.5, 1, 1.5]");
    assert_prints(ipc_map(view, row_sum, ipc_view2(IPC_F64, x, 3, 2)), "[3, 7, 11]");
    assert_prints(ipc_map(view, row_sum, ipc_view2(IPC_F64, x, 2, 3)), "[6, 15]");
    ipc_array_t *cube = ipc_array_new(IPC_I8, 3, (size_t[]){2, 3, 4}, NULL);
    assert_prints(ipc_map(view, form_of, cube), "[\"int8 2-D of 12\", \"int8 2-D of 12\"]");
    ipc_array_destroy(&cube);
    assert_prints(ipc_map(view, square, ipc_list(3, 4u)), "[9, 16]");
    assert_prints(ipc_map(view, form_of, ipc_list(ipc_f64(x, 2), "x", ipc_none())),
                  "[\"float64 1-D of 2\", \"kind 6\", \"kind 0\"]");
    session_close(&s);
}
END_TEST

//  More than travels in a message: the engines read them from shared memory.
START_TEST(elements_of_a_large_array_map)
{
    enum { MANY = 40000 };
    session_t s = session_open();
    static double x[MANY];
    for (size_t i = 0; i < MANY; i++) x[i] = (double) i;
    ipc_result_t *r = ipc_map(_i ? s.all : s.any, half, ipc_f64(x, MANY));
    assert_ok(r);
    ck_assert_uint_eq(ipc_result_count(r), MANY);
    for (size_t i = 0; i < MANY; i++) ck_assert_double_eq(ipc_result_f64(r, i), (double) i / 2);
    session_close(&s);
}
END_TEST

START_TEST(large_rows_map)
{
    session_t s = session_open();
    ipc_view_t *view = view_for(&s, _i);
    enum { ROWS = 50, COLUMNS = 20011 };
    ipc_array_t *x = ipc_array_new(IPC_F64, 2, (size_t[]){ROWS, COLUMNS}, NULL);
    for (size_t i = 0; i < ipc_array_count(x); i++)
        ipc_array_f64(x)[i] = (double) (i / COLUMNS);
    ipc_result_t *r = ipc_map_sync(view, row_sum, x);
    assert_ok(r);
    for (size_t i = 0; i < ROWS; i++)
        ck_assert_double_eq(ipc_result_f64(r, i), (double) i * COLUMNS);
    ipc_array_destroy(&x);
    session_close(&s);
}
END_TEST

START_TEST(no_items_are_done_at_once)
{
    session_t s = session_open();
    ipc_view_t *view = view_for(&s, _i);
    ipc_result_t *results[] = {
        ipc_map(view, square, ipc_range(0, 0)),
        ipc_map(view, square, ipc_range(5, 2)),
        ipc_map(view, half, ipc_f64(NULL, 0)),
        ipc_map(view, square, ipc_value_from_list(NULL, 0)),
    };
    for (int i = 0; i < 4; i++) {
        ck_assert(ipc_result_wait(results[i], 0));
        ck_assert_uint_eq(ipc_result_count(results[i]), 0);
        assert_ok(results[i]);
        assert_prints(results[i], "[]");
        ck_assert_ptr_null(ipc_result_next(results[i]));
    }
    session_close(&s);
}
END_TEST

START_TEST(what_is_no_sequence_is_refused)
{
    session_t s = session_open();
    ipc_view_t *view = view_for(&s, _i);
    assert_fails(ipc_map(view, square, ipc_dict("a", 1)), "argument");
    assert_fails(ipc_map(view, square, 5), "argument");
    assert_fails(ipc_map(view, square, "text"), "argument");
    assert_fails(ipc_map(view, add, ipc_range(0, 3)), "argument");
    assert_fails(ipc_map(view, square, ipc_list(1, "x")), "argument");
    const double x[] = {1.5};
    assert_fails(ipc_map(view, square, ipc_f64(x, 1)), "argument");
    session_close(&s);
}
END_TEST

START_TEST(direct_items_are_dealt_in_contiguous_blocks)
{
    session_t s = session_open();
    assert_prints(ipc_map(s.all, who, ipc_range(0, 10)), "[0, 0, 0, 1, 1, 1, 2, 2, 3, 3]");
    assert_prints(ipc_map(s.all, who, ipc_range(0, 3)), "[0, 1, 2]");
    assert_prints(ipc_map(view_of(&s, "::2"), who, ipc_range(0, 4)), "[0, 0, 2, 2]");
    assert_prints(ipc_map(view_of(&s, "3,1"), who, ipc_range(0, 3)), "[3, 3, 1]");
    assert_prints(ipc_map(s.one, who, ipc_range(0, 2)), "[0, 0]");
    session_close(&s);
}
END_TEST

START_TEST(chunks_change_nothing_but_who_travels_together)
{
    session_t s = session_open();
    ipc_view_t *view = view_for(&s, _i);
    const size_t chunks[] = {1, 2, 3, 7, 10, 100};
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        ipc_options_t options = {.chunk = chunks[i], .label = "sweep"};
        assert_prints(ipc_map_with(view, square, ipc_range(0, 10), &options),
                      "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]");
    }
    assert_prints(
        ipc_map_with(view, square, ipc_range(0, 3),
                     &(ipc_options_t){.chunk = 2, .retries = 3, .label = "sweep"}),
        "[0, 1, 4]");
    session_close(&s);
}
END_TEST

START_TEST(every_item_comes_once_as_it_completes)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.any, lazy_square, ipc_range(0, 100));
    bool seen[100] = {false};
    size_t count = 0;
    double before = now();
    for (ipc_item_t *item; (item = ipc_result_next(r)); count++) {
        ck_assert_uint_lt(item->index, 100);
        ck_assert(!seen[item->index]);
        seen[item->index] = true;
        ck_assert_int_eq(ipc_value_i64(item->value), (int64_t) (item->index * item->index));
        ck_assert_ptr_null(item->error);
        ck_assert(item->engine >= 0 && item->engine < ENGINES);
        ck_assert_double_ge(item->finished, item->started);
        ck_assert_double_gt(item->started, 1.6e9);
    }
    ck_assert_uint_eq(count, 100);
    ck_assert_ptr_null(ipc_result_next(r));
    ck_assert_double_lt(now() - before,
                        0.6); // the slow engines do few: 0.5 s if dealt in equal parts
    ck_assert_int_eq(ipc_result_i64(r, 99), 99 * 99); // and still by position
    session_close(&s);
}
END_TEST

START_TEST(next_gives_the_first_that_is_done)
{
    session_t s = session_open();
    ipc_result_t *r =
        ipc_map_with(s.any, nap, ipc_list(400, 5), &(ipc_options_t){.chunk = 1});
    double start = now();
    ipc_item_t *first = ipc_result_next(r);
    ck_assert_ptr_nonnull(first);
    ck_assert_uint_eq(first->index, 1);
    ck_assert_double_lt(now() - start, 0.3);
    ck_assert_uint_eq(ipc_result_next(r)->index, 0);
    ck_assert_ptr_null(ipc_result_next(r));
    session_close(&s);
}
END_TEST

START_TEST(a_reader_waits_for_its_own_position_only)
{
    session_t s = session_open();
    ipc_result_t *r =
        ipc_map_with(s.any, nap, ipc_list(400, 5), &(ipc_options_t){.chunk = 1});
    double start = now();
    ck_assert_int_eq(ipc_result_i64(r, 1), 5);
    ck_assert_double_lt(now() - start, 0.3);
    ck_assert_uint_lt(ipc_result_done(r), 2);
    ck_assert_int_eq(ipc_result_i64(r, 0), 400);
    session_close(&s);
}
END_TEST

START_TEST(ten_thousand_items_map)
{
    session_t s = session_open();
    ipc_view_t *view = view_for(&s, _i);
    ipc_result_t *r = ipc_map_sync(view, square, ipc_range(0, 10000));
    ck_assert_uint_eq(ipc_result_count(r), 10000);
    assert_ok(r);
    for (int64_t i = 0; i < 10000; i++)
        ck_assert_int_eq(ipc_result_i64(r, (size_t) i), i * i);
    const ipc_array_t *joined = ipc_result_joined(r);
    ck_assert_int_eq(ipc_array_i64(joined)[9999], INT64_C(9999) * 9999);
    r = ipc_map_with_sync(view, square, ipc_range(0, 10000),
                          &(ipc_options_t){.chunk = 1, .unordered = true});
    assert_ok(r);
    ck_assert_int_eq(ipc_result_i64(r, 9999), INT64_C(9999) * 9999);
    session_close(&s);
}
END_TEST

START_TEST(ten_thousand_calls_come_back)
{
    session_t s = session_open();
    ipc_result_t **results = calloc(10000, sizeof *results);
    for (int i = 0; i < 10000; i++) results[i] = ipc_apply(s.any, square, i);
    for (int64_t i = 0; i < 10000; i++) {
        ck_assert_int_eq(ipc_result_i64(results[i], 0), i * i);
        ipc_result_destroy(&results[i]);
    }
    free(results);
    session_close(&s);
}
END_TEST

START_TEST(balanced_work_avoids_the_busy)
{
    session_t s = session_open();
    ipc_result_t *blocker = ipc_apply(view_of(&s, "0:3"), nap, 1500);
    ipc_result_t *r = ipc_map(s.any, who, ipc_range(0, 100));
    double start = now();
    assert_ok(r);
    ck_assert_double_lt(now() - start,
                        1.0); // tasks behind a long one are moved to who is idle
    for (size_t i = 0; i < 100; i++) ck_assert_int_eq(ipc_result_i64(r, i), 3);
    assert_ok(blocker);
    session_close(&s);
}
END_TEST

START_TEST(a_destroyed_result_stops_nothing)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.any, nap, ipc_list(50, 50, 50, 50));
    ipc_result_destroy(&r);
    assert_prints(ipc_map(s.any, square, ipc_range(0, 3)), "[0, 1, 4]");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, ranges_map_in_order, 0, 2);
    tcase_add_loop_test(tests, arrays_lists_and_rows_map, 0, 2);
    tcase_add_loop_test(tests, elements_of_a_large_array_map, 0, 2);
    tcase_add_loop_test(tests, large_rows_map, 0, 2);
    tcase_add_loop_test(tests, no_items_are_done_at_once, 0, 2);
    tcase_add_loop_test(tests, what_is_no_sequence_is_refused, 0, 2);
    tcase_add_test(tests, direct_items_are_dealt_in_contiguous_blocks);
    tcase_add_loop_test(tests, chunks_change_nothing_but_who_travels_together, 0, 2);
    tcase_add_test(tests, every_item_comes_once_as_it_completes);
    tcase_add_test(tests, next_gives_the_first_that_is_done);
    tcase_add_test(tests, a_reader_waits_for_its_own_position_only);
    tcase_add_loop_test(tests, ten_thousand_items_map, 0, 2);
    tcase_add_test(tests, ten_thousand_calls_come_back);
    tcase_add_test(tests, balanced_work_avoids_the_busy);
    tcase_add_test(tests, a_destroyed_result_stops_nothing);
}

int main(void)
{
    return e2e_main("map", add_tests);
}
