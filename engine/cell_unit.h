//  What the engine and a compiled cell say to one another, and what cells are compiled behind: the engine carries this
//  file, and those of common/ that it includes, for the compiler of its host.
#ifndef IPC_ENGINE_CELL_UNIT_H
#define IPC_ENGINE_CELL_UNIT_H

#include "common/remote.h"
#include "engine/cell_library.h"

//  A member of a struct, or the type of a variable.
typedef struct ipc_cell_member {
    const char *name;                          // NULL: the last one
    size_t offset;
    uint32_t type;                             // ipc_type_t of it or of its elements
    uint32_t ndim;                             // 0: no array
    size_t shape[IPC_MAX_DIMENSIONS];
    size_t size;                               // of it or of its elements
    const struct ipc_cell_member *members;     // of one that is a struct, or whose elements are; or NULL
} ipc_cell_member_t;

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
    const ipc_cell_member_t *members;          // of a struct, or of its elements; or NULL
    size_t size;                               // of it or of its elements
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
    const ipc_cell_library_t **library;        // for the engine to set
} ipc_cell_unit_t;

#ifdef IPC_CELL

#define IPC_CELL_SHOWN __attribute__((visibility("default")))

//  Of the library's functions those alone that need the engine's table.
__attribute__((visibility("hidden"))) const ipc_runtime_t *ipc_runtime_local(void)
{
    return ipc_runtime_slot;
}

//  What atexit() tells units apart by; weak, as the compiler's own start files have it too, which only flags link.
__attribute__((weak, visibility("hidden"))) void *__dso_handle = &__dso_handle;

static const ipc_cell_library_t *ipc_cell_library;

//  Not the function itself, which each unit would have to compile, whether it calls it or not.
__attribute__((format(printf, 1, 2))) static inline const char *ipc_cell_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = ipc_cell_library->text(ipc_runtime(), format, arguments);
    va_end(arguments);
    return text;
}
#define ipc_text ipc_cell_text

static inline ipc_array_t *ipc_cell_array_new(ipc_dtype_t dtype, int ndim, const size_t *shape, ipc_error_t *error)
{
    ipc_array_t *array = ipc_cell_library->array_new(dtype, ndim, shape, error);
    if (array && ipc_runtime()->own_array)
        ipc_runtime()->own_array(array);
    return array;
}

//  At the end of a block of the engine's around the user's code, on each way out but ipc_raise().
static inline void ipc_cell_leave(const char *scope)
{
    (void) scope;
    ipc_cell_library->keep(ipc_cell_library->context);
}
#define IPC_CELL_SCOPE __attribute__((cleanup(ipc_cell_leave))) const char ipc_cell_scope = 0

//  The ipc_type_t of an object: VOID for one that has no value outside.
#define IPC_CELL_TYPE(x)                                                                      \
    _Generic((x), _Bool: IPC_TYPE_BOOL, char: IPC_TYPE_CHAR, signed char: IPC_TYPE_I8, short: IPC_TYPE_I16, \
             int: IPC_TYPE_I32, long: IPC_TYPE_I64, long long: IPC_TYPE_I64, unsigned char: IPC_TYPE_U8,    \
             unsigned short: IPC_TYPE_U16, unsigned: IPC_TYPE_U32, unsigned long: IPC_TYPE_U64,             \
             unsigned long long: IPC_TYPE_U64, float: IPC_TYPE_F32, double: IPC_TYPE_F64,                   \
             float _Complex: IPC_TYPE_C64, double _Complex: IPC_TYPE_C128, char *: IPC_TYPE_STR,            \
             const char *: IPC_TYPE_STR, ipc_array_t *: IPC_TYPE_ARRAY_MUT,                                 \
             const ipc_array_t *: IPC_TYPE_ARRAY, ipc_value_t: IPC_TYPE_VALUE, default: IPC_TYPE_VOID)

//  Whether an object's type is constant.
#define IPC_CELL_IS_CONSTANT(x) _Generic(&(x), const __typeof__(x) *: 1, default: 0)

//  --- The last expression -------------------------------------------------------------------------------------

