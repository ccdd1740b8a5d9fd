//  Cutting declarations: types, variables, prototypes, functions.
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cutter.h"

bool cutter_is_one_of(const cell_token_t *token, const char *const words[])
{
    if (token->kind != TOKEN_WORD)
        return false;
    for (size_t i = 0; words[i]; i++)
        if (cell_span_is(token->span, words[i]))
            return true;
    return false;
}

//  Words that say how a thing is declared, not of what type.
bool cutter_is_qualifier(const cell_token_t *token)
{
    static const char *const words[] = {"const",        "volatile", "static",        "extern",     "inline",
                                        "__inline",     "__inline__", "register",    "restrict",   "__restrict",
                                        "_Thread_local", "thread_local", "__thread", "_Noreturn",  "__extension__",
                                        "auto", "__const", "__volatile__", "noreturn", NULL};
    return cutter_is_one_of(token, words);
}

static bool is_type_word(const cell_token_t *token)
{
    static const char *const words[] = {
        "void",     "char",     "short",   "int",         "long",     "float",    "double",   "bool",      "_Bool",
        "signed",   "unsigned", "complex", "_Complex",    "__int128", "_Float16", "_Float32", "_Float64",  "_Float128",
        "__float128", "__auto_type", NULL};
    return cutter_is_one_of(token, words);
}

//  Types that headers declare, as far as names tell.
static bool is_header_type(const cell_token_t *token)
{
    static const char *const words[] = {"FILE", "DIR", "va_list", "fpos_t", NULL};
    cell_span_t name = token->span;
    return cutter_is_one_of(token, words) ||
           (token->kind == TOKEN_WORD && name.size > 2 && memcmp(name.at + name.size - 2, "_t", 2) == 0);
}

//  Words that take something in parentheses.
static bool takes_parentheses(const cell_token_t *token)
{
    static const char *const words[] = {"__attribute__", "__attribute", "_Alignas", "alignas", "_Atomic", NULL};
    return cutter_is_one_of(token, words);
}

static bool is_typeof(const cell_token_t *token)
{
    static const char *const words[] = {"typeof", "__typeof__", "__typeof", NULL};
    return cutter_is_one_of(token, words);
}

static bool is_tag_word(const cell_token_t *token)
{
    static const char *const words[] = {"struct", "union", "enum", NULL};
    return cutter_is_one_of(token, words);
}

//  "[[nodiscard]]"
static bool is_bracketed_attribute(const cell_token_t *token)
{
    return cell_token_is(token, "[") && cell_token_is(token + 1, "[");
}

//  --- What begins a declaration -------------------------------------------------------------------------------

//  What the cell has declared before counts first.
cell_kind_t cutter_kind_of(const cutter_t *self, cell_span_t name)
{
    for (size_t i = self->cell->count; i-- > 0;) {
        const cell_item_t *item = &self->cell->items[i];
        if (item->kind < CELL_STATEMENT && cell_span_equal(item->name, name))
            return item->kind;
    }
    return self->kind_of(self->context, name);
}

static bool is_type(const cutter_t *self, const cell_token_t *token)
{
    cell_kind_t kind = cutter_kind_of(self, token->span);
    return kind == CELL_TYPE || (kind == CELL_STATEMENT && is_header_type(token));
}

//  "T x", "T *x = …", "T (*x)[3]": T is a type that the cell does not show as one.
static bool begins_with_type_name(const cutter_t *self)
{
    static const char *const operators[] = {"sizeof",   "_Alignof", "__alignof__", "alignof", "__real__",
                                            "__imag__", "_Generic", NULL};
    const cell_token_t *token = cutter_look(self, 0);
    size_t ahead = 1;
    if (token->kind != TOKEN_WORD || cutter_is_one_of(token, operators))
        return false;
    bool known = is_type(self, token);
    while (cell_token_is(cutter_look(self, ahead), "*") || cutter_is_qualifier(cutter_look(self, ahead))) ahead++;
    if (cutter_look(self, ahead)->kind != TOKEN_WORD)
        return known && cell_token_is(cutter_look(self, ahead), "(");
    if (ahead == 1 || known)
        return true;
    const cell_token_t *next = cutter_look(self, ahead + 1);
    bool goes_on = next->kind == TOKEN_MARK && strchr("=;,[(", *next->span.at);
    cell_kind_t kind = cutter_kind_of(self, token->span);
    return goes_on && kind != CELL_VARIABLE && kind != CELL_PROTOTYPE;
}

