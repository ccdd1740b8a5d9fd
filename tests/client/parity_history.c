//  The tests of what IPython Parallel's hub and its store remember, under their names there:
//  docs/ipyparallel-parity.md.
#include "e2e_support.h"

#include <string.h>
#include <time.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int64_t, at_gate, (const char *path)) { gate_await(path); return ipc_engine_id(); }
IPC_REMOTE(void, endless, (void)) { for (volatile uint64_t i = 0; i < UINT64_MAX; i++) {} }
// clang-format on

static double unix_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

static void await_running(session_t *s, const char *label, size_t count)
{
    while (task_count(s, &(ipc_history_query_t){.label = label, .state = IPC_TASK_RUNNING}) < count) {}
}

//  A detached task that is done.
static ipc_result_t *kept_square(session_t *s, int64_t x, const char *label)
{
    ipc_result_t *r = ipc_apply_with_sync(s->any, (&(ipc_options_t){.detach = true, .label = label}), square, x);
    assert_ok(r);
    return r;
}

//  --- Results of others ----------------------------------------------------------------------------------------

START_TEST(get_result)
{
    session_t s = session_open(), other = session_open();
    ipc_result_t *r = kept_square(&s, 7, "");
    assert_prints(ipc_client_fetch(other.client, ipc_result_id(r)), "49");
    assert_prints(ipc_client_fetch(s.client, ipc_result_id(r)), "49"); // its own
    assert_fails(ipc_client_fetch(other.client, 1), "not kept");
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(db_query_dt)
{
    session_t s = session_open();
    ipc_options_t options = {.label = "dt"};
    assert_ok(ipc_apply_with_sync(s.one, &options, square, 1));
    double middle = unix_time();
    assert_ok(ipc_apply_with_sync(s.one, &options, square, 2));
    assert_ok(ipc_apply_with_sync(s.one, &options, square, 3));
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "dt", .until = middle}), 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "dt", .since = middle}), 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "dt", .since = unix_time() + 1}), 0);
    session_close(&s);
}
END_TEST

START_TEST(db_query_in)
{
    session_t s = session_open();
    static const char *const labels[] = {"in-a", "in-b", "in-c"};
    for (int i = 0; i < 3; i++) kept_square(&s, i, labels[i]);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "in-[ac]"});
    ck_assert_uint_eq(ipc_history_count(history), 2);
    ck_assert_str_eq(ipc_history_at(history, 0)->label, "in-a");
    ck_assert_str_eq(ipc_history_at(history, 1)->label, "in-c");
    ipc_history_destroy(&history);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "in-[!ac]"}), 1); // $nin
    session_close(&s);
}
END_TEST

START_TEST(db_query_msg_id)
{
    session_t s = session_open();
    uint64_t id = ipc_result_id(kept_square(&s, 3, ""));
    kept_square(&s, 4, "");
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.id = id});
    ck_assert_uint_eq(ipc_history_count(history), 1);
    ck_assert_uint_eq(ipc_history_at(history, 0)->id, id);
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

//  The history in the order of submission; each entry leads to its result.
START_TEST(db_query_get_result)
{
    enum { TASKS = 5 };
    session_t s = session_open();
    uint64_t ids[TASKS];
    for (int i = 0; i < TASKS; i++) ids[i] = ipc_result_id(kept_square(&s, i, "get"));
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "get"});
    ck_assert_uint_eq(ipc_history_count(history), TASKS);
    for (size_t i = 0; i < TASKS; i++) {
        ck_assert_uint_eq(ipc_history_at(history, i)->id, ids[i]);
        ipc_result_t *r = ipc_client_fetch(s.client, ipc_history_at(history, i)->id);
        ck_assert_int_eq(ipc_result_i64(r, 0), (int64_t) (i * i));
    }
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

//  --- Again ----------------------------------------------------------------------------------------------------

