#include "tools/wide.h"

#include <stdbool.h>
#include <string.h>

#include "common/fail.h"

enum { REPLACEMENT = 0xfffd, LAST_CHARACTER = 0x10ffff };

size_t wide_size(wchar_t character)
{
    return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

static void put(char *at, wchar_t character, size_t size)
{
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        at[i] = (char) (0x80 | (character & 0x3f));
        character >>= 6;
    }
    at[0] = (char) (marks[size] | character);
}

char *wide_to_utf8(const wchar_t *text, size_t count)
{
    char *utf8 = ipc_xalloc(4 * count + 1), *at = utf8;
    for (size_t i = 0; i < count; i++) {
        size_t size = wide_size(text[i]);
        put(at, text[i], size);
        at += size;
    }
    return utf8;
}

size_t wide_read(wchar_t *character, const char *text)
{
    const unsigned char *at = (const unsigned char *) text;
    size_t size = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
    *character = size == 1 ? *at : *at & (0xff >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return *character = REPLACEMENT, 1;
        *character = *character << 6 | (at[i] & 0x3f);
    }
    bool wrong = *at >= 0xf8 || *character > LAST_CHARACTER || (*character >= 0xd800 && *character < 0xe000) ||
                 wide_size(*character) != size;
    if (wrong)
        return *character = REPLACEMENT, 1;
    return *at ? size : 0;
}

wchar_t *wide_of_utf8(const char *text)
{
    wchar_t *wide = ipc_xalloc((strlen(text) + 1) * sizeof *wide);
    for (size_t i = 0, size; (size = wide_read(&wide[i], text)); i++) text += size;
    return wide;
}
