#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cutter.h"

static bool begins_statement(const cell_token_t *token)
{
    static const char *const words[] = {"if",     "else",  "for",      "while", "do",      "switch",         "case",
                                        "default", "goto", "return",   "break", "continue", "asm",   "__asm__",
                                        "_Static_assert", "static_assert", NULL};
    return cutter_is_one_of(token, words);
}

const cell_token_t *cutter_look(const cutter_t *self, size_t ahead)
{
    return &self->tokens[self->at + ahead]; // TOKEN_END stands behind all that is looked at
}

static bool opens(const cell_token_t *token)
{
    return token->kind == TOKEN_MARK && strchr("([{", *token->span.at);
}

size_t cutter_after(const cutter_t *self, size_t i)
{
    return opens(&self->tokens[i]) ? self->tokens[i].partner + 1 : i + 1;
}

cell_span_t cutter_between(const cutter_t *self, size_t first, size_t last)
{
    if (last <= first)
        return (cell_span_t){self->tokens[first].span.at, 0};
    const cell_span_t *end = &self->tokens[last - 1].span;
    return (cell_span_t){self->tokens[first].span.at, (size_t) (end->at + end->size - self->tokens[first].span.at)};
}

cell_item_t *cutter_add(cutter_t *self, cell_kind_t kind)
{
    cell_t *cell = self->cell;
    if (cell->count == cell->room)
        cell->items = ipc_xrealloc(cell->items, (cell->room = 2 * cell->room + 8) * sizeof cell->items[0]);
    cell->items[cell->count] = (cell_item_t){.kind = kind};
    return &cell->items[cell->count++];
}

int cutter_fail(const cutter_t *self, size_t token, const char *text)
{
    self->fault->text = text;
    cell_place(self->source, self->tokens[token].span.at, &self->fault->line, &self->fault->column);
    return -1;
}

//  --- Directives ----------------------------------------------------------------------------------------------

//  "define" of "# define N 3"; what follows it is at rest.
static cell_span_t directive_word(cell_span_t text, cell_span_t *rest)
{
    const char *at = text.at + 1, *end = text.at + text.size;
    while (at < end && isblank((unsigned char) *at)) at++;
    cell_span_t word = {at, 0};
    while (at < end && (isalnum((unsigned char) *at) || *at == '_')) at++;
    word.size = (size_t) (at - word.at);
    while (at < end && isblank((unsigned char) *at)) at++;
    *rest = (cell_span_t){at, (size_t) (end - at)};
    return word;
}

static bool is_condition(cell_span_t word)
{
    return cell_span_is(word, "if") || cell_span_is(word, "ifdef") || cell_span_is(word, "ifndef");
}

//  All to the #endif that belongs to this #if is one item.
static int cut_condition(cutter_t *self)
{
    size_t first = self->at, depth = 0;
    do {
        cell_span_t rest;
        if (cutter_look(self, 0)->kind == TOKEN_END)
            return cutter_fail(self, first, "this #if has no #endif");
        if (cutter_look(self, 0)->kind == TOKEN_DIRECTIVE) {
            cell_span_t word = directive_word(cutter_look(self, 0)->span, &rest);
            depth += is_condition(word);
            depth -= cell_span_is(word, "endif");
        }
        self->at++;
    } while (depth > 0);
    cutter_add(self, CELL_DIRECTIVE)->text = cutter_between(self, first, self->at);
    return 0;
}

