//  When and where tasks run: after and follow, what they need of an engine, refusals, retries.
#include "e2e_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// clang-format off
static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

IPC_REMOTE(double, work, (int ms)) { usleep(1000 * (useconds_t) ms); return clock_now(); }
IPC_REMOTE(double, start, (void)) { return clock_now(); }
IPC_REMOTE(int64_t, where, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, bad, (int ms)) { usleep(1000 * (useconds_t) ms); ipc_raise("DomainError", "no"); }
IPC_REMOTE(int64_t, square, (int x)) { return (int64_t) x * x; }
IPC_REMOTE(int64_t, only_on, (int engine))
{
    if (ipc_engine_id() != engine)
        ipc_refuse("this is engine %d", (int) ipc_engine_id());
    return ipc_engine_id();
}
IPC_REMOTE(int64_t, works_on_3, (int item))
{
    (void) item;
    if (ipc_engine_id() != 3)
        ipc_raise("DomainError", "not here");
    return ipc_engine_id();
}
IPC_REMOTE(int, pass, (const char *gate)) { gate_await(gate); return 1; }
IPC_REMOTE(void, set_counter, (void)) { ipc_ns_set("runs", 0); }
IPC_REMOTE(int64_t, runs, (void)) { return ipc_value_i64(ipc_ns_get("runs")); }
IPC_REMOTE(int64_t, counts_and_refuses, (void))
{
    ipc_ns_set("runs", ipc_value_i64(ipc_ns_get("runs")) + 1);
    ipc_refuse("never");
}
//  Fails where another one is within already.
IPC_REMOTE(int64_t, alone, (const char *lock, const char *enter, const char *leave))
{
    int file = open(lock, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        ipc_raise("Overlap", "another task runs");
    gate_await(enter);
    gate_await(leave);
    close(file);
    unlink(lock);
    return ipc_engine_id();
}
// clang-format on

static void assert_kind(ipc_result_t *result, const char *kind)
{
    ck_assert_msg(!ipc_result_ok(result), "the result is fine");
    ck_assert_str_eq(ipc_result_error(result)->kind, kind);
}

START_TEST(a_task_begins_after_those_it_waits_for)
{
    session_t s = session_open();
    ipc_result_t *a = ipc_apply(s.any, work, 60), *b = ipc_apply(s.any, work, 20);
    ipc_result_t *both = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(a, b)}), start);
    ipc_result_t *then = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(both)}), start);
    ck_assert_double_ge(ipc_result_f64(then, 0), ipc_result_f64(both, 0));
    assert_ok(then);
    ck_assert_double_ge(ipc_result_f64(both, 0), ipc_result_f64(a, 0));
    ck_assert_double_ge(ipc_result_f64(both, 0), ipc_result_f64(b, 0));
    session_close(&s);
}
END_TEST

START_TEST(any_of_them_is_enough_where_that_is_wanted)
{
    session_t s = session_open();
    ipc_result_t *slow = ipc_apply(s.any, work, 300), *quick = ipc_apply(s.any, work, 1);
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after_any(slow, quick)}), start);
    assert_ok(r);
    ck_assert_double_ge(ipc_result_f64(r, 0), ipc_result_f64(quick, 0));
    ck_assert_double_lt(ipc_result_f64(r, 0), ipc_result_f64(slow, 0));
    session_close(&s);
}
END_TEST

START_TEST(maps_direct_work_and_finished_results_can_be_waited_for)
{
    session_t s = session_open();
    ipc_result_t *done = ipc_apply_sync(s.any, start), *direct = ipc_apply(s.all, work, 20);
    ipc_result_t *map = ipc_map(s.any, square, ipc_range(0, 500));
    ipc_options_t options = {.after = ipc_after(done, direct, map)};
    ipc_result_t *r = ipc_map_with(s.any, square, ipc_range(0, 3), &options);
    assert_prints(r, "[0, 1, 4]");
    ck_assert_uint_eq(ipc_result_done(map), 500);
    ck_assert_uint_eq(ipc_result_done(direct), ENGINES);
    r = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(done, direct, map)}), start);
    assert_ok(r);
    session_close(&s);
}
END_TEST

