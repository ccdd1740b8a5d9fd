//  Tasks that kill their process: the error says how and where, nothing else is lost, and
//  the engine is back under its id.
#include "e2e_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEGV = 0, ABORT, EXIT, OVERFLOW, DIVIDE, BUSES, DEATHS };
enum { SEGV_LINE = __LINE__ + 17 }; // where die() writes to nowhere

__attribute__((noinline)) static int dig(volatile char *above, int depth)
{
    volatile char room[4096];
    room[0] = above[0];
    return room[0]
               ? 0
               : dig(room, depth + 1) + room[0]; // never ends, but the compiler cannot know
}

// clang-format off
IPC_REMOTE(int, die, (int how))
{
    volatile int zero = 0;
    volatile int *volatile nowhere = NULL;
    switch (how) {
    case SEGV: *nowhere = 1; break;
    case ABORT: abort();
    case EXIT: exit(3);
    case OVERFLOW: return dig(&(volatile char){0}, 0);
    case DIVIDE: return how / zero + raise(SIGFPE); // an Arm processor gives 0
    case BUSES: raise(SIGBUS); break;
    default: break;
    }
    return how;
}

IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int, my_pid, (void)) { return getpid(); }
IPC_REMOTE(bool, has_name, (const char *name)) { return ipc_ns_has(name); }
IPC_REMOTE(int, nap, (int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    return milliseconds;
}

IPC_REMOTE(void, say_and_die, (void))
{
    printf("last words\n");
    fflush(stdout);
    abort();
}

IPC_REMOTE(void, complain_and_die, (void))
{
    for (int i = 1; i <= 12; i++) fprintf(stderr, "complaint %d\n", i);
    abort();
}

//  Dies when there is no marker file, and leaves one, so that the next run lives.
IPC_REMOTE(int64_t, die_once, (const char *marker))
{
    if (access(marker, F_OK)) {
        FILE *file = fopen(marker, "w");
        if (file)
            fclose(file);
        abort();
    }
    return 7;
}

IPC_REMOTE(int64_t, die_at_5, (int64_t item))
{
    if (item == 5)
        raise(SIGSEGV);
    return item;
}

//  Without a handler that could save what was finished before.
IPC_REMOTE(int64_t, die_at_1, (int64_t item))
{
    if (item == 1)
        kill(getpid(), SIGKILL);
    return item;
}

IPC_REMOTE(int, client_within, (void))
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (client)
        return 1;
    ipc_raise("Refused", "%s", error.text);
}
// clang-format on

static const char *const death_kinds[DEATHS] = {
    [SEGV] = "SIGSEGV",     [ABORT] = "SIGABRT", [EXIT] = "exit",
    [OVERFLOW] = "SIGSEGV", [DIVIDE] = "SIGFPE", [BUSES] = "SIGBUS",
};

START_TEST(a_crash_is_an_error_that_names_it)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, die, _i);
    ck_assert(!ipc_result_ok(r));
    const ipc_error_t *error = ipc_result_error(r);
    ck_assert_int_eq(error->code, IPC_E_CRASH);
    ck_assert_int_eq(error->engine, 0);
    ck_assert_str_eq(error->kind, death_kinds[_i]);
    char *text = error_text_of(error);
    const char *function = _i == OVERFLOW ? "dig" : "die";
    ck_assert_msg(strstr(error->text, function) != NULL, "no function in '%s'",
                  error->text);
    ck_assert_msg(strstr(error->text, "e2e_crash.c:") != NULL, "no file and line in '%s'",
                  error->text);
    if (_i == OVERFLOW)
        ck_assert_msg(strstr(text, "stack overflow") != NULL, "%s", text);
    if (_i == EXIT)
        ck_assert_msg(strstr(error->text, "3") != NULL, "no exit status in '%s'",
                      error->text);
    ck_assert_msg(strncmp(text, "[0:apply]:", 10) == 0, "%s", text);
    free(text);
    char printed[64];
    snprintf(printed, sizeof printed, "<%s>", death_kinds[_i]);
    assert_prints(r, printed);
    session_close(&s);
}
END_TEST

