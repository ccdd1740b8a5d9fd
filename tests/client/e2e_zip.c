//  Maps over several sequences: items are what ranges, arrays and lists have side by side, as long as the shortest
//  lasts, for functions of as many parameters.
#include "e2e_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
IPC_REMOTE(int64_t, add_up, (int64_t a, int64_t b)) { return a + b; }
IPC_REMOTE(double, power, (double x, int n)) { return pow(x, n); }
IPC_REMOTE(const char *, label, (const char *name, int64_t n, bool loud))
{
    return ipc_text("%s%lld%s", name, (long long) n, loud ? "!" : "");
}
IPC_REMOTE(int64_t, all_eight, (int a, int b, int c, int d, int e, int f, int g, int h))
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}
IPC_REMOTE(double, dot, (const ipc_array_t *a, const ipc_array_t *b))
{
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(a); i++) total += ipc_array_f64(a)[i] * ipc_array_f64(b)[i];
    return total;
}
IPC_REMOTE(double, weighed, (const ipc_array_t *row, double weight))
{
    double total = 0;
    if ((uintptr_t) ipc_array_data(row) % 64)
        ipc_raise("Unaligned", "a row does not begin at a multiple of 64 bytes");
    for (size_t i = 0; i < ipc_array_count(row); i++) total += ipc_array_f64(row)[i];
    return total * weight;
}
IPC_REMOTE(int, fail_at, (int item, int bad))
{
    if (item == bad)
        ipc_raise("Bad", "item %d", item);
    return item;
}
IPC_REMOTE(int64_t, one_only, (int64_t a)) { return a; }
IPC_REMOTE(ipc_value_t, pair, (ipc_value_t a, ipc_value_t b)) { return ipc_give(ipc_list(a, b)); }
// clang-format on

START_TEST(functions_of_several_parameters_are_mapped)
{
    session_t s = session_open();
    const double x[] = {1, 2, 3, 4, 5};
    ipc_view_t *views[] = {s.all, s.any, s.one};
    for (size_t i = 0; i < 3; i++) {
        assert_prints(ipc_map(views[i], add_up, ipc_zip(ipc_range(0, 5), ipc_range(10, 15))), "[10, 12, 14, 16, 18]");
        assert_prints(ipc_map(views[i], power, ipc_zip(ipc_f64(x, 5), ipc_list(1, 2, 3, 0, 2))), "[1, 4, 27, 1, 25]");
        assert_prints(ipc_map(views[i], label, ipc_zip(ipc_list("a", "b"), ipc_range(7, 9), ipc_list(true, 0))),
                      "[\"a7!\", \"b8\"]");
    }
    ipc_value_t r = ipc_range(1, 4);
    assert_prints(ipc_map(s.any, all_eight, ipc_zip(r, r, r, r, r, r, r, r)), "[36, 72, 108]");
    assert_prints(ipc_map(s.all, one_only, ipc_zip(r)), "[1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(the_shortest_sequence_decides)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.all, add_up, ipc_zip(ipc_range(0, 1000), ipc_list(1, 2, 3)));
    ck_assert_uint_eq(ipc_result_count(r), 3);
    assert_prints(r, "[1, 3, 5]");
    r = ipc_map(s.any, add_up, ipc_zip(ipc_range(0, 1000), ipc_value_from_list(NULL, 0)));
    ck_assert_uint_eq(ipc_result_count(r), 0);
    ck_assert(ipc_result_ok(r));
    ipc_value_t zip = ipc_zip(ipc_range(0, 5), ipc_list(1, 2));
    ck_assert_uint_eq(ipc_value_count(zip), 2);
    session_close(&s);
}
END_TEST

START_TEST(arguments_are_checked_before_anything_is_sent)
{
    session_t s = session_open();
    const double x[] = {1, 2, 3.5};
    assert_fails(ipc_map(s.all, add_up, ipc_zip(ipc_range(0, 3), ipc_range(0, 3), ipc_range(0, 3))),
                 "takes 2 arguments, the zip has 3 sequences");
    assert_fails(ipc_map(s.any, add_up, ipc_range(0, 3)), "argument");
    assert_fails(ipc_map(s.all, add_up, ipc_zip(ipc_range(0, 3), ipc_f64(x, 3))), "argument 2 of add_up is a double");
    assert_fails(ipc_map(s.all, label, ipc_zip(ipc_list("a", 2), ipc_range(0, 2), ipc_range(0, 2))),
                 "argument 1 of label is an integer");
    assert_fails(ipc_map(s.all, label, ipc_zip(ipc_list("a", "b"), ipc_range(0, 2), ipc_list(1, 2))),
                 "argument 3 of label is 2");
    assert_fails(ipc_map(s.all, add_up, ipc_zip(ipc_range(0, 3), ipc_dict("a", 1))), "sequence 2");
    assert_fails(ipc_map(s.all, add_up, ipc_zip(5, ipc_range(0, 3))), "sequence 1");
    assert_fails(ipc_map(s.all, add_up, ipc_zip(ipc_f64(NULL, 3), ipc_range(0, 3))), "NULL");
    ipc_value_t r = ipc_range(0, 3);
    assert_fails(ipc_map(s.all, all_eight, ipc_zip(r, r, r, r, r, r, r, r, r)), "argument");
    assert_fails(ipc_apply(s.all, pair, ipc_zip(r, r), 1), "argument");
    assert_fails(ipc_push(s.all, "z", ipc_zip(r, r)), "argument");
    assert_fails(ipc_scatter(s.all, "z", ipc_zip(r, r)), "argument");
    session_close(&s);
}
END_TEST

START_TEST(chunks_failures_and_retries_are_those_of_a_map)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_with(s.any, add_up, ipc_zip(ipc_range(0, 1000), ipc_range(0, 1000)),
                                   &(ipc_options_t){.chunk = 7});
    assert_ok(r);
    for (size_t i = 0; i < 1000; i++) ck_assert_int_eq(ipc_result_i64(r, i), (int64_t) (2 * i));
    r = ipc_map_with(s.any, fail_at, ipc_zip(ipc_range(0, 40), ipc_list(0, 2, 1, 3, 0, 0, 0)),
                     &(ipc_options_t){.chunk = 3, .retries = 1});
    ck_assert_uint_eq(ipc_result_count(r), 7);
    assert_prints(r, "[<Bad>, 1, 2, <Bad>, 4, 5, 6]");
    ck_assert_str_eq(ipc_result_metadata(r, 0)->method, "map");
    ck_assert_int_eq(ipc_result_metadata(r, 0)->attempts, 2);
    session_close(&s);
}
END_TEST

