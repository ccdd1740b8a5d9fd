//  Several names at a time, names that lead into values, and references wherever a value can stand.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>

// clang-format off
IPC_REMOTE(ipc_value_t, same, (ipc_value_t x)) { return x; }
IPC_REMOTE(ipc_value_t, pair, (ipc_value_t a, ipc_value_t b)) { return ipc_give(ipc_list(a, b)); }
IPC_REMOTE(double, sum, (const ipc_array_t *x))
{
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) total += ipc_array_f64(x)[i];
    return total;
}
IPC_REMOTE(double, double_up, (ipc_array_t *x))
{
    for (size_t i = 0; i < ipc_array_count(x); i++) ipc_array_f64(x)[i] *= 2;
    return ipc_array_f64(x)[0];
}
IPC_REMOTE(double, double_member, (void))
{
    ipc_value_t a = ipc_value_get(ipc_ns_get("d"), "a");
    double *x = ipc_array_f64(ipc_value_array(a));
    return x[0] *= 2;
}
IPC_REMOTE(ipc_value_t, read_name, (const char *name)) { return ipc_ns_get(name); }
IPC_REMOTE(bool, has_name, (const char *name)) { return ipc_ns_has(name); }
IPC_REMOTE(void, set_name, (const char *name, ipc_value_t value)) { ipc_ns_set(name, value); }
// clang-format on

//  Fails the test unless position 0 failed with NameError and these words.
static void assert_name_error(ipc_result_t *result, const char *words)
{
    const ipc_error_t *error = ipc_result_error_at(result, 0);
    ck_assert_msg(error != NULL, "the result is fine, not %s", words);
    ck_assert_str_eq(error->kind, "NameError");
    ck_assert_msg(strstr(error->text, words) != NULL, "%s: not %s", error->text, words);
    ipc_result_destroy(&result);
}

//  --- Several names ----------------------------------------------------------------------------------------------

START_TEST(a_dictionary_of_names_is_pushed_and_a_list_pulled)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    assert_prints(ipc_push_dict(s.all, ipc_dict("a", 1, "b", "text", "c", ipc_f64(x, 2), "d", ipc_dict("e", 5))),
                  "[null, null, null, null]");
    assert_prints(ipc_pull(s.all, "b"), "[\"text\", \"text\", \"text\", \"text\"]");
    assert_prints(ipc_pull_list(s.one, ipc_list("c", "a", "d")), "[[1, 2], 1, {\"e\": 5}]");
    assert_prints(ipc_pull_list_sync(view_of(&s, "1:3"), ipc_list("a")), "[[1], [1]]");
    assert_prints(ipc_pull_list(s.one, ipc_value_from_list(NULL, 0)), "[]");
    ipc_result_t *r = ipc_pull_list_with_sync(s.one, ipc_list("a", "a"), &(ipc_options_t){.label = "two"});
    assert_prints(r, "[1, 1]");
    ck_assert_str_eq(ipc_result_metadata(r, 0)->label, "two");
    assert_ok(ipc_push_dict_with(s.one, ipc_dict("a", 2), &(ipc_options_t){.priority = 1}));
    assert_ok(ipc_push_dict_with_sync(s.one, ipc_dict("a", 3), &(ipc_options_t){.priority = 1}));
    assert_prints(ipc_pull(s.one, "a"), "3");
    assert_ok(ipc_push_dict_sync(s.one, ipc_value_from_dict(NULL, 0))); // nothing is bound
    session_close(&s);
}
END_TEST

