//  Earlier inputs: walking through them, and searching.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/line_editor_body.h"
#include "tools/margin.h"
#include "tools/wide.h"

enum { KEY_CTRL_C = 3, KEY_CTRL_G = 7, KEY_BACKSPACE = 8, KEY_CTRL_R = 18, KEY_DELETE = 127 };

static void end_search(search_t *self)
{
    free(self->pattern);
    free(self->before);
    free(self->prompt);
    *self = (search_t){0};
}

void line_editor_forget(line_editor_t *self)
{
    end_search(&self->search);
    free(self->draft);
    self->draft = NULL;
    self->shown = input_log_count(self->log);
    self->tab_count = self->tab_cursor = (size_t) -1;
}

//  Where the text of the line begins that has the character before an index: after its margin.
static size_t line_start(const wchar_t *text, size_t index)
{
    size_t start = index;
    while (start > 0 && text[start - 1] != '\n') start--;
    while (start < index && text[start] == MARGIN_SPACE) start++;
    return start;
}

static size_t line_end(const wchar_t *text, size_t count, size_t index)
{
    while (index < count && text[index] != '\n') index++;
    return index;
}

//  Moves the cursor to the line above or below, as far to the right as it is. Whether there is one.
static bool move_row(line_editor_t *self, bool up)
{
    const wchar_t *text = el_wline(self->el)->buffer;
    size_t cursor = line_editor_cursor(self), count = line_editor_count(self);
    size_t start = line_start(text, cursor), column = cursor - start, edge = start;
    while (edge > 0 && text[edge - 1] != '\n') edge--;
    size_t end = line_end(text, count, cursor);
    if (up ? edge == 0 : end == count)
        return false;
    size_t other_end = up ? edge - 1 : line_end(text, count, end + 1);
    size_t other = line_start(text, other_end);
    line_editor_move(self, other + column < other_end ? other + column : other_end);
    return true;
}

//  Whether an earlier input is one to walk to: it begins with what was typed, and is not what is shown.
static bool is_wanted(const line_editor_t *self, size_t index, const char *text)
{
    const char *input = input_log_at(self->log, index);
    return strncmp(input, self->draft, strlen(self->draft)) == 0 && strcmp(input, text) != 0;
}

static unsigned char show_earlier(line_editor_t *self)
{
    char *text = line_editor_text(self);
    size_t index = self->shown;
    if (index == input_log_count(self->log)) {
        free(self->draft);
        self->draft = ipc_xstrdup(text);
    }
    while (index > 0 && !is_wanted(self, index - 1, text)) index--;
    free(text);
    if (index == 0)
        return CC_ERROR;
    self->shown = index - 1;
    line_editor_show(self, input_log_at(self->log, self->shown));
    return CC_REFRESH;
}

static unsigned char show_later(line_editor_t *self)
{
    size_t count = input_log_count(self->log), index = self->shown + 1;
    if (self->shown == count)
        return CC_ERROR;
    char *text = line_editor_text(self);
    while (index < count && !is_wanted(self, index, text)) index++;
    free(text);
    self->shown = index;
    line_editor_show(self, index < count ? input_log_at(self->log, index) : self->draft);
    return CC_REFRESH;
}

unsigned char line_editor_up(EditLine *el, wint_t key)
{
    (void) key;
    line_editor_t *self = line_editor_of(el);
    return move_row(self, true) ? CC_CURSOR : show_earlier(self);
}

unsigned char line_editor_down(EditLine *el, wint_t key)
{
    (void) key;
    line_editor_t *self = line_editor_of(el);
    return move_row(self, false) ? CC_CURSOR : show_later(self);
}

static void write_prompt(search_t *self)
{
    char *prompt = ipc_xformat("(%s '%s'): ", self->failed ? "no input has" : "search", self->pattern);
    free(self->prompt);
    self->prompt = wide_of_utf8(prompt);
    free(prompt);
}

unsigned char line_editor_search(EditLine *el, wint_t key)
{
    (void) key;
    line_editor_t *self = line_editor_of(el);
    self->search = (search_t){
        .active = true,
        .pattern = ipc_xstrdup(""),
        .found = input_log_count(self->log),
        .before = line_editor_text(self),
    };
    write_prompt(&self->search);
    return CC_REFRESH;
}

//  Looks for the pattern in the inputs before an index, newest first, and shows the one that has it.
static void look(line_editor_t *self, size_t index)
{
    search_t *search = &self->search;
    while (index > 0 && !strstr(input_log_at(self->log, index - 1), search->pattern)) index--;
    search->failed = index == 0;
    if (!search->failed) {
        search->found = index - 1;
        line_editor_show(self, input_log_at(self->log, search->found));
    }
    write_prompt(search);
}

static void add_to_pattern(search_t *self, wchar_t key)
{
    char *typed = wide_to_utf8(&key, 1);
    char *pattern = ipc_xformat("%s%s", self->pattern, typed);
    free(typed);
    free(self->pattern);
    self->pattern = pattern;
}

static void shorten_pattern(search_t *self)
{
    size_t length = strlen(self->pattern);
    while (length > 0 && ((unsigned char) self->pattern[length - 1] & 0xc0) == 0x80) length--;
    self->pattern[length ? length - 1 : 0] = 0;
}

void line_editor_take(line_editor_t *self, wchar_t key)
{
    search_t *search = &self->search;
    size_t count = input_log_count(self->log);
    if (key == KEY_CTRL_R) {
        look(self, search->found);
    } else if (key == KEY_BACKSPACE || key == KEY_DELETE) {
        shorten_pattern(search);
        look(self, count);
    } else if (key == KEY_CTRL_C || key == KEY_CTRL_G) {
        line_editor_show(self, search->before);
        end_search(search);
    } else if (key >= ' ') {
        add_to_pattern(search, key);
        look(self, search->found < count ? search->found + 1 : count);
    } else {
        end_search(search);
        el_wpush(self->el, (wchar_t[]){key, 0});
    }
}
