#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/remote.h"
#include "engine/signature.h"
#include "engine/writing.h"

//  --- Pieces --------------------------------------------------------------------------------------------------

//  What follows stands at this place in the cell.
static void put_place(const writing_t *self, const char *at)
{
    size_t line, column;
    cell_place(self->source, at, &line, &column);
    text_format(self->out, "\n#line %zu \"cell\"\n", line);
    const char *start = at;
    while (start > self->source && start[-1] != '\n') start--;
    for (const char *c = start; c < at; c++) text_put(self->out, *c == '\t' ? "\t" : " "); // compilers count bytes
}

void writing_put_text(const writing_t *self, const char *at, const char *text)
{
    put_place(self, at);
    text_put(self->out, text);
}

void writing_put_span(const writing_t *self, cell_span_t span)
{
    put_place(self, span.at);
    text_put_bytes(self->out, span.at, span.size);
}

void writing_put_lasting(const writing_t *self, cell_span_t span)
{
    cell_span_t literal, inside;
    if (!cell_literal(span, &literal, &inside)) {
        writing_put_span(self, span);
        return;
    }
    const char *behind = literal.at + literal.size, *close = inside.at + inside.size;
    writing_put_span(self, (cell_span_t){span.at, (size_t) (literal.at - span.at)});
    writing_put_own(self);
    text_put(self->out, "(*({ static _Alignas(64) char ipc_cell_kept[sizeof");
    writing_put_span(self, literal);
    writing_put_own(self);
    text_put(self->out, "]; __builtin_memcpy(ipc_cell_kept, &");
    writing_put_span(self, (cell_span_t){literal.at, (size_t) (inside.at - literal.at)});
    writing_put_lasting(self, inside);
    writing_put_span(self, (cell_span_t){close, (size_t) (behind - close)});
    writing_put_own(self);
    text_put(self->out, ", sizeof ipc_cell_kept); (__typeof__(");
    writing_put_span(self, literal);
    writing_put_own(self);
    text_put(self->out, ") *) ipc_cell_kept; }))");
    writing_put_lasting(self, (cell_span_t){behind, (size_t) (span.at + span.size - behind)});
}

void writing_put_own(const writing_t *self)
{
    text_put(self->out, "\n#line 1 \"engine\"\n");
}

definition_t *writing_add(const writing_t *self, definition_t *fresh)
{
    unit_t *unit = self->unit;
    if (unit->fresh_count == unit->fresh_room)
        unit->fresh = ipc_xrealloc(unit->fresh, (unit->fresh_room = 2 * unit->fresh_room + 8) * sizeof unit->fresh[0]);
    return unit->fresh[unit->fresh_count++] = fresh;
}

const definition_t *writing_find(const writing_t *self, const char *name)
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

//  By its name, or by what stands beside that.
static bool is_mentioned(const writing_t *self, const definition_t *definition)
{
    bool found = names_get(self->words, definition->name) != NULL;
    for (size_t i = 0; !found && definition->is_followed && writing_endings[i]; i++) {
        char *beside = ipc_xformat("%s%s", definition->name, writing_endings[i]);
        found = names_get(self->words, beside) != NULL;
        free(beside);
    }
    return found;
}

static void collect_words(writing_t *self)
{
    cell_words((cell_span_t){self->source, strlen(self->source)}, add_word, self);
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (is_carried_whole(definition))
            cell_words((cell_span_t){definition->text, strlen(definition->text)}, add_word, self);
    }
    // What is mentioned mentions others, which stand before it.
    for (size_t i = self->scope->count; i-- > 0;) {
        const definition_t *definition = self->scope->definitions[i];
        if (!is_carried_whole(definition) && is_mentioned(self, definition))
            cell_words((cell_span_t){definition->text, strlen(definition->text)}, add_word, self);
    }
}

bool writing_declares(const writing_t *self, const char *name)
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

void writing_put_label(const writing_t *self, const char *label)
{
    text_format(self->out, " __asm__(\"%s\") IPC_CELL_SHOWN", label);
}