START_TEST(more_names_than_a_macro_takes_are_pushed)
{
    enum { NAMES = 300 };
    session_t s = session_open();
    char names[NAMES][16];
    ipc_value_t pairs[2 * NAMES], list[NAMES];
    for (int i = 0; i < NAMES; i++) {
        snprintf(names[i], sizeof names[i], "n%d", i);
        list[i] = pairs[2 * i] = ipc_value_from_str(names[i]);
        pairs[2 * i + 1] = ipc_value_from_i64(i);
    }
    ipc_push_dict(s.all, ipc_value_from_dict(pairs, sizeof pairs / sizeof *pairs));
    ipc_result_t *r = ipc_pull_list(s.all, ipc_value_from_list(list, NAMES));
    assert_ok(r);
    for (size_t e = 0; e < ENGINES; e++)
        for (size_t i = 0; i < NAMES; i++)
            ck_assert_int_eq(ipc_value_i64(ipc_value_at(ipc_result_value(r, e), i)), (int64_t) i);
    session_close(&s);
}
END_TEST

START_TEST(large_arrays_are_pushed_and_pulled_with_others)
{
    session_t s = session_open();
    const size_t n = 300000;
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, &n, NULL), *y = ipc_array_new(IPC_F64, 1, &n, NULL);
    for (size_t i = 0; i < n; i++) ipc_array_f64(x)[i] = 2 * (ipc_array_f64(y)[i] = 1);
    ipc_push_dict(s.all, ipc_dict("x", x, "n", 1, "y", y));
    ipc_array_destroy(&x);
    ipc_array_destroy(&y);
    ipc_result_t *r = ipc_pull_list(s.all, ipc_list("y", "x"));
    assert_ok(r);
    for (size_t e = 0; e < ENGINES; e++) {
        ck_assert_double_eq(ipc_array_f64(ipc_value_array(ipc_value_at(ipc_result_value(r, e), 0)))[n - 1], 1);
        ck_assert_double_eq(ipc_array_f64(ipc_value_array(ipc_value_at(ipc_result_value(r, e), 1)))[n - 1], 2);
    }
    session_close(&s);
}
END_TEST

START_TEST(all_names_are_bound_or_none)
{
    session_t s = session_open();
    ipc_push_dict(s.all, ipc_dict("p", 1, "q", 2));
    assert_name_error(ipc_push_dict(s.one, ipc_dict("p", 10, "q", ipc_ref("nobody"))), "'nobody'");
    assert_name_error(ipc_push_dict(s.one, ipc_dict("q", 20, "p.member", 1)), "'p' is no dictionary");
    assert_prints(ipc_pull_list(s.one, ipc_list("p", "q")), "[1, 2]");
    assert_name_error(ipc_pull_list(s.one, ipc_list("p", "nobody")), "'nobody'");
    session_close(&s);
}
END_TEST

START_TEST(names_that_are_none_are_refused)
{
    session_t s = session_open();
    assert_fails(ipc_push_dict(s.all, ipc_list("a", 1)), "argument dict");
    assert_fails(ipc_push_dict(s.all, ipc_dict("a", 1, "b")), "a key but no value");
    assert_fails(ipc_push_dict(s.all, ipc_dict("", 1)), "empty");
    assert_fails(ipc_push_dict(s.all, ipc_dict(5, 1)), "no string");
    assert_fails(ipc_pull_list(s.all, ipc_value_from_str("a")), "argument names");
    assert_fails(ipc_pull_list(s.all, ipc_list("a", 5)), "no string");
    assert_fails(ipc_push_dict(s.any, ipc_dict("a", 1)), "balanced");
    assert_fails(ipc_pull_list(s.any, ipc_list("a")), "balanced");
    session_close(&s);
}
END_TEST

//  --- Names that lead into values ----------------------------------------------------------------------------------

