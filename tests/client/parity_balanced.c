//  The tests of IPython Parallel's balanced view, its dependencies and its executor, under their names there:
//  docs/ipyparallel-parity.md.
#include "e2e_support.h"

#include <signal.h>
#include <stdatomic.h>
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

IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(double, clock_at_start, (void)) { return clock_now(); }
IPC_REMOTE(double, clock_at_end, (void)) { usleep(20000); return clock_now(); }
IPC_REMOTE(int64_t, at_gate, (const char *path)) { gate_await(path); return ipc_engine_id(); }
IPC_REMOTE(int64_t, first_waits, (int64_t item))
{
    if (item == 0)
        gate_await(ipc_value_str(ipc_ns_get("gate")));
    return item;
}
IPC_REMOTE(int64_t, fails, (int64_t item)) { ipc_raise("ZeroDivisionError", "item %d", (int) item); }
IPC_REMOTE(int64_t, fails_at_odd, (int64_t item))
{
    if (item % 2)
        ipc_raise("OddError", "item %d", (int) item);
    return item;
}
IPC_REMOTE(int64_t, dies_at_3, (int64_t item))
{
    if (item == 3)
        raise(SIGKILL);
    return item;
}
IPC_REMOTE(int64_t, needs_name, (const char *name))
{
    if (!ipc_ns_has(name))
        ipc_refuse("engine %d has no %s", (int) ipc_engine_id(), name);
    return ipc_engine_id();
}
IPC_REMOTE(int64_t, subtract, (int64_t a, int64_t b)) { return a - b; }
// clang-format on

static void assert_kind(ipc_result_t *r, const char *kind)
{
    ck_assert(!ipc_result_ok(r));
    ck_assert_str_eq(ipc_result_error(r)->kind, kind);
}

START_TEST(z_crash)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.any, dies_at_3, ipc_range(0, 8));
    ck_assert(ipc_result_wait(r, 10000));
    assert_prints(r, "[0, 1, 2, <SIGKILL>, 4, 5, 6, 7]");
    assert_prints(ipc_map_sync(s.any, square, ipc_range(0, 4)), "[0, 1, 4, 9]");
    session_close(&s);
}
END_TEST

//  --- Map --------------------------------------------------------------------------------------------------------

//  A map whose first item does not end before the others, and the place at which it came.
static size_t place_of_first(bool in_order)
{
    enum { ITEMS = 12 };
    session_t s = session_open();
    gate_t gate = gate_new();
    size_t place = ITEMS;
    ipc_push(s.all, "gate", (const char *) gate.path);
    ipc_result_t *r = ipc_map_with(s.any, first_waits, ipc_range(0, ITEMS), &(ipc_options_t){.chunk = 1});
    for (size_t i = 0; i < ITEMS; i++) {
        if (in_order || i == ITEMS - 1) // nothing else is left
            gate_open(&gate);
        ipc_item_t *item = in_order ? ipc_result_item(r, i) : ipc_result_next(r);
        ck_assert_ptr_nonnull(item);
        if (in_order)
            ck_assert_int_eq(ipc_value_i64(item->value), (int64_t) i);
        place = item->index == 0 ? i : place;
    }
    ck_assert_int_eq(ipc_array_i64(ipc_result_joined(r))[ITEMS - 1], ITEMS - 1); // whatever the order of reading
    gate_remove(&gate);
    session_close(&s);
    return place;
}

START_TEST(map_unordered) { ck_assert_uint_eq(place_of_first(false), 11); } END_TEST

static bool count_up(void *context, ipc_value_t *item)
{
    *item = ipc_value_from_i64((*(int64_t *) context)++);
    return true;
}

START_TEST(map_ordered) { ck_assert_uint_eq(place_of_first(true), 0); } END_TEST

START_TEST(imap_max_outstanding)
{
    session_t s = session_open();
    int64_t taken = 0;
    ipc_imap_t *items = ipc_imap_with(s.any, square, count_up, &taken, &(ipc_imap_options_t){.outstanding = 5});
    for (int64_t i = 0; i < 50; i++) {
        ck_assert_int_eq(ipc_value_i64(ipc_imap_next(items)->value), i * i);
        ck_assert_int_le(taken, i + 1 + 5);
    }
    ipc_imap_destroy(&items);
    session_close(&s);
}
END_TEST

//  cancel() stops the input; what is under way comes.
START_TEST(imap_infinite)
{
    session_t s = session_open();
    int64_t taken = 0, given = 0;
    ipc_imap_t *items = ipc_imap(s.any, square, count_up, &taken);
    while (given < 20 && ipc_imap_next(items)) given++;
    ipc_imap_cancel(items);
    int64_t stopped_at = taken;
    while (ipc_imap_next(items)) given++;
    ck_assert_int_eq(taken, stopped_at);
    ck_assert_int_eq(given, taken);
    ipc_imap_destroy(&items);
    session_close(&s);
}
END_TEST

