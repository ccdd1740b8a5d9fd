//  cuda_compiler_t: CUDA C++ to PTX, by NVRTC, the compiler library of the CUDA Toolkit, which is loaded when it is
//  first needed. It needs no GPU. What is compiled is kept in files, which the engines of a host share.
#ifndef IPC_ENGINE_CUDA_COMPILER_H
#define IPC_ENGINE_CUDA_COMPILER_H

#include "common/error.h"

typedef struct cuda_compiler cuda_compiler_t;

//      directory   borrowed for its life; private to the user, made when it is first needed
cuda_compiler_t *cuda_compiler_new(const char *directory);
void cuda_compiler_destroy(cuda_compiler_t **self_p);

//  Gives the PTX of a program, to be freed. 0, or -1: with *words, what the compiler said, to be freed, if it is not
//  content; else with *error: CUDA, when there is no such library.
//      program      borrowed; what cuda_scope_program() gives
//      capability   of the device: 90 for 9.0; newer ones than the compiler knows get the newest that it knows
int cuda_compiler_build(cuda_compiler_t *self, const char *program, int capability, char **ptx, char **words,
                        ipc_error_t *error);

#endif