START_TEST(members_are_pulled_by_their_path)
{
    session_t s = session_open();
    const double x[] = {1, 2, 3, 4, 5, 6};
    ipc_push(s.all, "a", ipc_dict("b", ipc_dict("c", 7), "l", ipc_list(1, "two", ipc_dict("deep", ipc_bool(true)))));
    ipc_push_dict(s.all, ipc_dict("v", ipc_f64(x, 6), "m", ipc_view2(IPC_F64, x, 2, 3), "r", ipc_range(5, 9)));
    assert_prints(ipc_pull(s.one, "a.b"), "{\"c\": 7}");
    assert_prints(ipc_pull(s.all, "a.b.c"), "[7, 7, 7, 7]");
    assert_prints(ipc_pull(s.one, "a.l[1]"), "\"two\"");
    assert_prints(ipc_pull(s.one, "a.l[-1].deep"), "true");
    assert_prints(ipc_pull(s.one, "v[2]"), "3");
    assert_prints(ipc_pull(s.one, "m[1]"), "[4, 5, 6]");
    assert_prints(ipc_pull(s.one, "m[-1][0]"), "4");
    assert_prints(ipc_pull(s.one, "r[3]"), "8");
    assert_prints(ipc_pull_list(s.one, ipc_list("a.b.c", "v[0]")), "[7, 1]");
    assert_prints(ipc_gather(s.all, "a.b.c"), "[7, 7, 7, 7]");
    assert_prints(ipc_gather(view_of(&s, "0:2"), "m[0]"), "[1, 2, 3, 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(what_is_not_there_is_named)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    ipc_push_dict(s.one, ipc_dict("a", ipc_dict("b", 1), "l", ipc_list(1, 2), "v", ipc_f64(x, 2)));
    assert_name_error(ipc_pull(s.one, "nobody.b"), "name 'nobody' is not defined on engine 0");
    assert_name_error(ipc_pull(s.one, "a.c"), "'a' has no member 'c' on engine 0");
    assert_name_error(ipc_pull(s.one, "a.b.c"), "'a.b' is no dictionary");
    assert_name_error(ipc_pull(s.one, "a[0]"), "'a' is neither a list nor an array");
    assert_name_error(ipc_pull(s.one, "l[2]"), "'l' has no member at 2");
    assert_name_error(ipc_pull(s.one, "v[-3]"), "'v' has no member at -3");
    assert_name_error(ipc_pull(s.one, "l[x]"), "'l[x]' leads to no value");
    assert_name_error(ipc_pull(s.one, "l[0"), "'l[0' leads to no value");
    assert_name_error(ipc_pull(s.one, "l[0]x"), "behind 'l[0]'");
    assert_name_error(ipc_pull(s.one, "a."), "has no member ''");
    assert_name_error(ipc_apply(s.one, same, ipc_ref("a.c")), "'a' has no member 'c'");
    session_close(&s);
}
END_TEST

START_TEST(members_are_set_by_their_path)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    ipc_push(s.all, "a", ipc_dict("b", ipc_dict("c", 7), "l", ipc_list(1, ipc_list(2, 3))));
    ipc_push(s.all, "a.b.c", "set");
    ipc_push(s.all, "a.n", ipc_f64(x, 2)); // a new one
    ipc_push(s.all, "a.l[1][-1]", 4);
    assert_prints(ipc_pull(s.one, "a"), "{\"b\": {\"c\": \"set\"}, \"l\": [1, [2, 4]], \"n\": [1, 2]}");
    ipc_push_dict(s.one, ipc_dict("a.l", 0, "a.b.d", ipc_ref("a.n")));
    assert_prints(ipc_pull(s.one, "a"), "{\"b\": {\"c\": \"set\", \"d\": [1, 2]}, \"l\": 0, \"n\": [1, 2]}");
    ipc_scatter(s.all, "a.part", ipc_range(0, 4));
    assert_prints(ipc_pull(s.all, "a.part"), "[[0], [1], [2], [3]]");
    assert_prints(ipc_gather(s.all, "a.part"), "[0, 1, 2, 3]");
    assert_name_error(ipc_push(s.one, "a.x.y", 1), "'a' has no member 'x'");
    assert_name_error(ipc_push(s.one, "a.l.y", 1), "'a.l' is no dictionary");
    assert_name_error(ipc_push(s.one, "a.n[0]", 1), "'a.n' is no list or dictionary");
    ipc_push(s.one, "l", ipc_list(1));
    assert_name_error(ipc_push(s.one, "l[1]", 1), "'l' has no member at 1");
    session_close(&s);
}
END_TEST

