//  The tests of IPython Parallel's asynchronous results, under their names there: docs/ipyparallel-parity.md.
#include "e2e_support.h"
#include "tests/controller/raw_peer.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NAP_MS = 60 };

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int64_t, nap, (int64_t ms)) { usleep((useconds_t) ms * 1000); return ms; }
IPC_REMOTE(int64_t, at_gate, (const char *path)) { gate_await(path); return ipc_engine_id(); }
IPC_REMOTE(int64_t, fails_at_odd, (int64_t item))
{
    if (item % 2)
        ipc_raise("OddError", "item %d", (int) item);
    return item;
}
IPC_REMOTE(void, say_and_fail, (void)) { printf("before\n"); ipc_raise("Failed", "after a line"); }
IPC_REMOTE(void, say_if_even, (void))
{
    if (ipc_engine_id() % 2 == 0)
        printf("engine %d\n", (int) ipc_engine_id());
}
// clang-format on

//  --- Shapes -----------------------------------------------------------------------------------------------------

START_TEST(single_result_view)
{
    session_t s = session_open();
    assert_prints(ipc_apply_sync(s.one, my_id), "0");
    assert_prints(ipc_apply_sync(view_of(&s, "[0]"), my_id), "[0]");
    assert_prints(ipc_apply_sync(view_of(&s, "0:1"), my_id), "[0]");
    session_close(&s);
}
END_TEST

START_TEST(get_dict)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(view_of(&s, "3,1,2"), my_id);
    for (int engine = 1; engine < ENGINES; engine++) {
        int64_t i = ipc_result_by_engine(r, engine, NULL);
        ck_assert_int_ge(i, 0);
        ck_assert_int_eq(ipc_result_i64(r, (size_t) i), engine);
    }
    session_close(&s);
}
END_TEST

START_TEST(get_dict_single)
{
    session_t s = session_open();
    ck_assert_int_eq(ipc_result_by_engine(ipc_apply_sync(view_of(&s, "2"), my_id), 2, NULL), 0);
    session_close(&s);
}
END_TEST

//  One engine ran two of the tasks.
START_TEST(get_dict_bad)
{
    session_t s = session_open();
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_int_eq(ipc_result_by_engine(ipc_apply_sync(view_of(&s, "1,1"), my_id), 1, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    session_close(&s);
}
END_TEST

START_TEST(getitem)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.any, square, ipc_range(0, 10));
    assert_prints(ipc_result_slice(r, 2, 5), "[4, 9, 16]");
    ck_assert_int_eq(ipc_result_i64(r, 9), 81);
    ck_assert_ptr_nonnull(ipc_result_error_at(r, 10)); // out of range
    session_close(&s);
}
END_TEST

//  Metadata by name, before the end and after.
START_TEST(getattr)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply(s.all, at_gate, (const char *) gate.path);
    for (size_t i = 0; i < ENGINES; i++) {
        ck_assert_str_eq(ipc_result_metadata(r, i)->status, "pending");
        ck_assert_double_gt(ipc_result_metadata(r, i)->submitted, 0);
    }
    gate_open(&gate);
    assert_ok(r);
    for (size_t i = 0; i < ENGINES; i++) {
        ck_assert_str_eq(ipc_result_metadata(r, i)->status, "ok");
        ck_assert_int_eq(ipc_result_metadata(r, i)->engine, (int) i);
    }
    ck_assert_ptr_null(ipc_result_metadata(r, ENGINES));
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(split)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.all, my_id), *parts[ENGINES];
    ck_assert_uint_eq(ipc_result_split(r, parts, ENGINES), ENGINES);
    for (int i = 0; i < ENGINES; i++) ck_assert_int_eq(ipc_result_i64(parts[i], 0), i);
    assert_prints(ipc_result_join(parts, ENGINES), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

//  --- Errors -----------------------------------------------------------------------------------------------------

//  Those before a failure come, then it; then the others.
START_TEST(iter_error)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.all, fails_at_odd, ipc_range(0, 6));
    for (size_t i = 0; i < 6; i++) {
        const ipc_item_t *item = ipc_result_item(r, i);
        if (i % 2)
            ck_assert_str_eq(item->error->kind, "OddError");
        else
            ck_assert_int_eq(ipc_value_i64(item->value), (int64_t) i);
    }
    ck_assert_ptr_null(ipc_result_item(r, 6));
    session_close(&s);
}
END_TEST

