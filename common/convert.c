#include "common/convert.h"

#include <float.h>
#include <math.h>

#include "common/fail.h"

static const char *const type_texts[IPC_TYPE_COUNT] = {
    [IPC_TYPE_VOID] = "nothing",       [IPC_TYPE_BOOL] = "a bool",        [IPC_TYPE_CHAR] = "a char",
    [IPC_TYPE_I8] = "an int8",         [IPC_TYPE_I16] = "an int16",       [IPC_TYPE_I32] = "an int32",
    [IPC_TYPE_I64] = "an int64",       [IPC_TYPE_U8] = "a uint8",         [IPC_TYPE_U16] = "a uint16",
    [IPC_TYPE_U32] = "a uint32",       [IPC_TYPE_U64] = "a uint64",       [IPC_TYPE_F32] = "a float",
    [IPC_TYPE_F64] = "a double",       [IPC_TYPE_C64] = "a float complex", [IPC_TYPE_C128] = "a double complex",
    [IPC_TYPE_STR] = "a string",       [IPC_TYPE_ARRAY] = "an array",     [IPC_TYPE_ARRAY_MUT] = "an array",
    [IPC_TYPE_VALUE] = "any value",
};

static const char *const kind_texts[] = {
    [IPC_KIND_NONE] = "nothing",    [IPC_KIND_BOOL] = "a bool",        [IPC_KIND_I64] = "an integer",
    [IPC_KIND_U64] = "an integer",  [IPC_KIND_F64] = "a double",       [IPC_KIND_C128] = "a complex number",
    [IPC_KIND_STR] = "a string",    [IPC_KIND_ARRAY] = "an array",     [IPC_KIND_LIST] = "a list",
    [IPC_KIND_DICT] = "a dictionary", [IPC_KIND_REF] = "a reference",  [IPC_KIND_RANGE] = "a range",
    [IPC_KIND_RESULT] = "a result",
};

const char *ipc_type_text(ipc_type_t type)
{
    return (unsigned) type < IPC_TYPE_COUNT ? type_texts[type] : "an unknown type";
}

//  The integers of each type.
static const struct { int64_t least; uint64_t most; } ranges[IPC_TYPE_COUNT] = {
    [IPC_TYPE_CHAR] = {INT8_MIN, UINT8_MAX}, [IPC_TYPE_I8] = {INT8_MIN, INT8_MAX},
    [IPC_TYPE_I16] = {INT16_MIN, INT16_MAX}, [IPC_TYPE_I32] = {INT32_MIN, INT32_MAX},
    [IPC_TYPE_I64] = {INT64_MIN, INT64_MAX}, [IPC_TYPE_U8] = {0, UINT8_MAX},
    [IPC_TYPE_U16] = {0, UINT16_MAX},        [IPC_TYPE_U32] = {0, UINT32_MAX},
    [IPC_TYPE_U64] = {0, UINT64_MAX},
};

static bool is_integer(ipc_value_t value)
{
    return value.kind == IPC_KIND_BOOL || value.kind == IPC_KIND_I64 || value.kind == IPC_KIND_U64;
}

static bool fits(ipc_value_t value, ipc_type_t type)
{
    if (value.kind == IPC_KIND_BOOL)
        return true;
    if (value.kind == IPC_KIND_U64)
        return value.as.u64 <= ranges[type].most;
    return value.as.i64 >= ranges[type].least &&
           (value.as.i64 < 0 || (uint64_t) value.as.i64 <= ranges[type].most);
}

static int to_integer(ipc_value_t value, ipc_type_t type, ipc_value_t *converted)
{
    if (!is_integer(value))
        return -1;
    if (!fits(value, type))
        return -2;
    bool is_unsigned = type >= IPC_TYPE_U8 && type <= IPC_TYPE_U64;
    if (is_unsigned)
        *converted = ipc_value_from_u64(ipc_value_u64(value));
    else
        *converted = ipc_value_from_i64(ipc_value_i64(value));
    return 0;
}