START_TEST(functions_read_and_set_members_too)
{
    session_t s = session_open();
    const double x[] = {1, 2, 3, 4};
    ipc_push(s.one, "a", ipc_dict("b", ipc_list(1, 2), "m", ipc_view2(IPC_F64, x, 2, 2)));
    assert_prints(ipc_apply(s.one, read_name, "a.b[1]"), "2");
    assert_prints(ipc_apply(s.one, read_name, "a.m[1]"), "[3, 4]");
    assert_prints(ipc_apply(s.one, has_name, "a.b[1]"), "true");
    assert_prints(ipc_apply(s.one, has_name, "a.b[2]"), "false");
    assert_ok(ipc_apply(s.one, set_name, "a.new", ipc_ref("a.b")));
    assert_ok(ipc_apply_sync(s.one, set_name, "a.b[0]", 5));
    assert_prints(ipc_pull_list(s.one, ipc_list("a.new", "a.b")), "[[1, 2], [5, 2]]");
    assert_name_error(ipc_apply(s.one, read_name, "a.x"), "'a' has no member 'x' on engine 0");
    assert_name_error(ipc_apply(s.one, set_name, "a.x.y", 1), "'a' has no member 'x' on engine 0");
    set_name("here", ipc_dict("k", 1)); // in the process's own names
    set_name("here.k", ipc_list(6));
    ck_assert_int_eq(ipc_value_i64(read_name("here.k[0]")), 6);
    ck_assert(has_name("here.k") && !has_name("here.x"));
    session_close(&s);
}
END_TEST

START_TEST(a_name_with_dots_that_was_bound_whole_is_that_name)
{
    session_t s = session_open();
    ipc_push(s.one, "w.x", 1); // there is no w
    assert_prints(ipc_pull(s.one, "w.x"), "1");
    ipc_push(s.one, "w", ipc_dict("x", 2));
    assert_prints(ipc_pull(s.one, "w.x"), "1");
    ipc_push(s.one, "w.x", ipc_dict("y", 3));
    assert_prints(ipc_pull_list(s.one, ipc_list("w.x", "w", "w.x.y")), "[{\"y\": 3}, {\"x\": 2}, 3]");
    ipc_push(s.one, "w.x.y", 4); // of the longer name
    assert_prints(ipc_pull_list(s.one, ipc_list("w.x", "w")), "[{\"y\": 4}, {\"x\": 2}]");
    session_close(&s);
}
END_TEST

START_TEST(arrays_beside_a_member_that_is_set_are_what_they_were)
{
    session_t s = session_open();
    const size_t n = 100000; // in shared memory
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, &n, NULL);
    ipc_array_f64(x)[0] = 1;
    ipc_push(s.one, "d", ipc_dict("a", x, "l", ipc_list(x)));
    assert_prints(ipc_apply(s.one, double_member), "2");
    for (int i = 0; i < 5; i++) ipc_push(s.one, "d.b", i);
    assert_prints(ipc_apply(s.one, double_member), "4");
    ipc_push(s.one, "d.l", ipc_none());
    assert_prints(ipc_apply(s.one, double_up, ipc_ref("d.a")), "8");
    assert_prints(ipc_pull(s.one, "d.a[0]"), "8");
    ipc_push(s.one, "d.a", 0);
    assert_prints(ipc_pull(s.one, "d"), "{\"a\": 0, \"l\": null, \"b\": 4}");
    ipc_array_destroy(&x);
    session_close(&s);
}
END_TEST

//  --- References ---------------------------------------------------------------------------------------------------

