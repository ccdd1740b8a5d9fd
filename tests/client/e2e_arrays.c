//  Push, pull, scatter and gather: every dtype, one to eight dimensions, sizes from nothing
//  to what travels in shared memory.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>

// clang-format off
IPC_REMOTE(uint64_t, count_of, (const ipc_array_t *x)) { return ipc_array_count(x); }
IPC_REMOTE(const char *, form_of, (const ipc_array_t *x))
{
    const char *text = ipc_text("%s", ipc_dtype_name(ipc_array_dtype(x)));
    for (int k = 0; k < ipc_array_ndim(x); k++)
        text = ipc_text("%s %zu", text, ipc_array_shape(x)[k]);
    return text;
}
IPC_REMOTE(uint64_t, byte_sum, (const ipc_array_t *x))
{
    const uint8_t *bytes = ipc_array_data(x);
    uint64_t sum = 0;
    for (size_t i = 0; i < ipc_array_size(x); i++) sum += bytes[i] * (1 + i % 251);
    return sum;
}
IPC_REMOTE(bool, is_aligned, (const ipc_array_t *x))
{
    return (uintptr_t) ipc_array_data(x) % 64 == 0;
}
IPC_REMOTE(void, add_one, (ipc_array_t *x))
{
    uint8_t *bytes = ipc_array_data(x);
    for (size_t i = 0; i < ipc_array_size(x); i++) bytes[i]++;
}
// clang-format on

//  Bytes that are valid elements of every dtype (0 and 1 are the only bool).
static ipc_array_t *filled(ipc_dtype_t dtype, int ndim, const size_t *shape)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_array_t *array = ipc_array_new(dtype, ndim, shape, &error);
    ck_assert_msg(array != NULL, "%s", error.text);
    uint8_t *bytes = ipc_array_data(array);
    for (size_t i = 0; i < ipc_array_size(array); i++)
        bytes[i] = dtype == IPC_BOOL ? i % 3 == 0 : (uint8_t) (i * 7 % 61);
    return array;
}

static void assert_same(const ipc_array_t *array, const ipc_array_t *expected)
{
    ck_assert_ptr_nonnull(array);
    ck_assert_int_eq(ipc_array_dtype(array), ipc_array_dtype(expected));
    ck_assert_int_eq(ipc_array_ndim(array), ipc_array_ndim(expected));
    for (int k = 0; k < ipc_array_ndim(array); k++)
        ck_assert_uint_eq(ipc_array_shape(array)[k], ipc_array_shape(expected)[k]);
    ck_assert_uint_eq(ipc_array_size(array), ipc_array_size(expected));
    ck_assert(memcmp(ipc_array_data(array), ipc_array_data(expected),
                     ipc_array_size(array)) == 0);
}

//  The partition rule: n elements in q parts, the first n mod q get one more.
static size_t part(size_t n, size_t i)
{
    return n / ENGINES + (i < n % ENGINES);
}

static void go_there_and_back(session_t *s, ipc_dtype_t dtype, int ndim,
                              const size_t *shape)
{
    ipc_array_t *array = filled(dtype, ndim, shape);
    ipc_push(s->all, "pushed", array);
    ipc_result_t *pulled = ipc_pull(s->all, "pushed");
    assert_ok(pulled);
    for (size_t i = 0; i < ENGINES; i++) assert_same(ipc_result_array(pulled, i), array);

    ipc_scatter(s->all, "dealt", array);
    ipc_result_t *parts = ipc_pull(s->all, "dealt");
    assert_ok(parts);
    for (size_t i = 0; i < ENGINES; i++) {
        const ipc_array_t *one = ipc_result_array(parts, i);
        ck_assert_int_eq(ipc_array_dtype(one), dtype);
        ck_assert_int_eq(ipc_array_ndim(one), ndim);
        ck_assert_uint_eq(ipc_array_shape(one)[0], part(shape[0], i));
        for (int k = 1; k < ndim; k++) ck_assert_uint_eq(ipc_array_shape(one)[k], shape[k]);
    }
    ipc_result_t *back = ipc_gather(s->all, "dealt");
    assert_ok(back);
    assert_same(ipc_result_joined(back), array);
    ipc_result_destroy(&pulled);
    ipc_result_destroy(&parts);
    ipc_result_destroy(&back);
    ipc_array_destroy(&array);
}

START_TEST(every_dtype_keeps_its_form)
{
    session_t s = session_open();
    ipc_dtype_t dtype = (ipc_dtype_t) _i;
    const size_t sizes[] = {0, 1, 3, 5, 10, 16};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        go_there_and_back(&s, dtype, 1, &sizes[i]);
    go_there_and_back(&s, dtype, 2, (size_t[]){6, 5});
    go_there_and_back(&s, dtype, 1,
                      (size_t[]){40003}); // above the inline threshold, whatever the dtype
    session_close(&s);
}
END_TEST

