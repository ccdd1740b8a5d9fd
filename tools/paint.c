#include "tools/paint.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/highlight.h"
#include "tools/margin.h"
#include "tools/wide.h"

enum { TAB_STOPS = 8 };

//  What is being sent.
typedef struct brush {
    FILE *out;
    paint_place_t at;          // where the next character comes
    int row;                   // the row that the terminal's cursor is in
    style_t style;             // of what was sent last
    bool colours;
    int columns;               // of the screen
} brush_t;

static void next_row(paint_place_t *at)
{
    at->row++;
    at->column = 0;
}

//  A character that does not fit into its row comes in the next one.
static void make_room(paint_place_t *at, wchar_t character, int columns)
{
    if (character != '\n' && character != '\t' && at->column + wcwidth(character) > columns)
        next_row(at);
}

//  Where the next character comes, by the rules of libedit: a row that is full is left at once.
static void pass(paint_place_t *at, wchar_t character, int columns)
{
    int width = character == '\t' ? TAB_STOPS - at->column % TAB_STOPS : wcwidth(character);
    if (character == '\n')
        next_row(at);
    else if (width > 0)
        at->column += width;
    if (at->column >= columns)
        next_row(at);
}

static void set_style(brush_t *self, style_t style)
{
    if (!self->colours || style == self->style)
        return;
    if (self->style != STYLE_PLAIN)
        fputs(highlight_reset, self->out);
    fputs(highlight_sequence(style), self->out);
    self->style = style;
}

static void show(brush_t *self, wchar_t character)
{
    char *utf8 = wide_to_utf8(&character, 1);
    fputs(utf8, self->out);
    free(utf8);
}

static void draw(brush_t *self, wchar_t character, style_t style)
{
    make_room(&self->at, character, self->columns);
    if (self->at.row > self->row) {
        fprintf(self->out, "\r\033[%dB", self->at.row - self->row);
        self->row = self->at.row;
    }
    paint_place_t before = self->at;
    pass(&self->at, character, self->columns);
    set_style(self, style);
    if (character == '\t' && self->at.row == before.row)
        fprintf(self->out, "\033[%dC", self->at.column - before.column);
    else if (character != '\n' && character != '\t' && wcwidth(character) > 0)
        show(self, character);
}

size_t paint_width(const wchar_t *prompt)
{
    size_t width = 0;
    for (; *prompt; prompt++)
        if (wcwidth(*prompt) > 0)
            width += (size_t) wcwidth(*prompt);
    return width;
}

static paint_place_t after_prompt(const paint_t *self)
{
    paint_place_t at = {0};
    for (const wchar_t *prompt = self->prompt; *prompt; prompt++) {
        make_room(&at, *prompt, self->columns);
        pass(&at, *prompt, self->columns);
    }
    return at;
}

paint_place_t paint_place(const paint_t *self, size_t index)
{
    paint_place_t at = after_prompt(self);
    for (size_t i = 0; i < index; i++) {
        make_room(&at, self->text[i], self->columns);
        pass(&at, self->text[i], self->columns);
    }
    if (index < self->count)
        make_room(&at, self->text[index], self->columns);
    return at;
}

//  Characters that libedit shows as something else, such as ^A, are left to it.
static bool is_plain(const paint_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->text[i] != '\n' && self->text[i] != '\t' && wcwidth(self->text[i]) < 0)
            return false;
    return true;
}

//  A character of the prompt of further lines: "   ...: ".
static wchar_t margin_character(size_t column, size_t width)
{
    static const char dots[] = "...: ";
    size_t length = sizeof dots - 1;
    bool blank = width < length || column + length < width || column >= width;
    return blank ? ' ' : dots[column + length - width];
}

static size_t bytes_before(const paint_t *self, size_t index)
{
    size_t bytes = 0;
    for (size_t i = 0; i < index; i++)
        if (self->text[i] != MARGIN_SPACE)
            bytes += wide_size(self->text[i]);
    return bytes;
}

static void draw_text(const paint_t *self, brush_t *brush)
{
    char *bare = margin_strip(self->text, self->count);
    long cursor = self->partners ? (long) bytes_before(self, self->cursor) : HIGHLIGHT_NO_CURSOR;
    unsigned char *styles = highlight_text(bare, cursor);
    size_t byte = 0, width = paint_width(self->prompt), column = 0;
    for (size_t i = 0; i < self->count; i++) {
        wchar_t character = self->text[i];
        if (character == MARGIN_SPACE) {
            draw(brush, margin_character(column++, width), STYLE_MARGIN);
            continue;
        }
        draw(brush, character, styles[byte]);
        byte += wide_size(character);
        column = 0;
    }
    free(styles);
    free(bare);
}

char *paint_text(const paint_t *self)
{
    bool lines = wmemchr(self->text, '\n', self->count);
    if ((!self->colours && !lines) || !is_plain(self) || paint_place(self, self->count).row >= self->rows)
        return NULL;
    char *sent = NULL;
    size_t size = 0;
    brush_t brush = {.colours = self->colours, .columns = self->columns};
    brush.out = open_memstream(&sent, &size);
    if (!brush.out)
        return NULL;
    int row = paint_place(self, self->cursor).row;
    fputs("\0337\r", brush.out); // the terminal remembers where its cursor is
    if (row > 0)
        fprintf(brush.out, "\033[%dA", row);
    for (const wchar_t *prompt = self->prompt; *prompt; prompt++) draw(&brush, *prompt, STYLE_PROMPT);
    draw_text(self, &brush);
    set_style(&brush, STYLE_PLAIN);
    fputs("\0338", brush.out);
    fclose(brush.out);
    return sent;
}
