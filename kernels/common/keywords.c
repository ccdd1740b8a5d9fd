#include "kernels/common/keywords.h"

#include <math.h>
#include <string.h>

#include "kernels/common/nearest.h"
#include "kernels/common/pool.h"

enum { WORDS_TEXT = 128 }; // bytes of "fixed, periodic or insulated"

static const char *kind_name(ipc_value_t value)
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

int kernel_wrong_kind(const kernel_reading_t *self, const char *wanted, ipc_value_t value,
                      ipc_error_t *error)
{
    return kernel_refuse(error, "TypeError", "%s of %s must be %s, not %s", self->keyword,
                         self->function, wanted, kind_name(value));
}

//  --- Values ----------------------------------------------------------------------------

static bool is_integer(ipc_value_t value)
{
    ipc_kind_t kind = ipc_value_kind(value);
    return kind == IPC_KIND_I64 || kind == IPC_KIND_U64;
}

double kernel_number(ipc_value_t value)
{
    switch (ipc_value_kind(value)) {
    case IPC_KIND_F64: return value.as.f64;
    case IPC_KIND_U64: return (double) value.as.u64;
    case IPC_KIND_I64: return (double) value.as.i64;
    default: return NAN;
    }
}

int kernel_read_integer(const kernel_reading_t *self, ipc_value_t value, int64_t least,
                        int64_t most, int64_t *number, ipc_error_t *error)
{
    if (!is_integer(value))
        return kernel_wrong_kind(self, "an integer", value, error);
    if (ipc_value_kind(value) == IPC_KIND_U64 && value.as.u64 > (uint64_t) most)
        return kernel_refuse(error, "ValueError",
                             "%s of %s is %llu, more than the most, %lld", self->keyword,
                             self->function, (unsigned long long) value.as.u64,
                             (long long) most);
    int64_t given = ipc_value_i64(value);
    if (given < least || given > most)
        return kernel_refuse(error, "ValueError",
                             "%s of %s is %lld, and must be from %lld to %lld",
                             self->keyword, self->function, (long long) given,
                             (long long) least, (long long) most);
    *number = given;
    return 0;
}

int kernel_read_real(const kernel_reading_t *self, ipc_value_t value, double least,
                     double *number, ipc_error_t *error)
{
    if (!is_integer(value) && ipc_value_kind(value) != IPC_KIND_F64)
        return kernel_wrong_kind(self, "a number", value, error);
    const double given = kernel_number(value);
    if (!isfinite(given) || given < least)
        return kernel_refuse(error, "ValueError", "%s of %s is %g, and must be finite%s",
                             self->keyword, self->function, given,
                             least == 0 ? " and not negative" : "");
    *number = given;
    return 0;
}

int kernel_read_positive(const kernel_reading_t *self, ipc_value_t value, double *number,
                         ipc_error_t *error)
{
    double given = 0;
    if (kernel_read_real(self, value, -INFINITY, &given, error))
        return -1;
    if (given <= 0)
        return kernel_refuse(error, "ValueError", "%s of %s is %g, and must be above 0",
                             self->keyword, self->function, given);
    *number = given;
    return 0;
}

int kernel_read_bool(const kernel_reading_t *self, ipc_value_t value, bool *flag,
                     ipc_error_t *error)
{
    int64_t number = 0;
    if (ipc_value_kind(value) == IPC_KIND_BOOL)
        number = ipc_value_bool(value);
    else if (!is_integer(value))
        return kernel_wrong_kind(self, "a bool", value, error);
    else if (kernel_read_integer(self, value, 0, 1, &number, error))
        return -1;
    *flag = number != 0;
    return 0;
}

//  Writes "fd, fft or cn", and gives it.
static const char *list_words(char *text, const char *const *words, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count && length < WORDS_TEXT; i++)
        length += (size_t) snprintf(text + length, WORDS_TEXT - length, "%s%s",
                                    i == 0           ? ""
                                    : i + 1 == count ? " or "
                                                     : ", ",
                                    words[i]);
    return text;
}

int kernel_read_word(const kernel_reading_t *self, ipc_value_t value,
                     const char *const *words, size_t count, size_t *place,
                     ipc_error_t *error)
{
    const char *word = ipc_value_str(value);
    if (!word)
        return kernel_wrong_kind(self, "a string", value, error);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) != 0)
            continue;
        *place = i;
        return 0;
    }
    char known[WORDS_TEXT];
    return kernel_refuse(error, "ValueError", "%s of %s is %s, not '%.40s'", self->keyword, self->function,
                         list_words(known, words, count), word);
}

int kernel_read_name(const kernel_reading_t *self, ipc_value_t value, const char **name,
                     ipc_error_t *error)
{
    const char *given = ipc_value_str(value);
    if (!given)
        return kernel_wrong_kind(self, "a name", value, error);
    if (!*given)
        return kernel_refuse(error, "ValueError", "%s of %s is an empty name",
                             self->keyword, self->function);
    *name = given;
    return 0;
}

int kernel_read_threads(const kernel_reading_t *self, ipc_value_t value, int *threads,
                        ipc_error_t *error)
{
    int64_t given = 0;
    if (kernel_read_integer(self, value, 1, KERNEL_MAX_THREADS, &given, error))
        return -1;
    *threads = (int) given;
    return 0;
}

//  --- The dictionary --------------------------------------------------------------------

static int unknown_keyword(const kernel_reading_t *self, const kernel_keyword_t *table,
                           size_t count, const char *name, ipc_error_t *error)
{
    const char *names[KERNEL_MAX_KEYWORDS];
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (table[i].functions & self->bit)
            names[known++] = table[i].name;
    return kernel_refuse(error, "NameError",
                         "%s has no keyword '%.40s': the nearest it has is '%s'",
                         self->function, name, kernel_nearest(name, names, known));
}

static int read_keyword(kernel_reading_t *self, const kernel_keyword_t *table, size_t count,
                        const char *name, ipc_value_t value, ipc_error_t *error)
{
    if (!name)
        return kernel_refuse(error, "TypeError", "the keywords of %s must be strings",
                             self->function);
    for (size_t i = 0; i < count; i++) {
        const kernel_keyword_t *row = &table[i];
        if (!(row->functions & self->bit) || strcmp(name, row->name) != 0)
            continue;
        if (kernel_is_given(self, (int) i))
            return kernel_refuse(error, "ValueError", "%s is given twice to %s", name,
                                 self->function);
        if (ipc_value_is_none(value))
            return 0;
        self->keyword = row->name;
        self->given |= UINT32_C(1) << i;
        return row->read(self, value, error);
    }
    return unknown_keyword(self, table, count, name, error);
}

int kernel_read_keywords(kernel_reading_t *self, const kernel_keyword_t *table,
                         size_t count, ipc_value_t keywords, ipc_error_t *error)
{
    if (ipc_value_is_none(keywords))
        return 0;
    if (ipc_value_kind(keywords) != IPC_KIND_DICT)
        return kernel_refuse(error, "TypeError",
                             "%s takes a dictionary of keywords, not %s", self->function,
                             kind_name(keywords));
    for (size_t i = 0; i < ipc_value_count(keywords); i++)
        if (read_keyword(self, table, count, ipc_value_key(keywords, i),
                         ipc_value_at(keywords, i), error))
            return -1;
    return 0;
}

bool kernel_is_given(const kernel_reading_t *self, int row)
{
    return self->given >> row & 1;
}
