//  ipc_array_t: numbers in C order (the last index runs fastest), with a dtype and up to 8 dimensions.
#ifndef IPC_COMMON_ARRAY_H
#define IPC_COMMON_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#ifdef __cplusplus
extern "C" {
#endif

//  Element types: name, number of bytes, text. The numbers travel: add at the end only.
// clang-format off
#define IPC_DTYPES(X)                                                                         \
    X(BOOL, 1, "bool")    X(I8, 1, "int8")     X(I16, 2, "int16")   X(I32, 4, "int32")        \
    X(I64, 8, "int64")    X(U8, 1, "uint8")    X(U16, 2, "uint16")  X(U32, 4, "uint32")       \
    X(U64, 8, "uint64")   X(F32, 4, "float32") X(F64, 8, "float64") X(C64, 8, "complex64")    \
    X(C128, 16, "complex128")
// clang-format on

#define IPC_DTYPE_(name, size, text) IPC_##name,
typedef enum ipc_dtype { IPC_DTYPES(IPC_DTYPE_) IPC_DTYPE_COUNT } ipc_dtype_t;
#undef IPC_DTYPE_

enum { IPC_MAX_DIMENSIONS = 8 };

typedef struct ipc_array ipc_array_t;

//  Makes an array of zeros, or gives NULL with *error: ARGUMENT (dtype, ndim 1 … 8), MEMORY.
//  The data begin at a multiple of 64 bytes. On an engine, within a task, the array is the task's: it
//  goes when the task's reply has been sent, and needs no destroy (which does no harm).
//  In a client program an array of 1 MiB or more is in shared memory where there is room, and the first push,
//  scatter or call copies nothing: engines map its pages. The array stays yours, to be written and destroyed at
//  any time: engines keep what was sent. Pages that you write afterwards are copied one by one, and what was
//  written is copied when it is sent again. So: an array that is made, filled and sent costs no copy; one that
//  is written anew before each push costs the first time more than a copy, then a copy each time.
//  A child made by fork() shares such an array with its parent.
//      shape      borrowed; ndim lengths
ipc_array_t *ipc_array_new(ipc_dtype_t dtype, int ndim, const size_t *shape, ipc_error_t *error);

//  Frees the array and sets *self_p to NULL; NULL is fine.
void ipc_array_destroy(ipc_array_t **self_p);

//  The dtype, the number of dimensions, their lengths (lent), the number of elements, of bytes.
ipc_dtype_t ipc_array_dtype(const ipc_array_t *self);
int ipc_array_ndim(const ipc_array_t *self);
const size_t *ipc_array_shape(const ipc_array_t *self);
size_t ipc_array_count(const ipc_array_t *self);
size_t ipc_array_size(const ipc_array_t *self);

//  The first element, whatever the dtype (lent).
void *ipc_array_data(const ipc_array_t *self);

//  The first element, or NULL when the array has another dtype (lent).
bool *ipc_array_bool(const ipc_array_t *self);
int8_t *ipc_array_i8(const ipc_array_t *self);
int16_t *ipc_array_i16(const ipc_array_t *self);
int32_t *ipc_array_i32(const ipc_array_t *self);
int64_t *ipc_array_i64(const ipc_array_t *self);
uint8_t *ipc_array_u8(const ipc_array_t *self);
uint16_t *ipc_array_u16(const ipc_array_t *self);
uint32_t *ipc_array_u32(const ipc_array_t *self);
uint64_t *ipc_array_u64(const ipc_array_t *self);
float *ipc_array_f32(const ipc_array_t *self);
double *ipc_array_f64(const ipc_array_t *self);
#ifndef __cplusplus
float _Complex *ipc_array_c64(const ipc_array_t *self);
double _Complex *ipc_array_c128(const ipc_array_t *self);
#endif

//  "float64" and the size of an element in bytes; NULL and 0 for a number that is no dtype.
const char *ipc_dtype_name(ipc_dtype_t dtype);
size_t ipc_dtype_size(ipc_dtype_t dtype);

#ifdef __cplusplus
}
#endif
#endif