START_TEST(parts_of_results_can_be_waited_for)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *map = ipc_map(s.any, pass, ipc_list(gate.path, gate.path));
    ipc_result_t *part = ipc_result_slice(map, 1, 2);
    ipc_result_t *halves[2];
    ck_assert_uint_eq(ipc_result_split(map, halves, 2), 2);
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(part)}), where);
    ipc_result_t *q = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(halves[0], part)}), where);
    ck_assert(!ipc_result_wait(r, 0));
    gate_open(&gate);
    assert_ok(r);
    assert_ok(q);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  The race between a task's end and the call that names it, many times; and results that the program let go.
START_TEST(chains_end_whenever_their_tasks_do)
{
    enum { LENGTH = 2000 };
    session_t s = session_open();
    ipc_result_t *last = ipc_apply(s.any, start);
    for (int i = 0; i < LENGTH; i++) {
        ipc_result_t *next = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(last)}), start);
        if (i % 7 == 0)
            ck_assert(ipc_result_wait(last, IPC_FOREVER));
        ipc_result_destroy(&last);
        last = next;
    }
    assert_ok(last);
    session_close(&s);
}
END_TEST

START_TEST(what_can_never_begin_ends_at_once)
{
    session_t s = session_open();
    ipc_result_t *fails = ipc_apply(s.any, bad, 20), *slow = ipc_apply(s.any, work, 300);
    double begun = clock_now();
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(fails, slow)}), start);
    ipc_result_t *next = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(r)}), start);
    assert_kind(r, "ImpossibleDependency");
    assert_kind(next, "ImpossibleDependency");
    ck_assert_double_lt(clock_now() - begun, 0.25);
    assert_fails(r, "failed");
    r = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(fails)}), start); // known to have failed
    assert_kind(r, "ImpossibleDependency");
    r = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after_any(fails, r)}), start);
    assert_kind(r, "ImpossibleDependency");
    assert_kind(fails, "DomainError");
    session_close(&s);
}
END_TEST

START_TEST(tasks_can_wait_for_failures)
{
    session_t s = session_open();
    ipc_result_t *fails = ipc_apply(s.any, bad, 10), *fine = ipc_apply(s.any, work, 10);
    ipc_result_t *const one[] = {fails}, *const two[] = {fails, fine}, *const good[] = {fine};
    ipc_dependency_t failed = {.results = one, .count = 1, .failure = true};
    ipc_dependency_t ended = {.results = two, .count = 2, .failure = true, .success = true};
    ipc_dependency_t wrong = {.results = good, .count = 1, .failure = true};
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.after = &failed}), start);
    ipc_result_t *cleans = ipc_apply_with(s.any, (&(ipc_options_t){.after = &ended}), start);
    ipc_result_t *never = ipc_apply_with(s.any, (&(ipc_options_t){.after = &wrong}), start);
    assert_ok(r);
    assert_ok(cleans);
    ck_assert_double_ge(ipc_result_f64(cleans, 0), ipc_result_f64(fine, 0));
    assert_kind(never, "ImpossibleDependency");
    assert_fails(never, "succeeded");
    assert_kind(fails, "DomainError");
    session_close(&s);
}
END_TEST

