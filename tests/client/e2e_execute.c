//  C source that engines compile and run: cells that build on one another, their variables as names of the
//  namespace, their functions called by name, their errors.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(double, twice_own, (ipc_array_t *x)) { return ipc_array_f64(x)[0] *= 2; }
IPC_REMOTE(void, lose_compiler, (void)) { setenv("PATH", "/nowhere", 1); }
IPC_REMOTE(double, sum_of, (const ipc_array_t *x))
{
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) total += ipc_array_f64(x)[i];
    return total;
}
// clang-format on

//  Runs a cell on all engines; it must be fine.
static void run(session_t *s, const char *source)
{
    assert_ok(ipc_execute(s->all, source));
}

//  What a cell's last expression prints on engine 0.
static void assert_gives(session_t *s, const char *source, const char *expected)
{
    assert_prints(ipc_execute(s->one, source), expected);
}

//  The program of API.md 5.
START_TEST(cells_build_on_one_another)
{
    session_t s = session_open();
    run(&s, "#include <math.h>\n"
            "double a = sqrt(2);\n"
            "double scaled(double x) { return a * x; }");
    run(&s, "a *= 10;");
    assert_prints(ipc_apply_named(s.all, "scaled", 2.0), "[28.2843, 28.2843, 28.2843, 28.2843]");
    assert_prints(ipc_pull(s.all, "a"), "[14.1421, 14.1421, 14.1421, 14.1421]");
    ipc_result_t *bad = ipc_execute(s.all, "double b = cosh(a) + undeclared;");
    char *text = error_text_of(ipc_result_error(bad));
    ck_assert_msg(strncmp(text, "[0:execute] cell 3, line 1, column 22: ", 39) == 0, "%s", text);
    ck_assert_msg(strstr(text, "column 22: 'undeclared' undeclared") || strstr(text, "column 22: use of undeclared"),
                  "%s", text); // clang
    ck_assert_msg(strstr(text, "double b = cosh(a) + undeclared;") && strchr(text, '^'), "%s", text);
    ck_assert_msg(strstr(text, "\n[1:execute] [2:execute] [3:execute] the same\n") && !strchr(text, 27), "%s", text);
    ck_assert_ptr_eq(strstr(text, "undeclared;"), strrchr(text, ';') - 10); // once
    ck_assert(strstr(ipc_result_error(bad)->text, "(and 3 more failed)\n    double b"));
    free(text);
    ipc_result_destroy(&bad);
    assert_refused(ipc_pull(s.all, "b"), "NameError", "name 'b' is not defined");
    session_close(&s);
}
END_TEST

