//  More retries than 16 bits count: one call after another. Beside other tests, since most of the time is spent on the way.
#include "e2e_support.h"

enum {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    MANY_RETRIES = 7000, // which take as long
#else
    MANY_RETRIES = 70000,
#endif
    RETRIES_MS = 100000,
    TEST_SECONDS = 120,
};

static int failures; // on the engine

// clang-format off
IPC_REMOTE(void, fail_with, (int x))
{
    failures++;
    ipc_raise("Bad", "no %d", x);
}

IPC_REMOTE(int, failure_count, (void)) { return failures; }
// clang-format on

START_TEST(seventy_thousand_retries_end)
{
    session_t s = session_open();
    int64_t before = ipc_result_i64(ipc_apply_sync(s.one, failure_count), 0);
    ipc_options_t options = {.retries = MANY_RETRIES};
    ipc_result_t *r = ipc_apply_with(s.one, &options, fail_with, 7);
    ck_assert_msg(ipc_result_wait(r, RETRIES_MS), "still waiting after %d ms", RETRIES_MS);
    ck_assert(!ipc_result_ok(r));
    ck_assert_str_eq(ipc_result_error(r)->kind, "Bad");
    int64_t after = ipc_result_i64(ipc_apply_sync(s.one, failure_count), 0);
    ck_assert_int_eq(after - before, MANY_RETRIES + 1);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_set_timeout(tests, TEST_SECONDS);
    tcase_add_test(tests, seventy_thousand_retries_end);
}

int main(void)
{
    return e2e_main("retries", add_tests);
}
