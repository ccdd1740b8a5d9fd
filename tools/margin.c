#include "tools/margin.h"

#include <stdlib.h>

#include "common/fail.h"
#include "tools/wide.h"

//  What a mend is made of.
typedef struct mend {
    const wchar_t *text;       // borrowed
    size_t count, at;          // its characters, and the one that is looked at
    size_t cursor, before;     // in characters of text
    size_t width;              // of a margin
    wchar_t *out;              // what becomes of it
    size_t length;             // of out
    size_t cursor_out;         // the cursor in it
} mend_t;

static size_t run_of_spaces(const mend_t *self, size_t from)
{
    size_t run = 0;
    while (from + run < self->count && self->text[from + run] == MARGIN_SPACE) run++;
    return run;
}

static void put_margin(mend_t *self)
{
    self->out[self->length++] = '\n';
    for (size_t i = 0; i < self->width; i++) self->out[self->length++] = MARGIN_SPACE;
}

//  An end of line and its margin. The cursor in a margin goes to its end, or, if it came from there, before
//  the end of line.
static void mend_line_end(mend_t *self)
{
    size_t first = self->at + 1, run = run_of_spaces(self, first), end = first + run;
    bool inside = self->cursor >= first && self->cursor <= end;
    bool deleted = run > 0 && run + 1 == self->width && self->cursor == end;
    bool leaves = inside && run == self->width && self->cursor < end && self->before >= end;
    if (leaves)
        self->cursor_out = self->length;
    if (!deleted)
        put_margin(self);
    if (inside && !leaves)
        self->cursor_out = self->length;
    self->at = end;
}

static void mend_next(mend_t *self)
{
    if (self->at == self->cursor)
        self->cursor_out = self->length;
    if (self->text[self->at] == '\n')
        mend_line_end(self);
    else if (self->text[self->at++] != MARGIN_SPACE)
        self->out[self->length++] = self->text[self->at - 1];
}

static size_t count_of(const wchar_t *text, size_t count, wchar_t wanted)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) found += text[i] == wanted;
    return found;
}

wchar_t *margin_mend(const wchar_t *text, size_t count, size_t *cursor, size_t before, size_t width)
{
    mend_t self = {.text = text, .count = count, .cursor = *cursor, .before = before, .width = width};
    self.out = ipc_xalloc((count + count_of(text, count, '\n') * width + 1) * sizeof *text);
    while (self.at < count) mend_next(&self);
    if (*cursor >= count)
        self.cursor_out = self.length;
    bool same = self.length == count && self.cursor_out == *cursor && wmemcmp(self.out, text, count) == 0;
    *cursor = self.cursor_out;
    if (same) {
        free(self.out);
        return NULL;
    }
    return self.out;
}

char *margin_strip(const wchar_t *text, size_t count)
{
    wchar_t *bare = ipc_xalloc((count + 1) * sizeof *bare);
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        if (text[i] != MARGIN_SPACE)
            bare[length++] = text[i];
    char *utf8 = wide_to_utf8(bare, length);
    free(bare);
    return utf8;
}