static inline ipc_value_t ipc_cell_none(void) { return (ipc_value_t){.kind = IPC_KIND_NONE}; }
static inline ipc_value_t ipc_cell_bool(_Bool x) { return (ipc_value_t){.kind = IPC_KIND_BOOL, .as.boolean = x}; }
static inline ipc_value_t ipc_cell_i64(long long x) { return (ipc_value_t){.kind = IPC_KIND_I64, .as.i64 = x}; }
static inline ipc_value_t ipc_cell_u64(unsigned long long x)
{
    return (ipc_value_t){.kind = IPC_KIND_U64, .as.u64 = x};
}
static inline ipc_value_t ipc_cell_f64(double x) { return (ipc_value_t){.kind = IPC_KIND_F64, .as.f64 = x}; }
static inline ipc_value_t ipc_cell_long_double(long double x) { return ipc_cell_f64((double) x); }
static inline ipc_value_t ipc_cell_i128(__int128 x)
{
    return x == (long long) x ? ipc_cell_i64((long long) x) : ipc_cell_f64((double) x);
}
static inline ipc_value_t ipc_cell_u128(unsigned __int128 x)
{
    return x == (unsigned long long) x ? ipc_cell_u64((unsigned long long) x) : ipc_cell_f64((double) x);
}
static inline ipc_value_t ipc_cell_c128(double _Complex x)
{
    return (ipc_value_t){.kind = IPC_KIND_C128, .as.c128 = {__real__ x, __imag__ x}};
}
static inline ipc_value_t ipc_cell_str(const char *x)
{
    if (!x)
        return ipc_cell_none();
    return (ipc_value_t){.kind = IPC_KIND_STR, .count = (uint32_t) __builtin_strlen(x), .as.string = x};
}
//  What it holds may end with the cell's own block.
static inline ipc_value_t ipc_cell_value(ipc_value_t x) { return ipc_runtime()->give(x); }
static inline ipc_value_t ipc_cell_array(const ipc_array_t *x)
{
    return x ? (ipc_value_t){.kind = IPC_KIND_ARRAY, .as.array = x} : ipc_cell_none();
}
static inline ipc_value_t ipc_cell_any() { return ipc_cell_none(); } // of an object of whatever type

//  Any object as a value; one of another type as none.
#define IPC_CELL_VALUE(x)                                                                     \
    _Generic((x), _Bool: ipc_cell_bool, char: ipc_cell_i64, signed char: ipc_cell_i64, short: ipc_cell_i64, \
             int: ipc_cell_i64, long: ipc_cell_i64, long long: ipc_cell_i64, unsigned char: ipc_cell_u64,   \
             unsigned short: ipc_cell_u64, unsigned: ipc_cell_u64, unsigned long: ipc_cell_u64,             \
             unsigned long long: ipc_cell_u64, float: ipc_cell_f64, double: ipc_cell_f64,                   \
             long double: ipc_cell_long_double, __int128: ipc_cell_i128, unsigned __int128: ipc_cell_u128,  \
             float _Complex: ipc_cell_c128, double _Complex: ipc_cell_c128, char *: ipc_cell_str,           \
             const char *: ipc_cell_str, ipc_array_t *: ipc_cell_array, const ipc_array_t *: ipc_cell_array, \
             ipc_value_t: ipc_cell_value, default: ipc_cell_any)(x)

//  Whether an expression of this type is used as a pointer to something else: an array to its first element, a
//  function to itself.
#define IPC_CELL_DECAYS(T)                                                                    \
    (__builtin_classify_type(*(T *) 0) == IPC_CELL_POINTER_CLASS &&                           \
     !__builtin_types_compatible_p(T, __typeof__(((void) 0, *(T *) 0))))
enum { IPC_CELL_POINTER_CLASS = __builtin_classify_type((void *) 0) };

//  A type that has objects: that one, or int in place of void.
#define IPC_CELL_TYPE_OR_INT(T)                                                               \
    __typeof__(*__builtin_choose_expr(__builtin_types_compatible_p(T, void), (int *) 0, (T *) 0))

//  Something that can be followed, whatever T is: an array or function of that type, or a pointer to int.
#define IPC_CELL_FOLLOWED(T) __builtin_choose_expr(IPC_CELL_DECAYS(T), *(T *) 0, (int *) 0)
#define IPC_CELL_IS_ARRAY(T)                                                                  \
    (IPC_CELL_DECAYS(T) && !__builtin_types_compatible_p(T, __typeof__(*IPC_CELL_FOLLOWED(T))))

