//  Which inputs want more lines.
#include "tools/complete.h"

#include <check.h>

#include "tests/common/run_suite.h"

static void check_all(const char *const *texts, bool wanted)
{
    for (; *texts; texts++)
        ck_assert_msg(complete_wants_more(*texts) == wanted, "'%s' %s", *texts,
                      wanted ? "is taken for complete" : "is thought to want more lines");
}

START_TEST(whole_lines_are_complete)
{
    check_all((const char *const[]){
        "", "a", "a = 2;", "f(1, g[2])", "double x = f(3)", "return f(x)", "a * f(x)", "int f(void);",
        "double f(double x) { return x; }", "if (a) b();", "for (;;) { }", "x = (int) sqrt(2)",
        "#include <math.h>", "#define f(x) (x)", "%px f(1)", "%autopx", "%pull a", "struct s { int x; };",
        "puts(\"(\")", "'('", "a; // (", "a; /* ( */", "char c = '\\''; f()", "#include <a(b.h>", NULL}, false);
}
END_TEST

START_TEST(what_is_open_wants_more)
{
    check_all((const char *const[]){
        "f(", "f(1,", "int a[] = {", "double f(double x)\n{\n    return x;", "/* begun", "a + \\",
        "#if A", "#ifdef A\nint x;", "#if A\n#else\nint x;", "#define f(x) \\", "\"a\\",
        "f(/* ) */", "f( // )", "f('(', \")\"", "%px f(", "%px if (a) {", NULL}, true);
}
END_TEST

START_TEST(heads_want_their_bodies)
{
    check_all((const char *const[]){
        "int f(void)", "static double g(double x, int n)", "const char *name(void)", "unsigned long f(void)",
        "#include <math.h>\nint f(void)", "int x;\nint f(void)", "%px int f(void)", "if (a)",
        "for (int i = 0; i < n; i++)",
        "while (a)", "switch (a)", "if (a) b(); else", "do", "else if (f(x))", NULL}, true);
}
END_TEST

START_TEST(what_more_lines_cannot_mend_is_complete)
{
    check_all((const char *const[]){"f(1))", "a]", "f(]", "}", "{ ) {", "puts(\"never ended)", "puts(\"a\n\");\n}",
                                    "'", "#endif", NULL}, false);
}
END_TEST

START_TEST(a_cell_ends_in_an_empty_line)
{
    check_all((const char *const[]){"%%px", "%%px\na = 2;", "%%px --targets ::2\nf();", "%%px\nint f(void)\n{\n",
                                    "%%px\n/*\n", NULL}, true);
    check_all((const char *const[]){"%%px\na = 2;\n", "%%px\na = 2;\n   ", "%%px\nint f(void)\n{\n}\n", NULL}, false);
}
END_TEST

START_TEST(two_empty_lines_end_any_input)
{
    static const char *const forced[] = {"f(\n\n", "f(\n  \n    ", "/*\n\n\n", NULL};
    static const char *const not_forced[] = {"", "\n", "f(", "f(\n", "f(\n\nx", "f(\n\nx\n", NULL};
    for (size_t i = 0; forced[i]; i++) ck_assert_msg(complete_is_forced(forced[i]), "'%s'", forced[i]);
    for (size_t i = 0; not_forced[i]; i++)
        ck_assert_msg(!complete_is_forced(not_forced[i]), "'%s'", not_forced[i]);
}
END_TEST

START_TEST(depth_counts_open_brackets)
{
    ck_assert_uint_eq(complete_depth(""), 0);
    ck_assert_uint_eq(complete_depth("f(1)"), 0);
    ck_assert_uint_eq(complete_depth("int f(void) {"), 1);
    ck_assert_uint_eq(complete_depth("int f(void) { if (a[1]) {"), 2);
    ck_assert_uint_eq(complete_depth("f(\"(\", '{', /* [ */"), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("complete");
    tcase_add_test(tests, whole_lines_are_complete);
    tcase_add_test(tests, what_is_open_wants_more);
    tcase_add_test(tests, heads_want_their_bodies);
    tcase_add_test(tests, what_more_lines_cannot_mend_is_complete);
    tcase_add_test(tests, a_cell_ends_in_an_empty_line);
    tcase_add_test(tests, two_empty_lines_end_any_input);
    tcase_add_test(tests, depth_counts_open_brackets);
    return run_suite("complete", tests);
}
