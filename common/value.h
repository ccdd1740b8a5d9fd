//  ipc_value_t: a number, a string, an array, a list, a dictionary or a reference: what calls take and
//  give. A value owns nothing and allocates nothing: it holds what it was given until the end of the
//  enclosing block.
#ifndef IPC_COMMON_VALUE_H
#define IPC_COMMON_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/array.h"
#include "common/macros.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ipc_kind {
    IPC_KIND_NONE,     // nothing: what a void function gives
    IPC_KIND_BOOL,
    IPC_KIND_I64,      // every signed integer
    IPC_KIND_U64,      // every unsigned integer
    IPC_KIND_F64,      // float and double
    IPC_KIND_C128,     // both complex types
    IPC_KIND_STR,      // UTF-8, ends with a zero byte
    IPC_KIND_ARRAY,    // an ipc_array_t, or memory of the caller's (ipc_f64)
    IPC_KIND_LIST,
    IPC_KIND_DICT,     // string keys, in order
    IPC_KIND_REF,      // a name in the engine's namespace, or one that leads into it (see ipc_pull())
    IPC_KIND_RANGE,    // a, a + 1, … b - 1
    IPC_KIND_ZIP,      // sequences side by side: what a map calls a function of several parameters for
    IPC_KIND_RESULT    // what another call gives: an argument alone
} ipc_kind_t;

struct ipc_result;     // client/result.h

typedef struct ipc_value {
    uint8_t kind;      // one of ipc_kind_t
    uint8_t dtype;     // of borrowed memory
    uint8_t ndim;      // of borrowed memory: 1 or 2; 0 when as.array holds the array
    uint8_t reserved;
    uint32_t count;    // members of a list, pairs of a dictionary, sequences of a zip, bytes of a string, a position of
                       // a result
    union {
        bool boolean;
        int64_t i64;
        uint64_t u64;
        double f64;
        double c128[2];                                            // real, imaginary
        const char *string;                                        // also the name of a reference
        const ipc_array_t *array;
        const struct ipc_value *items;                             // a dictionary: key, value, key, …
        struct { const void *data; size_t shape[2]; } borrowed;    // C order
        struct { int64_t first, end; } range;
        struct ipc_result *result;
    } as;
} ipc_value_t;

//  Constructors; strings, arrays and memory are borrowed until the end of the enclosing block.
ipc_value_t ipc_none(void);
ipc_value_t ipc_bool(bool value);
ipc_value_t ipc_range(int64_t first, int64_t end);
ipc_value_t ipc_ref(const char *name);

//  Memory of the caller's as a 1-D array of n elements.
ipc_value_t ipc_i8(const int8_t *data, size_t n);
ipc_value_t ipc_i16(const int16_t *data, size_t n);
ipc_value_t ipc_i32(const int32_t *data, size_t n);
ipc_value_t ipc_i64(const int64_t *data, size_t n);
ipc_value_t ipc_u8(const uint8_t *data, size_t n);
ipc_value_t ipc_u16(const uint16_t *data, size_t n);
ipc_value_t ipc_u32(const uint32_t *data, size_t n);
ipc_value_t ipc_u64(const uint64_t *data, size_t n);
ipc_value_t ipc_f32(const float *data, size_t n);
ipc_value_t ipc_f64(const double *data, size_t n);
#ifndef __cplusplus
ipc_value_t ipc_c64(const float _Complex *data, size_t n);
ipc_value_t ipc_c128(const double _Complex *data, size_t n);
#endif
//  Memory of the caller's of any dtype: 1-D, and 2-D in C order.
ipc_value_t ipc_view1(ipc_dtype_t dtype, const void *data, size_t n);
ipc_value_t ipc_view2(ipc_dtype_t dtype, const void *data, size_t rows, size_t columns);

//  Readers. Another kind, or a number that does not fit, gives 0, NaN, false, NULL or none.
ipc_kind_t ipc_value_kind(ipc_value_t self);
size_t ipc_value_count(ipc_value_t self);              // members, pairs, elements, bytes; 0 for a scalar; of a zip
                                                       //   what its shortest sequence has
