#include "engine/cell_tokens.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

//  A text that is being read.
typedef struct scan {
    const char *start, *at, *end;
    bool line_begins;                  // nothing but blanks was read of the line
    cell_fault_t *fault;
} scan_t;

void cell_place(const char *source, const char *at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (const char *c = source; c < at; c++) {
        *column += ((unsigned char) c[1] & 0xC0) != 0x80;
        if (*c == '\n') {
            ++*line;
            *column = 1;
        }
    }
}

static int fail(const scan_t *self, const char *at, const char *text)
{
    if (self->fault) {
        self->fault->text = text;
        cell_place(self->start, at, &self->fault->line, &self->fault->column);
    }
    return -1;
}

static bool looks_at(const scan_t *self, const char *text)
{
    size_t size = strlen(text);
    return (size_t) (self->end - self->at) >= size && memcmp(self->at, text, size) == 0;
}

static bool is_word_start(char c)
{
    return isalpha((unsigned char) c) || c == '_' || c == '$' || (unsigned char) c >= 0x80;
}

static bool is_word_part(char c)
{
    return is_word_start(c) || isdigit((unsigned char) c);
}

//  Passes over blanks, comments and continued lines.
static int skip_blanks(scan_t *self)
{
    while (self->at < self->end) {
        if (looks_at(self, "//")) {
            while (self->at < self->end && *self->at != '\n') self->at += looks_at(self, "\\\n") ? 2 : 1;
        } else if (looks_at(self, "/*")) {
            const char *open = self->at;
            for (self->at += 2; self->at < self->end && !looks_at(self, "*/"); self->at++) continue;
            if (self->at == self->end)
                return fail(self, open, "this comment does not end");
            self->at += 2;
        } else if (looks_at(self, "\\\n")) {
            self->at += 2;
        } else if (isspace((unsigned char) *self->at)) {
            self->line_begins = self->line_begins || *self->at == '\n';
            self->at++;
        } else {
            break;
        }
    }
    return 0;
}

static int skip_text(scan_t *self, char quote)
{
    const char *open = self->at;
    for (self->at++; self->at < self->end && *self->at != quote && *self->at != '\n'; self->at++)
        if (*self->at == '\\' && self->at + 1 < self->end)
            self->at++;
    if (self->at >= self->end || *self->at != quote)
        return fail(self, open, quote == '"' ? "this string does not end" : "this character does not end");
    self->at++;
    return 0;
}

//  R"mark(…)mark"
static int skip_raw_text(scan_t *self)
{
    const char *open = self->at, *mark = open + 2;
    size_t size = strcspn(mark, "(\"\n");
    for (self->at = mark + size; self->at < self->end; self->at++)
        if (*self->at == ')' && (size_t) (self->end - self->at) > size + 1 && memcmp(self->at + 1, mark, size) == 0 &&
            self->at[size + 1] == '"') {
            self->at += size + 2;
            return 0;
        }
    return fail(self, open, "this string does not end");
}

//  A string within a line; a quote without a partner is a character like others.
static void skip_quoted(scan_t *self)
{
    scan_t quoted = *self;
    quoted.fault = NULL;
    self->at = skip_text(&quoted, *self->at) ? self->at + 1 : quoted.at;
}

//  To the end of its line and of those that it goes on in.
static void skip_directive(scan_t *self)
{
    while (self->at < self->end && *self->at != '\n') {
        if (looks_at(self, "\\\n")) {
            self->at += 2;
        } else if (*self->at == '"' || *self->at == '\'') {
            skip_quoted(self);
        } else if (looks_at(self, "//")) {
            while (self->at < self->end && *self->at != '\n') self->at += looks_at(self, "\\\n") ? 2 : 1;
        } else if (looks_at(self, "/*")) {
            const char *close = memmem(self->at, (size_t) (self->end - self->at), "*/", 2);
            self->at = close ? close + 2 : self->end;
        } else {
            self->at++;
        }
    }
}

static void skip_number(scan_t *self)
{
    while (self->at < self->end && (is_word_part(*self->at) || *self->at == '.')) {
        bool exponent = strchr("eEpP", *self->at) != NULL;
        self->at++;
        if (exponent && self->at < self->end && strchr("+-", *self->at))
            self->at++;
    }
}

static int read_token(scan_t *self, cell_token_t *token)
{
    bool line_begins = self->line_begins;
    *token = (cell_token_t){.kind = TOKEN_MARK, .span.at = self->at};
    self->line_begins = false;
    int rc = 0;
    if (self->at == self->end) {
        token->kind = TOKEN_END;
    } else if (*self->at == '#' && line_begins) {
        token->kind = TOKEN_DIRECTIVE;
        skip_directive(self);
    } else if (looks_at(self, "R\"")) {
        token->kind = TOKEN_TEXT;
        rc = skip_raw_text(self);
    } else if (is_word_start(*self->at)) {
        token->kind = TOKEN_WORD;
        while (self->at < self->end && is_word_part(*self->at)) self->at++;
    } else if (isdigit((unsigned char) *self->at) ||
               (*self->at == '.' && self->at + 1 < self->end && isdigit((unsigned char) self->at[1]))) {
        token->kind = TOKEN_NUMBER;
        skip_number(self);
    } else if (*self->at == '"' || *self->at == '\'') {
        token->kind = TOKEN_TEXT;
        rc = skip_text(self, *self->at);
        if (rc && !self->fault) { // nobody wants to know
            self->at = token->span.at + 1;
            rc = 0;
        }
    } else {
        self->at++;
    }
    token->span.size = (size_t) (self->at - token->span.at);
    return rc;
}

