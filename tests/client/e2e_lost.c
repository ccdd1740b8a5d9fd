//  A controller that is killed, a long task beside short ones, clients that come and go,
//  threads.
#include "e2e_support.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int, nap, (int milliseconds))
{
    printf("napping\n");
    fflush(stdout);
    usleep((useconds_t) milliseconds * 1000);
    return milliseconds;
}
IPC_REMOTE(int, hold, (const char *gate)) { gate_await(gate); return 0; }
IPC_REMOTE(int64_t, compute, (int milliseconds))
{
    int64_t sum = 0;
    for (double end = now() + 1e-3 * milliseconds; now() < end;) sum++;
    return sum > 0;
}
// clang-format on

START_TEST(a_finished_result_does_not_wait_for_the_next_task)
{
    session_t s = session_open();
    assert_ok(ipc_apply_sync(s.one, my_id)); // the program is there
    double start = now();
    ipc_result_t *first = ipc_apply(s.one, my_id);
    ipc_result_t *second = ipc_apply(s.one, compute, 600);
    assert_prints(first, "0");
    ck_assert_double_lt(now() - start, 0.3);
    ck_assert_uint_eq(ipc_result_done(second), 0);
    assert_prints(second, "1");
    session_close(&s);
}
END_TEST

START_TEST(a_chunk_tells_its_items_one_by_one)
{
    session_t s = session_open();
    ipc_result_t *r =
        ipc_map_with(s.one, nap, ipc_list(1, 600), &(ipc_options_t){.chunk = 2});
    double start = now();
    ck_assert_int_eq(ipc_result_i64(r, 0), 1);
    ck_assert_double_lt(now() - start, 0.4);
    assert_ok(r);
    session_close(&s);
}
END_TEST

START_TEST(other_engines_answer_while_one_computes)
{
    session_t s = session_open();
    ipc_result_t *busy = ipc_apply(s.one, compute, 1000);
    ipc_view_t *rest = view_of(&s, "1:");
    double start = now();
    for (int i = 0; i < 20; i++) assert_prints(ipc_apply_sync(rest, my_id), "[1, 2, 3]");
    ck_assert_double_lt(now() - start, 0.8);
    ck_assert(!ipc_result_wait(busy, 0));
    assert_ok(busy);
    session_close(&s);
}
END_TEST

START_TEST(a_client_that_goes_drops_its_work)
{
    session_t s = session_open();
    for (int i = 0; i < 20; i++) ipc_apply(s.all, nap, 500);
    session_close(&s); // at most the ones that run are left
    s = session_open();
    double start = now();
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    ck_assert_double_lt(now() - start, 2);
    session_close(&s);
}
END_TEST

START_TEST(two_clients_in_one_program)
{
    session_t a = session_open(), b = session_open();
    ipc_result_t *ra = ipc_map(a.any, square, ipc_range(0, 500));
    ipc_result_t *rb = ipc_map(b.any, square, ipc_range(500, 1000));
    for (int64_t i = 0; i < 500; i++) {
        ck_assert_int_eq(ipc_result_i64(ra, (size_t) i), i * i);
        ck_assert_int_eq(ipc_result_i64(rb, (size_t) i), (i + 500) * (i + 500));
    }
    session_close(&a);
    assert_prints(ipc_apply_sync(b.all, my_id), "[0, 1, 2, 3]");
    session_close(&b);
}
END_TEST

typedef struct worker {
    ipc_client_t *client;
    int64_t first; // of its items
    bool ok;       // written: all came back right
} worker_t;

static void *map_some(void *argument)
{
    worker_t *self = argument;
    ipc_error_t error;
    ipc_view_t *any = ipc_balanced_view(self->client, NULL, &error);
    self->ok = true;
    for (int64_t round = 0; round < 50; round++) {
        ipc_result_t *r = ipc_map(any, square, ipc_range(self->first, self->first + 20));
        for (int64_t i = 0; i < 20; i++)
            self->ok = self->ok && ipc_result_i64(r, (size_t) i) ==
                                       (self->first + i) * (self->first + i);
        ipc_result_destroy(&r);
    }
    return NULL;
}

START_TEST(threads_share_a_client)
{
    session_t s = session_open();
    worker_t workers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker_t){.client = s.client, .first = 1000 * i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, map_some, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(workers[i].ok);
    }
    session_close(&s);
}
END_TEST

START_TEST(waits_end_when_the_controller_is_killed)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *waiting = ipc_apply(s.all, hold, (const char *) gate.path);
    ck_assert(!ipc_result_wait(waiting, 100));
    pid_t pid = process_named("ipcd");
    ck_assert_int_gt(pid, 0);
    double start = now();
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert(!ipc_result_ok(waiting));
    ck_assert_double_lt(now() - start, 6);
    ck_assert_int_eq(ipc_result_error(waiting)->code, IPC_E_CONNECTION);
    gate_open(&gate);
    ipc_result_t *later = ipc_apply_sync(s.all, my_id); // fails or works, but ends
    ck_assert_ptr_nonnull(later);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(a_new_client_works_after_the_controller_was_killed)
{
    pid_t pid = process_named("ipcd");
    if (pid)
        kill(pid, SIGKILL);
    if (pid)
        await_end(pid);
    session_t s = session_again();
    ck_assert_int_ne(process_named("ipcd"), pid);
    // Not in the order of the tests before: the engines must not take one function for another.
    assert_prints(ipc_map_sync(s.any, square, ipc_range(0, 3)), "[0, 1, 4]");
    assert_prints(ipc_apply_sync(s.all, compute, 1), "[1, 1, 1, 1]");
    ipc_push(s.all, "after", 5);
    assert_prints(ipc_pull(s.all, "after"), "[5, 5, 5, 5]");
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

//  Few times: after five deaths in a minute the supervisor takes its time.
START_TEST(the_controller_may_be_killed_again_and_again)
{
    for (int round = 0; round < 2; round++) {
        pid_t pid = process_named("ipcd");
        if (pid) {
            kill(pid, SIGKILL);
            await_end(pid);
        }
        session_t s = session_again();
        if (round % 2)
            assert_prints(ipc_apply_sync(s.all, compute, 1), "[1, 1, 1, 1]");
        assert_prints(ipc_map_sync(s.all, square, ipc_range(0, 5)), "[0, 1, 4, 9, 16]");
        assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
        session_close(&s);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_finished_result_does_not_wait_for_the_next_task);
    tcase_add_test(tests, a_chunk_tells_its_items_one_by_one);
    tcase_add_test(tests, other_engines_answer_while_one_computes);
    tcase_add_test(tests, a_client_that_goes_drops_its_work);
    tcase_add_test(tests, two_clients_in_one_program);
    tcase_add_test(tests, threads_share_a_client);
    tcase_add_test(tests, waits_end_when_the_controller_is_killed);
    tcase_add_test(tests, a_new_client_works_after_the_controller_was_killed);
    tcase_add_test(tests, the_controller_may_be_killed_again_and_again);
}

int main(void)
{
    return e2e_main("lost", add_tests);
}
