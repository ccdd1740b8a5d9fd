//  The most memory that an engine had while a task ran: told with its result, in the history, by ipcluster, and when
//  the engine died of it.
#include "e2e_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LARGE = 64 << 20, LONG_MS = 5, PATIENCE_S = 20 };

static void compute(int milliseconds)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    double end = (double) time.tv_sec + 1e-9 * (double) time.tv_nsec + 1e-3 * milliseconds;
    do clock_gettime(CLOCK_MONOTONIC, &time);
    while ((double) time.tv_sec + 1e-9 * (double) time.tv_nsec < end);
}

//  Touches so many bytes and gives them back: to the system, not to an allocator that keeps them.
static void touch(size_t size)
{
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        abort();
    memset(bytes, 1, size);
    munmap(bytes, size);
}

// clang-format off
IPC_REMOTE(int, quick, (int x)) { return x; }
IPC_REMOTE(int, small, (int milliseconds)) { compute(milliseconds); return milliseconds; }
IPC_REMOTE(int, large, (int milliseconds)) { compute(milliseconds); touch(LARGE); return milliseconds; }
IPC_REMOTE(int, large_second, (int i)) { return i == 1 ? large(LONG_MS) : small(LONG_MS); }
IPC_REMOTE(void, large_and_wrong, (void)) { large(LONG_MS); ipc_raise("Wrong", "all of it"); }
IPC_REMOTE(void, large_and_killed, (void)) { large(LONG_MS); kill(getpid(), SIGKILL); }
IPC_REMOTE(int, large_child, (void))
{
    pid_t child = fork();
    if (child == 0) {
        touch(LARGE);
        _exit(0);
    }
    while (waitpid(child, NULL, 0) < 0) {}
    compute(LONG_MS);
    return child > 0;
}
// clang-format on

//  Whether this system can tell of a task that came after one with more memory.
static bool marks_are_set_back(void)
{
    return access("/proc/self/clear_refs", W_OK) == 0;
}

typedef ipc_result_t *run_fn(session_t *s);

//  A task is measured once the engine's other thread has had a look, which on a busy machine may come too late: it
//  runs until it was.
static ipc_result_t *until_measured(session_t *s, run_fn *run, size_t position)
{
    double deadline = now() + PATIENCE_S;
    ipc_result_t *r = run(s);
    while (ipc_result_wait(r, 10000) && ipc_result_metadata(r, position)->peak_memory == 0 && now() < deadline) {
        ipc_result_destroy(&r);
        r = run(s);
    }
    ck_assert_uint_gt(ipc_result_metadata(r, position)->peak_memory, 0);
    return r;
}

static uint64_t peak_of(ipc_result_t *r, size_t position)
{
    return ipc_result_metadata(r, position)->peak_memory;
}

static ipc_result_t *run_large(session_t *s)
{
    return ipc_apply_sync(s->one, large, LONG_MS);
}

static ipc_result_t *run_small(session_t *s)
{
    return ipc_apply_sync(s->one, small, LONG_MS);
}

static ipc_result_t *run_wrong(session_t *s)
{
    return ipc_apply_sync(s->one, large_and_wrong);
}

static ipc_result_t *run_killed(session_t *s)
{
    return ipc_apply_sync(s->one, large_and_killed);
}

static ipc_result_t *run_parent(session_t *s)
{
    return ipc_apply_sync(s->one, large_child);
}

static ipc_result_t *run_map(session_t *s)
{
    return ipc_map_sync(s->one, large_second, ipc_range(0, 3));
}

START_TEST(a_task_tells_of_its_memory_and_the_next_one_of_its_own)
{
    session_t s = session_open();
    ck_assert_uint_ge(peak_of(until_measured(&s, run_large, 0), 0), LARGE);
    if (marks_are_set_back()) {
        uint64_t peak = peak_of(until_measured(&s, run_small, 0), 0);
        ck_assert_uint_lt(peak, LARGE);
        ck_assert_uint_ge(peak, 1 << 20); // what the process has anyway
        ck_assert_uint_ge(peak_of(until_measured(&s, run_large, 0), 0), LARGE);
    }
    session_close(&s);
}
END_TEST

