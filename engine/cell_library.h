//  What cells may call of libipclient: an engine exports no symbols, so that images and modules find their own copies;
//  it gives cells this table, and their prelude has a macro for each function of it.
#ifndef IPC_ENGINE_CELL_LIBRARY_H
#define IPC_ENGINE_CELL_LIBRARY_H

#include "common/remote.h"

// clang-format off
#define IPC_CELL_FUNCTIONS(X)                                                                 \
    X(ipc_none) X(ipc_bool) X(ipc_range) X(ipc_ref)                                           \
    X(ipc_i8) X(ipc_i16) X(ipc_i32) X(ipc_i64) X(ipc_u8) X(ipc_u16) X(ipc_u32) X(ipc_u64)     \
    X(ipc_f32) X(ipc_f64) X(ipc_c64) X(ipc_c128) X(ipc_view1) X(ipc_view2)                    \
    X(ipc_value_kind) X(ipc_value_count) X(ipc_value_at) X(ipc_value_key) X(ipc_value_get)    \
    X(ipc_value_has) X(ipc_value_is_none) X(ipc_value_bool) X(ipc_value_i64) X(ipc_value_u64) \
    X(ipc_value_f64) X(ipc_value_c128) X(ipc_value_str) X(ipc_value_array) X(ipc_value_print) \
    X(ipc_value_from_bool) X(ipc_value_from_i64) X(ipc_value_from_u64) X(ipc_value_from_f64)  \
    X(ipc_value_from_str) X(ipc_value_from_array) X(ipc_value_from_value)                     \
    X(ipc_value_from_list) X(ipc_value_from_dict) X(ipc_value_from_c128)                      \
    X(ipc_array_destroy) X(ipc_array_dtype) X(ipc_array_ndim) X(ipc_array_shape)              \
    X(ipc_array_count) X(ipc_array_size) X(ipc_array_data) X(ipc_array_bool) X(ipc_array_i8)  \
    X(ipc_array_i16) X(ipc_array_i32) X(ipc_array_i64) X(ipc_array_u8) X(ipc_array_u16)       \
    X(ipc_array_u32) X(ipc_array_u64) X(ipc_array_f32) X(ipc_array_f64) X(ipc_array_c64)      \
    X(ipc_array_c128) X(ipc_dtype_name) X(ipc_dtype_size)
// clang-format on

struct ipc_cell_member;                // cell_unit.h

#define IPC_CELL_MEMBER_(name) __typeof__(name) *name;
typedef struct ipc_cell_library {
    void *context;
    void (*keep)(void *context);       // cells have run: what they made is there still
    __typeof__(ipc_array_new) *array_new; // that is of no task yet
    ipc_value_t (*object)(void *context, const struct ipc_cell_member *members, const void *address);
    const char *(*text)(const ipc_runtime_t *runtime, const char *format, va_list arguments);
    IPC_CELL_FUNCTIONS(IPC_CELL_MEMBER_)
} ipc_cell_library_t;
#undef IPC_CELL_MEMBER_

#ifndef IPC_CELL
//      functions   of them context, keep and object count
void cell_library_init(ipc_cell_library_t *self, const ipc_cell_library_t *functions);
#endif

#endif
