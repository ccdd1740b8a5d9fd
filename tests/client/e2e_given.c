//  Results of calls as arguments of others: tasks wait for them and get their values without the program.
#include "e2e_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, add, (int64_t a, int64_t b)) { return a + b; }
IPC_REMOTE(int64_t, add_later, (const char *gate, int64_t a, int64_t b)) { gate_await(gate); return a + b; }
IPC_REMOTE(int64_t, square_later, (ipc_value_t item))
{
    gate_await(ipc_value_str(ipc_value_at(item, 0)));
    int64_t x = ipc_value_i64(ipc_value_at(item, 1));
    return x * x;
}
IPC_REMOTE(double, total, (const ipc_array_t *x))
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++)
        sum += ipc_array_i64(x) ? (double) ipc_array_i64(x)[i] : ipc_array_f64(x)[i];
    return sum;
}
IPC_REMOTE(ipc_value_t, same, (ipc_value_t value)) { return ipc_give(value); }
IPC_REMOTE(ipc_value_t, same_later, (const char *gate, ipc_value_t value)) { gate_await(gate); return ipc_give(value); }
IPC_REMOTE(const char *, greeting, (const char *gate, const char *name))
{
    gate_await(gate);
    return ipc_text("hello %s", name);
}
IPC_REMOTE(int64_t, length, (const char *text)) { return (int64_t) strlen(text); }
IPC_REMOTE(ipc_array_t *, ramp_later, (const char *gate, int64_t n))
{
    gate_await(gate);
    size_t shape[1] = {(size_t) n};
    ipc_error_t error;
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, shape, &error);
    for (int64_t i = 0; i < n; i++) ipc_array_f64(x)[i] = (double) i;
    return x;
}
IPC_REMOTE(int64_t, fails_later, (const char *gate)) { gate_await(gate); ipc_raise("DomainError", "no"); }
IPC_REMOTE(int64_t, read_x, (void)) { return ipc_value_i64(ipc_ns_get("x")); }
IPC_REMOTE(void, nothing_later, (const char *gate)) { gate_await(gate); }
// clang-format on

START_TEST(a_task_gets_the_value_of_one_that_is_not_done)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *sum = ipc_apply(s.any, add_later, gate.path, 1, 2);
    ipc_result_t *twice = ipc_apply(s.any, add, sum, sum);
    ipc_result_t *more = ipc_apply(s.any, add, twice, ipc_result_ref(sum, 0));
    ck_assert(!ipc_result_wait(more, 0));
    gate_open(&gate);
    ck_assert_int_eq(ipc_result_i64(more, 0), 9);
    ck_assert_int_eq(ipc_result_i64(twice, 0), 6);
    assert_ok(more);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(what_is_done_is_an_argument_like_any_other)
{
    session_t s = session_open();
    ipc_result_t *sum = ipc_apply_sync(s.any, add, 1, 2);
    assert_prints(ipc_apply(s.all, add, sum, 10), "[13, 13, 13, 13]");
    assert_fails(ipc_apply(s.any, length, sum), "argument 1 of length"); // checked before anything is sent
    session_close(&s);
}
END_TEST

START_TEST(results_may_be_destroyed_while_others_wait_for_them)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *sum = ipc_apply(s.any, add_later, gate.path, 20, 1);
    ipc_result_t *twice = ipc_apply(s.any, add, sum, sum);
    ipc_result_destroy(&sum);
    gate_open(&gate);
    ck_assert_int_eq(ipc_result_i64(twice, 0), 42);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(a_long_chain_ends)
{
    session_t s = session_open();
    ipc_result_t *last = ipc_apply(s.any, add, 0, 0);
    for (int i = 1; i <= 2000; i++) {
        ipc_result_t *next = ipc_apply(s.any, add, last, i);
        ipc_result_destroy(&last);
        last = next;
    }
    ck_assert_int_eq(ipc_result_i64(last, 0), 2001000);
    session_close(&s);
}
END_TEST

