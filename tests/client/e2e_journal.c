//  A cluster with a journal: what was done is known after the cluster was stopped, or killed, and started again.
#include "e2e_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int, same, (int x)) { return x; }
IPC_REMOTE(double, root, (double x))
{
    if (x < 0)
        ipc_raise("DomainError", "no real root of %g", x);
    return x;
}
IPC_REMOTE(int64_t, even, (int64_t x))
{
    if (x % 2)
        ipc_raise("OddError", "%d is odd", (int) x);
    return x;
}
IPC_REMOTE(int, wait_for, (const char *path)) { gate_await(path); return 1; }
// clang-format on

static void start_again(const char *options)
{
    free(ipcluster_prints(0, "stop", NULL));
    free(ipcluster_prints(0, "start", "-n", "4", "--daemonize", options, NULL));
}

START_TEST(the_history_outlasts_the_cluster)
{
    session_t s = session_open();
    ipc_options_t options = {.label = "lasting"};
    assert_ok(ipc_map_with_sync(s.all, same, ipc_range(0, 100), &options));
    ck_assert(!ipc_result_ok(ipc_apply_with_sync(s.one, &options, root, -1.0)));
    ipc_history_t *before = history_of(&s, &(ipc_history_query_t){.label = "lasting"});
    session_close(&s);
    for (int round = 0; round < 2; round++) { // sync is a way to write it, not another journal
        start_again(round == 0 ? "--journal=sync" : "--journal");
        s = session_open();
        ipc_history_t *after = history_of(&s, &(ipc_history_query_t){.label = "lasting"});
        ck_assert_uint_eq(ipc_history_count(after), ipc_history_count(before));
        for (size_t i = 0; i < ipc_history_count(after); i++) {
            const ipc_task_t *was = ipc_history_at(before, i), *is = ipc_history_at(after, i);
            ck_assert(is->id == was->id && is->client == was->client && is->first == was->first &&
                      is->count == was->count && is->state == was->state && is->engine == was->engine);
            ck_assert_str_eq(is->function, was->function);
            ck_assert_str_eq(is->error, was->error);
            ck_assert(is->submitted == was->submitted && is->received == was->received);
        }
        ipc_error_t error = {.code = IPC_E_NONE};
        char *sentence = ipc_client_explain(s.client, ipc_history_at(before, 0)->id, &error);
        ck_assert_msg(sentence != NULL, "%s", error.text);
        assert_shows(sentence, ") is over: 100 done");
        ipc_history_destroy(&after);
        session_close(&s);
    }
    ipc_history_destroy(&before);
}
END_TEST

//  More than are in memory, and of the newest as many as are asked for.
START_TEST(all_tasks_are_found_not_only_the_last)
{
    enum { ITEMS = 12000 };
    session_t s = session_open();
    ipc_options_t options = {.label = "many"};
    ipc_result_t *r = ipc_map_with_sync(s.one, even, ipc_range(0, ITEMS), &options);
    ck_assert_uint_eq(ipc_result_failed(r), ITEMS / 2); // what ends alike is one entry: here each is by itself
    ck_assert(!ipc_result_ok(r));
    ipc_result_destroy(&r);
    assert_ok(ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "last"}, same, 1));
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "many"}), ITEMS);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "many", .limit = 100}), 100);
    assert_shows(ipcluster_prints(0, "tasks", "--json", "--limit", "1", NULL), "\"label\": \"last\"");
#if HAVE_SQL
    assert_shows(ipcluster_prints(0, "tasks", "--json", "--sql",
                                  "SELECT count(*) AS n, count(DISTINCT first) AS m FROM tasks WHERE label = 'many'",
                                  NULL),
                 "\"n\": 12000,\n    \"m\": 12000");
#endif
    session_close(&s);
}
END_TEST

//  A program that has work under way, until it is killed. Gives its pid.
static pid_t start_program(const char *gate)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    session_t s = session_open();
    ipc_options_t options = {.label = "killed"};
    ipc_map_with_sync(s.any, same, ipc_range(0, 1000), &options);
    ipc_apply_with(s.one, &options, wait_for, gate);
    ipc_apply_with_sync(s.one, &options, same, 1);
    _exit(0);
}