START_TEST(each_item_of_a_map_has_its_own)
{
    session_t s = session_open();
    ipc_result_t *r = until_measured(&s, run_map, 1);
    assert_prints(r, "[5, 5, 5]");
    ck_assert_uint_ge(peak_of(r, 1), LARGE);
    if (marks_are_set_back()) {
        ck_assert_uint_lt(peak_of(r, 0), LARGE);
        ck_assert_uint_lt(peak_of(r, 2), LARGE);
    }
    session_close(&s);
}
END_TEST

//  Never measured: that a task is late once, since others have the processor, is no matter.
START_TEST(a_short_task_is_not_measured)
{
    enum { TRIES = 100 };
    session_t s = session_open();
    int without = 0;
    for (int i = 0; i < TRIES; i++) {
        ipc_result_t *r = ipc_apply_sync(s.one, quick, i);
        assert_ok(r);
        without += peak_of(r, 0) == 0;
    }
    ck_assert_int_gt(without, TRIES / 2);
    session_close(&s);
}
END_TEST

START_TEST(a_task_that_fails_tells_of_it_too)
{
    session_t s = session_open();
    ipc_result_t *r = until_measured(&s, run_wrong, 0);
    assert_fails(r, "all of it");
    ck_assert_uint_ge(peak_of(r, 0), LARGE);
    session_close(&s);
}
END_TEST

START_TEST(an_engine_that_was_killed_had_so_much)
{
    session_t s = session_open();
    ipc_result_t *r = until_measured(&s, run_killed, 0);
    assert_fails(r, "SIGKILL");
    assert_fails(r, "out of memory");
    assert_fails(r, " MB of memory");
    ck_assert_uint_ge(peak_of(r, 0), LARGE);
    session_close(&s);
}
END_TEST

START_TEST(programs_that_a_task_starts_are_not_counted)
{
    if (!marks_are_set_back())
        return;
    session_t s = session_open();
    ck_assert_uint_lt(peak_of(until_measured(&s, run_parent, 0), 0), LARGE);
    session_close(&s);
}
END_TEST

START_TEST(history_and_ipcluster_tell_of_it)
{
    session_t s = session_open();
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_result_t *r = until_measured(&s, run_large, 0);
    ipc_history_t *history =
        ipc_client_history(s.client, &(ipc_history_query_t){.id = ipc_result_id(r)}, &error);
    ck_assert_msg(history != NULL, "%s", error.text);
    ck_assert_uint_eq(ipc_history_count(history), 1);
    ck_assert_uint_eq(ipc_history_at(history, 0)->peak_memory, peak_of(r, 0));
    ipc_history_destroy(&history);

    char program[512], expected[64];
    snprintf(program, sizeof program, "%s/tools/ipcluster", getenv("BUILD_ROOT"));
    char *const json[] = {program, "tasks", "--json", "--function", "large", NULL};
    int status = -1;
    char *text = output_of(json, &status);
    snprintf(expected, sizeof expected, "\"peak_memory\": %llu", (unsigned long long) peak_of(r, 0));
    ck_assert_msg(strstr(text, expected) != NULL, "no '%s' in '%s'", expected, text);
    free(text);
    char *const plain[] = {program, "tasks", "--function", "large", NULL};
    text = output_of(plain, &status);
    snprintf(expected, sizeof expected, "%.0f MB", 1e-6 * (double) peak_of(r, 0));
    ck_assert_msg(strstr(text, expected) != NULL, "no '%s' in '%s'", expected, text);
    free(text);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_task_tells_of_its_memory_and_the_next_one_of_its_own);
    tcase_add_test(tests, each_item_of_a_map_has_its_own);
    tcase_add_test(tests, a_short_task_is_not_measured);
    tcase_add_test(tests, a_task_that_fails_tells_of_it_too);
    tcase_add_test(tests, an_engine_that_was_killed_had_so_much);
    tcase_add_test(tests, programs_that_a_task_starts_are_not_counted);
    tcase_add_test(tests, history_and_ipcluster_tell_of_it);
}

int main(void)
{
    return e2e_main("memory", add);
}