//  Whether the cell gives a variable of before its first value again.
static bool gives_value(const writing_t *self, const char *name)
{
    for (size_t i = 0; i < self->cell->count; i++)
        if (self->cell->items[i].kind == CELL_VARIABLE && cell_span_is(self->cell->items[i].name, name))
            return true;
    return false;
}

static void put_carried(const writing_t *self)
{
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (!is_carried_whole(definition))
            continue;
        note_include(self, definition->text);
        if (definition->kind == CELL_TYPE)
            writing_put_apart(self);
        text_format(self->out, "%s%s\n", definition->text, definition->kind == CELL_TYPE ? ";" : "");
    }
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (definition->is_hidden || is_carried_whole(definition) ||
            !is_mentioned(self, definition))
            continue;
        writing_put_apart(self);
        bool is_constant = definition->constant && !gives_value(self, definition->name);
        text_format(self->out, "%s%s", definition->kind == CELL_VARIABLE ? "extern " : "",
                    is_constant ? definition->constant : definition->text);
        if (definition->label)
            writing_put_label(self, definition->label);
        bool is_array = definition->kind == CELL_VARIABLE && strchr(definition->text, '[');
        text_put(self->out, is_array ? " __attribute__((aligned(64)));\n" : ";\n");
        if (definition->is_followed)
            writing_put_followed(self, definition->name, definition->label);
    }
}

void writing_put_declaration(const writing_t *self, const cell_item_t *item)
{
    char *base = scope_base(item), *declarator = scope_declarator(item);
    writing_put_text(self, item->base.at, base);
    writing_put_text(self, item->declarator.at, declarator);
    free(base);
    free(declarator);
}

//  --- Functions -----------------------------------------------------------------------------------------------

//  Of this cell or an earlier one.
static const definition_t *find_any(const writing_t *self, const char *name)
{
    const definition_t *fresh = writing_find(self, name);
    return fresh ? fresh : scope_find(self->scope, name);
}

//  Whether cells have made this word another name of a number's type.
static bool is_number(const void *context, cell_span_t word)
{
    const writing_t *self = context;
    char *name = cell_span_text(word);
    const definition_t *definition = find_any(self, name);
    free(name);
    return definition && definition->kind == CELL_TYPE &&
           signature_names_number((cell_span_t){definition->text, strlen(definition->text)});
}

//  What makes a function callable by name, if it can be.
static void put_descriptor(const writing_t *self, const cell_item_t *item, const char *name)
{
    const signature_t signature = {item, is_number, self};
    bool nothing = false;
    text_t takes = {0}, types = {0};
    int count = signature_parameters(&signature, &takes, "IPC_TAKE(", true);
    if (count < 0 || !signature_result(&signature, &nothing)) {
        text_format(self->functions, "    {\"%s\", 0},\n", name);
        free(takes.at);
        return;
    }
    signature_parameters(&signature, &types, "IPC_TYPE_OF(", false);
    text_format(self->out, "static void ipc_call_%s(const ipc_value_t *arguments, ipc_value_t *result)\n{\n", name);
    text_format(self->out, "    IPC_CELL_SCOPE;\n    (void) arguments;\n    %s%s(%s)%s;\n",
                nothing ? "" : "*result = IPC_CELL_VALUE(", name, text_read(&takes),
                nothing ? ", *result = ipc_cell_none()" : ")");
    text_format(self->out, "}\nstatic const ipc_remote_t ipc_remote_%s = {.magic = IPC_REMOTE_MAGIC, .abi = IPC_ABI, "
                           ".name = \"%s\", .file = \"cell\", .line = 1, .count = %d, .parameters = {%s}, "
                           ".call = ipc_call_%s, .runtime = &ipc_runtime_slot};\n",
                name, name, count, text_read(&types), name);
    text_format(self->functions, "    {\"%s\", &ipc_remote_%s},\n", name, name);
    free(takes.at);
    free(types.at);
}

