//  group_t: calls of one function that come one after another while the controller is busy. They travel as one
//  job with a position for each call, so that a call costs little more than an item of a map; each has its own
//  result. Who calls alone is sent alone.
#ifndef IPC_CLIENT_GROUP_H
#define IPC_CLIENT_GROUP_H

#include "client/result.h"
#include "common/message.h"

struct ticket;
struct ipc_client;

typedef struct group {
    struct ticket *ticket;             // of all its calls; NULL: there is no group
    ipc_msg_t first;                   // the first call, as it would travel alone; arguments are in data
    uint32_t engine;                   // of a direct one
    ipc_writer_t data, places;         // packed lists of arguments, and where each begins
} group_t;

//  Whether a submission is one call that may travel with others.
bool group_may_take(const ipc_msg_t *submission);

//  Puts the call into the group, which is sent first when it is of another kind. With the client's lock.
//      parameters   in the submission's arguments
void group_add(struct ipc_client *client, ipc_result_t *result, const ipc_msg_t *submission, size_t parameters);

//  Writes the group, if there is one, into the frame to be sent next.
void group_close(struct ipc_client *client);

//  Bytes that wait in it.
size_t group_size(const group_t *self);

//  Its connection is gone.
void group_drop(group_t *self);
void group_destroy(group_t *self);

#endif
