//  The tests of IPython Parallel's direct view, under their names there: docs/ipyparallel-parity.md.
#include "e2e_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(double, half, (double x)) { return x / 2; }
IPC_REMOTE(int64_t, add_global, (int64_t x)) { return x + ipc_value_i64(ipc_ns_get("a")); }
IPC_REMOTE(ipc_value_t, identity, (ipc_value_t x)) { return x; }
IPC_REMOTE(const char *, greet, (const char *name)) { return ipc_text("Grüß Gott, %s", name); }
IPC_REMOTE(int64_t, first_of, (ipc_value_t list)) { return ipc_value_i64(ipc_value_at(list, 0)); }
IPC_REMOTE(int64_t, member_of, (ipc_value_t dict)) { return ipc_value_i64(ipc_value_get(dict, "key")); }
IPC_REMOTE(void, die, (void)) { raise(SIGKILL); }
IPC_REMOTE(int64_t, at_gate, (const char *path)) { gate_await(path); return ipc_engine_id(); }
IPC_REMOTE(void, divide, (int by))
{
    if (by == 0)
        ipc_raise("ZeroDivisionError", "division by zero");
}
IPC_REMOTE(double, sum, (const ipc_array_t *x))
{
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) total += ipc_array_f64(x)[i];
    return total;
}
IPC_REMOTE(int64_t, publish_twice, (void))
{
    ipc_publish("d", 0);
    ipc_publish("d", 10 + ipc_engine_id());
    return ipc_engine_id();
}
IPC_REMOTE(void, publish_steps, (const char *path))
{
    ipc_publish("step", 1);
    gate_await(path);
    ipc_publish("step", 2);
}
// clang-format on

//  Fails the test unless the array is of this dtype and shape, with these bytes.
static void assert_array(const ipc_array_t *x, ipc_dtype_t dtype, const void *data, size_t rows, size_t columns)
{
    ck_assert_ptr_nonnull(x);
    ck_assert_int_eq(ipc_array_dtype(x), dtype);
    ck_assert_int_eq(ipc_array_ndim(x), 2);
    ck_assert_uint_eq(ipc_array_shape(x)[0], rows);
    ck_assert_uint_eq(ipc_array_shape(x)[1], columns);
    ck_assert_int_eq(memcmp(ipc_array_data(x), data, ipc_array_size(x)), 0);
}

//  The engine's death is the task's error; its id is served again, by a new process.
START_TEST(z_crash_mux)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.one, die);
    ck_assert(ipc_result_wait(r, 10000));
    ck_assert_int_eq(ipc_result_error(r)->code, IPC_E_CRASH);
    ck_assert_str_eq(ipc_result_error(r)->kind, "SIGKILL");
    assert_prints(ipc_apply_sync(s.one, my_id), "0");
    session_close(&s);
}
END_TEST

START_TEST(len)
{
    session_t s = session_open();
    ck_assert_uint_eq(ipc_view_count(s.one), 1);
    ck_assert_uint_eq(ipc_view_count(view_of(&s, "0,2")), 2);
    ck_assert_uint_eq(ipc_view_count(view_of(&s, ":")), ENGINES);
    ck_assert_uint_eq(ipc_view_count(s.all), ENGINES);
    ck_assert_uint_eq(ipc_view_count(s.any), ENGINES);
    session_close(&s);
}
END_TEST

//  --- Names ----------------------------------------------------------------------------------------------------

START_TEST(push_pull)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "a", 5));
    assert_prints(ipc_pull_sync(s.all, "a"), "[5, 5, 5, 5]");
    assert_ok(ipc_push_sync(s.all, "b", ipc_dict("list", ipc_list(1, 2.5, "x"), "none", ipc_none())));
    assert_prints(ipc_pull_sync(s.one, "b"), "{\"list\": [1, 2.5, \"x\"], \"none\": null}");
    assert_ok(ipc_push_sync(view_of(&s, "2"), "a", 6));
    assert_prints(ipc_pull_sync(s.all, "a"), "[5, 5, 6, 5]");
    ck_assert_str_eq(ipc_result_error(ipc_pull_sync(s.one, "nobody"))->kind, "NameError");
    session_close(&s);
}
END_TEST

