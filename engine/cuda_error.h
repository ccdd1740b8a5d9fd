//  What the compiler of CUDA cells says, in the words that users read.
#ifndef IPC_ENGINE_CUDA_ERROR_H
#define IPC_ENGINE_CUDA_ERROR_H

#include "engine/cell_error.h"
#include "engine/cuda_scope.h"

//  Fills *error with COMPILE: the first error that has a place in the cell, with its line and a caret; of those without
//  one what is said of the first. Gives -1.
//      said    borrowed; "cell(2): error: …", the line and a caret, and so on
//      scope   tells which names were declared, but are the cells' own
int cuda_error_compile(const cells_source_t *source, const char *said, const cuda_scope_t *scope, ipc_error_t *error);

#endif
