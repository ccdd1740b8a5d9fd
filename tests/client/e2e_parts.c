//  Parts of results (slices, splits, joins), what is known of each position, and results by engine.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(double, half, (int64_t x)) { return 0.5 * (double) x; }
IPC_REMOTE(int64_t, sleep_ms, (int64_t ms)) { usleep((useconds_t) (1000 * ms)); return ms; }
IPC_REMOTE(int64_t, fail_odd, (int64_t item))
{
    if (item % 2)
        ipc_raise("OddError", "item %d", (int) item);
    return item;
}
IPC_REMOTE(int64_t, say, (int64_t item))
{
    printf("item %d\n", (int) item);
    fprintf(stderr, "warned %d\n", (int) item);
    usleep(10000);
    return item;
}
IPC_REMOTE(int64_t, fail_twice, (void))
{
    int64_t calls = ipc_ns_has("tries") ? ipc_value_i64(ipc_ns_get("tries")) : 0;
    ipc_ns_set("tries", calls + 1);
    if (calls < 2)
        ipc_raise("NotYet", "call %d", (int) calls);
    return calls;
}
IPC_REMOTE(ipc_array_t *, ids, (size_t count))
{
    ipc_array_t *x = ipc_array_new(IPC_I64, 1, &count, NULL);
    for (size_t i = 0; i < count; i++) ipc_array_i64(x)[i] = ipc_engine_id();
    return x;
}
// clang-format on

static double unix_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

//  --- Parts ----------------------------------------------------------------------------------------------------

START_TEST(a_slice_shows_some_positions)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.any, square, ipc_range(0, 10));
    ipc_result_t *early = ipc_result_slice(r, 2, 5); // before all is done, most likely
    ck_assert(ipc_result_wait(r, IPC_FOREVER));
    ipc_result_t *late = ipc_result_slice(r, 2, 5);
    assert_prints(early, "[4, 9, 16]");
    assert_prints(late, "[4, 9, 16]");
    ck_assert_uint_eq(ipc_result_count(late), 3);
    ck_assert_int_eq(ipc_array_i64(ipc_result_joined(late))[2], 16);
    assert_prints(ipc_result_slice(r, 8, 99), "[64, 81]"); // cut to what there is
    assert_prints(ipc_result_slice(r, 7, 7), "[]");
    assert_prints(ipc_result_slice(r, 99, 1), "[]");
    assert_prints(ipc_result_slice(early, 1, 2), "[9]"); // a slice of a slice
    ck_assert(ipc_result_ok(early));
    ck_assert_double_ge(ipc_result_wall_time(early), 0);
    ck_assert_double_le(ipc_result_wall_time(late), ipc_result_wall_time(r));
    session_close(&s);
}
END_TEST

START_TEST(a_slice_is_done_before_the_whole)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_with(s.one, sleep_ms, ipc_list(1, 2, 3, 1500), &(ipc_options_t){.chunk = 1});
    ipc_result_t *part = ipc_result_slice(r, 0, 3);
    assert_prints(part, "[1, 2, 3]");
    ck_assert(!ipc_result_wait(r, 0));
    size_t seen = 0;
    for (ipc_item_t *item; (item = ipc_result_next(part)); seen++) {
        ck_assert_uint_eq(item->index, seen);
        ck_assert_int_eq(ipc_value_i64(item->value), (int64_t) seen + 1);
        ck_assert_double_ge(item->finished - item->started, 0.001 * (double) (seen + 1));
    }
    ck_assert_uint_eq(seen, 3);
    ck_assert_double_ge(ipc_result_serial_time(part), 0.006);
    ck_assert_double_lt(ipc_result_serial_time(part), 1);
    session_close(&s);
}
END_TEST

