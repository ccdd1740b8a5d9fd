//  Executed source, cut into items: all parts of them lie within the source, but for the names of types.
#include <stdlib.h>
#include <string.h>

#include "engine/cell.h"
#include "tests/fuzz/fuzz.h"

//  Names of one letter are variables, those of two are types.
static cell_kind_t kind_of(void *context, cell_span_t name)
{
    (void) context;
    return name.size == 1 ? CELL_VARIABLE : name.size == 2 ? CELL_TYPE : CELL_STATEMENT;
}

static void check_span(cell_span_t span, const char *source, size_t size)
{
    if (span.size > 0 && (span.at < source || span.size > size || span.at > source + size - span.size))
        abort();
}

static void check_item(const cell_item_t *item, const char *source, size_t size)
{
    const cell_span_t spans[] = {item->text, item->base, item->declarator, item->parameters, item->body, item->init};
    if (item->kind != CELL_TYPE) // whose names are put together
        check_span(item->name, source, size);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) check_span(spans[i], source, size);
}

static void see_word(void *context, cell_span_t word)
{
    *(size_t *) context += word.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *source = fuzz_text(bytes, size);
    size_t length = strlen(source), letters = 0;
    cell_t cell;
    cell_fault_t fault = {0};
    if (cell_split(&cell, source, kind_of, NULL, &fault)) {
        if (!fault.text || fault.line == 0 || fault.column == 0)
            abort();
    }
    for (size_t i = 0; i < cell.count; i++) check_item(&cell.items[i], source, length);
    cell_words((cell_span_t){source, length}, see_word, &letters);
    if (letters > length)
        abort();
    cell_free(&cell);
    free(source);
    return 0;
}
