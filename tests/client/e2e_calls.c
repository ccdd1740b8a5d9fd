//  Many calls, one after another: they may travel together, and nobody can tell. Each has its own result, error,
//  output, engine and place in the order.
#include "e2e_support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 20000 };

// clang-format off
IPC_REMOTE(int64_t, sum3, (int64_t a, int64_t b, int64_t c)) { return a + b + c; }
IPC_REMOTE(double, half, (double x)) { return 0.5 * x; }
IPC_REMOTE(const char *, word, (int i)) { return ipc_text("word %d", i); }
IPC_REMOTE(int64_t, total, (const ipc_array_t *x))
{
    int64_t sum = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) sum += ipc_array_i64(x)[i];
    return sum;
}
IPC_REMOTE(int, odd_fails, (int i))
{
    if (i % 2)
        ipc_raise("OddError", "%d is odd", i);
    return i;
}
IPC_REMOTE(int, says, (int i)) { printf("this is %d\n", i); return i; }
IPC_REMOTE(int, dies_once, (int i, const char *mark))
{
    if (i == 500 && access(mark, F_OK) != 0) {
        fclose(fopen(mark, "w"));
        raise(SIGKILL);
    }
    return i;
}
IPC_REMOTE(int64_t, counts, (int i)) // the order on one engine
{
    int64_t before = ipc_value_i64(ipc_ns_get("counter"));
    ipc_ns_set("counter", before + 1);
    return before == i ? i : -1;
}
// clang-format on

static ipc_result_t *results[MANY];

static void destroy_all(size_t count)
{
    for (size_t i = 0; i < count; i++) ipc_result_destroy(&results[i]);
}

START_TEST(each_call_has_its_own_result)
{
    session_t s = session_open();
    for (int64_t i = 0; i < MANY; i++) results[i] = ipc_apply(s.any, sum3, i, 2 * i, (int64_t) 7);
    for (int64_t i = MANY; i-- > 0;) { // the last one first
        assert_ok(results[i]);
        ck_assert_int_eq(ipc_result_i64(results[i], 0), 3 * i + 7);
        ipc_item_t *item = ipc_result_next(results[i]);
        ck_assert_ptr_nonnull(item);
        ck_assert(item->engine >= 0 && item->engine < ENGINES);
        ck_assert(item->started > 0 && item->finished >= item->started);
        ck_assert_ptr_null(ipc_result_next(results[i]));
    }
    destroy_all(MANY);
    session_close(&s);
}
END_TEST

START_TEST(calls_of_different_kinds_mix)
{
    session_t s = session_open();
    int64_t data[3000];
    for (int i = 0; i < 3000; i++) data[i] = 1;
    for (int i = 0; i < MANY; i++) {
        size_t size = i % 5 == 4 ? 3000 : 2; // a large one travels through shared memory
        switch (i % 5) {
        case 0: results[i] = ipc_apply(s.any, half, (double) i); break;
        case 1: results[i] = ipc_apply(s.one, half, (double) i); break;
        case 2: results[i] = ipc_apply(s.any, word, i); break;
        case 3: results[i] = ipc_apply(s.all, half, (double) i); break;
        default: results[i] = ipc_apply(s.any, total, ipc_i64(data, i % 100 == 4 ? size : 2));
        }
    }
    for (int i = 0; i < MANY; i++) {
        char text[32];
        snprintf(text, sizeof text, "word %d", i);
        assert_ok(results[i]);
        ck_assert_uint_eq(ipc_result_count(results[i]), i % 5 == 3 ? ENGINES : 1);
        switch (i % 5) {
        case 2: ck_assert_str_eq(ipc_result_str(results[i], 0), text); break;
        case 4: ck_assert_int_eq(ipc_result_i64(results[i], 0), i % 100 == 4 ? 3000 : 2); break;
        default: ck_assert_double_eq(ipc_result_f64(results[i], 0), 0.5 * i);
        }
    }
    destroy_all(MANY);
    session_close(&s);
}
END_TEST