START_TEST(resubmit)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_with_sync(s.any, (&(ipc_options_t){.detach = true}), square, 9);
    ipc_result_t *again = ipc_client_resubmit(s.client, ipc_result_id(r));
    assert_prints(again, "81");
    ck_assert_uint_ne(ipc_result_id(again), ipc_result_id(r));
    session_close(&s);
}
END_TEST

START_TEST(resubmit_chain)
{
    session_t s = session_open();
    ipc_result_t *r = kept_square(&s, 11, "chain");
    for (int i = 0; i < 10; i++) {
        r = ipc_client_resubmit(s.client, ipc_result_id(r));
        assert_prints(r, "121");
    }
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "chain"}), 11);
    session_close(&s);
}
END_TEST

//  All but the id and the times is as it was.
START_TEST(resubmit_header)
{
    session_t s = session_open();
    ipc_result_t *r = kept_square(&s, 2, "header"), *again = ipc_client_resubmit(s.client, ipc_result_id(r));
    assert_ok(again);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "header"});
    ck_assert_uint_eq(ipc_history_count(history), 2);
    const ipc_task_t *first = ipc_history_at(history, 0), *second = ipc_history_at(history, 1);
    ck_assert_str_eq(first->function, second->function);
    ck_assert_uint_eq(first->count, second->count);
    ck_assert_uint_ne(first->id, second->id);
    ck_assert_double_gt(second->submitted, first->submitted);
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

//  Options go along: where it may run, and how long.
START_TEST(resubmit_flags)
{
    session_t s = session_open();
    ipc_view_t *third = ipc_balanced_view(s.client, "[2]", NULL);
    ipc_result_t *r = ipc_apply_with_sync(third, (&(ipc_options_t){.detach = true, .needs = "cores=1"}), my_id);
    assert_prints(r, "2");
    for (int i = 0; i < 5; i++) assert_prints(ipc_client_resubmit(s.client, ipc_result_id(r)), "2");
    ipc_result_t *on_0 = ipc_apply_sync(s.one, my_id);
    ipc_result_t *waits = ipc_apply_with(s.any, (&(ipc_options_t){.detach = true, .after = ipc_after(on_0)}), my_id);
    assert_fails(waits, "detach");
    ipc_options_t limited = {.detach = true, .run_limit_ms = 50, .timeout_ms = 60000};
    r = ipc_apply_with_sync(s.any, &limited, endless);
    ck_assert_str_eq(ipc_result_error(r)->kind, "TaskTimeout");
    r = ipc_client_resubmit(s.client, ipc_result_id(r));
    ck_assert_str_eq(ipc_result_error(r)->kind, "TaskTimeout");
    ck_assert(!TASKS_ARE_STOPPED || strstr(ipc_result_error(r)->text, "50 ms"));
    session_close(&s);
}
END_TEST

START_TEST(resubmit_aborted)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *before = ipc_apply(s.all, at_gate, (const char *) gate.path);
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.detach = true}), square, 6);
    ipc_result_abort(r);
    ck_assert(ipc_result_wait(r, IPC_FOREVER)); // with the engines still at the gate
    ck_assert_str_eq(ipc_result_error(r)->kind, "TaskAborted");
    gate_open(&gate);
    assert_ok(before);
    assert_prints(ipc_client_resubmit(s.client, ipc_result_id(r)), "36");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(resubmit_inflight)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_options_t options = {.detach = true, .label = "inflight"};
    ipc_result_t *r = ipc_apply_with(s.any, &options, at_gate, (const char *) gate.path);
    await_running(&s, "inflight", 1);
    ipc_result_t *again = ipc_client_resubmit(s.client, ipc_result_id(r));
    ck_assert(!ipc_result_wait(r, 0));
    gate_open(&gate);
    assert_ok(r);
    assert_ok(again);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(resubmit_badkey)
{
    session_t s = session_open();
    ck_assert_int_eq(ipc_result_error(ipc_client_resubmit(s.client, 1234))->code, IPC_E_NAME);
    session_close(&s);
}
END_TEST

