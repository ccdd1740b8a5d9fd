#include "common/plain.h"

#include <locale.h>
#include <stdlib.h>

//  The calling thread's locale is that of C from here on; plain_leave() takes it back.
static locale_t plain_enter(locale_t *plain)
{
    *plain = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
    return *plain ? uselocale(*plain) : (locale_t) 0;
}

static void plain_leave(locale_t plain, locale_t before)
{
    if (!plain)
        return;
    uselocale(before);
    freelocale(plain);
}

double plain_read(const char *text, char **end)
{
    locale_t plain, before = plain_enter(&plain);
    double number = strtod(text, end);
    plain_leave(plain, before);
    return number;
}

void plain_print(double number, bool sign, FILE *stream)
{
    locale_t plain, before = plain_enter(&plain);
    fprintf(stream, sign ? "%+g" : "%g", number);
    plain_leave(plain, before);
}