START_TEST(a_call_that_fails_fails_alone)
{
    session_t s = session_open();
    for (int i = 0; i < 2000; i++) results[i] = ipc_apply(s.any, odd_fails, i);
    for (int i = 0; i < 2000; i++) {
        const ipc_error_t *error = ipc_result_error(results[i]);
        char text[32];
        snprintf(text, sizeof text, "%d is odd", i);
        ck_assert_int_eq(error != NULL, i % 2);
        if (error)
            ck_assert_ptr_nonnull(strstr(error->text, text));
        else
            ck_assert_int_eq(ipc_result_i64(results[i], 0), i);
    }
    destroy_all(2000);
    session_close(&s);
}
END_TEST

START_TEST(what_a_call_writes_is_its_own)
{
    session_t s = session_open();
    for (int i = 0; i < 300; i++) results[i] = ipc_apply(s.any, says, i);
    for (int i = 0; i < 300; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "this is %d\n", i);
        assert_ok(results[i]);
        char *shown = display_of(results[i]);
        ck_assert_ptr_nonnull(strstr(shown, wanted));
        ck_assert_ptr_null(strchr(strchr(shown, '\n') + 1, '\n'));
        free(shown);
    }
    destroy_all(300);
    session_close(&s);
}
END_TEST

START_TEST(results_that_are_freed_early_do_no_harm)
{
    session_t s = session_open();
    for (int64_t i = 0; i < MANY; i++) {
        results[i] = ipc_apply(s.any, sum3, i, i, i);
        if (i >= 100 && i % 3 == 0)
            ipc_result_destroy(&results[i - 100]);
    }
    for (int64_t i = 0; i < MANY; i++)
        if (results[i])
            ck_assert_int_eq(ipc_result_i64(results[i], 0), 3 * i);
    destroy_all(MANY);
    session_close(&s);
}
END_TEST

START_TEST(calls_of_one_engine_run_in_order)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.one, "counter", 0));
    for (int i = 0; i < MANY; i++) results[i] = ipc_apply(s.one, counts, i);
    for (int i = 0; i < MANY; i++) ck_assert_int_eq(ipc_result_i64(results[i], 0), i);
    destroy_all(MANY);
    session_close(&s);
}
END_TEST

//  The call that its engine died of runs again, since it may; those beside it had not begun, or have their results.
START_TEST(an_engine_that_dies_takes_no_other_call_along)
{
    session_t s = session_open();
    char mark[] = "/tmp/ipc-calls-XXXXXX";
    close(mkstemp(mark));
    unlink(mark);
    for (int i = 0; i < 1000; i++)
        results[i] = ipc_apply_with(s.any, &(ipc_options_t){.retries = 1}, dies_once, i, (const char *) mark);
    for (int i = 0; i < 1000; i++) {
        assert_ok(results[i]);
        ck_assert_int_eq(ipc_result_i64(results[i], 0), i);
    }
    ck_assert_int_eq(unlink(mark), 0); // it did die
    destroy_all(1000);
    session_close(&s);
}
END_TEST

typedef struct caller {
    ipc_view_t *view;
    int64_t base;
    bool fine;
} caller_t;

static void *call_many(void *argument)
{
    enum { CALLS = 3000 };
    caller_t *self = argument;
    ipc_result_t *mine[CALLS];
    for (int64_t i = 0; i < CALLS; i++) mine[i] = ipc_apply(self->view, sum3, self->base, i, (int64_t) 0);
    for (int64_t i = 0; i < CALLS; i++) {
        self->fine = self->fine && ipc_result_i64(mine[i], 0) == self->base + i;
        ipc_result_destroy(&mine[i]);
    }
    return NULL;
}

START_TEST(threads_call_at_once)
{
    session_t s = session_open();
    caller_t callers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        callers[i] = (caller_t){.view = i % 2 ? s.any : s.one, .base = (int64_t) i << 32, .fine = true};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_many, &callers[i]), 0);
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) ck_assert(callers[i].fine);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, each_call_has_its_own_result);
    tcase_add_test(tests, calls_of_different_kinds_mix);
    tcase_add_test(tests, a_call_that_fails_fails_alone);
    tcase_add_test(tests, what_a_call_writes_is_its_own);
    tcase_add_test(tests, results_that_are_freed_early_do_no_harm);
    tcase_add_test(tests, calls_of_one_engine_run_in_order);
    tcase_add_test(tests, an_engine_that_dies_takes_no_other_call_along);
    tcase_add_test(tests, threads_call_at_once);
}

int main(void)
{
    return e2e_main("calls", add);
}
