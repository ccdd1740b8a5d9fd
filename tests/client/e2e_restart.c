//  Cells on engines that start again: what runs again and what does not; cells that end their engine; source files and
//  what an engine is prepared with.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

START_TEST(marked_cells_run_again_after_a_restart)
{
    session_t s = session_open();
    ipc_options_t again = {.restore = true};
    assert_ok(ipc_execute_with(s.all, "double base = 10; int count = 0;\nprintf(\"not shown again\\n\");", &again));
    assert_ok(ipc_execute(s.all, "int plain = 1;"));
    assert_ok(ipc_execute_with(s.all, "double twice(double x) { return 2 * x + base; }", &again));
    assert_ok(ipc_include_with(s.all, "<limits.h>", &again));
    assert_ok(ipc_execute_with(s.all, "count++;", &again));
    assert_ok(ipc_execute_with(s.all, "count++;", &again)); // the same: once is enough
    assert_prints(ipc_pull(s.one, "count"), "2");
    assert_refused(ipc_execute(s.one, "*(volatile int *) 0 = 1;"), "SIGSEGV", "cell 6, line 1");
    assert_prints(ipc_apply_named(s.one, "twice", 1), "12");
    assert_prints(ipc_execute(s.one, "CHAR_BIT + count"), "9");
    assert_refused(ipc_execute(s.one, "plain"), "CompileError", "engine 0 was started again: its namespace is gone");
    assert_ok(ipc_view_restart(s.all));
    assert_prints(ipc_apply_named(s.all, "twice", 1), "[12, 12, 12, 12]");
    ipc_result_t *silent = ipc_execute(s.one, ";");
    char *text = display_of(silent);
    ck_assert_str_eq(text, "");
    free(text);
    ipc_result_destroy(&silent);
    assert_ok(ipc_view_clear(s.all));
    assert_ok(ipc_view_restart(s.one));
    assert_refused(ipc_apply_named(s.one, "twice", 1), "NameError", "there is no function 'twice'");
    session_close(&s);
}
END_TEST

//  A cell that was not fine is not kept; one that is not fine any more ends nothing.
START_TEST(what_fails_when_it_runs_again_is_left_out)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    char source[512];
    ipc_options_t again = {.restore = true};
    assert_refused(ipc_execute_with(s.one, "int bad = nothing;", &again), "CompileError", "nothing");
    assert_refused(ipc_execute_with(s.one, "abort();", &again), "SIGABRT", "cell 2, line 1");
    assert_refused(ipc_execute_with(s.one, "ipc_raise(\"Bad\", \"it was\");", &again), "Bad", "it was");
    assert_ok(ipc_execute_with(s.one, "int first = 1;", &again));
    snprintf(source, sizeof source, "if (access(\"%s/crash\", F_OK) == 0) abort();\nint second = 2;", gate.folder);
    assert_ok(ipc_execute_with(s.one, source, &again));
    snprintf(source, sizeof source, "if (access(\"%s/crash\", F_OK) == 0) ipc_raise(\"Late\", \"now\");", gate.folder);
    assert_ok(ipc_execute_with(s.one, source, &again));
    assert_ok(ipc_execute_with(s.one, "int third = 3;", &again));
    snprintf(source, sizeof source, "%s/crash", gate.folder);
    write_text(source, "");
    assert_ok(ipc_view_restart(s.one));
    assert_prints(ipc_execute(s.one, "first + third"), "4");
    assert_refused(ipc_pull(s.one, "second"), "NameError", "is not defined");
    unlink(source);
    assert_ok(ipc_view_restart(s.one));
    assert_prints(ipc_execute(s.one, "first + third"), "4");
    assert_ok(ipc_view_clear(s.one));
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Each is an error of its kind that names the cell, and the engine is back under its number.
START_TEST(cells_that_end_their_engine_are_errors)
{
    session_t s = session_open();
    assert_refused(ipc_execute(s.one, "exit(3);"), "exit", "the task called exit(3)");
    assert_prints(ipc_execute(s.one, "ipc_engine_id()"), "0");
    ipc_result_t *bad = ipc_execute(s.one, "int deeper(int n)\n{\n    volatile char room[4096];\n"
                                           "    room[n % 4096] = 1;\n    return deeper(n + 1) + room[0];\n}\ndeeper(0)");
    const ipc_error_t *error = ipc_result_error_at(bad, 0);
    ck_assert(error != NULL);
    ck_assert_str_eq(error->kind, "SIGSEGV");
    ck_assert_msg(strstr(error->text, "stack overflow") && strstr(error->text, "deeper (cell 3, line "), "%s",
                  error->text);
    ipc_result_destroy(&bad);
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ // they have mapped what malloc() gives: no limit holds
    assert_ok(ipc_execute(s.one, ";"));
#else
    assert_refused(ipc_execute(s.one, "#include <sys/resource.h>\n"
                                      "setrlimit(RLIMIT_AS, &(struct rlimit){1 << 30, 1 << 30});\n"
                                      "for (;;) { volatile char *p = malloc(1 << 24); "
                                      "for (int i = 0; i < 1 << 24; i += 4096) p[i] = 1; }"),
                   "SIGSEGV", "cell 4, line 3");
#endif
    assert_prints(ipc_execute(s.one, "ipc_engine_id()"), "0");
    assert_refused(ipc_execute_with(s.one, "for (volatile int i = 0;; i++) continue;",
                                    &(ipc_options_t){.run_limit_ms = 100}),
                   "TaskTimeout", TASKS_ARE_STOPPED ? "cell 6 ran longer than" : "run_limit_ms");
    char source[256];
    gate_t gate = gate_new();
    snprintf(source, sizeof source, "fclose(fopen(\"%s\", \"r\"));\nfor (volatile int i = 0;; i++) continue;",
             gate.path);
    ipc_result_t *endless = ipc_execute(s.one, source);
    gate_pass_one(&gate); // it runs
    ipc_result_abort(endless);
    assert_refused(endless, "TaskAborted", TASKS_ARE_STOPPED ? "cell 7 was aborted while it ran" : "aborted");
    gate_remove(&gate);
    assert_prints(ipc_execute(s.one, "ipc_engine_id()"), "0");
    session_close(&s);
}
END_TEST