START_TEST(the_line_is_where_it_happened)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, die, SEGV);
    char *text = error_text_of(ipc_result_error(r));
    char line[64];
    snprintf(line, sizeof line, "e2e_crash.c:%d", SEGV_LINE);
    ck_assert_msg(strstr(text, line) != NULL, "no %s in:\n%s", line, text);
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(the_engine_is_back_with_an_empty_namespace)
{
    session_t s = session_open();
    ipc_push(s.all, "kept", 1);
    int64_t before = ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0);
    ck_assert(!ipc_result_ok(ipc_apply_sync(s.one, die, SEGV)));
    assert_prints(ipc_apply_sync(s.one, my_id), "0");
    ck_assert_int_ne(ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0), before);
    assert_prints(ipc_apply_sync(s.all, has_name, "kept"), "[false, true, true, true]");
    size_t count = 0;
    ipc_client_ids(s.client, &count);
    ck_assert_uint_eq(count, ENGINES);
    session_close(&s);
}
END_TEST

START_TEST(what_is_queued_behind_is_not_lost)
{
    session_t s = session_open();
    ipc_result_t *death = ipc_apply(s.one, die, ABORT);
    ipc_result_t *behind[50];
    for (int i = 0; i < 50; i++) behind[i] = ipc_apply(s.one, my_id);
    ipc_push(s.one, "after", 5);
    for (int i = 0; i < 50; i++) assert_prints(behind[i], "0");
    assert_prints(ipc_pull(s.one, "after"), "5");
    ck_assert(!ipc_result_ok(death));
    session_close(&s);
}
END_TEST

START_TEST(a_map_loses_the_item_that_crashed)
{
    session_t s = session_open();
    ipc_view_t *view = _i ? s.any : s.all;
    ipc_result_t *r = ipc_map_sync(view, die_at_5, ipc_range(0, 12));
    assert_prints(r, "[0, 1, 2, 3, 4, <SIGSEGV>, 6, 7, 8, 9, 10, 11]");
    ipc_options_t all_together = {.chunk = 12};
    r = ipc_map_with_sync(view, die_at_5, ipc_range(0, 12), &all_together);
    assert_prints(r, "[0, 1, 2, 3, 4, <SIGSEGV>, 6, 7, 8, 9, 10, 11]");
    session_close(&s);
}
END_TEST

START_TEST(all_engines_may_crash_at_once)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, die, SEGV);
    assert_prints(r, "[<SIGSEGV>, <SIGSEGV>, <SIGSEGV>, <SIGSEGV>]");
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(retries_cover_a_crash)
{
    session_t s = session_open();
    char marker[256];
    snprintf(marker, sizeof marker, "%s/marker-%d", getenv("XDG_RUNTIME_DIR"),
             (int) getpid());
    ipc_options_t options = {.retries = 1};
    assert_prints(ipc_apply_with_sync(s.one, &options, die_once, marker), "7");
    unlink(marker);
    assert_prints(ipc_apply_with_sync(s.any, &options, die_once, marker), "7");
    unlink(marker);
    ipc_result_t *r = ipc_apply_with_sync(s.one, &options, die, ABORT);
    assert_prints(r, "<SIGABRT>");
    session_close(&s);
}
END_TEST

START_TEST(output_before_a_crash_is_kept)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, say_and_die);
    ck_assert(!ipc_result_ok(r));
    char *text = display_of(r);
    ck_assert_msg(strncmp(text, "[stdout:0] last words\n", 22) == 0, "%s", text);
    ck_assert_msg(strstr(text, "[0:apply]:") != NULL, "%s", text);
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(a_result_that_did_not_get_out_is_lost)
{
    session_t s = session_open();
    ipc_options_t together = {.chunk = 3};
    bool lost = false;
    for (int i = 0; i < 50 && !lost; i++) { // on a busy machine it may get out
        assert_prints(ipc_map_with_sync(s.one, die_at_1, ipc_range(2, 4), &together), "[2, 3]"); // the program is there
        ipc_result_t *r = ipc_map_with_sync(s.one, die_at_1, ipc_range(0, 3), &together);
        const ipc_error_t *error = ipc_result_error_at(r, 0);
        lost = error != NULL;
        assert_prints(r, lost ? "[<ResultLost>, <SIGKILL>, 2]" : "[0, <SIGKILL>, 2]");
        ck_assert(!lost || error->code == IPC_E_RESULT_LOST);
    }
    ck_assert(lost);
    session_close(&s);
}
END_TEST

