//  The tests of IPython Parallel's client, under their names there: docs/ipyparallel-parity.md.
#include "e2e_support.h"

#include <signal.h>
#include <string.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int64_t, at_gate, (const char *path)) { gate_await(path); return ipc_engine_id(); }
IPC_REMOTE(void, never_ends_well, (bool refuse))
{
    if (refuse)
        ipc_refuse("not here");
    ipc_raise("Failed", "here and everywhere");
}
IPC_REMOTE(void, endless, (void)) { ipc_publish("begun", 1); for (volatile uint64_t i = 0; i < UINT64_MAX; i++) {} }
// clang-format on

//  --- Targets --------------------------------------------------------------------------------------------------

START_TEST(view_indexing)
{
    static const char *const forms[][2] = {
        {"0", "0"}, {"-1", "3"}, {"[0]", "[0]"}, {"-1:", "[3]"}, {":", "[0, 1, 2, 3]"}, {"::2", "[0, 2]"},
        {"1:3", "[1, 2]"}, {"::-1", "[3, 2, 1, 0]"}, {"0,2", "[0, 2]"}, {"[2, 0]", "[2, 0]"}, {"0,0", "[0, 0]"}};
    session_t s = session_open();
    ipc_error_t error = {.code = IPC_E_NONE};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        assert_prints(ipc_apply_sync(view_of(&s, forms[i][0]), my_id), forms[i][1]);
    ck_assert_ptr_null(ipc_direct_view(s.client, "99", &error));
    ck_assert_int_eq(error.code, IPC_E_ENGINE_LOST);
    ck_assert_ptr_nonnull(strstr(error.text, "the ids are 0 to 3"));
    ck_assert_ptr_null(ipc_direct_view(s.client, "None", &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    session_close(&s);
}
END_TEST

START_TEST(iter)
{
    session_t s = session_open();
    size_t count = 0;
    const int *lent = ipc_client_ids(s.client, &count);
    ck_assert_uint_eq(count, ENGINES);
    for (size_t i = 0; i < count; i++) {
        char target[16];
        snprintf(target, sizeof target, "%d", lent[i]);
        ipc_result_t *r = ipc_apply_sync(view_of(&s, target), my_id);
        ck_assert_int_eq(ipc_result_i64(r, 0), (int64_t) i);
        lent = ipc_client_ids(s.client, &count);
    }
    session_close(&s);
}
END_TEST

START_TEST(dview_targets)
{
    session_t s = session_open();
    ck_assert_uint_eq(ipc_view_count(ipc_direct_view(s.client, NULL, NULL)), ENGINES); // as "all"
    ck_assert_uint_eq(ipc_view_count(s.all), ENGINES);
    ck_assert_uint_eq(ipc_view_count(view_of(&s, "1:3")), 2);
    ck_assert_uint_eq(ipc_view_count(view_of(&s, "0,0,0")), 3);
    session_close(&s);
}
END_TEST

START_TEST(lbview_targets)
{
    session_t s = session_open();
    ipc_view_t *last = ipc_balanced_view(s.client, "-1", NULL), *odd = ipc_balanced_view(s.client, "[1,3]", NULL);
    ck_assert_uint_eq(ipc_view_count(s.any), ENGINES);
    ck_assert_uint_eq(ipc_view_count(last), 1);
    ck_assert_uint_eq(ipc_view_count(odd), 2);
    assert_prints(ipc_apply_sync(last, my_id), "3"); // bare, whatever the targets
    session_close(&s);
}
END_TEST

//  A controller that does not answer is waited for no longer than asked.
START_TEST(client_timeout)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    pid_t controller = process_named("ipcd");
    ck_assert_int_eq(kill(controller, SIGSTOP), 0);
    ipc_client_t *client = ipc_client_new_within(NULL, 50, &error);
    ck_assert_int_eq(kill(controller, SIGCONT), 0);
    ck_assert_ptr_null(client);
    ck_assert_int_eq(error.code, IPC_E_CONNECTION);
    ck_assert_ptr_nonnull(strstr(error.text, "does not answer"));
    session_t s = session_open();
    session_close(&s);
}
END_TEST

//  --- What is under way ----------------------------------------------------------------------------------------

START_TEST(outstanding)
{
    session_t s = session_open(), other = session_open();
    gate_t gate = gate_new();
    ck_assert(ipc_client_wait_all(s.client, 0));
    ck_assert_uint_eq(ipc_client_outstanding(s.client), 0);
    ipc_result_t *r = ipc_apply(s.all, at_gate, (const char *) gate.path);
    ipc_result_t *map = ipc_map(s.any, square, ipc_range(0, 10));
    ck_assert_uint_eq(ipc_client_outstanding(s.client), ENGINES + 10);
    ck_assert_uint_eq(ipc_client_outstanding(other.client), 0);
    ipc_result_destroy(&map); // it stays outstanding
    ck_assert_uint_eq(ipc_client_outstanding(s.client), ENGINES + 10);
    ck_assert(!ipc_client_wait_all(s.client, 20));
    gate_open(&gate);
    ck_assert(ipc_client_wait_all(s.client, IPC_FOREVER));
    ck_assert_uint_eq(ipc_client_outstanding(s.client), 0);
    ck_assert(ipc_result_wait(r, 0));
    for (int i = 0; i < 1000; i++) ipc_apply(s.any, square, i);
    ck_assert(ipc_client_wait_all(s.client, IPC_FOREVER));
    gate_remove(&gate);
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(clear)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "a", 5));
    assert_ok(ipc_view_clear(s.one));
    assert_prints(ipc_pull_sync(s.all, "a"), "[<NameError>, 5, 5, 5]");
    assert_ok(ipc_view_clear(s.all));
    ipc_result_t *r = ipc_pull_sync(s.all, "a");
    ck_assert_uint_eq(ipc_error_count(ipc_result_error(r)), ENGINES);
    session_close(&s);
}
END_TEST