//  Functions see the names of the engine that runs them.
START_TEST(push_function_globals)
{
    session_t s = session_open();
    assert_ok(ipc_view_clear(s.all));
    ck_assert_str_eq(ipc_result_error(ipc_apply_sync(s.one, add_global, 1))->kind, "NameError");
    for (int i = 0; i < ENGINES; i++) {
        char target[16];
        snprintf(target, sizeof target, "%d", i);
        ipc_push(view_of(&s, target), "a", 10 * i);
    }
    assert_prints(ipc_apply_sync(s.all, add_global, 1), "[1, 11, 21, 31]");
    session_close(&s);
}
END_TEST

START_TEST(push_pull_recarray)
{
    struct record { int32_t id; double weight; } records[3] = {{1, 0.5}, {2, 1.5}, {-3, 1e300}};
    session_t s = session_open();
    ipc_push(s.one, "records", ipc_view2(IPC_U8, records, 3, sizeof records[0])); // as bytes, a row each
    const ipc_array_t *x = ipc_result_array(ipc_pull_sync(s.one, "records"), 0);
    assert_array(x, IPC_U8, records, 3, sizeof records[0]);
    ck_assert_double_eq(((const struct record *) ipc_array_data(x))[2].weight, 1e300);
    session_close(&s);
}
END_TEST

//  --- Scatter and gather -----------------------------------------------------------------------------------------

START_TEST(scatter_gather)
{
    static const size_t lengths[] = {1, 3, 4, 5, 7, 13, 64, 101};
    session_t s = session_open();
    double x[101];
    for (int i = 0; i < 101; i++) x[i] = i;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_ok(ipc_scatter_sync(s.all, "x", ipc_f64(x, lengths[i])));
        const ipc_array_t *back = ipc_result_joined(ipc_gather_sync(s.all, "x"));
        ck_assert_uint_eq(ipc_array_count(back), lengths[i]);
        ck_assert_int_eq(memcmp(ipc_array_data(back), x, lengths[i] * sizeof x[0]), 0);
    }
    ck_assert_str_eq(ipc_result_error(ipc_gather_sync(s.all, "nobody"))->kind, "NameError");
    session_close(&s);
}
END_TEST

//  The engines of the moment of each call.
START_TEST(scatter_gather_lazy)
{
    session_t s = session_open();
    ipc_view_t *lazy = ipc_direct_view(s.client, NULL, NULL);
    ipc_scatter(lazy, "x", ipc_range(0, 10));
    assert_prints(ipc_gather_sync(lazy, "x"), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]");
    session_close(&s);
}
END_TEST

START_TEST(scatter_gather_numpy)
{
    session_t s = session_open();
    float x[7][2];
    for (int i = 0; i < 14; i++) x[i / 2][i % 2] = (float) i;
    ipc_scatter(s.all, "x", ipc_view2(IPC_F32, x, 7, 2));
    assert_array(ipc_result_joined(ipc_gather_sync(s.all, "x")), IPC_F32, x, 7, 2);
    session_close(&s);
}
END_TEST

//  Neither waits; what is gathered is what was scattered before.
START_TEST(scatter_gather_nonblocking)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_apply(s.all, at_gate, (const char *) gate.path);
    ipc_result_t *sent = ipc_scatter(s.all, "x", ipc_range(0, 5)), *back = ipc_gather(s.all, "x");
    ck_assert(!ipc_result_wait(sent, 0));
    ck_assert(!ipc_result_wait(back, 0));
    gate_open(&gate);
    assert_prints(back, "[0, 1, 2, 3, 4]");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  --- Map --------------------------------------------------------------------------------------------------------

START_TEST(map)
{
    static const int64_t primes[] = {2, 3, 5, 7, 11, 97};
    session_t s = session_open();
    for (size_t p = 0; p < sizeof primes / sizeof primes[0]; p++) {
        ipc_result_t *r = ipc_map_sync(s.all, square, ipc_range(0, primes[p]));
        ck_assert_uint_eq(ipc_result_count(r), (size_t) primes[p]);
        for (int64_t i = 0; i < primes[p]; i++) ck_assert_int_eq(ipc_result_i64(r, (size_t) i), i * i);
    }
    session_close(&s);
}
END_TEST

START_TEST(map_empty_sequence)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.all, square, ipc_value_from_list(NULL, 0));
    ck_assert(ipc_result_wait(r, 0));
    ck_assert(ipc_result_ok(r));
    assert_prints(r, "[]");
    session_close(&s);
}
END_TEST

static bool count_to_101(void *context, ipc_value_t *item)
{
    int64_t *next = context;
    *item = ipc_value_from_i64(*next);
    return (*next)++ < 101;
}