//  Values are on their way to the program when the call that wants them is: none is lost between the two.
START_TEST(a_value_under_way_is_found)
{
    session_t s = session_open();
    for (int i = 0; i < 3000; i++) {
        ipc_result_t *sum = ipc_apply(s.any, add, i, 1);
        for (volatile int spin = 0; spin < i % 300 * 100; spin++) continue; // up to 0.1 ms: it ends meanwhile, or not
        ipc_result_t *next = ipc_apply(s.any, add, sum, sum);
        ck_assert_int_eq(ipc_result_i64(next, 0), 2 * (i + 1));
        ipc_result_destroy(&next);
        ipc_result_destroy(&sum);
    }
    session_close(&s);
}
END_TEST

IPC_REMOTE(int64_t, add_beside, (int64_t a, int64_t b, ipc_value_t rest))
{
    return a + b + (int64_t) ipc_value_count(rest);
}

//  The same for two arguments whose values come in one message, while a call is written that takes long to write.
START_TEST(values_of_one_message_are_found_for_two_arguments)
{
    enum { N = 200000, M = 64 };
    session_t s = session_open();
    ipc_value_t *items = calloc(N, sizeof items[0]), rest = ipc_value_from_list(items, N);
    for (int i = 0; i < N; i++) items[i] = ipc_value_from_i64(i);
    for (int i = 0; i < 20; i++) {
        ipc_result_t *map = ipc_map_with(s.one, same, ipc_range(0, M), &(ipc_options_t){.chunk = M});
        ipc_result_wait(map, 0); // it is sent
        ipc_result_t *sum = ipc_apply(s.any, add_beside, ipc_result_ref(map, M - 2), ipc_result_ref(map, M - 1), rest);
        ck_assert(ipc_result_wait(sum, 20000));
        ck_assert_int_eq(ipc_result_i64(sum, 0), 2 * M - 3 + N);
        ipc_result_destroy(&sum);
        ipc_result_destroy(&map);
    }
    free(items);
    session_close(&s);
}
END_TEST

//  Some of the positions are known when the call is made, two are not: two engines stay free for the others.
START_TEST(all_positions_of_a_result_are_one_array)
{
    session_t s = session_open();
    gate_t gate = gate_new(), open = gate_new();
    ipc_value_t items[8][2], lists[8];
    gate_open(&open);
    for (int i = 0; i < 8; i++) {
        items[i][0] = ipc_value_from_str(i == 5 || i == 7 ? gate.path : open.path);
        items[i][1] = ipc_value_from_i64(i);
        lists[i] = ipc_value_from_list(items[i], 2);
    }
    ipc_result_t *squares[8];
    for (int i = 0; i < 8; i++) squares[i] = ipc_apply(s.any, square_later, lists[i]);
    for (int i = 0; i < 4; i += 2) ck_assert(ipc_result_wait(squares[i], 20000));
    ipc_result_t *joined = ipc_result_join(squares, 8);
    ipc_result_t *sum = ipc_apply(s.any, total, joined);
    ipc_result_t *one = ipc_apply(s.any, add, ipc_result_ref(joined, 5), 0);
    ck_assert(!ipc_result_wait(sum, 0));
    gate_open(&gate);
    ck_assert_double_eq(ipc_result_f64(sum, 0), 140);
    ck_assert_int_eq(ipc_result_i64(one, 0), 25);
    assert_prints(ipc_apply(s.any, total, joined), "140"); // done by now
    gate_remove(&gate);
    gate_remove(&open);
    session_close(&s);
}
END_TEST

START_TEST(a_map_is_given_as_a_whole)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *map = ipc_map(s.any, same, ipc_list("a", 1, ipc_none()));
    ipc_result_t *whole = ipc_apply(s.any, same_later, gate.path, map);
    gate_open(&gate);
    assert_prints(whole, "[\"a\", 1, null]");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(results_stand_in_lists_and_dictionaries)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *text = ipc_apply(s.any, greeting, gate.path, "world");
    ipc_result_t *sum = ipc_apply(s.any, add_later, gate.path, 1, 2);
    ipc_result_t *done = ipc_apply_sync(s.any, add, 5, 5);
    ipc_result_t *r = ipc_apply(s.any, same, ipc_dict("text", text, "sums", ipc_list(sum, done, 7, text)));
    gate_open(&gate);
    assert_prints(r, "{\"text\": \"hello world\", \"sums\": [3, 10, 7, \"hello world\"]}");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Through shared memory, from engine to engine.