START_TEST(every_number_of_dimensions_keeps_its_form)
{
    session_t s = session_open();
    const size_t shape[] = {5, 2, 3, 1, 2, 4, 1, 3};
    go_there_and_back(&s, IPC_F32, _i, shape);
    const size_t large[] = {9, 4, 5, 2, 3, 4, 2, 3};
    go_there_and_back(&s, IPC_F64, _i, large);
    const size_t empty[] = {0, 3, 1, 2, 1, 2, 1, 2};
    go_there_and_back(&s, IPC_I16, _i, empty);
    session_close(&s);
}
END_TEST

START_TEST(large_arrays_travel)
{
    session_t s = session_open();
    go_there_and_back(&s, IPC_F64, 1, (size_t[]){2048}); // 16 KiB
    go_there_and_back(&s, IPC_F64, 1, (size_t[]){2049});
    go_there_and_back(&s, IPC_F64, 2,
                      (size_t[]){1025, 1023}); // 8 MiB, rows of no round size
    go_there_and_back(&s, IPC_U8, 1, (size_t[]){(8 << 20) + 13});
    session_close(&s);
}
END_TEST

START_TEST(a_zero_axis_behind_the_first_keeps_its_form)
{
    session_t s = session_open();
    go_there_and_back(&s, IPC_F64, 2, (size_t[]){4, 0});
    session_close(&s);
}
END_TEST

START_TEST(functions_see_dtype_and_shape)
{
    session_t s = session_open();
    ipc_array_t *array = filled(IPC_I16, 3, (size_t[]){4, 3, 2});
    assert_prints(ipc_apply(s.one, form_of, array), "\"int16 4 3 2\"");
    ipc_scatter(s.all, "f", array);
    ipc_result_t *r = ipc_apply(s.all, form_of, ipc_ref("f"));
    for (size_t i = 0; i < ENGINES; i++)
        ck_assert_str_eq(ipc_result_str(r, i), "int16 1 3 2");
    const float x[] = {1, 2};
    assert_prints(ipc_apply(s.one, form_of, ipc_f32(x, 2)), "\"float32 2\"");
    const bool flags[] = {true, false};
    assert_prints(ipc_apply(s.one, form_of, ipc_view1(IPC_BOOL, flags, 2)), "\"bool 2\"");
    ipc_array_destroy(&array);
    session_close(&s);
}
END_TEST

START_TEST(parts_of_nothing_keep_dtype_and_shape)
{
    session_t s = session_open();
    const int32_t x[] = {1, 2, 3};
    ipc_scatter(s.all, "few", ipc_i32(x, 3));
    assert_prints(ipc_apply(s.all, count_of, ipc_ref("few")), "[1, 1, 1, 0]");
    ck_assert_str_eq(
        ipc_result_str(ipc_apply(view_of(&s, "3"), form_of, ipc_ref("few")), 0), "int32 0");
    session_close(&s);
}
END_TEST

START_TEST(scatter_to_one_engine_gives_it_all)
{
    session_t s = session_open();
    const int32_t x[] = {1, 2, 3};
    ipc_scatter(s.one, "mine", ipc_i32(x, 3));
    assert_prints(ipc_pull(s.one, "mine"), "[1, 2, 3]");
    ipc_view_t *list = view_of(&s, "[1]");
    ipc_scatter(list, "mine", ipc_i32(x, 3));
    assert_prints(ipc_pull(list, "mine"), "[[1, 2, 3]]");
    session_close(&s);
}
END_TEST

START_TEST(the_order_of_the_view_is_the_order_of_the_parts)
{
    session_t s = session_open();
    const int32_t x[] = {1, 2, 3, 4, 5};
    ipc_view_t *back = view_of(&s, "3,0");
    ipc_scatter(back, "parts", ipc_i32(x, 5));
    assert_prints(ipc_pull(view_of(&s, "3"), "parts"), "[1, 2, 3]");
    assert_prints(ipc_pull(view_of(&s, "0"), "parts"), "[4, 5]");
    assert_prints(ipc_gather(back, "parts"), "[1, 2, 3, 4, 5]");
    session_close(&s);
}
END_TEST

