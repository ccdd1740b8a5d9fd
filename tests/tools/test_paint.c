//  What a terminal is sent, on a terminal that is an array: the same characters come in the same places as
//  libedit has them, in colours.
#include "tools/paint.h"

#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"
#include "tools/margin.h"
#include "tools/wide.h"

enum { ROWS = 6, COLUMNS = 20 };

//  A terminal that knows what the painter sends.
typedef struct screen {
    wchar_t cell[ROWS][COLUMNS + 1];
    int row, column;           // of its cursor
    int saved_row, saved_column;
    int colours;               // sequences of colours that it was sent
} screen_t;

static void obey(screen_t *self, char letter, int number)
{
    if (letter == 'A')
        self->row -= number;
    else if (letter == 'B')
        self->row += number;
    else if (letter == 'C')
        self->column += number;
    else if (letter == 'm')
        self->colours++;
    else
        ck_abort_msg("an unknown sequence: %c", letter);
    if (letter != 'm' && (self->row < 0 || self->row >= ROWS || self->column >= COLUMNS))
        ck_abort_msg("%d%c left the screen: row %d, column %d", number, letter, self->row, self->column);
}

static const char *read_sequence(screen_t *self, const char *sent)
{
    if (*sent == '7') {
        self->saved_row = self->row;
        self->saved_column = self->column;
        return sent + 1;
    }
    if (*sent == '8') {
        self->row = self->saved_row;
        self->column = self->saved_column;
        return sent + 1;
    }
    ck_assert_int_eq(*sent, '[');
    size_t digits = strspn(sent + 1, "0123456789;");
    obey(self, sent[1 + digits], atoi(sent + 1));
    return sent + digits + 2;
}

static void receive(screen_t *self, const char *sent)
{
    while (*sent) {
        wchar_t character;
        size_t size = wide_read(&character, sent);
        sent += size;
        if (character == '\033') {
            sent = read_sequence(self, sent);
        } else if (character == '\r') {
            self->column = 0;
        } else {
            int width = wcwidth(character);
            ck_assert_msg(self->column + width <= COLUMNS, "a character beyond the edge");
            self->cell[self->row][self->column] = character;
            self->column += width;
        }
    }
}

static screen_t new_screen(const paint_t *picture)
{
    screen_t screen = {0};
    for (int row = 0; row < ROWS; row++)
        for (int column = 0; column < COLUMNS; column++) screen.cell[row][column] = ' ';
    paint_place_t cursor = paint_place(picture, picture->cursor);
    screen.row = cursor.row;
    screen.column = cursor.column;
    return screen;
}

static paint_t picture_of(const wchar_t *text, size_t cursor)
{
    return (paint_t){.prompt = L"In [1]: ", .text = text, .count = wcslen(text), .cursor = cursor,
                     .rows = ROWS, .columns = COLUMNS, .colours = true, .partners = true};
}

static void check_row(const screen_t *self, int row, const wchar_t *wanted)
{
    ck_assert_msg(wcsncmp(self->cell[row], wanted, wcslen(wanted)) == 0, "row %d is '%ls'", row, self->cell[row]);
}

static screen_t paint(const paint_t *picture)
{
    screen_t screen = new_screen(picture);
    paint_place_t cursor = paint_place(picture, picture->cursor);
    char *sent = paint_text(picture);
    ck_assert_ptr_nonnull(sent);
    receive(&screen, sent);
    free(sent);
    ck_assert_int_eq(screen.row, cursor.row);
    ck_assert_int_eq(screen.column, cursor.column);
    return screen;
}

START_TEST(a_line_is_painted_where_it_is)
{
    paint_t picture = picture_of(L"int x = 1;", 10);
    screen_t screen = paint(&picture);
    check_row(&screen, 0, L"In [1]: int x = 1;  ");
    ck_assert_int_gt(screen.colours, 4);
}
END_TEST