bool cutter_is_declaration(const cutter_t *self)
{
    const cell_token_t *token = cutter_look(self, 0);
    return cutter_is_qualifier(token) || is_type_word(token) || is_tag_word(token) || is_typeof(token) ||
           takes_parentheses(token) || cell_token_is(token, "typedef") || is_bracketed_attribute(token) ||
           begins_with_type_name(self);
}

//  --- The part before the declarators -------------------------------------------------------------------------

//  What a declaration begins with.
typedef struct base {
    size_t first, end;
    size_t tag;                        // "struct", if there is such a word
    size_t braces;                     // of its body; 0: it has none
    size_t body_end;                   // behind it, and its attributes
    bool is_typed;                     // something says what type it is
    bool has_tag, is_extern, is_typedef, is_automatic;
} base_t;

static bool is_unnamed(const base_t *self)
{
    return self->braces && self->braces == self->tag + 1;
}

static size_t skip_attributes(const cutter_t *self, size_t i)
{
    while (takes_parentheses(&self->tokens[i]) && cell_token_is(&self->tokens[i + 1], "("))
        i = cutter_after(self, i + 1);
    return i;
}

static size_t read_tag(const cutter_t *self, size_t i, base_t *base)
{
    base->has_tag = true;
    base->tag = i;
    i = skip_attributes(self, i + 1);
    i += self->tokens[i].kind == TOKEN_WORD;
    if (cell_token_is(&self->tokens[i], "{")) {
        base->braces = i;
        i = base->body_end = skip_attributes(self, cutter_after(self, i));
    }
    return i;
}

static base_t read_base(const cutter_t *self)
{
    base_t base = {.first = self->at};
    bool is_auto = false;
    size_t i = base.first;
    for (;;) {
        const cell_token_t *token = &self->tokens[i];
        base.is_extern = base.is_extern || cell_token_is(token, "extern");
        base.is_typedef = base.is_typedef || cell_token_is(token, "typedef");
        base.is_automatic = base.is_automatic || cell_token_is(token, "__auto_type");
        is_auto = is_auto || cell_token_is(token, "auto");
        bool typed = true;
        if (is_tag_word(token)) {
            i = read_tag(self, i, &base);
        } else if (takes_parentheses(token) && cell_token_is(token + 1, "(")) {
            i = cutter_after(self, i + 1);
            typed = cell_token_is(token, "_Atomic");
        } else if (is_bracketed_attribute(token)) {
            i = cutter_after(self, i);
            typed = false;
        } else if (is_typeof(token)) {
            i = cutter_after(self, i + 1);
        } else if (cutter_is_qualifier(token) || cell_token_is(token, "typedef") || cell_token_is(token, "_Atomic")) {
            i++;
            typed = false;
        } else if (is_type_word(token) ||
                   (token->kind == TOKEN_WORD && !base.is_typed && !(is_auto && !is_type(self, token)))) {
            i++;
        } else {
            break;
        }
        base.is_typed = base.is_typed || typed;
    }
    base.is_automatic = base.is_automatic || (is_auto && !base.is_typed); // as in C23
    base.end = i;
    return base;
}

//  A text that is not in the source, for the life of the cell.
__attribute__((format(printf, 2, 3))) static const char *make(cutter_t *self, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    cell_t *cell = self->cell;
    cell->made = ipc_xrealloc(cell->made, (cell->made_count + 1) * sizeof cell->made[0]);
    return cell->made[cell->made_count++] = text;
}

