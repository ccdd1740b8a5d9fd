//  Variables of a cell: where they are declared and defined, and how they get their first values.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/remote.h"
#include "engine/writing.h"

//  --- Records -------------------------------------------------------------------------------------------------

//  "v[0][0]": the first element of so many dimensions.
static void put_element(const char *name, int dimensions, text_t *out)
{
    text_put(out, name);
    for (int i = 0; i < dimensions; i++) text_put(out, "[0]");
}

static void put_length(const char *name, int dimension, text_t *out)
{
    text_put(out, "sizeof(");
    put_element(name, dimension, out);
    text_put(out, ") / sizeof(");
    put_element(name, dimension + 1, out);
    text_put(out, ")");
}

void writing_put_record(const writing_t *self, const cell_item_t *item)
{
    char *name = cell_span_text(item->name);
    text_t *records = self->variables;
    bool plain = !item->is_nested && item->dimensions <= IPC_MAX_DIMENSIONS;
    int dimensions = plain ? item->dimensions : 0;
    text_format(records, "    {.name = \"%s\", .address = (void *) (uintptr_t) &%s, ", name, name);
    if (plain) {
        text_t element = {0};
        put_element(name, dimensions, &element);
        char *type = ipc_xformat("__typeof__(%s)", element.at);
        text_format(records, ".type = IPC_CELL_TYPE(%s), .size = sizeof(%s), .members = ", element.at, element.at);
        writing_put_members_of(self, type, records);
        text_put(records, ", ");
        free(element.at);
        free(type);
    }
    if (item->is_unsized) {
        text_put(records, ".length = ");
        put_length(name, 0, records);
        text_put(records, ", ");
    }
    text_format(records, ".ndim = %d, .shape = {", dimensions);
    for (int i = 0; i < dimensions; i++) {
        put_length(name, i, records);
        text_put(records, ", ");
    }
    text_put(records, "}},\n");
    free(name);
}

//  --- Declarations --------------------------------------------------------------------------------------------

static bool is_in_braces(const cell_item_t *item)
{
    return item->init.size > 0 && *item->init.at == '{';
}

//  A single word: an initialiser that may be a macro.
static bool is_word(cell_span_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum((unsigned char) text.at[i]) && text.at[i] != '_')
            return false;
    return true;
}

//  The initialiser as a literal of an array's type without its length, "(int [])" and what stands behind it.
static void put_array_literal(const writing_t *self, const cell_item_t *item)
{
    char *base = scope_base(item), *declarator = scope_without(item->declarator, scope_constant);
    memset(declarator + (item->name.at - item->declarator.at), ' ', item->name.size);
    bool is_text = strstr(base, "char") && !item->is_pointer;
    bool braced = is_in_braces(item) || (is_word(item->init) && !is_text);
    text_put(self->out, "(");
    writing_put_text(self, item->base.at, base);
    writing_put_text(self, item->declarator.at, declarator);
    writing_put_own(self);
    text_put(self->out, braced ? ")" : "){");
    writing_put_span(self, item->init);
    writing_put_own(self);
    text_put(self->out, braced ? "" : "}");
    free(base);
    free(declarator);
}

//  The declaration of one whose type the compiler finds out.
static void put_open(const writing_t *self, const cell_item_t *item)
{
    writing_put_own(self);
    text_put(self->out, "__typeof__(");
    if (item->is_automatic) {
        text_put(self->out, "((void) 0, ("); // as a value: of an array the pointer
        writing_put_span(self, item->init);
        writing_put_own(self);
        text_put(self->out, "))");
    } else {
        put_array_literal(self, item);
    }
    text_put(self->out, ")");
    writing_put_span(self, item->name);
}

static definition_t *definition_of(const writing_t *self, const cell_item_t *item)
{
    bool typeless = item->is_automatic;
    char *text = typeless ? ipc_xformat("__typeof__(((void) 0, (%.*s))) %.*s", (int) item->init.size, item->init.at,
                                        (int) item->name.size, item->name.at)
                          : scope_text(item);
    char *constant = scope_constant_text(item);
    definition_t *fresh = definition_new(CELL_VARIABLE, item->name, text);
    if (typeless && constant) {
        free(constant);
        constant = ipc_xformat("const %s", text);
    }
    fresh->constant = constant;
    fresh->said = scope_said(item);
    fresh->is_automatic = item->dimensions == 0 && !item->is_pointer && strstr(text, "typeof");
    if (scope_is_open(item) && !typeless) {
        char *base = scope_base(item);
        const char *bracket = strchr(text + strlen(base) + 1 + (item->name.at - item->declarator.at), '[');
        fresh->hole = (size_t) (bracket + 1 - text);
        free(base);
    }
    return fresh;
}