START_TEST(a_split_gives_each_position_its_own_result)
{
    enum { COUNT = 300 };
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.all, square, ipc_range(0, COUNT)), *parts[COUNT];
    ck_assert_uint_eq(ipc_result_split(r, parts, COUNT), COUNT);
    ipc_result_destroy(&r); // its parts do not depend on it
    ck_assert_ptr_null(r);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(ipc_result_count(parts[i]), 1);
        ck_assert_int_eq(ipc_result_i64(parts[i], 0), i * i);
        ck_assert_int_eq(ipc_result_metadata(parts[i], 0)->engine, i / (COUNT / ENGINES));
    }
    assert_prints(parts[7], "49"); // bare
    ck_assert_int_eq(ipc_wait_any(parts, COUNT, IPC_FOREVER), 0);
    ipc_result_destroy(&parts[3]);
    ipc_result_t *joined = ipc_result_join(&parts[4], 3);
    assert_prints(joined, "[16, 25, 36]");
    for (int i = 4; i < COUNT; i++) ipc_result_destroy(&parts[i]);
    assert_prints(joined, "[16, 25, 36]");
    ck_assert_uint_eq(ipc_result_metadata(joined, 2)->id, ipc_result_metadata(joined, 0)->id + 2);
    session_close(&s);
}
END_TEST

START_TEST(parts_of_results_that_were_freed_still_fill)
{
    session_t s = session_open();
    ipc_result_t *whole = ipc_apply(s.all, ids, 3);
    ipc_result_t *slow = ipc_map(s.any, sleep_ms, ipc_list(50, 50));
    ipc_result_t *pair[] = {whole, slow};
    ipc_result_t *joined = ipc_result_join(pair, 2);
    ipc_result_destroy(&whole);
    ipc_result_destroy(&slow);
    assert_prints(joined, "[[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3], 50, 50]");
    ipc_result_t *arrays = ipc_result_slice(joined, 1, 3);
    ipc_result_destroy(&joined);
    ck_assert_uint_eq(ipc_array_count(ipc_result_joined(arrays)), 6);
    ck_assert_int_eq(ipc_array_i64(ipc_result_joined(arrays))[5], 2);
    session_close(&s);
}
END_TEST

START_TEST(parts_of_a_gather_come_with_its_end)
{
    session_t s = session_open();
    double *x = calloc(40000, sizeof *x); // large: it has a second half
    for (int i = 0; i < 40000; i++) x[i] = i;
    assert_ok(ipc_scatter_sync(s.all, "x", ipc_f64(x, 40000)));
    ipc_result_t *r = ipc_gather(s.all, "x"), *part = ipc_result_slice(r, 1, 2);
    ck_assert_double_eq(ipc_array_f64(ipc_result_array(part, 0))[0], 10000);
    ck_assert_uint_eq(ipc_array_count(ipc_result_array(part, 0)), 10000);
    ck_assert_int_eq(ipc_result_metadata(r, 1)->engine, 1);
    ipc_result_destroy(&r);
    ck_assert_double_eq(ipc_array_f64(ipc_result_array(part, 0))[9999], 19999);
    free(x);
    session_close(&s);
}
END_TEST

START_TEST(failures_and_output_go_with_their_positions)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.any, fail_odd, ipc_range(0, 6)), *part = ipc_result_slice(r, 2, 6);
    assert_prints(part, "[2, <OddError>, 4, <OddError>]");
    ck_assert_uint_eq(ipc_error_count(ipc_result_error(part)), 2);
    ipc_result_t *said = ipc_map_with_sync(s.all, say, ipc_range(0, 4), &(ipc_options_t){.chunk = 1});
    ipc_result_t *two = ipc_result_slice(said, 2, 4);
    char *text = display_of(two);
    ck_assert_str_eq(text, "[stdout:2] item 2\n[stderr:2] warned 2\n[stdout:3] item 3\n[stderr:3] warned 3\n");
    free(text);
    session_close(&s);
}
END_TEST

//  --- What is known of each position -------------------------------------------------------------------------------

static void check_times(const ipc_metadata_t *m, double before, double after)
{
    const double times[] = {before,      m->submitted, m->accepted, m->sent,
                            m->started,  m->finished,  m->received, after};
    for (size_t i = 0; i + 1 < sizeof times / sizeof times[0]; i++)
        ck_assert_msg(times[i] <= times[i + 1] + 1e-6, "time %zu is %.6f s after time %zu", i, times[i] - times[i + 1],
                      i + 1); // a microsecond: the double of a time since 1970 is that coarse
}

