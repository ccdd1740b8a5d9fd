#include "engine/words.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

void words_free(words_t *self)
{
    for (size_t i = 0; i < self->count; i++) free(self->texts[i]);
    free(self->texts);
    *self = (words_t){0};
}

static void add_taken(words_t *self, char *text)
{
    if (self->count + 1 >= self->room)
        self->texts = ipc_xrealloc(self->texts, (self->room = 2 * self->room + 16) * sizeof self->texts[0]);
    self->texts[self->count++] = text;
    self->texts[self->count] = NULL;
}

void words_add(words_t *self, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = ipc_xstrdup("");
    va_end(arguments);
    add_taken(self, text);
}

void words_add_all(words_t *self, const char *const texts[])
{
    for (size_t i = 0; texts[i]; i++) add_taken(self, ipc_xstrdup(texts[i]));
}

//  Copies a word without its quotes, and gives where it ends.
static const char *copy_word(const char *at, char *word)
{
    char quote = 0;
    for (; *at && (quote || !strchr(" \t\n", *at)); at++) {
        if (*at == quote)
            quote = 0;
        else if (!quote && (*at == '\'' || *at == '"'))
            quote = *at;
        else if (*at == '\\' && quote != '\'' && at[1])
            *word++ = *++at;
        else
            *word++ = *at;
    }
    *word = 0;
    return at;
}

void words_add_line(words_t *self, const char *line)
{
    const char *at = line ? line : "";
    while (*(at += strspn(at, " \t\n"))) {
        char *word = ipc_xalloc(strlen(at) + 1);
        at = copy_word(at, word);
        add_taken(self, word);
    }
}

void words_add_list(words_t *self, const char *prefix, const char *list, char separator)
{
    for (const char *at = list; at && *at;) {
        const char *end = strchrnul(at, separator);
        if (end > at)
            words_add(self, "%s%.*s", prefix, (int) (end - at), at);
        at = *end ? end + 1 : end;
    }
}
