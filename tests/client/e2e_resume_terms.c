//  A controller with a journal is killed while work waits for other work, is given its results, has limits, or is to be
//  aborted: all of that holds on.
#include "resume_support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int64_t, own_pid, (void)) { return getpid(); }
IPC_REMOTE(int64_t, where, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, mark_item, (const char *path, int64_t x)) { leave_mark(path); return x; }
IPC_REMOTE(int64_t, wait_for, (const char *path, const char *gate, int64_t x))
{
    leave_mark(path);
    gate_await(gate);
    return x;
}
IPC_REMOTE(int64_t, wait_and_fail, (const char *gate)) { gate_await(gate); ipc_raise("DomainError", "no"); return 0; }
IPC_REMOTE(int64_t, for_ever, (const char *path)) { leave_mark(path); for (;;) pause(); }
// clang-format on

static void open_all(session_t *s, gate_t *gate, char path[80])
{
    *s = session_open();
    *gate = gate_new();
    marks(gate, path);
}

static void close_all(session_t *s, gate_t *gate)
{
    gate_remove(gate);
    session_close(s);
}

//  One that has ended before, one that runs, one that waits itself; one whose result the program has let go.
START_TEST(what_waits_for_others_waits_on_and_runs_once)
{
    session_t s;
    gate_t gate;
    char path[80];
    open_all(&s, &gate, path);
    ipc_result_t *ended = ipc_apply_sync(s.one, square, 2);
    ipc_result_t *runs = ipc_apply_with(view_of(&s, "2"), &(ipc_options_t){.label = "runs"}, wait_for,
                                        (const char *) path, (const char *) gate.path, 3);
    ipc_result_t *freed = ipc_apply(view_of(&s, "3"), where);
    ipc_result_t *after = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(ended, runs, freed)}), mark_item,
                                         (const char *) path, 7);
    ipc_result_t *then = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(after)}), mark_item,
                                        (const char *) path, 8);
    ipc_result_t *follows = ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_after(runs)}), where);
    ipc_result_t *given = ipc_apply(s.any, square, runs);
    ipc_result_t *everywhere = ipc_apply(s.all, square, given);
    assert_ok(freed);
    ipc_result_destroy(&freed);
    await_running(&s, "runs", 1);
    while (marks(&gate, path) < 1) {}
    kill_controller();
    await_running(&s, "runs", 1);
    ck_assert(!ipc_result_wait(after, 0) && !ipc_result_wait(given, 0));
    gate_open(&gate);
    assert_prints(after, "7");
    assert_prints(then, "8");
    assert_prints(follows, "2");
    assert_prints(given, "9");
    assert_prints(everywhere, "[81, 81, 81, 81]");
    ck_assert_int_eq(marks(&gate, path), 3);
    close_all(&s, &gate);
}
END_TEST

START_TEST(what_can_never_be_met_ends_after_it_too)
{
    session_t s;
    gate_t gate;
    char path[80];
    open_all(&s, &gate, path);
    ipc_result_t *fails = ipc_apply_with(s.one, &(ipc_options_t){.label = "fails"}, wait_and_fail,
                                         (const char *) gate.path);
    ipc_result_t *after = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(fails)}), square, 7);
    ipc_result_t *given = ipc_apply(s.any, square, fails);
    await_running(&s, "fails", 1);
    kill_controller();
    gate_open(&gate);
    assert_fails(fails, "no");
    assert_fails(after, "failed");
    assert_fails(given, "failed");
    close_all(&s, &gate);
}
END_TEST

//  Of calls that are given values some run, some have run, some wait for their engine.
START_TEST(calls_with_values_that_have_begun_go_on_where_they_are)
{
    session_t s;
    gate_t gate;
    char path[80];
    open_all(&s, &gate, path);
    gate_t other = gate_new();
    ipc_result_t *busy = ipc_apply_with(s.one, &(ipc_options_t){.label = "busy"}, wait_for, (const char *) path,
                                        (const char *) other.path, 1);
    await_running(&s, "busy", 1);
    ipc_result_t *value = ipc_apply(view_of(&s, "3"), square, 6);
    ipc_result_t *given = ipc_apply_with(s.all, &(ipc_options_t){.label = "given"}, wait_for, (const char *) path,
                                         (const char *) gate.path, value);
    await_running(&s, "given", ENGINES - 1);
    while (marks(&gate, path) < ENGINES) {}
    gate_pass_one(&gate);
    kill_controller();
    gate_open(&gate);
    gate_open(&other);
    assert_ok(busy);
    assert_prints(given, "[36, 36, 36, 36]");
    ck_assert_int_eq(marks(&gate, path), ENGINES + 1);
    gate_remove(&other);
    close_all(&s, &gate);
}
END_TEST

