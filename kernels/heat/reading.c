#include "kernels/heat/reading.h"

#include <math.h>
#include <string.h>

#include "kernels/heat/nearest.h"

const char *heat_kind_name(ipc_value_t value)
{
    static const char *const names[] = {
        [IPC_KIND_NONE] = "none",       [IPC_KIND_BOOL] = "a bool",
        [IPC_KIND_I64] = "an integer",  [IPC_KIND_U64] = "an integer",
        [IPC_KIND_F64] = "a float",     [IPC_KIND_C128] = "a complex number",
        [IPC_KIND_STR] = "a string",    [IPC_KIND_ARRAY] = "an array",
        [IPC_KIND_LIST] = "a list",     [IPC_KIND_DICT] = "a dictionary",
        [IPC_KIND_REF] = "a reference", [IPC_KIND_RANGE] = "a range",
        [IPC_KIND_RESULT] = "a result",
    };
    size_t kind = ipc_value_kind(value);
    const char *name = kind < sizeof names / sizeof *names ? names[kind] : NULL;
    return name ? name : "an unknown kind of value";
}

int heat_read_wrong_kind(const heat_reading_t *self, const char *wanted, ipc_value_t value,
                         ipc_error_t *error)
{
    return heat_refuse(error, "TypeError", "%s of %s must be %s, not %s", self->keyword,
                       self->function, wanted, heat_kind_name(value));
}

static bool is_integer(ipc_value_t value)
{
    ipc_kind_t kind = ipc_value_kind(value);
    return kind == IPC_KIND_I64 || kind == IPC_KIND_U64;
}

double heat_number(ipc_value_t value)
{
    switch (ipc_value_kind(value)) {
    case IPC_KIND_F64: return value.as.f64;
    case IPC_KIND_U64: return (double) value.as.u64;
    case IPC_KIND_I64: return (double) value.as.i64;
    default: return NAN;
    }
}

int heat_read_integer(const heat_reading_t *self, ipc_value_t value, int64_t least,
                      int64_t most, int64_t *number, ipc_error_t *error)
{
    if (!is_integer(value))
        return heat_read_wrong_kind(self, "an integer", value, error);
    if (ipc_value_kind(value) == IPC_KIND_U64 && value.as.u64 > (uint64_t) most)
        return heat_refuse(error, "ValueError",
                           "%s of %s is %llu, more than the most, %lld", self->keyword,
                           self->function, (unsigned long long) value.as.u64,
                           (long long) most);
    int64_t given = ipc_value_i64(value);
    if (given < least || given > most)
        return heat_refuse(error, "ValueError",
                           "%s of %s is %lld, and must be from %lld to %lld", self->keyword,
                           self->function, (long long) given, (long long) least,
                           (long long) most);
    *number = given;
    return 0;
}

int heat_read_real(const heat_reading_t *self, ipc_value_t value, double *number,
                   ipc_error_t *error)
{
    if (!is_integer(value) && ipc_value_kind(value) != IPC_KIND_F64)
        return heat_read_wrong_kind(self, "a number", value, error);
    const double given = heat_number(value);
    if (!isfinite(given) || given < 0)
        return heat_refuse(error, "ValueError",
                           "%s of %s is %g, and must be finite and not negative",
                           self->keyword, self->function, given);
    *number = given;
    return 0;
}

int heat_read_word(const heat_reading_t *self, ipc_value_t value, const char *const *words,
                   size_t count, size_t *place, ipc_error_t *error)
{
    const char *word = ipc_value_str(value);
    if (!word)
        return heat_read_wrong_kind(self, "a string", value, error);
    for (*place = 0; *place < count; (*place)++)
        if (strcmp(word, words[*place]) == 0)
            return 0;
    return heat_refuse(
        error, "ValueError", "%s of %s knows no '%.40s': the nearest it knows is '%s'",
        self->keyword, self->function, word, heat_nearest(word, words, count));
}

int heat_read_positive(const heat_reading_t *self, ipc_value_t value, double *number,
                       ipc_error_t *error)
{
    double given = 0;
    if (heat_read_real(self, value, &given, error))
        return -1;
    if (given == 0)
        return heat_refuse(error, "ValueError", "%s of %s is 0, and must be more",
                           self->keyword, self->function);
    *number = given;
    return 0;
}

int heat_read_bool(const heat_reading_t *self, ipc_value_t value, bool *answer,
                   ipc_error_t *error)
{
    int64_t number = 0;
    if (ipc_value_kind(value) == IPC_KIND_BOOL)
        number = value.as.boolean;
    else if (!is_integer(value))
        return heat_read_wrong_kind(self, "a bool", value, error);
    else if (heat_read_integer(self, value, 0, 1, &number, error))
        return -1;
    *answer = number != 0;
    return 0;
}
