//  The items of a map over several sequences: item i is the list of the arguments that the sequences have at i.
#ifndef IPC_CLIENT_ZIP_H
#define IPC_CLIENT_ZIP_H

#include "client/draft.h"

//  Holds a zip's members against the parameters of the draft's function and writes them as its items, as many as its
//  shortest sequence has. 0, or -1 with the draft's error: nothing is to be sent.
int zip_items(draft_t *self, ipc_value_t zip);

#endif
