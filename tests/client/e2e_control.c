//  Work that is aborted, limited, signalled: before it starts, while it runs, in groups, when its client goes.
#include "e2e_support.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, my_pid, (void)) { return getpid(); }
IPC_REMOTE(int64_t, spin, (int64_t x)) { for (volatile uint64_t i = 0;; i++) if (i == UINT64_MAX) return x; }
IPC_REMOTE(int64_t, doze, (int64_t x)) { for (;;) usleep(1000000); return x; }
IPC_REMOTE(int64_t, nap, (int ms)) { usleep((useconds_t) ms * 1000); return ms; }
IPC_REMOTE(int64_t, set_mark, (int64_t x)) { ipc_ns_set("mark", x); return x; }
IPC_REMOTE(int64_t, churn, (int64_t x))
{
    for (;;) {
        char *text = malloc((size_t) (x % 1000) + 1), *formatted = NULL;
        if (asprintf(&formatted, "%p %g", (void *) text, sqrt((double) ++x)) < 0) return -1;
        free(formatted);
        free(text);
    }
}
static int compare(const void *a, const void *b) { return *(const int *) a - *(const int *) b; }
IPC_REMOTE(int64_t, sort_on, (int64_t x))
{
    static int v[1000];
    for (;; x++) {
        for (int i = 0; i < 1000; i++) v[i] = (int) ((x + i * 7919) % 1009);
        qsort(v, 1000, sizeof v[0], compare);
    }
}
static void *idle_thread(void *unused) { for (;;) pause(); return unused; }
IPC_REMOTE(int64_t, threaded, (int64_t x))
{
    pthread_t thread;
    pthread_create(&thread, NULL, idle_thread, NULL);
    for (;;) usleep(1000);
    return x;
}
// clang-format on

//  What is tested holds whether the task runs or waits; with this it runs, mostly.
static void let_it_start(ipc_result_t *result)
{
    ck_assert(!ipc_result_wait(result, 50));
}

static void assert_aborted(ipc_result_t *result, size_t i)
{
    const ipc_error_t *error = ipc_result_error_at(result, i);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(error->code == IPC_E_ABORTED, "%s: %s", error->kind, error->text);
    ck_assert_str_eq(error->kind, "TaskAborted");
}

static void abort_running(const char *name, ipc_result_t *(*start)(session_t *s))
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "kept", 7));
    assert_ok(ipc_apply_sync(s.one, my_id));
    for (int round = 0; round < 5; round++) {
        ipc_result_t *running = start(&s);
        let_it_start(running);
        double begun = now();
        ipc_result_abort(running);
        ck_assert_msg(ipc_result_wait(running, 10000), "%s goes on", name);
        ck_assert_msg(now() - begun < 1.5, "%s: %.3f s", name, now() - begun);
        assert_aborted(running, 0);
        assert_prints(ipc_pull_sync(s.one, "kept"), "7"); // the same process
    }
    session_close(&s);
}

static ipc_result_t *start_spin(session_t *s) { return ipc_apply(s->one, spin, 1); }
static ipc_result_t *start_doze(session_t *s) { return ipc_apply(s->one, doze, 1); }
static ipc_result_t *start_churn(session_t *s) { return ipc_apply(s->one, churn, 1); }
static ipc_result_t *start_sort(session_t *s) { return ipc_apply(s->one, sort_on, 1); }

START_TEST(a_running_task_is_interrupted_and_its_engine_keeps_its_names)
{
    abort_running("spin", start_spin);
    abort_running("doze", start_doze);
    abort_running("churn", start_churn);
    abort_running("sort", start_sort);
}
END_TEST

START_TEST(what_waits_ends_at_once_without_having_run)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "mark", 0));
    ipc_result_t *before = ipc_apply(s.all, nap, 300), *waits = ipc_apply(s.all, set_mark, 1);
    ipc_result_abort(waits);
    ck_assert(ipc_result_wait(waits, 5000));
    for (size_t i = 0; i < ENGINES; i++) assert_aborted(waits, i);
    assert_prints(before, "[300, 300, 300, 300]");
    assert_prints(ipc_pull_sync(s.all, "mark"), "[0, 0, 0, 0]");
    session_close(&s);
}
END_TEST

