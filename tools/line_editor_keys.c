//  What keys do that libedit does not know by itself.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/complete.h"
#include "tools/line_editor_body.h"
#include "tools/margin.h"
#include "tools/wide.h"

enum { INDENT = 4, PASTE_MAX = 1 << 24 };

//  The line of the buffer that the cursor is in: where its text begins, after the margin, and where it ends.
static void find_line(const line_editor_t *self, size_t *start, size_t *end)
{
    const wchar_t *text = el_wline(self->el)->buffer;
    size_t count = line_editor_count(self);
    for (*start = line_editor_cursor(self); *start > 0 && text[*start - 1] != '\n'; --*start) {}
    while (*start < count && text[*start] == MARGIN_SPACE) ++*start;
    for (*end = line_editor_cursor(self); *end < count && text[*end] != '\n'; ++*end) {}
}

//  The text before the cursor, without margins. To be freed.
static char *text_before(const line_editor_t *self)
{
    return margin_strip(el_wline(self->el)->buffer, line_editor_cursor(self));
}

static void insert(line_editor_t *self, const char *text)
{
    wchar_t *wide = wide_of_utf8(text);
    el_winsertstr(self->el, wide);
    free(wide);
}

//  A new line, as far to the right as brackets are open.
static unsigned char insert_line(line_editor_t *self)
{
    char *before = text_before(self);
    char *line = ipc_xformat("\n%*s", (int) (INDENT * complete_depth(before)), "");
    insert(self, line);
    free(line);
    free(before);
    return CC_REFRESH;
}

//  Ends the input with what is in the buffer.
static unsigned char finish(line_editor_t *self)
{
    line_editor_paint(self, false);
    el_wpush(self->el, (wchar_t[]){KEY_FINISH, 0});
    return CC_NORM;
}

static unsigned char on_enter(EditLine *el, wint_t key)
{
    (void) key;
    line_editor_t *self = line_editor_of(el);
    size_t start, end;
    find_line(self, &start, &end);
    char *text = line_editor_text(self);
    bool last_line = end == line_editor_count(self);
    bool whole = last_line && (!complete_wants_more(text) || complete_is_forced(text));
    free(text);
    return whole ? finish(self) : insert_line(self);
}

static unsigned char on_finish(EditLine *el, wint_t key)
{
    (void) key;
    return finish(line_editor_of(el));
}

static unsigned char on_refresh(EditLine *el, wint_t key)
{
    (void) el;
    (void) key;
    return CC_REFRESH;
}

static unsigned char on_interrupt(EditLine *el, wint_t key)
{
    (void) key;
    line_editor_t *self = line_editor_of(el);
    self->interrupted = true;
    line_editor_move(self, line_editor_count(self));
    insert(self, "^C");
    el_wpush(el, (wchar_t[]){KEY_REFRESH, KEY_FINISH, 0});
    return CC_NORM;
}

static unsigned char on_suspend(EditLine *el, wint_t key)
{
    (void) key;
    el_wset(el, EL_PREP_TERM, 0);
    fputc('\n', stdout);
    line_editor_mark_pastes(false);
    kill(0, SIGTSTP);
    line_editor_mark_pastes(true);
    el_wset(el, EL_PREP_TERM, 1);
    line_editor_redraw(line_editor_of(el));
    return CC_NORM;
}

static unsigned char on_line_start(EditLine *el, wint_t key)
{
    (void) key;
    size_t start, end;
    find_line(line_editor_of(el), &start, &end);
    line_editor_move(line_editor_of(el), start);
    return CC_CURSOR;
}

static unsigned char on_line_end(EditLine *el, wint_t key)
{
    (void) key;
    size_t start, end;
    find_line(line_editor_of(el), &start, &end);
    line_editor_move(line_editor_of(el), end);
    return CC_CURSOR;
}

//  A closing brace that begins a line stands further to the left.
static unsigned char on_brace(EditLine *el, wint_t key)
{
    (void) key;
    line_editor_t *self = line_editor_of(el);
    size_t start, end, cursor = line_editor_cursor(self), blanks = 0;
    find_line(self, &start, &end);
    const wchar_t *text = el_wline(el)->buffer;
    while (start + blanks < cursor && text[start + blanks] == ' ') blanks++;
    if (blanks >= INDENT && start + blanks == cursor)
        el_wdeletestr(el, INDENT);
    insert(self, "}");
    return CC_REFRESH;
}

