//  cuda_cells_t: the CUDA cells of an engine: what they have declared, and their kernels. On the task thread.
#ifndef IPC_ENGINE_CUDA_CELLS_H
#define IPC_ENGINE_CUDA_CELLS_H

#include "engine/cells.h"
#include "engine/cuda_launch.h"

typedef struct cuda_cells cuda_cells_t;

//      directory   borrowed for the life of the cells; of what is compiled, private to the user
//      engine      its id, for sentences
cuda_cells_t *cuda_cells_new(const char *directory, int engine);
void cuda_cells_destroy(cuda_cells_t **self_p);

//  Forgets all that cells have declared.
void cuda_cells_clear(cuda_cells_t *self);

//  Compiles a cell, loads it, and makes known what it declares. 0, or -1 with *error: COMPILE, CUDA; then nothing has
//  changed.
int cuda_cells_load(cuda_cells_t *self, const cells_source_t *source, ipc_error_t *error);

//  Launches the kernel of that name and waits for its end. 0, or -1 with *error: NAME, ARGUMENT, CUDA.
//      arguments   borrowed; converted in place
int cuda_cells_launch(cuda_cells_t *self, const char *name, const cuda_shape_t *shape, cuda_argument_t *arguments,
                      int count, ipc_error_t *error);

//  Whether this process can use the device: 0, or -1. Where a kernel has left it unusable it is begun anew, if that is
//  asked for: what modules have on it is lost then, too.
int cuda_cells_try(cuda_cells_t *self, bool mends);

#endif
