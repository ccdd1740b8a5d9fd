//  defaults_t: the options that a view gives to each of its calls, with all that they hold.
#ifndef IPC_CLIENT_DEFAULTS_H
#define IPC_CLIENT_DEFAULTS_H

#include "client/view.h"

typedef struct defaults defaults_t;

//  Copies options, with their strings; the results that they name are held until it is destroyed. With the client's
//  lock, both.
//      options   borrowed; checked
defaults_t *defaults_new(const ipc_options_t *options);
void defaults_destroy(defaults_t **self_p);

//  Gives a call's options what they leave at zero.
void defaults_fill(const defaults_t *self, ipc_options_t *options);

#endif
