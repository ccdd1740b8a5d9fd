#include "tools/highlight.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/lexer.h"

const char highlight_reset[] = "\033[0m";

//  Of the 16 colours that every terminal lets its user choose; none of them is black or white.
static const char *const sequences[] = {
    [STYLE_PLAIN] = "",
    [STYLE_KEYWORD] = "\033[35m",
    [STYLE_TYPE] = "\033[36m",
    [STYLE_NUMBER] = "\033[33m",
    [STYLE_STRING] = "\033[32m",
    [STYLE_COMMENT] = "\033[90m",
    [STYLE_DIRECTIVE] = "\033[34m",
    [STYLE_MAGIC] = "\033[1;34m",
    [STYLE_WRONG] = "\033[1;31m",
    [STYLE_PARTNER] = "\033[1;36m",
    [STYLE_PROMPT] = "\033[1;32m",
    [STYLE_MARGIN] = "\033[32m",
};
_Static_assert(sizeof sequences / sizeof sequences[0] == STYLE_COUNT, "each style has its colour");

static const unsigned char styles_of_tokens[] = {
    [TOKEN_BLANK] = STYLE_PLAIN,
    [TOKEN_NAME] = STYLE_PLAIN,
    [TOKEN_KEYWORD] = STYLE_KEYWORD,
    [TOKEN_TYPE] = STYLE_TYPE,
    [TOKEN_NUMBER] = STYLE_NUMBER,
    [TOKEN_STRING] = STYLE_STRING,
    [TOKEN_CHARACTER] = STYLE_STRING,
    [TOKEN_COMMENT] = STYLE_COMMENT,
    [TOKEN_DIRECTIVE] = STYLE_DIRECTIVE,
    [TOKEN_MAGIC] = STYLE_MAGIC,
    [TOKEN_OPEN] = STYLE_PLAIN,
    [TOKEN_CLOSE] = STYLE_PLAIN,
    [TOKEN_OTHER] = STYLE_PLAIN,
};
_Static_assert(sizeof styles_of_tokens == TOKEN_KIND_COUNT, "each kind of token has its style");

const char *highlight_sequence(style_t style)
{
    return sequences[style];
}

//  A string that somebody is still typing, at the end of the text, is not wrong yet.
static style_t style_of(const char *text, const token_t *token, const long *partners)
{
    bool quoted = token->kind == TOKEN_STRING || token->kind == TOKEN_CHARACTER;
    if (quoted && token->cut && text[token->start + token->length])
        return STYLE_WRONG;
    if (token->kind == TOKEN_CLOSE && partners[token->start] == BRACKET_NONE)
        return STYLE_WRONG;
    return styles_of_tokens[token->kind];
}

unsigned char *highlight_text(const char *text, long cursor)
{
    unsigned char *styles = ipc_xalloc(strlen(text) + 1);
    long *partners = lexer_partners(text);
    lexer_t lexer = lexer_of(text);
    for (token_t token; lexer_next(&lexer, &token);)
        memset(styles + token.start, (int) style_of(text, &token, partners), token.length);
    if (cursor > 0 && partners[cursor - 1] != BRACKET_NONE) {
        styles[cursor - 1] = STYLE_PARTNER;
        styles[partners[cursor - 1]] = STYLE_PARTNER;
    }
    free(partners);
    return styles;
}
