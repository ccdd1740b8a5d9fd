//  The engines' namespaces: names from remote functions, references, private copies, and
//  the order in which things happen.
#include "e2e_support.h"

#include <string.h>
#include <unistd.h>

// clang-format off
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

IPC_REMOTE(void, set_names, (void))
{
    double local[] = {1, 2};
    char text[] = "local text";
    ipc_ns_set("number", 1 + ipc_engine_id());
    ipc_ns_set("array", ipc_f64(local, 2));
    ipc_ns_set("text", text);
    ipc_ns_set("dict", ipc_dict("a", ipc_list(1, 2)));
    memset(local, 0, sizeof local); // it was a copy
    memset(text, 0, sizeof text);
}

IPC_REMOTE(ipc_value_t, read_name, (const char *name)) { return ipc_ns_get(name); }
IPC_REMOTE(bool, has_name, (const char *name)) { return ipc_ns_has(name); }
IPC_REMOTE(void, change_by_name, (void))
{
    ipc_array_f64(ipc_value_array(ipc_ns_get("array")))[1] = 99;
}
IPC_REMOTE(int64_t, count_up, (const char *name))
{
    int64_t n = ipc_value_i64(ipc_ns_get(name)) + 1;
    ipc_ns_set(name, n);
    return n;
}
IPC_REMOTE(ipc_array_t *, make_large, (size_t n))
{
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, &n, NULL);
    for (size_t i = 0; i < n; i++) ipc_array_f64(x)[i] = 1;
    ipc_ns_set("large", x);
    return x;
}
IPC_REMOTE(int, slow, (int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    return 0;
}
IPC_REMOTE(int64_t, pushed_plus, (int64_t item))
{
    return ipc_value_i64(ipc_ns_get("base")) + item;
}
// clang-format on

START_TEST(functions_set_and_read_names)
{
    session_t s = session_open();
    ipc_apply(s.all, set_names);
    assert_prints(ipc_pull(s.all, "number"), "[1, 2, 3, 4]");
    assert_prints(ipc_pull(s.one, "array"), "[1, 2]");
    assert_prints(ipc_apply(s.one, read_name, "text"), "\"local text\"");
    assert_prints(ipc_apply(s.one, read_name, "dict"), "{\"a\": [1, 2]}");
    assert_prints(ipc_apply(s.all, has_name, "dict"), "[true, true, true, true]");
    assert_prints(ipc_apply(s.one, has_name, "nobody"), "false");
    ipc_apply(s.all, change_by_name);
    assert_prints(ipc_pull(s.one, "array"), "[1, 99]");
    session_close(&s);
}
END_TEST

START_TEST(names_last_beyond_the_client)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "lasting", 41));
    session_close(&s);
    s = session_open();
    assert_prints(ipc_apply(s.all, count_up, "lasting"), "[42, 42, 42, 42]");
    assert_prints(ipc_pull(s.all, "lasting"), "[42, 42, 42, 42]");
    session_close(&s);
}
END_TEST

START_TEST(a_reference_that_is_not_const_is_the_engines_own)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    ipc_push(s.all, "own", ipc_f64(x, 2));
    assert_prints(ipc_apply(s.all, double_up, ipc_ref("own")), "[2, 2, 2, 2]");
    assert_prints(ipc_apply(s.all, double_up, ipc_ref("own")), "[4, 4, 4, 4]");
    assert_prints(ipc_pull(s.one, "own"), "[4, 8]");
    assert_prints(ipc_apply(s.all, sum, ipc_ref("own")), "[12, 12, 12, 12]");
    session_close(&s);
}
END_TEST