START_TEST(further_lines_have_a_prompt)
{
    wchar_t text[] = L"f(\n________1,\n________2)";
    for (wchar_t *at = text; *at; at++) *at = *at == '_' ? MARGIN_SPACE : *at;
    for (size_t cursor = 0; cursor <= wcslen(text); cursor++) {
        paint_t picture = picture_of(text, cursor);
        screen_t screen = paint(&picture);
        check_row(&screen, 0, L"In [1]: f(          ");
        check_row(&screen, 1, L"   ...: 1,          ");
        check_row(&screen, 2, L"   ...: 2)          ");
    }
    paint_t plain = picture_of(text, 3);
    plain.colours = false;
    screen_t screen = paint(&plain);
    check_row(&screen, 1, L"   ...: 1,          ");
    ck_assert_int_eq(screen.colours, 0);
}
END_TEST

START_TEST(long_lines_go_on_in_the_next_row)
{
    const wchar_t *text = L"abcdefghijklmnopqrstuvwxyz";
    for (size_t cursor = 0; cursor <= wcslen(text); cursor++) {
        paint_t picture = picture_of(text, cursor);
        screen_t screen = paint(&picture);
        check_row(&screen, 0, L"In [1]: abcdefghijkl");
        check_row(&screen, 1, L"mnopqrstuvwxyz      ");
    }
    paint_t full = picture_of(L"abcdefghijkl", 12);
    paint_place_t end = paint_place(&full, 12);
    ck_assert_int_eq(end.row, 1);
    ck_assert_int_eq(end.column, 0);
    paint(&full);
}
END_TEST

START_TEST(wide_characters_take_two_columns)
{
    paint_t picture = picture_of(L"\"\u65e5\u672c\u00e9\" \u65e5\u672c\u65e5", 3);
    paint_place_t place = paint_place(&picture, 3);
    ck_assert_int_eq(place.column, 13);
    screen_t screen = paint(&picture);
    ck_assert(screen.cell[0][9] == 0x65e5 && screen.cell[0][11] == 0x672c && screen.cell[0][13] == 0xe9);
    ck_assert(screen.cell[0][16] == 0x65e5 && screen.cell[0][18] == 0x672c && screen.cell[1][0] == 0x65e5);
}
END_TEST

START_TEST(tabs_go_to_the_next_stop)
{
    paint_t picture = picture_of(L"a\tb", 0);
    screen_t screen = paint(&picture);
    check_row(&screen, 0, L"In [1]: a       b   ");
}
END_TEST

//  new_screen() and receive() check that the cursor comes back and that nothing is written beyond the edge.
START_TEST(any_text_stays_on_the_screen)
{
    static const wchar_t characters[] = {'a', '(', '"', '\t', '\n', 0x65e5, 0x672c, 0xe9, 0x301, MARGIN_SPACE};
    srand(1);
    for (int round = 0; round < 2000; round++) {
        wchar_t text[48] = {0};
        size_t count = (size_t) rand() % 47;
        for (size_t i = 0; i < count; i++) text[i] = characters[rand() % 10];
        paint_t picture = picture_of(text, (size_t) rand() % (count + 1));
        if (paint_place(&picture, count).row < ROWS)
            paint(&picture);
    }
}
END_TEST

START_TEST(what_cannot_be_painted_is_left_alone)
{
    paint_t plain = picture_of(L"abc", 0);
    plain.colours = false;
    ck_assert_ptr_null(paint_text(&plain));
    paint_t control = picture_of(L"a\001", 0);
    ck_assert_ptr_null(paint_text(&control));
    paint_t tall = picture_of(L"a\n\n\n\n\n\n", 0);
    ck_assert_ptr_null(paint_text(&tall));
}
END_TEST

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    TCase *tests = tcase_create("paint");
    tcase_add_test(tests, a_line_is_painted_where_it_is);
    tcase_add_test(tests, further_lines_have_a_prompt);
    tcase_add_test(tests, long_lines_go_on_in_the_next_row);
    tcase_add_test(tests, wide_characters_take_two_columns);
    tcase_add_test(tests, tabs_go_to_the_next_stop);
    tcase_add_test(tests, any_text_stays_on_the_screen);
    tcase_add_test(tests, what_cannot_be_painted_is_left_alone);
    return run_suite("paint", tests);
}