static uint64_t running_of(const ipc_queue_status_t *status)
{
    uint64_t running = 0;
    for (size_t i = 0; i < status->count; i++) running += status->engines[i].running;
    return running;
}

START_TEST(queue_status)
{
    enum { TASKS = 8 };
    session_t s = session_open();
    gate_t gate = gate_new();
    uint64_t waiting = 0;
    for (int i = 0; i < TASKS; i++) ipc_apply(s.any, at_gate, (const char *) gate.path);
    ipc_queue_status_t *status = ipc_client_queue_status(s.client, IPC_FOREVER, NULL);
    while (running_of(status) < ENGINES) { // they are on their way
        ipc_queue_status_destroy(&status);
        status = ipc_client_queue_status(s.client, IPC_FOREVER, NULL);
    }
    ck_assert_uint_eq(status->count, ENGINES);
    for (size_t i = 0; i < ENGINES; i++) {
        ck_assert_int_eq(status->engines[i].engine, (int) i);
        waiting += status->engines[i].queued;
    }
    ck_assert_uint_eq(running_of(status), ENGINES);
    ck_assert_uint_eq(waiting + status->unassigned, TASKS - ENGINES);
    gate_open(&gate);
    ck_assert(ipc_client_wait_all(s.client, IPC_FOREVER));
    ipc_queue_status_destroy(&status);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Retries and refusals leave nothing in the queues.
START_TEST(queue_status_after_retries)
{
    session_t s = session_open();
    ipc_options_t options = {.retries = ENGINES + 1};
    for (int i = 0; i < 5; i++) ck_assert(!ipc_result_ok(ipc_apply_with_sync(s.any, &options, never_ends_well, i % 2)));
    ipc_queue_status_t *status = ipc_client_queue_status(s.client, IPC_FOREVER, NULL);
    ck_assert_uint_eq(status->unassigned, 0);
    for (size_t i = 0; i < ENGINES; i++) ck_assert_uint_eq(status->engines[i].queued + status->engines[i].running, 0);
    ipc_queue_status_destroy(&status);
    session_close(&s);
}
END_TEST

START_TEST(wait_for_engines)
{
    session_t s = session_open();
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_int_eq(ipc_client_wait(s.client, ENGINES, 0, &error), 0);
    ck_assert_int_eq(ipc_client_wait(s.client, ENGINES + 1, 50, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_TIMEOUT);
    session_close(&s);
}
END_TEST

START_TEST(signal_engines)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.all, endless);
    for (size_t i = 0; i < ENGINES; i++) // all run
        while (ipc_value_is_none(ipc_result_published(r, i, "begun"))) ipc_result_wait_published(r, IPC_FOREVER);
    assert_ok(ipc_view_signal(s.all, SIGINT));
    for (size_t i = 0; i < ENGINES; i++) ck_assert_str_eq(ipc_result_error_at(r, i)->kind, "Interrupted");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, view_indexing);
    tcase_add_test(tests, iter);
    tcase_add_test(tests, dview_targets);
    tcase_add_test(tests, lbview_targets);
    tcase_add_test(tests, client_timeout);
    tcase_add_test(tests, outstanding);
    tcase_add_test(tests, clear);
    tcase_add_test(tests, queue_status);
    tcase_add_test(tests, queue_status_after_retries);
    tcase_add_test(tests, wait_for_engines);
    if (TASKS_ARE_STOPPED)
        tcase_add_test(tests, signal_engines);
}

int main(void)
{
    return e2e_main("parity_client", add_tests);
}
