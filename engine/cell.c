#include "engine/cell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cell_tokens.h"

//  A cell that is being cut.
typedef struct cutter {
    cell_t *cell;
    const char *source;
    const cell_token_t *tokens;
    size_t at;                         // the token that is looked at
    cell_is_variable_fn *is_variable;
    void *context;
    cell_fault_t *fault;
} cutter_t;

static bool is_one_of(const cell_token_t *token, const char *const words[])
{
    if (token->kind != TOKEN_WORD)
        return false;
    for (size_t i = 0; words[i]; i++)
        if (cell_span_is(token->span, words[i]))
            return true;
    return false;
}

static bool begins_statement(const cell_token_t *token)
{
    static const char *const words[] = {"if",   "else", "for",    "while", "do",      "switch",         "case", "default",
                                        "goto", "return", "break", "continue", "asm", "__asm__", "_Static_assert",
                                        "static_assert", NULL};
    return is_one_of(token, words);
}

//  Words that say how a thing is declared, not of what type.
static bool is_qualifier(const cell_token_t *token)
{
    static const char *const words[] = {"const",        "volatile", "static",        "extern",     "inline",
                                        "__inline",     "__inline__", "register",    "restrict",   "__restrict",
                                        "_Thread_local", "thread_local", "__thread", "_Noreturn",  "__extension__",
                                        "auto",         NULL};
    return is_one_of(token, words);
}

static bool is_type_word(const cell_token_t *token)
{
    static const char *const words[] = {"void", "char",     "short",    "int",     "long",       "float",     "double",
                                        "bool", "_Bool",    "signed",   "unsigned", "complex",   "_Complex",  "__auto_type",
                                        "__int128", "_Float16", "_Float128", NULL};
    return is_one_of(token, words);
}

//  Words that take something in parentheses.
static bool takes_parentheses(const cell_token_t *token)
{
    static const char *const words[] = {"__attribute__", "_Alignas", "alignas", "_Atomic", NULL};
    return is_one_of(token, words);
}

static bool is_typeof(const cell_token_t *token)
{
    static const char *const words[] = {"typeof", "__typeof__", "__typeof", NULL};
    return is_one_of(token, words);
}

static bool is_tag_word(const cell_token_t *token)
{
    static const char *const words[] = {"struct", "union", "enum", NULL};
    return is_one_of(token, words);
}

static const cell_token_t *look(const cutter_t *self, size_t ahead)
{
    return &self->tokens[self->at + ahead]; // TOKEN_END stands behind all that is looked at
}

static bool opens(const cell_token_t *token)
{
    return token->kind == TOKEN_MARK && strchr("([{", *token->span.at);
}

//  The token behind this one, and behind its brackets.
static size_t after(const cutter_t *self, size_t i)
{
    return opens(&self->tokens[i]) ? self->tokens[i].partner + 1 : i + 1;
}

//  From the first token to the end of the one before the last.
static cell_span_t between(const cutter_t *self, size_t first, size_t last)
{
    if (last <= first)
        return (cell_span_t){self->tokens[first].span.at, 0};
    const cell_span_t *end = &self->tokens[last - 1].span;
    return (cell_span_t){self->tokens[first].span.at, (size_t) (end->at + end->size - self->tokens[first].span.at)};
}

static cell_item_t *add(cutter_t *self, cell_kind_t kind)
{
    cell_t *cell = self->cell;
    if (cell->count == cell->room)
        cell->items = ipc_xrealloc(cell->items, (cell->room = 2 * cell->room + 8) * sizeof cell->items[0]);
    cell->items[cell->count] = (cell_item_t){.kind = kind};
    return &cell->items[cell->count++];
}

static int fail_at(const cutter_t *self, size_t token, const char *text)
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
        if (look(self, 0)->kind == TOKEN_END)
            return fail_at(self, first, "this #if has no #endif");
        if (look(self, 0)->kind == TOKEN_DIRECTIVE) {
            cell_span_t word = directive_word(look(self, 0)->span, &rest);
            depth += is_condition(word);
            depth -= cell_span_is(word, "endif");
        }
        self->at++;
    } while (depth > 0);
    add(self, CELL_DIRECTIVE)->text = between(self, first, self->at);
    return 0;
}

