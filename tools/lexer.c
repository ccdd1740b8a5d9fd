#include "tools/lexer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

// clang-format off
static const char *const keywords[] = {
    "_Alignas", "_Alignof", "_Generic", "_Noreturn", "_Static_assert", "_Thread_local", "break", "case",
    "const", "continue", "default", "do", "else", "enum", "extern", "false", "for", "goto", "if", "inline",
    "NULL", "register", "restrict", "return", "sizeof", "static", "struct", "switch", "true", "typedef",
    "typeof", "union", "volatile", "while",
};

static const char *const types[] = {
    "_Bool", "_Complex", "bool", "char", "complex", "double", "FILE", "float", "int", "int16_t", "int32_t",
    "int64_t", "int8_t", "long", "ptrdiff_t", "short", "signed", "size_t", "ssize_t", "uint16_t", "uint32_t",
    "uint64_t", "uint8_t", "unsigned", "void", "wchar_t",
};
// clang-format on

lexer_t lexer_of(const char *text)
{
    return (lexer_t){.text = text, .fresh_line = true};
}

//  Bytes of characters beyond ASCII are letters: C allows most of them in names.
static bool is_letter(char c)
{
    return isalpha((unsigned char) c) || c == '_' || c == '$' || (unsigned char) c >= 0x80;
}

static bool is_word_part(char c)
{
    return is_letter(c) || isdigit((unsigned char) c);
}

static bool is_among(const char *const *words, size_t count, const char *text, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
            return true;
    return false;
}

static size_t word_length(const char *text)
{
    size_t length = 0;
    while (is_word_part(text[length])) length++;
    return length;
}

static token_kind_t word_kind(const char *text, size_t length)
{
    if (is_among(keywords, sizeof keywords / sizeof keywords[0], text, length))
        return TOKEN_KEYWORD;
    if (is_among(types, sizeof types / sizeof types[0], text, length) ||
        (length > 2 && memcmp(text + length - 2, "_t", 2) == 0))
        return TOKEN_TYPE;
    return TOKEN_NAME;
}

//  A number as the preprocessor takes it: 1.5e-3f, 0x1p+4, 1'000.
static size_t number_length(const char *text)
{
    size_t length = 1;
    for (;; length++) {
        char c = text[length];
        bool sign = (c == '+' || c == '-') && strchr("eEpP", text[length - 1]);
        if (!sign && c != '.' && !is_word_part(c) && !(c == '\'' && is_word_part(text[length + 1])))
            return length;
    }
}

//  From a quotation mark to its partner, or to where the line ends without one.
static size_t quoted_length(const char *text, char end, bool *cut)
{
    size_t length = 1;
    while (text[length] && text[length] != '\n' && text[length] != end)
        length += text[length] == '\\' && text[length + 1] ? 2 : 1;
    *cut = text[length] != end;
    return length + !*cut;
}

static size_t block_comment_length(const char *text, bool *cut)
{
    const char *end = strstr(text + 2, "*/");
    *cut = !end;
    return end ? (size_t) (end + 2 - text) : strlen(text);
}

static size_t line_comment_length(const char *text)
{
    size_t length = 2;
    while (text[length] && text[length] != '\n')
        length += text[length] == '\\' && text[length + 1] ? 2 : 1;
    return length;
}

static size_t directive_length(const char *text)
{
    size_t length = 1 + strspn(text + 1, " \t");
    return length + word_length(text + length);
}

static bool is_blank(const char *text)
{
    return (*text && strchr(" \t\r\n\v\f", *text)) || (text[0] == '\\' && text[1] == '\n');
}

static size_t blank_length(lexer_t *self, const char *text)
{
    size_t length = 0;
    for (; is_blank(text + length); length++)
        if (text[length] == '\\')
            length++;
        else if (text[length] == '\n')
            self->fresh_line = true, self->header = false;
    return length;
}

static size_t magic_length(const char *text)
{
    size_t signs = strspn(text, "%");
    return signs + word_length(text + signs);
}

