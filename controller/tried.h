//  tried_t: the engines that have failed an item, which take it again only when no other one may, and those that
//  refused it, which never do. Most items have none: NULL.
#ifndef IPC_CONTROLLER_TRIED_H
#define IPC_CONTROLLER_TRIED_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tried tried_t;

//  The same with one engine more; self stays.
tried_t *tried_with(const tried_t *self, uint32_t engine, bool refused);
tried_t *tried_copy(const tried_t *self);
void tried_free(tried_t *self);

bool tried_has(const tried_t *self, uint32_t engine);
bool tried_is_refused_by(const tried_t *self, uint32_t engine);

#endif
