#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/remote.h"
#include "engine/signature.h"
#include "engine/writing.h"

//  --- Pieces --------------------------------------------------------------------------------------------------

void writing_put_text(const writing_t *self, const char *at, const char *text)
{
    size_t line, column;
    cell_place(self->source, at, &line, &column);
    fprintf(self->out, "\n#line %zu \"cell\"\n", line);
    const char *start = at;
    while (start > self->source && start[-1] != '\n') start--;
    for (const char *c = start; c < at; c++) fputc(*c == '\t' ? '\t' : ' ', self->out); // compilers count bytes
    fputs(text, self->out);
}

void writing_put_span(const writing_t *self, cell_span_t span)
{
    char *text = cell_span_text(span);
    writing_put_text(self, span.at, text);
    free(text);
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
    fputs("(*({ static _Alignas(64) char ipc_cell_kept[sizeof", self->out);
    writing_put_span(self, literal);
    writing_put_own(self);
    fputs("]; __builtin_memcpy(ipc_cell_kept, &", self->out);
    writing_put_span(self, (cell_span_t){literal.at, (size_t) (inside.at - literal.at)});
    writing_put_lasting(self, inside);
    writing_put_span(self, (cell_span_t){close, (size_t) (behind - close)});
    writing_put_own(self);
    fputs(", sizeof ipc_cell_kept); (__typeof__(", self->out);
    writing_put_span(self, literal);
    writing_put_own(self);
    fputs(") *) ipc_cell_kept; }))", self->out);
    writing_put_lasting(self, (cell_span_t){behind, (size_t) (span.at + span.size - behind)});
}

void writing_put_own(const writing_t *self)
{
    fputs("\n#line 1 \"engine\"\n", self->out);
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
    fprintf(self->out, " __asm__(\"%s\") IPC_CELL_SHOWN", label);
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
        fprintf(self->out, "%s%s\n", definition->text, definition->kind == CELL_TYPE ? ";" : "");
    }
    for (size_t i = 0; i < self->scope->count; i++) {
        const definition_t *definition = self->scope->definitions[i];
        if (definition->is_hidden || is_carried_whole(definition) ||
            !is_mentioned(self, definition))
            continue;
        writing_put_apart(self);
        fprintf(self->out, "%s%s", definition->kind == CELL_VARIABLE ? "extern " : "", definition->text);
        if (definition->label)
            writing_put_label(self, definition->label);
        fputs(definition->kind == CELL_VARIABLE && strchr(definition->text, '[') ? " __attribute__((aligned(64)));\n"
                                                                                 : ";\n",
              self->out);
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
    char *takes = NULL, *types = NULL;
    size_t size;
    FILE *out = open_memstream(&takes, &size);
    int count = signature_parameters(&signature, out, "IPC_TAKE(", true);
    fclose(out);
    if (count < 0 || !signature_result(&signature, &nothing)) {
        fprintf(self->functions, "    {\"%s\", 0},\n", name);
        free(takes);
        return;
    }
    out = open_memstream(&types, &size);
    signature_parameters(&signature, out, "IPC_TYPE_OF(", false);
    fclose(out);
    fprintf(self->out, "static void ipc_call_%s(const ipc_value_t *arguments, ipc_value_t *result)\n{\n", name);
    fprintf(self->out, "    IPC_CELL_SCOPE;\n    (void) arguments;\n    %s%s(%s)%s;\n",
            nothing ? "" : "*result = IPC_CELL_VALUE(", name, takes,
            nothing ? ", *result = ipc_cell_none()" : ")");
    fprintf(self->out, "}\nstatic const ipc_remote_t ipc_remote_%s = {.magic = IPC_REMOTE_MAGIC, .abi = IPC_ABI, "
                       ".name = \"%s\", .file = \"cell\", .line = 1, .count = %d, .parameters = {%s}, "
                       ".call = ipc_call_%s, .runtime = &ipc_runtime_slot};\n",
            name, name, count, types, name);
    fprintf(self->functions, "    {\"%s\", &ipc_remote_%s},\n", name, name);
    free(takes);
    free(types);
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
    fputs(";\n", self->out);
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
    fputs(";\n", self->out);
    free(name);
}

//  --- The whole -----------------------------------------------------------------------------------------------