//  Items of no known length.
START_TEST(map_iterable)
{
    session_t s = session_open();
    int64_t next = 0, seen = 0;
    ipc_imap_t *items = ipc_imap(s.all, square, count_to_101, &next);
    for (ipc_item_t *item; (item = ipc_imap_next(items)); seen++)
        ck_assert_int_eq(ipc_value_i64(item->value), seen * seen);
    ck_assert_int_eq(seen, 101);
    ipc_imap_destroy(&items);
    session_close(&s);
}
END_TEST

START_TEST(map_numpy)
{
    session_t s = session_open();
    double x[17];
    for (int i = 0; i < 17; i++) x[i] = i;
    const ipc_array_t *halves = ipc_result_joined(ipc_map_sync(s.all, half, ipc_f64(x, 17)));
    ck_assert_uint_eq(ipc_array_count(halves), 17);
    for (int i = 0; i < 17; i++) ck_assert_double_eq(ipc_array_f64(halves)[i], x[i] / 2);
    ipc_result_t *rows = ipc_map_sync(s.all, sum, ipc_view2(IPC_F64, x, 8, 2));
    ck_assert_double_eq(ipc_result_f64(rows, 7), 29);
    session_close(&s);
}
END_TEST

//  Items that are references: each is what its engine has under the name.
START_TEST(map_reference)
{
    session_t s = session_open();
    ipc_scatter(s.all, "n", ipc_range(10, 14));
    assert_prints(ipc_map_sync(s.all, first_of, ipc_list(ipc_ref("n"), ipc_ref("n"), ipc_ref("n"), ipc_ref("n"))),
                  "[10, 11, 12, 13]");
    session_close(&s);
}
END_TEST

START_TEST(single_engine_map)
{
    session_t s = session_open();
    for (int i = 0; i < ENGINES; i++) {
        char target[16];
        snprintf(target, sizeof target, "%d", i);
        ipc_result_t *r = ipc_map_sync(view_of(&s, target), square, ipc_range(0, 7));
        assert_prints(r, "[0, 1, 4, 9, 16, 25, 36]");
        for (size_t k = 0; k < 7; k++) ck_assert_int_eq(ipc_result_item(r, k)->engine, i);
    }
    session_close(&s);
}
END_TEST

//  --- Arguments --------------------------------------------------------------------------------------------------

START_TEST(apply_numpy)
{
    session_t s = session_open();
    unsigned char bytes[96 * 16];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char) (i % 2); // also for bool
    for (int dtype = 0; dtype < IPC_DTYPE_COUNT; dtype++) {
        ipc_result_t *r = ipc_apply_sync(s.one, identity, ipc_view2((ipc_dtype_t) dtype, bytes, 12, 8));
        assert_array(ipc_result_array(r, 0), (ipc_dtype_t) dtype, bytes, 12, 8);
    }
    session_close(&s);
}
END_TEST

//  What has no dtype is a list; arrays within it stay arrays.
START_TEST(apply_numpy_object_dtype)
{
    session_t s = session_open();
    const double x[] = {1, 2};
    ipc_value_t mixed = ipc_list(ipc_dict("a", ipc_f64(x, 2)), ipc_none(), "text", ipc_list(ipc_bool(true), 7));
    assert_prints(ipc_apply_sync(s.one, identity, mixed), "[{\"a\": [1, 2]}, null, \"text\", [true, 7]]");
    session_close(&s);
}
END_TEST

//  When may a buffer be written again? When the call has returned: for each way to send one. The engines wait
//  meanwhile.
static void send_and_overwrite(int way)
{
    enum { COUNT = 4 * 30000 };
    session_t s = session_open();
    gate_t gate = gate_new();
    double *x = malloc(COUNT * sizeof x[0]);
    for (int i = 0; i < COUNT; i++) x[i] = 1;
    ipc_apply(s.all, at_gate, (const char *) gate.path);
    ipc_result_t *r = way == 0 ? ipc_apply(s.all, sum, ipc_f64(x, COUNT))
                    : way == 1 ? ipc_push(s.all, "x", ipc_f64(x, COUNT))
                               : ipc_scatter(s.all, "x", ipc_f64(x, COUNT));
    for (int i = 0; i < COUNT; i++) x[i] = 2;
    ck_assert(!ipc_result_wait(r, 0));
    gate_open(&gate);
    r = way == 0 ? r : ipc_apply_sync(s.all, sum, ipc_ref("x"));
    for (size_t i = 0; i < ENGINES; i++) ck_assert_double_eq(ipc_result_f64(r, i), way == 2 ? COUNT / 4 : COUNT);
    free(x);
    gate_remove(&gate);
    session_close(&s);
}

