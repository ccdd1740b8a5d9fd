//  holds_t: the objects of others that this process holds, so that it can tell the controller when it lets one
//  go: when no message that came with it is needed and no array of it is open.
#ifndef IPC_COMMON_HOLDS_H
#define IPC_COMMON_HOLDS_H

#include "common/message.h"

typedef struct holds holds_t;

holds_t *holds_new(void);
void holds_destroy(holds_t **self_p);

//  A message that refers to the object came in: the controller counts one hold more, and it is one user.
void holds_receive(holds_t *self, ipc_object_t object);

//  An array of the object was opened: one user more.
void holds_use(holds_t *self, ipc_object_t object);

//  One user less. Gives the holds to be released when it was the last, else 0.
uint64_t holds_leave(holds_t *self, ipc_object_t object);

#endif