//  What _Alignas says in the base, given: a definition has to repeat it.
static char *alignment_of(const cell_item_t *item)
{
    static const char *const words[] = {"_Alignas", "alignas"};
    char *base = cell_span_text(item->base), *alignment = NULL;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !alignment; i++) {
        const char *at = strstr(base, words[i]), *close = at ? strchr(at, ')') : NULL;
        if (close)
            alignment = strndup(at, (size_t) (close + 1 - at));
    }
    free(base);
    return alignment ? alignment : ipc_xstrdup("");
}

//  That of an earlier cell again, or its own.
static void put_known(const writing_t *self, const cell_item_t *item, const definition_t *known)
{
    writing_put_own(self);
    text_put(self->out, "extern ");
    writing_put_text(self, item->declarator.at, known->text);
    writing_put_own(self);
    writing_put_label(self, known->label);
    text_put(self->out, item->dimensions > 0 ? " __attribute__((aligned(64)));\n" : ";\n");
}

//  The compiler's complaint is to have a place in the cell.
static void put_assert(const writing_t *self, const char *at, char *text_taken)
{
    writing_put_text(self, at, text_taken);
    writing_put_own(self);
    free(text_taken);
}

static void put_fresh(const writing_t *self, const cell_item_t *item, const char *name)
{
    definition_t *fresh = writing_add(self, definition_of(self, item));
    fresh->label = scope_label(self->scope, name);
    text_put(self->out, "\nextern ");
    if (item->is_automatic || scope_is_open(item))
        put_open(self, item);
    else
        writing_put_declaration(self, item);
    writing_put_own(self);
    writing_put_label(self, fresh->label);
    text_put(self->out, item->dimensions > 0 ? " __attribute__((aligned(64))) " : " ");
    writing_put_span(self, item->attributes);
    writing_put_own(self);
    char *alignment = alignment_of(item);
    text_format(self->out, ";\n%s __typeof__(%s) %s;\n", alignment, name, name);
    free(alignment);
    put_assert(self, item->name.at,
               ipc_xformat("_Static_assert(!IPC_CELL_IS_FUNCTION(__typeof__(%s)), \"%s is a function: write its parameters "
                           "here\");\n", name, name));
    put_assert(self, item->name.at,
               ipc_xformat("_Static_assert(!IPC_CELL_IS_CONSTANT(%s), \"%s cannot be set: its type, by a typedef or a "
                           "typeof(), is constant\");\n", name, name));
}

void writing_put_variable(const writing_t *self, const cell_item_t *item)
{
    char *name = cell_span_text(item->name);
    const definition_t *known = scope_find(self->scope, name);
    if (!writing_find(self, name)) {
        if (known)
            put_known(self, item, known);
        else
            put_fresh(self, item, name);
    }
    free(name);
}

//  --- Initialisers --------------------------------------------------------------------------------------------

//  By way of a local variable: the initialiser may be any that C has, also a macro that says braces.
static void put_local(const writing_t *self, const cell_item_t *item, const char *name)
{
    cell_span_t literal, inside;
    bool constant = item->is_plain && item->dimensions > 0 && !cell_literal(item->init, &literal, &inside);
    text_format(self->out, "{ %s__typeof__(%s)", constant ? "static " : "", name);
    writing_put_text(self, item->name.at, "ipc_cell_initial =");
    writing_put_lasting(self, item->init);
    writing_put_own(self);
    text_format(self->out, ";\n__builtin_memcpy((void *) (uintptr_t) &%s, &ipc_cell_initial, sizeof %s); }\n", name,
                name);
    if (!item->is_unsized || item->is_counted || item->is_plain)
        return;
    put_assert(self, item->name.at, ipc_xstrdup("_Static_assert("));
    text_put(self->out, "sizeof(");
    put_array_literal(self, item);
    text_format(self->out, ") == sizeof %s, \"the length of %s has to be given: it cannot be told from this "
                           "initialiser\");\n", name, name);
}

void writing_put_initialiser(const writing_t *self, const cell_item_t *item)
{
    char *name = cell_span_text(item->name);
    bool assigns = item->dimensions == 0 && !is_in_braces(item) &&
                   (item->is_pointer || item->is_number || item->is_automatic ||
                    cell_span_is(item->base, "ipc_value_t")); // what it holds is there to the end of this block
    writing_put_own(self);
    if (item->init.size == 0) {
        text_format(self->out, "__builtin_memset((void *) (uintptr_t) &%s, 0, sizeof %s);\n", name, name);
    } else if (assigns) {
        writing_put_span(self, item->name);
        text_put(self->out, " =");
        writing_put_lasting(self, item->init);
        text_put(self->out, "\n;\n");
    } else {
        put_local(self, item, name);
    }
    free(name);
}