static int to_bool(ipc_value_t value, ipc_value_t *converted)
{
    if (!is_integer(value))
        return -1;
    uint64_t number = value.kind == IPC_KIND_I64 && value.as.i64 < 0 ? 2 : ipc_value_u64(value);
    *converted = ipc_value_from_bool(number == 1);
    return number > 1 ? -2 : 0;
}

//  An integer that a double holds exactly, or a double.
static int to_double(ipc_value_t value, ipc_value_t *converted)
{
    if (value.kind == IPC_KIND_F64) {
        *converted = value;
        return 0;
    }
    if (!is_integer(value))
        return -1;
    double number = ipc_value_f64(value);
    *converted = ipc_value_from_f64(number);
    const double two63 = 9223372036854775808.0;
    if (value.kind == IPC_KIND_I64)
        return number < two63 && (int64_t) number == value.as.i64 ? 0 : -2;
    return value.kind == IPC_KIND_BOOL || (number < 2 * two63 && (uint64_t) number == value.as.u64) ? 0 : -2;
}

static int to_float(ipc_value_t value, ipc_value_t *converted)
{
    int rc = to_double(value, converted);
    if (rc)
        return rc;
    double number = converted->as.f64;
    if (isfinite(number) && fabs(number) > FLT_MAX)
        return -2;
    return value.kind == IPC_KIND_F64 || (double) (float) number == number ? 0 : -2;
}

static int to_complex(ipc_value_t value, ipc_value_t *converted)
{
    if (value.kind == IPC_KIND_C128) {
        *converted = value;
        return 0;
    }
    int rc = to_double(value, converted);
    if (rc == 0)
        *converted = (ipc_value_t){.kind = IPC_KIND_C128, .as.c128 = {converted->as.f64, 0}};
    return rc;
}

//  Both parts within what a float holds.
static int to_float_complex(ipc_value_t value, ipc_value_t *converted)
{
    int rc = to_complex(value, converted);
    for (int i = 0; !rc && i < 2; i++)
        if (isfinite(converted->as.c128[i]) && fabs(converted->as.c128[i]) > FLT_MAX)
            rc = -2;
    return rc;
}

static int of_kind(ipc_value_t value, ipc_kind_t kind, ipc_value_t *converted)
{
    *converted = value;
    return value.kind == kind ? 0 : -1;
}

static int convert(ipc_value_t value, ipc_type_t type, ipc_value_t *converted)
{
    switch (type) {
    case IPC_TYPE_BOOL: return to_bool(value, converted);
    case IPC_TYPE_F32: return to_float(value, converted);
    case IPC_TYPE_F64: return to_double(value, converted);
    case IPC_TYPE_C64: return to_float_complex(value, converted);
    case IPC_TYPE_C128: return to_complex(value, converted);
    case IPC_TYPE_STR: return of_kind(value, IPC_KIND_STR, converted);
    case IPC_TYPE_ARRAY:
    case IPC_TYPE_ARRAY_MUT: return of_kind(value, IPC_KIND_ARRAY, converted);
    case IPC_TYPE_VALUE: *converted = value; return 0;
    default: return to_integer(value, type, converted);
    }
}

int ipc_convert(ipc_value_t value, ipc_type_t type, const char *function, int position, ipc_value_t *converted,
                ipc_error_t *error)
{
    *converted = value;
    if (value.kind == IPC_KIND_REF || value.kind == IPC_KIND_RESULT) // where it runs they are known
        return 0;
    int rc = (unsigned) type < IPC_TYPE_COUNT && type != IPC_TYPE_VOID ? convert(value, type, converted) : -1;
    if (rc == -1)
        return ipc_fail(error, IPC_E_ARGUMENT, "argument %d of %s is %s, the function takes %s", position,
                        function, kind_texts[value.kind], ipc_type_text(type));
    if (rc == -2) {
        char number[64] = "";
        FILE *stream = fmemopen(number, sizeof number, "w");
        if (stream) {
            ipc_value_print(value, stream);
            fclose(stream);
        }
        return ipc_fail(error, IPC_E_ARGUMENT, "argument %d of %s is %s, which does not fit into %s", position,
                        function, number, ipc_type_text(type));
    }
    return 0;
}
