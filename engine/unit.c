#include "engine/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/fail.h"
#include "common/remote.h"
#include "engine/signature.h"

//  A unit that is being written.
typedef struct writing {
    unit_t *unit;
    const cell_t *cell;
    const char *source;
    scope_t *scope;
    const names_t *names;
    FILE *out;
    names_t *words;                    // that it mentions
} writing_t;

//  --- Pieces --------------------------------------------------------------------------------------------------

//  A text at the place where it, or what it was made of, stands in the cell.
static void put_text(const writing_t *self, const char *at, const char *text)
{
    size_t line, column;
    cell_place(self->source, at, &line, &column);
    fprintf(self->out, "\n#line %zu \"cell\"\n", line);
    const char *start = at;
    while (start > self->source && start[-1] != '\n') start--;
    for (const char *c = start; c < at; c++)
        if (((unsigned char) *c & 0xC0) != 0x80) // once for each character
            fputc(*c == '\t' ? '\t' : ' ', self->out);
    fputs(text, self->out);
}

static void put_span(const writing_t *self, cell_span_t span)
{
    char *text = cell_span_text(span);
    put_text(self, span.at, text);
    free(text);
}

//  From here on it is the engine's.
static void put_own(const writing_t *self)
{
    fputs("\n#line 1 \"engine\"\n", self->out);
}

static definition_t *add_fresh(const writing_t *self, definition_t *fresh)
{
    unit_t *unit = self->unit;
    if (unit->fresh_count == unit->fresh_room)
        unit->fresh = ipc_xrealloc(unit->fresh, (unit->fresh_room = 2 * unit->fresh_room + 8) * sizeof unit->fresh[0]);
    return unit->fresh[unit->fresh_count++] = fresh;
}

static const definition_t *find_fresh(const writing_t *self, const char *name)
{
    for (size_t i = 0; i < self->unit->fresh_count; i++)
        if (strcmp(self->unit->fresh[i]->name, name) == 0)
            return self->unit->fresh[i];
    return NULL;
}

//  --- What is mentioned ---------------------------------------------------------------------------------------

static void add_word(void *context, cell_span_t word)
{
    writing_t *self = context;
    char *text = cell_span_text(word);
    ipc_arena_t *none = NULL;
    names_put(self->words, text, ipc_none(), &none);
    free(text);
}

static bool is_carried_whole(const definition_t *definition)
{
    return !definition->is_hidden && (definition->kind == CELL_DIRECTIVE || definition->kind == CELL_TYPE);
}

static void collect_words(writing_t *self)
{
    cell_words((cell_span_t){self->source, strlen(self->source)}, add_word, self);
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (is_carried_whole(definition))
            cell_words((cell_span_t){definition->text, strlen(definition->text)}, add_word, self);
    }
}

//  A name, or "<name>_count".
static bool is_mentioned(const writing_t *self, const char *name, bool counted)
{
    bool found = names_get(self->words, name) != NULL;
    if (!found && counted) {
        char *count = ipc_xformat("%s_count", name);
        found = names_get(self->words, count) != NULL;
        free(count);
    }
    return found;
}

//  Whether the cell itself says what a name is.
static bool is_declared_here(const writing_t *self, const char *name)
{
    for (size_t i = 0; i < self->cell->count; i++)
        if (self->cell->items[i].kind < CELL_STATEMENT && cell_span_is(self->cell->items[i].name, name))
            return true;
    return false;
}

//  --- What lasts from before ----------------------------------------------------------------------------------

static void note_include(const writing_t *self, const char *text)
{
    const char *word = strstr(text, "include");
    const char *quote = text[0] == '#' && word ? strpbrk(word, "\"<\n") : NULL;
    self->unit->is_fleeting = self->unit->is_fleeting || (quote && (*quote == '"' || quote[1] == '/'));
}

