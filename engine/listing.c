#include "engine/listing.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(char letter)
{
    return isalnum((unsigned char) letter) || letter == '_';
}

//  --- Declarations --------------------------------------------------------------------------------------------

//  Whether the word that ends before this place names a kind of type: what follows it is a tag.
static bool is_behind_keyword(const char *text, const char *at)
{
    static const char *const keywords[] = {"struct", "union", "enum"};
    while (at > text && at[-1] == ' ') at--;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        size_t size = strlen(keywords[i]);
        if ((size_t) (at - text) >= size && strncmp(at - size, keywords[i], size) == 0)
            return true;
    }
    return false;
}

//  Where the declared name stands in its declaration; NULL: nowhere.
static const char *find_name(const char *text, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
        if ((at == text || !is_word(at[-1])) && !is_word(at[size]) && !is_behind_keyword(text, at))
            return at;
    return NULL;
}

//  A declaration without its name: "double [16]", "int (int x)". Blanks in a row become one, those at the end none.
static void write_type(FILE *stream, const char *text, const char *name)
{
    const char *skipped = find_name(text, name);
    bool blank = false, begun = false;
    for (const char *at = text; *at; at++) {
        if (at == skipped)
            at += strlen(name);
        if (!*at)
            break;
        if (isspace((unsigned char) *at)) {
            blank = begun;
            continue;
        }
        fprintf(stream, "%s%c", blank ? " " : "", *at);
        blank = false;
        begun = true;
    }
}

//  --- Values --------------------------------------------------------------------------------------------------

static void write_array(FILE *stream, const ipc_array_t *array)
{
    fprintf(stream, "%s array", ipc_dtype_name(ipc_array_dtype(array)));
    for (int k = 0; k < ipc_array_ndim(array); k++)
        fprintf(stream, "%s%zu", k ? " x " : " ", (size_t) ipc_array_shape(array)[k]);
}

static void write_value(FILE *stream, ipc_value_t value)
{
    static const char *const words[] = {
        [IPC_KIND_NONE] = "nothing", [IPC_KIND_BOOL] = "bool",   [IPC_KIND_I64] = "int64",
        [IPC_KIND_U64] = "uint64",   [IPC_KIND_F64] = "double",  [IPC_KIND_C128] = "double complex",
        [IPC_KIND_STR] = "string",   [IPC_KIND_ARRAY] = "array", [IPC_KIND_LIST] = "list",
        [IPC_KIND_DICT] = "dictionary"};
    const ipc_array_t *array = ipc_value_array(value);
    if (array)
        write_array(stream, array);
    else if (value.kind == IPC_KIND_LIST || value.kind == IPC_KIND_DICT)
        fprintf(stream, "%s of %" PRIu32, words[value.kind], value.count);
    else
        fputs(value.kind < sizeof words / sizeof words[0] ? words[value.kind] : "value", stream);
}

static ipc_value_t text_in(ipc_arena_t *arena, const char *text)
{
    return ipc_value_copy(ipc_value_from_str(text), arena);
}

static ipc_value_t describe(const names_t *names, const cells_t *cells, const char *name, ipc_arena_t *arena)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    const char *declaration = cells_declaration(cells, name);
    const ipc_value_t *value = declaration ? NULL : names_get(names, name);
    if (declaration)
        write_type(stream, declaration, name);
    else
        write_value(stream, value ? *value : ipc_none());
    fclose(stream);
    ipc_value_t described = text_in(arena, text);
    free(text);
    return described;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

ipc_value_t listing_of(const names_t *names, const cells_t *cells, ipc_arena_t *arena)
{
    size_t count = names_count(names), place = 0;
    const char **sorted = ipc_arena_take(arena, (count + 1) * sizeof sorted[0]);
    ipc_value_t *pairs = ipc_arena_take(arena, (2 * count + 1) * sizeof pairs[0]);
    for (size_t i = 0; i < count; i++) sorted[i] = names_next(names, &place);
    qsort(sorted, count, sizeof sorted[0], by_name);
    for (size_t i = 0; i < count; i++) {
        pairs[2 * i] = text_in(arena, sorted[i]);
        pairs[2 * i + 1] = describe(names, cells, sorted[i], arena);
    }
    return ipc_value_from_dict(pairs, 2 * count);
}