START_TEST(imap_unordered)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    int64_t taken = 0;
    ipc_push(s.all, "gate", (const char *) gate.path);
    ipc_imap_options_t options = {.unordered = true, .outstanding = 8, .call = {.chunk = 1}};
    ipc_imap_t *items = ipc_imap_with(s.any, first_waits, count_up, &taken, &options);
    for (int i = 0; i < 40; i++) ck_assert_uint_ne(ipc_imap_next(items)->index, 0);
    gate_open(&gate);
    ipc_imap_cancel(items);
    size_t firsts = 0;
    for (ipc_item_t *item; (item = ipc_imap_next(items));) firsts += item->index == 0;
    ck_assert_uint_eq(firsts, 1);
    ipc_imap_destroy(&items);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(imap_return_exceptions)
{
    session_t s = session_open();
    int64_t taken = 0;
    ipc_imap_t *items = ipc_imap(s.any, fails_at_odd, count_up, &taken);
    for (int64_t i = 0; i < 10; i++) {
        ipc_item_t *item = ipc_imap_next(items);
        if (i % 2)
            ck_assert_str_eq(item->error->kind, "OddError");
        else
            ck_assert_int_eq(ipc_value_i64(item->value), i);
    }
    ipc_imap_destroy(&items);
    session_close(&s);
}
END_TEST

//  --- Retries and deadlines --------------------------------------------------------------------------------------

//  The task's own error after all retries, also when they are more than the engines: it always ends.
START_TEST(retries)
{
    session_t s = session_open();
    for (int retries = 0; retries <= ENGINES + 1; retries++) {
        ipc_options_t options = {.retries = retries, .timeout_ms = 10000};
        ipc_result_t *r = ipc_apply_with_sync(s.any, &options, fails, retries);
        assert_kind(r, "ZeroDivisionError");
        ck_assert_int_eq(ipc_result_metadata(r, 0)->attempts, retries + 1);
    }
    session_close(&s);
}
END_TEST

//  A deadline for the start does not end what has started.
START_TEST(short_timeout)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_options_t options = {.timeout_ms = 100, .retries = 1};
    ipc_result_t *r = ipc_apply_with(s.any, &options, at_gate, (const char *) gate.path);
    ck_assert(!ipc_result_wait(r, 250));
    gate_open(&gate);
    assert_ok(r);
    assert_fails(ipc_apply_with(s.any, (&(ipc_options_t){.timeout_ms = -1}), my_id), "argument");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  --- Dependencies ----------------------------------------------------------------------------------------------

START_TEST(invalid_dependency)
{
    session_t s = session_open(), other = session_open();
    ipc_result_t *theirs = ipc_apply_sync(other.any, my_id), *none = NULL;
    assert_kind(ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(theirs)}), my_id), "InvalidDependency");
    assert_kind(ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow(none)}), my_id), "InvalidDependency");
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(impossible_dependency)
{
    session_t s = session_open();
    ipc_result_t *on_0 = ipc_apply(s.one, my_id), *on_1 = ipc_apply(view_of(&s, "1"), my_id);
    assert_kind(ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow(on_0, on_1)}), my_id),
                "ImpossibleDependency");
    ipc_result_t *failed = ipc_apply(s.any, fails, 1);
    assert_kind(ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(failed)}), my_id), "ImpossibleDependency");
    assert_kind(failed, "ZeroDivisionError");
    session_close(&s);
}
END_TEST

START_TEST(follow)
{
    session_t s = session_open();
    for (int i = 0; i < 8; i++) {
        ipc_result_t *leader = ipc_apply(s.any, my_id);
        ipc_result_t *follower = ipc_apply_with(s.any, (&(ipc_options_t){.follow = ipc_follow(leader)}), my_id);
        assert_ok(follower);
        ck_assert_int_eq(ipc_result_i64(follower, 0), ipc_result_i64(leader, 0));
    }
    session_close(&s);
}
END_TEST

START_TEST(after)
{
    session_t s = session_open();
    ipc_result_t *first = ipc_apply(s.any, clock_at_end);
    ipc_result_t *then = ipc_apply_with(s.any, (&(ipc_options_t){.after = ipc_after(first)}), clock_at_start);
    assert_ok(then);
    ck_assert_double_ge(ipc_result_f64(then, 0), ipc_result_f64(first, 0));
    session_close(&s);
}
END_TEST

//  What comes of waiting for one that succeeds, or one that fails, with these ends counting.
static const char *outcome(session_t *s, bool parent_fails, bool success, bool failure)
{
    ipc_result_t *parent = parent_fails ? ipc_apply(s->any, fails, 1) : ipc_apply(s->any, square, 1);
    ipc_result_t *const parents[] = {parent};
    ipc_dependency_t after = {.results = parents, .count = 1, .success = success, .failure = failure};
    ipc_result_t *r = ipc_apply_with_sync(s->any, (&(ipc_options_t){.after = &after}), my_id);
    (void) ipc_result_error(parent);
    return ipc_result_ok(r) ? "ran" : ipc_result_error(r)->kind;
}

