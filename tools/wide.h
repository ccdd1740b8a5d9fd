//  Texts as an editor holds them, a wide character for each place of the cursor, and as everybody else does,
//  in UTF-8. Independent of the locale.
#ifndef IPC_TOOLS_WIDE_H
#define IPC_TOOLS_WIDE_H

#include <stddef.h>
#include <wchar.h>

//  Gives count wide characters in UTF-8. To be freed.
char *wide_to_utf8(const wchar_t *text, size_t count);

//  Gives a text in wide characters; a byte that is no UTF-8 becomes U+FFFD. To be freed.
wchar_t *wide_of_utf8(const char *text);

//  How many bytes a character takes in UTF-8, and the character that begins at text (its end: 0 bytes).
size_t wide_size(wchar_t character);
size_t wide_read(wchar_t *character, const char *text);

#endif