START_TEST(apply_tracked) { send_and_overwrite(0); } END_TEST
START_TEST(push_tracked) { send_and_overwrite(1); } END_TEST
START_TEST(scatter_tracked) { send_and_overwrite(2); } END_TEST

START_TEST(remote_reference)
{
    session_t s = session_open();
    ipc_push(s.all, "a", 123);
    assert_prints(ipc_apply_sync(s.all, square, ipc_ref("a")), "[15129, 15129, 15129, 15129]");
    session_close(&s);
}
END_TEST

START_TEST(reference_nameerror)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, square, ipc_ref("elvis_has_left"));
    for (size_t i = 0; i < ENGINES; i++) ck_assert_str_eq(ipc_result_error_at(r, i)->kind, "NameError");
    session_close(&s);
}
END_TEST

START_TEST(can_list_arg)
{
    session_t s = session_open();
    ipc_push(s.all, "a", 5);
    assert_prints(ipc_apply_sync(s.one, first_of, ipc_list(ipc_ref("a"), 1)), "5");
    session_close(&s);
}
END_TEST

START_TEST(can_dict_arg)
{
    session_t s = session_open();
    ipc_push(s.all, "a", 5);
    assert_prints(ipc_apply_sync(s.one, member_of, ipc_dict("other", 1, "key", ipc_ref("a"))), "5");
    session_close(&s);
}
END_TEST

START_TEST(unicode_apply_arg)
{
    session_t s = session_open();
    ipc_push(s.one, "größe", "Ω≈ç√∫ 日本");
    assert_prints(ipc_apply_sync(s.one, identity, "é"), "\"é\"");
    assert_prints(ipc_pull_sync(s.one, "größe"), "\"Ω≈ç√∫ 日本\"");
    session_close(&s);
}
END_TEST

START_TEST(unicode_apply_result)
{
    session_t s = session_open();
    ck_assert_str_eq(ipc_result_str(ipc_apply_sync(s.one, greet, "Åse"), 0), "Grüß Gott, Åse");
    session_close(&s);
}
END_TEST

//  --- Aborts -----------------------------------------------------------------------------------------------------

static void assert_aborted(ipc_result_t *r)
{
    for (size_t i = 0; i < ipc_result_count(r); i++)
        ck_assert_str_eq(ipc_result_error_at(r, i)->kind, "TaskAborted");
}

//  What waits is aborted at once; what came before it finishes.
START_TEST(abort_)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *first = ipc_apply(s.all, at_gate, (const char *) gate.path), *waits = ipc_apply(s.all, my_id),
                 *last = ipc_apply(s.all, my_id);
    ipc_result_abort(waits);
    assert_aborted(waits); // with the first still at the gate
    gate_open(&gate);
    assert_prints(first, "[0, 1, 2, 3]");
    assert_prints(last, "[0, 1, 2, 3]");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(abort_all)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *done = ipc_apply_sync(s.all, my_id), *results[3];
    for (int i = 0; i < 3; i++) results[i] = ipc_apply(s.all, at_gate, (const char *) gate.path);
    ipc_client_abort(s.client);
    ck_assert(ipc_client_wait_all(s.client, 10000)); // nobody opened the gate
    for (int i = 0; i < 3; i++) assert_aborted(results[i]);
    assert_prints(done, "[0, 1, 2, 3]");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  --- Published data -----------------------------------------------------------------------------------------------

START_TEST(data_pub)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, publish_twice);
    for (size_t i = 0; i < ENGINES; i++)
        ck_assert_int_eq(ipc_value_i64(ipc_result_published(r, i, "d")), 10 + (int64_t) i);
    session_close(&s);
}
END_TEST

START_TEST(data_pub_single)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, publish_twice);
    ck_assert_int_eq(ipc_value_i64(ipc_result_published(r, 0, "d")), 10);
    session_close(&s);
}
END_TEST

START_TEST(await_data)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply(s.one, publish_steps, (const char *) gate.path);
    ck_assert(ipc_result_wait_published(r, 10000));
    ck_assert_int_eq(ipc_value_i64(ipc_result_published(r, 0, "step")), 1); // while it runs
    ck_assert_uint_eq(ipc_result_done(r), 0);
    gate_open(&gate);
    assert_ok(r);
    ck_assert_int_eq(ipc_value_i64(ipc_result_published(r, 0, "step")), 2);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  --- Errors -------------------------------------------------------------------------------------------------------

static size_t count_in(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)); at++) count++;
    return count;
}