//  Gives each bracket its partner.
static int pair_brackets(cell_tokens_t *self, const scan_t *scan)
{
    static const char opening[] = "([{", closing[] = ")]}";
    size_t *open = ipc_xalloc((self->count + 1) * sizeof open[0]), depth = 0;
    int rc = 0;
    for (size_t i = 0; i < self->count && !rc; i++) {
        cell_token_t *token = &self->tokens[i];
        char c = token->kind == TOKEN_MARK ? *token->span.at : ' ';
        const char *closes = strchr(closing, c);
        if (strchr(opening, c)) {
            open[depth++] = i;
        } else if (closes) {
            cell_token_t *first = depth > 0 ? &self->tokens[open[depth - 1]] : NULL;
            if (!first || *first->span.at != opening[closes - closing]) {
                rc = fail(scan, token->span.at, "this bracket closes none");
                break;
            }
            first->partner = i;
            token->partner = open[--depth];
        }
    }
    if (!rc && depth > 0)
        rc = fail(scan, self->tokens[open[depth - 1]].span.at, "this bracket is not closed");
    free(open);
    return rc;
}

int cell_tokens_read(cell_tokens_t *self, cell_span_t text, cell_fault_t *fault)
{
    scan_t scan = {text.at, text.at, text.at + text.size, true, fault};
    *self = (cell_tokens_t){0};
    do {
        if (self->count == self->room)
            self->tokens = ipc_xrealloc(self->tokens, (self->room = 2 * self->room + 16) * sizeof self->tokens[0]);
        if (skip_blanks(&scan) || read_token(&scan, &self->tokens[self->count++]))
            return -1;
    } while (self->tokens[self->count - 1].kind != TOKEN_END);
    return pair_brackets(self, &scan);
}

void cell_tokens_free(cell_tokens_t *self)
{
    free(self->tokens);
    *self = (cell_tokens_t){0};
}

bool cell_token_is(const cell_token_t *self, const char *text)
{
    return self->kind != TOKEN_TEXT && cell_span_is(self->span, text);
}

bool cell_span_is(cell_span_t self, const char *text)
{
    return strlen(text) == self.size && memcmp(self.at, text, self.size) == 0;
}

bool cell_span_equal(cell_span_t self, cell_span_t other)
{
    return self.size == other.size && (self.size == 0 || memcmp(self.at, other.at, self.size) == 0);
}

char *cell_span_text(cell_span_t self)
{
    char *text = ipc_xalloc(self.size + 1);
    return self.size > 0 ? memcpy(text, self.at, self.size) : text;
}

bool cell_literal(cell_span_t text, cell_span_t *literal, cell_span_t *inside)
{
    cell_tokens_t read;
    bool found = false;
    if (!memchr(text.at, '{', text.size))
        return false;
    cell_tokens_read(&read, text, NULL);
    for (size_t i = 0; i + 1 < read.count && !found; i++) {
        const cell_token_t *open = &read.tokens[i], *brace = &read.tokens[open->partner + 1];
        bool called = i > 0 && (open[-1].kind == TOKEN_WORD || cell_token_is(&open[-1], ")"));
        found = cell_token_is(open, "(") && open->partner > i + 1 && !called && cell_token_is(brace, "{");
        if (found) {
            const char *end = read.tokens[brace->partner].span.at;
            *literal = (cell_span_t){open->span.at, (size_t) (end + 1 - open->span.at)};
            *inside = (cell_span_t){brace->span.at + 1, (size_t) (end - brace->span.at - 1)};
        }
    }
    cell_tokens_free(&read);
    return found;
}

bool cell_has_bit_field(cell_span_t text, cell_span_t name)
{
    cell_tokens_t read;
    bool found = false;
    cell_tokens_read(&read, text, NULL);
    for (size_t i = 0; i + 1 < read.count && !found; i++)
        found = cell_span_equal(read.tokens[i].span, name) && name.size > 0 && cell_token_is(&read.tokens[i + 1], ":");
    cell_tokens_free(&read);
    return found;
}

//  A directive's own words count too, but not its first, nor those in <…>.
static void directive_words(cell_span_t text, cell_word_fn *found, void *context)
{
    const char *at = text.at + 1, *end = text.at + text.size;
    while (at < end && isblank((unsigned char) *at)) at++;
    while (at < end && is_word_part(*at)) at++;
    while (at < end && isblank((unsigned char) *at)) at++;
    if (at < end && *at != '<')
        cell_words((cell_span_t){at, (size_t) (end - at)}, found, context);
}

void cell_words(cell_span_t text, cell_word_fn *found, void *context)
{
    cell_tokens_t tokens;
    cell_tokens_read(&tokens, text, NULL);
    for (size_t i = 0; i < tokens.count; i++) {
        if (tokens.tokens[i].kind == TOKEN_WORD)
            found(context, tokens.tokens[i].span);
        else if (tokens.tokens[i].kind == TOKEN_DIRECTIVE)
            directive_words(tokens.tokens[i].span, found, context);
    }
    cell_tokens_free(&tokens);
}