START_TEST(a_balanced_map_is_aborted_in_the_middle)
{
    session_t s = session_open();
    ipc_result_t *map = ipc_map(s.any, nap, ipc_range(20, 1020));
    ck_assert_int_eq(ipc_result_i64(map, 0), 20);
    double begun = now();
    ipc_result_abort(map);
    ck_assert(ipc_result_wait(map, 10000));
    ck_assert_double_lt(now() - begun, 2);
    size_t aborted = 0;
    for (size_t i = 0; i < 1000; i++)
        if (ipc_result_error_at(map, i)) {
            assert_aborted(map, i);
            aborted++;
        } else {
            ck_assert_int_eq(ipc_result_i64(map, i), (int64_t) i + 20);
        }
    ck_assert_uint_gt(aborted, 500);
    assert_prints(ipc_map_sync(s.any, nap, ipc_range(0, 3)), "[0, 1, 2]");
    session_close(&s);
}
END_TEST

START_TEST(one_call_of_many_is_aborted_alone)
{
    enum { CALLS = 40 };
    session_t s = session_open();
    ipc_result_t *calls[CALLS];
    ipc_result_t *before = ipc_apply(s.one, nap, 200);
    for (int i = 0; i < CALLS; i++) calls[i] = ipc_apply(s.one, nap, i % 5);
    for (int i = 1; i < CALLS; i += 2) ipc_result_abort(calls[i]);
    for (int i = 0; i < CALLS; i++)
        if (i % 2)
            assert_aborted(calls[i], 0);
        else
            ck_assert_int_eq(ipc_result_i64(calls[i], 0), i % 5);
    assert_ok(before);
    session_close(&s);
}
END_TEST

START_TEST(views_and_clients_abort_what_they_sent)
{
    session_t s = session_open(), other = session_open();
    ipc_view_t *last = view_of(&s, "3");
    ipc_result_t *first = ipc_apply(s.one, spin, 1), *third = ipc_apply(last, doze, 1);
    let_it_start(first);
    ipc_view_abort(last);
    ck_assert(ipc_result_wait(third, 5000));
    assert_aborted(third, 0);
    ck_assert_uint_eq(ipc_result_done(first), 0);
    ipc_result_t *balanced = ipc_map(s.any, nap, ipc_range(1000, 1100)), *behind = ipc_apply(other.any, nap, 1);
    ipc_view_abort(s.any);
    ck_assert(ipc_result_wait(balanced, 5000));
    assert_aborted(balanced, 99);
    ck_assert_uint_eq(ipc_result_done(first), 0);
    assert_prints(behind, "1");
    ipc_client_abort(s.client);
    ck_assert(ipc_result_wait(first, 5000));
    assert_aborted(first, 0);
    assert_prints(ipc_apply_sync(other.all, my_id), "[0, 1, 2, 3]");
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(what_cannot_be_interrupted_ends_with_its_process)
{
    session_t s = session_open();
    int64_t pid = ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0);
    ipc_result_t *running = ipc_apply(s.one, threaded, 1), *behind = ipc_apply(s.one, my_id);
    let_it_start(running);
    ipc_result_abort(running);
    ck_assert(ipc_result_wait(running, 10000));
    assert_aborted(running, 0);
    ck_assert_ptr_nonnull(strstr(ipc_result_error(running)->text, "restarted"));
    assert_prints(behind, "0");
    ck_assert_int_ne(ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0), pid);
    session_close(&s);
}
END_TEST

//  A signal asks it to end, and it may go on; an abort does not leave it the choice.
START_TEST(an_abort_after_a_signal_ends_what_cannot_be_interrupted)
{
    session_t s = session_open();
    ipc_result_t *running = ipc_apply(s.one, threaded, 1);
    let_it_start(running);
    assert_ok(ipc_view_signal(s.one, SIGINT));
    let_it_start(running);
    ipc_result_abort(running);
    ck_assert(ipc_result_wait(running, 10000));
    assert_aborted(running, 0);
    session_close(&s);
}
END_TEST

