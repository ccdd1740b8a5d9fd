//  The colours of a C text while it is typed: a style for each of its bytes.
#ifndef IPC_TOOLS_HIGHLIGHT_H
#define IPC_TOOLS_HIGHLIGHT_H

#include <stddef.h>

typedef enum style {
    STYLE_PLAIN,
    STYLE_KEYWORD,
    STYLE_TYPE,
    STYLE_NUMBER,
    STYLE_STRING,              // and characters
    STYLE_COMMENT,
    STYLE_DIRECTIVE,
    STYLE_MAGIC,
    STYLE_WRONG,               // a bracket that nothing opened; a string that its line does not end
    STYLE_PARTNER,             // the bracket before the cursor and its partner
    STYLE_PROMPT,
    STYLE_MARGIN,              // the prompt of the lines after the first
    STYLE_COUNT
} style_t;

enum { HIGHLIGHT_NO_CURSOR = -1 };

//  Gives the style of each byte of text. To be freed.
//      cursor     in bytes; HIGHLIGHT_NO_CURSOR: no partners are shown
unsigned char *highlight_text(const char *text, long cursor);

//  What a terminal is sent for a style, after which it is reset by highlight_reset.
const char *highlight_sequence(style_t style);

extern const char highlight_reset[];

#endif