static void put_counted(const writing_t *self, const char *name, const char *label)
{
    char *count = ipc_xformat("%s_count", name);
    if (!is_declared_here(self, count) && !scope_find(self->scope, count))
        fprintf(self->out, "extern const size_t %s __asm__(\"%s.count\") IPC_CELL_SHOWN;\n", count, label);
    free(count);
}

static void put_label(const writing_t *self, const char *label)
{
    fprintf(self->out, " __asm__(\"%s\") IPC_CELL_SHOWN", label);
}

static void put_carried(const writing_t *self)
{
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (!is_carried_whole(definition))
            continue;
        note_include(self, definition->text);
        fprintf(self->out, "%s%s\n", definition->text, definition->kind == CELL_TYPE ? ";" : "");
    }
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (definition->is_hidden || is_carried_whole(definition) ||
            !is_mentioned(self, definition->name, definition->is_counted))
            continue;
        fprintf(self->out, "%s%s", definition->kind == CELL_VARIABLE ? "extern " : "", definition->text);
        if (definition->label)
            put_label(self, definition->label);
        fputs(definition->kind == CELL_VARIABLE && strchr(definition->text, '[') ? " __attribute__((aligned(64)));\n"
                                                                                 : ";\n",
              self->out);
        if (definition->is_counted)
            put_counted(self, definition->name, definition->label);
    }
}

//  --- Values that were pushed ---------------------------------------------------------------------------------

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
    default: break;
    }
    if (dtype < 0)
        return NULL;
    *code = types[dtype].code;
    return types[dtype].type;
}

//  Declares a name that was pushed. Its record, for the engine to fill it, goes to records.
static void adopt(const writing_t *self, const char *name, FILE *records)
{
    const char *code = NULL;
    const ipc_value_t *value = names_bond(self->names, name) ? NULL : names_get(self->names, name);
    const char *type = value ? c_type_of(value, &code) : NULL;
    if (!type || is_declared_here(self, name) || scope_find(self->scope, name) || find_fresh(self, name))
        return;
    bool counted = value->kind == IPC_KIND_ARRAY;
    definition_t *fresh = add_fresh(self, definition_new(CELL_VARIABLE, (cell_span_t){name, strlen(name)},
                                                         ipc_xformat("%s %s%s", type, counted ? "*const " : "", name)));
    fresh->label = scope_label(self->scope, name);
    fresh->is_counted = counted;
    fresh->is_adopted = true;
    fprintf(self->out, "extern %s", fresh->text);
    put_label(self, fresh->label);
    if (!counted) {
        fprintf(self->out, ";\n__typeof__(%s) %s;\n", name, name);
        fprintf(records, "    {\"%s\", &%s, 0, IPC_TYPE_%s, 0, {0}},\n", name, name, code);
        return;
    }
    fprintf(self->out, ";\n%s *ipc_cell_at_%s", type, name);
    put_label(self, fresh->label);
    fprintf(self->out, ";\nsize_t ipc_cell_count_%s __asm__(\"%s.count\") IPC_CELL_SHOWN;\n", name, fresh->label);
    put_counted(self, name, fresh->label);
    fprintf(records, "    {\"%s\", &ipc_cell_at_%s, &ipc_cell_count_%s, IPC_TYPE_%s, 0, {0}},\n", name, name, name,
            code);
}

//  Where words that may have been pushed go.
typedef struct adoption {
    const writing_t *writing;
    FILE *records;
} adoption_t;

static void adopt_word(void *context, cell_span_t word)
{
    static const char ending[] = "_count";
    const adoption_t *self = context;
    size_t size = sizeof ending - 1;
    char *name = cell_span_text(word);
    adopt(self->writing, name, self->records);
    if (word.size > size && strcmp(name + word.size - size, ending) == 0) {
        name[word.size - size] = 0;
        adopt(self->writing, name, self->records);
    }
    free(name);
}

static void adopt_all(const writing_t *self, FILE *records)
{
    adoption_t adoption = {self, records};
    cell_words((cell_span_t){self->source, strlen(self->source)}, adopt_word, &adoption);
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (is_carried_whole(definition))
            cell_words((cell_span_t){definition->text, strlen(definition->text)}, adopt_word, &adoption);
    }
}