START_TEST(lists_and_ranges_scatter_too)
{
    session_t s = session_open();
    assert_ok(ipc_scatter(s.all, "l", ipc_list(1, 2.5, "x", 4, 5)));
    assert_prints(ipc_pull(s.all, "l"), "[[1, 2.5], [\"x\"], [4], [5]]");
    assert_ok(ipc_scatter(s.all, "r", ipc_range(0, 6)));
    assert_prints(ipc_gather(s.all, "r"), "[0, 1, 2, 3, 4, 5]");
    assert_fails(ipc_scatter(s.all, "d", ipc_dict("a", 1)), "argument");
    assert_fails(ipc_scatter(s.all, "n", 5), "scatter");
    session_close(&s);
}
END_TEST

START_TEST(a_balanced_view_has_no_push_pull_scatter)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    assert_fails(ipc_push(s.any, "a", 1), "balanced");
    assert_fails(ipc_pull(s.any, "a"), "balanced");
    assert_fails(ipc_scatter(s.any, "a", ipc_f64(x, 2)), "balanced");
    assert_fails(ipc_gather(s.any, "a"), "balanced");
    session_close(&s);
}
END_TEST

START_TEST(any_value_is_pushed)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    ipc_push(s.all, "a", 2);
    assert_prints(ipc_pull(s.all, "a"), "[2, 2, 2, 2]");
    ipc_push(s.all, "a", "text");
    assert_prints(ipc_pull(s.one, "a"), "\"text\"");
    ipc_push(s.all, "a", ipc_list(1, ipc_f64(x, 2), ipc_dict("k", 2.5)));
    assert_prints(ipc_pull(s.one, "a"), "[1, [1, 2], {\"k\": 2.5}]");
    ipc_push(s.all, "a", ipc_none());
    assert_prints(ipc_pull(s.one, "a"), "null");
    assert_fails(ipc_push(s.all, "", 1), "name");
    session_close(&s);
}
END_TEST

START_TEST(large_arrays_within_lists_travel)
{
    session_t s = session_open();
    ipc_array_t *big = filled(IPC_F64, 1, (size_t[]){100000});
    ipc_push(s.all, "nested", ipc_dict("big", big, "both", ipc_list(big, big)));
    ipc_result_t *r = ipc_pull(s.all, "nested");
    assert_ok(r);
    assert_same(ipc_value_array(ipc_value_get(ipc_result_value(r, 3), "big")), big);
    ipc_value_t both = ipc_value_get(ipc_result_value(r, 0), "both");
    assert_same(ipc_value_array(ipc_value_at(both, 1)), big);
    ipc_array_destroy(&big);
    session_close(&s);
}
END_TEST

START_TEST(data_are_aligned_to_64_bytes)
{
    session_t s = session_open();
    ipc_array_t *odd = filled(IPC_U8, 2, (size_t[]){4, 100001}); // rows that begin anywhere
    ipc_scatter(s.all, "odd", odd);
    assert_prints(ipc_apply(s.all, is_aligned, ipc_ref("odd")), "[true, true, true, true]");
    assert_prints(ipc_apply(s.all, is_aligned, odd), "[true, true, true, true]");
    ipc_array_destroy(&odd);
    session_close(&s);
}
END_TEST

START_TEST(buffers_are_the_callers_again_after_a_call)
{
    session_t s = session_open();
    ipc_array_t *big = filled(IPC_U8, 1, (size_t[]){1 << 20});
    ipc_result_t *before = ipc_apply_sync(s.one, byte_sum, big);
    ipc_result_t *after = ipc_apply(s.all, byte_sum, big); // asynchronous
    ipc_push(s.all, "kept", big);
    memset(ipc_array_data(big), 0xFF, ipc_array_size(big));
    for (size_t i = 0; i < ENGINES; i++)
        ck_assert_uint_eq(ipc_result_u64(after, i), ipc_result_u64(before, 0));
    ipc_array_destroy(&big);
    ck_assert_uint_eq(ipc_result_u64(ipc_apply(s.all, byte_sum, ipc_ref("kept")), 2),
                      ipc_result_u64(before, 0));
    session_close(&s);
}
END_TEST

START_TEST(a_large_result_stays_as_long_as_its_result)
{
    session_t s = session_open();
    ipc_array_t *big = filled(IPC_U8, 1, (size_t[]){1 << 20});
    ipc_push(s.one, "kept", big);
    ipc_result_t *first = ipc_pull_sync(s.one, "kept");
    const ipc_array_t *read = ipc_result_array(first, 0);
    ipc_push_sync(s.one, "kept", 1); // its engine lets go of it
    for (int i = 0; i < 10; i++) {   // and others use its room
        ipc_array_t *other = ipc_array_new(IPC_U8, 1, (size_t[]){1 << 20}, NULL);
        assert_ok(ipc_push_sync(s.all, "other", other));
        ipc_array_destroy(&other);
    }
    assert_same(read, big);
    ipc_array_destroy(&big);
    session_close(&s);
}
END_TEST