//  A failure has its own position, within a chunk too.
START_TEST(return_exceptions)
{
    session_t s = session_open();
    ipc_result_t *results[] = {ipc_map_sync(s.all, fails_at_odd, ipc_range(0, 8)),
                               ipc_map_with_sync(s.any, fails_at_odd, ipc_range(0, 8), &(ipc_options_t){.chunk = 4})};
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(ipc_result_count(results[i]), 8);
        assert_prints(results[i], "[0, <OddError>, 2, <OddError>, 4, <OddError>, 6, <OddError>]");
    }
    session_close(&s);
}
END_TEST

//  What is there can be read after a failure was seen.
START_TEST(return_exceptions_postmortem)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_sync(s.any, fails_at_odd, ipc_range(0, 4));
    ck_assert(!ipc_result_ok(r));
    ck_assert_uint_eq(ipc_result_failed(r), 2);
    ck_assert_int_eq(ipc_result_i64(r, 2), 2);
    ck_assert_str_eq(ipc_result_error_at(r, 3)->text, "item 3");
    session_close(&s);
}
END_TEST

START_TEST(wait_first_exception)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *parts[] = {ipc_apply(view_of(&s, "0:3"), at_gate, (const char *) gate.path),
                             ipc_map(view_of(&s, "3"), fails_at_odd, ipc_list(1))};
    ipc_result_t *r = ipc_result_join(parts, 2);
    ck_assert(ipc_result_wait_for(r, IPC_FIRST_FAILED, 10000)); // with the others still at the gate
    ck_assert_uint_eq(ipc_result_done(r), 1);
    ck_assert_uint_eq(ipc_result_failed(r), 1);
    gate_open(&gate);
    ck_assert(ipc_result_wait(r, IPC_FOREVER));
    ck_assert_uint_eq(ipc_result_failed(r), 1);
    (void) ipc_result_error(r);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Each error names its engine and the operation.
START_TEST(error_engine_info_apply)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, say_and_fail);
    for (size_t i = 0; i < ENGINES; i++) {
        const ipc_error_t *error = ipc_result_error_at(r, i);
        ck_assert_int_eq(error->engine, (int) i);
        ck_assert_str_eq(ipc_error_method(error), "apply");
        char head[32], *text = error_text_of(error);
        snprintf(head, sizeof head, "[%d:apply]: Failed", (int) i);
        ck_assert_int_eq(strncmp(text, head, strlen(head)), 0);
        free(text);
    }
    session_close(&s);
}
END_TEST

//  Errors that a stream has shown are not told again when the result goes.
START_TEST(already_displayed)
{
    FILE *file = tmpfile();
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.one, say_and_fail);
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_result_stream(r, stream);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "[stdout:0] before\n[0:apply]: Failed: after a line"));
    free(text);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    ipc_result_destroy(&r);
    session_close(&s);
    dup2(saved, STDERR_FILENO);
    close(saved);
    fseek(file, 0, SEEK_END);
    ck_assert_int_eq(ftell(file), 0);
    fclose(file);
}
END_TEST

//  --- Output -----------------------------------------------------------------------------------------------------

