#include "engine/scope.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/variable.h"

const char *const scope_storage[] = {"static", "inline", "__inline", "__inline__", "auto", "register", NULL};
const char *const scope_constant[] = {"static", "inline", "__inline", "__inline__", "auto", "register", "const", NULL};

void scope_init(scope_t *self)
{
    *self = (scope_t){.versions = names_new()};
}

void definition_free(definition_t *self)
{
    free(self->name);
    free(self->text);
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

//  The declarator of an array whose length its initialiser tells: "v[3]".
static char *sized_declarator(const cell_item_t *item, const char *declarator)
{
    const char *bracket = strchr(declarator + (item->name.at - item->declarator.at), '[');
    int before = (int) (bracket + 1 - declarator);
    if (item->elements > 0)
        return ipc_xformat("%.*s%zu%s", before, declarator, item->elements, bracket + 1);
    return ipc_xformat("%.*ssizeof(%.*s)%s", before, declarator, (int) item->init.size, item->init.at, bracket + 1);
}

char *scope_text(const cell_item_t *item)
{
    if (item->kind == CELL_DIRECTIVE || (item->kind == CELL_TYPE && item->base.size == 0))
        return cell_span_text(item->text);
    bool variable = item->kind == CELL_VARIABLE && !item->is_nested;
    char *base = scope_without(item->base, variable && !item->is_pointer ? scope_constant : scope_storage);
    char *declarator = scope_without(item->declarator, variable ? scope_constant : scope_storage);
    if (item->kind == CELL_VARIABLE && item->is_unsized && item->init.size > 0) {
        char *sized = sized_declarator(item, declarator);
        free(declarator);
        declarator = sized;
    }
    char *text = ipc_xformat("%s %s", base, declarator);
    free(base);
    free(declarator);
    return text;
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
    char *text = scope_text(item);
    bool same = strcmp(text, definition->text) == 0;
    free(text);
    return same;
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