static bool begins_with(cell_span_t text, const char *word)
{
    return text.size >= strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

//  Whether a pragma is about the loop or statement behind it.
static bool is_for_statements(cell_span_t pragma)
{
    static const char *const words[] = {"omp declare", "omp threadprivate", "omp", "GCC ivdep", "GCC unroll",
                                        "clang loop",  "unroll",            "acc", NULL};
    for (size_t i = 0; words[i]; i++)
        if (begins_with(pragma, words[i]))
            return i > 1;
    return false;
}

//  "pack(push, 1)", "pack(2)", "pack(pop)", "pack()": the types that follow have it.
static void read_packing(cutter_t *self, cell_span_t pragma)
{
    const char *end = pragma.at + pragma.size, *digit = pragma.at;
    bool pushes = memmem(pragma.at, pragma.size, "push", 4) != NULL;
    while (digit < end && !isdigit((unsigned char) *digit)) digit++;
    cell_span_t packing = {digit, 0};
    while (digit + packing.size < end && isdigit((unsigned char) digit[packing.size])) packing.size++;
    if (self->packing_count > 0 && !pushes)
        self->packing_count--;
    if (packing.size > 0 && self->packing_count < CUTTER_PACKINGS)
        self->packings[self->packing_count++] = packing;
}

static int cut_directive(cutter_t *self)
{
    cell_span_t text = cutter_look(self, 0)->span, rest, word = directive_word(text, &rest);
    bool pragma = cell_span_is(word, "pragma");
    if (is_condition(word))
        return cut_condition(self);
    if (pragma && begins_with(rest, "pack")) {
        read_packing(self, rest);
        self->at++;
        return 0;
    }
    cell_item_t *item = cutter_add(self, pragma && is_for_statements(rest) ? CELL_STATEMENT : CELL_DIRECTIVE);
    item->text = text;
    item->base = word;
    item->name = pragma ? (cell_span_t){rest.at, 0} : rest;
    if (cell_span_is(word, "define") || cell_span_is(word, "undef")) {
        item->name.size = 0;
        while (item->name.size < rest.size &&
               (isalnum((unsigned char) rest.at[item->name.size]) || rest.at[item->name.size] == '_'))
            item->name.size++;
    }
    self->at++;
    return 0;
}

//  --- Statements ----------------------------------------------------------------------------------------------

static void skip_statement(cutter_t *self);

void cutter_skip_semicolon(cutter_t *self)
{
    while (cutter_look(self, 0)->kind != TOKEN_END && !cell_token_is(cutter_look(self, 0), ";"))
        self->at = cutter_after(self, self->at);
    self->at += cell_token_is(cutter_look(self, 0), ";");
}

static void skip_parentheses(cutter_t *self)
{
    if (cell_token_is(cutter_look(self, 0), "("))
        self->at = cutter_after(self, self->at);
}

static void skip_if(cutter_t *self)
{
    self->at++;
    skip_parentheses(self);
    skip_statement(self);
    if (cell_token_is(cutter_look(self, 0), "else")) {
        self->at++;
        skip_statement(self);
    }
}

static void skip_do(cutter_t *self)
{
    self->at++;
    skip_statement(self);
    cutter_skip_semicolon(self);
}

//  "for_each(i, 3) { … }"
static bool is_macro_with_block(const cutter_t *self)
{
    return cutter_look(self, 0)->kind == TOKEN_WORD && cell_token_is(cutter_look(self, 1), "(") &&
           cell_token_is(&self->tokens[cutter_after(self, self->at + 1)], "{");
}

static void skip_statement(cutter_t *self)
{
    const cell_token_t *token = cutter_look(self, 0);
    if (token->kind == TOKEN_END)
        return;
    if (token->kind == TOKEN_DIRECTIVE) {
        self->at++;
        skip_statement(self);
    } else if (cell_token_is(token, "{")) {
        self->at = cutter_after(self, self->at);
    } else if (cell_token_is(token, "if")) {
        skip_if(self);
    } else if (cell_token_is(token, "do")) {
        skip_do(self);
    } else if (cell_token_is(token, "for") || cell_token_is(token, "while") || cell_token_is(token, "switch")) {
        self->at++;
        skip_parentheses(self);
        skip_statement(self);
    } else if (token->kind == TOKEN_WORD && cell_token_is(cutter_look(self, 1), ":")) { // a label
        self->at += 2;
        skip_statement(self);
    } else if (is_macro_with_block(self)) {
        self->at = cutter_after(self, cutter_after(self, self->at + 1));
    } else {
        cutter_skip_semicolon(self);
    }
}

static void cut_statement(cutter_t *self)
{
    size_t first = self->at;
    skip_statement(self);
    cutter_add(self, CELL_STATEMENT)->text = cutter_between(self, first, self->at);
}

//  An expression: with a semicolon it runs, without one it is the cell's value.
static void cut_expression(cutter_t *self)
{
    size_t first = self->at;
    cutter_skip_semicolon(self);
    bool ended = cell_token_is(&self->tokens[self->at - 1], ";");
    cell_item_t *item = cutter_add(self, ended ? CELL_STATEMENT : CELL_VALUE);
    item->text = cutter_between(self, first, self->at);
    item->is_expression = true;
}

static int cut_next(cutter_t *self)
{
    const cell_token_t *token = cutter_look(self, 0);
    if (token->kind == TOKEN_DIRECTIVE)
        return cut_directive(self);
    if (cell_token_is(token, ";")) {
        self->at++;
        return 0;
    }
    bool is_label = token->kind == TOKEN_WORD && cell_token_is(cutter_look(self, 1), ":");
    if (cell_token_is(token, "{") || is_label || begins_statement(token) || is_macro_with_block(self)) {
        cut_statement(self);
        return 0;
    }
    if (cutter_is_declaration(self))
        return cutter_declaration(self);
    cut_expression(self);
    return 0;
}

int cell_split(cell_t *self, const char *source, cell_kind_fn *kind_of, void *context,
               cell_fault_t *fault)
{
    cell_tokens_t tokens;
    *self = (cell_t){0};
    int rc = cell_tokens_read(&tokens, (cell_span_t){source, strlen(source)}, fault);
    // Who looks ahead of a token finds ends.
    enum { BEHIND = 4 };
    tokens.tokens = ipc_xrealloc(tokens.tokens, (tokens.count + BEHIND) * sizeof tokens.tokens[0]);
    for (size_t i = 0; i < BEHIND; i++)
        tokens.tokens[tokens.count + i] = (cell_token_t){.kind = TOKEN_END, .span = {source + strlen(source), 0}};
    cutter_t cutter = {self, source, tokens.tokens, 0, kind_of, context, fault, {{0}}, 0};
    while (!rc && cutter_look(&cutter, 0)->kind != TOKEN_END) rc = cut_next(&cutter);
    cell_tokens_free(&tokens);
    return rc;
}

void cell_free(cell_t *self)
{
    for (size_t i = 0; i < self->made_count; i++) free(self->made[i]);
    free(self->made);
    free(self->items);
    *self = (cell_t){0};
}
