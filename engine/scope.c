#include "engine/scope.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/remote.h"
#include "engine/variable.h"

const char *const scope_storage[] = {"static", "inline", "__inline", "__inline__", "auto", "register", NULL};
const char *const scope_constant[] = {"static", "inline", "__inline", "__inline__", "auto", "register", "const", NULL};

void scope_init(scope_t *self)
{
    *self = (scope_t){.versions = names_new(), .apart = names_new()};
}

void definition_free(definition_t *self)
{
    free(self->name);
    free(self->text);
    free(self->constant);
    free(self->said);
    free(self->label);
    free(self);
}

void scope_clear(scope_t *self)
{
    for (size_t i = 0; i < self->count; i++) definition_free(self->definitions[i]);
    self->count = 0;
}

void scope_free(scope_t *self)
{
    scope_clear(self);
    free(self->definitions);
    names_destroy(&self->versions);
    names_destroy(&self->apart);
}

//  --- Texts ---------------------------------------------------------------------------------------------------

//  Words that are to become blanks.
typedef struct blanking {
    char *copy;
    const char *start;
    const char *const *words;
} blanking_t;

static void blank(void *context, cell_span_t word)
{
    const blanking_t *self = context;
    for (size_t i = 0; self->words[i]; i++)
        if (cell_span_is(word, self->words[i]))
            memset(self->copy + (word.at - self->start), ' ', word.size);
}

char *scope_without(cell_span_t span, const char *const words[])
{
    blanking_t blanking = {cell_span_text(span), span.at, words};
    cell_words(span, blank, &blanking);
    return blanking.copy;
}

bool scope_is_open(const cell_item_t *item)
{
    bool counted = item->elements > 0 && (item->is_counted || !item->is_plain);
    return item->kind == CELL_VARIABLE && item->is_unsized && item->init.size > 0 && !counted;
}

static char *base_of(const cell_item_t *item, bool drops_const)
{
    bool drops = drops_const && item->kind == CELL_VARIABLE && !item->is_pointer;
    cell_span_t base = item->made ? (cell_span_t){item->made, strlen(item->made)} : item->base;
    return scope_without(base, drops ? scope_constant : scope_storage);
}

char *scope_base(const cell_item_t *item)
{
    return base_of(item, true);
}

//  Without the constness of what is declared, which stands between the last star and the name: "*const p".
static void drop_const(const cell_item_t *item, char *declarator)
{
    size_t name = (size_t) (item->name.at - item->declarator.at), star = name;
    while (star > 0 && declarator[star] != '*') star--;
    char *cleaned = scope_without((cell_span_t){declarator + star, name - star}, scope_constant);
    memcpy(declarator + star, cleaned, name - star);
    free(cleaned);
}

static char *declarator_of(const cell_item_t *item, bool drops_const)
{
    char *declarator = scope_without(item->declarator, scope_storage);
    if (item->kind != CELL_VARIABLE)
        return declarator;
    if (drops_const)
        drop_const(item, declarator);
    if (!item->is_unsized || item->init.size == 0 || scope_is_open(item))
        return declarator;
    const char *bracket = strchr(declarator + (item->name.at - item->declarator.at), '[');
    int before = (int) (bracket + 1 - declarator);
    char *sized = ipc_xformat("%.*s%zu%s", before, declarator, item->elements, bracket + 1);
    free(declarator);
    return sized;
}

char *scope_declarator(const cell_item_t *item)
{
    return declarator_of(item, true);
}

//  A type's text that is an item's whole.
static char *type_text(const cell_item_t *item)
{
    char *text = cell_span_text(item->text);
    char *whole = item->made ? ipc_xformat("typedef %s %s", text, item->made) : ipc_xstrdup(text);
    free(text);
    if (item->packing.size == 0)
        return whole;
    text = ipc_xformat("_Pragma(\"pack(push, %.*s)\") %s; _Pragma(\"pack(pop)\")", (int) item->packing.size,
                       item->packing.at, whole);
    free(whole);
    return text;
}

static char *declaration_text(const cell_item_t *item, bool drops_const)
{
    char *base = base_of(item, drops_const), *declarator = declarator_of(item, drops_const);
    bool attributed = item->kind == CELL_PROTOTYPE && item->attributes.size > 0;
    char *text = ipc_xformat("%s %s %.*s", base, declarator, attributed ? (int) item->attributes.size : 0,
                             item->attributes.at ? item->attributes.at : "");
    free(base);
    free(declarator);
    return text;
}

