//  A controller with a journal is killed: what runs goes on, what waits runs once, what is done comes once; programs
//  need do nothing for it.
#include "resume_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int, engine_pid, (void)) { return getpid(); }
IPC_REMOTE(int64_t, mark, (const char *path, int64_t x)) { leave_mark(path); return x; }
IPC_REMOTE(int, mark_and_wait, (const char *path, const char *gate)) { leave_mark(path); gate_await(gate); return 7; }
IPC_REMOTE(int, mark_both_ends, (const char *path, const char *gate))
{
    leave_mark(path);
    gate_await(gate);
    leave_mark(path);
    return 7;
}
IPC_REMOTE(int, say_between, (const char *path, const char *gate, const char *last))
{
    leave_mark(path);
    gate_await(gate);
    printf("meanwhile\n");
    leave_mark(path);
    gate_await(last);
    printf("later\n");
    return 7;
}
IPC_REMOTE(double, sum, (const ipc_array_t *x))
{
    const double *v = ipc_array_f64(x);
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) total += v[i];
    return total;
}
IPC_REMOTE(int, wait_and_fail, (const char *gate))
{
    gate_await(gate);
    ipc_raise("DomainError", "as it was to be");
    return 0;
}
IPC_REMOTE(double, wait_and_sum, (const char *gate, const ipc_array_t *x))
{
    gate_await(gate);
    const double *v = ipc_array_f64(x);
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) total += v[i];
    return total;
}
// clang-format on

START_TEST(a_running_task_goes_on_and_its_result_comes)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    marks(&gate, path);
    assert_ok(ipc_apply_sync(s.all, engine_pid));
    ipc_result_t *r = ipc_apply_with(s.all, &(ipc_options_t){.label = "goes on"}, mark_and_wait, (const char *) path,
                                     (const char *) gate.path);
    await_running(&s, "goes on", ENGINES);
    while (marks(&gate, path) < ENGINES) {}
    kill_controller();
    await_running(&s, "goes on", ENGINES); // as the next one sees it
    ipc_error_t error = {.code = IPC_E_NONE};
    char *sentence = ipc_client_explain(s.client, ipc_result_id(r), &error);
    ck_assert_msg(sentence != NULL, "%s", error.text);
    assert_shows(sentence, " runs it");
    gate_open(&gate);
    assert_prints(r, "[7, 7, 7, 7]");
    ck_assert_int_eq(marks(&gate, path), ENGINES);
    assert_prints(ipc_apply_sync(s.all, square, 3), "[9, 9, 9, 9]"); // the same client works on
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "goes on"});
    ck_assert_uint_eq(ipc_history_count(history), ENGINES);
    for (size_t i = 0; i < ENGINES; i++) ck_assert_int_eq(ipc_history_at(history, i)->state, IPC_TASK_DONE);
    ipc_history_destroy(&history);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Finished while there was no controller.
START_TEST(what_is_finished_meanwhile_is_not_lost)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    marks(&gate, path);
    ipc_options_t options = {.label = "meanwhile"};
    ipc_result_t *r = ipc_apply_with(s.one, &options, mark_both_ends, (const char *) path, (const char *) gate.path);
    ipc_result_t *failing = ipc_apply_with(view_of(&s, "1"), &options, wait_and_fail, (const char *) gate.path);
    await_running(&s, "meanwhile", 2);
    while (marks(&gate, path) < 1) {}
    pid_t pid = process_named("ipcd");
    ck_assert_int_eq(kill(pid, SIGSTOP), 0); // it reads no more
    gate_open(&gate);
    while (marks(&gate, path) < 2) {} // it has run; its result is on its way, or waits for another controller
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    await_end(pid);
    assert_prints(r, "7");
    ck_assert(!ipc_result_ok(failing));
    ck_assert_str_eq(ipc_result_error(failing)->kind, "DomainError");
    ck_assert_int_eq(marks(&gate, path), 2);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  A program whose task writes while its cluster has another controller already, and it is stopped.