//  --- Declarators ---------------------------------------------------------------------------------------------

//  Where a declarator ends: at a comma, a semicolon, an initialiser, a body.
static size_t end_of_declarator(const cutter_t *self, size_t i)
{
    const cell_token_t *token;
    while ((token = &self->tokens[i])->kind != TOKEN_END && token->kind != TOKEN_DIRECTIVE &&
           !cell_token_is(token, ",") && !cell_token_is(token, ";") && !cell_token_is(token, "=") &&
           !cell_token_is(token, "{"))
        i = cutter_after(self, i);
    return i;
}

static bool is_attribute(const cell_token_t *token)
{
    static const char *const words[] = {"__attribute__", "__attribute", "__asm__", "asm", NULL};
    return cutter_is_one_of(token, words);
}

//  What a declarator declares: looks for its name, and at what stands around it.
static void read_declarator(const cutter_t *self, size_t first, size_t end, cell_item_t *item)
{
    size_t i = first;
    for (; i < end; i++) { // into parentheses
        const cell_token_t *token = &self->tokens[i];
        item->is_pointer = item->is_pointer || cell_token_is(token, "*");
        item->is_nested = item->is_nested || cell_token_is(token, "(");
        if (token->kind == TOKEN_WORD && !cutter_is_qualifier(token) && !takes_parentheses(token))
            break;
        if (takes_parentheses(token) && cell_token_is(token + 1, "("))
            i = cutter_after(self, i + 1) - 1;
    }
    size_t name = i, behind = i;
    item->name = i < end ? self->tokens[i].span : (cell_span_t){0};
    for (i++; i < end && cell_token_is(&self->tokens[i], "["); i = cutter_after(self, i)) {
        item->is_unsized = item->is_unsized || (item->dimensions == 0 && self->tokens[i].partner == i + 1);
        item->dimensions++;
    }
    if (i < end && cell_token_is(&self->tokens[i], "(")) {
        item->kind = CELL_PROTOTYPE;
        item->parameters = cutter_between(self, i + 1, self->tokens[i].partner);
    }
    while (behind < end && !(behind > name && is_attribute(&self->tokens[behind]))) behind = cutter_after(self, behind);
    item->declarator = cutter_between(self, first, behind);
    item->attributes = cutter_between(self, behind, end);
}

//  --- Initialisers --------------------------------------------------------------------------------------------

static size_t count_members(const cutter_t *self, size_t brace)
{
    size_t count = 0, close = self->tokens[brace].partner;
    for (size_t i = brace + 1, first = i; i <= close; i = cutter_after(self, i))
        if (i == close || cell_token_is(&self->tokens[i], ",")) {
            count += i > first;
            first = i + 1;
        }
    return count;
}

//  Looks at the words of an initialiser: whether it can stand at file scope, and whether its members can be counted.
static void read_words(const cutter_t *self, size_t first, size_t end, cell_item_t *item)
{
    static const char *const variables[] = {"stdin", "stdout", "stderr", "errno", "environ", NULL};
    static const char *const operators[] = {"sizeof", "_Alignof", "typeof", "__typeof__", NULL};
    item->is_plain = item->is_counted = true;
    for (size_t i = first; i < end; i++) {
        const cell_token_t *token = &self->tokens[i];
        bool begins = cell_token_is(&self->tokens[i - 1], "{") || cell_token_is(&self->tokens[i - 1], ",");
        if (begins && cell_token_is(token, "["))
            item->is_counted = false; // a designator
        if (token->kind == TOKEN_TEXT && begins && end - first == 3)
            item->is_counted = false; // a string in braces
        if (token->kind != TOKEN_WORD || cell_token_is(&self->tokens[i - 1], "."))
            continue;
        cell_kind_t kind = cutter_kind_of(self, token->span);
        bool calls = cell_token_is(token + 1, "(") && !cutter_is_one_of(token, operators);
        if (kind == CELL_VARIABLE || kind == CELL_PROTOTYPE || kind == CELL_FUNCTION ||
            (calls && kind != CELL_DIRECTIVE) || cutter_is_one_of(token, variables))
            item->is_plain = false;
        else
            item->is_counted = false; // a macro, maybe
    }
}

