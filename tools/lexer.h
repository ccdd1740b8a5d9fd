//  lexer_t: walks over a C text as somebody types it: whatever it is, finished or not, it has tokens. And
//  which bracket belongs to which. Used for colours and to see whether an input wants more lines.
#ifndef IPC_TOOLS_LEXER_H
#define IPC_TOOLS_LEXER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum token_kind {
    TOKEN_BLANK,               // spaces, tabs, ends of lines, and a backslash at the end of a line
    TOKEN_NAME,
    TOKEN_KEYWORD,
    TOKEN_TYPE,
    TOKEN_NUMBER,
    TOKEN_STRING,              // and the <header> of an #include
    TOKEN_CHARACTER,
    TOKEN_COMMENT,
    TOKEN_DIRECTIVE,           // '#' and its word, where a line begins
    TOKEN_MAGIC,               // %px, %%px, where the text begins
    TOKEN_OPEN,                // one of ( [ {
    TOKEN_CLOSE,               // one of ) ] }
    TOKEN_OTHER,               // one character that is none of these
    TOKEN_KIND_COUNT
} token_kind_t;

typedef struct token {
    token_kind_t kind;
    size_t start, length;      // in bytes of the text; a text's tokens stand side by side
    bool cut;                  // a comment, string or character that nothing ends
} token_t;

typedef struct lexer {
    const char *text;          // borrowed
    size_t at;                 // where the next token begins
    bool fresh_line;           // nothing but blanks stand between here and the beginning of the line
    bool header;               // the name of a header may come: the last word was #include
} lexer_t;

//  Begins at the start of a text, borrowed for the life of the lexer.
lexer_t lexer_of(const char *text);

//  Gives the next token, or false at the end.
bool lexer_next(lexer_t *self, token_t *token);

//  Whether a token is this word.
bool lexer_is_word(const lexer_t *self, const token_t *token, const char *word);

//  The keywords and types that begin with a prefix: calls found() with each.
void lexer_words(const char *prefix, void (*found)(void *context, const char *word), void *context);

enum { BRACKET_NONE = -1 };    // a bracket whose partner is missing

//  Finds the partner of each bracket outside strings and comments. Gives an array with an element for each
//  byte of text: where its partner is, or BRACKET_NONE. To be freed.
long *lexer_partners(const char *text);

#endif