START_TEST(what_a_client_left_behind_is_interrupted)
{
    session_t s = session_open();
    assert_ok(ipc_apply_sync(s.all, my_id));
    for (int i = 0; i < 5; i++) let_it_start(ipc_apply(s.all, spin, 1));
    session_close(&s);
    s = session_open();
    double begun = now();
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    ck_assert_double_lt(now() - begun, 2);
    session_close(&s);
}
END_TEST

//  A program of its own that has something run which cannot be interrupted, tells the engine's process, and when it is
//  told so aborts it, and ends.
static pid_t start_aborter(int *fd)
{
    int ends[2];
    char word;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    *fd = ends[0];
    if (pid > 0)
        return close(ends[1]), pid;
    session_t s = session_open();
    int64_t engine = ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0);
    ipc_apply_with(s.one, (&(ipc_options_t){.label = "stubborn"}), threaded, 1);
    while (task_count(&s, &(ipc_history_query_t){.label = "stubborn", .state = IPC_TASK_RUNNING}) == 0) continue;
    if (write(ends[1], &engine, sizeof engine) != sizeof engine || read(ends[1], &word, 1) != 1)
        _exit(1);
    ipc_client_abort(s.client);
    session_close(&s);
    _exit(0);
}

//  The controller is stopped meanwhile: it would hear of the program's end before it has read what that has sent last.
//  What is only left behind would go on.
START_TEST(an_abort_is_heard_though_the_program_ends_at_once)
{
    enum { END_MS = 100 };
    int fd, status;
    int64_t engine = 0;
    pid_t program = start_aborter(&fd), controller = process_named("ipcd");
    struct pollfd end = {.fd = pidfd_open(program, 0), .events = POLLIN};
    ck_assert_int_eq(read(fd, &engine, sizeof engine), sizeof engine);
    ck_assert_int_eq(kill(controller, SIGSTOP), 0);
    ck_assert_int_eq(write(fd, "", 1), 1);
    poll(&end, 1, END_MS); // in vain
    ck_assert_int_eq(kill(controller, SIGCONT), 0);
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    ck_assert_int_eq(status, 0);
    await_end((pid_t) engine);
    session_t s = session_open();
    assert_prints(ipc_apply_sync(s.one, my_id), "0");
    close(end.fd);
    close(fd);
    session_close(&s);
}
END_TEST

START_TEST(a_controller_that_does_not_answer_holds_nobody_up)
{
    session_t s = session_open();
    pid_t controller = process_named("ipcd");
    ck_assert_int_eq(kill(controller, SIGSTOP), 0);
    ipc_client_abort(s.client);
    double begun = now();
    session_close(&s);
    ck_assert_double_lt(now() - begun, 4); // 1 s
    ck_assert_int_eq(kill(controller, SIGCONT), 0);
}
END_TEST

START_TEST(a_task_that_waits_too_long_ends)
{
    session_t s = session_open();
    ipc_options_t soon = {.timeout_ms = 100};
    ipc_result_t *before = ipc_apply(s.all, nap, 600);
    double begun = now();
    ipc_result_t *direct = ipc_apply_with(s.all, &soon, my_id), *any = ipc_apply_with(s.any, &soon, my_id);
    ck_assert(!ipc_result_ok(direct));
    ck_assert(!ipc_result_ok(any));
    ck_assert_double_ge(now() - begun, 0.09);
    ck_assert_double_lt(now() - begun, 0.5);
    ck_assert_str_eq(ipc_result_error(any)->kind, "TaskTimeout");
    ck_assert_int_eq(ipc_result_error(any)->code, IPC_E_TIMEOUT);
    assert_ok(before);
    ipc_result_t *started = ipc_apply_with(s.one, &soon, nap, 300); // which has nothing before it
    assert_prints(started, "300");
    session_close(&s);
}
END_TEST