START_TEST(success_only)
{
    session_t s = session_open();
    ck_assert_str_eq(outcome(&s, false, true, false), "ran");
    ck_assert_str_eq(outcome(&s, true, true, false), "ImpossibleDependency");
    ck_assert_str_eq(outcome(&s, true, false, false), "ImpossibleDependency"); // the default
    session_close(&s);
}
END_TEST

START_TEST(failure_only)
{
    session_t s = session_open();
    ck_assert_str_eq(outcome(&s, true, false, true), "ran");
    ck_assert_str_eq(outcome(&s, false, false, true), "ImpossibleDependency");
    ck_assert_str_eq(outcome(&s, true, true, true), "ran"); // either
    ck_assert_str_eq(outcome(&s, false, true, true), "ran");
    session_close(&s);
}
END_TEST

//  A task goes where what it requires is.
START_TEST(require_objects)
{
    session_t s = session_open();
    assert_ok(ipc_view_clear(s.all));
    ipc_push(view_of(&s, "2"), "table", 1);
    for (int i = 0; i < 8; i++) assert_prints(ipc_apply_sync(s.any, needs_name, "table"), "2");
    ipc_result_t *r = ipc_apply_sync(s.any, needs_name, "nowhere");
    assert_kind(r, "ImpossibleDependency");
    assert_kind(ipc_apply_sync(s.one, needs_name, "table"), "ImpossibleDependency"); // a direct view has no choice
    session_close(&s);
}
END_TEST

START_TEST(require_imports)
{
    session_t s = session_open();
    assert_fails(ipc_require_sync(s.all, "no_such_module"), "no_such_module");
    assert_fails(ipc_apply_named_sync(s.any, "no_such_module.function", 1), "no_such_module");
    session_close(&s);
}
END_TEST

//  --- As concurrent.futures has it --------------------------------------------------------------------------------

static void count_call(ipc_result_t *result, void *context)
{
    (void) result;
    atomic_fetch_add((atomic_int *) context, 1);
}

//  submit, map, as_completed, callbacks, shutdown that waits and stops no engine.
START_TEST(executor)
{
    session_t s = session_open();
    atomic_int called = 0;
    ipc_result_t *futures[10];
    for (int i = 0; i < 10; i++) {
        futures[i] = ipc_apply(s.any, square, i);
        ck_assert(ipc_result_on_done(futures[i], count_call, &called));
    }
    int64_t sum = 0;
    for (int64_t i; (i = ipc_wait_any(futures, 10, IPC_FOREVER)) >= 0; futures[i] = NULL)
        sum += ipc_result_i64(futures[i], 0);
    ck_assert_int_eq(sum, 285);
    assert_prints(ipc_map_sync(s.any, square, ipc_range(0, 3)), "[0, 1, 4]");
    ipc_apply(s.any, clock_at_end);
    ck_assert(ipc_client_wait_all(s.client, IPC_FOREVER));
    session_close(&s); // callbacks that are due are made
    ck_assert_int_eq(called, 10);
    s = session_open();
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(map_short_first)
{
    session_t s = session_open();
    assert_prints(ipc_map_sync(s.any, subtract, ipc_zip(ipc_range(0, 4), ipc_range(0, 10))), "[0, 0, 0, 0]");
    assert_prints(ipc_map_sync(s.all, subtract, ipc_zip(ipc_range(0, 0), ipc_range(0, 10))), "[]");
    session_close(&s);
}
END_TEST

START_TEST(map_short_last)
{
    session_t s = session_open();
    assert_prints(ipc_map_sync(s.any, subtract, ipc_zip(ipc_range(10, 20), ipc_list(1, 2, 3))), "[9, 9, 9]");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, z_crash);
    tcase_add_test(tests, map_unordered);
    tcase_add_test(tests, map_ordered);
    tcase_add_test(tests, imap_max_outstanding);
    tcase_add_test(tests, imap_infinite);
    tcase_add_test(tests, imap_unordered);
    tcase_add_test(tests, imap_return_exceptions);
    tcase_add_test(tests, retries);
    tcase_add_test(tests, short_timeout);
    tcase_add_test(tests, invalid_dependency);
    tcase_add_test(tests, impossible_dependency);
    tcase_add_test(tests, follow);
    tcase_add_test(tests, after);
    tcase_add_test(tests, success_only);
    tcase_add_test(tests, failure_only);
    tcase_add_test(tests, require_objects);
    tcase_add_test(tests, require_imports);
    tcase_add_test(tests, executor);
    tcase_add_test(tests, map_short_first);
    tcase_add_test(tests, map_short_last);
}

int main(void)
{
    return e2e_main("parity_balanced", add_tests);
}