//  Reads what is pasted up to the mark at its end. To be freed.
static wchar_t *read_paste(line_editor_t *self)
{
    static const wchar_t mark[] = L"\033[201~";
    size_t count = 0, room = 256, length = wcslen(mark);
    wchar_t *pasted = ipc_xalloc(room * sizeof *pasted);
    while (count < PASTE_MAX && line_editor_type(self, &pasted[count]) > 0) {
        if (++count >= length && wmemcmp(pasted + count - length, mark, length) == 0) {
            count -= length;
            break;
        }
        if (count == room) {
            pasted = ipc_xgrow(pasted, room, 2 * room, sizeof *pasted);
            room *= 2;
        }
    }
    pasted[count] = 0;
    return pasted;
}

//  Makes text of what was pasted, in place: its ends of line are '\n', none at its end; no control characters.
static void clean_paste(wchar_t *pasted)
{
    wchar_t *to = pasted;
    for (const wchar_t *from = pasted; *from; from++) {
        if (*from == '\r' && from[1] == '\n')
            continue;
        wchar_t character = *from == '\r' ? '\n' : *from == MARGIN_SPACE ? ' ' : *from;
        if (character == '\n' || character == '\t' || (character >= ' ' && character != 0x7f))
            *to++ = character;
    }
    while (to > pasted && to[-1] == '\n') to--;
    *to = 0;
}

static unsigned char on_paste(EditLine *el, wint_t key)
{
    (void) key;
    wchar_t *pasted = read_paste(line_editor_of(el));
    clean_paste(pasted);
    el_winsertstr(el, pasted);
    free(pasted);
    return CC_REFRESH;
}

//  The commands and their keys, for libedit. A key that the user's .editrc binds to something else stays ours.
static const struct {
    const wchar_t *name;       // of a command
    key_fn command;            // NULL: one that libedit has
    const wchar_t *keys[6];    // up to a NULL
} bindings[] = {
    {L"ipx-enter", on_enter, {L"\r", L"\n"}},
    {L"ipx-finish", on_finish, {L"\033\r", L"\033\n"}},
    {L"ipx-refresh", on_refresh, {(wchar_t[]){KEY_REFRESH, 0}}},
    {L"ed-newline", NULL, {(wchar_t[]){KEY_FINISH, 0}}},
    {L"ipx-interrupt", on_interrupt, {L"\003"}},
    {L"ipx-suspend", on_suspend, {L"\032"}},
    {L"ipx-line-start", on_line_start, {L"\001", L"\033[H", L"\033OH", L"\033[1~"}},
    {L"ipx-line-end", on_line_end, {L"\005", L"\033[F", L"\033OF", L"\033[4~"}},
    {L"ipx-brace", on_brace, {L"}"}},
    {L"ipx-paste", on_paste, {L"\033[200~"}},
    {L"ipx-up", line_editor_up, {L"\020", L"\033[A", L"\033OA"}},
    {L"ipx-down", line_editor_down, {L"\016", L"\033[B", L"\033OB"}},
    {L"ipx-search", line_editor_search, {L"\022"}},
    {L"ipx-tab", line_editor_complete, {L"\t"}},
    {L"ed-delete-prev-word", NULL, {L"\027"}},
    {L"ed-delete-next-char", NULL, {L"\033[3~"}},
    {L"em-next-word", NULL, {L"\033[1;5C", L"\033[1;3C"}},
    {L"ed-prev-word", NULL, {L"\033[1;5D", L"\033[1;3D"}},
};

void line_editor_bind(EditLine *el)
{
    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
        if (bindings[i].command)
            el_wset(el, EL_ADDFN, bindings[i].name, L"of ipx", bindings[i].command);
        for (const wchar_t *const *key = bindings[i].keys; *key; key++)
            el_wset(el, EL_BIND, *key, bindings[i].name, NULL);
    }
}