START_TEST(the_last_expression_is_the_value)
{
    session_t s = session_open();
    assert_prints(ipc_execute_sync(s.all, "1 + 1"), "[2, 2, 2, 2]");
    assert_gives(&s, "int k = 3;\nk * 2.5", "7.5");
    assert_gives(&s, "k * 2.5;", "null");
    assert_gives(&s, "int lost = 3;", "null");
    assert_gives(&s, "\"text\"", "\"text\"");
    assert_gives(&s, "1.0 + 2.0 * I", "1+2i");
    assert_gives(&s, "(bool) (k == 3)", "true");
    assert_gives(&s, "18446744073709551615u", "18446744073709551615");
    assert_gives(&s, "double row[3] = {1, 2, 3};\nrow", "[1, 2, 3]");
    assert_gives(&s, "(void) k", "null");
    assert_gives(&s, "struct Pair { int a, b; };\n(struct Pair){1, 2}", "{\"a\": 1, \"b\": 2}");
    assert_gives(&s, "(int[]){3, 4}", "[3, 4]");
    assert_gives(&s, "", "null");
    assert_gives(&s, "// nothing but a comment", "null");
    assert_prints(ipc_execute(s.all, "ipc_engine_id()"), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(variables_of_each_kind_are_names_of_the_namespace)
{
    session_t s = session_open();
    run(&s, "int i = -3; unsigned char u = 200; float f = 0.5f; double d = 2.5; bool yes = true, no;\n"
            "double complex z = 1 + 2 * I; char *word = \"abc\"; char line[16] = \"xyz\"; long long big = 1LL << 40;\n"
            "static const int constant = 5; const char *given = \"g\";\n"
            "double v[] = {1, 2, d}; int m[2][3] = {{1, 2, 3}, {4, 5, 6}};");
    assert_prints(ipc_pull_list(s.one, ipc_list("i", "u", "f", "d", "yes", "no", "z", "word", "line", "big", "constant",
                                                "given", "v", "m")),
                  "[-3, 200, 0.5, 2.5, true, false, 1+2i, \"abc\", \"xyz\", 1099511627776, 5, \"g\", [1, 2, 2.5], "
                  "[[1, 2, 3], [4, 5, 6]]]");
    assert_ok(ipc_push_dict(s.one, ipc_dict("i", 7, "u", 1, "d", 3, "yes", false, "z", 5, "word", "pushed", "line", "new")));
    assert_ok(ipc_push(s.one, "v", ipc_f64(((double[]){7, 8, 9}), 3)));
    assert_gives(&s, "i + u + d + yes + v[2]", "20");
    assert_gives(&s, "word", "\"pushed\"");
    assert_gives(&s, "strlen(line)", "3");
    assert_prints(ipc_apply(s.one, twice_own, ipc_ref("v")), "14"); // the variable's own memory
    assert_gives(&s, "v[0]++; v", "[15, 8, 9]");
    assert_prints(ipc_pull(s.one, "v[-1]"), "9");
    session_close(&s);
}
END_TEST

START_TEST(what_is_constant_stays_so)
{
    static const char *const writes[] = {"k = 4;", "k++", "table[1] = 0;", "text[0] = 'x';", "point.x = 1;", "end = 0;",
                                         "counted[0] = 1;", "made = 2;", "void set(void) { k = 1; }"};
    session_t s = session_open();
    run(&s, "const int k = 3; const double table[] = {1, 2, 3}; const char text[8] = \"abc\";\n"
            "const char *word = \"w\"; const struct Point { int x, y; } point = {4, 5}; char *const end = \"end\";\n"
            "int n = k + 1; static const int counted[] = {[2] = 3}; const __auto_type made = 1.5;");
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++)
        assert_refused(ipc_execute(s.one, writes[i]), "CompileError", "line 1, column ");
    run(&s, "word = \"other\"; n = k;");
    assert_gives(&s, "k", "3");
    assert_gives(&s, "k + n + table[1] + point.y + counted[2] + made", "17.5");
    assert_gives(&s, "table", "[1, 2, 3]");
    assert_gives(&s, "point", "{\"x\": 4, \"y\": 5}");
    assert_gives(&s, "text", "\"abc\"");
    run(&s, "const int k = 5;"); // anew
    assert_gives(&s, "k", "5");
    assert_refused(ipc_execute(s.one, "k = 6;"), "CompileError", "line 1, column ");
    run(&s, "int k = 7;"); // another one
    assert_gives(&s, "++k", "8");
    session_close(&s);
}
END_TEST

START_TEST(what_was_pushed_has_a_c_type_in_cells)
{
    session_t s = session_open();
    const double ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_ok(ipc_scatter(s.all, "part", ipc_f64(ones, 16)));
    assert_ok(ipc_push_dict(s.all, ipc_dict("n", 5, "h", 0.5, "name", "heat", "flag", true)));
    run(&s, "double total = 0;\nfor (size_t i = 0; i < part_count; i++) { total += part[i]; part[i] *= 10; }");
    assert_prints(ipc_pull(s.all, "total"), "[4, 4, 4, 4]");
    assert_prints(ipc_gather(s.all, "part"), "[10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10]");
    assert_gives(&s, "n * h + flag + strlen(name)", "7.5");
    run(&s, "n++; h *= 2;");
    assert_prints(ipc_pull_list(s.one, ipc_list("n", "h")), "[6, 1]");
    assert_ok(ipc_push(s.all, "part", ipc_f64(ones, 2))); // functions see the new one
    run(&s, "size_t length(void) { return part_count; }");
    assert_ok(ipc_push(s.all, "part", ipc_f64(ones, 3)));
    assert_prints(ipc_apply_named(s.one, "length"), "3");
    assert_ok(ipc_push(s.all, "part", "now a string"));
    assert_prints(ipc_apply_named(s.one, "length"), "0");
    assert_gives(&s, "part", "\"now a string\"");
    assert_refused(ipc_execute(s.one, "name = part = 3;"), "CompileError", "cell 6, line 1, column 13: ");
    session_close(&s);
}
END_TEST

START_TEST(what_was_pushed_has_its_shape_beside_it)
{
    session_t s = session_open();
    const double m[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_ok(ipc_scatter(s.all, "m", ipc_view2(IPC_F64, m, 4, 2)));
    run(&s, "double corner(void) { return m[(m_shape[0] - 1) * m_shape[1]] + 10 * m_ndim + 100 * m_count; }");
    assert_prints(ipc_apply_named(s.all, "corner"), "[221, 223, 225, 227]");
    assert_ok(ipc_push(s.one, "m", ipc_view2(IPC_F64, m, 2, 3)));
    assert_prints(ipc_apply_named(s.one, "corner"), "624");
    run(&s, "int grid[2][2] = {{1, 2}, {3, 4}};");
    assert_prints(ipc_pull(s.one, "grid"), "[[1, 2], [3, 4]]");
    assert_ok(ipc_push(s.one, "grid", ipc_view2(IPC_I32, ((int[]){5, 6, 7, 8}), 2, 2)));
    assert_gives(&s, "grid[1][0]", "7");
    session_close(&s);
}
END_TEST

START_TEST(lists_and_dictionaries_are_values_in_cells)
{
    session_t s = session_open();
    assert_ok(ipc_push(s.all, "d", ipc_dict("n", 3, "list", ipc_list(1, "two"))));
    assert_gives(&s, "ipc_value_i64(ipc_value_get(d, \"n\"))", "3");
    run(&s, "d = ipc_dict(\"n\", 4, \"before\", d);");
    assert_prints(ipc_pull(s.one, "d"), "{\"n\": 4, \"before\": {\"n\": 3, \"list\": [1, \"two\"]}}");
    assert_prints(ipc_pull(s.one, "d.before.list[1]"), "\"two\"");
    assert_ok(ipc_push(s.one, "d.n", 5));
    assert_gives(&s, "ipc_value_get(d, \"n\")", "5");
    run(&s, "ipc_array_t *made = ipc_array_new(IPC_F64, 1, (size_t[]){2}, NULL); ipc_array_f64(made)[1] = 1.5;");
    assert_prints(ipc_apply(s.one, sum_of, ipc_ref("made")), "1.5");
    assert_prints(ipc_pull(s.all, "made"), "[[0, 1.5], [0, 1.5], [0, 1.5], [0, 1.5]]");
    assert_refused(ipc_execute(s.one, "d = ipc_list(7);\nipc_raise(\"Stopped\", \"after it\");"), "Stopped",
                   "after it");
    assert_prints(ipc_pull(s.one, "d"), "[7]");
    assert_refused(ipc_execute_with(s.one, "d = ipc_list(8); for (volatile int n = 0;; n++);",
                                    &(ipc_options_t){.run_limit_ms = 200}), "TaskTimeout", "ran longer");
#if defined __x86_64__
    assert_prints(ipc_pull(s.one, "d"), "[7]");
#endif
    session_close(&s);
}
END_TEST

START_TEST(functions_of_cells_take_and_give_all_types)
{
    session_t s = session_open();
    const double ones[3] = {1, 1, 1};
    run(&s, "double total(const ipc_array_t *x) { return ipc_array_f64(x)[0] * ipc_array_count(x); }\n"
            "void twice(ipc_array_t *x) { ipc_array_f64(x)[0] *= 2; }\n"
            "ipc_value_t count(ipc_value_t v) { return ipc_give(ipc_list(ipc_value_count(v), v)); }\n"
            "ipc_array_t *make(int n) { return ipc_array_new(IPC_U8, 1, (size_t[]){n}, NULL); }");
    assert_ok(ipc_push(s.one, "x", ipc_f64(ones, 3)));
    assert_prints(ipc_apply_named(s.one, "total", ipc_f64(ones, 3)), "3");
    assert_ok(ipc_apply_named(s.one, "twice", ipc_ref("x")));
    assert_prints(ipc_apply_named(s.one, "total", ipc_ref("x")), "6");
    assert_prints(ipc_apply_named(s.one, "count", ipc_dict("a", 1)), "[1, {\"a\": 1}]");
    assert_prints(ipc_apply_named(s.one, "make", 2), "[0, 0]");
    session_close(&s);
}
END_TEST

START_TEST(structs_are_pulled_as_dictionaries)
{
    session_t s = session_open();
    run(&s, "struct Spot { double x, y; char name[8]; } spot = {1, 2.5, \"here\"}, spots[2];");
    assert_prints(ipc_pull(s.one, "spot"), "{\"x\": 1, \"y\": 2.5, \"name\": \"here\"}");
    assert_prints(ipc_pull(s.one, "spots[1].y"), "0");
    assert_ok(ipc_push(s.one, "spot", ipc_dict("y", 9, "name", "there")));
    assert_gives(&s, "puts(spot.name); spot.x + spot.y", "10");
    assert_ok(ipc_push(s.one, "spots[1].x", 4));
    assert_gives(&s, "spots[1].x", "4");
    assert_ok(ipc_push(s.one, "spot", ipc_dict("x", 1, "name", "here")));
    assert_gives(&s, "spot.y = 3; spot", "{\"x\": 1, \"y\": 3, \"name\": \"here\"}");
    session_close(&s);
}
END_TEST

START_TEST(the_newest_declaration_counts)
{
    session_t s = session_open();
    run(&s, "double turn = 1; double get_turn(void) { return turn; }\n#define TURNS 3\nstruct Spot { int x; };\n"
            "struct Spot spot = {4};");
    run(&s, "turn = 2;");
    assert_gives(&s, "double turn = 3;\nget_turn()", "3"); // the same variable
    run(&s, "int turn = 9;");                              // another
    assert_gives(&s, "get_turn() + turn", "12");
    run(&s, "int get_turn(void) { return -turn; }");
    assert_gives(&s, "get_turn()", "-9");
    run(&s, "#define TURNS 4\nstruct Spot { double x, y; };\nstruct Spot spot2 = {.y = 1.5};");
    assert_gives(&s, "TURNS + spot2.y", "5.5");
    run(&s, "#define TURNS 4\nstruct Spot { double x, y; };\nstruct Spot spot2 = {.y = 1.5};"); // again
    run(&s, "typedef struct { int a; } named_t; named_t it = {3}; enum { RED = 5, GREEN };");
    run(&s, "typedef struct { int a; } named_t; enum { RED = 5, GREEN };");
    assert_gives(&s, "it.a + GREEN", "9");
    run(&s, "#undef TURNS\nint TURNS = 1;");
    assert_gives(&s, "TURNS", "1");
    session_close(&s);
}
END_TEST

START_TEST(functions_of_cells_are_called_by_name)
{
    session_t s = session_open();
    run(&s, "static inline int64_t add2(int64_t p, int64_t q) { return p + q; }\n"
            "void remember(double x) { static double kept; kept = x; printf(\"%g\\n\", kept); }\n"
            "const char *greeting(const char *who) { return strcmp(who, \"x\") ? \"hello\" : \"no\"; }\n"
            "double complex turned(double complex z) { return z * I; }\n"
            "int odd(int n); int even(int n) { return n == 0 ? 1 : odd(n - 1); }\n"
            "int odd(int n) { return n == 0 ? 0 : even(n - 1); }\n"
            "double first(double *p) { return p[0]; }\n");
    assert_prints(ipc_apply_named(s.one, "add2", 1, 2), "3");
    assert_prints(ipc_apply_named(s.one, "remember", 2), "null");
    assert_prints(ipc_apply_named(s.one, "greeting", "you"), "\"hello\"");
    assert_prints(ipc_apply_named(s.one, "turned", 3), "0+3i");
    assert_prints(ipc_apply_named(s.one, "odd", 7), "1");
    assert_fails(ipc_apply_named(s.one, "add2", 1), "takes 2 arguments");
    assert_fails(ipc_apply_named(s.one, "add2", 1, 2.5), "argument");
    assert_refused(ipc_apply_named(s.one, "first", 1), "NameError", "cannot be called by name");
    assert_refused(ipc_apply_named(s.one, "no_such", 1), "NameError", "there is no function 'no_such'");
    assert_refused(ipc_pull(s.one, "add2"), "NameError", "is a function");
    session_close(&s);
}
END_TEST

START_TEST(what_has_no_value_says_so)
{
    session_t s = session_open();
    run(&s, "union Box { int w; } box = {3}; FILE *file = NULL; double (*apply_it)(double) = fabs;");
    assert_gives(&s, "apply_it(-2) + box.w", "5");
    assert_refused(ipc_pull(s.one, "box"), "NameError", "'box' is a variable of a struct or another C type");
    assert_refused(ipc_pull(s.one, "file"), "NameError", "can be read from outside");
    assert_refused(ipc_pull(s.one, "apply_it"), "NameError", "can be read from outside");
    session_close(&s);
}
END_TEST

START_TEST(headers_can_be_included_for_all_later_cells)
{
    session_t s = session_open();
    assert_prints(ipc_include_sync(s.all, "<limits.h>"), "[null, null, null, null]");
    assert_gives(&s, "CHAR_BIT", "8");
    assert_refused(ipc_include(s.one, "<no/such.h>"), "CompileError", "no/such.h");
    assert_fails(ipc_include(s.one, "limits.h"), "argument");
    assert_gives(&s, "CHAR_BIT + 1", "9"); // what failed is not in the way
    session_close(&s);
}
END_TEST

//  What a cell was compiled from may have changed when it is run again.
START_TEST(a_header_of_ones_own_is_read_anew)
{
    session_t s = session_open();
    char path[] = "/tmp/ipc-header-XXXXXX", source[128];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    snprintf(source, sizeof source, "#include \"%s\"\nFROM_HEADER", path);
    ck_assert_int_eq(write(fd, "#define FROM_HEADER 1\n", 22), 22);
    assert_gives(&s, source, "1");
    ck_assert_int_eq(pwrite(fd, "#define FROM_HEADER 2\n", 22, 0), 22);
    assert_gives(&s, source, "2");
    close(fd);
    unlink(path);
    assert_ok(ipc_view_clear(s.all)); // else later cells would look for it
    session_close(&s);
}
END_TEST

START_TEST(a_failed_cell_changes_nothing)
{
    session_t s = session_open();
    run(&s, "int stays = 1;");
    assert_refused(ipc_execute(s.one, "double stays = 2;\nint fresh = 3;\n\tnonsense_here;"), "CompileError",
                   "cell 2, line 3, column 2: ");
    assert_refused(ipc_execute(s.one, "stays = (1;"), "CompileError", "cell 3, line 1, column 9: this bracket");
    assert_refused(ipc_execute(s.one, "double missing_one(double);\nmissing_one(2)"), "CompileError",
                   "cell 4: there is no function or variable 'missing_one'");
    assert_refused(ipc_execute(s.one, "#include \"no_such_header.h\""), "CompileError", "cell 5, line 1, column ");
    assert_gives(&s, "stays", "1");
    assert_refused(ipc_pull(s.one, "fresh"), "NameError", "not defined");
    session_close(&s);
}
END_TEST

START_TEST(a_cell_is_a_task_like_any_other)
{
    session_t s = session_open();
    assert_refused(ipc_execute(s.one, "int before = 1;\nipc_raise(\"DomainError\", \"no root of %d\", before);"),
                   "DomainError", "no root of 1");
    assert_prints(ipc_pull(s.one, "before"), "1");
    ipc_result_t *out = ipc_execute(s.all, "printf(\"here\\n\");");
    char *text = display_of(out);
    ck_assert_str_eq(text, "[stdout:0] here\n[stdout:1] here\n[stdout:2] here\n[stdout:3] here\n");
    free(text);
    ipc_result_destroy(&out);
    // Stopped in a function of an earlier cell, with its engine's namespace as it was.
    run(&s, "void spin(void) { volatile int n = 0; for (;;) n++; }");
    assert_refused(ipc_execute_with(s.one, "before = 2;\nspin();", &(ipc_options_t){.run_limit_ms = 200}),
                   "TaskTimeout", "ran longer");
#if defined __x86_64__
    assert_prints(ipc_pull(s.one, "before"), "2");
#endif
    assert_fails(ipc_execute(ipc_balanced_view(s.client, NULL, NULL), "1"), "direct view");
    session_close(&s);
}
END_TEST

START_TEST(a_crash_in_a_cell_has_a_trace)
{
    session_t s = session_open();
    run(&s, "int poke(int *p)\n{\n    return *p = 1;\n}");
    ipc_result_t *bad = ipc_execute(s.one, "int at = 1;\nat = poke(NULL);");
    const ipc_error_t *error = ipc_result_error_at(bad, 0);
    ck_assert(error != NULL);
    ck_assert_str_eq(error->kind, "SIGSEGV");
    const char *trace = ipc_error_trace(error);
    ck_assert_msg(strstr(trace, "at poke (cell 1, line 3)") && strstr(trace, "at cell 2, line 2"), "%s", trace);
    ck_assert_str_eq(error->where, "poke (cell 1, line 3)");
    ck_assert_msg(strstr(error->text, "in poke (cell 1, line 3); engine 0 starts again, its namespace is gone"), "%s",
                  error->text);
    ipc_result_destroy(&bad);
    assert_refused(ipc_execute(s.one, "poke(NULL)"), "CompileError", "poke"); // the namespace went with it
    assert_refused(ipc_execute(s.one, "at"), "CompileError", "engine 0 was started again: its namespace is gone");
    assert_refused(ipc_pull(s.one, "at"), "NameError",
                   "name 'at' is not defined on engine 0; engine 0 was started again: its namespace is gone");
    assert_ok(ipc_view_clear(s.one)); // from here on it is as empty as it should be
    ipc_result_t *missing = ipc_pull(s.one, "at");
    ck_assert_str_eq(ipc_result_error(missing)->text, "name 'at' is not defined on engine 0");
    ipc_result_destroy(&missing);
    session_close(&s);
}
END_TEST

//  gcc has it trap, clang makes a number of it: C does not say what it is.
START_TEST(a_trap_in_the_last_expression_has_its_line)
{
    session_t s = session_open();
    ipc_result_t *value = ipc_execute(s.one, "int x = 2;\n\n1/0");
    const char *compiler = getenv("IPC_CC");
    const ipc_error_t *error = ipc_result_error(value);
    ck_assert(error || (compiler && strstr(compiler, "clang")));
    ck_assert_msg(!error || strstr(error->text, "in cell 1, line 3;"), "%s", error ? error->text : "");
    ipc_result_destroy(&value);
    assert_ok(ipc_view_clear(s.one));
    session_close(&s);
}
END_TEST

START_TEST(what_a_cell_raises_says_where)
{
    session_t s = session_open();
    run(&s, "double root_of(double x)\n{\n    if (x < 0)\n        ipc_raise(\"DomainError\", \"no root in %g\", x);\n"
            "    return sqrt(x);\n}");
    ipc_result_t *bad = ipc_execute(s.one, "\nroot_of(4) + root_of(-1)");
    const ipc_error_t *error = ipc_result_error_at(bad, 0);
    ck_assert(error != NULL);
    ck_assert_str_eq(error->text, "no root in -1");
    ck_assert_str_eq(error->where, "root_of (cell 1, line 4)");
    const char *trace = ipc_error_trace(error);
    ck_assert_str_eq(trace, "    at root_of (cell 1, line 4)\n    at cell 2, line 2\n");
    ipc_result_destroy(&bad);
    bad = ipc_apply_named(s.one, "root_of", -1);
    ck_assert_str_eq(ipc_error_trace(ipc_result_error_at(bad, 0)), "    at root_of (cell 1, line 4)\n");
    ipc_result_destroy(&bad);
    session_close(&s);
}
END_TEST

START_TEST(clear_takes_what_cells_declared)
{
    session_t s = session_open();
    run(&s, "int gone = 1; int get_gone(void) { return gone; }");
    assert_ok(ipc_view_clear(s.all));
    assert_refused(ipc_pull(s.one, "gone"), "NameError", "not defined");
    assert_refused(ipc_execute(s.one, "gone"), "CompileError", "gone");
    assert_refused(ipc_apply_named(s.one, "get_gone"), "NameError", "no function");
    assert_gives(&s, "double gone = 2;\ngone", "2");
    session_close(&s);
}
END_TEST

START_TEST(the_value_is_displayed_as_out)
{
    session_t s = session_open();
    run(&s, "double shown = 14.1421;");
    run(&s, ";");
    ipc_result_t *out = ipc_execute(view_of(&s, "0,2"), "puts(\"a line\");\nshown");
    char *text = display_of(out);
    ck_assert_str_eq(text, "[stdout:0] a line\n[stdout:2] a line\nOut[0:3]: 14.1421\nOut[2:3]: 14.1421\n");
    free(text);
    ipc_result_destroy(&out);
    session_close(&s);
}
END_TEST

START_TEST(without_a_compiler_one_sentence_says_so)
{
    session_t s = session_open();
    ipc_view_t *last = view_of(&s, "3");
    assert_ok(ipc_view_restart(last)); // none of its cells has been compiled
    assert_ok(ipc_apply(last, lose_compiler));
    assert_refused(ipc_execute(last, "1"), "SystemError", "executed source needs a C compiler");
    assert_ok(ipc_view_restart(last));
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, cells_build_on_one_another);
    tcase_add_test(tests, the_last_expression_is_the_value);
    tcase_add_test(tests, variables_of_each_kind_are_names_of_the_namespace);
    tcase_add_test(tests, what_is_constant_stays_so);
    tcase_add_test(tests, what_was_pushed_has_a_c_type_in_cells);
    tcase_add_test(tests, what_was_pushed_has_its_shape_beside_it);
    tcase_add_test(tests, lists_and_dictionaries_are_values_in_cells);
    tcase_add_test(tests, functions_of_cells_take_and_give_all_types);
    tcase_add_test(tests, structs_are_pulled_as_dictionaries);
    tcase_add_test(tests, the_newest_declaration_counts);
    tcase_add_test(tests, functions_of_cells_are_called_by_name);
    tcase_add_test(tests, what_has_no_value_says_so);
    tcase_add_test(tests, headers_can_be_included_for_all_later_cells);
    tcase_add_test(tests, a_header_of_ones_own_is_read_anew);
    tcase_add_test(tests, a_failed_cell_changes_nothing);
    tcase_add_test(tests, a_cell_is_a_task_like_any_other);
    tcase_add_test(tests, a_crash_in_a_cell_has_a_trace);
    tcase_add_test(tests, a_trap_in_the_last_expression_has_its_line);
    tcase_add_test(tests, what_a_cell_raises_says_where);
    tcase_add_test(tests, clear_takes_what_cells_declared);
    tcase_add_test(tests, the_value_is_displayed_as_out);
    tcase_add_test(tests, without_a_compiler_one_sentence_says_so);
}

int main(void)
{
    return e2e_main("execute", add);
}