START_TEST(metadata_tell_the_six_times_in_order)
{
    session_t s = session_open();
    double before = unix_time();
    ipc_options_t options = {.label = "squares"};
    ipc_result_t *r = ipc_map_with_sync(s.any, sleep_ms, ipc_list(30, 1, 20), &options);
    double after = unix_time();
    for (size_t i = 0; i < 3; i++) {
        const ipc_metadata_t *m = ipc_result_metadata(r, i);
        ck_assert_uint_eq(m->index, i);
        ck_assert_int_ge(m->engine, 0);
        ck_assert_int_lt(m->engine, ENGINES);
        ck_assert_int_eq(m->attempts, 1);
        ck_assert_str_eq(m->status, "ok");
        ck_assert_str_eq(m->method, "map");
        ck_assert_str_eq(m->label, "squares");
        ck_assert_str_eq(m->out, "");
        ck_assert_ptr_null(m->error);
        check_times(m, before, after);
    }
    const ipc_metadata_t *m = ipc_result_metadata(r, 0);
    ck_assert_double_ge(m->finished - m->started, 0.03);
    uint64_t id = m->id;
    ck_assert_uint_gt(id, 0);
    ck_assert_uint_eq(ipc_result_metadata(r, 2)->id, id + 2);
    ck_assert_ptr_null(ipc_result_metadata(r, 3));
    session_close(&s);
}
END_TEST

START_TEST(metadata_can_be_read_before_the_end)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.one, sleep_ms, 1500);
    const ipc_metadata_t *m = ipc_result_metadata(r, 0);
    ck_assert_str_eq(m->status, "pending");
    ck_assert_double_gt(m->submitted, 0);
    ck_assert_double_eq(m->finished, 0);
    ck_assert_double_eq(m->received, 0);
    ck_assert_int_eq(m->engine, -1);
    ck_assert_int_eq(m->attempts, 0);
    session_close(&s);
}
END_TEST

START_TEST(metadata_tell_failures_attempts_and_output)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "tries", 0));
    ipc_result_t *r = ipc_apply_with_sync(s.one, (&(ipc_options_t){.retries = 5}), fail_twice);
    ck_assert_int_eq(ipc_result_i64(r, 0), 2);
    ck_assert_int_eq(ipc_result_metadata(r, 0)->attempts, 3);
    r = ipc_apply_sync(s.one, fail_odd, 3);
    const ipc_metadata_t *m = ipc_result_metadata(r, 0);
    ck_assert_str_eq(m->status, "error");
    ck_assert_str_eq(m->error->text, "item 3");
    ck_assert_int_eq(m->engine, 0);
    ck_assert_double_ge(m->finished, m->started);
    r = ipc_map_sync(s.all, say, ipc_range(0, 8));
    m = ipc_result_metadata(r, 5);
    ck_assert_str_eq(m->out, "item 5\n");
    ck_assert_str_eq(m->err, "warned 5\n");
    ck_assert_int_eq(m->engine, 2);
    r = ipc_apply_sync(s.one, square, "text"); // refused
    m = ipc_result_metadata(r, 0);
    ck_assert_str_eq(m->status, "error");
    ck_assert_int_eq(m->attempts, 0);
    ck_assert_uint_eq(m->id, 0);
    ck_assert_double_eq(m->started, 0);
    session_close(&s);
}
END_TEST

START_TEST(items_come_in_order_too)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_with(s.any, sleep_ms, ipc_list(60, 1, 30, 1), &(ipc_options_t){.chunk = 1});
    const int64_t expected[] = {60, 1, 30, 1};
    for (size_t i = 0; i < 4; i++) {
        ipc_item_t *item = ipc_result_item(r, i);
        ck_assert_ptr_nonnull(item);
        ck_assert_uint_eq(item->index, i);
        ck_assert_int_eq(ipc_value_i64(item->value), expected[i]);
        ck_assert_double_ge(item->finished - item->started, 1e-3 * (double) expected[i]);
    }
    ck_assert_ptr_null(ipc_result_item(r, 4));
    ck_assert_double_gt(ipc_result_speedup(r), 0);
    double ratio = ipc_result_serial_time(r) / ipc_result_wall_time(r);
    ck_assert_double_eq_tol(ipc_result_speedup(r), ratio, 1e-9);
    session_close(&s);
}
END_TEST