//  Nobody is told what another client's tasks write or give.
START_TEST(output_of_others)
{
    session_t s = session_open();
    raw_peer_t other = raw_open_client();
    assert_ok(ipc_apply_sync(s.all, say_if_even));
    raw_add(&other, &(ipc_msg_t){.type = IPC_MSG_PING});
    raw_send(&other);
    ipc_msg_t msg = {.type = IPC_MSG_PING};
    while (msg.type != IPC_MSG_PONG) {
        ck_assert(raw_next(&other, &msg, RAW_DEADLINE_MS));
        ck_assert_msg(msg.type == IPC_MSG_PONG || msg.type == IPC_MSG_ENGINES, "%s", ipc_msg_name(msg.type));
    }
    raw_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(display_output_error)
{
    session_t s = session_open();
    char *text = display_of(ipc_apply(s.one, say_and_fail));
    ck_assert_int_eq(strncmp(text, "[stdout:0] before\n[0:apply]: Failed", 35), 0);
    free(text);
    session_close(&s);
}
END_TEST

//  --- Progress and times -----------------------------------------------------------------------------------------

//  Counts items, not messages.
START_TEST(progress)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *parts[] = {ipc_map_sync(s.all, square, ipc_range(0, 10)),
                             ipc_apply(s.all, at_gate, (const char *) gate.path)};
    ipc_result_t *r = ipc_result_join(parts, 2);
    ck_assert_uint_eq(ipc_result_count(r), 10 + ENGINES);
    ck_assert_uint_eq(ipc_result_done(r), 10);
    gate_open(&gate);
    ck_assert(ipc_result_wait(r, IPC_FOREVER));
    ck_assert_uint_eq(ipc_result_done(r), 10 + ENGINES);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(wall_time_single)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, nap, NAP_MS);
    ck_assert_double_ge(ipc_result_wall_time(r), 1e-3 * NAP_MS);
    ck_assert_double_eq(ipc_result_wall_time(r), ipc_result_wall_time(r)); // it stands still
    session_close(&s);
}
END_TEST

//  Side by side: less than one after another.
START_TEST(wall_time_multi)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, nap, 5 * NAP_MS);
    ck_assert_double_ge(ipc_result_wall_time(r), 5e-3 * NAP_MS);
    ck_assert_double_lt(ipc_result_wall_time(r), ENGINES * 5e-3 * NAP_MS);
    ck_assert_double_gt(ipc_result_speedup(r), 1);
    session_close(&s);
}
END_TEST

START_TEST(serial_time_single)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, nap, NAP_MS);
    ck_assert_double_ge(ipc_result_serial_time(r), 1e-3 * NAP_MS);
    ck_assert_double_le(ipc_result_serial_time(r), ipc_result_wall_time(r));
    session_close(&s);
}
END_TEST

START_TEST(serial_time_multi)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, nap, NAP_MS);
    ck_assert_double_ge(ipc_result_serial_time(r), ENGINES * 1e-3 * NAP_MS);
    session_close(&s);
}
END_TEST

START_TEST(elapsed_single)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply(s.one, at_gate, (const char *) gate.path);
    double first = ipc_result_elapsed(r);
    ck_assert(!ipc_result_wait(r, 20));
    ck_assert_double_ge(ipc_result_elapsed(r), first + 0.015); // it goes on
    gate_open(&gate);
    assert_ok(r);
    ck_assert_double_eq(ipc_result_elapsed(r), ipc_result_elapsed(r)); // and stops
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(elapsed_multi)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, nap, NAP_MS);
    ck_assert_double_ge(ipc_result_elapsed(r), 1e-3 * NAP_MS);
    ck_assert_double_eq_tol(ipc_result_elapsed(r), ipc_result_wall_time(r), 1e-9);
    session_close(&s);
}
END_TEST

//  Another client finds the times that the owner has.
START_TEST(hubresult_timestamps)
{
    session_t s = session_open(), other = session_open();
    ipc_result_t *r = ipc_apply_with_sync(s.one, (&(ipc_options_t){.detach = true}), nap, NAP_MS);
    assert_ok(r);
    ipc_result_t *theirs = ipc_client_fetch(other.client, ipc_result_id(r));
    assert_ok(theirs);
    const ipc_metadata_t *m = ipc_result_metadata(r, 0), *n = ipc_result_metadata(theirs, 0);
    ck_assert_double_eq(m->accepted, n->accepted);
    ck_assert_double_eq(m->sent, n->sent);
    ck_assert_double_eq(m->started, n->started);
    ck_assert_double_eq(m->finished, n->finished);
    ck_assert_double_eq(ipc_result_serial_time(r), ipc_result_serial_time(theirs));
    ipc_history_t *history = ipc_client_history(other.client, &(ipc_history_query_t){.id = ipc_result_id(r)}, NULL);
    ck_assert_double_eq(ipc_history_at(history, 0)->started, m->started);
    ck_assert_double_eq_tol(ipc_history_at(history, 0)->submitted, m->submitted, 1e-3);
    ipc_history_destroy(&history);
    session_close(&other);
    session_close(&s);
}
END_TEST

