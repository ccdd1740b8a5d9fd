#include "controller/tried.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

typedef struct attempt {
    uint32_t engine;
    bool refused;
} attempt_t;

struct tried {
    uint32_t count;
    attempt_t all[];
};

static tried_t *copy_with_room(const tried_t *self, uint32_t more)
{
    uint32_t count = self ? self->count : 0;
    tried_t *copy = ipc_xalloc(sizeof *copy + (count + more) * sizeof copy->all[0]);
    copy->count = count;
    if (count > 0)
        memcpy(copy->all, self->all, count * sizeof copy->all[0]);
    return copy;
}

static attempt_t *find(const tried_t *self, uint32_t engine)
{
    for (uint32_t i = 0; self && i < self->count; i++)
        if (self->all[i].engine == engine)
            return (attempt_t *) &self->all[i];
    return NULL;
}

tried_t *tried_copy(const tried_t *self)
{
    return self ? copy_with_room(self, 0) : NULL;
}

tried_t *tried_with(const tried_t *self, uint32_t engine, bool refused)
{
    tried_t *with = copy_with_room(self, 1);
    attempt_t *attempt = find(with, engine);
    if (!attempt) {
        attempt = &with->all[with->count++];
        *attempt = (attempt_t){.engine = engine};
    }
    attempt->refused = attempt->refused || refused;
    return with;
}

void tried_free(tried_t *self)
{
    free(self);
}

bool tried_has(const tried_t *self, uint32_t engine)
{
    return find(self, engine) != NULL;
}

bool tried_is_refused_by(const tried_t *self, uint32_t engine)
{
    const attempt_t *attempt = find(self, engine);
    return attempt && attempt->refused;
}