#define IPC_CELL_IS_FUNCTION(T) (IPC_CELL_DECAYS(T) && !IPC_CELL_IS_ARRAY(T))

//  The type of an array's elements; int for what is none.
#define IPC_CELL_ELEMENT(T) __typeof__(*__builtin_choose_expr(IPC_CELL_IS_ARRAY(T), *(T *) 0, (int *) 0))

//  What is known of an array.
typedef struct ipc_cell_elements {
    const void *data;
    uint32_t type;                     // ipc_type_t of its elements, or of theirs
    uint32_t ndim;                     // 1 or 2
    size_t shape[2], size;             // in bytes
} ipc_cell_elements_t;

//  As an array; of characters as a string, or a list of strings.
static inline ipc_value_t ipc_cell_elements(ipc_cell_elements_t x)
{
    static const uint8_t dtypes[IPC_TYPE_COUNT] = {
        [IPC_TYPE_BOOL] = IPC_BOOL + 1, [IPC_TYPE_I8] = IPC_I8 + 1,   [IPC_TYPE_I16] = IPC_I16 + 1,
        [IPC_TYPE_I32] = IPC_I32 + 1,   [IPC_TYPE_I64] = IPC_I64 + 1, [IPC_TYPE_U8] = IPC_U8 + 1,
        [IPC_TYPE_U16] = IPC_U16 + 1,   [IPC_TYPE_U32] = IPC_U32 + 1, [IPC_TYPE_U64] = IPC_U64 + 1,
        [IPC_TYPE_F32] = IPC_F32 + 1,   [IPC_TYPE_F64] = IPC_F64 + 1, [IPC_TYPE_C64] = IPC_C64 + 1,
        [IPC_TYPE_C128] = IPC_C128 + 1,
    };
    if (x.type == IPC_TYPE_CHAR && x.ndim == 1)
        return ipc_runtime()->give((ipc_value_t){.kind = IPC_KIND_STR, .as.string = (const char *) x.data,
                                                 .count = (uint32_t) strnlen((const char *) x.data, x.size)});
    if (dtypes[x.type])
        return ipc_runtime()->give((ipc_value_t){.kind = IPC_KIND_ARRAY, .dtype = dtypes[x.type] - 1,
                                                 .ndim = (uint8_t) x.ndim, .as.borrowed = {x.data, {x.shape[0], x.shape[1]}}});
    if (!(x.type == IPC_TYPE_CHAR || (x.type == IPC_TYPE_STR && x.ndim == 1)))
        return ipc_cell_none();
    ipc_value_t *items = (ipc_value_t *) ipc_task_alloc(x.shape[0] * sizeof items[0] + 1);
    for (size_t i = 0; i < x.shape[0]; i++)
        items[i] = ipc_cell_str(x.type == IPC_TYPE_STR ? ((const char *const *) x.data)[i] : NULL);
    for (size_t i = 0; i < x.shape[0] && x.type == IPC_TYPE_CHAR; i++)
        items[i] = ipc_cell_elements((ipc_cell_elements_t){.data = (const char *) x.data + i * x.shape[1], .type = x.type,
                                                           .ndim = 1, .size = x.shape[1]});
    return (ipc_value_t){.kind = IPC_KIND_LIST, .count = (uint32_t) x.shape[0], .as.items = items};
}

//  A struct as a dictionary; as a sentence where its members are not known.
static inline ipc_value_t ipc_cell_object(const ipc_cell_member_t *members, const void *address, size_t size)
{
    if (!members)
        return ipc_cell_str(ipc_text("a struct or union of %zu bytes", size));
    return ipc_runtime()->give(ipc_cell_library->object(ipc_cell_library->context, members, address));
}

//  A pointer that has no value outside, as a sentence; NULL as none.
static inline ipc_value_t ipc_cell_pointer(const char *type, const void *x)
{
    return x ? ipc_cell_str(ipc_text("%s %p", type, x)) : ipc_cell_none();
}
#define IPC_CELL_IS_POINTER(T)                                                                \
    (__builtin_classify_type(*(T *) 0) == IPC_CELL_POINTER_CLASS && !IPC_CELL_DECAYS(T) &&    \
     IPC_CELL_TYPE(*(T *) 0) == IPC_TYPE_VOID)
