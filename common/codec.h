//  Values on the wire. Arrays up to IPC_INLINE_LIMIT bytes travel inside, larger ones as references to
//  objects (DESIGN.md 6); who packs and who unpacks say how objects are made and opened.
#ifndef IPC_COMMON_CODEC_H
#define IPC_COMMON_CODEC_H

#include "common/arena.h"
#include "common/message.h"

enum { IPC_MAX_DEPTH = 32 };           // of lists within lists

//  An array in an object: where, and what.
typedef struct ipc_array_ref {
    ipc_object_t object;
    uint64_t offset;                   // of the first element, in bytes
    ipc_dtype_t dtype;
    int ndim;
    size_t shape[IPC_MAX_DIMENSIONS];
} ipc_array_ref_t;

//  Puts size bytes into an object. 0, or -1 with *error.
typedef int ipc_place_fn(void *context, const void *data, size_t size, ipc_array_ref_t *ref,
                         ipc_error_t *error);
//  Opens the array of a reference. Gives an array (yours), or NULL with *error.
typedef ipc_array_t *ipc_open_fn(void *context, const ipc_array_ref_t *ref, ipc_error_t *error);

//  Appends a value. 0, or -1 with *error: ARGUMENT (a dictionary with a key that is no string, an odd
//  dictionary, nested too deeply), or what place says.
//      place        NULL: arrays of any size travel inside
int ipc_value_pack(ipc_value_t self, ipc_writer_t *writer, ipc_place_fn *place, void *context,
                   ipc_error_t *error);

//  Reads a value; its memory is the arena's. 0, or -1 with *error: PROTOCOL, or what open says.
int ipc_value_unpack(ipc_value_t *self, ipc_reader_t *reader, ipc_arena_t *arena, ipc_open_fn *open,
                     void *context, ipc_error_t *error);

//  Reads over one value. Marks the reader when it is malformed.
void ipc_value_skip(ipc_reader_t *reader);

//  Reads a reference to an object, if that is what comes next: 1; else 0 and nothing is read.
int ipc_array_ref_read(ipc_array_ref_t *self, ipc_reader_t *reader);
void ipc_array_ref_write(const ipc_array_ref_t *self, ipc_writer_t *writer);

//  The parts of an array value, however it is held.
void ipc_value_elements(const ipc_value_t *self, ipc_dtype_t *dtype, int *ndim, const size_t **shape,
                        const void **data);

#endif
