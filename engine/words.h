//  words_t: the arguments of a command, as they are put together.
#ifndef IPC_ENGINE_WORDS_H
#define IPC_ENGINE_WORDS_H

#include <stddef.h>

typedef struct words {
    char **texts;                      // the last one is NULL; NULL: none yet
    size_t count, room;
} words_t;

void words_free(words_t *self);

__attribute__((format(printf, 2, 3))) void words_add(words_t *self, const char *format, ...);
void words_add_all(words_t *self, const char *const texts[]);  // the last one is NULL

//  Adds the words of a text as a shell would read them: blanks between words, but for those in quotes or behind a
//  backslash. NULL: none.
void words_add_line(words_t *self, const char *line);

//  Adds each member of a list behind a prefix; empty members are none. NULL: none.
void words_add_list(words_t *self, const char *prefix, const char *list, char separator);

#endif