START_TEST(references_are_looked_up_where_the_item_runs)
{
    session_t s = session_open();
    for (size_t i = 0; i < ENGINES; i++) {
        ipc_view_t *view = view_of(&s, (const char *[]){"0", "1", "2", "3"}[i]);
        ipc_push(view, "base", 100 * (int) i);
    }
    assert_prints(ipc_map(s.all, add_up, ipc_zip(ipc_range(0, 4), ipc_list(ipc_ref("base"), ipc_ref("base"),
                                                                           ipc_ref("base"), 5))),
                  "[0, 101, 202, 8]");
    assert_prints(ipc_map(s.all, add_up, ipc_zip(ipc_range(0, 3), ipc_list(1, ipc_ref("nobody"), 2))),
                  "[1, <NameError>, 4]");
    session_close(&s);
}
END_TEST

static ipc_array_t *numbers(size_t rows, size_t columns)
{
    ipc_error_t error;
    ipc_array_t *array = ipc_array_new(IPC_F64, 2, (size_t[]){rows, columns}, &error);
    for (size_t i = 0; i < rows * columns; i++)
        ipc_array_f64(array)[i] = (double) (i % columns) + (double) (i / columns);
    return array;
}

static double row_sum(size_t row, size_t columns)
{
    return (double) (columns * row) + (double) (columns * (columns - 1)) / 2;
}

START_TEST(rows_of_any_size_travel)
{
    session_t s = session_open();
    const size_t columns[] = {1, 7, 100, 513, 2049, 4099}; // by value, and by reference: unaligned ones too
    ipc_array_t *array = numbers(60, columns[_i]);
    double weights[60];
    for (size_t i = 0; i < 60; i++) weights[i] = 1 + (double) i;
    ipc_view_t *views[] = {s.all, s.any};
    for (size_t v = 0; v < 2; v++) {
        ipc_result_t *r = ipc_map_sync(views[v], weighed, ipc_zip(array, ipc_f64(weights, 60)));
        assert_ok(r);
        ck_assert_uint_eq(ipc_result_count(r), 60);
        for (size_t i = 0; i < 60; i++)
            ck_assert_double_eq(ipc_result_f64(r, i), weights[i] * row_sum(i, columns[_i]));
    }
    ipc_array_destroy(&array);
    session_close(&s);
}
END_TEST

START_TEST(more_large_rows_than_a_call_has_objects_travel)
{
    session_t s = session_open();
    enum { ROWS = 5000, COLUMNS = 2100 }; // 84 MB, each row above the inline threshold
    ipc_array_t *array = numbers(ROWS, COLUMNS);
    ipc_result_t *r = ipc_map(s.any, dot, ipc_zip(array, array));
    ipc_array_destroy(&array); // the call has all that it needs
    assert_ok(r);
    ck_assert_double_eq(ipc_result_f64(r, 0), (double) (COLUMNS - 1) * COLUMNS * (2 * COLUMNS - 1) / 6);
    const double *sums = ipc_array_f64(ipc_result_joined(r));
    for (size_t i = 1; i < ROWS; i++) ck_assert(sums[i] > sums[i - 1]);
    session_close(&s);
}
END_TEST

static bool two_at_a_time(void *context, ipc_value_t *item)
{
    int64_t *left = context;
    *item = ipc_value_from_i64(*left);
    return (*left)-- > 0;
}

START_TEST(lazy_maps_are_of_one_parameter_still)
{
    session_t s = session_open();
    int64_t left = 3;
    ipc_imap_t *imap = ipc_imap(s.any, one_only, two_at_a_time, &left);
    size_t count = 0;
    while (ipc_imap_next(imap)) count++;
    ck_assert_uint_eq(count, 3);
    ipc_imap_destroy(&imap);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, functions_of_several_parameters_are_mapped);
    tcase_add_test(tests, the_shortest_sequence_decides);
    tcase_add_test(tests, arguments_are_checked_before_anything_is_sent);
    tcase_add_test(tests, chunks_failures_and_retries_are_those_of_a_map);
    tcase_add_test(tests, references_are_looked_up_where_the_item_runs);
    tcase_add_loop_test(tests, rows_of_any_size_travel, 0, 6);
    tcase_add_test(tests, more_large_rows_than_a_call_has_objects_travel);
    tcase_add_test(tests, lazy_maps_are_of_one_parameter_still);
}

int main(void)
{
    return e2e_main("zip", add);
}