START_TEST(a_task_follows_to_the_engine_of_another)
{
    session_t s = session_open();
    ipc_result_t *parents[ENGINES], *children[ENGINES], *grandchildren[ENGINES];
    for (int i = 0; i < ENGINES; i++) parents[i] = ipc_apply(s.any, where);
    for (int i = 0; i < ENGINES; i++) {
        children[i] = ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow(parents[i])}), where);
        ck_assert_int_eq(ipc_result_i64(children[i], 0), ipc_result_i64(parents[i], 0));
        ipc_options_t options = {.follow = ipc_follow(parents[i], children[i])};
        grandchildren[i] = ipc_apply_with(s.any, &options, where);
        ck_assert_int_eq(ipc_result_i64(grandchildren[i], 0), ipc_result_i64(parents[i], 0));
    }
    ipc_result_t *on_2 = ipc_apply(view_of(&s, "2"), where), *on_1 = ipc_apply(view_of(&s, "1"), where);
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow(on_2)}), where);
    ck_assert_int_eq(ipc_result_i64(r, 0), 2);
    r = ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow_any(on_2, on_1)}), where);
    ck_assert(ipc_result_i64(r, 0) == 1 || ipc_result_i64(r, 0) == 2);
    r = ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow(on_2, on_1)}), where);
    assert_kind(r, "ImpossibleDependency");
    assert_fails(r, "engines");
    session_close(&s);
}
END_TEST

START_TEST(what_is_no_task_of_the_client_is_refused)
{
    session_t s = session_open(), other = session_open();
    ipc_result_t *theirs = ipc_apply_sync(other.any, start), *ours = ipc_apply_sync(s.any, start);
    assert_kind(ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(ours, theirs)}), start),
                "InvalidDependency");
    ipc_result_t *none = NULL;
    assert_kind(ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow(none)}), start), "InvalidDependency");
    assert_fails(ipc_apply_with(s.all, (&(ipc_options_t){.after = ipc_after(ours)}), start), "argument");
    char label[65];
    memset(label, 'x', 64);
    label[64] = 0;
    assert_fails(ipc_apply_with(s.any, (&(ipc_options_t){.label = label}), start), "argument label");
    session_close(&other);
    session_close(&s);
}
END_TEST

//  The engines have gpu=0.5 and, of custom things, licence=2: see meson.build.
START_TEST(tasks_run_where_there_is_what_they_need)
{
    session_t s = session_open();
    ipc_options_t fits = {.needs = "cores=1, gpu=0.5,licence=2"}, large = {.needs = "gpu=1"};
    ipc_options_t unknown = {.needs = "quantum=1"}, memory = {.needs = "memory=1e30"};
    assert_ok(ipc_apply_with(s.any, &fits, where));
    assert_prints(ipc_map_with(s.any, square, ipc_range(0, 4), &fits), "[0, 1, 4, 9]");
    double begun = clock_now();
    ipc_result_t *r = ipc_apply_with(s.any, &large, where);
    assert_kind(r, "ImpossibleDependency");
    assert_fails(r, "gpu=1");
    assert_fails(r, "more than 0.5");
    assert_fails(ipc_apply_with(s.any, &unknown, where), "needs quantum=1, and no engine has any");
    assert_fails(ipc_apply_with(s.any, &memory, where), "memory");
    ck_assert_double_lt(clock_now() - begun, 1);
    assert_fails(ipc_apply_with(s.any, (&(ipc_options_t){.needs = "gpu"}), where), "argument");
    assert_fails(ipc_apply_with(s.any, (&(ipc_options_t){.needs = "gpu=-1"}), where), "argument");
    assert_fails(ipc_apply_with(s.all, &fits, where), "argument");
    session_close(&s);
}
END_TEST

//  The cores are the host's, which all four engines share: a task that needs them all runs alone. What needs nothing
//  goes on beside it.
START_TEST(tasks_that_need_all_cores_never_overlap)
{
    enum { TASKS = 6 };
    session_t s = session_open();
    gate_t enter = gate_new(), leave = gate_new();
    char needs[64], lock[64], reason[128];
    snprintf(needs, sizeof needs, "cores=%ld", sysconf(_SC_NPROCESSORS_ONLN));
    snprintf(reason, sizeof reason, "it needs %s, of which this host has 0 free", needs);
    snprintf(lock, sizeof lock, "%s/lock", enter.folder);
    ipc_options_t all = {.needs = needs};
    ipc_result_t *tasks[TASKS];
    for (int i = 0; i < TASKS; i++) tasks[i] = ipc_apply_with(s.any, &all, alone, lock, enter.path, leave.path);
    for (int i = 0; i < TASKS; i++) {
        gate_pass_one(&enter);
        assert_ok(ipc_apply_sync(s.any, where));
        if (i == 0) {
            ipc_error_t error;
            char *text = ipc_client_explain(s.client, ipc_result_id(tasks[TASKS - 1]), &error);
            ck_assert_msg(text && strstr(text, reason), "%s", text ? text : error.text);
            free(text);
        }
        gate_pass_one(&leave);
    }
    for (int i = 0; i < TASKS; i++) assert_ok(tasks[i]);
    gate_remove(&enter);
    gate_remove(&leave);
    session_close(&s);
}
END_TEST

