//  objects_t: who holds which object (DESIGN.md 6). When nobody does, its owner may use it again.
#ifndef IPC_CONTROLLER_OBJECTS_H
#define IPC_CONTROLLER_OBJECTS_H

#include "common/message.h"

typedef struct objects objects_t;

enum { OBJECTS_QUEUE = 0 };            // the holder that stands for jobs in the controller

//  Nobody holds an object any more.
typedef void objects_freed_fn(void *context, ipc_object_t object);

objects_t *objects_new(objects_freed_fn *freed, void *context);
void objects_destroy(objects_t **self_p);

//  A holder (a peer's number, or OBJECTS_QUEUE) holds an object count times more, or less.
void objects_hold(objects_t *self, ipc_object_t object, uint32_t holder, uint64_t count);
void objects_release(objects_t *self, ipc_object_t object, uint32_t holder, uint64_t count);

//  A holder is gone, with all that it held.
void objects_forget(objects_t *self, uint32_t holder);

bool objects_is_held(objects_t *self, ipc_object_t object);
size_t objects_count(const objects_t *self);

#endif
