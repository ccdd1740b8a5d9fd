#include "engine/cuda_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cell_tokens.h"

//  The tokens of one item, first to end, and what was found among them; numbers of tokens, 0: none.
typedef struct sight {
    const cell_token_t *tokens;
    size_t first, end;
    size_t parameters;                 // the parenthesis that opens them
    size_t brace;                      // the first one
    size_t keyword;                    // struct, class, union or enum
    size_t equals;
    bool is_template, is_global, is_extern, is_const, is_pointer, is_constant;
} sight_t;

static bool is_mark(const cell_token_t *token, char c)
{
    return token->kind == TOKEN_MARK && *token->span.at == c;
}

static bool is_one_of(const cell_token_t *token, const char *const words[])
{
    for (size_t i = 0; words[i]; i++)
        if (token->kind == TOKEN_WORD && cell_span_is(token->span, words[i]))
            return true;
    return false;
}

static cell_span_t span_of(const cell_token_t *first, const cell_token_t *last)
{
    return (cell_span_t){first->span.at, (size_t) (last->span.at + last->span.size - first->span.at)};
}

//  --- One item ------------------------------------------------------------------------------------------------

//  Past the angle brackets that begin here, if they do.
static size_t skip_angles(const cell_token_t *tokens, size_t i)
{
    size_t depth = 0;
    if (!is_mark(&tokens[i], '<'))
        return i;
    do {
        depth += is_mark(&tokens[i], '<');
        depth -= is_mark(&tokens[i], '>');
        i = tokens[i].kind == TOKEN_MARK && strchr("([{", *tokens[i].span.at) ? tokens[i].partner + 1 : i + 1;
    } while (depth > 0 && tokens[i].kind != TOKEN_END);
    return i;
}

static void note_word(sight_t *self, size_t i)
{
    static const char *const types[] = {"struct", "class", "union", "enum", NULL};
    static const char *const constants[] = {"const", "constexpr", NULL};
    const cell_token_t *word = &self->tokens[i];
    if (!self->parameters && !self->equals && is_one_of(word, types))
        self->keyword = i + 1;
    self->is_global = self->is_global || cell_token_is(word, "__global__");
    self->is_extern = self->is_extern || cell_token_is(word, "extern");
    self->is_constant = self->is_constant || cell_token_is(word, "__constant__");
    self->is_const = self->is_const || is_one_of(word, constants);
}

//  Words with parentheses of their own, which are no parameters.
static bool is_attribute(const cell_token_t *word)
{
    static const char *const words[] = {
        "__launch_bounds__", "__attribute__", "__align__", "alignas", "__declspec", "__cluster_dims__", "__maxnreg__",
        "__block_size__", "decltype", "noexcept", NULL};
    return is_one_of(word, words);
}

//  Whether this parenthesis opens the parameters: there are none yet, and a name stands before it.
static bool begins_parameters(const sight_t *self, size_t i)
{
    if (self->parameters || self->equals || i == self->first || !is_mark(&self->tokens[i], '(') ||
        is_mark(&self->tokens[i + 1], '*')) // "(*f)(int)"
        return false;
    for (size_t k = i; k-- > self->first && i - k <= 4;) // "operator+", "operator()"
        if (cell_token_is(&self->tokens[k], "operator"))
            return i - k > 1;
    return self->tokens[i - 1].kind == TOKEN_WORD || is_mark(&self->tokens[i - 1], '>');
}

//  The end of the text, or of the block around.
static bool ends_all(const cell_token_t *token)
{
    return token->kind == TOKEN_END || is_mark(token, '}');
}

//  Looks at an item that begins here, and finds its end: a semicolon, or the brace that closes a body.
static void look(sight_t *self)
{
    const cell_token_t *tokens = self->tokens;
    size_t i = self->first;
    for (; cell_token_is(&tokens[i], "template"); self->is_template = true) i = skip_angles(tokens, i + 1);
    for (; !ends_all(&tokens[i]) && !is_mark(&tokens[i], ';'); i++) {
        if (tokens[i].kind == TOKEN_WORD) {
            note_word(self, i);
            if (is_attribute(&tokens[i]) && is_mark(&tokens[i + 1], '('))
                i = tokens[i + 1].partner;
        } else if (is_mark(&tokens[i], '(') || is_mark(&tokens[i], '[')) {
            if (begins_parameters(self, i))
                self->parameters = i;
            i = tokens[i].partner;
        } else if (is_mark(&tokens[i], '{')) {
            self->brace = self->brace ? self->brace : i;
            i = tokens[i].partner;
            if (!self->equals && (self->parameters || !self->keyword)) {
                self->end = i + 1; // it was a body
                return;
            }
        } else if (is_mark(&tokens[i], '=') && !self->parameters) {
            self->equals = self->equals ? self->equals : i;
        } else if (is_mark(&tokens[i], '*') && !self->parameters && !self->equals) {
            self->is_pointer = true;
        }
    }
    self->end = ends_all(&tokens[i]) ? i : i + 1;
}