START_TEST(what_runs_can_be_aborted_and_has_its_limit)
{
    session_t s;
    gate_t gate;
    char path[80];
    open_all(&s, &gate, path);
    ipc_options_t label = {.label = "for ever"};
    ipc_result_t *aborted = ipc_apply_with(s.one, &label, for_ever, (const char *) path);
    ipc_result_t *late = ipc_apply_with(view_of(&s, "1"), (&(ipc_options_t){.label = "for ever", .run_limit_ms = 1500}),
                                        for_ever, (const char *) path);
    ipc_result_t *waits = ipc_apply_with(s.one, &(ipc_options_t){.timeout_ms = 1500}, square, 1);
    await_running(&s, "for ever", 2);
    kill_controller();
    await_running(&s, "for ever", 2);
    assert_fails(late, "longer");
    assert_fails(waits, "time");
    ipc_result_abort(aborted);
    assert_fails(aborted, "abort");
    assert_prints(ipc_apply_sync(s.all, square, 3), "[9, 9, 9, 9]");
    ck_assert_int_eq(marks(&gate, path), 2);
    close_all(&s, &gate);
}
END_TEST

//  What was to be aborted is not begun by the next controller.
START_TEST(an_abort_outlives_the_controller)
{
    session_t s;
    gate_t gate;
    char path[80];
    restart_cluster();
    open_all(&s, &gate, path);
    ipc_result_t *busy = ipc_apply_with(s.all, &(ipc_options_t){.label = "busy"}, wait_for, (const char *) path,
                                        (const char *) gate.path, 1);
    ipc_result_t *queued = ipc_apply(s.one, mark_item, (const char *) path, 2);
    await_running(&s, "busy", ENGINES);
    pid_t pid = process_named("ipcd");
    ck_assert_int_eq(kill(pid, SIGSTOP), 0); // it hears nothing more
    ipc_result_abort(queued);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    await_end(pid);
    gate_open(&gate);
    assert_ok(busy);
    assert_fails(queued, "abort");
    ck_assert_int_eq(marks(&gate, path), ENGINES);
    close_all(&s, &gate);
}
END_TEST

//  Between its halves: the parts are large, and engines with a task have not written theirs.
START_TEST(a_gather_goes_on)
{
    enum { N = 1 << 16 };
    session_t s;
    gate_t gate;
    char path[80];
    open_all(&s, &gate, path);
    double *numbers = malloc(N * sizeof numbers[0]);
    for (size_t i = 0; i < N; i++) numbers[i] = (double) i;
    assert_ok(ipc_scatter(s.all, "x", ipc_f64(numbers, N)));
    ipc_result_t *busy = ipc_apply_with(s.one, &(ipc_options_t){.label = "busy"}, wait_for, (const char *) path,
                                        (const char *) gate.path, 1);
    await_running(&s, "busy", 1);
    ipc_result_t *gathered = ipc_gather(s.all, "x");
    kill_controller();
    gate_open(&gate);
    assert_ok(busy);
    assert_ok(gathered);
    ck_assert_uint_eq(ipc_array_count(ipc_result_joined(gathered)), N);
    ck_assert_double_eq(ipc_array_f64(ipc_result_joined(gathered))[N - 1], N - 1);
    free(numbers);
    close_all(&s, &gate);
}
END_TEST

//  Ends the worker of an engine, and the controller before it can have heard of what came of that.
static void kill_both(int worker)
{
    pid_t pid = process_named("ipcd");
    ck_assert_int_eq(kill(pid, SIGSTOP), 0);
    ck_assert_int_eq(kill(worker, SIGKILL), 0);
    await_end(worker);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    await_end(pid);
}

//  What it ran is not begun again without leave; what waited for it is.
START_TEST(a_task_of_an_engine_that_died_with_the_controller_is_not_begun_twice)
{
    session_t s;
    gate_t gate;
    char path[80];
    open_all(&s, &gate, path);
    int worker = (int) ipc_result_i64(ipc_apply_sync(s.one, own_pid), 0);
    int other = (int) ipc_result_i64(ipc_apply_sync(view_of(&s, "1"), own_pid), 0);
    ipc_options_t once = {.label = "dies"}, twice = {.label = "dies", .retries = 1};
    ipc_result_t *dies = ipc_apply_with(s.one, &once, wait_for, (const char *) path, (const char *) gate.path, 1);
    ipc_result_t *again = ipc_apply_with(view_of(&s, "1"), &twice, wait_for, (const char *) path,
                                         (const char *) gate.path, 2);
    ipc_result_t *queued = ipc_apply(s.one, square, 3);
    await_running(&s, "dies", 2);
    while (marks(&gate, path) < 2) {}
    ck_assert_int_eq(kill(process_named("ipcd"), SIGSTOP), 0);
    ck_assert_int_eq(kill(other, SIGKILL), 0);
    await_end(other);
    kill_both(worker);
    gate_open(&gate);
    assert_fails(dies, "died while it ran");
    ck_assert_str_eq(ipc_result_error(dies)->kind, "Crash");
    assert_prints(again, "2");
    assert_prints(queued, "9");
    ck_assert_int_eq(marks(&gate, path), 3);
    close_all(&s, &gate);
}
END_TEST