char *scope_text(const cell_item_t *item)
{
    if (item->kind == CELL_DIRECTIVE)
        return cell_span_text(item->text);
    if (item->kind == CELL_TYPE && item->base.size == 0)
        return type_text(item);
    return declaration_text(item, true);
}

char *scope_constant_text(const cell_item_t *item)
{
    char *text = scope_text(item), *constant = declaration_text(item, false);
    if (strcmp(text, constant) == 0) {
        free(constant);
        constant = NULL;
    }
    free(text);
    return constant;
}

char *scope_said(const cell_item_t *item)
{
    char *text = declaration_text(item, false); // what was const and is not any more is another one
    bool whole = item->is_automatic || scope_is_open(item);
    char *said = ipc_xformat("%s%.*s", text, whole ? (int) item->init.size : 0, item->init.at ? item->init.at : "");
    free(text);
    return said;
}

//  Puts the length into the text of an array.
static void fill_hole(const definition_t *self, char **text, size_t length)
{
    char *filled = *text ? ipc_xformat("%.*s%zu%s", (int) self->hole, *text, length, *text + self->hole) : NULL;
    free(*text);
    *text = filled;
}

static void set_type(const definition_t *self, char **text, const char *before, const char *type)
{
    char *typed = *text ? ipc_xformat("%s%s %s", before, type, self->name) : NULL;
    free(*text);
    *text = typed;
}

void definition_settle(definition_t *self, uint32_t type, size_t length)
{
    static const char *const types[IPC_TYPE_COUNT] = {
        [IPC_TYPE_BOOL] = "_Bool",    [IPC_TYPE_CHAR] = "char",    [IPC_TYPE_I8] = "signed char",
        [IPC_TYPE_I16] = "short",     [IPC_TYPE_I32] = "int",      [IPC_TYPE_I64] = "long",
        [IPC_TYPE_U8] = "unsigned char", [IPC_TYPE_U16] = "unsigned short", [IPC_TYPE_U32] = "unsigned",
        [IPC_TYPE_U64] = "unsigned long", [IPC_TYPE_F32] = "float", [IPC_TYPE_F64] = "double",
        [IPC_TYPE_C64] = "float _Complex", [IPC_TYPE_C128] = "double _Complex",
    };
    if (self->hole > 0) {
        fill_hole(self, &self->text, length);
        fill_hole(self, &self->constant, length);
    } else if (self->is_automatic && type < IPC_TYPE_COUNT && types[type]) {
        set_type(self, &self->text, "", types[type]);
        set_type(self, &self->constant, "const ", types[type]);
    }
    self->hole = 0;
}

//  --- Definitions ---------------------------------------------------------------------------------------------

definition_t *definition_new(cell_kind_t kind, cell_span_t name, char *text_taken)
{
    definition_t *self = ipc_xalloc(sizeof *self);
    *self = (definition_t){.kind = kind, .name = cell_span_text(name), .text = text_taken};
    return self;
}

definition_t *scope_find(const scope_t *self, const char *name)
{
    for (size_t i = self->count; i-- > 0;)
        if (!self->definitions[i]->is_hidden && strcmp(self->definitions[i]->name, name) == 0)
            return self->definitions[i];
    return NULL;
}

cell_kind_t scope_kind(const scope_t *self, const names_t *names, cell_span_t name)
{
    char *text = cell_span_text(name);
    const definition_t *definition = scope_find(self, text);
    bool pushed = !definition && names_get(names, text);
    free(text);
    return definition ? definition->kind : pushed ? CELL_VARIABLE : CELL_STATEMENT;
}

static void remove_at(scope_t *self, size_t i)
{
    definition_free(self->definitions[i]);
    self->count--;
    memmove(&self->definitions[i], &self->definitions[i + 1], (self->count - i) * sizeof self->definitions[0]);
}

void scope_follow(scope_t *self, const names_t *names)
{
    for (size_t i = self->count; i-- > 0;) {
        const definition_t *definition = self->definitions[i];
        const char *label = definition->label ? variable_label(names, definition->name) : NULL;
        if (definition->label && (!label || strcmp(label, definition->label) != 0))
            remove_at(self, i);
    }
}

char *scope_label(const scope_t *self, const char *name)
{
    const ipc_value_t *version = names_get(self->versions, name);
    return ipc_xformat("ipc.%s.%lld", name, (long long) (version ? version->as.i64 + 1 : 1));
}