//  A type that is an item's whole.
static void put_type(const writing_t *self, const cell_item_t *item)
{
    writing_put_own(self);
    if (item->packing.size > 0)
        fprintf(self->out, "#pragma pack(push, %.*s)\n", (int) item->packing.size, item->packing.at);
    fputs(item->made ? "typedef" : "", self->out);
    writing_put_span(self, item->text);
    writing_put_own(self);
    fprintf(self->out, "%s;\n%s", item->made ? item->made : "", item->packing.size > 0 ? "#pragma pack(pop)\n" : "");
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
    fputs(item->kind == CELL_TYPE ? "\n;\n" : "\n", self->out);
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
    fputs(before, self->out);
    writing_put_lasting(self, text);
    fputc(behind[0], self->out); // at the expression's end, where one that lacks something is told
    writing_put_own(self);
    fputs(behind + 1, self->out);
}

//  The last expression, of whatever type: it is read three times and runs once.
static void put_value(const writing_t *self, cell_span_t text)
{
    const char *sign = reads_bit_field(self, text) ? "+" : "";
    writing_put_own(self);
    fprintf(self->out, "{ typedef __typeof__(%s", sign);
    put_expression(self, "(", text,
                   ")) ipc_cell_type;\nenum { ipc_cell_is_void = __builtin_types_compatible_p(ipc_cell_type, void) };\n"
                   "typedef IPC_CELL_TYPE_OR_INT(ipc_cell_type) ipc_cell_shown;\n");
    put_expression(self, "__auto_type ipc_cell_last = __builtin_choose_expr(ipc_cell_is_void, ((", text,
                   "), ipc_cell_none()), ");
    // With an operator before it that would be the place of a call, in traces.
    fprintf(self->out, "%s", sign);
    put_expression(self, "(", text, "));\n*ipc_cell_result = IPC_CELL_SHOW(ipc_cell_shown, ipc_cell_last, ");
    writing_put_members_of(self, "ipc_cell_shown", self->out);
    fputs("); }\n", self->out);
    char *name = cell_span_text(text);
    const definition_t *named = find_any(self, name);
    if (named && named->label)
        self->unit->value_name = ipc_xstrdup(name);
    free(name);
}

static void put_run(const writing_t *self)
{
    writing_put_own(self);
    fputs("static void ipc_cell(const ipc_value_t *ipc_cell_arguments, ipc_value_t *ipc_cell_result)\n{\n"
          "IPC_CELL_SCOPE;\n(void) ipc_cell_arguments;\n*ipc_cell_result = ipc_cell_none();\n", self->out);
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
    fputs(";\n}\n", self->out);
}

//  Those of variables say their members, whose tables come first.
static void put_records(const writing_t *self)
{
    for (size_t i = 0; i < self->cell->count; i++)
        if (self->cell->items[i].kind == CELL_VARIABLE)
            writing_put_record(self, &self->cell->items[i]);
}

//  What the engine reads.
static void put_tables(const writing_t *self, const char *variables, const char *functions)
{
    fprintf(self->out, "static const ipc_cell_variable_t ipc_cell_variables[] = {\n%s    {0}};\n", variables);
    fprintf(self->out, "static const ipc_cell_function_t ipc_cell_functions[] = {\n%s    {0}};\n", functions);
    fputs("static const ipc_remote_t ipc_cell_run = {.magic = IPC_REMOTE_MAGIC, .abi = IPC_ABI, .name = \"cell\", "
          ".file = \"cell\", .line = 1, .call = ipc_cell, .runtime = &ipc_runtime_slot};\n"
          "IPC_CELL_SHOWN extern const ipc_cell_unit_t ipc_cell_unit;\n"
          "const ipc_cell_unit_t ipc_cell_unit = {&ipc_cell_run, ipc_cell_variables, ipc_cell_functions, "
          "&ipc_cell_library};\n",
          self->out);
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
    char *variables = NULL, *functions = NULL;
    size_t size;
    *self = (unit_t){0};
    writing_t writing = {self, cell, source, scope, names, open_memstream(&self->text, &size),
                         open_memstream(&variables, &size), open_memstream(&functions, &size), names_new(),
                         ipc_xalloc(WRITING_STRUCTS_MAX * sizeof(char *)), 0};
    scope_hide(scope, cell);
    collect_words(&writing);
    fputs("#include \"prelude.h\"\n", writing.out);
    writing_put_own(&writing);
    put_carried(&writing);
    writing_adopt(&writing);
    put_items(&writing);
    writing_put_own(&writing);
    writing_put_members(&writing);
    put_records(&writing);
    put_run(&writing);
    fclose(writing.variables);
    fclose(writing.functions);
    put_tables(&writing, variables, functions);
    fclose(writing.out);
    names_destroy(&writing.words);
    free(writing.structs);
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
