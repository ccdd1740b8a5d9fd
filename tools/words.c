#include "tools/words.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

size_t word_distance(const char *from, const char *to)
{
    enum { LETTERS_MAX = 32 };
    size_t row[LETTERS_MAX + 1], width = strnlen(to, LETTERS_MAX);
    for (size_t k = 0; k <= width; k++) row[k] = k;
    for (size_t i = 0; from[i] && i < LETTERS_MAX; i++) {
        size_t diagonal = row[0]++;
        for (size_t k = 0; k < width; k++) {
            size_t change = diagonal + (from[i] != to[k]);
            diagonal = row[k + 1];
            size_t shift = (row[k] < row[k + 1] ? row[k] : row[k + 1]) + 1;
            row[k + 1] = change < shift ? change : shift;
        }
    }
    return row[width];
}

int word_signal(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (isdigit((unsigned char) text[0]))
        return *end || number >= NSIG ? 0 : (int) number;
    const char *name = strncmp(text, "SIG", 3) ? text : text + 3;
    for (int i = 1; i < NSIG; i++) {
        const char *known = sigabbrev_np(i);
        if (known && !strcmp(known, name))
            return i;
    }
    return 0;
}
