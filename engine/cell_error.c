#include "engine/cell_error.h"

#include <inttypes.h>
#include <string.h>

#include "common/fail.h"

void cell_error_name(const cells_source_t *source, char name[CELLS_NAME])
{
    if (source->file)
        ipc_text_copy(name, CELLS_NAME, source->file);
    else if (source->number > 0)
        snprintf(name, CELLS_NAME, "cell %" PRIu64, source->number);
    else
        snprintf(name, CELLS_NAME, "include");
}

int cell_error_at(const cells_source_t *source, size_t row, size_t column, const char *words, ipc_error_t *error)
{
    char name[CELLS_NAME];
    const char *line = source->text;
    for (size_t i = 1; i < row && *line; i++) line = strchrnul(line, '\n') + (*strchrnul(line, '\n') == '\n');
    cell_error_name(source, name);
    ipc_fail(error, IPC_E_COMPILE, "%s, line %zu, column %zu: %.*s\n    %.*s\n    ", name, row, column,
             (int) strcspn(words, "\n"), words, (int) strcspn(line, "\n"), line);
    size_t size = strlen(error->text);
    for (size_t i = 1; i < column && size + 2 < sizeof error->text && *line; i++) {
        error->text[size++] = *line == '\t' ? '\t' : ' ';
        do line++;
        while (((unsigned char) *line & 0xC0) == 0x80);
    }
    if (size + 1 < sizeof error->text)
        memcpy(error->text + size, "^", 2);
    return -1;
}
