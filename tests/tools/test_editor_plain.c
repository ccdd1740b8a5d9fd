//  Inputs from a file.
#include "tools/editor_plain.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"

//  Holds the inputs of a text against a NULL-terminated list of them.
static void check_inputs(const char *text, const char *const *wanted)
{
    FILE *in = fmemopen((void *) text, strlen(text), "r");
    bool interrupted;
    for (; *wanted; wanted++) {
        char *input = editor_plain_read(in, NULL, &interrupted);
        ck_assert_ptr_nonnull(input);
        ck_assert_str_eq(input, *wanted);
        free(input);
    }
    ck_assert_ptr_null(editor_plain_read(in, NULL, &interrupted));
    ck_assert(!interrupted);
    fclose(in);
}

START_TEST(each_line_is_an_input)
{
    check_inputs("a = 2;\n\n%px f()\nb", (const char *const[]){"a = 2;", "", "%px f()", "b", NULL});
}
END_TEST

START_TEST(open_lines_go_together)
{
    check_inputs("int f(void)\n{\n\n\n    return 1;\n}\nf(\n1)\n",
                 (const char *const[]){"int f(void)\n{\n\n\n    return 1;\n}", "f(\n1)", NULL});
}
END_TEST

START_TEST(cells_end_at_an_empty_line)
{
    check_inputs("%%px -t 0\na = 2;\nint f(void) {\n\n}\n\nb;\n%%px\nc;\n",
                 (const char *const[]){"%%px -t 0\na = 2;\nint f(void) {\n\n}", "b;", "%%px\nc;", NULL});
}
END_TEST

START_TEST(what_the_end_cuts_is_given)
{
    check_inputs("f(1,\n", (const char *const[]){"f(1,", NULL});
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("editor_plain");
    tcase_add_test(tests, each_line_is_an_input);
    tcase_add_test(tests, open_lines_go_together);
    tcase_add_test(tests, cells_end_at_an_empty_line);
    tcase_add_test(tests, what_the_end_cuts_is_given);
    return run_suite("editor_plain", tests);
}