//  The controller and the program that could go on are killed: what ran and what waited is known to be lost.
START_TEST(no_task_vanishes_when_all_is_killed)
{
    gate_t gate = gate_new();
    ipc_history_query_t lost = {.label = "killed", .state = IPC_TASK_FAILED};
    pid_t program = start_program(gate.path), controller = process_named("ipcd");
    session_t s = session_open();
    while (task_count(&s, &(ipc_history_query_t){.function = "wait_for", .label = "killed",
                                                 .state = IPC_TASK_RUNNING}) == 0) {}
    while (task_count(&s, &(ipc_history_query_t){.label = "killed", .state = IPC_TASK_WAITING}) == 0) {} // behind it
    ck_assert_int_eq(kill(controller, SIGSTOP), 0); // it is not to hear of the program's death
    ck_assert_int_eq(kill(program, SIGKILL), 0);
    ck_assert_int_eq(waitpid(program, NULL, 0), program);
    ck_assert_int_eq(kill(controller, SIGKILL), 0);
    await_end(controller);
    gate_open(&gate);
    double deadline = now() + 30; // a client that comes back has some seconds
    while (task_count(&s, &lost) < 2 && now() < deadline) usleep(100000);
    ipc_history_t *history = history_of(&s, &lost);
    ck_assert_uint_eq(ipc_history_count(history), 2);
    for (size_t i = 0; i < 2; i++) ck_assert_str_eq(ipc_history_at(history, i)->error, "ConnectionError");
    ipc_history_destroy(&history);
    history = history_of(&s, &(ipc_history_query_t){.label = "killed", .state = IPC_TASK_DONE});
    uint64_t positions = 0;
    for (size_t i = 0; i < ipc_history_count(history); i++) positions += ipc_history_at(history, i)->count;
    ck_assert_uint_eq(positions, 1000);
    ipc_history_destroy(&history);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  What the cluster's end ends is aborted.
START_TEST(what_a_stop_ends_is_told_as_aborted)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply_with(s.all, &(ipc_options_t){.label = "stopped"}, wait_for, (const char *) gate.path);
    while (task_count(&s, &(ipc_history_query_t){.label = "stopped", .state = IPC_TASK_RUNNING}) < ENGINES) {}
    start_again("--journal");
    ck_assert(!ipc_result_ok(r));
    session_t again = session_open();
    ck_assert_uint_eq(task_count(&again, &(ipc_history_query_t){.label = "stopped"}), ENGINES);
    ipc_history_query_t aborted = {.label = "stopped", .state = IPC_TASK_ABORTED};
    ck_assert_uint_eq(task_count(&again, &aborted), ENGINES);
    session_close(&again);
    session_close(&s);
    gate_remove(&gate);
}
END_TEST

START_TEST(what_is_purged_is_gone_for_good)
{
    session_t s = session_open();
    assert_ok(ipc_apply_with_sync(s.all, &(ipc_options_t){.label = "goes"}, same, 1));
    assert_ok(ipc_apply_with_sync(s.all, &(ipc_options_t){.label = "goes"}, same, 1));
    assert_ok(ipc_apply_with_sync(s.all, &(ipc_options_t){.label = "stays"}, same, 1));
    ipc_error_t error;
    ck_assert_int_eq(ipc_client_purge_where(s.client, &(ipc_history_query_t){.label = "goes"}, &error), 2);
    ck_assert_int_eq(ipc_client_purge(s.client, 12345, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_NAME);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "goes"}), 0);
    session_close(&s);
    start_again("--journal");
    s = session_open();
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "goes"}), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "stays"}), ENGINES);
    session_close(&s);
}
END_TEST

START_TEST(status_tells_where_it_is)
{
    char place[300];
    snprintf(place, sizeof place, "journal: %s/ipclient/default/journal-%s.db, ", getenv("XDG_STATE_HOME"),
             getenv("IPC_CLUSTER_ID"));
    assert_shows(ipcluster_prints(0, "status", NULL), place);
    assert_shows(ipcluster_prints(0, "status", "--json", NULL), "\"journal_fails\": false");
    session_t s = session_open();
    ipc_error_t error = {.code = IPC_E_NONE};
    char *sentence = ipc_client_journal(s.client, IPC_FOREVER, &error);
    ck_assert_ptr_nonnull(sentence);
    assert_shows(sentence, ".db, ");
    session_close(&s);
}
END_TEST

//  And a cluster without one knows nothing of before.
START_TEST(journals_are_cleaned_when_nobody_has_them)
{
    assert_shows(ipcluster_prints(0, "clean", "--journals", NULL), "nothing to clean");
    free(ipcluster_prints(0, "stop", NULL));
    assert_shows(ipcluster_prints(0, "clean", "--journals", NULL), "removed 1 journal");
    free(ipcluster_prints(0, "start", "-n", "4", "--daemonize", NULL));
    session_t s = session_open();
    ck_assert_uint_eq(task_count(&s, NULL), 0);
    ipc_error_t error = {.code = IPC_E_NONE};
    char *sentence = ipc_client_journal(s.client, IPC_FOREVER, &error);
    ck_assert_str_eq(sentence, "");
    free(sentence);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, the_history_outlasts_the_cluster);
    tcase_add_test(tests, all_tasks_are_found_not_only_the_last);
    tcase_add_test(tests, no_task_vanishes_when_all_is_killed);
    tcase_add_test(tests, what_a_stop_ends_is_told_as_aborted);
    tcase_add_test(tests, what_is_purged_is_gone_for_good);
    tcase_add_test(tests, status_tells_where_it_is);
    tcase_add_test(tests, journals_are_cleaned_when_nobody_has_them); // the last: it leaves none
}

int main(void)
{
    return e2e_main("journal", add);
}
