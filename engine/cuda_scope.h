//  cuda_scope_t: what CUDA cells have declared so far, as the text that later ones are compiled behind. A cell that
//  declares a name anew replaces it, and takes what was declared by means of it out of sight, since that cannot be
//  compiled any more. Variables and kernels are the cell's own: a module cannot see another one's memory.
#ifndef IPC_ENGINE_CUDA_SCOPE_H
#define IPC_ENGINE_CUDA_SCOPE_H

#include "engine/cuda_text.h"

typedef struct cuda_declaration {
    char *name;                        // "" for none
    char *text;                        // NULL: it is out of sight, and remembered for sentences
    bool is_hidden;                    // by the cell that is being compiled
} cuda_declaration_t;

typedef struct cuda_scope {
    cuda_declaration_t *declarations;  // in the order that they are to be compiled in
    size_t count, room;
} cuda_scope_t;

void cuda_scope_free(cuda_scope_t *self);              // empty again, too

//  What a cell becomes for the compiler: what lasts from before, of a file "earlier", then the cell, of a file "cell",
//  each piece at its own line and column. free() it. What the cell replaces is hidden from then on.
char *cuda_scope_program(cuda_scope_t *self, const cuda_text_t *cell, const char *source);

//  After that: the cell is compiled, or has failed.
void cuda_scope_commit(cuda_scope_t *self, const cuda_text_t *cell);
void cuda_scope_show(cuda_scope_t *self);

//  Whether a name was declared, but not for later cells, or is out of sight.
bool cuda_scope_has_lost(const cuda_scope_t *self, cell_span_t name);

#endif
