//  paint_t: an input on the screen, and what a terminal is sent to show it in colours. libedit has drawn the
//  same characters in the same places before, without colours, and goes on believing that it drew them last.
#ifndef IPC_TOOLS_PAINT_H
#define IPC_TOOLS_PAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

typedef struct paint {
    const wchar_t *prompt;     // borrowed; of one line
    const wchar_t *text;       // borrowed; count characters, with margins (margin.h)
    size_t count;
    size_t cursor;             // in characters of text
    int rows, columns;         // of the screen
    bool colours;              // if not, only the prompts of further lines are shown
    bool partners;             // the bracket before the cursor and its partner are marked
} paint_t;

//  A place on the screen, from where the prompt begins.
typedef struct paint_place {
    int row, column;
} paint_place_t;

//  Gives what a terminal is sent while its cursor stands at the cursor of the text: it stands there again when
//  all is shown. To be freed. NULL: nothing is to be shown, or there is more than the screen holds.
char *paint_text(const paint_t *self);

//  Where the character of an index (or the end, count) is shown.
paint_place_t paint_place(const paint_t *self, size_t index);

//  How many columns a prompt takes.
size_t paint_width(const wchar_t *prompt);

#endif