#define IPC_CELL_POINTER_TO(T) T *: "(" #T " *)", const T *: "(const " #T " *)"
#define IPC_CELL_POINTER_NAME(x)                                                              \
    _Generic((x), IPC_CELL_POINTER_TO(void), IPC_CELL_POINTER_TO(short), IPC_CELL_POINTER_TO(int), \
             IPC_CELL_POINTER_TO(long), IPC_CELL_POINTER_TO(unsigned char), IPC_CELL_POINTER_TO(unsigned), \
             IPC_CELL_POINTER_TO(unsigned long), IPC_CELL_POINTER_TO(float), IPC_CELL_POINTER_TO(double), \
             IPC_CELL_POINTER_TO(double _Complex), default: "a pointer:")

enum {
    IPC_CELL_STRUCT_CLASS = __builtin_classify_type((struct { int i; }){0}),
    IPC_CELL_UNION_CLASS = __builtin_classify_type((union { int i; }){0})
};
#define IPC_CELL_IS_OBJECT(T)                                                                 \
    ((__builtin_classify_type(*(T *) 0) == IPC_CELL_STRUCT_CLASS ||                           \
      __builtin_classify_type(*(T *) 0) == IPC_CELL_UNION_CLASS) &&                           \
     !__builtin_types_compatible_p(T, ipc_value_t))

//  What an expression of type T gives, by x, its value: of an array the pointer. Some of both is used of all types.
#define IPC_CELL_SHOW(T, x, members)                                                          \
    __builtin_choose_expr(IPC_CELL_IS_ARRAY(T), ipc_cell_elements(IPC_CELL_ELEMENTS(T, x)),   \
    __builtin_choose_expr(IPC_CELL_IS_OBJECT(T), ipc_cell_object((members), &(x), sizeof(x)), \
    __builtin_choose_expr(IPC_CELL_IS_POINTER(T), ipc_cell_pointer(IPC_CELL_POINTER_NAME(x),  \
                              __builtin_choose_expr(IPC_CELL_IS_POINTER(T), (x), (void *) 0)), IPC_CELL_VALUE(x))))
#define IPC_CELL_ELEMENTS(T, x)                                                               \
    ((ipc_cell_elements_t){                                                                   \
        .data = __builtin_choose_expr(IPC_CELL_IS_ARRAY(T), (x), (void *) 0),                 \
        .type = __builtin_choose_expr(IPC_CELL_IS_ARRAY(IPC_CELL_ELEMENT(T)),                 \
                                      IPC_CELL_TYPE(*(IPC_CELL_ELEMENT(IPC_CELL_ELEMENT(T)) *) 0), \
                                      IPC_CELL_TYPE(*(IPC_CELL_ELEMENT(T) *) 0)),             \
        .ndim = 1 + IPC_CELL_IS_ARRAY(IPC_CELL_ELEMENT(T)),                                   \
        .shape = {sizeof(T) / sizeof(IPC_CELL_ELEMENT(T)),                                    \
                  sizeof(IPC_CELL_ELEMENT(T)) / sizeof(IPC_CELL_ELEMENT(IPC_CELL_ELEMENT(T)))}, \
        .size = sizeof(T)})

//  --- The end of each unit ------------------------------------------------------------------------------------

//  Behind its statements and the records of what it defines.
#define IPC_CELL_UNIT                                                                         \
    static const ipc_remote_t ipc_cell_run = {                                                \
        .magic = IPC_REMOTE_MAGIC, .abi = IPC_ABI, .name = "cell", .file = "cell", .line = 1, .call = ipc_cell, \
        .runtime = &ipc_runtime_slot};                                                        \
    IPC_CELL_SHOWN extern const ipc_cell_unit_t ipc_cell_unit;                                \
    const ipc_cell_unit_t ipc_cell_unit = {&ipc_cell_run, ipc_cell_variables, ipc_cell_functions, &ipc_cell_library};

#endif
#endif
