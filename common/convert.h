//  Arguments of remote functions: held against the parameters' types, on the client before anything is sent
//  and on the engine again.
#ifndef IPC_COMMON_CONVERT_H
#define IPC_COMMON_CONVERT_H

#include "common/remote.h"

//  Converts a value to what a parameter of this type takes. Numbers convert when exact (a double for a float
//  is rounded); integers never lose bits. A reference passes: it is looked up later. 0, or -1 with *error:
//  ARGUMENT, a sentence that names the function and the argument.
//      function   borrowed; its name
//      position   of the argument, from 1
int ipc_convert(ipc_value_t value, ipc_type_t type, const char *function, int position, ipc_value_t *converted,
                ipc_error_t *error);

//  "an int32", "a string", for sentences.
const char *ipc_type_text(ipc_type_t type);

#endif
