//  Functions of a library that is loaded when it is first needed, and may not be there (not public).
#ifndef IPC_COMMON_FUNCTIONS_OF_H
#define IPC_COMMON_FUNCTIONS_OF_H

#include <stddef.h>

//  Loads a library and looks its functions up. Gives its handle for dlclose(), or NULL if it, or one of the functions,
//  is not there; then it is not loaded either.
//      names      borrowed; of count functions
//      functions  written; count pointers, in the order of names, good while the library is loaded
void *ipc_functions_of(const char *library, const char *const names[], size_t count, void *functions);

#endif
