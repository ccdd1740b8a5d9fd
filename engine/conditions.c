#include "engine/conditions.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cell_tokens.h"
#include "engine/text.h"

static const char mark[] = "ipc_cell_part_";

enum { DEPTH_MAX = 64 };

//  What a directive does to parts.
typedef enum turn { TURN_NONE, TURN_OPENS, TURN_CHANGES, TURN_CLOSES } turn_t;

static turn_t turn_of(cell_span_t directive)
{
    static const struct { const char *word; turn_t turn; } turns[] = {
        {"if", TURN_OPENS},         {"ifdef", TURN_OPENS},      {"ifndef", TURN_OPENS}, {"elif", TURN_CHANGES},
        {"elifdef", TURN_CHANGES},  {"elifndef", TURN_CHANGES}, {"else", TURN_CHANGES}, {"endif", TURN_CLOSES},
    };
    const char *at = directive.at + 1, *end = directive.at + directive.size;
    while (at < end && isblank((unsigned char) *at)) at++;
    cell_span_t word = {at, 0};
    while (at < end && isalnum((unsigned char) *at)) at++;
    word.size = (size_t) (at - word.at);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++)
        if (cell_span_is(word, turns[i].word))
            return turns[i].turn;
    return TURN_NONE;
}

bool conditions_matter(const char *source)
{
    cell_tokens_t read;
    size_t depth = 0;
    bool matter = false, mixed = false;
    if (!strchr(source, '#'))
        return false;
    cell_tokens_read(&read, (cell_span_t){source, strlen(source)}, NULL);
    for (size_t i = 0; i + 1 < read.count; i++) {
        turn_t turn = read.tokens[i].kind == TOKEN_DIRECTIVE ? turn_of(read.tokens[i].span) : TURN_NONE;
        depth += turn == TURN_OPENS;
        depth -= turn == TURN_CLOSES && depth > 0;
        mixed = mixed || (depth > 0 && read.tokens[i].kind != TOKEN_DIRECTIVE);
    }
    matter = mixed && depth == 0; // else the cell is refused
    cell_tokens_free(&read);
    return matter;
}

static void put_carried(const scope_t *scope, text_t *out)
{
    text_put(out, "#include \"prelude.h\"\n");
    for (size_t i = 0; i < scope->count; i++)
        if (scope->definitions[i]->kind == CELL_DIRECTIVE)
            text_format(out, "%s\n", scope->definitions[i]->text);
}

char *conditions_question(const char *source, const scope_t *scope)
{
    cell_tokens_t read;
    text_t out = {0};
    size_t part = 0;
    put_carried(scope, &out);
    cell_tokens_read(&read, (cell_span_t){source, strlen(source)}, NULL);
    for (size_t i = 0; i < read.count; i++) {
        if (read.tokens[i].kind != TOKEN_DIRECTIVE)
            continue;
        turn_t turn = turn_of(read.tokens[i].span);
        text_format(&out, "%.*s\n", (int) read.tokens[i].span.size, read.tokens[i].span.at);
        if (turn == TURN_OPENS || turn == TURN_CHANGES)
            text_format(&out, "%s%zu;\n", mark, part++);
    }
    cell_tokens_free(&read);
    return out.at;
}

static bool is_left(const char *answer, size_t part)
{
    char text[64];
    snprintf(text, sizeof text, "%s%zu;", mark, part);
    return strstr(answer, text) != NULL;
}

static void blank(char *from, const char *to)
{
    for (; from < to; from++)
        if (*from != '\n')
            *from = ' ';
}

char *conditions_apply(const char *source, const char *answer)
{
    cell_tokens_t read;
    char *copy = ipc_xstrdup(source);
    size_t part = 0, depth = 0;
    bool left[DEPTH_MAX] = {true};
    char *at = copy;                   // up to here all is decided
    cell_tokens_read(&read, (cell_span_t){source, strlen(source)}, NULL);
    for (size_t i = 0; i < read.count; i++) {
        cell_span_t span = read.tokens[i].span;
        turn_t turn = read.tokens[i].kind == TOKEN_DIRECTIVE ? turn_of(span) : TURN_NONE;
        if (turn == TURN_NONE)
            continue;
        char *begin = copy + (span.at - source);
        if (!left[depth])
            blank(at, begin);
        blank(begin, begin + span.size);
        at = begin + span.size;
        if (turn == TURN_OPENS && depth + 1 < DEPTH_MAX)
            depth++;
        if (turn == TURN_CLOSES)
            depth -= depth > 0;
        else
            left[depth] = is_left(answer, part++);
    }
    cell_tokens_free(&read);
    return copy;
}