//  --- Arrays of ipc_array_new() that are large enough to be handed over without a copy ------

enum { LARGE = (4 << 20) + 24 };

static ipc_array_t *large_of(uint8_t value)
{
    ipc_array_t *array = ipc_array_new(IPC_U8, 1, (size_t[]){LARGE}, NULL);
    ck_assert_ptr_nonnull(array);
    memset(ipc_array_data(array), value, LARGE);
    return array;
}

static bool is_all(const ipc_array_t *array, uint8_t value)
{
    const uint8_t *bytes = array ? ipc_array_u8(array) : NULL;
    for (size_t i = 0; bytes && i < LARGE; i++)
        if (bytes[i] != value)
            return false;
    return bytes && ipc_array_count(array) == LARGE;
}

//  What byte_sum() gives of an array that has this value everywhere.
static uint64_t sum_of(uint8_t value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < LARGE; i++) sum += value * (1 + i % 251);
    return sum;
}

static void assert_engines_have(session_t *s, const char *name, uint8_t value)
{
    ipc_result_t *r = ipc_apply(s->all, byte_sum, ipc_ref(name));
    for (size_t i = 0; i < ENGINES; i++)
        ck_assert_uint_eq(ipc_result_u64(r, i), sum_of(value));
    ipc_result_destroy(&r);
}

START_TEST(what_was_pushed_stays_whatever_the_program_does)
{
    session_t s = session_open();
    ipc_array_t *x = large_of(1);
    ipc_push(s.all, "a", x); // asynchronous, all of them
    ipc_push(s.all, "again", x);
    memset(ipc_array_data(x), 2, LARGE);
    ipc_push(s.all, "b", x);
    memset(ipc_array_data(x), 3, LARGE);
    ipc_push(s.all, "c", x);
    memset(ipc_array_data(x), 4, LARGE);
    ipc_array_destroy(&x);
    x = large_of(5); // perhaps where the other one was
    assert_engines_have(&s, "a", 1);
    assert_engines_have(&s, "again", 1);
    assert_engines_have(&s, "b", 2);
    assert_engines_have(&s, "c", 3);
    ipc_array_destroy(&x);
    session_close(&s);
}
END_TEST

START_TEST(arrays_are_made_pushed_and_destroyed_again_and_again)
{
    session_t s = session_open();
    for (uint8_t i = 1; i <= 12; i++) {
        ipc_array_t *x = ipc_array_new(IPC_U8, 1, (size_t[]){LARGE}, NULL);
        ck_assert(is_all(x, 0));
        memset(ipc_array_data(x), i, LARGE);
        ipc_push(s.all, i % 2 ? "odd" : "even", x);
        ipc_array_destroy(&x);
        if (i > 1)
            assert_engines_have(&s, i % 2 ? "even" : "odd", i - 1);
    }
    session_close(&s);
}
END_TEST

START_TEST(several_clients_send_one_array)
{
    session_t first = session_open(), second = session_open();
    ipc_array_t *x = large_of(1);
    ipc_result_t *mine = ipc_push(first.all, "mine", x);
    ipc_push(second.all, "yours", x);
    assert_ok(mine); // clients are not ordered among one another
    assert_engines_have(&second, "mine", 1);
    session_close(&first); // a client goes before its array
    ck_assert_uint_eq(ipc_array_u8(x)[LARGE - 1], 1);
    ipc_push(second.all, "later", x);
    assert_engines_have(&second, "yours", 1);
    assert_engines_have(&second, "later", 1);
    assert_engines_have(&second, "mine", 1); // engines keep what a client gave that is gone
    session_close(&second);
    memset(ipc_array_data(x), 2, LARGE);
    session_t third = session_open();
    assert_ok(ipc_push(third.all, "third", x));
    assert_engines_have(&third, "third", 2);
    ipc_array_destroy(&x);
    session_close(&third);
}
END_TEST