//  --- Names ---------------------------------------------------------------------------------------------------

//  The function's: "f", "P::f", "operator+".
static cell_span_t function_name(const sight_t *self)
{
    const cell_token_t *tokens = self->tokens;
    size_t last = self->parameters - 1, first = last;
    for (size_t k = last; k + 4 > last && k > self->first; k--)
        if (cell_token_is(&tokens[k], "operator"))
            return span_of(&tokens[k], &tokens[last]);
    while (first >= self->first + 3 && is_mark(&tokens[first - 1], ':') && is_mark(&tokens[first - 2], ':')) first -= 3;
    return span_of(&tokens[first], &tokens[last]);
}

//  Of a type with a keyword: the last word before its body, but for those of bases and attributes.
static cell_span_t tag_name(const sight_t *self)
{
    cell_span_t name = {0};
    for (size_t i = self->keyword; i < self->end; i++) {
        const cell_token_t *token = &self->tokens[i];
        if (is_mark(token, '{') || is_mark(token, ':') || is_mark(token, '<'))
            break;
        if (is_attribute(token) && is_mark(token + 1, '('))
            i = token[1].partner;
        else if (token->kind == TOKEN_WORD)
            name = token->span;
    }
    return name;
}

//  Of a variable or a typedef: the last word before its end, an initialiser or brackets; of "(*f)(int)" the f.
static cell_span_t declarator_name(const sight_t *self)
{
    cell_span_t name = {0};
    for (size_t i = self->first; i < self->end; i++) {
        const cell_token_t *token = &self->tokens[i];
        if (token->kind == TOKEN_WORD)
            name = token->span;
        else if (is_mark(token, '(') && is_mark(token + 1, '*') && token[2].kind == TOKEN_WORD)
            return token[2].span;
        else if (is_mark(token, '{') && self->keyword && !self->equals)
            i = token->partner;
        else if (is_mark(token, '=') || is_mark(token, '[') || is_mark(token, '{') || is_mark(token, ','))
            break;
    }
    return name;
}

//  --- Items ---------------------------------------------------------------------------------------------------

static cuda_item_t *add_item(cuda_text_t *self, cuda_item_kind_t kind, cell_span_t text)
{
    if (self->count == self->room)
        self->items = ipc_xrealloc(self->items, (self->room = 2 * self->room + 16) * sizeof self->items[0]);
    self->items[self->count] = (cuda_item_t){.kind = kind, .text = text};
    return &self->items[self->count++];
}

static void read_items(cuda_text_t *self, const cell_token_t *tokens, size_t first, size_t end, bool is_inside);

static void add_function(cuda_text_t *self, const sight_t *sight, cell_span_t text, bool is_inside)
{
    const cell_token_t *open = &sight->tokens[sight->parameters], *close = &sight->tokens[open->partner];
    bool is_kernel = sight->is_global && !sight->is_template;
    if (is_inside && !is_kernel)
        return;
    cuda_item_t *item = add_item(self, is_kernel ? CUDA_KERNEL : CUDA_SHARED, text);
    item->name = function_name(sight);
    item->parameters = (cell_span_t){open->span.at + 1, (size_t) (close->span.at - open->span.at - 1)};
    item->is_linked = sight->is_extern;
    item->is_prototype = !sight->brace;
    item->is_inside = is_inside;
}

//  A block "extern "C" { … }" or "namespace n { … }", with the kernels in it.
static void add_block(cuda_text_t *self, const sight_t *sight, cell_span_t text)
{
    size_t count = self->count + 1;
    add_item(self, CUDA_SHARED, text);
    read_items(self, sight->tokens, sight->brace + 1, sight->tokens[sight->brace].partner, true);
    for (; sight->is_extern && count < self->count; count++) self->items[count].is_linked = true;
}

//  A constant lasts; another variable is memory, and that of a module cannot be seen from another one.
static void add_variable(cuda_text_t *self, const sight_t *sight, cell_span_t text)
{
    bool lasts = sight->is_extern || (sight->is_const && !sight->is_pointer && !sight->is_constant);
    cuda_item_t *item = add_item(self, lasts ? CUDA_SHARED : CUDA_OWN, text);
    item->name = declarator_name(sight);
}