START_TEST(by_value_is_a_private_copy)
{
    session_t s = session_open();
    double x[] = {1, 2};
    assert_prints(ipc_apply(s.all, double_up, ipc_f64(x, 2)), "[2, 2, 2, 2]");
    ck_assert_double_eq(x[0], 1);
    const size_t n = 1 << 18; // in shared memory, which four engines map
    ipc_array_t *large = ipc_array_new(IPC_F64, 1, &n, NULL);
    for (size_t i = 0; i < n; i++) ipc_array_f64(large)[i] = 1;
    assert_prints(ipc_apply(s.all, double_up, large), "[2, 2, 2, 2]");
    ck_assert_double_eq(ipc_array_f64(large)[0], 1);
    ipc_push(s.all, "shared", large);
    assert_prints(ipc_apply(s.one, double_up, ipc_ref("shared")), "2");
    assert_prints(ipc_apply(view_of(&s, "1:"), sum, ipc_ref("shared")),
                  "[262144, 262144, 262144]");
    assert_prints(ipc_apply(s.one, sum, ipc_ref("shared")), "524288");
    ipc_array_destroy(&large);
    session_close(&s);
}
END_TEST

START_TEST(a_returned_array_does_not_change_any_more)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, make_large, 100000);
    assert_ok(ipc_apply_sync(s.one, double_up, ipc_ref("large")));
    ck_assert_double_eq(ipc_array_f64(ipc_result_array(r, 0))[0], 1);
    ipc_result_t *pulled = ipc_pull_sync(s.one, "large");
    assert_ok(ipc_apply_sync(s.one, double_up, ipc_ref("large")));
    ck_assert_double_eq(ipc_array_f64(ipc_result_array(pulled, 0))[0], 2);
    session_close(&s);
}
END_TEST

START_TEST(two_pushes_of_one_array_are_two)
{
    session_t s = session_open();
    const double x[] = {5, 6};
    ipc_push(s.one, "first", ipc_f64(x, 2));
    ipc_push(s.one, "second", ipc_f64(x, 2));
    ipc_apply(s.one, double_up, ipc_ref("first"));
    assert_prints(ipc_pull(s.one, "second"), "[5, 6]");
    session_close(&s);
}
END_TEST

START_TEST(a_reference_stands_for_any_value)
{
    session_t s = session_open();
    ipc_push(s.one, "outer", ipc_list(1, 2));
    ipc_push(s.one, "name_of_it", "outer");
    assert_prints(ipc_apply(s.one, read_name, ipc_ref("name_of_it")), "[1, 2]");
    assert_prints(ipc_apply(s.one, slow, ipc_ref("missing")), "<NameError>");
    session_close(&s);
}
END_TEST

START_TEST(what_one_client_sends_to_one_engine_runs_in_order)
{
    session_t s = session_open();
    ipc_push(s.all, "n", 0);
    for (int64_t i = 1; i <= 200; i++) {
        ipc_result_t *r = ipc_apply(s.all, count_up, "n");
        if (i % 50 == 0)
            ck_assert_int_eq(ipc_result_i64(r, 3), i);
    }
    assert_prints(ipc_pull(s.all, "n"), "[200, 200, 200, 200]");
    ipc_apply(s.one, slow, 50);
    ipc_push(s.one, "n", -1);
    assert_prints(ipc_apply(s.one, count_up, "n"), "0");
    session_close(&s);
}
END_TEST

START_TEST(a_push_is_there_before_balanced_work)
{
    session_t s = session_open();
    for (int64_t round = 0; round < 20; round++) {
        ipc_push(s.all, "base", round * 1000);
        ipc_result_t *r = ipc_map(s.any, pushed_plus, ipc_range(0, 40));
        for (int64_t i = 0; i < 40; i++)
            ck_assert_int_eq(ipc_result_i64(r, (size_t) i), round * 1000 + i);
        ck_assert(ipc_result_ok(r));
    }
    ipc_apply(s.all, slow,
              100); // engines that are still busy with what came before the push
    ipc_push(s.all, "base", -7);
    ipc_result_t *r = ipc_map(s.any, pushed_plus, ipc_range(0, 4));
    assert_prints(r, "[-7, -6, -5, -4]");
    session_close(&s);
}
END_TEST