//  --- Forgetting -----------------------------------------------------------------------------------------------

START_TEST(purge_hub_results)
{
    session_t s = session_open();
    ipc_result_t *first = kept_square(&s, 1, "purged"), *second = kept_square(&s, 2, "purged");
    ck_assert_int_eq(ipc_client_purge(s.client, ipc_result_id(first), NULL), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "purged"}), 1);
    assert_fails(ipc_client_fetch(s.client, ipc_result_id(first)), "not kept");
    assert_prints(ipc_client_fetch(s.client, ipc_result_id(second)), "4");
    session_close(&s);
}
END_TEST

//  By engine: of that engine all, of the others none; what still runs stays.
START_TEST(purge_hub_results_of_engines)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_options_t options = {.label = "by engine"};
    ipc_view_t *next = view_of(&s, "1");
    for (int i = 0; i < 6; i++) assert_ok(ipc_apply_with_sync(i % 2 ? s.one : next, &options, square, i));
    ipc_options_t held = {.label = "purge gate"};
    ipc_result_t *r = ipc_apply_with(s.one, &held, at_gate, (const char *) gate.path);
    await_running(&s, "purge gate", 1);
    ck_assert_int_ge(ipc_client_purge_where(s.client, &(ipc_history_query_t){.engine = "0"}, &error), 3);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.engine = "0"}), 1); // at the gate
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "by engine", .engine = "1"}), 3);
    ck_assert_int_eq(ipc_client_purge_where(s.client, &(ipc_history_query_t){.engine = "x"}, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    gate_open(&gate);
    assert_ok(r);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  What the cluster keeps does not go with the client's own.
START_TEST(purge_local_results)
{
    session_t s = session_open();
    ipc_result_t *r = kept_square(&s, 5, "");
    uint64_t id = ipc_result_id(r);
    ipc_result_destroy(&r);
    assert_prints(ipc_client_fetch(s.client, id), "25");
    session_close(&s);
}
END_TEST

START_TEST(purge_hub_outstanding)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_options_t options = {.detach = true, .label = "unpurged"};
    ipc_result_t *r = ipc_apply_with(s.any, &options, at_gate, (const char *) gate.path);
    await_running(&s, "unpurged", 1);
    ck_assert_int_eq(ipc_client_purge(s.client, ipc_result_id(r), &error), -1);
    ck_assert_int_eq(error.code, IPC_E_BUSY);
    gate_open(&gate);
    assert_ok(r);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(purge_everything)
{
    session_t s = session_open();
    ipc_result_t *r = kept_square(&s, 5, "");
    uint64_t id = ipc_result_id(r);
    ipc_result_destroy(&r);
    ck_assert_int_eq(ipc_client_purge(s.client, 0, NULL), 0);
    ck_assert_uint_eq(task_count(&s, NULL), 0);
    ck_assert_uint_eq(ipc_client_outstanding(s.client), 0);
    assert_fails(ipc_client_fetch(s.client, id), "not kept");
    session_close(&s);
}
END_TEST

//  --- The store ------------------------------------------------------------------------------------------------

//  The limit holds exactly, and the oldest go.
START_TEST(cull_count)
{
    enum { LIMIT = 10000, OLD = 5 };
    session_t s = session_open();
    for (int i = 0; i < OLD; i++) assert_ok(ipc_apply_with_sync(s.one, (&(ipc_options_t){.label = "old"}), square, i));
    for (int i = 0; i < LIMIT - 2; i++) {
        ipc_result_t *r = ipc_apply_sync(s.one, square, i);
        ipc_result_destroy(&r);
    }
    ck_assert_uint_eq(task_count(&s, NULL), LIMIT);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "old"}), 2);
    session_close(&s);
}
END_TEST

