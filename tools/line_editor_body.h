//  line_editor_t from inside, for the files that make it up: line_editor.c (the terminal, reading and showing),
//  line_editor_keys.c (what keys do), line_editor_past.c (earlier inputs), line_editor_tab.c (completion).
#ifndef IPC_TOOLS_LINE_EDITOR_BODY_H
#define IPC_TOOLS_LINE_EDITOR_BODY_H

#include <histedit.h>

#include "tools/line_editor.h"
#include "tools/input_log.h"
#include "tools/paint.h"

//  Keys that nobody types, since the editor drops them: for commands that it gives to itself.
enum { KEY_REFRESH = 0x9f, KEY_FINISH = 0x9e };

//  A search in the earlier inputs, going on while keys are typed.
typedef struct search {
    bool active;
    bool failed;               // nothing has the pattern
    char *pattern;             // what was typed
    size_t found;              // the index of the input that is shown; the count: none
    char *before;              // what was in the buffer when the search began
    wchar_t *prompt;           // shown in place of the prompt
} search_t;

struct line_editor {
    EditLine *el;              // ours
    editor_options_t options;
    input_log_t *log;          // ours: the earlier inputs
    wchar_t *prompt;           // of this input
    bool colours;
    bool interrupted;          // Ctrl-C ended this input
    int rows, columns;         // of the screen, as last seen
    size_t cursor_before;      // where the cursor stood when the last key was read
    size_t shown;              // the index of the earlier input that is in the buffer; the count: none
    char *draft;               // what was in the buffer before earlier inputs were
    size_t tab_count, tab_cursor;      // the buffer and the cursor when Tab was typed last
    search_t search;
};

//  A command of a key, as libedit calls it: gives one of its CC_ codes.
typedef unsigned char (*key_fn)(EditLine *el, wint_t key);

//  The editor of a libedit, and the prompt that it shows now.
line_editor_t *line_editor_of(EditLine *el);
const wchar_t *line_editor_prompt(const line_editor_t *self);

//  The buffer: how many characters, where the cursor is, and its text without margins, to be freed.
size_t line_editor_count(const line_editor_t *self);
size_t line_editor_cursor(const line_editor_t *self);
char *line_editor_text(const line_editor_t *self);

//  Puts a text in the place of the buffer, the cursor at its end.
void line_editor_show(line_editor_t *self, const char *text);

//  Puts the cursor at a character of the buffer.
void line_editor_move(line_editor_t *self, size_t cursor);

//  Shows the buffer in colours: partners tells whether the brackets at the cursor are marked.
void line_editor_paint(line_editor_t *self, bool partners);

//  The buffer as it is painted.
paint_t line_editor_picture(const line_editor_t *self);

//  Draws the prompt and the buffer anew from where the terminal's cursor is.
void line_editor_redraw(line_editor_t *self);

//  Gives the next key that is typed, 1; at the end of the file 0 or -1. Does nothing else.
int line_editor_type(line_editor_t *self, wchar_t *key);

//  Asks the terminal to mark what is pasted, or no longer to: other programs do not know the marks.
void line_editor_mark_pastes(bool wanted);

//  Commands that are found in the other files.
unsigned char line_editor_up(EditLine *el, wint_t key);
unsigned char line_editor_down(EditLine *el, wint_t key);
unsigned char line_editor_search(EditLine *el, wint_t key);
unsigned char line_editor_complete(EditLine *el, wint_t key);

//  Makes libedit know the editor's commands, and which keys are theirs.
void line_editor_bind(EditLine *el);

//  While a search goes on keys are for it: changes the search and what is shown, after which all is to be
//  refreshed. A key that ends it is kept for later.
void line_editor_take(line_editor_t *self, wchar_t key);

//  Forgets what was typed for the last input.
void line_editor_forget(line_editor_t *self);

#endif
