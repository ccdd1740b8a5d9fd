//  How the heat module says no: a kind, as ipc_raise() takes it, and one sentence.
#ifndef HEAT_REFUSE_H
#define HEAT_REFUSE_H

#include "engine/ipmodule.h"

//  Fills *error (NULL is fine) and gives -1, so that a refusal is one line.
//      kind       borrowed; "ValueError", "TypeError", "NameError", "MemoryError",
//                 "DeviceError"
int heat_refuse(ipc_error_t *error, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
