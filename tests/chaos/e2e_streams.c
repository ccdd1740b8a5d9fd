//  Streams between the parties that are late, cut, half open or spoilt (proxy.h): wrong bytes end in a disconnection or
//  an error with a name, never a process; a wait has its end; others go on.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy.h"
#include "tests/client/e2e_support.h"

enum { CALLS = 10, ITEMS = 200, END_MS = 15000 };

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(void, wait_there, (const char *gate)) { gate_await(gate); }
// clang-format on

static uint64_t seed_of(void)
{
    const char *asked = getenv("IPC_SEED");
    uint64_t seed = asked ? strtoull(asked, NULL, 0) : (uint64_t) time(NULL);
    printf("IPC_SEED=%llu\n", (unsigned long long) seed);
    fflush(stdout);
    return seed;
}

static void assert_goes_on(session_t *other)
{
    assert_prints(ipc_apply_sync(other->all, square, 3), "[9, 9, 9, 9]");
}

//  All is right, or an error has a name and a sentence.
static void assert_ends(ipc_result_t *result)
{
    ck_assert(ipc_result_wait(result, END_MS));
    const ipc_error_t *error = ipc_result_error(result);
    ck_assert(ipc_result_ok(result) || (error && error->kind[0] && error->text[0]));
    ipc_result_destroy(&result);
}

//  The same client, or another, has a cluster that works.
static void assert_well(session_t *s)
{
    for (double deadline = now() + END_MS * 1e-3;;) {
        ipc_result_t *r = ipc_apply_sync(s->all, square, 2);
        if (ipc_result_ok(r) && ipc_result_count(r) == ENGINES)
            break;
        ck_assert_msg(now() < deadline, "%s", ipc_result_error(r) ? ipc_result_error(r)->text : "engines are missing");
        ipc_result_destroy(&r);
        usleep(10000);
    }
    assert_prints(ipc_apply_sync(s->all, square, 4), "[16, 16, 16, 16]");
}

START_TEST(late_bytes_change_nothing)
{
    proxy_t *proxy = proxy_new("c", seed_of());
    proxy_set(proxy, PROXY_DELAYS);
    session_t s = session_open();
    assert_goes_on(&s);
    ipc_result_t *r = ipc_map(s.any, square, ipc_range(0, ITEMS));
    for (int64_t i = 0; i < ITEMS; i++) ck_assert_int_eq(ipc_result_i64(r, (size_t) i), i * i);
    ck_assert_uint_ge(proxy_connections(proxy), 1);
    session_close(&s);
    proxy_destroy(&proxy);
}
END_TEST

START_TEST(a_cut_ends_the_waits_and_the_same_client_goes_on)
{
    session_t other = session_open();
    proxy_t *proxy = proxy_new("c", seed_of());
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *waits = ipc_apply(s.one, wait_there, (const char *) gate.path);
    ck_assert(!ipc_result_wait(waits, 100));
    proxy_cut(proxy);
    assert_fails(waits, "controller"); // nothing else is sent: the cut alone is noticed
    ck_assert_str_eq(ipc_result_error(waits)->kind, "ConnectionError");
    gate_open(&gate);
    assert_well(&s);
    assert_goes_on(&other);
    gate_remove(&gate);
    session_close(&s);
    session_close(&other);
    proxy_destroy(&proxy);
}
END_TEST

START_TEST(a_half_open_stream_holds_nobody_else_up)
{
    session_t other = session_open();
    proxy_t *proxy = proxy_new("c", seed_of());
    session_t s = session_open();
    assert_goes_on(&s);
    proxy_set(proxy, PROXY_IS_DEAF);
    ipc_result_t *r = ipc_apply(s.all, square, 3);
    ck_assert(!ipc_result_wait(r, 200)); // it ends at its deadline
    assert_goes_on(&other);
    proxy_set(proxy, PROXY_PASSES);
    assert_prints(r, "[9, 9, 9, 9]");
    session_close(&s);
    session_close(&other);
    proxy_destroy(&proxy);
}
END_TEST

START_TEST(spoilt_bytes_of_clients_end_in_errors_with_names)
{
    session_t other = session_open();
    pid_t controller = process_named("ipcd");
    proxy_t *proxy = proxy_new("c", seed_of());
    session_t s = session_open();
    assert_goes_on(&s);
    proxy_set(proxy, PROXY_CORRUPTS);
    ipc_result_t *results[2 * CALLS];
    for (int i = 0; i < CALLS; i++) {
        results[2 * i] = ipc_apply(s.all, square, i);
        results[2 * i + 1] = ipc_map(s.any, square, ipc_range(0, ITEMS));
        ipc_result_wait(results[2 * i], 20);
        assert_goes_on(&other);
    }
    ck_assert_uint_gt(proxy_flips(proxy), 0);
    proxy_set(proxy, PROXY_PASSES);
    proxy_cut(proxy); // a call of which a bit was flipped that no reader can know for wrong is over with its stream
    for (int i = 0; i < 2 * CALLS; i++) assert_ends(results[i]);
    assert_well(&s);
    ck_assert_int_eq(process_named("ipcd"), controller);
    session_close(&s);
    session_close(&other);
    proxy_destroy(&proxy);
}
END_TEST

//  Engines that are started again come through the proxy.
static void restart_engines(session_t *s)
{
    assert_ok(ipc_view_restart(s->all));
    assert_goes_on(s);
}

START_TEST(cut_engines_are_engines_again)
{
    session_t s = session_open();
    proxy_t *proxy = proxy_new("e", seed_of());
    restart_engines(&s);
    ck_assert_uint_ge(proxy_connections(proxy), ENGINES);
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply(s.all, wait_there, (const char *) gate.path);
    ipc_result_t *queued = ipc_map(s.any, square, ipc_range(0, ITEMS));
    ck_assert(!ipc_result_wait(r, 100));
    proxy_cut(proxy);
    gate_open(&gate);
    assert_ends(r);
    assert_ends(queued);
    assert_well(&s);
    gate_remove(&gate);
    session_close(&s);
    proxy_destroy(&proxy);
}
END_TEST

START_TEST(spoilt_bytes_of_engines_end_in_errors_with_names)
{
    session_t s = session_open();
    pid_t controller = process_named("ipcd");
    proxy_t *proxy = proxy_new("e", seed_of());
    restart_engines(&s);
    proxy_set(proxy, PROXY_CORRUPTS);
    ipc_result_t *results[2 * CALLS];
    for (int i = 0; i < CALLS; i++) {
        results[2 * i] = ipc_apply(s.all, square, i);
        results[2 * i + 1] = ipc_map(s.any, square, ipc_range(0, ITEMS));
        ipc_result_wait(results[2 * i + 1], 20);
    }
    ck_assert_uint_gt(proxy_flips(proxy), 0);
    proxy_set(proxy, PROXY_PASSES);
    proxy_cut(proxy);
    for (int i = 0; i < 2 * CALLS; i++) assert_ends(results[i]);
    assert_well(&s);
    ck_assert_int_eq(process_named("ipcd"), controller);
    session_close(&s);
    proxy_destroy(&proxy);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, late_bytes_change_nothing);
    tcase_add_test(tests, a_cut_ends_the_waits_and_the_same_client_goes_on);
    tcase_add_test(tests, a_half_open_stream_holds_nobody_else_up);
    tcase_add_test(tests, spoilt_bytes_of_clients_end_in_errors_with_names);
    tcase_add_test(tests, cut_engines_are_engines_again);
    tcase_add_test(tests, spoilt_bytes_of_engines_end_in_errors_with_names);
}

int main(void)
{
    return e2e_main("streams", add);
}