//  What a query gave is the program's, whatever the controller forgets.
START_TEST(pop_safe_find)
{
    session_t s = session_open();
    kept_square(&s, 5, "safe");
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "safe"});
    ck_assert_int_eq(ipc_client_purge(s.client, 0, NULL), 0);
    ck_assert_str_eq(ipc_history_at(history, 0)->label, "safe");
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "safe"}), 0);
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

START_TEST(find_records_glob)
{
    session_t s = session_open();
    kept_square(&s, 1, "glob one");
    kept_square(&s, 2, "glob two");
    kept_square(&s, 3, "other");
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "glob *"}), 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "glob ?wo"}), 1);
    session_close(&s);
}
END_TEST

//  A label of a call is in its metadata and in the history.
START_TEST(label)
{
    session_t s = session_open();
    ipc_options_t options = {.label = "named"};
    ipc_result_t *results[] = {ipc_apply_with_sync(s.any, &options, my_id), ipc_apply_with_sync(s.all, &options, my_id),
                               ipc_map_with_sync(s.any, square, ipc_range(0, 1), &options)};
    for (int i = 0; i < 3; i++) ck_assert_str_eq(ipc_result_metadata(results[i], 0)->label, "named");
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "named"}), 2 + ENGINES);
    session_close(&s);
}
END_TEST

//  Whose a task is.
START_TEST(hub_history)
{
    session_t s = session_open(), other = session_open();
    ipc_options_t options = {.label = "whose"};
    assert_ok(ipc_apply_with_sync(s.one, &options, square, 1));
    assert_ok(ipc_apply_with_sync(other.one, &options, square, 2));
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "whose"}), 2);
    ipc_history_query_t ours = {.label = "whose", .client = ipc_client_number(s.client)};
    ck_assert_uint_eq(task_count(&s, &ours), 1);
    ipc_history_query_t theirs = {.label = "whose", .client = ipc_client_number(other.client)};
    ck_assert_uint_eq(task_count(&other, &theirs), 1);
    session_close(&other);
    session_close(&s);
}
END_TEST

//  Ranges that meet split the history exactly; ids one by one.
START_TEST(db_query_dt_exactly)
{
    enum { TASKS = 4 };
    session_t s = session_open();
    ipc_options_t options = {.label = "split"};
    double at[TASKS];
    uint64_t ids[TASKS];
    for (int i = 0; i < TASKS; i++) {
        ipc_result_t *r = ipc_apply_with_sync(s.one, &options, square, i);
        assert_ok(r);
        ids[i] = ipc_result_id(r);
        at[i] = ipc_result_metadata(r, 0)->submitted;
    }
    for (int i = 0; i < TASKS; i++) {
        ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "split", .submitted_before = at[i]}), i);
        ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "split", .submitted_from = at[i]}), TASKS - i);
    }
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.ids = ids + 1, .id_count = 2}), 2);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, get_result);
    tcase_add_test(tests, db_query_dt);
    tcase_add_test(tests, db_query_in);
    tcase_add_test(tests, db_query_msg_id);
    tcase_add_test(tests, db_query_get_result);
    tcase_add_test(tests, resubmit);
    tcase_add_test(tests, resubmit_chain);
    tcase_add_test(tests, resubmit_header);
    tcase_add_test(tests, resubmit_flags);
    tcase_add_test(tests, resubmit_aborted);
    tcase_add_test(tests, resubmit_inflight);
    tcase_add_test(tests, resubmit_badkey);
    tcase_add_test(tests, purge_hub_results);
    tcase_add_test(tests, purge_hub_results_of_engines);
    tcase_add_test(tests, purge_local_results);
    tcase_add_test(tests, purge_hub_outstanding);
    tcase_add_test(tests, purge_everything);
    tcase_add_test(tests, pop_safe_find);
    tcase_add_test(tests, find_records_glob);
    tcase_add_test(tests, label);
    tcase_add_test(tests, cull_count);
    tcase_add_test(tests, hub_history);
    tcase_add_test(tests, db_query_dt_exactly);
}

int main(void)
{
    return e2e_main("parity_history", add_tests);
}
