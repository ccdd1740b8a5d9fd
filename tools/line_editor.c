#include "tools/line_editor_body.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/fail.h"
#include "tools/editor_plain.h"
#include "tools/margin.h"
#include "tools/wide.h"

line_editor_t *line_editor_of(EditLine *el)
{
    void *self = NULL;
    el_wget(el, EL_CLIENTDATA, &self);
    return self;
}

const wchar_t *line_editor_prompt(const line_editor_t *self)
{
    return self->search.active ? self->search.prompt : self->prompt;
}

static wchar_t *give_prompt(EditLine *el)
{
    return (wchar_t *) line_editor_prompt(line_editor_of(el));
}

size_t line_editor_count(const line_editor_t *self)
{
    const LineInfoW *line = el_wline(self->el);
    return (size_t) (line->lastchar - line->buffer);
}

size_t line_editor_cursor(const line_editor_t *self)
{
    const LineInfoW *line = el_wline(self->el);
    return (size_t) (line->cursor - line->buffer);
}

char *line_editor_text(const line_editor_t *self)
{
    return margin_strip(el_wline(self->el)->buffer, line_editor_count(self));
}

void line_editor_move(line_editor_t *self, size_t cursor)
{
    el_cursor(self->el, (int) cursor - (int) line_editor_cursor(self));
}

static void replace(line_editor_t *self, const wchar_t *text, size_t cursor)
{
    size_t count = line_editor_count(self);
    if (*text) {
        el_wreplacestr(self->el, text);
    } else {
        line_editor_move(self, count);
        el_wdeletestr(self->el, (int) count);
    }
    line_editor_move(self, cursor);
}

//  Mends the margins. Whether there was something to mend, so that the screen is to be refreshed.
static bool settle(line_editor_t *self)
{
    size_t cursor = line_editor_cursor(self), width = paint_width(line_editor_prompt(self));
    wchar_t *mended = margin_mend(el_wline(self->el)->buffer, line_editor_count(self), &cursor,
                                  self->cursor_before, width);
    if (mended)
        replace(self, mended, cursor);
    free(mended);
    self->cursor_before = cursor;
    return mended;
}

void line_editor_show(line_editor_t *self, const char *text)
{
    wchar_t *wide = wide_of_utf8(text);
    replace(self, wide, wcslen(wide));
    free(wide);
    settle(self);
}

paint_t line_editor_picture(const line_editor_t *self)
{
    return (paint_t){
        .prompt = line_editor_prompt(self),
        .text = el_wline(self->el)->buffer,
        .count = line_editor_count(self),
        .cursor = line_editor_cursor(self),
        .rows = self->rows,
        .columns = self->columns,
        .colours = self->colours,
        .partners = true,
    };
}

void line_editor_paint(line_editor_t *self, bool partners)
{
    paint_t picture = line_editor_picture(self);
    picture.partners = partners;
    char *sent = paint_text(&picture);
    if (!sent)
        return;
    fputs(sent, stdout);
    fflush(stdout);
    free(sent);
}

void line_editor_redraw(line_editor_t *self)
{
    el_wset(self->el, EL_REFRESH);
}

static bool measure(line_editor_t *self)
{
    struct winsize size = {0};
    ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
    int rows = size.ws_row ? size.ws_row : 24, columns = size.ws_col > 1 ? size.ws_col : 80;
    bool changed = rows != self->rows || columns != self->columns;
    self->rows = rows;
    self->columns = columns;
    return changed;
}

//  The terminal has moved the lines that were too long for it: what is shown is cleared from where the prompt
//  now begins, and drawn anew.
static void follow_size(line_editor_t *self)
{
    if (!measure(self))
        return;
    paint_t picture = line_editor_picture(self);
    int row = paint_place(&picture, picture.cursor).row;
    el_resize(self->el);
    fputs("\r", stdout);
    if (row > 0)
        printf("\033[%dA", row);
    fputs("\033[J", stdout);
    line_editor_redraw(self);
    line_editor_paint(self, true);
}

//  Reads a byte; a change of the window's size interrupts that.
static int read_byte(line_editor_t *self, char *byte)
{
    for (;;) {
        follow_size(self);
        ssize_t got = read(STDIN_FILENO, byte, 1);
        if (got >= 0 || errno != EINTR)
            return (int) got;
    }
}