START_TEST(a_file_is_executed_under_its_name)
{
    session_t s = session_open();
    char folder[] = "/tmp/ipc-file-XXXXXX", path[64], header[64];
    ck_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/demo.c", folder);
    snprintf(header, sizeof header, "%s/demo.h", folder);
    write_text(header, "#define FROM_HEADER 5\n");
    write_text(path, "#include \"demo.h\"\nint poke(int *p)\n{\n    return *p;\n}\n"
                     "int from_file = FROM_HEADER;\nfrom_file + 1");
    assert_prints(ipc_execute_file(s.one, path), "6");
    assert_prints(ipc_execute(s.one, "FROM_HEADER"), "5"); // for later cells, too
    ck_assert_int_eq(chdir(folder), 0);
    ipc_result_t *bad = ipc_execute(s.one, "poke(NULL)");
    const char *trace = ipc_error_trace(ipc_result_error_at(bad, 0));
    ck_assert_msg(strstr(trace, "at poke (demo.c:4)") && strstr(trace, "at cell 3, line 1"), "%s", trace);
    ipc_result_destroy(&bad);
    write_text("demo.c", "int a;\nint b;\n  int c = nothing;\n");
    assert_refused(ipc_execute_file_sync(s.one, "demo.c"), "CompileError", "demo.c, line 3, column 11: ");
    write_text("demo.c", "");
    assert_prints(ipc_execute_file_with(s.one, "./demo.c", &(ipc_options_t){.label = "empty"}), "null");
    assert_fails(ipc_execute_file(s.one, "no_such.c"), "argument path, 'no_such.c', cannot be read: No such file");
    assert_fails(ipc_execute_file(s.one, "."), "cannot be read");
    assert_fails(ipc_execute_file(s.one, ""), "argument");
    assert_ok(ipc_view_clear(s.one));
    ck_assert(unlink(header) == 0 && unlink(path) == 0 && chdir("/") == 0 && rmdir(folder) == 0);
    session_close(&s);
}
END_TEST

