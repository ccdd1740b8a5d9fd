//  Calls and targets: which engines a view names, in which order, and the form of what it
//  gives.
#include "e2e_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void))
{
    return ipc_engine_id();
}

IPC_REMOTE(int64_t, add, (int64_t a, int64_t b))
{
    return a + b;
}

IPC_REMOTE(int, nap, (int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    return milliseconds;
}
// clang-format on

typedef struct target_case {
    const char *targets;
    size_t count;
    const char *printed;
} target_case_t;

static const target_case_t target_cases[] = {
    {"all", 4, "[0, 1, 2, 3]"},
    {"0", 1, "0"},
    {"3", 1, "3"},
    {"-1", 1, "3"},
    {"-4", 1, "0"},
    {"[0]", 1, "[0]"},
    {"[2, 0]", 2, "[2, 0]"},
    {"0,2", 2, "[0, 2]"},
    {"2,0", 2, "[2, 0]"},
    {"0,0", 2, "[0, 0]"},
    {":", 4, "[0, 1, 2, 3]"},
    {"::2", 2, "[0, 2]"},
    {"1::2", 2, "[1, 3]"},
    {"1:3", 2, "[1, 2]"},
    {"0:1", 1, "[0]"},
    {"-1:", 1, "[3]"},
    {":-1", 3, "[0, 1, 2]"},
    {"::-1", 4, "[3, 2, 1, 0]"},
    {"2:99", 2, "[2, 3]"},
    {"[-1, 0]", 2, "[3, 0]"},
};

START_TEST(targets_name_engines_in_order)
{
    const target_case_t *c = &target_cases[_i];
    session_t s = session_open();
    ipc_view_t *view = view_of(&s, c->targets);
    ck_assert_uint_eq(ipc_view_count(view), c->count);
    ipc_result_t *r = ipc_apply_sync(view, my_id);
    ck_assert_uint_eq(ipc_result_count(r), c->count);
    assert_prints(r, c->printed);
    size_t count;
    const int *ids = ipc_view_ids(view, &count);
    ck_assert_uint_eq(count, c->count);
    for (size_t i = 0; i < count; i++) ck_assert_int_eq(ids[i], ipc_result_i64(r, i));
    session_close(&s);
}
END_TEST

static const char *const bad_targets[] = {
    "99", "-5",    "0,99",  "[0, 7]", "foo",
    "",   "1:2:0",

    "[0", "1.5",   "all,0", "::x",    "99999999999999999999"};

START_TEST(what_is_no_engine_fails_when_the_view_is_made)
{
    session_t s = session_open();
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_msg(ipc_direct_view(s.client, bad_targets[_i], &error) == NULL,
                  "'%s' is taken", bad_targets[_i]);
    ck_assert(error.code == IPC_E_ARGUMENT || error.code == IPC_E_ENGINE_LOST);
    ck_assert_int_gt(strlen(error.text), 10);
    ck_assert_ptr_null(ipc_balanced_view(s.client, bad_targets[_i], &error));
    session_close(&s);
}
END_TEST

START_TEST(the_ids_are_known)
{
    session_t s = session_open();
    size_t count = 0;
    const int *ids = ipc_client_ids(s.client, &count);
    ck_assert_uint_eq(count, ENGINES);
    for (int i = 0; i < ENGINES; i++) ck_assert_int_eq(ids[i], i);
    session_close(&s);
}
END_TEST

START_TEST(waiting_for_more_engines_than_there_are_times_out)
{
    session_t s = session_open();
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_int_eq(ipc_client_wait(s.client, ENGINES + 1, 0, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_TIMEOUT);
    ck_assert_int_eq(ipc_client_wait(s.client, ENGINES + 1, 50, &error), -1);
    session_close(&s);
}
END_TEST

START_TEST(a_balanced_call_gives_a_bare_value)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.any, add, 1, 2);
    ck_assert_uint_eq(ipc_result_count(r), 1);
    assert_prints(r, "3");
    ipc_error_t error;
    ipc_view_t *last = ipc_balanced_view(s.client, "-1", &error);
    ck_assert_ptr_nonnull(last);
    assert_prints(ipc_apply_sync(last, my_id), "3");
    ipc_view_t *some = ipc_balanced_view(s.client, "[1, 3]", &error);
    ck_assert_uint_eq(ipc_view_count(some), 2);
    for (int i = 0; i < 20; i++) {
        r = ipc_apply_sync(some, my_id);
        ck_assert(ipc_result_i64(r, 0) == 1 || ipc_result_i64(r, 0) == 3);
    }
    session_close(&s);
}
END_TEST