ipc_value_t ipc_value_at(ipc_value_t self, size_t i);  // member of a list; value of a pair; scalar of a 1-D array
const char *ipc_value_key(ipc_value_t self, size_t i); // key of a pair (lent)
ipc_value_t ipc_value_get(ipc_value_t self, const char *key); // of a dictionary, none if it is not there
bool ipc_value_has(ipc_value_t self, const char *key);
bool ipc_value_is_none(ipc_value_t self);
bool ipc_value_bool(ipc_value_t self);
int64_t ipc_value_i64(ipc_value_t self);
uint64_t ipc_value_u64(ipc_value_t self);
double ipc_value_f64(ipc_value_t self);
#ifndef __cplusplus
double _Complex ipc_value_c128(ipc_value_t self);
#endif
const char *ipc_value_str(ipc_value_t self);
//  The array of an array value that is an ipc_array_t (lent), else NULL. What an engine or a result hands
//  out always is one; memory borrowed by ipc_f64() and its like is not.
const ipc_array_t *ipc_value_array(ipc_value_t self);

//  Prints the value in one line, as ipc_result_print() does.
void ipc_value_print(ipc_value_t self, FILE *stream);

//  What the macros below call.
ipc_value_t ipc_value_from_bool(bool value);
ipc_value_t ipc_value_from_i64(int64_t value);
ipc_value_t ipc_value_from_u64(uint64_t value);
ipc_value_t ipc_value_from_f64(double value);
ipc_value_t ipc_value_from_str(const char *value);
ipc_value_t ipc_value_from_array(const ipc_array_t *value);
ipc_value_t ipc_value_from_value(ipc_value_t value);
ipc_value_t ipc_value_from_list(const ipc_value_t *items, size_t count);
ipc_value_t ipc_value_from_dict(const ipc_value_t *items, size_t count);
ipc_value_t ipc_value_from_result(const struct ipc_result *value);
ipc_value_t ipc_value_from_zip(const ipc_value_t *sequences, size_t count);
#ifndef __cplusplus
ipc_value_t ipc_value_from_c128(double _Complex value);
#endif

#ifdef __cplusplus
}
#else

//  Any number, string, array, value or result of another call as an ipc_value_t; another type is refused by the
//  compiler.
#define IPC_VALUE(x)                                                                          \
    _Generic((x),                                                                             \
        _Bool: ipc_value_from_bool,                                                           \
        char: ipc_value_from_i64,                                                             \
        signed char: ipc_value_from_i64,                                                      \
        short: ipc_value_from_i64,                                                            \
        int: ipc_value_from_i64,                                                              \
        long: ipc_value_from_i64,                                                             \
        long long: ipc_value_from_i64,                                                        \
        unsigned char: ipc_value_from_u64,                                                    \
        unsigned short: ipc_value_from_u64,                                                   \
        unsigned: ipc_value_from_u64,                                                         \
        unsigned long: ipc_value_from_u64,                                                    \
        unsigned long long: ipc_value_from_u64,                                               \
        float: ipc_value_from_f64,                                                            \
        double: ipc_value_from_f64,                                                           \
        float _Complex: ipc_value_from_c128,                                                  \
        double _Complex: ipc_value_from_c128,                                                 \
        char *: ipc_value_from_str,                                                           \
        const char *: ipc_value_from_str,                                                     \
        ipc_array_t *: ipc_value_from_array,                                                  \
        const ipc_array_t *: ipc_value_from_array,                                            \
        struct ipc_result *: ipc_value_from_result,                                           \
        const struct ipc_result *: ipc_value_from_result,                                     \
        ipc_value_t: ipc_value_from_value)(x)

//  A list of 1 to 32 values (an empty one: ipc_value_from_list(NULL, 0)), a dictionary of 1 to 16 pairs:
//  ipc_dict("n", 1024, "method", "fft").
#define ipc_list(...)                                                                         \
    ipc_value_from_list((const ipc_value_t[]){IPC_EACH(IPC_VALUE, __VA_ARGS__)},              \
                        IPC_COUNT(__VA_ARGS__))
#define ipc_dict(...)                                                                         \
    ipc_value_from_dict((const ipc_value_t[]){IPC_EACH(IPC_VALUE, __VA_ARGS__)},              \
                        IPC_COUNT(__VA_ARGS__))

//  The items of a map over 2 to 8 sequences (ranges, arrays, lists): item i is what each of them has at i, for a
//  function of as many parameters, as long as the shortest lasts: ipc_map(view, f, ipc_zip(xs, ys)).
#define ipc_zip(...)                                                                          \
    ipc_value_from_zip((const ipc_value_t[]){IPC_EACH(IPC_VALUE, __VA_ARGS__)},               \
                       IPC_COUNT(__VA_ARGS__))
#endif
#endif
