//  What tasks write to stdout and stderr, and the exact form in which ipc_result_display()
//  shows it.
#include "e2e_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

// clang-format off
IPC_REMOTE(void, say, (const char *text)) { printf("%s\n", text); }
IPC_REMOTE(void, say_id, (void)) { printf("Hi from %d\n", (int) ipc_engine_id()); }
IPC_REMOTE(void, say_item, (int64_t item)) { printf("item %lld\n", (long long) item); }
IPC_REMOTE(void, complain, (void)) { fprintf(stderr, "warning %d\n", (int) ipc_engine_id()); }
IPC_REMOTE(void, say_both, (void))
{
    fprintf(stderr, "to stderr\n");
    printf("first\nsecond\n");
}
IPC_REMOTE(int, silent, (void)) { return 1; }
IPC_REMOTE(void, no_newline, (void)) { printf("no end"); }
IPC_REMOTE(int, by_write, (void)) { return (int) write(STDOUT_FILENO, "by write\n", 9); }
IPC_REMOTE(int, by_child, (void)) { return system("echo by child; echo sorry >&2"); }
IPC_REMOTE(void, say_then_fail, (void))
{
    printf("before\n");
    ipc_raise("Failed", "after a line");
}
IPC_REMOTE(void, say_behind, (const char *gate))
{
    gate_await(gate);
    printf("behind\n");
}
IPC_REMOTE(void, say_much, (int lines))
{
    for (int i = 0; i < lines; i++) printf("line %d of many\n", i);
}

enum { FCLOSE, CLOSE, FREOPEN, DUP2, WIDE, CLOSINGS };

//  What makes the stream useless, for this task.
IPC_REMOTE(void, close_stream, (int how, int number))
{
    FILE *stream = number == STDOUT_FILENO ? stdout : stderr;
    if (how == FCLOSE)
        fclose(stream);
    else if (how == CLOSE && fputs("unfinished", stream) >= 0)
        close(number);
    else if (how == FREOPEN && !freopen("/dev/null", "w", stream))
        ipc_raise("Failed", "cannot open /dev/null");
    else if (how == DUP2)
        dup2(STDIN_FILENO, number);
    else if (how == WIDE)
        fwprintf(stream, L"wide\n");
}
// clang-format on

static void assert_displays(ipc_result_t *result, const char *expected)
{
    char *text = display_of(result);
    ck_assert_msg(strcmp(text, expected) == 0, "displayed:\n%s\nnot:\n%s", text, expected);
    free(text);
}

START_TEST(each_engine_has_its_prefix)
{
    session_t s = session_open();
    assert_displays(ipc_apply(s.all, say_id),
                    "[stdout:0] Hi from 0\n[stdout:1] Hi from 1\n"
                    "[stdout:2] Hi from 2\n[stdout:3] Hi from 3\n");
    assert_displays(ipc_apply(s.all, complain),
                    "[stderr:0] warning 0\n[stderr:1] warning 1\n"
                    "[stderr:2] warning 2\n[stderr:3] warning 3\n");
    assert_displays(ipc_apply(view_of(&s, "2,0"), say_id),
                    "[stdout:2] Hi from 2\n[stdout:0] Hi from 0\n");
    assert_displays(ipc_apply(s.one, say_id), "[stdout:0] Hi from 0\n");
    session_close(&s);
}
END_TEST

START_TEST(stdout_comes_before_stderr)
{
    session_t s = session_open();
    assert_displays(ipc_apply(view_of(&s, "0:2"), say_both),
                    "[stdout:0] first\n[stdout:0] second\n[stderr:0] to stderr\n"
                    "[stdout:1] first\n[stdout:1] second\n[stderr:1] to stderr\n");
    session_close(&s);
}
END_TEST

START_TEST(silent_tasks_show_nothing)
{
    session_t s = session_open();
    assert_displays(ipc_apply(s.all, silent), "");
    assert_displays(ipc_apply_sync(s.any, silent), "");
    session_close(&s);
}
END_TEST

START_TEST(a_line_without_end_gets_one)
{
    session_t s = session_open();
    assert_displays(ipc_apply(view_of(&s, "0:2"), no_newline),
                    "[stdout:0] no end\n[stdout:1] no end\n");
    assert_displays(ipc_apply(s.one, say, ""), "[stdout:0] \n");
    session_close(&s);
}
END_TEST

