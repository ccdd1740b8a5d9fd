//  Values that were pushed, as variables of the cells that mention them.
#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/fail.h"
#include "engine/writing.h"

const char *const writing_endings[] = {"_count", "_ndim", "_shape", NULL};

//  The C type of a value, NULL: it has none.
static const char *c_type_of(const ipc_value_t *value, const char **code)
{
    static const struct { const char *type, *code; } types[IPC_DTYPE_COUNT] = {
        [IPC_BOOL] = {"_Bool", "BOOL"},   [IPC_I8] = {"int8_t", "I8"},      [IPC_I16] = {"int16_t", "I16"},
        [IPC_I32] = {"int32_t", "I32"},   [IPC_I64] = {"int64_t", "I64"},   [IPC_U8] = {"uint8_t", "U8"},
        [IPC_U16] = {"uint16_t", "U16"},  [IPC_U32] = {"uint32_t", "U32"},  [IPC_U64] = {"uint64_t", "U64"},
        [IPC_F32] = {"float", "F32"},     [IPC_F64] = {"double", "F64"},    [IPC_C64] = {"float _Complex", "C64"},
        [IPC_C128] = {"double _Complex", "C128"},
    };
    int dtype = -1;
    switch ((ipc_kind_t) value->kind) {
    case IPC_KIND_BOOL: dtype = IPC_BOOL; break;
    case IPC_KIND_I64: dtype = IPC_I64; break;
    case IPC_KIND_U64: dtype = IPC_U64; break;
    case IPC_KIND_F64: dtype = IPC_F64; break;
    case IPC_KIND_C128: dtype = IPC_C128; break;
    case IPC_KIND_STR: *code = "STR"; return "char *";
    case IPC_KIND_ARRAY: dtype = ipc_value_array(*value) ? (int) ipc_value_array(*value)->dtype : -1; break;
    case IPC_KIND_LIST:
    case IPC_KIND_RANGE:
    case IPC_KIND_DICT: *code = "VALUE"; return "ipc_value_t";
    default: break;
    }
    if (dtype < 0)
        return NULL;
    *code = types[dtype].code;
    return types[dtype].type;
}

//  --- Arrays --------------------------------------------------------------------------------------------------

//  Declares what stands beside an array's name, behind some words: "size_t x_shape[IPC_MAX_DIMENSIONS] __asm__(…)".
static void put_beside(const writing_t *self, const char *before, const char *name, const char *label, const char *ending)
{
    text_format(self->out, "%s %s%s%s __asm__(\"%s.%s\") IPC_CELL_SHOWN;\n", before, name, ending,
                strcmp(ending, "_shape") == 0 ? "[IPC_MAX_DIMENSIONS]" : "", label, ending + 1);
}

static bool is_dimensions(const char *ending)
{
    return strcmp(ending, "_ndim") == 0;
}

void writing_put_followed(const writing_t *self, const char *name, const char *label)
{
    for (size_t i = 0; writing_endings[i]; i++) {
        const char *ending = writing_endings[i];
        char *beside = ipc_xformat("%s%s", name, ending);
        if (!writing_declares(self, beside) && !scope_find(self->scope, beside))
            put_beside(self, is_dimensions(ending) ? "extern const int" : "extern const size_t", name, label, ending);
        free(beside);
    }
}

//  Defines a pointer to its elements and what stands beside it, for the engine to write them.
static void put_array(const writing_t *self, const char *name, const char *label, const char *type, const char *code)
{
    text_format(self->out, ";\n%s *ipc_cell_at_%s", type, name);
    writing_put_label(self, label);
    text_put(self->out, ";\n");
    char *own = ipc_xformat("ipc_cell_beside_%s", name);
    for (size_t i = 0; writing_endings[i]; i++)
        put_beside(self, is_dimensions(writing_endings[i]) ? "int" : "size_t", own, label, writing_endings[i]);
    writing_put_followed(self, name, label);
    text_format(self->variables, "    {.name = \"%s\", .address = &ipc_cell_at_%s, .count = &%s_count, "
                                 ".dimensions = &%s_ndim, .lengths = %s_shape, .type = IPC_TYPE_%s},\n",
                name, name, own, own, own, code);
    free(own);
}

//  --- Keywords ------------------------------------------------------------------------------------------------

//  No variable can have such a name: what is pushed under it can be pulled, and is in the way of no cell.
static bool is_keyword(const char *name)
{
    static const char *const words[] = {
        "alignas", "alignof", "asm", "auto", "bool", "break", "case", "char", "const", "constexpr", "continue",
        "default", "do", "double", "else", "enum", "extern", "false", "float", "for", "goto", "if", "inline", "int",
        "long", "nullptr", "register", "restrict", "return", "short", "signed", "sizeof", "static", "static_assert",
        "struct", "switch", "thread_local", "true", "typedef", "typeof", "union", "unsigned", "void", "volatile",
        "while", "_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Noreturn", "_Static_assert",
        "_Thread_local"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

//  --- All -----------------------------------------------------------------------------------------------------

//  Declares a name that was pushed.
static void adopt(const writing_t *self, const char *name)
{
    const char *code = NULL;
    const ipc_value_t *value = names_bond(self->names, name) ? NULL : names_get(self->names, name);
    const char *type = value ? c_type_of(value, &code) : NULL;
    if (!type || is_keyword(name) || writing_declares(self, name) || scope_find(self->scope, name) || writing_find(self, name))
        return;
    writing_put_apart(self);
    bool follows = value->kind == IPC_KIND_ARRAY;
    char *text = ipc_xformat("%s %s%s", type, follows ? "*const " : "", name);
    definition_t *fresh = writing_add(self, definition_new(CELL_VARIABLE, (cell_span_t){name, strlen(name)}, text));
    fresh->label = scope_label(self->scope, name);
    fresh->is_followed = follows;
    fresh->is_adopted = true;
    text_format(self->out, "extern %s", fresh->text);
    writing_put_label(self, fresh->label);
    if (follows) {
        put_array(self, name, fresh->label, type, code);
    } else {
        text_format(self->out, ";\n__typeof__(%s) %s;\n", name, name);
        text_format(self->variables, "    {.name = \"%s\", .address = (void *) &%s, .type = IPC_TYPE_%s},\n", name,
                    name, code);
    }
}

static void adopt_word(void *context, cell_span_t word)
{
    const writing_t *self = context;
    char *name = cell_span_text(word);
    adopt(self, name);
    for (size_t i = 0; writing_endings[i]; i++) {
        size_t size = strlen(writing_endings[i]);
        if (word.size <= size || strcmp(name + word.size - size, writing_endings[i]) != 0)
            continue;
        name[word.size - size] = 0;
        adopt(self, name);
        break;
    }
    free(name);
}

void writing_adopt(const writing_t *self)
{
    void *context = (void *) (uintptr_t) self;
    cell_words((cell_span_t){self->source, strlen(self->source)}, adopt_word, context);
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (!definition->is_hidden && (definition->kind == CELL_DIRECTIVE || definition->kind == CELL_TYPE))
            cell_words((cell_span_t){definition->text, strlen(definition->text)}, adopt_word, context);
    }
}
