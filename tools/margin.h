//  The margin: libedit knows lines of one input only as ends of line in its buffer and begins each at the left
//  edge of the screen. So the buffer has, after each end of line, as many no-break spaces as the prompt is
//  wide: the text stands below the text, and the painter writes the prompt of further lines over them. What a
//  program gets has no no-break spaces (C has none), so a margin is never taken for text.
#ifndef IPC_TOOLS_MARGIN_H
#define IPC_TOOLS_MARGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

enum { MARGIN_SPACE = 0xa0 };

//  Mends the margins after a key did to the buffer what it does: sets those that are not there, joins lines
//  whose margin was deleted backwards by one, and moves a cursor out of them, to where it was going.
//      text       borrowed; count characters
//      cursor     in characters of text; becomes its place in what is given
//      before     where the cursor stood before the key
//      width      of a margin
//      Gives the mended buffer, to be freed, or NULL when there was nothing to mend.
wchar_t *margin_mend(const wchar_t *text, size_t count, size_t *cursor, size_t before, size_t width);

//  Gives the text without its margins, in UTF-8. To be freed.
char *margin_strip(const wchar_t *text, size_t count);

#endif