START_TEST(each_task_has_its_own_output)
{
    session_t s = session_open();
    ipc_result_t *first = ipc_apply(s.one, say, "one");
    ipc_result_t *second = ipc_apply(s.one, say, "two");
    ipc_result_t *third = ipc_apply(s.one, silent);
    assert_displays(third, "");
    assert_displays(second, "[stdout:0] two\n");
    assert_displays(first, "[stdout:0] one\n");
    session_close(&s);
}
END_TEST

START_TEST(what_a_task_does_to_its_streams_ends_with_it)
{
    session_t s = session_open();
    for (int how = 0; how < CLOSINGS; how++)
        for (int number = STDOUT_FILENO; number <= STDERR_FILENO; number++) {
            ipc_result_t *closes = ipc_apply(s.one, close_stream, how, number);
            assert_displays(ipc_apply(s.one, say_both), "[stdout:0] first\n[stdout:0] second\n[stderr:0] to stderr\n");
            assert_displays(ipc_apply(s.one, by_child), "[stdout:0] by child\n[stderr:0] sorry\n");
            assert_ok(closes);
        }
    session_close(&s);
}
END_TEST

START_TEST(writes_and_children_are_captured)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.one, by_write);
    assert_displays(r, "[stdout:0] by write\n");
    ck_assert_int_eq(ipc_result_i64(r, 0), 9);
    r = ipc_apply(s.one, by_child);
    assert_displays(r, "[stdout:0] by child\n[stderr:0] sorry\n");
    ck_assert_int_eq(ipc_result_i64(r, 0), 0); // system() works: SIGCHLD is the task's
    session_close(&s);
}
END_TEST

START_TEST(failed_tasks_show_what_they_wrote)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(view_of(&s, "0:2"), say_then_fail);
    char *text = display_of(r);
    const char *start = "[stdout:0] before\n[stdout:1] before\n[0:apply]:";
    ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "%s", text);
    ck_assert_msg(strstr(text, "\n[1:apply]:") != NULL, "%s", text);
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(maps_show_by_item)
{
    session_t s = session_open();
    char *text = display_of(
        ipc_map_with(s.any, say_item, ipc_range(0, 12), &(ipc_options_t){.chunk = 1}));
    const char *rest = text;
    for (int i = 0; i < 12; i++) {
        char line[32];
        snprintf(line, sizeof line, "] item %d\n", i);
        const char *found = strstr(rest, line);
        ck_assert_msg(found != NULL, "no '%s' in its place in:\n%s", line, text);
        ck_assert(strncmp(found - 9, "[stdout:", 8) == 0);
        rest = found;
    }
    free(text);
    assert_displays(
        ipc_map(s.all, say_item, ipc_range(0, 4)),
        "[stdout:0] item 0\n[stdout:1] item 1\n[stdout:2] item 2\n[stdout:3] item 3\n");
    session_close(&s);
}
END_TEST

START_TEST(much_output_is_complete)
{
    session_t s = session_open();
    enum { LINES = 20000 }; // more than a pipe holds
    char *text = display_of(ipc_apply(s.one, say_much, LINES));
    size_t count = 0;
    for (const char *c = text; *c; c++) count += *c == '\n';
    ck_assert_uint_eq(count, LINES);
    ck_assert(strncmp(text, "[stdout:0] line 0 of many\n", 26) == 0);
    ck_assert(strstr(text, "[stdout:0] line 19999 of many\n") != NULL);
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(nothing_appears_by_itself)
{
    FILE *file = tmpfile();
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, say_id);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_ok(r);
    fseek(file, 0, SEEK_END);
    ck_assert_int_eq(ftell(file), 0);
    fclose(file);
    session_close(&s);
}
END_TEST

static void assert_grouped(ipc_result_t *result, ipc_group_t group, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_result_display_by(result, group, stream);
    fclose(stream);
    ck_assert_msg(strcmp(text, expected) == 0, "displayed:\n%s\nnot:\n%s", text, expected);
    free(text);
}

START_TEST(output_is_grouped_as_asked)
{
    session_t s = session_open();
    const char *by_position = "[stdout:1] first\n[stdout:1] second\n[stderr:1] to stderr\n"
                              "[stdout:0] first\n[stdout:0] second\n[stderr:0] to stderr\n";
    ipc_result_t *r = ipc_apply(view_of(&s, "1,0"), say_both);
    assert_grouped(r, IPC_BY_POSITION, by_position);
    assert_grouped(r, IPC_BY_TYPE,
                   "[stdout:1] first\n[stdout:1] second\n[stdout:0] first\n[stdout:0] second\n"
                   "[stderr:1] to stderr\n[stderr:0] to stderr\n");
    assert_grouped(r, IPC_BY_ENGINE,
                   "[stdout:0] first\n[stdout:0] second\n[stderr:0] to stderr\n"
                   "[stdout:1] first\n[stdout:1] second\n[stderr:1] to stderr\n");
    assert_displays(r, by_position);
    session_close(&s);
}
END_TEST