//  Many runs, looked at in an order of no use: every position has its own.
START_TEST(each_position_has_its_own_times)
{
    enum { COUNT = 2000 };
    session_t s = session_open();
    ipc_result_t *r = ipc_map_with_sync(s.any, sleep_ms, ipc_range(0, 1), &(ipc_options_t){.chunk = 1});
    assert_ok(r);
    r = ipc_map_with_sync(s.any, square, ipc_range(0, COUNT), &(ipc_options_t){.chunk = 1});
    for (size_t k = 0; k < COUNT; k++) {
        size_t i = k * 7 % COUNT;
        const ipc_metadata_t *m = ipc_result_metadata(r, i);
        ck_assert_str_eq(m->status, "ok");
        ck_assert_double_ge(m->finished, m->started);
        ck_assert_double_ge(m->started + 1e-6, m->sent);
        ck_assert_double_ge(m->received + 1e-6, m->finished);
        ck_assert_int_eq(ipc_result_item(r, i)->engine, m->engine);
    }
    session_close(&s);
}
END_TEST

START_TEST(results_are_found_by_engine)
{
    session_t s = session_open();
    ipc_error_t error = {0};
    ipc_result_t *r = ipc_apply(view_of(&s, "3,1"), my_id);
    ck_assert_int_eq(ipc_result_by_engine(r, 3, &error), 0);
    ck_assert_int_eq(ipc_result_by_engine(r, 1, &error), 1);
    ck_assert_int_eq(error.code, 0);
    ck_assert_int_eq(ipc_result_by_engine(r, 0, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    r = ipc_map(s.all, square, ipc_range(0, 5));
    ck_assert_int_eq(ipc_result_by_engine(r, 2, &error), 3);
    ck_assert_int_eq(ipc_result_by_engine(r, 0, &error), -1);
    ck_assert_msg(strstr(error.text, "0 and 1") != NULL, "%s", error.text);
    r = ipc_map(view_of(&s, "2"), fail_odd, ipc_list(1));
    ck_assert_int_eq(ipc_result_by_engine(r, 2, &error), 0); // a failed one too
    (void) ipc_result_error(r);
    session_close(&s);
}
END_TEST

//  Eight bytes each, and what is on its way at one moment: 9 to 12 in all, more on a loaded machine. A record for every
//  position would be 24 at the least.
START_TEST(many_numbers_cost_little_memory)
{
#if defined(__SANITIZE_ADDRESS__)
    enum { COUNT = 1000000, LIMIT = 40 }; // its shadow, and frames that it keeps after they were freed
#elif defined(__SANITIZE_THREAD__)
    enum { COUNT = 300000, LIMIT = 140 }; // four bytes of shadow for each, and slow
#else
    enum { COUNT = 3000000, LIMIT = 20 };
#endif
    session_t s = session_open();
    assert_ok(ipc_map_sync(s.any, half, ipc_range(0, 1000)));
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    ipc_result_t *r = ipc_map_sync(s.any, half, ipc_range(0, COUNT));
    getrusage(RUSAGE_SELF, &after);
    ck_assert_double_eq(ipc_result_f64(r, COUNT - 1), 0.5 * (COUNT - 1));
    double each = 1024.0 * (double) (after.ru_maxrss - before.ru_maxrss) / COUNT;
    ck_assert_msg(each < LIMIT, "%.1f bytes for each number", each);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_slice_shows_some_positions);
    tcase_add_test(tests, a_slice_is_done_before_the_whole);
    tcase_add_test(tests, a_split_gives_each_position_its_own_result);
    tcase_add_test(tests, parts_of_results_that_were_freed_still_fill);
    tcase_add_test(tests, parts_of_a_gather_come_with_its_end);
    tcase_add_test(tests, failures_and_output_go_with_their_positions);
    tcase_add_test(tests, metadata_tell_the_six_times_in_order);
    tcase_add_test(tests, metadata_can_be_read_before_the_end);
    tcase_add_test(tests, metadata_tell_failures_attempts_and_output);
    tcase_add_test(tests, items_come_in_order_too);
    tcase_add_test(tests, each_position_has_its_own_times);
    tcase_add_test(tests, results_are_found_by_engine);
    tcase_add_test(tests, many_numbers_cost_little_memory);
}

int main(void)
{
    return e2e_main("parts", add_tests);
}