START_TEST(a_view_prepares_each_engine_that_it_uses)
{
    session_t s = session_open();
    char path[] = "/tmp/ipc-start-XXXXXX";
    int fd = mkstemp(path);
    ck_assert(fd >= 0 && close(fd) == 0);
    write_text(path, "int answer(void) { return 6 * SEVEN + (int) CHAR_BIT; }\n#define SEVEN 7\n");
    ipc_view_t *two = view_of(&s, "0,1");
    assert_refused(ipc_prepare(two, &(ipc_prepare_t){.include = "<limits.h>", .file = path}), "CompileError",
                   "line 1, ");
    write_text(path, "#define SEVEN 7\nint answer(void) { return 6 * SEVEN + (int) CHAR_BIT; }\n");
    assert_prints(ipc_prepare(two, &(ipc_prepare_t){.include = "<limits.h> <ctype.h>", .file = path}), "[null, null]");
    unlink(path);
    assert_prints(ipc_apply_named(two, "answer"), "[50, 50]");
    assert_refused(ipc_apply_named(view_of(&s, "[2]"), "answer"), "NameError", "there is no function 'answer'");
    assert_ok(ipc_view_restart(two));
    assert_prints(ipc_apply_named(two, "answer"), "[50, 50]");
    assert_ok(ipc_view_clear(two));
    assert_prints(ipc_apply_named(two, "answer"), "[50, 50]"); // sent again
    // Those of a balanced view, too.
    assert_ok(ipc_prepare(s.any, &(ipc_prepare_t){.source = "int64_t plus(int64_t x) { return x + 1; }"}));
    assert_prints(ipc_apply_named(s.any, "plus", 3), "4");
    assert_prints(ipc_apply_named(s.all, "plus", 3), "[4, 4, 4, 4]");
    assert_ok(ipc_prepare(two, NULL));
    assert_ok(ipc_prepare(s.any, NULL));
    assert_fails(ipc_prepare(two, &(ipc_prepare_t){.include = "limits.h"}), "argument include");
    assert_fails(ipc_prepare(two, &(ipc_prepare_t){.require = "./mine.so"}), "argument require");
    assert_fails(ipc_prepare(two, &(ipc_prepare_t){.source = "1", .file = "x.c"}), "both given");
    assert_fails(ipc_prepare(two, &(ipc_prepare_t){.file = "no_such.c"}), "cannot be read");
    assert_refused(ipc_prepare(two, &(ipc_prepare_t){.require = "no_such_module"}), "ModuleError", "no_such_module");
    assert_ok(ipc_prepare(two, NULL));
    assert_ok(ipc_view_clear(s.all));
    session_close(&s);
}
END_TEST

START_TEST(an_engine_that_joins_is_prepared)
{
    ipc_error_t error = {0};
    ipc_cluster_t *cluster = ipc_cluster_start(&(ipc_cluster_options_t){.engines = 1}, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    ipc_client_t *client = ipc_cluster_client(cluster, &error);
    ck_assert_msg(client != NULL, "%s", error.text);
    ipc_view_t *all = ipc_direct_view(client, "all", &error), *any = ipc_balanced_view(client, NULL, &error);
    assert_prints(ipc_prepare(all, &(ipc_prepare_t){.source = "int64_t plus(int64_t x) { return x + 1; }"}), "[null]");
    assert_prints(ipc_prepare(any, &(ipc_prepare_t){.source = "int64_t minus(int64_t x) { return x - 1; }"}), "[null]");
    ck_assert_msg(ipc_cluster_add(cluster, 1, &error) == 0, "%s", error.text);
    ck_assert_msg(ipc_client_wait(client, 2, 10000, &error) == 0, "%s", error.text);
    assert_prints(ipc_apply_named(all, "plus", 1), "[2, 2]");
    for (int i = 0; i < 8; i++) assert_prints(ipc_apply_named(any, "minus", 1), "0");
    assert_prints(ipc_apply_named(all, "minus", 1), "[0, 0]");
    ipc_client_destroy(&client);
    ipc_cluster_stop(&cluster);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, marked_cells_run_again_after_a_restart);
    tcase_add_test(tests, what_fails_when_it_runs_again_is_left_out);
    tcase_add_test(tests, cells_that_end_their_engine_are_errors);
    tcase_add_test(tests, a_file_is_executed_under_its_name);
    tcase_add_test(tests, a_view_prepares_each_engine_that_it_uses);
    tcase_add_test(tests, an_engine_that_joins_is_prepared);
}

int main(void)
{
    return e2e_main("restart", add);
}