//  Gives the token behind it.
static size_t read_initialiser(const cutter_t *self, size_t first, cell_item_t *item)
{
    size_t end = first;
    while (!cell_token_is(&self->tokens[end], ",") && !cell_token_is(&self->tokens[end], ";") &&
           self->tokens[end].kind != TOKEN_END)
        end = cutter_after(self, end);
    item->init = cutter_between(self, first, end);
    read_words(self, first, end, item);
    if (cell_token_is(&self->tokens[first], "{"))
        item->elements = count_members(self, first);
    bool nests = (item->dimensions > 1 || !item->is_number) && !item->is_pointer;
    if (nests && !cell_token_is(&self->tokens[first + 1], "{"))
        item->is_counted = false; // several members may be one element
    return end;
}

//  --- Declarations --------------------------------------------------------------------------------------------

static cell_item_t *add_type(cutter_t *self, cell_span_t text, cell_span_t name)
{
    cell_item_t *type = cutter_add(self, CELL_TYPE);
    type->text = text;
    type->name = name;
    if (self->packing_count > 0)
        type->packing = self->packings[self->packing_count - 1];
    return type;
}

//  "struct P", without what stands between the two words.
static cell_span_t tag_name(cutter_t *self, const base_t *base, size_t end)
{
    cell_span_t word = self->tokens[base->tag].span, name = self->tokens[end - 1].span;
    const char *text = make(self, "%.*s %.*s", (int) word.size, word.at, (int) name.size, name.at);
    return (cell_span_t){text, strlen(text)};
}

//  The type that a declaration makes: "struct P {…}" lasts by itself; one without a name gets one, by that of what is
//  declared, if anything is. Gives what stands for it in what is declared.
static const char *cut_type(cutter_t *self, const base_t *base, cell_span_t declared)
{
    cell_span_t text = cutter_between(self, base->tag, base->body_end);
    cell_span_t before = cutter_between(self, base->first, base->tag);
    cell_span_t behind = cutter_between(self, base->body_end, base->end);
    if (!is_unnamed(base)) {
        cell_span_t name = tag_name(self, base, base->braces);
        add_type(self, text, name);
        return make(self, "%.*s %.*s %.*s", (int) before.size, before.at, (int) name.size, name.at, (int) behind.size,
                    behind.at);
    }
    if (declared.size == 0) {
        add_type(self, text, text);
        return NULL;
    }
    const char *name = make(self, "ipc_of_%.*s", (int) declared.size, declared.at);
    add_type(self, text, (cell_span_t){name, strlen(name)})->made = name;
    return make(self, "%.*s %s %.*s", (int) before.size, before.at, name, (int) behind.size, behind.at);
}

static bool declares(const cutter_t *self, const base_t *base)
{
    const cell_token_t *token = &self->tokens[base->end];
    return !cell_token_is(token, ";") && token->kind != TOKEN_END;
}

static int end_declaration(cutter_t *self)
{
    const cell_token_t *token = cutter_look(self, 0);
    if (token->kind != TOKEN_END && !cell_token_is(token, ";"))
        return cutter_fail(self, self->at, "a semicolon was expected before this");
    self->at += cell_token_is(token, ";");
    return 0;
}

