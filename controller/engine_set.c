#include "controller/engine_set.h"

#include <stdlib.h>

#include "common/fail.h"

void engine_set_grow(engine_set_t *self, uint32_t limit)
{
    uint32_t count = (limit + 63) / 64;
    if (count <= self->count)
        return;
    self->words = ipc_xgrow(self->words, self->count, count, sizeof self->words[0]);
    self->count = count;
}

void engine_set_free(engine_set_t *self)
{
    free(self->words);
    *self = (engine_set_t){0};
}

uint32_t engine_set_next(const engine_set_t *self, const engine_set_t *other, uint32_t from)
{
    uint64_t mask = UINT64_MAX << from % 64; // of the first word, what lies behind from
    for (uint32_t i = from / 64; i < self->count; i++, mask = UINT64_MAX) {
        uint64_t word = self->words[i] & mask & (other ? other->words[i] : UINT64_MAX);
        if (word)
            return i * 64 + (uint32_t) __builtin_ctzll(word);
    }
    return ENGINE_SET_END;
}

void engine_set_take_over(engine_set_t *self, engine_set_t *other)
{
    for (uint32_t i = 0; i < self->count; i++) {
        self->words[i] |= other->words[i];
        other->words[i] = 0;
    }
}
