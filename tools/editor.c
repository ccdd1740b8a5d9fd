#include "tools/editor.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "tools/line_editor.h"
#include "tools/editor_plain.h"

struct editor {
    line_editor_t *line;       // NULL: plain lines
};

//  Whether lines can be edited where the user sits: TERM=dumb is what a terminal in a text editor says.
static bool is_capable_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static void choose_characters(void)
{
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
}

editor_t *editor_new(const editor_options_t *options)
{
    editor_t *self = ipc_xalloc(sizeof *self);
    choose_characters();
    if (is_capable_terminal())
        self->line = line_editor_new(options);
    return self;
}

void editor_destroy(editor_t **self_p)
{
    editor_t *self = *self_p;
    if (!self)
        return;
    line_editor_destroy(&self->line);
    free(self);
    *self_p = NULL;
}

char *editor_read(editor_t *self, const char *prompt, bool *interrupted)
{
    *interrupted = false;
    if (self->line)
        return line_editor_read(self->line, prompt, interrupted);
    return editor_plain_read(stdin, isatty(STDIN_FILENO) ? prompt : NULL, interrupted);
}