START_TEST(all_tasks_of_an_engine_are_one_group)
{
    session_t s = session_open();
    const char *targets[] = {"1", "0", "1"}, *words[] = {"one", "two", "three"};
    ipc_result_t *parts[3];
    for (size_t i = 0; i < 3; i++) parts[i] = ipc_apply(view_of(&s, targets[i]), say, words[i]);
    ipc_result_t *r = ipc_result_join(parts, 3);
    assert_grouped(r, IPC_BY_ENGINE, "[stdout:0] two\n[stdout:1] one\n[stdout:1] three\n");
    assert_grouped(r, IPC_BY_TYPE, "[stdout:1] one\n[stdout:0] two\n[stdout:1] three\n");
    session_close(&s);
}
END_TEST

START_TEST(order_is_that_in_which_output_came)
{
    session_t s = session_open();
    gate_t first = gate_new(), second = gate_new();
    ipc_result_t *r = ipc_map(view_of(&s, "0:2"), say_behind, ipc_list(first.path, second.path));
    gate_open(&second);
    ck_assert(ipc_result_wait_for(r, IPC_FIRST_DONE, IPC_FOREVER));
    gate_open(&first);
    assert_grouped(r, IPC_BY_POSITION, "[stdout:0] behind\n[stdout:1] behind\n");
    assert_grouped(r, IPC_BY_ORDER, "[stdout:1] behind\n[stdout:0] behind\n");
    assert_grouped(r, IPC_BY_TYPE, "[stdout:0] behind\n[stdout:1] behind\n");
    assert_grouped(r, IPC_BY_ORDER, "[stdout:1] behind\n[stdout:0] behind\n");
    gate_remove(&first);
    gate_remove(&second);
    session_close(&s);
}
END_TEST

START_TEST(errors_follow_whatever_the_group)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply(s.one, say_then_fail);
    char *plain = display_of(r);
    ck_assert_ptr_nonnull(strstr(plain, "after a line"));
    for (int group = IPC_BY_TYPE; group <= IPC_BY_ORDER; group++) assert_grouped(r, (ipc_group_t) group, plain);
    free(plain);
    session_close(&s);
}
END_TEST

START_TEST(a_line_that_was_written_over_shows_its_last_state)
{
    session_t s = session_open();
    assert_displays(ipc_apply(s.one, say, "10 %\r50 %\r100 %"), "[stdout:0] 100 %\n");
    assert_displays(ipc_apply(s.one, say, "done\r"), "[stdout:0] done\n"); // the end of a line, as some write it
    assert_displays(ipc_apply(s.one, say, "\r"), "[stdout:0] \n");
    assert_displays(ipc_apply(s.one, say, "a\rb\r\nc\rd\r\r"), "[stdout:0] b\n[stdout:0] d\n");
    ipc_result_t *r = ipc_apply_sync(s.one, say, "old\rnew");
    assert_grouped(r, IPC_BY_ORDER, "[stdout:0] new\n");
    ck_assert_str_eq(ipc_result_metadata(r, 0)->out, "old\rnew\n"); // as it was written
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, each_engine_has_its_prefix);
    tcase_add_test(tests, stdout_comes_before_stderr);
    tcase_add_test(tests, silent_tasks_show_nothing);
    tcase_add_test(tests, a_line_without_end_gets_one);
    tcase_add_test(tests, each_task_has_its_own_output);
    tcase_add_test(tests, what_a_task_does_to_its_streams_ends_with_it);
    tcase_add_test(tests, writes_and_children_are_captured);
    tcase_add_test(tests, failed_tasks_show_what_they_wrote);
    tcase_add_test(tests, maps_show_by_item);
    tcase_add_test(tests, much_output_is_complete);
    tcase_add_test(tests, nothing_appears_by_itself);
    tcase_add_test(tests, output_is_grouped_as_asked);
    tcase_add_test(tests, all_tasks_of_an_engine_are_one_group);
    tcase_add_test(tests, order_is_that_in_which_output_came);
    tcase_add_test(tests, errors_follow_whatever_the_group);
    tcase_add_test(tests, a_line_that_was_written_over_shows_its_last_state);
}

int main(void)
{
    return e2e_main("output", add_tests);
}