START_TEST(scatter_map_and_views_of_it_work_too)
{
    session_t s = session_open();
    const size_t shape[] = {64, 1 << 16};
    ipc_array_t *x = filled(IPC_U8, 2, shape);
    ipc_array_t *copy = filled(IPC_U8, 2, shape);
    uint8_t *bytes = ipc_array_data(x);
    ipc_scatter(s.all, "dealt", x);
    ipc_result_t *rows = ipc_map(s.any, byte_sum, x);
    ipc_push(s.all, "flat", ipc_view1(IPC_U8, bytes, 64 << 16));
    ipc_push(s.all, "tail", ipc_view1(IPC_U8, bytes + (10 << 16) + 8, 1000));
    ipc_result_t *expected = ipc_map(s.any, byte_sum, copy);
    memset(bytes, 0xFF, ipc_array_size(x));
    for (size_t i = 0; i < 64; i++)
        ck_assert_uint_eq(ipc_result_u64(rows, i), ipc_result_u64(expected, i));
    assert_same(ipc_result_joined(ipc_gather(s.all, "dealt")), copy);
    const ipc_array_t *flat = ipc_result_array(ipc_pull(s.one, "flat"), 0);
    ck_assert_mem_eq(ipc_array_data(flat), ipc_array_data(copy), 64 << 16);
    const ipc_array_t *tail = ipc_result_array(ipc_pull(s.one, "tail"), 0);
    ck_assert_mem_eq(ipc_array_data(tail), (char *) ipc_array_data(copy) + (10 << 16) + 8, 1000);
    ipc_array_destroy(&x);
    ipc_array_destroy(&copy);
    session_close(&s);
}
END_TEST

START_TEST(a_pulled_array_stays_when_its_engine_changes_it)
{
    session_t s = session_open();
    ipc_array_t *x = large_of(1);
    ipc_push(s.all, "a", x);
    ipc_result_t *before = ipc_pull_sync(s.one, "a");
    assert_ok(ipc_apply(s.one, add_one, ipc_ref("a")));
    memset(ipc_array_data(x), 9, LARGE);
    ipc_result_t *after = ipc_pull_sync(s.all, "a");
    ck_assert(is_all(ipc_result_array(before, 0), 1));
    ck_assert(is_all(ipc_result_array(after, 0), 2));
    ck_assert(is_all(ipc_result_array(after, 3), 1));
    ipc_array_destroy(&x);
    session_close(&s);
}
END_TEST

START_TEST(a_pulled_array_is_pushed_on)
{
    session_t s = session_open();
    ipc_array_t *x = large_of(3);
    assert_ok(ipc_push(s.one, "a", x));
    assert_ok(ipc_apply(s.one, add_one, ipc_ref("a")));
    ipc_array_destroy(&x);
    ipc_result_t *pulled = ipc_pull_sync(s.one, "a");
    ipc_push(s.all, "b", ipc_result_array(pulled, 0));
    ipc_push(s.one, "a", 0);
    ipc_result_destroy(&pulled); // nobody else holds it any more
    for (uint8_t i = 0; i < 4; i++) { // and others use its room
        ipc_array_t *y = large_of(10 + i);
        assert_ok(ipc_push_sync(s.all, "other", y));
        ipc_result_t *r = ipc_pull_sync(s.all, "other");
        ipc_array_destroy(&y);
        ipc_result_destroy(&r);
    }
    assert_engines_have(&s, "b", 4);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_dtype_keeps_its_form, 0, IPC_DTYPE_COUNT);
    tcase_add_loop_test(tests, every_number_of_dimensions_keeps_its_form, 1,
                        IPC_MAX_DIMENSIONS + 1);
    tcase_add_test(tests, large_arrays_travel);
    tcase_add_test(tests, a_zero_axis_behind_the_first_keeps_its_form);
    tcase_add_test(tests, functions_see_dtype_and_shape);
    tcase_add_test(tests, parts_of_nothing_keep_dtype_and_shape);
    tcase_add_test(tests, scatter_to_one_engine_gives_it_all);
    tcase_add_test(tests, the_order_of_the_view_is_the_order_of_the_parts);
    tcase_add_test(tests, lists_and_ranges_scatter_too);
    tcase_add_test(tests, a_balanced_view_has_no_push_pull_scatter);
    tcase_add_test(tests, any_value_is_pushed);
    tcase_add_test(tests, large_arrays_within_lists_travel);
    tcase_add_test(tests, data_are_aligned_to_64_bytes);
    tcase_add_test(tests, buffers_are_the_callers_again_after_a_call);
    tcase_add_test(tests, a_large_result_stays_as_long_as_its_result);
    tcase_add_test(tests, what_was_pushed_stays_whatever_the_program_does);
    tcase_add_test(tests, arrays_are_made_pushed_and_destroyed_again_and_again);
    tcase_add_test(tests, several_clients_send_one_array);
    tcase_add_test(tests, scatter_map_and_views_of_it_work_too);
    tcase_add_test(tests, a_pulled_array_stays_when_its_engine_changes_it);
    tcase_add_test(tests, a_pulled_array_is_pushed_on);
}

int main(void)
{
    return e2e_main("arrays", add_tests);
}
