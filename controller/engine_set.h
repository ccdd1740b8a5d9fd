//  engine_set_t: a set of engine ids, one bit for each. A walk is in order of id and costs a look at each 64 ids
//  and at each member, so that a turn of the scheduler costs what changed, not what there is.
#ifndef IPC_CONTROLLER_ENGINE_SET_H
#define IPC_CONTROLLER_ENGINE_SET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct engine_set {
    uint64_t *words;
    uint32_t count;                    // of words
} engine_set_t;

#define ENGINE_SET_END UINT32_MAX

//  Makes room for ids below limit; a set has room for the ids that are put in or taken out.
void engine_set_grow(engine_set_t *self, uint32_t limit);
void engine_set_free(engine_set_t *self);

//  The first member at or after from that is in the other set too (NULL: any), or ENGINE_SET_END.
uint32_t engine_set_next(const engine_set_t *self, const engine_set_t *other, uint32_t from);

//  Adds all members of another set of the same size, which is empty then.
void engine_set_take_over(engine_set_t *self, engine_set_t *other);

//  Makes an id a member, or none.
static inline void engine_set_put(engine_set_t *self, uint32_t id, bool member)
{
    uint64_t bit = (uint64_t) 1 << id % 64;
    self->words[id / 64] = member ? self->words[id / 64] | bit : self->words[id / 64] & ~bit;
}

static inline bool engine_set_has(const engine_set_t *self, uint32_t id)
{
    return id / 64 < self->count && (self->words[id / 64] >> id % 64 & 1);
}

#endif
