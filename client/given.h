//  given_t: results of other calls among the arguments of one. What the client knows of them stands in the call; what
//  it does not know the controller gives to the task, which waits for it (common/awaited.h).
#ifndef IPC_CLIENT_GIVEN_H
#define IPC_CLIENT_GIVEN_H

#include "client/draft.h"

//  Values of one result that a call waits for, in the order of their numbers.
typedef struct given {
    ipc_result_t *positions;           // a slice of it, which no program sees: it keeps what has come
    uint64_t number;                   // of its first value
    struct given *next;
} given_t;

//  Puts values, or holes for those to come, in the place of results, in lists and dictionaries too. 0, or -1 with the
//  draft's error: ARGUMENT, DEPENDENCY, IMPOSSIBLE (one of them failed), LIMIT.
//      value   what it refers to lives as long as the draft
int given_resolve(draft_t *draft, ipc_value_t *value);

//  Where the values come from, ipc_parent_t each.
void given_parents(const given_t *self, ipc_writer_t *parents);

//  After the submission: sends those values that were known while others of their result were not.
void given_send_known(ipc_client_t *client, ticket_t *ticket);

//  The controller asks for values.
void on_want(ipc_client_t *client, const ipc_msg_t *msg);

//  Frees all. With the lock.
void given_free(given_t *first);

#endif
