//  The colours of a text: a letter for each byte's style.
#include "tools/highlight.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"

//  Holds the styles of a text against letters that stand below it.
static void check_styles(const char *text, long cursor, const char *wanted)
{
    static const char letters[STYLE_COUNT] = {
        [STYLE_PLAIN] = '.', [STYLE_KEYWORD] = 'k', [STYLE_TYPE] = 't', [STYLE_NUMBER] = 'n',
        [STYLE_STRING] = 's', [STYLE_COMMENT] = 'c', [STYLE_DIRECTIVE] = 'd', [STYLE_MAGIC] = 'm',
        [STYLE_WRONG] = 'w', [STYLE_PARTNER] = 'p', [STYLE_PROMPT] = '?', [STYLE_MARGIN] = '?',
    };
    unsigned char *styles = highlight_text(text, cursor);
    char *found = calloc(strlen(text) + 1, 1);
    for (size_t i = 0; text[i]; i++) found[i] = letters[styles[i]];
    ck_assert_str_eq(found, wanted);
    free(found);
    free(styles);
}

START_TEST(words_and_numbers)
{
    check_styles("return a_1 + 0x1.8p-3f;", -1,
                 "kkkkkk.......nnnnnnnnn.");
    check_styles("uint8_t if_ = 1'000, returns; my_t x", -1,
                 "ttttttt.......nnnnn...........tttt..");
    check_styles("x.5 .5e+3 a.b 3.", -1,
                 ".nn.nnnnn.....nn");
}
END_TEST

START_TEST(strings_and_comments)
{
    check_styles("f(\"a\\\"b\", 'x') // c", -1,
                 "..ssssss..sss..cccc");
    check_styles("a /* b\n\"c */ d \"e\n\"", -1,
                 "..cccccccccc...ww.s");
    check_styles("\"still typing", -1,
                 "sssssssssssss");
}
END_TEST

START_TEST(directives_and_magics)
{
    check_styles("# include <a.h>\nx # y", -1,
                 "ddddddddd.sssss......");
    check_styles("%%px -t 1\na % b", -1,
                 "mmmm....n......");
    check_styles("a %px", -1, ".....");
}
END_TEST

START_TEST(brackets)
{
    check_styles("f(a[1])", 7, ".p..n.p");
    check_styles("f(a[1])", 2, ".p..n.p");
    check_styles("f(a[1])", 3, "....n..");
    check_styles("f(a[1])", -1, "....n..");
    check_styles("f(a))]", -1, "....ww");
    check_styles("f(a", 2, "...");
    check_styles("f(\")\")", 2, ".psssp");
}
END_TEST

START_TEST(characters_beyond_ascii_are_of_one_style)
{
    check_styles("\u00e9t\u00e9 = \"\u65e5\u672c\";", -1, "........ssssssss.");
}
END_TEST

START_TEST(each_style_can_be_shown)
{
    for (int style = 0; style < STYLE_COUNT; style++) ck_assert_ptr_nonnull(highlight_sequence(style));
    ck_assert_str_eq(highlight_sequence(STYLE_PLAIN), "");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("highlight");
    tcase_add_test(tests, words_and_numbers);
    tcase_add_test(tests, strings_and_comments);
    tcase_add_test(tests, directives_and_magics);
    tcase_add_test(tests, brackets);
    tcase_add_test(tests, characters_beyond_ascii_are_of_one_style);
    tcase_add_test(tests, each_style_can_be_shown);
    return run_suite("highlight", tests);
}
