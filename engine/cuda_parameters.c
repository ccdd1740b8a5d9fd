//  What a kernel's parameters take.
#include <string.h>

#include "engine/cell_tokens.h"
#include "engine/cuda_text.h"

static const struct { const char *name; uint8_t type, dtype; } types[] = {
    {"bool", IPC_TYPE_BOOL, IPC_BOOL},        {"int8_t", IPC_TYPE_I8, IPC_I8},
    {"int16_t", IPC_TYPE_I16, IPC_I16},       {"int32_t", IPC_TYPE_I32, IPC_I32},
    {"int64_t", IPC_TYPE_I64, IPC_I64},       {"uint8_t", IPC_TYPE_U8, IPC_U8},
    {"uint16_t", IPC_TYPE_U16, IPC_U16},      {"uint32_t", IPC_TYPE_U32, IPC_U32},
    {"uint64_t", IPC_TYPE_U64, IPC_U64},      {"float", IPC_TYPE_F32, IPC_F32},
    {"double", IPC_TYPE_F64, IPC_F64},        {"size_t", IPC_TYPE_U64, IPC_U64},
    {"ptrdiff_t", IPC_TYPE_I64, IPC_I64},     {"float2", IPC_TYPE_C64, IPC_C64},
    {"double2", IPC_TYPE_C128, IPC_C128},     {"cuComplex", IPC_TYPE_C64, IPC_C64},
    {"cuFloatComplex", IPC_TYPE_C64, IPC_C64}, {"cuDoubleComplex", IPC_TYPE_C128, IPC_C128},
};

//  The words of C's own integer types, as often as they are there.
typedef struct integer {
    int is_unsigned, is_signed, chars, shorts, ints, longs;
} integer_t;

static bool add_integer_word(integer_t *self, cell_span_t word)
{
    const struct { const char *text; int *count; } words[] = {
        {"unsigned", &self->is_unsigned}, {"signed", &self->is_signed}, {"char", &self->chars},
        {"short", &self->shorts},         {"int", &self->ints},         {"long", &self->longs},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (cell_span_is(word, words[i].text))
            return ++*words[i].count;
    return false;
}

static cuda_parameter_t integer_type(const integer_t *self)
{
    static const uint8_t signed_types[] = {IPC_TYPE_I8, IPC_TYPE_I16, IPC_TYPE_I32, IPC_TYPE_I64};
    static const uint8_t unsigned_types[] = {IPC_TYPE_U8, IPC_TYPE_U16, IPC_TYPE_U32, IPC_TYPE_U64};
    static const uint8_t signed_dtypes[] = {IPC_I8, IPC_I16, IPC_I32, IPC_I64};
    static const uint8_t unsigned_dtypes[] = {IPC_U8, IPC_U16, IPC_U32, IPC_U64};
    int width = self->chars ? 0 : self->shorts ? 1 : self->longs ? 3 : 2;
    if (self->is_unsigned)
        return (cuda_parameter_t){unsigned_types[width], unsigned_dtypes[width]};
    uint8_t type = self->chars && !self->is_signed ? IPC_TYPE_CHAR : signed_types[width];
    return (cuda_parameter_t){type, signed_dtypes[width]};
}

static bool is_type_word(cell_span_t word)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (cell_span_is(word, types[i].name))
            return true;
    return cell_span_is(word, "void") || add_integer_word(&(integer_t){0}, word);
}

//  The type that words name: VOID with the dtype of anything for void, with no dtype for one that is not known.
static cuda_parameter_t type_of(const cell_span_t *words, size_t count)
{
    static const cuda_parameter_t unknown = {IPC_TYPE_VOID, 0};
    integer_t integer = {0};
    if (count == 1 && cell_span_is(words[0], "void"))
        return (cuda_parameter_t){IPC_TYPE_VOID, IPC_DTYPE_COUNT};
    for (size_t i = 0; count == 1 && i < sizeof types / sizeof types[0]; i++)
        if (cell_span_is(words[0], types[i].name))
            return (cuda_parameter_t){types[i].type, types[i].dtype};
    for (size_t i = 0; i < count; i++)
        if (!add_integer_word(&integer, words[i]))
            return unknown;
    return count > 0 ? integer_type(&integer) : unknown;
}

static bool is_qualifier(const cell_token_t *token)
{
    static const char *const words[] = {"volatile", "__restrict__", "__restrict", "restrict", "__grid_constant__",
                                        NULL};
    for (size_t i = 0; words[i]; i++)
        if (cell_token_is(token, words[i]))
            return true;
    return false;
}

//  One parameter, of tokens first to end: "const float *__restrict__ x", "unsigned n", "double v[]".
static cuda_parameter_t read_parameter(const cell_token_t *tokens, size_t first, size_t end)
{
    enum { WORDS = 8 };
    static const cuda_parameter_t unknown = {IPC_TYPE_VOID, 0};
    cell_span_t words[WORDS];
    size_t found = 0, stars = 0;
    bool is_const = false;
    for (size_t i = first; i < end && !cell_token_is(&tokens[i], "="); i++) {
        if (cell_token_is(&tokens[i], "*")) {
            stars++;
        } else if (cell_token_is(&tokens[i], "[")) {
            found -= stars == 0 && found > 1; // the name before it
            stars++;
            i = tokens[i].partner;
        } else if (cell_token_is(&tokens[i], "const")) {
            is_const = is_const || stars == 0;
        } else if (tokens[i].kind != TOKEN_WORD || found == WORDS) {
            return unknown;
        } else if (!is_qualifier(&tokens[i]) && stars == 0) {
            words[found++] = tokens[i].span;
        }
    }
    if (stars == 0 && found > 1 && !is_type_word(words[found - 1]))
        found--;
    cuda_parameter_t type = type_of(words, found);
    bool is_void = type.type == IPC_TYPE_VOID, is_any = type.dtype == IPC_DTYPE_COUNT;
    if (stars > 1 || (is_void && (stars == 0 || !is_any)))
        return unknown;
    return stars == 0 ? type : (cuda_parameter_t){is_const ? IPC_TYPE_ARRAY : IPC_TYPE_ARRAY_MUT, type.dtype};
}

//  Whether a comma stands here between parameters, not within a template's arguments.
static bool ends_parameter(const cell_token_t *token, int *depth)
{
    *depth += cell_token_is(token, "<");
    *depth -= cell_token_is(token, ">");
    return *depth == 0 && cell_token_is(token, ",");
}

int cuda_parameters_read(cell_span_t text, cuda_parameter_t parameters[CUDA_PARAMETERS])
{
    cell_tokens_t read;
    int count = 0, depth = 0;
    cell_tokens_read(&read, text, NULL);
    size_t first = 0, tokens = read.count - 1;
    bool none = tokens == 0 || (tokens == 1 && cell_token_is(&read.tokens[0], "void"));
    for (size_t i = 0; !none && i <= tokens && count >= 0; i++) {
        if (i < tokens && !ends_parameter(&read.tokens[i], &depth))
            continue;
        if (count == CUDA_PARAMETERS) {
            count = -1;
            break;
        }
        parameters[count++] = read_parameter(read.tokens, first, i);
        first = i + 1;
    }
    cell_tokens_free(&read);
    return count;
}