//  A type; one with variables behind it is theirs.
static void add_type(cuda_text_t *self, const sight_t *sight, cell_span_t text)
{
    bool has_variables = sight->brace && !is_mark(&sight->tokens[sight->tokens[sight->brace].partner + 1], ';');
    cuda_item_t *item = add_item(self, has_variables ? CUDA_OWN : CUDA_SHARED, text);
    item->name = tag_name(sight);
}

static void add_declaration(cuda_text_t *self, const sight_t *sight, bool is_inside)
{
    const cell_token_t *first = &sight->tokens[sight->first];
    cell_span_t text = span_of(first, &sight->tokens[sight->end - 1]);
    bool is_block = sight->brace && !sight->parameters &&
                    (cell_token_is(first, "namespace") || (sight->is_extern && first[1].kind == TOKEN_TEXT &&
                                                           sight->brace == sight->first + 2));
    if (is_block)
        add_block(self, sight, text);
    else if (sight->parameters)
        add_function(self, sight, text, is_inside);
    else if (is_inside)
        return;
    else if (cell_token_is(first, "typedef"))
        add_item(self, CUDA_SHARED, text)->name = declarator_name(sight);
    else if (cell_token_is(first, "using") || cell_token_is(first, "namespace") || sight->is_template)
        add_item(self, CUDA_SHARED, text)->name =
            sight->keyword ? tag_name(sight) : sight->equals ? declarator_name(sight) : (cell_span_t){0};
    else if (sight->keyword && sight->brace && !sight->equals)
        add_type(self, sight, text);
    else if (sight->keyword && sight->end == sight->first + 3)
        add_item(self, CUDA_SHARED, text); // "struct P;" says nothing of P
    else
        add_variable(self, sight, text);
}

//  Whether a directive begins with this word.
static bool directive_is(const cell_token_t *token, const char *word)
{
    const char *at = token->span.at + 1, *end = token->span.at + token->span.size;
    while (at < end && isblank((unsigned char) *at)) at++;
    return (size_t) (end - at) >= strlen(word) && strncmp(at, word, strlen(word)) == 0;
}

//  The last token of a directive: of an #if its #endif.
static size_t directive_end(const cell_token_t *tokens, size_t first, size_t end)
{
    size_t depth = 0;
    for (size_t i = first; i < end; i++) {
        if (tokens[i].kind != TOKEN_DIRECTIVE)
            continue;
        depth += directive_is(&tokens[i], "if");
        depth -= depth > 0 && directive_is(&tokens[i], "endif");
        if (depth == 0)
            return i;
    }
    return end - 1;
}

static void add_directive(cuda_text_t *self, const cell_token_t *first, const cell_token_t *last)
{
    cuda_item_t *item = add_item(self, CUDA_SHARED, span_of(first, last));
    if (!directive_is(first, "define"))
        return;
    const char *at = strstr(first->span.at, "define") + strlen("define"), *end = first->span.at + first->span.size;
    while (at < end && isblank((unsigned char) *at)) at++;
    item->name.at = at;
    while (at < end && (isalnum((unsigned char) *at) || *at == '_')) at++;
    item->name.size = (size_t) (at - item->name.at);
}

static void read_items(cuda_text_t *self, const cell_token_t *tokens, size_t first, size_t end, bool is_inside)
{
    for (size_t i = first; i < end;) {
        if (tokens[i].kind == TOKEN_DIRECTIVE) {
            size_t last = directive_end(tokens, i, end);
            if (!is_inside)
                add_directive(self, &tokens[i], &tokens[last]);
            i = last + 1;
        } else if (is_mark(&tokens[i], ';')) {
            i++;
        } else {
            sight_t sight = {.tokens = tokens, .first = i};
            look(&sight);
            add_declaration(self, &sight, is_inside);
            i = sight.end;
        }
    }
}

int cuda_text_read(cuda_text_t *self, const char *source, cell_fault_t *fault)
{
    cell_tokens_t tokens;
    *self = (cuda_text_t){0};
    int rc = cell_tokens_read(&tokens, (cell_span_t){source, strlen(source)}, fault);
    if (!rc)
        read_items(self, tokens.tokens, 0, tokens.count - 1, false);
    cell_tokens_free(&tokens);
    return rc;
}

void cuda_text_free(cuda_text_t *self)
{
    free(self->items);
    *self = (cuda_text_t){0};
}