//  What engine i says that a name is; "" where it has none.
static const char *type_of(ipc_result_t *names, size_t i, const char *name)
{
    const char *type = ipc_value_str(ipc_value_get(ipc_result_value(names, i), name));
    return type ? type : "";
}

START_TEST(the_names_are_listed_with_their_types)
{
    static const char *const expected[][2] = {
        {"a", "double"}, {"b", "string"}, {"big", "complex128 array 2 x 3"}, {"cell_array", "int [2][3]"},
        {"f", "double (double x, int n)"}, {"flag", "bool"}, {"list", "list of 3"}, {"n", "int64"},
        {"p", "struct p"}, {"table", "dictionary of 1"}, {"text", "const char *"}, {"used", "float64 array 2"},
    };
    session_t s = session_open();
    double numbers[2] = {1, 2};
    double _Complex many[6] = {0};
    assert_ok(ipc_execute(s.all, "double a = 1; static int cell_array[2][3]; const char  *text = \"x\";\n"
                                 "double f(double x, int n) { return x * n; }\n"
                                 "struct p { int x; }; struct p p; typedef int no_name;\n#define NO_NAME_EITHER 1\n"));
    assert_ok(ipc_push(s.all, "b", "text"));
    assert_ok(ipc_push(s.all, "n", 3));
    assert_ok(ipc_push(s.all, "flag", ipc_bool(true)));
    assert_ok(ipc_push(s.all, "list", ipc_list(1, 2, 3)));
    assert_ok(ipc_push(s.all, "table", ipc_dict("k", 1)));
    assert_ok(ipc_push(s.all, "used", ipc_f64(numbers, 2)));
    assert_ok(ipc_push(s.all, "big", ipc_view2(IPC_C128, many, 2, 3)));
    assert_ok(ipc_execute(s.all, "used[0] += a;")); // it is declared in cells, too, but is what was pushed
    ipc_result_t *names = ipc_names_sync(s.all);
    assert_ok(names);
    for (size_t i = 0; i < ENGINES; i++) {
        ck_assert_uint_eq(ipc_value_count(ipc_result_value(names, i)), sizeof expected / sizeof expected[0]);
        for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++) {
            ck_assert_str_eq(ipc_value_key(ipc_result_value(names, i), k), expected[k][0]);
            ck_assert_str_eq(type_of(names, i, expected[k][0]), expected[k][1]);
        }
    }
    session_close(&s);
}
END_TEST

START_TEST(the_listing_follows_the_namespace)
{
    session_t s = session_open();
    assert_ok(ipc_execute(s.all, "int changing = 1;"));
    assert_ok(ipc_push(s.one, "changing", "now a text")); // does not fit: the name is no variable of a cell's any more
    ipc_result_t *names = ipc_names_sync(s.all);
    ck_assert_str_eq(type_of(names, 0, "changing"), "string");
    ck_assert_str_eq(type_of(names, 1, "changing"), "int");
    assert_ok(ipc_view_clear(s.all));
    assert_prints(ipc_names(s.one), "{}");
    assert_fails(ipc_names(s.any), "argument");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_names_are_listed_with_their_types);
    tcase_add_test(tests, the_listing_follows_the_namespace);
    tcase_add_test(tests, functions_set_and_read_names);
    tcase_add_test(tests, names_last_beyond_the_client);
    tcase_add_test(tests, a_reference_that_is_not_const_is_the_engines_own);
    tcase_add_test(tests, by_value_is_a_private_copy);
    tcase_add_test(tests, a_returned_array_does_not_change_any_more);
    tcase_add_test(tests, two_pushes_of_one_array_are_two);
    tcase_add_test(tests, a_reference_stands_for_any_value);
    tcase_add_test(tests, what_one_client_sends_to_one_engine_runs_in_order);
    tcase_add_test(tests, a_push_is_there_before_balanced_work);
}

int main(void)
{
    return e2e_main("names", add_tests);
}
