//  account_is_right(): holds what the tasks wrote down against what the clients were told.
#ifndef IPC_TESTS_CHAOS_ACCOUNT_H
#define IPC_TESTS_CHAOS_ACCOUNT_H

#include "agent.h"

//  Each task that a client has a result of ended once, with what explains it; each ran as often as it may have. Prints
//  how many there were of each kind, and a sentence on stderr for what is not so.
//      agent      borrowed; what was done
//      finished   borrowed; of each client, by its number, whether it came to its end
bool account_is_right(const agent_t *agent, const bool *finished);

#endif
