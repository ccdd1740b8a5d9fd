//  What the engine and a compiled cell say to one another, and what cells are compiled behind: the engine carries this
//  file, and those of common/ that it includes, for the compiler of its host.
#ifndef IPC_ENGINE_CELL_UNIT_H
#define IPC_ENGINE_CELL_UNIT_H

#include "common/remote.h"

//  A variable that a unit defines.
typedef struct ipc_cell_variable {
    const char *name;
    void *address;
    size_t *count;                             // of an array that was pushed, where its number of elements is to be,
    int *dimensions;                           //   its number of dimensions
    size_t *lengths;                           //   and their lengths, IPC_MAX_DIMENSIONS of them
    uint32_t type;                             // ipc_type_t of it or of its elements; VOID: of none that has a value
    uint32_t ndim;                             // 0: a scalar
    size_t shape[IPC_MAX_DIMENSIONS];
    size_t length;                             // of an array whose declarator does not tell it
} ipc_cell_variable_t;

//  A function that a unit defines.
typedef struct ipc_cell_function {
    const char *name;
    const ipc_remote_t *remote;                // NULL: not callable by name
} ipc_cell_function_t;

//  The one symbol that the engine asks a unit for, by this name.
typedef struct ipc_cell_unit {
    const ipc_remote_t *run;                   // its statements; of a last expression the value
    const ipc_cell_variable_t *variables;      // the last one has no name
    const ipc_cell_function_t *functions;      // likewise
} ipc_cell_unit_t;

#ifdef IPC_CELL

#define IPC_CELL_SHOWN __attribute__((visibility("default")))

//  Of the library's functions those alone that need the engine's table.
__attribute__((visibility("hidden"))) const ipc_runtime_t *ipc_runtime_local(void)
{
    return ipc_runtime_slot;
}

//  The ipc_type_t of an object: VOID for one that has no value outside.
#define IPC_CELL_TYPE(x)                                                                      \
    _Generic((x), _Bool: IPC_TYPE_BOOL, char: IPC_TYPE_CHAR, signed char: IPC_TYPE_I8, short: IPC_TYPE_I16, \
             int: IPC_TYPE_I32, long: IPC_TYPE_I64, long long: IPC_TYPE_I64, unsigned char: IPC_TYPE_U8,    \
             unsigned short: IPC_TYPE_U16, unsigned: IPC_TYPE_U32, unsigned long: IPC_TYPE_U64,             \
             unsigned long long: IPC_TYPE_U64, float: IPC_TYPE_F32, double: IPC_TYPE_F64,                   \
             float _Complex: IPC_TYPE_C64, double _Complex: IPC_TYPE_C128, char *: IPC_TYPE_STR,            \
             const char *: IPC_TYPE_STR, default: IPC_TYPE_VOID)

//  Whether an object's type is constant.
#define IPC_CELL_IS_CONSTANT(x) _Generic(&(x), const __typeof__(x) *: 1, default: 0)

static inline ipc_value_t ipc_cell_bool(_Bool x) { return (ipc_value_t){.kind = IPC_KIND_BOOL, .as.boolean = x}; }
static inline ipc_value_t ipc_cell_i64(long long x) { return (ipc_value_t){.kind = IPC_KIND_I64, .as.i64 = x}; }
static inline ipc_value_t ipc_cell_u64(unsigned long long x)
{
    return (ipc_value_t){.kind = IPC_KIND_U64, .as.u64 = x};
}
static inline ipc_value_t ipc_cell_f64(double x) { return (ipc_value_t){.kind = IPC_KIND_F64, .as.f64 = x}; }
static inline ipc_value_t ipc_cell_c128(double _Complex x)
{
    return (ipc_value_t){.kind = IPC_KIND_C128, .as.c128 = {__real__ x, __imag__ x}};
}
static inline ipc_value_t ipc_cell_str(const char *x)
{
    if (!x)
        return (ipc_value_t){.kind = IPC_KIND_NONE};
    return (ipc_value_t){.kind = IPC_KIND_STR, .count = (uint32_t) __builtin_strlen(x), .as.string = x};
}
static inline ipc_value_t ipc_cell_none(void) { return (ipc_value_t){.kind = IPC_KIND_NONE}; }
//  Any object as a value; one of another type as none.
#define IPC_CELL_VALUE(x)                                                                     \
    _Generic((x), _Bool: ipc_cell_bool, char: ipc_cell_i64, signed char: ipc_cell_i64, short: ipc_cell_i64, \
             int: ipc_cell_i64, long: ipc_cell_i64, long long: ipc_cell_i64, unsigned char: ipc_cell_u64,   \
             unsigned short: ipc_cell_u64, unsigned: ipc_cell_u64, unsigned long: ipc_cell_u64,             \
             unsigned long long: ipc_cell_u64, float: ipc_cell_f64, double: ipc_cell_f64,                   \
             float _Complex: ipc_cell_c128, double _Complex: ipc_cell_c128, char *: ipc_cell_str,           \
             const char *: ipc_cell_str, ipc_value_t: ipc_cell_same, default: ipc_cell_any)(x)

static inline ipc_value_t ipc_cell_same(ipc_value_t x) { return x; }
static inline ipc_value_t ipc_cell_any() { return ipc_cell_none(); } // of an object of whatever type

#endif
#endif
