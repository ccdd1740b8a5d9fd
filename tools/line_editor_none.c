//  The line editor of a build without libedit: there is none.
#include "tools/line_editor.h"

line_editor_t *line_editor_new(const editor_options_t *options)
{
    (void) options;
    return NULL;
}

void line_editor_destroy(line_editor_t **self_p)
{
    *self_p = NULL;
}

char *line_editor_read(line_editor_t *self, const char *prompt, bool *interrupted)
{
    (void) self;
    (void) prompt;
    (void) interrupted;
    return NULL;
}
