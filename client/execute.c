//  Source that engines compile and run.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cells.h"
#include "client/views.h"
#include "common/fail.h"

enum { OPTIONS_MAX = COMPILE_TEXTS + 6 };

static void add_option(ipc_value_t *items, size_t *count, const char *name, ipc_value_t value)
{
    items[(*count)++] = ipc_value_from_str(name);
    items[(*count)++] = value;
}

//  The options of a cell, those alone that are set.
static ipc_value_t options_of(const draft_t *self, const cell_t *cell, ipc_value_t items[2 * OPTIONS_MAX])
{
    const compile_t *compile = self->view->compile;
    size_t count = 0;
    for (size_t i = 0; compile && i < COMPILE_TEXTS; i++)
        if (compile->texts[i])
            add_option(items, &count, compile_names[i], ipc_value_from_str(compile->texts[i]));
    if (cell->file)
        add_option(items, &count, "file", ipc_value_from_str(cell->file));
    if (cell->beside)
        add_option(items, &count, "beside", ipc_value_from_str(cell->beside));
    if (cell->headers)
        add_option(items, &count, "headers", ipc_value_from_str(cell->headers));
    if (cell->require)
        add_option(items, &count, "require", ipc_value_from_str(cell->require));
    if (self->options.restore)
        add_option(items, &count, "restore", ipc_value_from_bool(true));
    if (self->options.cuda && cell->number > 0) // an include is of C
        add_option(items, &count, "cuda", ipc_value_from_bool(true));
    return ipc_value_from_dict(items, count);
}

int cell_send(draft_t *self, const cell_t *cell)
{
    ipc_value_t items[2 * OPTIONS_MAX];
    draft_target_engines(self);
    self->function = function_of_kind(self->client, IPC_FUNCTION_EXECUTE);
    return draft_argument(self, ipc_value_from_str(cell->source)) ||
           draft_argument(self, options_of(self, cell, items)) ||
           draft_argument(self, ipc_value_from_u64(cell->number)) ||
           draft_argument(self, ipc_value_from_u64(self->client->uuid + self->client->next_job));
}

ipc_result_t *ipc_view_execute(ipc_view_t *view, const ipc_call_t *call, const char *source)
{
    draft_t draft;
    draft_begin(&draft, view, call, "execute");
    draft.cell = ++draft.client->cells;
    if (!source && draft.error.code == 0)
        ipc_fail(&draft.error, IPC_E_ARGUMENT, "the argument source of execute is NULL");
    if (!draft_need_direct(&draft, "a cell"))
        cell_send(&draft, &(cell_t){.source = source, .number = draft.cell});
    return draft_end(&draft, draft_shape(&draft));
}

//  --- Files ---------------------------------------------------------------------------------------------------

char *cell_read_file(const char *path, ipc_error_t *error)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "re");
    ssize_t size = file ? getdelim(&text, &room, 0, file) : -1;
    bool empty = file && size < 0 && feof(file) && !ferror(file);
    if (empty) {
        free(text);
        text = ipc_xstrdup("");
    } else if (size < 0) {
        ipc_fail(error, IPC_E_ARGUMENT, "the file of the argument path, '%.200s', cannot be read: %s", path,
                 strerror(errno));
    } else if (text[size - 1] == 0) {
        ipc_fail(error, IPC_E_ARGUMENT, "the file of the argument path, '%.200s', is no text: it has a zero byte",
                 path);
    }
    if (file)
        fclose(file);
    if (empty || (size >= 0 && text[size - 1] != 0))
        return text;
    free(text);
    return NULL;
}

char *cell_beside(const char *path, ipc_error_t *error)
{
    char *directory = getcwd(NULL, 0);
    if (!directory) {
        ipc_fail(error, IPC_E_SYSTEM, "the working directory cannot be found: %s", strerror(errno));
        return NULL;
    }
    char *whole = compile_absolute(path, strlen(path), directory), *slash = strrchr(whole, '/');
    slash[slash == whole] = 0;
    free(directory);
    return whole;
}

ipc_result_t *ipc_view_execute_file(ipc_view_t *view, const ipc_call_t *call, const char *path)
{
    draft_t draft;
    draft_begin(&draft, view, call, "execute");
    draft.cell = ++draft.client->cells;
    char *text = draft_need_direct(&draft, path) ? NULL : cell_read_file(path, &draft.error);
    char *beside = text ? cell_beside(path, &draft.error) : NULL;
    if (beside)
        cell_send(&draft, &(cell_t){.source = text, .number = draft.cell, .file = path, .beside = beside});
    free(beside);
    free(text);
    return draft_end(&draft, draft_shape(&draft));
}

//  --- Includes ------------------------------------------------------------------------------------------------

size_t cell_header(const char *text)
{
    size_t size = text[0] == '<' || text[0] == '"' ? strcspn(text + 1, text[0] == '<' ? ">\n" : "\"\n") : 0;
    return size > 0 && text[size + 1] && text[size + 1] != '\n' ? size + 2 : 0;
}

ipc_result_t *ipc_view_include(ipc_view_t *view, const ipc_call_t *call, const char *header)
{
    enum { HEADER_MAX = 1024 };
    char source[HEADER_MAX + 16];
    draft_t draft;
    draft_begin(&draft, view, call, "include");
    if (!draft_need_direct(&draft, header)) {
        if (cell_header(header) != strlen(header) || strlen(header) > HEADER_MAX) {
            ipc_fail(&draft.error, IPC_E_ARGUMENT,
                     "the argument header of an include is written as in C, \"<complex.h>\", not '%.100s'", header);
        } else {
            snprintf(source, sizeof source, "#include %s\n", header);
            cell_send(&draft, &(cell_t){.source = source});
        }
    }
    return draft_end(&draft, draft_shape(&draft));
}
