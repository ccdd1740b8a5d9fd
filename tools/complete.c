#include "tools/complete.h"

#include <stdlib.h>
#include <string.h>

#include "tools/lexer.h"

//  What a walk over a text found.
typedef struct survey {
    size_t open;               // brackets without a partner
    bool broken;               // a bracket is closed that was not open, a string or a character is not ended in
                               // its line: more lines mend nothing
    bool comment;              // a comment is open
    long conditions;           // #if less #endif
    token_t last;              // the last token that is neither blank nor comment; length 0: none
    token_t first;             // the first such token of the statement at its end
    token_t before_list;       // the token before the last ( at the outermost level
    bool assigns;              // the statement at its end has a = outside brackets
    size_t level;              // brackets around the token that was looked at last
    bool directive;            // it stands in a line that begins with '#'
    bool ended;                // what came last ended a statement
} survey_t;

static bool ends_in_backslash(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && text[length - 1] == '\\';
}

static void survey_directive(survey_t *self, const char *text, const token_t *token)
{
    const char *word = text + token->start + 1;
    word += strspn(word, " \t");
    if (strncmp(word, "if", 2) == 0)
        self->conditions++;
    else if (strncmp(word, "endif", 5) == 0)
        self->conditions--;
}

//  Follows statements: where the one at the end begins, and what a list in parentheses belongs to.
static void survey_statement(survey_t *self, const char *text, const token_t *token)
{
    char sign = text[token->start];
    if (self->ended || self->last.length == 0) {
        self->first = *token;
        self->assigns = false;
    }
    if (token->kind == TOKEN_OPEN && self->level++ == 0 && sign == '(')
        self->before_list = self->last;
    if (token->kind == TOKEN_CLOSE && self->level > 0)
        self->level--;
    if (self->level == 0 && sign == '=' && token->length == 1)
        self->assigns = true;
    self->directive |= token->kind == TOKEN_DIRECTIVE;
    self->ended = token->kind == TOKEN_MAGIC || (self->level == 0 && (sign == ';' || sign == '}'));
    self->last = *token;
}

//  Where a line ends, a directive does.
static void survey_blank(survey_t *self, const char *text, const token_t *token)
{
    if (!self->directive || text[token->start] == '\\' || !memchr(text + token->start, '\n', token->length))
        return;
    self->directive = false;
    self->ended = true;
}

static survey_t survey_of(const char *text)
{
    survey_t self = {0};
    long *partners = lexer_partners(text);
    lexer_t lexer = lexer_of(text);
    for (token_t token; lexer_next(&lexer, &token);) {
        if (token.kind == TOKEN_COMMENT)
            self.comment |= token.cut;
        if (token.kind == TOKEN_OPEN)
            self.open += partners[token.start] == BRACKET_NONE;
        if (token.kind == TOKEN_CLOSE)
            self.broken |= partners[token.start] == BRACKET_NONE;
        if (token.kind == TOKEN_STRING || token.kind == TOKEN_CHARACTER)
            self.broken |= token.cut;
        if (token.kind == TOKEN_DIRECTIVE)
            survey_directive(&self, text, &token);
        if (token.kind == TOKEN_BLANK)
            survey_blank(&self, text, &token);
        else if (token.kind != TOKEN_COMMENT)
            survey_statement(&self, text, &token);
    }
    free(partners);
    return self;
}

static bool is_one_of(const char *text, const token_t *token, const char *const *words)
{
    lexer_t lexer = lexer_of(text);
    for (; *words; words++)
        if (lexer_is_word(&lexer, token, *words))
            return true;
    return false;
}

//  Whether the text ends in the head of something whose body is still to come.
static bool is_head(const survey_t *self, const char *text)
{
    static const char *const bare[] = {"else", "do", NULL};
    static const char *const with_list[] = {"if", "for", "while", "switch", NULL};
    static const char *const of_declarations[] = {"static", "inline", "extern", "const", "struct", NULL};
    if (is_one_of(text, &self->last, bare))
        return true;
    if (self->last.length == 0 || text[self->last.start] != ')' || self->level > 0)
        return false;
    if (is_one_of(text, &self->before_list, with_list))
        return true;
    return !self->assigns && self->before_list.kind == TOKEN_NAME &&
           self->before_list.start != self->first.start &&
           (self->first.kind == TOKEN_TYPE || is_one_of(text, &self->first, of_declarations));
}

//  The line that begins there, without blanks, has nothing in it.
static bool is_empty_from(const char *line)
{
    return line[strspn(line, " \t")] == 0;
}

static const char *last_line(const char *text)
{
    const char *end = strrchr(text, '\n');
    return end ? end + 1 : text;
}

bool complete_is_forced(const char *text)
{
    const char *line = last_line(text);
    if (line == text || !is_empty_from(line))
        return false;
    size_t blank = 0;
    for (const char *at = line - 1; at > text && strchr(" \t\n", at[-1]); at--)
        if (at[-1] == '\n')
            blank++;
    return blank > 0;
}

bool complete_wants_more(const char *text)
{
    survey_t survey = survey_of(text);
    if (survey.comment || ends_in_backslash(text))
        return true;
    if (survey.broken)
        return false;
    if (survey.open > 0 || survey.conditions > 0)
        return true;
    if (strncmp(text, "%%", 2) == 0)
        return !strchr(text, '\n') || !is_empty_from(last_line(text));
    return is_head(&survey, text);
}

size_t complete_depth(const char *text)
{
    return survey_of(text).open;
}