START_TEST(a_task_that_runs_too_long_is_stopped)
{
    session_t s = session_open();
    ipc_options_t limit = {.run_limit_ms = 100};
    double begun = now();
    ipc_result_t *r = ipc_apply_with_sync(s.all, &limit, spin, 1);
    ck_assert_double_ge(now() - begun, 0.1);
    ck_assert_double_lt(now() - begun, 1.5);
    for (size_t i = 0; i < ENGINES; i++) {
        ck_assert_str_eq(ipc_result_error_at(r, i)->kind, "TaskTimeout");
        ck_assert_ptr_nonnull(strstr(ipc_result_error_at(r, i)->text, "100 ms"));
    }
    assert_prints(ipc_apply_with_sync(s.all, &limit, nap, 1), "[1, 1, 1, 1]");
    ipc_result_t *map = ipc_map_with(s.any, nap, ipc_list(1, 5000, 2), &(ipc_options_t){.run_limit_ms = 200});
    ck_assert_int_eq(ipc_result_i64(map, 0), 1);
    ck_assert_int_eq(ipc_result_i64(map, 2), 2);
    ck_assert_str_eq(ipc_result_error_at(map, 1)->kind, "TaskTimeout");
    assert_fails(ipc_apply_with_sync(s.one, &(ipc_options_t){.run_limit_ms = -1}, my_id), "argument");
    session_close(&s);
}
END_TEST

START_TEST(sigint_interrupts_the_task_and_nothing_else)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "kept", 1));
    assert_prints(ipc_view_signal(s.all, SIGINT), "[null, null, null, null]"); // idle: nothing happens
    ipc_result_t *running = ipc_apply(s.all, spin, 1);
    let_it_start(running);
    assert_ok(ipc_view_signal(s.all, SIGINT));
    ck_assert(ipc_result_wait(running, 5000));
    ck_assert_str_eq(ipc_result_error(running)->kind, "Interrupted");
    assert_prints(ipc_pull_sync(s.all, "kept"), "[1, 1, 1, 1]");
    assert_fails(ipc_view_signal(s.one, -1), "argument");
    int64_t pid = ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0);
    assert_ok(ipc_view_signal(s.one, SIGKILL));
    await_end((pid_t) pid);
    assert_prints(ipc_apply_sync(s.one, my_id), "0");
    session_close(&s);
}
END_TEST

START_TEST(clear_empties_namespaces)
{
    session_t s = session_open();
    ipc_push(s.all, "x", 1);
    assert_ok(ipc_view_clear(s.one));
    assert_fails(ipc_pull_sync(s.one, "x"), "not defined");
    assert_prints(ipc_pull_sync(view_of(&s, "1"), "x"), "1");
    assert_fails(ipc_view_clear(s.any), "direct view");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, what_waits_ends_at_once_without_having_run);
    tcase_add_test(tests, a_balanced_map_is_aborted_in_the_middle);
    tcase_add_test(tests, one_call_of_many_is_aborted_alone);
    tcase_add_test(tests, views_and_clients_abort_what_they_sent);
    tcase_add_test(tests, what_cannot_be_interrupted_ends_with_its_process);
    tcase_add_test(tests, an_abort_after_a_signal_ends_what_cannot_be_interrupted);
    tcase_add_test(tests, an_abort_is_heard_though_the_program_ends_at_once);
    tcase_add_test(tests, a_controller_that_does_not_answer_holds_nobody_up);
    tcase_add_test(tests, a_task_that_waits_too_long_ends);
    tcase_add_test(tests, clear_empties_namespaces);
    if (TASKS_ARE_STOPPED) {
        tcase_add_test(tests, a_running_task_is_interrupted_and_its_engine_keeps_its_names);
        tcase_add_test(tests, what_a_client_left_behind_is_interrupted);
        tcase_add_test(tests, a_task_that_runs_too_long_is_stopped);
        tcase_add_test(tests, sigint_interrupts_the_task_and_nothing_else);
    }
}

int main(void)
{
    return e2e_main("control", add_tests);
}
