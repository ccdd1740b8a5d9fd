#include "common/copy.h"

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

enum {
    STREAM_MIN = 32 << 20,             // bytes in all; less is better left in the caches for who reads it next
    LINE = 64
};

//  Whole lines; to is at a line's begin.
static void stream_lines(char *to, const char *from, size_t size)
{
    for (size_t at = 0; at < size; at += LINE) {
        const __m128i *source = (const __m128i *) (const void *) (from + at);
        __m128i *target = (__m128i *) (void *) (to + at);
        __m128i a = _mm_loadu_si128(source), b = _mm_loadu_si128(source + 1);
        __m128i c = _mm_loadu_si128(source + 2), d = _mm_loadu_si128(source + 3);
        _mm_stream_si128(target, a);
        _mm_stream_si128(target + 1, b);
        _mm_stream_si128(target + 2, c);
        _mm_stream_si128(target + 3, d);
    }
    _mm_sfence(); // who is told of the copy sees it
}

void ipc_copy(void *to, const void *from, size_t size, size_t total)
{
    size_t head = (LINE - (uintptr_t) to % LINE) % LINE;
    if (total < STREAM_MIN || size < head + LINE) {
        memcpy(to, from, size);
        return;
    }
    size_t lines = (size - head) / LINE * LINE;
    memcpy(to, from, head);
    stream_lines((char *) to + head, (const char *) from + head, lines);
    memcpy((char *) to + head + lines, (const char *) from + head + lines, size - head - lines);
}
#else
void ipc_copy(void *to, const void *from, size_t size, size_t total)
{
    (void) total;
    memcpy(to, from, size);
}
#endif