//  --- What replaces what --------------------------------------------------------------------------------------

//  Whether a text has a word.
typedef struct search {
    const char *word;
    bool found;
} search_t;

static void compare(void *context, cell_span_t word)
{
    search_t *self = context;
    self->found = self->found || cell_span_is(word, self->word);
}

static bool mentions(const char *text, const char *word)
{
    search_t search = {.word = word};
    cell_words((cell_span_t){text, strlen(text)}, compare, &search);
    return search.found;
}

//  Hides what is declared by means of a type or macro. Macros are not: they say their words anew each time.
static void hide_dependents(scope_t *self, const char *name)
{
    const char *blank_at = strrchr(name, ' ');
    char *word = ipc_xstrdup(blank_at ? blank_at + 1 : name); // of "struct P" the tag
    for (size_t i = 0; i < self->count; i++) {
        definition_t *definition = self->definitions[i];
        if (definition->is_hidden || definition->kind == CELL_DIRECTIVE || !mentions(definition->text, word))
            continue;
        definition->is_hidden = true;
        if (definition->kind == CELL_TYPE)
            hide_dependents(self, definition->name);
    }
    free(word);
}

bool scope_has(const scope_t *self, const cell_item_t *item)
{
    if (item->kind != CELL_DIRECTIVE && item->kind != CELL_TYPE)
        return false;
    char *text = scope_text(item);
    bool found = false;
    for (size_t i = 0; !found && i < self->count; i++)
        found = !self->definitions[i]->is_hidden && strcmp(self->definitions[i]->text, text) == 0;
    free(text);
    return found;
}

//  A variable that is declared in the same words is the same one.
static bool is_same(const definition_t *definition, const cell_item_t *item)
{
    if (item->kind != CELL_VARIABLE || definition->kind != CELL_VARIABLE || definition->is_adopted)
        return false;
    char *said = scope_said(item);
    bool same = definition->said && strcmp(said, definition->said) == 0;
    free(said);
    return same;
}

//  Hides what has its type from a variable that is replaced.
static void hide_typed(scope_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++) {
        definition_t *definition = self->definitions[i];
        if (definition->kind == CELL_VARIABLE && strcmp(definition->name, name) != 0 &&
            strstr(definition->text, "typeof") && mentions(definition->text, name))
            definition->is_hidden = true;
    }
}

void scope_hide(scope_t *self, const cell_t *cell)
{
    for (size_t i = 0; i < cell->count; i++) {
        const cell_item_t *item = &cell->items[i];
        if (item->name.size == 0 || item->kind >= CELL_STATEMENT || scope_has(self, item))
            continue;
        char *name = cell_span_text(item->name);
        definition_t *old = scope_find(self, name);
        bool declares = item->kind == CELL_TYPE || item->kind == CELL_DIRECTIVE;
        if (old && !is_same(old, item) && item->kind != CELL_PROTOTYPE) {
            old->is_hidden = true;
            if (declares || old->kind == CELL_TYPE || old->kind == CELL_DIRECTIVE)
                hide_dependents(self, name);
            else
                hide_typed(self, name);
        }
        free(name);
    }
}

void scope_show(scope_t *self)
{
    for (size_t i = 0; i < self->count; i++) self->definitions[i]->is_hidden = false;
}

//  Whoever has the name now goes, types of the same text stay where they are.
static void replace(scope_t *self, definition_t *fresh)
{
    for (size_t i = self->count; fresh->name[0] && i-- > 0;)
        if (strcmp(self->definitions[i]->name, fresh->name) == 0)
            remove_at(self, i);
    if (self->count == self->room)
        self->definitions =
            ipc_xrealloc(self->definitions, (self->room = 2 * self->room + 16) * sizeof self->definitions[0]);
    self->definitions[self->count++] = fresh;
}

void scope_commit(scope_t *self, definition_t **fresh, size_t count)
{
    for (size_t i = self->count; i-- > 0;)
        if (self->definitions[i]->is_hidden)
            remove_at(self, i);
    for (size_t i = 0; i < count; i++) {
        if (fresh[i]->label) {
            const char *dot = strrchr(fresh[i]->label, '.');
            names_set(self->versions, fresh[i]->name, ipc_value_from_i64(strtoll(dot + 1, NULL, 10)));
        }
        replace(self, fresh[i]);
    }
}