START_TEST(what_is_written_before_its_client_is_back_is_not_lost)
{
    gate_t gate = gate_new(), last = gate_new();
    char path[80];
    int status;
    restart_cluster();
    marks(&gate, path);
    pid_t program = fork();
    ck_assert_int_ge(program, 0);
    if (program == 0) {
        session_t own = session_open();
        char *text = display_of(ipc_apply(own.one, say_between, (const char *) path, (const char *) gate.path,
                                          (const char *) last.path));
        bool whole = strcmp(text, "[stdout:0] meanwhile\n[stdout:0] later\n") == 0;
        free(text);
        session_close(&own);
        _exit(!whole);
    }
    while (marks(&gate, path) < 1) {}
    ck_assert_int_eq(kill(program, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(program, &status, WUNTRACED), program);
    kill_controller();
    session_t s = session_open(); // the engines are heard before clients are
    gate_open(&gate);
    while (marks(&gate, path) < 2) {}
    assert_prints(ipc_apply_sync(view_of(&s, "1"), square, 3), "9");
    ck_assert_int_eq(kill(program, SIGCONT), 0);
    gate_open(&last);
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    ck_assert_int_eq(status, 0);
    gate_remove(&gate);
    gate_remove(&last);
    session_close(&s);
}
END_TEST

START_TEST(each_item_of_a_map_runs_once)
{
    enum { ITEMS = 20000 };
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    marks(&gate, path);
    ipc_push(s.all, "path", (const char *) path);
    ipc_result_t *r = ipc_map(s.any, square, ipc_range(0, ITEMS));
    ipc_result_t *calls[500];
    for (int i = 0; i < 500; i++) calls[i] = ipc_apply(s.any, mark, (const char *) path, i);
    while (marks(&gate, path) < 20) {} // in the midst of it
    kill_controller();
    for (int i = 0; i < 500; i++) ck_assert_int_eq(ipc_result_i64(calls[i], 0), i);
    for (int64_t i = 0; i < ITEMS; i++) ck_assert_int_eq(ipc_result_i64(r, (size_t) i), i * i);
    assert_ok(r);
    ck_assert_int_eq(marks(&gate, path), 500);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Directly, in order, behind a task that runs; and balanced ones.
START_TEST(what_is_queued_runs_in_its_order)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    marks(&gate, path);
    ipc_result_t *first = ipc_apply_with(s.all, &(ipc_options_t){.label = "first"}, mark_and_wait, (const char *) path,
                                         (const char *) gate.path);
    await_running(&s, "first", ENGINES);
    ipc_push(s.all, "a", 1);
    ipc_push(s.all, "a", 2);
    ipc_result_t *pulled = ipc_pull(s.all, "a");
    ipc_result_t *map = ipc_map(s.any, square, ipc_range(0, 1000));
    ck_assert(!ipc_result_wait(pulled, 50));
    kill_controller();
    gate_open(&gate);
    assert_prints(first, "[7, 7, 7, 7]");
    assert_prints(pulled, "[2, 2, 2, 2]");
    ck_assert_int_eq(ipc_result_i64(map, 999), 999 * 999);
    ck_assert_int_eq(marks(&gate, path), ENGINES);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(large_arrays_are_there_after_it)
{
    enum { N = 1 << 18 };
    session_t s = session_open();
    gate_t gate = gate_new();
    double *ones = malloc(N * sizeof ones[0]);
    for (size_t i = 0; i < N; i++) ones[i] = 1;
    assert_ok(ipc_push(s.all, "x", ipc_f64(ones, N)));
    ipc_result_t *r = ipc_apply_with(s.one, &(ipc_options_t){.label = "array"}, wait_and_sum, (const char *) gate.path,
                                     ipc_f64(ones, N));
    ipc_result_t *queued = ipc_apply(s.one, sum, ipc_f64(ones, N));
    await_running(&s, "array", 1);
    kill_controller();
    memset(ones, 0, N * sizeof ones[0]);
    for (int i = 0; i < 10; i++) assert_ok(ipc_apply_sync(view_of(&s, "1"), sum, ipc_f64(ones, N))); // in new memory
    gate_open(&gate);
    ck_assert_double_eq(ipc_result_f64(r, 0), N);
    ck_assert_double_eq(ipc_result_f64(queued, 0), N);
    assert_prints(ipc_apply_sync(s.one, sum, ipc_ref("x")), "262144");
    free(ones);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(it_may_be_killed_twice)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    marks(&gate, path);
    ipc_result_t *r = ipc_apply_with(s.all, &(ipc_options_t){.label = "twice"}, mark_and_wait, (const char *) path,
                                     (const char *) gate.path);
    ipc_result_t *map = ipc_map(s.any, square, ipc_range(0, 1000));
    await_running(&s, "twice", ENGINES);
    kill_controller();
    await_running(&s, "twice", ENGINES); // says the next one
    kill_controller();
    gate_open(&gate);
    assert_prints(r, "[7, 7, 7, 7]");
    ck_assert_int_eq(ipc_result_i64(map, 31), 31 * 31);
    ck_assert_int_eq(marks(&gate, path), ENGINES);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  How soon is printed, for people to look at.
START_TEST(a_long_queue_is_there_again_soon)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    enum { CALLS = 5000 };
#else
    enum { CALLS = 100000 };
#endif
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    marks(&gate, path);
    ipc_result_t *first = ipc_apply_with(s.all, &(ipc_options_t){.label = "queue"}, mark_and_wait, (const char *) path,
                                         (const char *) gate.path);
    await_running(&s, "queue", ENGINES);
    ipc_result_t **calls = malloc(CALLS * sizeof calls[0]);
    for (int i = 0; i < CALLS; i++) calls[i] = ipc_apply(s.any, square, i);
    ck_assert(!ipc_result_wait(calls[CALLS - 1], 100));
    kill_controller();
    double start = now();
    uint64_t waiting = 0;
    while (waiting < CALLS && now() - start < 20) {
        ipc_queue_status_t *status = ipc_client_queue_status(s.client, 10000, NULL);
        waiting = status ? status->unassigned : 0;
        for (size_t i = 0; status && i < status->count; i++) // some are behind the first one, at an engine
            waiting += status->engines[i].queued + status->engines[i].running;
        ipc_queue_status_destroy(&status);
    }
    double took = now() - start;
    printf("recovered in %.3f s\n", took);
    ck_assert_uint_ge(waiting, CALLS);
    ck_assert_uint_le(waiting, CALLS + ENGINES);
    gate_open(&gate);
    assert_ok(first);
    for (int64_t i = 0; i < CALLS; i++) ck_assert_int_eq(ipc_result_i64(calls[i], 0), i * i);
    free(calls);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  What waits for results of a former client's work ends; so does everything with the cluster.
START_TEST(everything_ends_with_the_cluster)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    marks(&gate, path);
    ipc_result_t *r = ipc_apply_with(s.one, &(ipc_options_t){.label = "ends"}, mark_and_wait, (const char *) path,
                                     (const char *) gate.path);
    await_running(&s, "ends", 1);
    kill_controller();
    ck_assert(!ipc_result_wait(r, 0));
    restart_cluster();
    assert_fails(r, "controller is gone");
    gate_open(&gate);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    // A supervisor waits after five deaths in a row: none here counts more than four.
    tcase_add_test(tests, a_running_task_goes_on_and_its_result_comes);
    tcase_add_test(tests, what_is_finished_meanwhile_is_not_lost);
    tcase_add_test(tests, each_item_of_a_map_runs_once);
    tcase_add_test(tests, everything_ends_with_the_cluster); // and a new supervisor
    tcase_add_test(tests, what_is_queued_runs_in_its_order);
    tcase_add_test(tests, large_arrays_are_there_after_it);
    tcase_add_test(tests, it_may_be_killed_twice);
    tcase_add_test(tests, what_is_written_before_its_client_is_back_is_not_lost); // with another one
    tcase_add_test(tests, a_long_queue_is_there_again_soon);
}

int main(void)
{
    return e2e_main("resume", add);
}
