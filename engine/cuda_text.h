//  cuda_text_t: a CUDA cell, cut into what it declares: what later cells can have too, what is its own, and its
//  kernels with what they are called with. It knows the tokens and brackets of C++, no types: the compiler says what is
//  wrong. Pure: no files, no device.
#ifndef IPC_ENGINE_CUDA_TEXT_H
#define IPC_ENGINE_CUDA_TEXT_H

#include "common/remote.h"
#include "engine/cell.h"

enum { CUDA_PARAMETERS = 16 };         // that a kernel to be launched may have

typedef enum cuda_item_kind {
    CUDA_SHARED,       // a directive, type, function, template or constant: later cells have it too
    CUDA_OWN,          // a variable: memory of this cell's module
    CUDA_KERNEL        // likewise
} cuda_item_kind_t;

//  What a kernel's parameter takes.
typedef struct cuda_parameter {
    uint8_t type;                      // ipc_type_t of a number; ARRAY: a pointer to const, ARRAY_MUT: another
                                       // pointer; VOID: nothing that an argument can be
    uint8_t dtype;                     // ipc_dtype_t of a number, or of what a pointer points to; IPC_DTYPE_COUNT: any
} cuda_parameter_t;

typedef struct cuda_item {
    cuda_item_kind_t kind;
    cell_span_t text;                  // all of it, its semicolon too
    cell_span_t name;                  // may be empty
    cell_span_t parameters;            // of kernels: inside the parentheses
    bool is_linked;                    // of kernels: the cell itself gives it C's linkage
    bool is_prototype;                 // of kernels: without a body
    bool is_inside;                    // of kernels: of a block of the item before
} cuda_item_t;

typedef struct cuda_text {
    cuda_item_t *items;                // in the order of the source
    size_t count, room;
} cuda_text_t;

//  Cuts a cell. 0, or -1 with *fault.
//      source   borrowed for the life of the text
//      self     written: cuda_text_free() it, also after a failure
int cuda_text_read(cuda_text_t *self, const char *source, cell_fault_t *fault);
void cuda_text_free(cuda_text_t *self);

//  Reads the parameters of a kernel and gives their number, -1 when there are more than CUDA_PARAMETERS.
//      parameters   written
int cuda_parameters_read(cell_span_t text, cuda_parameter_t parameters[CUDA_PARAMETERS]);

#endif