static int cut_directive(cutter_t *self)
{
    cell_span_t text = look(self, 0)->span, rest, word = directive_word(text, &rest);
    if (is_condition(word))
        return cut_condition(self);
    cell_item_t *item = add(self, cell_span_is(word, "pragma") ? CELL_STATEMENT : CELL_DIRECTIVE);
    item->text = text;
    item->base = word;
    item->name = rest;
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

static void skip_semicolon(cutter_t *self)
{
    while (look(self, 0)->kind != TOKEN_END && !cell_token_is(look(self, 0), ";"))
        self->at = after(self, self->at);
    self->at += cell_token_is(look(self, 0), ";");
}

static void skip_parentheses(cutter_t *self)
{
    if (cell_token_is(look(self, 0), "("))
        self->at = after(self, self->at);
}

static void skip_if(cutter_t *self)
{
    self->at++;
    skip_parentheses(self);
    skip_statement(self);
    if (cell_token_is(look(self, 0), "else")) {
        self->at++;
        skip_statement(self);
    }
}

static void skip_do(cutter_t *self)
{
    self->at++;
    skip_statement(self);
    skip_semicolon(self);
}

static void skip_statement(cutter_t *self)
{
    const cell_token_t *token = look(self, 0);
    if (token->kind == TOKEN_END)
        return;
    if (token->kind == TOKEN_DIRECTIVE) {
        self->at++;
        skip_statement(self);
    } else if (cell_token_is(token, "{")) {
        self->at = after(self, self->at);
    } else if (cell_token_is(token, "if")) {
        skip_if(self);
    } else if (cell_token_is(token, "do")) {
        skip_do(self);
    } else if (cell_token_is(token, "for") || cell_token_is(token, "while") || cell_token_is(token, "switch")) {
        self->at++;
        skip_parentheses(self);
        skip_statement(self);
    } else if (token->kind == TOKEN_WORD && cell_token_is(look(self, 1), ":")) { // a label
        self->at += 2;
        skip_statement(self);
    } else {
        skip_semicolon(self);
    }
}

static void cut_statement(cutter_t *self)
{
    size_t first = self->at;
    skip_statement(self);
    add(self, CELL_STATEMENT)->text = between(self, first, self->at);
}

//  An expression: with a semicolon it runs, without one it is the cell's value.
static void cut_expression(cutter_t *self)
{
    size_t first = self->at;
    skip_semicolon(self);
    bool ended = cell_token_is(&self->tokens[self->at - 1], ";");
    add(self, ended ? CELL_STATEMENT : CELL_VALUE)->text = between(self, first, self->at);
}

//  --- Declarations --------------------------------------------------------------------------------------------

//  A name that this cell has declared before counts too.
static bool is_variable(const cutter_t *self, cell_span_t name)
{
    for (size_t i = self->cell->count; i-- > 0;) {
        const cell_item_t *item = &self->cell->items[i];
        if (item->kind != CELL_DIRECTIVE && cell_span_equal(item->name, name))
            return item->kind == CELL_VARIABLE;
    }
    return self->is_variable(self->context, name);
}

//  "T x", "T *x = …": T is a type that the cell does not show as one.
static bool begins_with_type_name(const cutter_t *self)
{
    static const char *const operators[] = {"sizeof",   "_Alignof", "__alignof__", "__real__",
                                            "__imag__", "_Generic", NULL};
    const cell_token_t *token = look(self, 0);
    size_t ahead = 1;
    if (token->kind != TOKEN_WORD || is_one_of(token, operators))
        return false;
    while (cell_token_is(look(self, ahead), "*") || is_qualifier(look(self, ahead))) ahead++;
    if (look(self, ahead)->kind != TOKEN_WORD)
        return false;
    if (ahead == 1)
        return true;
    const cell_token_t *next = look(self, ahead + 1);
    bool goes_on = next->kind == TOKEN_MARK && strchr("=;,[(", *next->span.at);
    return goes_on && !is_variable(self, token->span);
}

static bool begins_declaration(const cutter_t *self)
{
    const cell_token_t *token = look(self, 0);
    return is_qualifier(token) || is_type_word(token) || is_tag_word(token) || is_typeof(token) ||
           takes_parentheses(token) || cell_token_is(token, "typedef") || begins_with_type_name(self);
}

//  Where the part before the declarators ends.
//      braces   written: of a struct, union or enum its body's first token, 0: none
static size_t end_of_base(const cutter_t *self, size_t i, size_t *tag, size_t *braces)
{
    bool typed = false;
    for (;;) {
        const cell_token_t *token = &self->tokens[i];
        if (is_tag_word(token)) {
            *tag = i++;
            while (takes_parentheses(&self->tokens[i])) i = after(self, i + 1);
            i += self->tokens[i].kind == TOKEN_WORD;
            if (cell_token_is(&self->tokens[i], "{")) {
                *braces = i;
                i = after(self, i);
            }
            typed = true;
        } else if (takes_parentheses(token) && cell_token_is(token + 1, "(")) {
            i = after(self, i + 1);
        } else if (is_typeof(token)) {
            i = after(self, i + 1);
            typed = true;
        } else if (is_type_word(token) || (token->kind == TOKEN_WORD && !typed && !is_qualifier(token))) {
            i++;
            typed = true;
        } else if (is_qualifier(token) || cell_token_is(token, "typedef")) {
            i++;
        } else {
            return i;
        }
    }
}

//  Where a declarator and its initialiser end: at a comma, a semicolon, a body.
static size_t end_of_declarator(const cutter_t *self, size_t i)
{
    const cell_token_t *token;
    while ((token = &self->tokens[i])->kind != TOKEN_END && token->kind != TOKEN_DIRECTIVE &&
           !cell_token_is(token, ",") && !cell_token_is(token, ";") && !cell_token_is(token, "=") &&
           !cell_token_is(token, "{"))
        i = after(self, i);
    return i;
}

static size_t count_members(const cutter_t *self, size_t brace)
{
    size_t count = 0, close = self->tokens[brace].partner;
    for (size_t i = brace + 1, first = i; i <= close; i = after(self, i))
        if (i == close || cell_token_is(&self->tokens[i], ",")) {
            count += i > first;
            first = i + 1;
        }
    return count;
}

//  What a declarator declares: looks for its name, and at what stands around it.
static void read_declarator(const cutter_t *self, size_t first, size_t end, cell_item_t *item)
{
    size_t i = first;
    item->declarator = between(self, first, end);
    for (; i < end; i++) { // into parentheses
        const cell_token_t *token = &self->tokens[i];
        item->is_pointer = item->is_pointer || cell_token_is(token, "*");
        item->is_nested = item->is_nested || cell_token_is(token, "(");
        if (token->kind == TOKEN_WORD && !is_qualifier(token) && !takes_parentheses(token))
            break;
        if (takes_parentheses(token) && cell_token_is(token + 1, "("))
            i = after(self, i + 1) - 1;
    }
    item->name = i < end ? self->tokens[i].span : (cell_span_t){0};
    for (i++; i < end && cell_token_is(&self->tokens[i], "["); i = after(self, i)) {
        item->is_unsized = item->is_unsized || (item->dimensions == 0 && self->tokens[i].partner == i + 1);
        item->dimensions++;
    }
    if (i < end && cell_token_is(&self->tokens[i], "(") && !item->is_nested) {
        item->kind = CELL_PROTOTYPE;
        item->parameters = between(self, i + 1, self->tokens[i].partner);
    }
}

static bool has_word(const cutter_t *self, size_t first, size_t end, const char *word)
{
    for (size_t i = first; i < end; i = after(self, i))
        if (cell_token_is(&self->tokens[i], word))
            return true;
    return false;
}

//  The types that a declaration makes: "struct P {…}" lasts by itself.
static void add_type(cutter_t *self, size_t tag, size_t braces)
{
    cell_item_t *type = add(self, CELL_TYPE);
    type->text = between(self, tag, after(self, braces));
    type->name = braces > tag + 1 ? between(self, tag, braces) : type->text;
}

static int cut_typedef(cutter_t *self, size_t base_end, size_t tag, size_t braces)
{
    size_t first = self->at;
    if (braces && braces > tag + 1) // "typedef struct P {…} p": P by itself, too
        add_type(self, tag, braces);
    cell_item_t item = {0};
    size_t end = end_of_declarator(self, base_end);
    read_declarator(self, base_end, end, &item);
    skip_semicolon(self);
    size_t last = self->at - cell_token_is(&self->tokens[self->at - 1], ";");
    cell_item_t *type = add(self, CELL_TYPE);
    type->text = between(self, first, last);
    type->name = item.name;
    if (!braces || braces == tag + 1)
        return 0;
    // The struct stands there already: "typedef struct P" and the names.
    type->base = between(self, first, braces);
    type->declarator = between(self, base_end, last);
    return 0;
}

//  One of a declaration's declarators, and what is behind it.
static int cut_declarator(cutter_t *self, cell_span_t base, bool is_extern, size_t first, size_t *next)
{
    size_t end = end_of_declarator(self, first);
    cell_item_t *item = add(self, CELL_VARIABLE);
    item->base = base;
    read_declarator(self, first, end, item);
    item->text = item->declarator;
    if (item->name.size == 0)
        return fail_at(self, first, "a name was expected here");
    if (is_extern)
        item->kind = CELL_PROTOTYPE;
    if (cell_token_is(&self->tokens[end], "=")) {
        size_t init = end + 1;
        for (end = init; !cell_token_is(&self->tokens[end], ",") && !cell_token_is(&self->tokens[end], ";") &&
                         self->tokens[end].kind != TOKEN_END;)
            end = after(self, end);
        item->init = between(self, init, end);
        if (cell_token_is(&self->tokens[init], "{"))
            item->elements = count_members(self, init);
    } else if (cell_token_is(&self->tokens[end], "{") && item->kind == CELL_PROTOTYPE) {
        item->kind = CELL_FUNCTION;
        item->body = between(self, end, after(self, end));
        end = after(self, end);
    }
    *next = end;
    return 0;
}

static int cut_declaration(cutter_t *self)
{
    size_t first = self->at, tag = 0, braces = 0, end = end_of_base(self, first, &tag, &braces);
    if (has_word(self, first, end, "typedef"))
        return cut_typedef(self, end, tag, braces);
    cell_span_t base = between(self, first, end);
    bool declares = !cell_token_is(&self->tokens[end], ";") && self->tokens[end].kind != TOKEN_END;
    if (braces && declares && braces == tag + 1)
        return fail_at(self, tag, "give the struct, union or enum a name: variables of one without cannot last");
    if (braces) {
        add_type(self, tag, braces);
        base.size = (size_t) (self->tokens[braces - 1].span.at + self->tokens[braces - 1].span.size - base.at);
    } else if (!declares) { // "struct P;"
        add(self, CELL_TYPE)->text = base;
    }
    bool is_extern = has_word(self, first, end, "extern");
    while (declares) {
        size_t next = end;
        if (cut_declarator(self, base, is_extern, end, &next))
            return -1;
        self->at = next;
        if (self->cell->items[self->cell->count - 1].kind == CELL_FUNCTION)
            return 0;
        declares = cell_token_is(look(self, 0), ",");
        end = next + 1;
    }
    if (self->at < end && !cell_token_is(look(self, 0), ";"))
        self->at = end;
    if (look(self, 0)->kind != TOKEN_END && !cell_token_is(look(self, 0), ";"))
        return fail_at(self, self->at, "a semicolon was expected before this");
    self->at += cell_token_is(look(self, 0), ";");
    return 0;
}

static int cut_next(cutter_t *self)
{
    const cell_token_t *token = look(self, 0);
    if (token->kind == TOKEN_DIRECTIVE)
        return cut_directive(self);
    if (cell_token_is(token, ";")) {
        self->at++;
        return 0;
    }
    bool is_label = token->kind == TOKEN_WORD && cell_token_is(look(self, 1), ":");
    if (cell_token_is(token, "{") || is_label || begins_statement(token)) {
        cut_statement(self);
        return 0;
    }
    if (begins_declaration(self))
        return cut_declaration(self);
    cut_expression(self);
    return 0;
}

int cell_split(cell_t *self, const char *source, cell_is_variable_fn *is_variable_before, void *context,
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
    cutter_t cutter = {self, source, tokens.tokens, 0, is_variable_before, context, fault};
    while (!rc && look(&cutter, 0)->kind != TOKEN_END) rc = cut_next(&cutter);
    cell_tokens_free(&tokens);
    return rc;
}

void cell_free(cell_t *self)
{
    free(self->items);
    *self = (cell_t){0};
}