//  --- Variables -----------------------------------------------------------------------------------------------

//  "v[0][0]": the first element of so many dimensions.
static void put_element(const char *name, int dimensions, FILE *out)
{
    fputs(name, out);
    for (int i = 0; i < dimensions; i++) fputs("[0]", out);
}

static void put_record(const cell_item_t *item, const char *name, FILE *records)
{
    bool plain = !item->is_nested && item->dimensions <= IPC_MAX_DIMENSIONS;
    int dimensions = plain ? item->dimensions : 0;
    fprintf(records, "    {\"%s\", (void *) &%s, 0, ", name, name);
    if (plain) {
        fputs("IPC_CELL_TYPE(", records);
        put_element(name, dimensions, records);
        fputs(")", records);
    } else {
        fputs("IPC_TYPE_VOID", records);
    }
    fprintf(records, ", %d, {", dimensions);
    for (int i = 0; i < dimensions; i++) {
        fputs("sizeof(", records);
        put_element(name, i, records);
        fputs(") / sizeof(", records);
        put_element(name, i + 1, records);
        fputs("), ", records);
    }
    fputs("}},\n", records);
}

//  The base and the declarator at their places, as the scope will say them.
static void put_declaration(const writing_t *self, const cell_item_t *item)
{
    char *text = scope_text(item), *base = cell_span_text(item->base);
    char *cleaned = text + strlen(base) + 1;
    text[strlen(base)] = 0;
    put_text(self, item->base.at, text);
    put_text(self, item->declarator.at, cleaned);
    free(base);
    free(text);
}

static void put_variable(const writing_t *self, const cell_item_t *item, FILE *records)
{
    char *name = cell_span_text(item->name);
    const definition_t *known = scope_find(self->scope, name), *fresh = find_fresh(self, name);
    if (!fresh) {
        char *label = known ? ipc_xstrdup(known->label) : scope_label(self->scope, name);
        fputs("\nextern", self->out);
        put_declaration(self, item);
        put_own(self);
        put_label(self, label);
        fputs(item->dimensions > 0 ? " __attribute__((aligned(64)));\n" : ";\n", self->out);
        if (known) {
            free(label);
        } else {
            add_fresh(self, definition_new(CELL_VARIABLE, item->name, scope_text(item)))->label = label;
            fprintf(self->out, "__typeof__(%s) %s;\n", name, name);
            put_record(item, name, records);
        }
    }
    free(name);
}

static void put_initialiser(const writing_t *self, const cell_item_t *item)
{
    char *name = cell_span_text(item->name);
    bool braces = item->init.size > 0 && *item->init.at == '{';
    put_own(self);
    if (item->init.size == 0) {
        fprintf(self->out, "__builtin_memset((void *) &%s, 0, sizeof %s);\n", name, name);
    } else if (!braces && item->dimensions == 0) {
        fprintf(self->out, "%s =", name);
        put_span(self, item->init);
        fputs("\n;\n", self->out);
    } else {
        fprintf(self->out, "__builtin_memcpy((void *) &%s, &(__typeof__(%s))%s", name, name, braces ? "" : "{");
        put_span(self, item->init);
        put_own(self);
        fprintf(self->out, "%s, sizeof %s);\n", braces ? "" : "}", name);
    }
    free(name);
}

//  --- Functions -----------------------------------------------------------------------------------------------