//  Nothing stays in the client of a result that its owner has freed.
START_TEST(owner_pop)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    enum { ITEMS = 5000, ROUNDS = 60, LIMIT = INT_MAX }; // they keep what was freed
#else
    enum { ITEMS = 50000, ROUNDS = 60, LIMIT = 4096 };   // KiB: 40 rounds are 16 MB of numbers
#endif
    session_t s = session_open();
    struct rusage early, late;
    for (int round = 0; round < ROUNDS; round++) {
        ipc_result_t *r = ipc_map_sync(s.any, square, ipc_range(0, ITEMS));
        ck_assert_int_eq(ipc_result_i64(r, ITEMS - 1), (int64_t) (ITEMS - 1) * (ITEMS - 1));
        ipc_result_destroy(&r);
        getrusage(RUSAGE_SELF, round < ROUNDS / 3 ? &early : &late);
    }
    ck_assert_int_lt(late.ru_maxrss - early.ru_maxrss, LIMIT);
    session_close(&s);
}
END_TEST

static void assert_displays_by(ipc_result_t *result, ipc_group_t group, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_result_display_by(result, group, stream);
    fclose(stream);
    ck_assert_str_eq(text, expected);
    free(text);
}

//  No line for the silent ones, whatever the group.
static void display_empty_streams(ipc_group_t group)
{
    session_t s = session_open();
    assert_displays_by(ipc_apply(s.all, my_id), group, "");
    ipc_result_t *r = ipc_apply(view_of(&s, "0,1"), say_if_even);
    assert_displays_by(r, group, "[stdout:0] engine 0\n");
    session_close(&s);
}

START_TEST(display_empty_streams_type) { display_empty_streams(IPC_BY_TYPE); } END_TEST
START_TEST(display_empty_streams_engine) { display_empty_streams(IPC_BY_ENGINE); } END_TEST
START_TEST(display_empty_streams_order) { display_empty_streams(IPC_BY_ORDER); } END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, single_result_view);
    tcase_add_test(tests, get_dict);
    tcase_add_test(tests, get_dict_single);
    tcase_add_test(tests, get_dict_bad);
    tcase_add_test(tests, getitem);
    tcase_add_test(tests, getattr);
    tcase_add_test(tests, split);
    tcase_add_test(tests, iter_error);
    tcase_add_test(tests, return_exceptions);
    tcase_add_test(tests, return_exceptions_postmortem);
    tcase_add_test(tests, wait_first_exception);
    tcase_add_test(tests, error_engine_info_apply);
    tcase_add_test(tests, already_displayed);
    tcase_add_test(tests, output_of_others);
    tcase_add_test(tests, display_output_error);
    tcase_add_test(tests, progress);
    tcase_add_test(tests, wall_time_single);
    tcase_add_test(tests, wall_time_multi);
    tcase_add_test(tests, serial_time_single);
    tcase_add_test(tests, serial_time_multi);
    tcase_add_test(tests, elapsed_single);
    tcase_add_test(tests, elapsed_multi);
    tcase_add_test(tests, hubresult_timestamps);
    tcase_add_test(tests, owner_pop);
    tcase_add_test(tests, display_empty_streams_type);
    tcase_add_test(tests, display_empty_streams_engine);
    tcase_add_test(tests, display_empty_streams_order);
}

int main(void)
{
    return e2e_main("parity_results", add_tests);
}
