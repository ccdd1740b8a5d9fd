//  How a module says no: a kind, as ipc_raise() takes it, and one sentence.
#ifndef KERNELS_COMMON_REFUSE_H
#define KERNELS_COMMON_REFUSE_H

#include "engine/ipmodule.h"

//  Fills *error (NULL is fine) and gives -1, so that a refusal is one line.
//      kind       borrowed; "ValueError", "TypeError", "NameError", "MemoryError",
//                 "DeviceError"
int kernel_refuse(ipc_error_t *error, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
