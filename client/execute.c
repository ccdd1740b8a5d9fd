//  Source that engines compile and run.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/draft.h"
#include "client/views.h"
#include "common/fail.h"

//  A cell as it is sent.
typedef struct cell {
    const char *source;
    uint64_t number;                   // 0: of an include
    const char *file;                  // that it was read from; or NULL
    const char *beside;                // the directory of that file
} cell_t;

enum { OPTIONS_MAX = COMPILE_TEXTS + 3 };

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
    if (self->options.restore)
        add_option(items, &count, "restore", ipc_value_from_bool(true));
    return ipc_value_from_dict(items, count);
}

static int send_cell(draft_t *self, const cell_t *cell)
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
    if (!draft_need_direct(&draft, "a cell"))
        send_cell(&draft, &(cell_t){.source = source, .number = draft.cell});
    return draft_end(&draft, draft_shape(&draft));
}

//  --- Files ---------------------------------------------------------------------------------------------------

//  The text of a file, given; NULL with *error: ARGUMENT.
static char *read_source(const char *path, ipc_error_t *error)
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

ipc_result_t *ipc_view_execute_file(ipc_view_t *view, const ipc_call_t *call, const char *path)
{
    draft_t draft;
    draft_begin(&draft, view, call, "execute");
    draft.cell = ++draft.client->cells;
    char *text = draft_need_direct(&draft, path) ? NULL : read_source(path, &draft.error);
    char *directory = text ? getcwd(NULL, 0) : NULL;
    if (directory) {
        char *whole = compile_absolute(path, strlen(path), directory);
        char *slash = strrchr(whole, '/');
        slash[slash == whole] = 0;
        send_cell(&draft, &(cell_t){.source = text, .number = draft.cell, .file = path, .beside = whole});
        free(whole);
    } else if (text) {
        ipc_fail(&draft.error, IPC_E_SYSTEM, "the working directory cannot be found: %s", strerror(errno));
    }
    free(directory);
    free(text);
    return draft_end(&draft, draft_shape(&draft));
}

//  --- Includes ------------------------------------------------------------------------------------------------

//  "<complex.h>" or "\"mine.h\"", and nothing behind it.
static bool is_header(const char *header)
{
    size_t size = strlen(header);
    const char *ends = size > 2 && header[0] == '<' ? ">" : "\"";
    return size > 2 && (header[0] == '<' || header[0] == '"') && strcspn(header + 1, ends) == size - 2 &&
           !strchr(header, '\n');
}

ipc_result_t *ipc_view_include(ipc_view_t *view, const ipc_call_t *call, const char *header)
{
    enum { HEADER_MAX = 1024 };
    char source[HEADER_MAX + 16];
    draft_t draft;
    draft_begin(&draft, view, call, "include");
    if (!draft_need_direct(&draft, header)) {
        if (!is_header(header) || strlen(header) > HEADER_MAX) {
            ipc_fail(&draft.error, IPC_E_ARGUMENT,
                     "the argument header of an include is written as in C, \"<complex.h>\", not '%.100s'", header);
        } else {
            snprintf(source, sizeof source, "#include %s\n", header);
            send_cell(&draft, &(cell_t){.source = source});
        }
    }
    return draft_end(&draft, draft_shape(&draft));
}