START_TEST(references_are_looked_up_wherever_they_stand)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    ipc_push_dict(s.all, ipc_dict("x", 5, "d", ipc_dict("k", "v", "a", ipc_f64(x, 2))));
    ipc_value_t nested = ipc_list(ipc_ref("x"), 2, ipc_dict("k", ipc_list(ipc_ref("d.k"))));
    const char *seen = "[5, 2, {\"k\": [\"v\"]}]";
    assert_prints(ipc_apply(s.one, same, nested), seen);
    assert_prints(ipc_apply(s.any, same, ipc_dict("r", ipc_ref("x"))), "{\"r\": 5}");
    assert_prints(ipc_apply(s.one, pair, ipc_ref("x"), ipc_list(ipc_ref("d.a[1]"))), "[5, [2]]");
    assert_prints(ipc_map(s.all, same, ipc_list(ipc_ref("x"), 1, nested, ipc_ref("d.k"))),
                  "[5, 1, [5, 2, {\"k\": [\"v\"]}], \"v\"]");
    assert_prints(ipc_map(s.any, pair, ipc_zip(ipc_list(ipc_ref("x"), nested), ipc_range(0, 2))),
                  "[[5, 0], [[5, 2, {\"k\": [\"v\"]}], 1]]");
    ipc_push(s.one, "pushed", nested);
    assert_prints(ipc_pull(s.one, "pushed"), seen);
    ipc_push_dict(s.one, ipc_dict("p", ipc_ref("x"), "q", ipc_list(ipc_ref("d.k"))));
    assert_prints(ipc_pull_list(s.one, ipc_list("p", "q")), "[5, [\"v\"]]");
    ipc_scatter(s.all, "s", ipc_list(ipc_ref("x"), 1, 2, ipc_ref("d.k")));
    assert_prints(ipc_pull(s.all, "s"), "[[5], [1], [2], [\"v\"]]");
    assert_prints(ipc_apply(s.one, sum, ipc_ref("d.a")), "3");
    assert_prints(ipc_map(s.one, sum, ipc_list(ipc_ref("d.a"), ipc_ref("d.a"))), "[3, 3]");
    session_close(&s);
}
END_TEST

START_TEST(what_a_reference_was_pushed_from_may_go)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    const size_t n = 50000;
    ipc_array_t *large = ipc_array_new(IPC_F64, 1, &n, NULL);
    ipc_push_dict(s.all, ipc_dict("a", ipc_f64(x, 2), "t", "some text that is long enough", "large", large));
    ipc_push(s.all, "b", ipc_list(ipc_ref("a"), ipc_ref("t")));
    ipc_push(s.all, "c", ipc_ref("large"));
    ipc_push(s.all, "t", ipc_list(ipc_ref("t"))); // of itself, as it was
    ipc_apply(s.all, double_up, ipc_ref("a"));
    ipc_push_dict(s.all, ipc_dict("a", 0, "large", 0));
    assert_prints(ipc_pull_list(s.one, ipc_list("b", "t")),
                  "[[[1, 2], \"some text that is long enough\"], [\"some text that is long enough\"]]");
    assert_prints(ipc_apply(s.one, sum, ipc_ref("c")), "0");
    ipc_array_destroy(&large);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_dictionary_of_names_is_pushed_and_a_list_pulled);
    tcase_add_test(tests, more_names_than_a_macro_takes_are_pushed);
    tcase_add_test(tests, large_arrays_are_pushed_and_pulled_with_others);
    tcase_add_test(tests, all_names_are_bound_or_none);
    tcase_add_test(tests, names_that_are_none_are_refused);
    tcase_add_test(tests, members_are_pulled_by_their_path);
    tcase_add_test(tests, what_is_not_there_is_named);
    tcase_add_test(tests, members_are_set_by_their_path);
    tcase_add_test(tests, functions_read_and_set_members_too);
    tcase_add_test(tests, a_name_with_dots_that_was_bound_whole_is_that_name);
    tcase_add_test(tests, arrays_beside_a_member_that_is_set_are_what_they_were);
    tcase_add_test(tests, references_are_looked_up_wherever_they_stand);
    tcase_add_test(tests, what_a_reference_was_pushed_from_may_go);
}

int main(void)
{
    return e2e_main("members", add);
}
