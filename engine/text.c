#include "engine/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/fail.h"

//  Room for so many bytes more and a zero.
static void grow(text_t *self, size_t size)
{
    if (size < self->room - self->size)
        return;
    self->room = 2 * (self->size + size) + 256;
    self->at = ipc_xrealloc(self->at, self->room);
}

void text_put_bytes(text_t *self, const char *at, size_t size)
{
    grow(self, size);
    if (size > 0)
        memcpy(self->at + self->size, at, size);
    self->at[self->size += size] = 0;
}

void text_put(text_t *self, const char *words)
{
    text_put_bytes(self, words, strlen(words));
}

enum { MOSTLY = 120 };                 // bytes that are enough for most

//  Written where there is room, and once more where there was too little.
void text_format(text_t *self, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    grow(self, MOSTLY);
    int size = vsnprintf(self->at + self->size, self->room - self->size, format, arguments);
    if (size > 0 && (size_t) size >= self->room - self->size) {
        grow(self, (size_t) size);
        vsnprintf(self->at + self->size, self->room - self->size, format, again);
    }
    self->size += size > 0 ? (size_t) size : 0;
    va_end(again);
    va_end(arguments);
}

const char *text_read(const text_t *self)
{
    return self->at ? self->at : "";
}