//  Results that no client had yet go with the engine: that is said, and nothing runs again.
START_TEST(results_that_die_with_both_are_not_made_again)
{
    session_t s;
    gate_t gate;
    char path[80];
    open_all(&s, &gate, path);
    int worker = (int) ipc_result_i64(ipc_apply_sync(s.one, own_pid), 0);
    ipc_result_t *first = ipc_apply_with(s.one, &(ipc_options_t){.label = "lost"}, wait_for, (const char *) path,
                                         (const char *) gate.path, 1);
    ipc_result_t *last = ipc_apply(s.one, mark_item, (const char *) path, 2);
    await_running(&s, "lost", 1);
    ck_assert_int_eq(kill(process_named("ipcd"), SIGSTOP), 0);
    gate_open(&gate);
    while (marks(&gate, path) < 1) {}
    kill_both(worker);
    assert_fails(first, "died");
    ipc_result_wait(last, -1);
    ck_assert_int_le(marks(&gate, path), 2);
    close_all(&s, &gate);
}
END_TEST

//  Detached by a program that ends at once; writes the ids of what it has detached: something that runs, and a map that
//  is done.
static void detach_and_go(const char *path, const char *gate, uint64_t ids[2])
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t program = fork();
    ck_assert_int_ge(program, 0);
    if (program == 0) {
        session_t s = session_open();
        ipc_options_t options = {.detach = true, .label = "left"};
        ipc_result_t *runs = ipc_apply_with(s.one, &options, wait_for, path, gate, 5);
        ipc_result_t *map = ipc_map_with_sync(view_of(&s, "[1, 2]"), square, ipc_range(0, 100), &options);
        uint64_t told[2] = {ipc_result_id(runs), ipc_result_id(map)};
        await_running(&s, "left", 1);
        (void) !write(ends[1], told, sizeof told);
        session_close(&s);
        _exit(0);
    }
    ck_assert_int_eq(read(ends[0], ids, 2 * sizeof ids[0]), 2 * sizeof ids[0]);
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(detached_work_outlasts_its_client_and_the_controller)
{
    gate_t gate = gate_new();
    char path[80];
    uint64_t ids[2];
    restart_cluster();
    marks(&gate, path);
    detach_and_go(path, gate.path, ids);
    session_t s = session_open();
    ipc_result_t *own = ipc_apply_with(view_of(&s, "3"), &(ipc_options_t){.detach = true}, wait_for,
                                       (const char *) path, (const char *) gate.path, 6);
    while (marks(&gate, path) < 2) {}
    ck_assert_uint_ge(task_count(&s, &(ipc_history_query_t){.label = "left"}), 2); // the journal has both
    kill_controller();
    ipc_result_t *map = ipc_client_fetch(s.client, ids[1]), *runs = ipc_client_fetch(s.client, ids[0]);
    ck_assert_int_eq(ipc_result_i64(map, 99), 99 * 99);
    gate_open(&gate);
    ck_assert_int_eq(ipc_result_i64(runs, 0), 5);
    ck_assert_int_eq(ipc_result_i64(own, 0), 6);
    kill_controller(); // it is there for the one after that as well
    ipc_result_t *again = ipc_client_fetch(s.client, ids[0]);
    ck_assert_int_eq(ipc_result_i64(again, 0), 5);
    ck_assert_int_eq(ipc_result_i64(ipc_client_fetch(s.client, ipc_result_id(own)), 0), 6);
    ck_assert_int_eq(marks(&gate, path), 2);
    close_all(&s, &gate);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, what_waits_for_others_waits_on_and_runs_once);
    tcase_add_test(tests, what_can_never_be_met_ends_after_it_too);
    tcase_add_test(tests, calls_with_values_that_have_begun_go_on_where_they_are);
    tcase_add_test(tests, what_runs_can_be_aborted_and_has_its_limit);
    tcase_add_test(tests, an_abort_outlives_the_controller); // with a new supervisor
    tcase_add_test(tests, a_gather_goes_on);
    tcase_add_test(tests, a_task_of_an_engine_that_died_with_the_controller_is_not_begun_twice);
    tcase_add_test(tests, results_that_die_with_both_are_not_made_again);
    tcase_add_test(tests, detached_work_outlasts_its_client_and_the_controller); // with a new supervisor
}

int main(void)
{
    return e2e_main("resume terms", add);
}