//  What makes a function callable by name, if it can be.
static void put_descriptor(const writing_t *self, const cell_item_t *item, const char *name, FILE *records)
{
    bool nothing = false;
    char *takes = NULL, *types = NULL;
    size_t size;
    FILE *out = open_memstream(&takes, &size);
    int count = signature_parameters(item, out, "IPC_TAKE(", true);
    fclose(out);
    if (count < 0 || !signature_result(item, &nothing)) {
        fprintf(records, "    {\"%s\", 0},\n", name);
        free(takes);
        return;
    }
    out = open_memstream(&types, &size);
    signature_parameters(item, out, "IPC_TYPE_OF(", false);
    fclose(out);
    fprintf(self->out, "static void ipc_call_%s(const ipc_value_t *arguments, ipc_value_t *result)\n{\n", name);
    fprintf(self->out, "    (void) arguments;\n    %s%s(%s)%s;\n",
            nothing ? "" : "*result = IPC_CELL_VALUE(", name, takes,
            nothing ? ", *result = ipc_cell_none()" : ")");
    fprintf(self->out, "}\nstatic const ipc_remote_t ipc_remote_%s = {.magic = IPC_REMOTE_MAGIC, .abi = IPC_ABI, "
                       ".name = \"%s\", .file = \"cell\", .line = 1, .count = %d, .parameters = {%s}, "
                       ".call = ipc_call_%s, .runtime = &ipc_runtime_slot};\n",
            name, name, count, types, name);
    fprintf(records, "    {\"%s\", &ipc_remote_%s},\n", name, name);
    free(takes);
    free(types);
}

static void put_function(const writing_t *self, const cell_item_t *item, FILE *records)
{
    char *name = cell_span_text(item->name);
    const definition_t *known = find_fresh(self, name);
    definition_t *fresh = NULL;
    if (!known) {
        fresh = add_fresh(self, definition_new(CELL_FUNCTION, item->name, scope_text(item)));
        fresh->label = scope_label(self->scope, name);
    }
    put_declaration(self, item);
    put_own(self);
    put_label(self, (known ? known : fresh)->label);
    fputs(";\n", self->out);
    put_declaration(self, item);
    put_span(self, item->body);
    put_own(self);
    put_descriptor(self, item, name, records);
    free(name);
}

//  A prototype of a function that the cell defines has that one's symbol; of one that an earlier cell defined it says
//  nothing new; else it lasts.
static void put_prototype(const writing_t *self, const cell_item_t *item)
{
    char *name = cell_span_text(item->name);
    bool defined_here = false;
    for (size_t i = 0; i < self->cell->count; i++)
        defined_here = defined_here || (self->cell->items[i].kind == CELL_FUNCTION &&
                                        cell_span_equal(self->cell->items[i].name, item->name));
    put_declaration(self, item);
    put_own(self);
    if (defined_here) {
        char *label = scope_label(self->scope, name);
        put_label(self, label);
        free(label);
    } else if (!scope_find(self->scope, name)) {
        add_fresh(self, definition_new(CELL_PROTOTYPE, item->name, scope_text(item)));
    }
    fputs(";\n", self->out);
    free(name);
}

//  --- The whole -----------------------------------------------------------------------------------------------

static void put_lasting(const writing_t *self, const cell_item_t *item)
{
    if (scope_has(self->scope, item))
        return;
    char *text = scope_text(item);
    note_include(self, text);
    if (item->base.size > 0 && item->kind == CELL_TYPE) {
        put_span(self, item->base);
        put_span(self, item->declarator);
    } else {
        put_text(self, item->text.at, text);
    }
    fputs(item->kind == CELL_TYPE ? "\n;\n" : "\n", self->out);
    put_own(self);
    if (item->kind == CELL_DIRECTIVE && cell_span_is(item->base, "undef"))
        free(text);
    else
        add_fresh(self, definition_new(item->kind, item->name, text));
}

//  A single name: that of an array shows its elements.
static bool is_name(cell_span_t text)
{
    bool fits = text.size > 0 && !isdigit((unsigned char) *text.at);
    for (size_t i = 0; fits && i < text.size; i++)
        fits = isalnum((unsigned char) text.at[i]) || text.at[i] == '_';
    return fits;
}

