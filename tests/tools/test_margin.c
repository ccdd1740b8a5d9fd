//  Margins after each key: '|' stands for the cursor and '_' for a no-break space.
#include "tools/margin.h"

#include <check.h>
#include <stdlib.h>

#include "tests/common/run_suite.h"
#include "tools/wide.h"

enum { WIDTH = 3 };

static wchar_t *read_drawing(const char *drawing, size_t *count, size_t *cursor)
{
    wchar_t *text = wide_of_utf8(drawing);
    *count = 0;
    for (size_t i = 0; text[i]; i++)
        if (text[i] == '|')
            *cursor = *count;
        else
            text[(*count)++] = text[i] == '_' ? MARGIN_SPACE : text[i];
    text[*count] = 0;
    return text;
}

//  What becomes of a buffer; the same as it was when there is nothing to mend.
static void check_mend(const char *drawing, size_t before, const char *wanted)
{
    size_t count, cursor = 0, wanted_count, wanted_cursor = 0;
    wchar_t *text = read_drawing(drawing, &count, &cursor);
    wchar_t *result = read_drawing(wanted, &wanted_count, &wanted_cursor);
    wchar_t *mended = margin_mend(text, count, &cursor, before, WIDTH);
    ck_assert_msg(wcscmp(mended ? mended : text, result) == 0, "'%s' became '%ls'", drawing, mended ? mended : text);
    ck_assert_msg(cursor == wanted_cursor, "the cursor of '%s' is at %zu", drawing, cursor);
    free(mended);
    free(result);
    free(text);
}

START_TEST(missing_margins_are_set)
{
    check_mend("|", 0, "|");
    check_mend("ab|c", 0, "ab|c");
    check_mend("a\nb|", 0, "a\n___b|");
    check_mend("a\n|", 0, "a\n___|");
    check_mend("|a\n\nb", 0, "|a\n___\n___b");
    check_mend("a\n_____b|c", 0, "a\n___b|c");
}
END_TEST

START_TEST(nothing_changes_twice)
{
    size_t count, cursor = 0;
    wchar_t *text = read_drawing("a\n___b|\n___", &count, &cursor);
    ck_assert_ptr_null(margin_mend(text, count, &cursor, 0, WIDTH));
    free(text);
}
END_TEST

//  The editor mends again and again until there is nothing to mend: that must come at once, of any buffer.
START_TEST(what_is_mended_is_whole)
{
    static const wchar_t characters[] = {'a', ' ', '\n', '\n', MARGIN_SPACE, MARGIN_SPACE, MARGIN_SPACE};
    srand(1);
    for (int round = 0; round < 10000; round++) {
        wchar_t text[24];
        size_t count = (size_t) rand() % 24, cursor = (size_t) rand() % (count + 1), before = (size_t) rand() % 24;
        for (size_t i = 0; i < count; i++) text[i] = characters[rand() % 7];
        wchar_t *mended = margin_mend(text, count, &cursor, before, (size_t) rand() % 2 * WIDTH);
        size_t width = mended && wcschr(mended, MARGIN_SPACE) ? WIDTH : 0, place = cursor;
        wchar_t *again = mended ? margin_mend(mended, wcslen(mended), &place, cursor, width) : NULL;
        if (again || place != cursor)
            ck_abort_msg("round %d: '%ls' is mended again", round, mended);
        free(mended);
    }
}
END_TEST

START_TEST(deleting_at_a_margin_joins_lines)
{
    check_mend("a\n__|b", 5, "a|b");                   // backwards, from behind the margin
    check_mend("a|___b", 1, "a|b");                    // forwards, the end of line itself
    check_mend("a\n___b\n__|c\n___d", 10, "a\n___b|c\n___d");
}
END_TEST

START_TEST(the_cursor_stays_out_of_margins)
{
    check_mend("a\n__|_b", 5, "a|\n___b");             // came from the right
    check_mend("a\n|___b", 1, "a\n___|b");             // came from the left
    check_mend("a\n_|__b", 9, "a|\n___b");
}
END_TEST

START_TEST(stripping_leaves_the_text)
{
    size_t count, cursor;
    wchar_t *text = read_drawing("\u00e9\n___ \u65e5\n___", &count, &cursor);
    char *bare = margin_strip(text, count);
    ck_assert_str_eq(bare, "\u00e9\n \u65e5\n");
    free(bare);
    free(text);
}
END_TEST

START_TEST(wrong_bytes_are_replaced)
{
    wchar_t *wide = wide_of_utf8("a\xff\xc3(\xed\xa0\x80\xc0\x80\xfc\x80z");
    ck_assert(wide[0] == 'a' && wide[1] == 0xfffd && wide[2] == 0xfffd && wide[3] == '(');
    ck_assert(wide[wcslen(wide) - 1] == 'z');
    free(wide);
    wide = wide_of_utf8("\U0001f600\u00e9");
    ck_assert(wide[0] == 0x1f600 && wide[1] == 0xe9 && wide[2] == 0);
    char *utf8 = wide_to_utf8(wide, 2);
    ck_assert_str_eq(utf8, "\U0001f600\u00e9");
    free(utf8);
    free(wide);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("margin");
    tcase_add_test(tests, missing_margins_are_set);
    tcase_add_test(tests, nothing_changes_twice);
    tcase_add_test(tests, what_is_mended_is_whole);
    tcase_add_test(tests, deleting_at_a_margin_joins_lines);
    tcase_add_test(tests, the_cursor_stays_out_of_margins);
    tcase_add_test(tests, stripping_leaves_the_text);
    tcase_add_test(tests, wrong_bytes_are_replaced);
    return run_suite("margin", tests);
}