static token_t sized(token_kind_t kind, size_t length)
{
    return (token_t){.kind = kind, .length = length};
}

static token_t read_quoted(token_kind_t kind, const char *text, char end)
{
    token_t token = {.kind = kind};
    token.length = quoted_length(text, end, &token.cut);
    return token;
}

static token_t read_word(const char *text)
{
    size_t length = word_length(text);
    return sized(word_kind(text, length), length);
}

static token_t read_token(lexer_t *self, const char *text)
{
    if (is_blank(text))
        return sized(TOKEN_BLANK, blank_length(self, text));
    if (*text == '%' && self->fresh_line && strspn(self->text, " \t\n") == self->at)
        return sized(TOKEN_MAGIC, magic_length(text));
    if (*text == '#' && self->fresh_line)
        return sized(TOKEN_DIRECTIVE, directive_length(text));
    if (isdigit((unsigned char) *text) || (*text == '.' && isdigit((unsigned char) text[1])))
        return sized(TOKEN_NUMBER, number_length(text));
    if (is_letter(*text))
        return read_word(text);
    if (*text == '"')
        return read_quoted(TOKEN_STRING, text, '"');
    if (*text == '<' && self->header)
        return read_quoted(TOKEN_STRING, text, '>');
    if (*text == '\'')
        return read_quoted(TOKEN_CHARACTER, text, '\'');
    if (text[0] == '/' && text[1] == '/')
        return sized(TOKEN_COMMENT, line_comment_length(text));
    if (text[0] == '/' && text[1] == '*') {
        token_t token = {.kind = TOKEN_COMMENT};
        token.length = block_comment_length(text, &token.cut);
        return token;
    }
    return sized(strchr("([{", *text) ? TOKEN_OPEN : strchr(")]}", *text) ? TOKEN_CLOSE : TOKEN_OTHER, 1);
}

bool lexer_next(lexer_t *self, token_t *token)
{
    if (!self->text[self->at])
        return false;
    *token = read_token(self, self->text + self->at);
    token->start = self->at;
    self->at += token->length;
    if (token->kind == TOKEN_BLANK)
        return true;
    self->header = token->kind == TOKEN_DIRECTIVE && token->length >= 8 &&
                   memcmp(self->text + self->at - 7, "include", 7) == 0;
    self->fresh_line = false;
    return true;
}

bool lexer_is_word(const lexer_t *self, const token_t *token, const char *word)
{
    return strlen(word) == token->length && memcmp(self->text + token->start, word, token->length) == 0;
}

static void words_among(const char *const *words, size_t count, const char *prefix,
                        void (*found)(void *context, const char *word), void *context)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(words[i], prefix, strlen(prefix)) == 0)
            found(context, words[i]);
}

void lexer_words(const char *prefix, void (*found)(void *context, const char *word), void *context)
{
    words_among(keywords, sizeof keywords / sizeof keywords[0], prefix, found, context);
    words_among(types, sizeof types / sizeof types[0], prefix, found, context);
}

static bool is_pair(char open, char close)
{
    return (open == '(' && close == ')') || (open == '[' && close == ']') || (open == '{' && close == '}');
}

long *lexer_partners(const char *text)
{
    size_t size = strlen(text) + 1, depth = 0;
    long *partners = ipc_xalloc(size * sizeof *partners);
    size_t *opened = ipc_xalloc(size * sizeof *opened);
    for (size_t i = 0; i < size; i++) partners[i] = BRACKET_NONE;
    lexer_t lexer = lexer_of(text);
    for (token_t token; lexer_next(&lexer, &token);) {
        if (token.kind == TOKEN_OPEN)
            opened[depth++] = token.start;
        if (token.kind != TOKEN_CLOSE || depth == 0 || !is_pair(text[opened[depth - 1]], text[token.start]))
            continue;
        size_t open = opened[--depth];
        partners[open] = (long) token.start;
        partners[token.start] = (long) open;
    }
    free(opened);
    return partners;
}