static void put_function(const writing_t *self, const cell_item_t *item)
{
    char *name = cell_span_text(item->name);
    const definition_t *known = writing_find(self, name);
    definition_t *fresh = NULL;
    if (!known) {
        fresh = writing_add(self, definition_new(CELL_FUNCTION, item->name, scope_text(item)));
        fresh->label = scope_label(self->scope, name);
    }
    writing_put_declaration(self, item);
    writing_put_own(self);
    writing_put_label(self, (known ? known : fresh)->label);
    text_put(self->out, ";\n");
    writing_put_declaration(self, item);
    writing_put_span(self, item->body);
    writing_put_own(self);
    put_descriptor(self, item, name);
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
    writing_put_declaration(self, item);
    writing_put_own(self);
    if (defined_here) {
        char *label = scope_label(self->scope, name);
        writing_put_label(self, label);
        free(label);
        writing_put_span(self, item->attributes);
    } else if (!scope_find(self->scope, name)) {
        writing_add(self, definition_new(CELL_PROTOTYPE, item->name, scope_text(item)));
    }
    text_put(self->out, ";\n");
    free(name);
}

//  --- The whole -----------------------------------------------------------------------------------------------

//  A type that is an item's whole.
static void put_type(const writing_t *self, const cell_item_t *item)
{
    writing_put_own(self);
    if (item->packing.size > 0)
        text_format(self->out, "#pragma pack(push, %.*s)\n", (int) item->packing.size, item->packing.at);
    text_put(self->out, item->made ? "typedef" : "");
    writing_put_span(self, item->text);
    writing_put_own(self);
    text_format(self->out, "%s;\n", item->made ? item->made : "");
    if (item->packing.size > 0)
        text_put(self->out, "#pragma pack(pop)\n");
}

static void put_lasting(const writing_t *self, const cell_item_t *item)
{
    if (scope_has(self->scope, item))
        return;
    char *text = scope_text(item);
    note_include(self, text);
    if (item->kind != CELL_TYPE)
        writing_put_text(self, item->text.at, text);
    else if (item->base.size > 0)
        writing_put_declaration(self, item);
    else
        put_type(self, item);
    text_put(self->out, item->kind == CELL_TYPE ? "\n;\n" : "\n");
    writing_put_own(self);
    bool lasts = !cell_span_is(item->base, "undef") && !cell_span_is(item->base, "pragma");
    if (item->kind == CELL_DIRECTIVE && !lasts)
        free(text);
    else
        writing_add(self, definition_new(item->kind, item->name, text));
}

//  Whether an expression reads a bit-field, as far as its last word tells: of that only the value has a type.
static bool reads_bit_field(const writing_t *self, cell_span_t text)
{
    cell_span_t name = {text.at + text.size, 0};
    while (name.at > text.at && (isalnum((unsigned char) name.at[-1]) || name.at[-1] == '_')) {
        name.at--;
        name.size++;
    }
    bool found = false;
    for (size_t i = 0; i < self->cell->count && !found; i++)
        found = self->cell->items[i].kind == CELL_TYPE && cell_has_bit_field(self->cell->items[i].text, name);
    for (size_t i = 0; i < self->scope->count && !found; i++) {
        const definition_t *definition = self->scope->definitions[i];
        found = definition->kind == CELL_TYPE &&
                cell_has_bit_field((cell_span_t){definition->text, strlen(definition->text)}, name);
    }
    return found && name.at > text.at;
}

static void put_expression(const writing_t *self, const char *before, cell_span_t text, const char *behind)
{
    text_put(self->out, before);
    writing_put_lasting(self, text);
    text_put_bytes(self->out, behind, 1); // at the expression's end, where one that lacks something is told
    writing_put_own(self);
    text_put(self->out, behind + 1);
}

//  The last expression, of whatever type: it is read three times and runs once.
static void put_value(const writing_t *self, cell_span_t text)
{
    const char *sign = reads_bit_field(self, text) ? "+" : "";
    writing_put_own(self);
    text_format(self->out, "{ typedef __typeof__(%s", sign);
    put_expression(self, "(", text,
                   ")) ipc_cell_type;\nenum { ipc_cell_is_void = __builtin_types_compatible_p(ipc_cell_type, void) };\n"
                   "typedef IPC_CELL_TYPE_OR_INT(ipc_cell_type) ipc_cell_shown;\n");
    writing_put_text(self, text.at, "__auto_type ipc_cell_last ="); // what is folded into it, as 1/0, has this place
    writing_put_own(self);
    put_expression(self, "__builtin_choose_expr(ipc_cell_is_void, ((", text, "), ipc_cell_none()), ");
    // With an operator before it that would be the place of a call, in traces.
    text_put(self->out, sign);
    put_expression(self, "(", text, "));\n*ipc_cell_result = IPC_CELL_SHOW(ipc_cell_shown, ipc_cell_last, ");
    writing_put_members_of(self, "ipc_cell_shown", self->out);
    text_put(self->out, "); }\n");
    char *name = cell_span_text(text);
    const definition_t *named = find_any(self, name);
    if (named && named->label)
        self->unit->value_name = ipc_xstrdup(name);
    free(name);
}