//  What there is to know of a death: how, where, the last lines, the runs before.
START_TEST(an_error_of_a_crash_is_a_certificate)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_with_sync(s.one, &(ipc_options_t){.retries = 9}, complain_and_die);
    const ipc_error_t *error = ipc_result_error(r);
    ck_assert(!ipc_result_ok(r));
    ck_assert_str_eq(error->kind, "SIGABRT");
    ck_assert_msg(strncmp(ipc_error_output(error), "complaint 3\ncomplaint 4\n", 24) == 0, "%s",
                  ipc_error_output(error));
    ck_assert_int_eq(ipc_result_metadata(r, 0)->attempts, 3); // of ten: no more engines are to die of it
    const char *second = strstr(ipc_error_attempts(error), "\n    attempt 2: engine 0, ");
    ck_assert_msg(second && strstr(second, ", SIGABRT after 0."), "%s", ipc_error_attempts(error));
    char *text = error_text_of(error);
    ck_assert_msg(strstr(text, "    the last lines of its stderr:\n    | complaint 3\n") &&
                      strstr(text, "    | complaint 12\n") && strstr(text, "\n    attempt 1: engine 0, "), "%s", text);
    free(text);
    char *sentence = ipc_client_explain(s.client, ipc_result_id(r), NULL);
    ck_assert_ptr_nonnull(sentence);
    assert_shows(sentence, "the first error was SIGABRT; it ran before:\n    attempt 1: engine 0, ");
    session_close(&s);
}
END_TEST

START_TEST(a_client_within_a_task_fails_in_one_sentence)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, client_within);
    ck_assert(!ipc_result_ok(r));
    ck_assert_str_eq(ipc_result_error(r)->kind, "Refused");
    ck_assert_uint_gt(strlen(ipc_result_error(r)->text), 20);
    ck_assert_ptr_null(strchr(ipc_result_error(r)->text, '\n'));
    session_close(&s);
}
END_TEST

START_TEST(a_kill_from_outside_while_running_is_the_tasks)
{
    session_t s = session_open();
    pid_t pid = (pid_t) ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0);
    ipc_result_t *running = ipc_apply(s.one, nap, 20000);
    ipc_result_t *behind = ipc_apply(s.one, my_id);
    ck_assert(!ipc_result_wait(running, 200)); // it runs by now
    double start = now();
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert(!ipc_result_ok(running));
    ck_assert_double_lt(now() - start, 2);
    ck_assert_str_eq(ipc_result_error(running)->kind, "SIGKILL");
    assert_prints(behind, "0");
    session_close(&s);
}
END_TEST

START_TEST(a_kill_from_outside_while_idle_harms_nobody)
{
    session_t s = session_open();
    ipc_push(s.one, "kept", 1);
    pid_t pid = (pid_t) ipc_result_i64(ipc_apply_sync(s.one, my_pid), 0);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    assert_prints(ipc_apply_sync(s.one, my_id), "0");
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    await_end(pid);
    assert_prints(ipc_apply_sync(s.one, has_name, "kept"), "false");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_crash_is_an_error_that_names_it, 0, DEATHS);
    tcase_add_test(tests, the_line_is_where_it_happened);
    tcase_add_test(tests, the_engine_is_back_with_an_empty_namespace);
    tcase_add_test(tests, what_is_queued_behind_is_not_lost);
    tcase_add_loop_test(tests, a_map_loses_the_item_that_crashed, 0, 2);
    tcase_add_test(tests, all_engines_may_crash_at_once);
    tcase_add_test(tests, retries_cover_a_crash);
    tcase_add_test(tests, output_before_a_crash_is_kept);
    tcase_add_test(tests, a_result_that_did_not_get_out_is_lost);
    tcase_add_test(tests, an_error_of_a_crash_is_a_certificate);
    tcase_add_test(tests, a_client_within_a_task_fails_in_one_sentence);
    tcase_add_test(tests, a_kill_from_outside_while_running_is_the_tasks);
    tcase_add_test(tests, a_kill_from_outside_while_idle_harms_nobody);
}

int main(void)
{
    return e2e_main("crash", add_tests);
}