START_TEST(compositeerror_render_exception)
{
    session_t s = session_open();
    char *text = error_text_of(ipc_result_error(ipc_apply_sync(s.all, divide, 0)));
    ck_assert_uint_eq(count_in(text, "ZeroDivisionError: division by zero"), ENGINES);
    ck_assert_uint_eq(count_in(text, "parity_view.c:"), ENGINES);
    ck_assert_uint_eq(count_in(text, "more"), 0);
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(compositeerror_truncate)
{
    session_t s = session_open();
    char *text = error_text_of(ipc_result_error(ipc_apply_sync(view_of(&s, "0,1,2,3,0,1,2,3,0,1"), divide, 0)));
    ck_assert_uint_eq(count_in(text, "ZeroDivisionError: division by zero"), 4);
    ck_assert_uint_eq(count_in(text, "… and 6 more\n"), 1);
    free(text);
    session_close(&s);
}
END_TEST

//  Options of a view for some calls, and then those of before.
START_TEST(temp_flags)
{
    session_t s = session_open();
    ck_assert_int_eq(ipc_view_set_options(s.one, &(ipc_options_t){.label = "for a while"}, NULL), 0);
    ck_assert_str_eq(ipc_result_metadata(ipc_apply_sync(s.one, my_id), 0)->label, "for a while");
    ck_assert_int_eq(ipc_view_set_options(s.one, NULL, NULL), 0);
    ck_assert_str_eq(ipc_result_metadata(ipc_apply_sync(s.one, my_id), 0)->label, "");
    session_close(&s);
}
END_TEST

START_TEST(nested_getitem_setitem)
{
    session_t s = session_open();
    ipc_push(s.all, "a", ipc_dict("b", 1, "list", ipc_list(5, 6, 7)));
    ipc_push(s.all, "a.b", 128);
    assert_prints(ipc_pull_sync(s.all, "a.b"), "[128, 128, 128, 128]");
    assert_prints(ipc_pull_sync(s.one, "a"), "{\"b\": 128, \"list\": [5, 6, 7]}");
    assert_prints(ipc_pull_sync(s.one, "a.list[1]"), "6");
    session_close(&s);
}
END_TEST

//  A reference that leads into a value.
START_TEST(eval_reference)
{
    session_t s = session_open();
    ipc_scatter(s.all, "g", ipc_range(0, 8));
    assert_prints(ipc_apply_sync(s.all, square, ipc_ref("g[1]")), "[1, 9, 25, 49]");
    assert_prints(ipc_apply_sync(s.all, square, ipc_ref("g[9]")),
                  "[<NameError>, <NameError>, <NameError>, <NameError>]");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, z_crash_mux);
    tcase_add_test(tests, len);
    tcase_add_test(tests, push_pull);
    tcase_add_test(tests, push_function_globals);
    tcase_add_test(tests, push_pull_recarray);
    tcase_add_test(tests, scatter_gather);
    tcase_add_test(tests, scatter_gather_lazy);
    tcase_add_test(tests, scatter_gather_numpy);
    tcase_add_test(tests, scatter_gather_nonblocking);
    tcase_add_test(tests, map);
    tcase_add_test(tests, map_empty_sequence);
    tcase_add_test(tests, map_iterable);
    tcase_add_test(tests, map_numpy);
    tcase_add_test(tests, map_reference);
    tcase_add_test(tests, single_engine_map);
    tcase_add_test(tests, apply_numpy);
    tcase_add_test(tests, apply_numpy_object_dtype);
    tcase_add_test(tests, apply_tracked);
    tcase_add_test(tests, push_tracked);
    tcase_add_test(tests, scatter_tracked);
    tcase_add_test(tests, remote_reference);
    tcase_add_test(tests, reference_nameerror);
    tcase_add_test(tests, can_list_arg);
    tcase_add_test(tests, can_dict_arg);
    tcase_add_test(tests, unicode_apply_arg);
    tcase_add_test(tests, unicode_apply_result);
    tcase_add_test(tests, abort_);
    tcase_add_test(tests, abort_all);
    tcase_add_test(tests, data_pub);
    tcase_add_test(tests, data_pub_single);
    tcase_add_test(tests, await_data);
    tcase_add_test(tests, compositeerror_render_exception);
    tcase_add_test(tests, compositeerror_truncate);
    tcase_add_test(tests, temp_flags);
    tcase_add_test(tests, nested_getitem_setitem);
    tcase_add_test(tests, eval_reference);
}

int main(void)
{
    return e2e_main("parity_view", add_tests);
}
