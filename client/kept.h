//  kept_terms_t: what a submission waits for, kept to be said again to the next controller, where the cluster has a
//  journal. By then more is known of the tasks that it waits for: what became of those is noted in the meantime, also
//  when the program has let their results go. All with the client's lock.
#ifndef IPC_CLIENT_KEPT_H
#define IPC_CLIENT_KEPT_H

#include "client/state.h"

typedef struct kept_terms {
    bool waits;                        // for others, or needs something: else it has limits alone
    bool counts;                       // it waits for tasks whose outcomes are noted
    int64_t submitted;                 // when its time for waiting began, nanoseconds since 1970
    uint32_t wait_ms, run_ms;          // limits, 0: none
    uint32_t after_mode, follow_mode;  // IPC_DEPEND_…
    ipc_writer_t after, follow;        // ipc_parent_t each, as they were known first
    char *needs;                       // or NULL
} kept_terms_t;

//  Says them.
//      seen        RESULT messages that the client had read when it learned what it says of others
//      arguments   of the values that it is given, ipc_parent_t each
void kept_terms_send(ipc_client_t *client, const kept_terms_t *self, uint64_t seen, const ipc_writer_t *arguments);
void kept_terms_free(ipc_client_t *client, kept_terms_t **self_p);

//  Outcomes of the tasks that it waits for are noted from now on.
void kept_terms_await(ipc_client_t *client, kept_terms_t *self, const ipc_writer_t *arguments);

//  Positions of a ticket that somebody waits for have ended.
void outcomes_note(ipc_client_t *client, const ipc_msg_t *result);
//  Before terms are said again to another controller.
void outcomes_sort(ipc_client_t *client);
void outcomes_free(ipc_client_t *client);

//  Says a ticket's terms again, as they are known now.
void kept_terms_say_again(ipc_client_t *client, const ticket_t *ticket);

#endif