int line_editor_type(line_editor_t *self, wchar_t *key)
{
    char bytes[5] = {0};
    int got = read_byte(self, bytes);
    if (got <= 0)
        return got;
    unsigned char lead = (unsigned char) bytes[0];
    size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < size; i++)
        if ((got = read_byte(self, bytes + i)) <= 0)
            return got;
    *key = 0;
    wide_read(key, bytes);
    return 1;
}

//  Whether more was typed than has been read: what is shown now would not be seen.
static bool is_behind(void)
{
    struct pollfd keyboard = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&keyboard, 1, 0) > 0 && (keyboard.revents & POLLIN);
}

//  What libedit calls for the next key, after it has drawn what the last one changed.
static int next_key(EditLine *el, wchar_t *key)
{
    line_editor_t *self = line_editor_of(el);
    if (settle(self))
        return *key = KEY_REFRESH, 1;
    if (!is_behind())
        line_editor_paint(self, true);
    do {
        int got = line_editor_type(self, key);
        if (got <= 0)
            return got;
    } while (*key >= 0x80 && *key < MARGIN_SPACE);
    if (*key == MARGIN_SPACE)
        *key = ' ';
    if (!self->search.active)
        return 1;
    line_editor_take(self, *key);
    settle(self);
    return *key = KEY_REFRESH, 1;
}

void line_editor_mark_pastes(bool wanted)
{
    fputs(wanted ? "\033[?2004h" : "\033[?2004l", stdout);
    fflush(stdout);
}

static bool wants_colours(void)
{
    const char *no_color = getenv("NO_COLOR");
    return !no_color || !*no_color;
}

line_editor_t *line_editor_new(const editor_options_t *options)
{
    EditLine *el = el_init("ipx", stdin, stdout, stderr);
    if (!el)
        return NULL;
    line_editor_t *self = ipc_xalloc(sizeof *self);
    self->el = el;
    self->options = *options;
    self->colours = wants_colours();
    self->prompt = wide_of_utf8("");
    ipc_error_t error = {0};
    self->log = input_log_new(options->history_path, &error);
    if (error.code)
        ipc_error_print(&error, stderr);
    el_wset(el, EL_CLIENTDATA, self);
    el_wset(el, EL_EDITOR, L"emacs");
    el_wset(el, EL_PROMPT, give_prompt);
    el_wset(el, EL_GETCFN, next_key);
    el_wset(el, EL_SETTY, L"-d", L"-isig", NULL); // Ctrl-C and Ctrl-Z are keys
    el_source(el, NULL);
    line_editor_bind(el);
    return self;
}

void line_editor_destroy(line_editor_t **self_p)
{
    line_editor_t *self = *self_p;
    if (!self)
        return;
    line_editor_forget(self);
    el_end(self->el);
    input_log_destroy(&self->log);
    free(self->prompt);
    free(self);
    *self_p = NULL;
}

//  Only so that a read is interrupted.
static void on_resize(int signal)
{
    (void) signal;
}

//  Lets somebody edit. Gives the buffer, lent by libedit, or NULL at the end of the file.
static const wchar_t *edit(line_editor_t *self, int *count)
{
    struct sigaction resized = {.sa_handler = on_resize}, before;
    sigaction(SIGWINCH, &resized, &before);
    el_wset(self->el, EL_PREP_TERM, 1); // before the prompt: a Ctrl-D or Ctrl-C that comes with it is a key already
    line_editor_mark_pastes(true);
    const wchar_t *buffer = el_wgets(self->el, count);
    line_editor_mark_pastes(false);
    sigaction(SIGWINCH, &before, NULL);
    return buffer;
}

char *line_editor_read(line_editor_t *self, const char *prompt, bool *interrupted)
{
    int count = 0;
    free(self->prompt);
    self->prompt = wide_of_utf8(prompt);
    self->interrupted = false;
    self->cursor_before = 0;
    line_editor_forget(self);
    measure(self);
    const wchar_t *buffer = edit(self, &count);
    *interrupted = self->interrupted;
    if (!buffer)
        return NULL;
    if (self->interrupted)
        return ipc_xstrdup("");
    char *input = editor_plain_trim(margin_strip(buffer, (size_t) count));
    input_log_add(self->log, input);
    return input;
}