START_TEST(an_asynchronous_call_returns_at_once)
{
    session_t s = session_open();
    double start = now();
    ipc_result_t *r = ipc_apply(s.all, nap, 300);
    ck_assert_double_lt(now() - start, 0.2);
    ck_assert_uint_eq(ipc_result_count(r), 4);
    ck_assert(!ipc_result_wait(r, 0));
    ck_assert(!ipc_result_wait(r, 20));
    ck_assert_uint_eq(ipc_result_done(r), 0);
    ck_assert(ipc_result_wait(r, IPC_FOREVER));
    ck_assert_double_ge(now() - start, 0.3);
    ck_assert_uint_eq(ipc_result_done(r), 4);
    assert_prints(r, "[300, 300, 300, 300]");
    session_close(&s);
}
END_TEST

START_TEST(times_are_told)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, nap, 100);
    ck_assert_double_ge(ipc_result_wall_time(r), 0.1);
    ck_assert_double_lt(ipc_result_wall_time(r), 1);
    ck_assert_double_ge(ipc_result_serial_time(r), 0.4);
    ck_assert_double_ge(ipc_result_elapsed(r), 0.1);
    session_close(&s);
}
END_TEST

START_TEST(a_function_is_called_locally_too)
{
    ck_assert_int_eq(add(1, 2), 3);
    ck_assert_int_eq(my_id(), -1);
    ipc_ns_set("local", 5);
    ck_assert(ipc_ns_has("local"));
    ck_assert_int_eq(ipc_value_i64(ipc_ns_get("local")), 5);
}
END_TEST

START_TEST(destroying_twice_is_harmless)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, my_id);
    assert_prints(r, "[0, 1, 2, 3]");
    ipc_result_destroy(&r);
    ck_assert_ptr_null(r);
    ipc_result_destroy(&r);
    ipc_view_destroy(&s.one);
    ck_assert_ptr_null(s.one);
    ipc_view_destroy(&s.one);
    session_close(&s);
    ipc_client_destroy(&s.client);
}
END_TEST

START_TEST(a_result_outlives_its_view)
{
    session_t s = session_open();
    ipc_view_t *view = view_of(&s, "::2");
    ipc_result_t *r = ipc_apply(view, my_id);
    ipc_view_destroy(&view);
    assert_prints(r, "[0, 2]");
    session_close(&s);
}
END_TEST

START_TEST(no_cluster_is_one_sentence)
{
    setenv("IPC_CLUSTER_ID", "nobody-has-this-id", 1);
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_ptr_null(ipc_client_new(NULL, &error));
    ck_assert_int_eq(error.code, IPC_E_CONNECTION);
    ck_assert_msg(strstr(error.text, "ipcluster start") != NULL, "%s", error.text);
    ck_assert_ptr_null(ipc_client_new("/nonexistent/client.json", &error));
    ck_assert_msg(strstr(error.text, "/nonexistent/client.json") != NULL, "%s", error.text);
}
END_TEST

START_TEST(all_gives_a_descriptor_to_wait_on)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.all, nap, 50);
    int fd = ipc_result_fd(r);
    ck_assert_int_ge(fd, 0);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval deadline = {.tv_sec = 5};
    ck_assert_int_eq(select(fd + 1, &set, NULL, NULL, &deadline), 1);
    ck_assert_uint_eq(ipc_result_done(r), 4);
    session_close(&s);
}
END_TEST

//  Who did not look whether the view could be made: no SIGSEGV from within the library.
START_TEST(a_call_of_no_view_stops_the_program_with_a_sentence)
{
    ipc_push(NULL, "a", 1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, targets_name_engines_in_order, 0,
                        sizeof target_cases / sizeof *target_cases);
    tcase_add_loop_test(tests, what_is_no_engine_fails_when_the_view_is_made, 0,
                        sizeof bad_targets / sizeof *bad_targets);
    tcase_add_test(tests, the_ids_are_known);
    tcase_add_test(tests, waiting_for_more_engines_than_there_are_times_out);
    tcase_add_test(tests, a_balanced_call_gives_a_bare_value);
    tcase_add_test(tests, an_asynchronous_call_returns_at_once);
    tcase_add_test(tests, times_are_told);
    tcase_add_test(tests, a_function_is_called_locally_too);
    tcase_add_test(tests, destroying_twice_is_harmless);
    tcase_add_test(tests, a_result_outlives_its_view);
    tcase_add_test(tests, no_cluster_is_one_sentence);
    tcase_add_test(tests, all_gives_a_descriptor_to_wait_on);
    tcase_add_test_raise_signal(tests, a_call_of_no_view_stops_the_program_with_a_sentence, SIGABRT);
}

int main(void)
{
    return e2e_main("views", add_tests);
}