START_TEST(large_arrays_go_from_engine_to_engine)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    enum { N = 1 << 18 };
    ipc_result_t *ramps[2] = {ipc_apply(s.any, ramp_later, gate.path, N), ipc_apply(s.any, ramp_later, gate.path, N)};
    ipc_result_t *sum = ipc_apply(s.any, total, ramps[0]);
    ipc_result_t *both = ipc_result_join(ramps, 2);
    ipc_result_t *all = ipc_apply(s.any, total, both);
    ipc_result_t *copies = ipc_push(s.all, "ramp", ramps[1]);
    gate_open(&gate);
    double expected = 0.5 * N * (N - 1.0);
    ck_assert_double_eq(ipc_result_f64(sum, 0), expected);
    ck_assert_double_eq(ipc_result_f64(all, 0), 2 * expected);
    assert_ok(copies);
    ipc_result_t *there = ipc_apply(s.all, total, ipc_ref("ramp"));
    for (size_t i = 0; i < ENGINES; i++) ck_assert_double_eq(ipc_result_f64(there, i), expected);
    ck_assert_double_eq(ipc_array_f64(ipc_result_array(ramps[0], 0))[N - 1], N - 1); // the program has them too
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(direct_views_wait_for_values_too)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_view_t *rest = ipc_balanced_view(s.client, "1:", NULL); // engine 0 stays free
    ipc_result_t *sum = ipc_apply(rest, add_later, gate.path, 1, 2);
    ipc_result_t *everywhere = ipc_apply(s.all, add, sum, 1);
    ipc_result_t *bound = ipc_push(s.all, "x", sum);
    ck_assert_int_eq(ipc_result_i64(ipc_apply(s.one, add, 1, 1), 0), 2); // nothing else is held up
    gate_open(&gate);
    assert_prints(everywhere, "[4, 4, 4, 4]");
    assert_ok(bound);
    assert_prints(ipc_apply(s.all, read_x), "[3, 3, 3, 3]");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(each_engine_has_a_position_of_its_own)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *parts = ipc_apply(s.all, add_later, gate.path, 1, 1);
    ipc_result_t *sum = ipc_apply(s.any, total, parts);
    gate_open(&gate);
    ck_assert_double_eq(ipc_result_f64(sum, 0), 8);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(a_failure_goes_down_the_chain)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *bad = ipc_apply(s.any, fails_later, gate.path);
    ipc_result_t *next = ipc_apply(s.any, add, bad, 1), *last = ipc_apply(s.all, add, next, 1);
    gate_open(&gate);
    assert_fails(last, "whose value it was to be given, failed");
    ck_assert_str_eq(ipc_result_error(next)->kind, "ImpossibleDependency");
    assert_fails(ipc_apply(s.any, add, bad, 1), "the result of a call that failed: DomainError: no"); // known by now
    ipc_result_ok(bad);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(a_value_of_another_kind_is_refused_where_it_runs)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *text = ipc_apply(s.any, greeting, gate.path, "you");
    ipc_result_t *none = ipc_apply(s.any, nothing_later, gate.path);
    ipc_result_t *wrong = ipc_apply(s.any, add, text, 1), *empty = ipc_apply(s.any, add, 1, none);
    gate_open(&gate);
    assert_fails(wrong, "argument 1 of add is a string");
    assert_fails(empty, "argument 2 of add is nothing");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(aborted_waits_end_at_once)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *sum = ipc_apply(s.any, add_later, gate.path, 1, 2);
    ipc_result_t *waits = ipc_apply(s.any, add, sum, 1), *direct = ipc_apply(s.all, add, sum, 1);
    ipc_result_abort(waits);
    ipc_view_abort(s.all);
    ck_assert_str_eq(ipc_result_error(waits)->kind, "TaskAborted");
    ck_assert_str_eq(ipc_result_error(direct)->kind, "TaskAborted");
    gate_open(&gate);
    ck_assert_int_eq(ipc_result_i64(sum, 0), 3);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(what_cannot_be_given_is_refused_in_a_sentence)
{
    session_t s = session_open(), other = session_open();
    gate_t gate = gate_new();
    ipc_result_t *theirs = ipc_apply(other.any, add, 1, 2), *ours = ipc_apply(s.any, add_later, gate.path, 1, 2);
    assert_fails(ipc_apply(s.any, add, theirs, 1), "another client");
    assert_fails(ipc_apply(s.any, add, ipc_result_ref(ours, 4), 1), "position 4 of a result that has 1");
    assert_fails(ipc_apply_with(s.any, (&(ipc_options_t){.detach = true}), add, ours, 1), "detach");
    assert_fails(ipc_map(s.any, same, ours), "argument");
    assert_fails(ipc_map(s.any, same, ipc_list(ours)), "argument");
    assert_fails(ipc_scatter(s.all, "x", ours), "argument");
    gate_open(&gate);
    assert_ok(ours);
    gate_remove(&gate);
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(a_part_of_a_gather_that_is_not_over_is_refused)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    assert_ok(ipc_push_sync(s.all, "x", 7));
    ipc_result_t *busy = ipc_apply(s.all, add_later, gate.path, 1, 2), *gathered = ipc_gather(s.all, "x");
    ipc_result_t *part = ipc_result_slice(gathered, 0, 1), *parts = ipc_result_join(&gathered, 1);
    assert_fails(ipc_apply(s.any, add, gathered, 1), "gather that is not over");
    assert_fails(ipc_apply(s.any, add, part, 1), "gather that is not over");
    assert_fails(ipc_apply(s.any, add, ipc_result_ref(parts, 2), 1), "gather that is not over");
    gate_open(&gate);
    assert_ok(busy);
    assert_ok(gathered);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  An engine that dies while it has such a task: the values are given again.
IPC_REMOTE(int64_t, dies_once, (const char *mark, int64_t value))
{
    if (unlink(mark) == 0)
        abort();
    return value;
}

START_TEST(values_are_given_again_when_a_task_runs_again)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    char mark[sizeof gate.folder + 8];
    snprintf(mark, sizeof mark, "%s/mark", gate.folder);
    FILE *file = fopen(mark, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    ipc_result_t *sum = ipc_apply(s.any, add_later, gate.path, 1, 2);
    ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.retries = 1}), dies_once, mark, sum);
    gate_open(&gate);
    ck_assert_int_eq(ipc_result_i64(r, 0), 3);
    ck_assert_int_eq(ipc_result_metadata(r, 0)->attempts, 2);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_task_gets_the_value_of_one_that_is_not_done);
    tcase_add_test(tests, what_is_done_is_an_argument_like_any_other);
    tcase_add_test(tests, results_may_be_destroyed_while_others_wait_for_them);
    tcase_add_test(tests, a_long_chain_ends);
    tcase_add_test(tests, a_value_under_way_is_found);
    tcase_add_test(tests, values_of_one_message_are_found_for_two_arguments);
    tcase_add_test(tests, all_positions_of_a_result_are_one_array);
    tcase_add_test(tests, a_map_is_given_as_a_whole);
    tcase_add_test(tests, results_stand_in_lists_and_dictionaries);
    tcase_add_test(tests, large_arrays_go_from_engine_to_engine);
    tcase_add_test(tests, direct_views_wait_for_values_too);
    tcase_add_test(tests, each_engine_has_a_position_of_its_own);
    tcase_add_test(tests, a_failure_goes_down_the_chain);
    tcase_add_test(tests, a_value_of_another_kind_is_refused_where_it_runs);
    tcase_add_test(tests, aborted_waits_end_at_once);
    tcase_add_test(tests, what_cannot_be_given_is_refused_in_a_sentence);
    tcase_add_test(tests, a_part_of_a_gather_that_is_not_over_is_refused);
    tcase_add_test(tests, values_are_given_again_when_a_task_runs_again);
}

int main(void)
{
    return e2e_main("given", add_tests);
}
