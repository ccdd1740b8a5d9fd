//  Options of a view: each later call has them unless it gives its own.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>

// clang-format off
IPC_REMOTE(int64_t, where, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int x)) { return (int64_t) x * x; }
IPC_REMOTE(int, fails, (int code)) { ipc_raise("Failed", "with %d", code); }
IPC_REMOTE(int, pass, (const char *gate)) { gate_await(gate); return 1; }
// clang-format on

static void set(ipc_view_t *view, const ipc_options_t *options)
{
    ipc_error_t error;
    ck_assert_msg(ipc_view_set_options(view, options, &error) == 0, "%s", error.text);
}

//  How often a call that fails is started, and the label that it has.
static void assert_call(ipc_view_t *view, const ipc_options_t *options, int attempts, const char *label)
{
    ipc_result_t *r = ipc_apply_with_sync(view, options, fails, 1);
    assert_fails(r, "with 1");
    ck_assert_int_eq(ipc_result_metadata(r, 0)->attempts, attempts);
    ck_assert_str_eq(ipc_result_metadata(r, 0)->label, label);
    ipc_result_destroy(&r);
}

START_TEST(calls_have_the_options_of_their_view)
{
    session_t s = session_open();
    assert_call(s.any, NULL, 1, "");
    char label[] = "sweep";
    set(s.any, &(ipc_options_t){.retries = 2, .label = label});
    memset(label, 'x', sizeof label - 1); // it was a copy
    assert_call(s.any, NULL, 3, "sweep");
    assert_call(s.any, &(ipc_options_t){.priority = 1}, 3, "sweep");
    assert_call(s.any, &(ipc_options_t){.retries = 1}, 2, "sweep");
    assert_call(s.any, &(ipc_options_t){.label = "own"}, 3, "own");
    assert_call(s.any, &(ipc_options_t){.label = ""}, 3, ""); // not NULL: it is the call's own
    assert_call(s.one, NULL, 1, "");                          // another view has its own
    set(s.any, &(ipc_options_t){.label = "anew"});            // instead of the former, all of them
    assert_call(s.any, NULL, 1, "anew");
    set(s.any, NULL);
    assert_call(s.any, NULL, 1, "");
    session_close(&s);
}
END_TEST

START_TEST(every_operation_has_them)
{
    session_t s = session_open();
    set(s.all, &(ipc_options_t){.label = "mine", .round_robin = true});
    ipc_result_t *results[] = {
        ipc_push(s.all, "x", 1),        ipc_pull(s.all, "x"),
        ipc_scatter(s.all, "x", ipc_range(0, 6)), ipc_gather(s.all, "x"),
        ipc_map(s.all, square, ipc_range(0, 3)),  ipc_apply(s.all, where),
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        assert_ok(results[i]);
        ck_assert_str_eq(ipc_result_metadata(results[i], 0)->label, "mine");
    }
    assert_prints(ipc_pull(s.all, "x"), "[[0, 4], [1, 5], [2], [3]]");
    assert_prints(results[3], "[0, 1, 2, 3, 4, 5]");
    session_close(&s);
}
END_TEST

START_TEST(a_limit_of_the_view_ends_its_calls)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    set(s.any, &(ipc_options_t){.run_limit_ms = 20});
    ipc_result_t *r = ipc_apply(s.any, pass, gate.path);
    ck_assert(!ipc_result_ok(r));
    ck_assert_str_eq(ipc_result_error(r)->kind, "TaskTimeout");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(what_calls_wait_for_may_be_destroyed)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *first = ipc_apply(s.any, pass, gate.path);
    ipc_error_t error;
    ipc_view_t *after = ipc_balanced_view(s.client, NULL, &error);
    set(after, &(ipc_options_t){.after = ipc_after(first), .follow = ipc_follow(first)});
    ipc_result_destroy(&first);
    ipc_result_t *early = ipc_apply(after, where);
    ck_assert(!ipc_result_wait(early, 0));
    gate_open(&gate);
    assert_ok(early);
    for (int i = 0; i < 20; i++) { // it has ended long ago, and they follow it still
        ipc_result_t *late = ipc_apply_sync(after, where);
        ck_assert_int_eq(ipc_result_i64(late, 0), ipc_result_i64(early, 0));
        ipc_result_destroy(&late);
    }
    const ipc_options_t none = {.after = &(ipc_dependency_t){0}, .follow = &(ipc_dependency_t){0}};
    assert_ok(ipc_apply_with(after, &none, where));
    set(after, NULL); // lets the result go, which nobody else knows
    assert_ok(ipc_apply(after, where));
    ipc_view_destroy(&after);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(options_of_a_result_that_failed_end_calls_at_once)
{
    session_t s = session_open();
    ipc_result_t *first = ipc_apply_sync(s.any, fails, 1);
    set(s.any, &(ipc_options_t){.after = ipc_after(first)});
    ipc_result_destroy(&first);
    ipc_result_t *r = ipc_apply(s.any, where);
    ck_assert(!ipc_result_ok(r));
    ck_assert_str_eq(ipc_result_error(r)->kind, "ImpossibleDependency");
    session_close(&s); // the view still holds the result
}
END_TEST

START_TEST(options_that_no_call_may_have_are_refused)
{
    session_t s = session_open();
    ipc_error_t error;
    ipc_result_t *r = ipc_apply(s.any, where);
    set(s.all, &(ipc_options_t){.label = "kept"});
    ck_assert_int_eq(ipc_view_set_options(s.all, &(ipc_options_t){.retries = -1, .label = "x"}, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "argument retries"));
    ck_assert_int_eq(ipc_view_set_options(s.all, &(ipc_options_t){.after = ipc_after(r)}, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "balanced"));
    ck_assert_int_eq(ipc_view_set_options(s.all, &(ipc_options_t){.needs = "gpu=1"}, NULL), -1);
    ck_assert_int_eq(ipc_view_set_options(s.any, &(ipc_options_t){.after = ipc_after(NULL)}, &error), -1);
    r = ipc_apply(s.all, where);
    ck_assert_str_eq(ipc_result_metadata(r, 0)->label, "kept");
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, calls_have_the_options_of_their_view);
    tcase_add_test(tests, every_operation_has_them);
    tcase_add_test(tests, a_limit_of_the_view_ends_its_calls);
    tcase_add_test(tests, what_calls_wait_for_may_be_destroyed);
    tcase_add_test(tests, options_of_a_result_that_failed_end_calls_at_once);
    tcase_add_test(tests, options_that_no_call_may_have_are_refused);
}

int main(void)
{
    return e2e_main("defaults", add);
}
