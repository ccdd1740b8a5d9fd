//  What a submission waits for and needs: the options after, follow and needs, checked and told to the controller.
#ifndef IPC_CLIENT_TERMS_H
#define IPC_CLIENT_TERMS_H

#include "client/state.h"

bool terms_are_set(const ipc_options_t *options);

//  0, or -1 with *error: ARGUMENT, DEPENDENCY, LIMIT. With the client's lock.
int terms_check(ipc_client_t *client, const ipc_options_t *options, bool direct, ipc_error_t *error);

//  Tells them, with limits, and what the call is given; the submission must follow. With the lock; they have been
//  checked. Gives what is to be kept of it where controllers are succeeded (client/kept.h), else NULL.
struct kept_terms *terms_send(ipc_client_t *client, const ipc_options_t *options, const struct given *given,
                              int64_t submitted);

//  Whether it is a gather that is under way, or shows parts of one: what its positions hold then are no values yet.
bool terms_has_open_gather(const ipc_result_t *result);

//  What is known of a result's positions, ipc_parent_t each.
//      where   also where they ran
void terms_add_result(ipc_writer_t *parents, const ipc_result_t *result, bool where);

#endif