//  The last expression, of whatever type: it is read three times and runs once.
static void put_value(const writing_t *self, cell_span_t text)
{
    put_own(self);
    fputs("{ enum { ipc_cell_is_void = __builtin_types_compatible_p(__typeof__(", self->out);
    put_span(self, text);
    put_own(self);
    fputs("), void) };\n__auto_type ipc_cell_value = __builtin_choose_expr(ipc_cell_is_void, ((", self->out);
    put_span(self, text);
    put_own(self);
    fputs("), ipc_cell_none()), (", self->out);
    put_span(self, text);
    put_own(self);
    fputs("));\n*ipc_cell_result = IPC_CELL_VALUE(ipc_cell_value); }\n", self->out);
    if (is_name(text))
        self->unit->value_name = cell_span_text(text);
}

static void put_run(const writing_t *self)
{
    put_own(self);
    fputs("static void ipc_cell(const ipc_value_t *ipc_cell_arguments, ipc_value_t *ipc_cell_result)\n{\n"
          "(void) ipc_cell_arguments;\n*ipc_cell_result = ipc_cell_none();\n", self->out);
    for (size_t i = 0; i < self->cell->count; i++) {
        const cell_item_t *item = &self->cell->items[i];
        if (item->kind == CELL_VARIABLE)
            put_initialiser(self, item);
        else if (item->kind == CELL_STATEMENT)
            put_span(self, item->text);
        else if (item->kind == CELL_VALUE)
            put_value(self, item->text);
    }
    put_own(self);
    fputs(";\n}\n", self->out);
}

//  What the engine reads.
static void put_tables(const writing_t *self, const char *variables, const char *functions)
{
    fprintf(self->out, "static const ipc_cell_variable_t ipc_cell_variables[] = {\n%s    {0}};\n", variables);
    fprintf(self->out, "static const ipc_cell_function_t ipc_cell_functions[] = {\n%s    {0}};\n", functions);
    fputs("static const ipc_remote_t ipc_cell_run = {.magic = IPC_REMOTE_MAGIC, .abi = IPC_ABI, .name = \"cell\", "
          ".file = \"cell\", .line = 1, .call = ipc_cell, .runtime = &ipc_runtime_slot};\n"
          "IPC_CELL_SHOWN extern const ipc_cell_unit_t ipc_cell_unit;\n"
          "const ipc_cell_unit_t ipc_cell_unit = {&ipc_cell_run, ipc_cell_variables, ipc_cell_functions};\n",
          self->out);
}

static void put_items(const writing_t *self, FILE *variables, FILE *functions)
{
    for (size_t i = 0; i < self->cell->count; i++) {
        const cell_item_t *item = &self->cell->items[i];
        switch (item->kind) {
        case CELL_DIRECTIVE:
        case CELL_TYPE: put_lasting(self, item); break;
        case CELL_VARIABLE: put_variable(self, item, variables); break;
        case CELL_PROTOTYPE: put_prototype(self, item); break;
        case CELL_FUNCTION: put_function(self, item, functions); break;
        default: break;
        }
    }
}

void unit_write(unit_t *self, const cell_t *cell, const char *source, scope_t *scope, const names_t *names)
{
    char *variables = NULL, *functions = NULL;
    size_t size;
    *self = (unit_t){0};
    writing_t writing = {self, cell, source, scope, names, open_memstream(&self->text, &size), names_new()};
    FILE *variable_records = open_memstream(&variables, &size), *function_records = open_memstream(&functions, &size);
    scope_hide(scope, cell);
    collect_words(&writing);
    fputs("#include \"prelude.h\"\n", writing.out);
    put_own(&writing);
    put_carried(&writing);
    adopt_all(&writing, variable_records);
    put_items(&writing, variable_records, function_records);
    put_run(&writing);
    fclose(variable_records);
    fclose(function_records);
    put_tables(&writing, variables, functions);
    fclose(writing.out);
    names_destroy(&writing.words);
    free(variables);
    free(functions);
}

void unit_free(unit_t *self)
{
    for (size_t i = 0; i < self->fresh_count; i++) definition_free(self->fresh[i]);
    free(self->fresh);
    free(self->text);
    free(self->value_name);
    *self = (unit_t){0};
}