static void put_run(const writing_t *self)
{
    writing_put_own(self);
    text_put(self->out,
             "static void ipc_cell(const ipc_value_t *ipc_cell_arguments, ipc_value_t *ipc_cell_result)\n{\n"
             "IPC_CELL_SCOPE;\n(void) ipc_cell_arguments;\n*ipc_cell_result = ipc_cell_none();\n");
    for (size_t i = 0; i < self->cell->count; i++) {
        const cell_item_t *item = &self->cell->items[i];
        if (item->kind == CELL_VARIABLE)
            writing_put_initialiser(self, item);
        else if (item->kind == CELL_STATEMENT && item->is_expression)
            writing_put_lasting(self, item->text);
        else if (item->kind == CELL_STATEMENT)
            writing_put_span(self, item->text);
        else if (item->kind == CELL_VALUE)
            put_value(self, item->text);
    }
    writing_put_own(self);
    text_put(self->out, ";\n}\n");
}

//  Those of variables say their members, whose tables come first.
static void put_records(const writing_t *self)
{
    for (size_t i = 0; i < self->cell->count; i++)
        if (self->cell->items[i].kind == CELL_VARIABLE)
            writing_put_record(self, &self->cell->items[i]);
}

//  What the engine reads.
static void put_tables(const writing_t *self)
{
    text_put(self->out, "static const ipc_cell_variable_t ipc_cell_variables[] = {\n");
    text_put(self->out, text_read(self->variables));
    text_put(self->out, "    {0}};\nstatic const ipc_cell_function_t ipc_cell_functions[] = {\n");
    text_put(self->out, text_read(self->functions));
    text_put(self->out, "    {0}};\nIPC_CELL_UNIT\n");
}

static void put_items(const writing_t *self)
{
    for (size_t i = 0; i < self->cell->count; i++) {
        const cell_item_t *item = &self->cell->items[i];
        if (item->kind != CELL_DIRECTIVE)
            writing_put_apart(self);
        switch (item->kind) {
        case CELL_DIRECTIVE:
        case CELL_TYPE: put_lasting(self, item); break;
        case CELL_VARIABLE: writing_put_variable(self, item); break;
        case CELL_PROTOTYPE: put_prototype(self, item); break;
        case CELL_FUNCTION: put_function(self, item); break;
        default: break;
        }
    }
}

void unit_write(unit_t *self, const cell_t *cell, const char *source, scope_t *scope, const names_t *names)
{
    text_t out = {0}, variables = {0}, functions = {0};
    *self = (unit_t){0};
    writing_t writing = {self, cell, source, scope, names, &out, &variables, &functions, names_new(),
                         ipc_xalloc(WRITING_STRUCTS_MAX * sizeof(char *)), 0};
    scope_hide(scope, cell);
    collect_words(&writing);
    text_put(writing.out, "#include \"prelude.h\"\n");
    writing_put_own(&writing);
    put_carried(&writing);
    writing_adopt(&writing);
    put_items(&writing);
    writing_put_own(&writing);
    writing_put_members(&writing);
    put_records(&writing);
    put_run(&writing);
    put_tables(&writing);
    self->text = out.at;
    names_destroy(&writing.words);
    free(writing.structs);
    free(variables.at);
    free(functions.at);
}

void unit_free(unit_t *self)
{
    for (size_t i = 0; i < self->fresh_count; i++) definition_free(self->fresh[i]);
    free(self->fresh);
    free(self->text);
    free(self->value_name);
    *self = (unit_t){0};
}
