#include "engine/cuda_error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

//  One error, as it was said: "cell(2): error: words", words that go on, the line, a caret. Lent by the text.
typedef struct said {
    cell_span_t words, more;           // more: up to the line of the cell
    size_t row, indent;                // of the caret, in bytes; 0: there is none
} said_t;

enum { ECHO_INDENT = 2 };              // before the cell's line

static const char *next_line(const char *line)
{
    const char *end = strchrnul(line, '\n');
    return *end ? end + 1 : end;
}

static cell_span_t line_of(const char *line)
{
    return (cell_span_t){line, strcspn(line, "\n")};
}

//  Behind "error: ", "error #20: " or "catastrophic error: "; NULL when the line has none.
static const char *error_words(const char *line)
{
    const char *end = strchrnul(line, '\n');
    const char *mark = memmem(line, (size_t) (end - line), "error", 5);
    const char *colon = mark ? memmem(mark, (size_t) (end - mark), ": ", 2) : NULL;
    return colon ? colon + 2 : NULL;
}

//  Reads the beginning "cell(2): error: "; gives the words, or NULL, also for warnings and notes.
static const char *read_place(const char *line, size_t *row)
{
    static const char file[] = "cell(", mark[] = "): ";
    char *end;
    if (strncmp(line, file, sizeof file - 1) != 0)
        return NULL;
    *row = strtoul(line + sizeof file - 1, &end, 10);
    if (strncmp(end, mark, sizeof mark - 1) != 0)
        return NULL;
    end += sizeof mark - 1;
    const char *words = error_words(end), *colon = memmem(end, strcspn(end, "\n"), ": ", 2);
    return words && words == colon + 2 ? words : NULL; // what stands before the first colon says what it is
}

static bool is_caret(cell_span_t line)
{
    size_t size = line.size;
    while (size > 0 && isspace((unsigned char) line.at[size - 1])) size--;
    return size > ECHO_INDENT && line.at[size - 1] == '^' && strspn(line.at, " \t") == size - 1;
}

//  Reads what stands below the first line of an error, up to an empty one.
static void read_caret(said_t *self, const char *line)
{
    const char *echo = NULL;
    self->more = (cell_span_t){line, 0};
    for (; line_of(line).size > 0; echo = line, line = next_line(line)) {
        if (is_caret(line_of(line)) && echo) {
            self->indent = strspn(line, " \t");
            self->more.size = (size_t) (echo - self->more.at);
            return;
        }
    }
}

//  The column of a byte of a line, in characters from 1.
static size_t column_of(const char *source, size_t row, size_t indent)
{
    size_t column = 1;
    for (size_t i = 1; i < row; i++) source = next_line(source);
    for (size_t i = 0; i + ECHO_INDENT < indent && source[i] && source[i] != '\n'; i++)
        column += ((unsigned char) source[i + 1] & 0xC0) != 0x80;
    return column;
}

//  The words in one line; what they say of a name that is the cells' own is not all that there is to know.
static char *sentence_of(const said_t *said, const cuda_scope_t *scope)
{
    static const char before[] = "identifier \"";
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    fprintf(out, "%.*s", (int) said->words.size, said->words.at);
    for (size_t i = 0; i < said->more.size; i++) {
        bool blank = isspace((unsigned char) said->more.at[i]);
        bool begins = i == 0 || isspace((unsigned char) said->more.at[i - 1]);
        if (!blank && begins)
            fputc(' ', out);
        if (!blank)
            fputc(said->more.at[i], out);
    }
    const char *name = said->words.size > sizeof before ? strstr(said->words.at, before) : NULL;
    cell_span_t span = {name ? name + sizeof before - 1 : "", 0};
    span.size = strcspn(span.at, "\"\n");
    if (name == said->words.at && cuda_scope_has_lost(scope, span))
        fputs(": it is of the cell that declared it (variables and kernels are) or was declared by means of what is "
              "another thing now", out);
    fclose(out);
    return text;
}

int cuda_error_compile(const cells_source_t *source, const char *said, const cuda_scope_t *scope, ipc_error_t *error)
{
    const char *elsewhere = NULL;
    char name[CELLS_NAME];
    for (const char *line = said; *line; line = next_line(line)) {
        said_t found = {0};
        const char *words = read_place(line, &found.row);
        if (words) {
            found.words = line_of(words);
            read_caret(&found, next_line(line));
            char *sentence = sentence_of(&found, scope);
            cell_error_at(source, found.row, column_of(source->text, found.row, found.indent), sentence, error);
            free(sentence);
            return -1;
        }
        elsewhere = elsewhere ? elsewhere : error_words(line);
    }
    cell_error_name(source, name);
    elsewhere = elsewhere ? elsewhere : said[0] ? said : "the compiler failed without a word";
    return ipc_fail(error, IPC_E_COMPILE, "%s: %.*s", name, (int) strcspn(elsewhere, "\n"), elsewhere);
}