START_TEST(a_refused_task_goes_to_another_engine)
{
    session_t s = session_open();
    for (int engine = 0; engine < ENGINES; engine++) {
        ipc_result_t *r = ipc_apply(s.any, only_on, engine);
        assert_ok(r);
        ck_assert_int_eq(ipc_result_i64(r, 0), engine);
    }
    int twos[40];
    for (int i = 0; i < 40; i++) twos[i] = 2;
    ipc_result_t *r = ipc_map_sync(s.any, only_on, ipc_i32(twos, 40));
    for (size_t i = 0; i < 40; i++) ck_assert_int_eq(ipc_result_i64(r, i), 2);
    session_close(&s);
}
END_TEST

START_TEST(what_all_engines_refuse_ends_with_their_reason)
{
    session_t s = session_open();
    assert_ok(ipc_apply_sync(s.all, set_counter));
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.retries = 5}), counts_and_refuses);
    assert_kind(r, "ImpossibleDependency");
    assert_fails(r, "never");
    assert_prints(ipc_apply_sync(s.all, runs), "[1, 1, 1, 1]"); // never twice to the same
    r = ipc_apply(view_of(&s, "1"), only_on, 2);
    assert_kind(r, "ImpossibleDependency");
    assert_fails(r, "this is engine 1");
    session_close(&s);
}
END_TEST

START_TEST(retries_go_to_engines_that_have_not_failed_the_task)
{
    session_t s = session_open();
    ipc_options_t three = {.retries = 3, .label = "tries"};
    for (int i = 0; i < 20; i++) {
        ipc_result_t *r = ipc_apply_with(s.any, &three, works_on_3, i);
        assert_ok(r);
        ck_assert_int_eq(ipc_result_i64(r, 0), 3);
    }
    ipc_result_t *r = ipc_map_with(s.any, works_on_3, ipc_range(0, 50), &three);
    for (size_t i = 0; i < 50; i++) ck_assert_int_eq(ipc_result_i64(r, i), 3);
    ipc_view_t *two = ipc_balanced_view(s.client, "0,1", NULL);
    r = ipc_apply_with(two, &three, works_on_3, 0);
    assert_kind(r, "DomainError"); // the last error, and an end
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_task_begins_after_those_it_waits_for);
    tcase_add_test(tests, any_of_them_is_enough_where_that_is_wanted);
    tcase_add_test(tests, maps_direct_work_and_finished_results_can_be_waited_for);
    tcase_add_test(tests, parts_of_results_can_be_waited_for);
    tcase_add_test(tests, chains_end_whenever_their_tasks_do);
    tcase_add_test(tests, what_can_never_begin_ends_at_once);
    tcase_add_test(tests, tasks_can_wait_for_failures);
    tcase_add_test(tests, a_task_follows_to_the_engine_of_another);
    tcase_add_test(tests, what_is_no_task_of_the_client_is_refused);
    tcase_add_test(tests, tasks_run_where_there_is_what_they_need);
    tcase_add_test(tests, tasks_that_need_all_cores_never_overlap);
    tcase_add_test(tests, a_refused_task_goes_to_another_engine);
    tcase_add_test(tests, what_all_engines_refuse_ends_with_their_reason);
    tcase_add_test(tests, retries_go_to_engines_that_have_not_failed_the_task);
}

int main(void)
{
    return e2e_main("dependencies", add);
}
