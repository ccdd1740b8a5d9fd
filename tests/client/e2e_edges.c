//  Calls at the edges of what there is: sizes that cannot be, and handles that are NULL. Compiled without debug
//  information, as a user's plain command does.
#include "e2e_support.h"

#include <signal.h>
#include <string.h>

IPC_REMOTE(int64_t, same, (int64_t x)) { return x; }
IPC_REMOTE(int, multiply, (int a, int b)) { return a * b; }

__attribute__((noinline)) static void fall(void)
{
    raise(SIGFPE);
    __asm__ volatile(""); // no tail call: it stays in the trace
}

enum { FELL_AT = __LINE__ + 1 };
IPC_REMOTE(void, fell, (bool within)) { within ? fall() : (void) raise(SIGFPE); }

START_TEST(a_refused_map_has_a_position_for_each_item)
{
    session_t s = session_open();
    ipc_view_t *views[] = {s.all, s.any, s.one};
    const double rows[6] = {0};
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(ipc_result_count(ipc_map(views[i], multiply, ipc_range(0, 7))), 7);
        ck_assert_uint_eq(ipc_result_count(ipc_map(views[i], multiply, ipc_view2(IPC_F64, rows, 3, 2))), 3);
        assert_prints(ipc_map(views[i], same, ipc_list(1, "x")), "[<ArgumentError>, <ArgumentError>]");
        assert_fails(ipc_map(views[i], multiply, ipc_range(0, 0)), "argument");
    }
    session_close(&s);
}
END_TEST

START_TEST(a_map_of_too_many_items_is_refused)
{
    session_t s = session_open();
    ipc_view_t *views[] = {s.all, s.any, s.one};
    for (int i = 0; i < 3; i++) {
        assert_fails(ipc_map(views[i], same, ipc_range(0, INT64_C(1) << 40)), "1099511627776 items");
        assert_fails(ipc_map(views[i], same, ipc_range(INT64_MIN, INT64_MAX)), "18446744073709551615 items");
    }
    assert_prints(ipc_map(s.any, same, ipc_range(INT64_MAX - 2, INT64_MAX)),
                  "[9223372036854775805, 9223372036854775806]");
    session_close(&s);
}
END_TEST

START_TEST(a_chunk_larger_than_the_map_takes_all_of_it)
{
    session_t s = session_open();
    const size_t chunks[] = {5, UINT32_MAX, SIZE_MAX};
    for (int i = 0; i < 3; i++)
        assert_prints(ipc_map_with(s.any, same, ipc_range(0, 4), &(ipc_options_t){.chunk = chunks[i]}), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(a_crash_without_debug_information_names_function_file_and_line)
{
    session_t s = session_open();
    char place[64], call[80];
    snprintf(place, sizeof place, "fell (e2e_edges.c:%d)", FELL_AT);
    snprintf(call, sizeof call, ", in a call of %s", place);
    const ipc_error_t *error = ipc_result_error(ipc_apply(s.one, fell, false));
    ck_assert_str_eq(error->kind, "SIGFPE");
    ck_assert_str_eq(error->where, place);
    ck_assert_ptr_nonnull(strstr(error->text, place));
    ck_assert_ptr_null(strstr(error->text, call));
    error = ipc_result_error(ipc_apply(s.one, fell, true));
    ck_assert_ptr_nonnull(strstr(error->text, call)); // and before it the place, as far as that is known
    session_close(&s);
}
END_TEST

//  Whether each of them holds an error of an argument; frees none.
static void assert_all_refused(ipc_result_t *const *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const ipc_error_t *error = ipc_result_error(results[i]);
        ck_assert_msg(error && error->code == IPC_E_ARGUMENT, "call %zu is not refused", i);
    }
}

START_TEST(names_and_elements_that_are_null_are_refused)
{
    session_t s = session_open();
    ipc_result_t *results[] = {
        ipc_apply_named(s.all, NULL, 1), ipc_apply_named(s.any, ""), ipc_push(s.all, NULL, 1), ipc_pull(s.all, NULL),
        ipc_gather(s.all, NULL), ipc_scatter(s.all, NULL, ipc_range(0, 4)), ipc_require(s.all, NULL),
        ipc_execute(s.all, NULL), ipc_execute_file(s.all, NULL), ipc_include(s.all, NULL),
        ipc_map(s.all, same, ipc_i64(NULL, 4)), ipc_map(s.any, same, ipc_i64(NULL, 1 << 20)),
        ipc_scatter(s.all, "x", ipc_i64(NULL, 4)), ipc_push(s.all, "x", ipc_i64(NULL, 4))};
    assert_all_refused(results, sizeof results / sizeof results[0]);
    assert_fails(ipc_apply(s.one, same, ipc_ref(NULL)), "not defined");
    assert_prints(ipc_map(s.any, same, ipc_i64(NULL, 0)), "[]");
    session_close(&s);
}
END_TEST

START_TEST(a_pushed_range_is_a_list_in_cells)
{
    session_t s = session_open();
    ipc_push(s.one, "r", ipc_range(3, 7));
    assert_prints(ipc_execute(s.one, "ipc_value_count(r) * 10 + ipc_value_i64(ipc_value_at(r, 3))"), "46");
    ipc_push(s.one, "r", ipc_range(0, 2));
    assert_prints(ipc_execute(s.one, "r"), "[0, 1]");
    assert_prints(ipc_pull(s.one, "r[1]"), "1");
    session_close(&s);
}
END_TEST

START_TEST(no_handle_at_all_can_be_destroyed)
{
    ipc_client_destroy(NULL);
    ipc_view_destroy(NULL);
    ipc_result_destroy(NULL);
    ipc_array_destroy(NULL);
    ipc_imap_destroy(NULL);
    ipc_history_destroy(NULL);
    ipc_queue_status_destroy(NULL);
    ipc_cluster_destroy(NULL);
    ck_assert_int_eq(ipc_cluster_stop(NULL), 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_refused_map_has_a_position_for_each_item);
    tcase_add_test(tests, a_map_of_too_many_items_is_refused);
    tcase_add_test(tests, a_chunk_larger_than_the_map_takes_all_of_it);
    tcase_add_test(tests, a_crash_without_debug_information_names_function_file_and_line);
    tcase_add_test(tests, names_and_elements_that_are_null_are_refused);
    tcase_add_test(tests, a_pushed_range_is_a_list_in_cells);
    tcase_add_test(tests, no_handle_at_all_can_be_destroyed);
}

int main(void)
{
    return e2e_main("edges", add_tests);
}
