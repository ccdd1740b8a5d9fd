#include "engine/signature.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/remote.h"
#include "engine/cell_tokens.h"
#include "engine/scope.h"

static bool is_one_of(cell_span_t word, const char *const words[])
{
    for (size_t i = 0; words[i]; i++)
        if (cell_span_is(word, words[i]))
            return true;
    return false;
}

static bool is_number_word(const signature_t *self, cell_span_t word)
{
    static const char *const words[] = {
        "char",     "short",    "int",       "long",      "float",     "double",    "bool",     "_Bool",    "signed",
        "unsigned", "complex",  "_Complex",  "int8_t",    "int16_t",   "int32_t",   "int64_t",  "uint8_t",  "uint16_t",
        "uint32_t", "uint64_t", "size_t",    "ssize_t",   "intptr_t",  "uintptr_t", "intmax_t", "uintmax_t",
        "ptrdiff_t", "time_t",  "clock_t",   "off_t",     "pid_t",     "wchar_t",   NULL};
    return is_one_of(word, words) || (self->is_number && self->is_number(self->context, word));
}

//  What a parameter's or result's words are, counted.
typedef struct words {
    size_t longs, doubles, chars, values, arrays, stars, others;
    bool points_to_const;              // a const stands before the star
} words_t;

static bool read_word(const signature_t *self, const cell_token_t *token, words_t *words)
{
    static const char *const qualifiers[] = {"const", "volatile", "restrict", "__restrict", "register", "enum", NULL};
    bool is_enum = token->kind == TOKEN_WORD && cell_token_is(token, "enum");
    words->points_to_const = words->points_to_const || (cell_token_is(token, "const") && words->stars == 0);
    words->stars += cell_token_is(token, "*");
    if (cell_token_is(token, "*") || (is_one_of(token->span, qualifiers) && !is_enum))
        return true;
    words->longs += cell_token_is(token, "long");
    words->doubles += cell_token_is(token, "double");
    words->chars += cell_token_is(token, "char");
    words->values += cell_token_is(token, "ipc_value_t");
    words->arrays += cell_token_is(token, "ipc_array_t");
    words->others++;
    return is_enum || is_number_word(self, token->span) || words->values || words->arrays;
}

//  Whether tokens are those of a type that comes from outside, with a name behind it or not: a number, ipc_value_t, a
//  pointer to constant characters, to an array.
static bool is_plain_type(const signature_t *self, const cell_token_t *tokens, size_t count, bool is_result)
{
    words_t words = {0};
    if (count > 1 && tokens[count - 1].kind == TOKEN_WORD && !cell_token_is(&tokens[count - 2], "enum") && !is_result)
        count -= !is_number_word(self, tokens[count - 1].span) && !cell_token_is(&tokens[count - 1], "ipc_value_t");
    for (size_t i = 0; i < count; i++) {
        if (!read_word(self, &tokens[i], &words))
            return false;
        i += cell_token_is(&tokens[i], "enum"); // and its tag
    }
    if (words.stars == 0)
        return words.others > 0 && words.arrays == 0 && !(words.longs && words.doubles) && words.values <= 1;
    return words.stars == 1 && words.others == 1 &&
           (words.arrays == 1 || (words.chars == 1 && (words.points_to_const || is_result)));
}

int signature_parameters(const signature_t *self, text_t *out, const char *before, bool numbered)
{
    cell_tokens_t read;
    int count = 0;
    cell_tokens_read(&read, self->item->parameters, NULL);
    size_t first = 0, tokens = read.count - 1;
    bool none = tokens == 0 || (tokens == 1 && cell_token_is(&read.tokens[0], "void"));
    for (size_t i = 0; !none && count >= 0 && i <= tokens; i++) {
        if (i < tokens && !cell_token_is(&read.tokens[i], ","))
            continue;
        const cell_span_t *last = &read.tokens[i > 0 ? i - 1 : 0].span;
        const char *at = read.tokens[first].span.at;
        if (count == IPC_MAX_PARAMETERS || i == first || !is_plain_type(self, &read.tokens[first], i - first, false)) {
            count = -1;
            break;
        }
        text_format(out, "%s%s%.*s", count > 0 ? ", " : "", before, (int) (last->at + last->size - at), at);
        if (numbered)
            text_format(out, ", %d", count);
        text_put(out, ")");
        count++;
        first = i + 1;
    }
    cell_tokens_free(&read);
    return count;
}

bool signature_result(const signature_t *self, bool *nothing)
{
    const cell_item_t *item = self->item;
    size_t size = (size_t) (item->name.at - item->declarator.at);
    char *base = scope_without(item->base, scope_storage);
    char *text = ipc_xformat("%s %.*s", base, (int) size, item->declarator.at);
    cell_tokens_t read;
    cell_tokens_read(&read, (cell_span_t){text, strlen(text)}, NULL);
    *nothing = read.count == 2 && cell_token_is(&read.tokens[0], "void");
    bool plain = *nothing || is_plain_type(self, read.tokens, read.count - 1, true);
    cell_tokens_free(&read);
    free(text);
    free(base);
    return plain;
}

bool signature_names_number(cell_span_t text)
{
    static const signature_t plain = {0};
    cell_tokens_t read;
    cell_tokens_read(&read, text, NULL);
    bool names = read.count > 3 && cell_token_is(&read.tokens[0], "typedef");
    for (size_t i = 1; i + 2 < read.count && names; i++) names = is_number_word(&plain, read.tokens[i].span);
    cell_tokens_free(&read);
    return names;
}
