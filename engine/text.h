//  text_t: a text that grows as it is written.
#ifndef IPC_ENGINE_TEXT_H
#define IPC_ENGINE_TEXT_H

#include <stddef.h>

//  All zero: an empty one.
typedef struct text {
    char *at;                          // ends with a zero; free() it. NULL: nothing was written
    size_t size, room;
} text_t;

void text_put(text_t *self, const char *words);
void text_put_bytes(text_t *self, const char *at, size_t size);
__attribute__((format(printf, 2, 3))) void text_format(text_t *self, const char *format, ...);

//  What was written, "" when that is nothing; lent.
const char *text_read(const text_t *self);

#endif
