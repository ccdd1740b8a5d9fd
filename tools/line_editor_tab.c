//  Completion: Tab makes a word as long as all the words have in common that it can become; Tab again lists
//  them.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/line_editor_body.h"
#include "tools/lexer.h"
#include "tools/margin.h"
#include "tools/wide.h"

enum { INDENT = 4, LISTED_MAX = 200, GAP = 2 };

//  Words that a word can become.
typedef struct words {
    char **word;               // ours, sorted, each once
    size_t count, room;
} words_t;

static void add(words_t *self, char *word)
{
    if (self->count == self->room) {
        size_t room = self->room ? 2 * self->room : 32;
        self->word = ipc_xgrow(self->word, self->room, room, sizeof *self->word);
        self->room = room;
    }
    self->word[self->count++] = word;
}

static void add_keyword(void *words, const char *word)
{
    add(words, ipc_xstrdup(word));
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static void sort(words_t *self)
{
    size_t kept = 0;
    if (self->count)
        qsort(self->word, self->count, sizeof *self->word, compare);
    for (size_t i = 0; i < self->count; i++)
        if (kept && strcmp(self->word[kept - 1], self->word[i]) == 0)
            free(self->word[i]);
        else
            self->word[kept++] = self->word[i];
    self->count = kept;
}

static void words_free(words_t *self)
{
    for (size_t i = 0; i < self->count; i++) free(self->word[i]);
    free(self->word);
}

//  Where the word before the cursor begins: letters, digits, '_'.
static size_t word_start(const char *text, size_t cursor)
{
    size_t start = cursor;
    while (start > 0 && (isalnum((unsigned char) text[start - 1]) || text[start - 1] == '_' ||
                         (unsigned char) text[start - 1] >= 0x80))
        start--;
    return start;
}

static words_t find_words(const line_editor_t *self, const char *text, size_t start, size_t cursor)
{
    words_t words = {0};
    char *prefix = ipc_xformat("%.*s", (int) (cursor - start), text + start);
    char **given = self->options.complete
                       ? self->options.complete(self->options.context, text, start, cursor)
                       : NULL;
    for (char **word = given; word && *word; word++)
        if (strncmp(*word, prefix, cursor - start) == 0)
            add(&words, *word);
        else
            free(*word);
    free(given);
    bool magic = start > 0 && text[start - 1] == '%';
    if (*prefix && !magic)
        lexer_words(prefix, add_keyword, &words);
    free(prefix);
    sort(&words);
    return words;
}

//  How many bytes all the words have in common: whole characters.
static size_t common_length(const words_t *self)
{
    const char *first = self->word[0], *last = self->word[self->count - 1];
    size_t length = 0;
    while (first[length] && first[length] == last[length]) length++;
    while (length > 0 && ((unsigned char) first[length] & 0xc0) == 0x80) length--;
    return length;
}

static void insert(line_editor_t *self, const char *text, size_t size)
{
    char *part = ipc_xformat("%.*s", (int) size, text);
    wchar_t *wide = wide_of_utf8(part);
    el_winsertstr(self->el, wide);
    free(wide);
    free(part);
}

//  Prints the words in columns, downwards.
static void print_words(const words_t *self, int columns)
{
    size_t count = self->count < LISTED_MAX ? self->count : LISTED_MAX, width = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(self->word[i]);
        width = length > width ? length : width;
    }
    size_t across = (size_t) columns / (width + GAP);
    across = across ? across : 1;
    size_t down = (count + across - 1) / across;
    for (size_t row = 0; row < down; row++) {
        for (size_t i = row; i < count; i += down)
            printf("%-*s", i + down < count ? (int) (width + GAP) : 0, self->word[i]);
        putchar('\n');
    }
    if (self->count > count)
        printf("and %zu more\n", self->count - count);
}

//  Lists the words below the input, and the input again below them.
static void list(line_editor_t *self, const words_t *words)
{
    paint_t picture = line_editor_picture(self);
    int below = paint_place(&picture, picture.count).row - paint_place(&picture, picture.cursor).row;
    if (below > 0)
        printf("\033[%dB", below);
    putchar('\n');
    print_words(words, self->columns);
    line_editor_redraw(self);
}

static unsigned char complete_word(line_editor_t *self, const words_t *words, size_t length)
{
    size_t count = line_editor_count(self), cursor = line_editor_cursor(self);
    bool again = self->tab_count == count && self->tab_cursor == cursor;
    size_t common = words->count ? common_length(words) : 0;
    self->tab_count = count;
    self->tab_cursor = cursor;
    if (common > length) {
        insert(self, words->word[0] + length, common - length);
        self->tab_count = line_editor_count(self);
        self->tab_cursor = line_editor_cursor(self);
        return CC_REFRESH;
    }
    if (words->count < 2 || !again)
        return words->count == 1 ? CC_NORM : CC_ERROR;
    list(self, words);
    return CC_NORM;
}

//  Whether nothing but blanks stands before the cursor in its line.
static bool is_indent(const char *before)
{
    const char *line = strrchr(before, '\n');
    line = line ? line + 1 : before;
    return line[strspn(line, " \t")] == 0;
}

unsigned char line_editor_complete(EditLine *el, wint_t key)
{
    (void) key;
    line_editor_t *self = line_editor_of(el);
    char *before = margin_strip(el_wline(el)->buffer, line_editor_cursor(self));
    char *text = line_editor_text(self);
    size_t cursor = strlen(before), start = word_start(before, cursor);
    unsigned char code = CC_REFRESH;
    if (is_indent(before)) {
        insert(self, "    ", INDENT);
    } else {
        words_t words = find_words(self, text, start, cursor);
        code = complete_word(self, &words, cursor - start);
        words_free(&words);
    }
    free(text);
    free(before);
    return code;
}