//  One item for each name. A single one keeps its text whole, also with a struct's body in it.
static int cut_typedef(cutter_t *self, const base_t *base)
{
    cell_item_t first = {0};
    size_t end = end_of_declarator(self, base->end);
    read_declarator(self, base->end, end, &first);
    bool single = !cell_token_is(&self->tokens[end], ",");
    const char *made = NULL;
    if (base->braces && !(single && is_unnamed(base)))
        made = cut_type(self, base, first.name);
    for (size_t begin = base->end;; begin = end + 1) {
        cell_item_t item = {0};
        end = end_of_declarator(self, begin);
        read_declarator(self, begin, end, &item);
        if (item.name.size == 0)
            return cutter_fail(self, begin, "a name was expected here");
        cell_item_t *type = add_type(self, cutter_between(self, single ? base->first : begin, end), item.name);
        if (!single || made) {
            type->base = cutter_between(self, base->first, base->end);
            type->made = made;
            type->declarator = cutter_between(self, begin, end);
        }
        self->at = end;
        if (!cell_token_is(cutter_look(self, 0), ","))
            return end_declaration(self);
    }
}

//  Whether the words of a base say that it is a number.
static bool is_number(const cutter_t *self, const base_t *base)
{
    for (size_t i = base->first; i < base->end; i++)
        if (!is_type_word(&self->tokens[i]) && !cutter_is_qualifier(&self->tokens[i]) &&
            !cell_token_is(&self->tokens[i], "_Atomic"))
            return false;
    return !base->has_tag;
}

//  One of a declaration's declarators, and what is behind it.
static int cut_declarator(cutter_t *self, const base_t *base, const char *made, size_t first)
{
    size_t end = end_of_declarator(self, first);
    cell_item_t item = {.kind = CELL_VARIABLE, .base = cutter_between(self, base->first, base->end), .made = made,
                        .is_automatic = base->is_automatic};
    read_declarator(self, first, end, &item);
    item.text = item.declarator;
    if (item.name.size == 0)
        return cutter_fail(self, first, "a name was expected here");
    if (base->is_extern)
        item.kind = CELL_PROTOTYPE;
    item.is_number = is_number(self, base);
    if (cell_token_is(&self->tokens[end], "=")) {
        size_t equals = end;
        end = read_initialiser(self, end + 1, &item);
        if (item.init.size == 0)
            return cutter_fail(self, equals, "an expression was expected behind this");
    } else if (cell_token_is(&self->tokens[end], "{") && item.kind == CELL_PROTOTYPE) {
        item.kind = CELL_FUNCTION;
        item.body = cutter_between(self, end, cutter_after(self, end));
        end = cutter_after(self, end);
    }
    if (item.kind == CELL_PROTOTYPE && cutter_kind_of(self, item.name) == CELL_DIRECTIVE)
        return cutter_fail(self, first, "the name of what is declared cannot come from a macro with arguments");
    if (item.is_automatic && item.init.size == 0)
        return cutter_fail(self, first, "a variable without a type needs an initialiser that tells it");
    *cutter_add(self, item.kind) = item;
    self->at = end;
    return 0;
}

static int check_storage(const cutter_t *self, const base_t *base)
{
    static const char *const words[] = {"_Thread_local", "thread_local", "__thread", NULL};
    for (size_t i = base->first; i < base->end; i++)
        if (cutter_is_one_of(&self->tokens[i], words))
            return cutter_fail(self, i,
                               "a variable that lasts cannot be of one thread: declare it in a function, static");
    return 0;
}

int cutter_declaration(cutter_t *self)
{
    base_t base = read_base(self);
    if (base.is_typedef)
        return cut_typedef(self, &base);
    if (check_storage(self, &base))
        return -1;
    const char *made = NULL;
    cell_item_t first = {0};
    if (declares(self, &base))
        read_declarator(self, base.end, end_of_declarator(self, base.end), &first);
    if (base.braces)
        made = cut_type(self, &base, first.name);
    else if (!declares(self, &base) && base.has_tag) // "struct P;"
        add_type(self, cutter_between(self, base.first, base.end), (cell_span_t){0});
    self->at = base.end;
    for (size_t begin = base.end; declares(self, &base); begin = self->at + 1) {
        if (cut_declarator(self, &base, made, begin))
            return -1;
        if (self->cell->items[self->cell->count - 1].kind == CELL_FUNCTION)
            return 0;
        if (!cell_token_is(cutter_look(self, 0), ","))
            break;
    }
    return end_declaration(self);
}
