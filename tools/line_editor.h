//  line_editor_t: the editor of a terminal that can move its cursor, with libedit.
#ifndef IPC_TOOLS_LINE_EDITOR_H
#define IPC_TOOLS_LINE_EDITOR_H

#include "tools/editor.h"

typedef struct line_editor line_editor_t;

//  Gives a line editor, or NULL where there is no libedit.
line_editor_t *line_editor_new(const editor_options_t *options);

//  Frees the editor and sets *self_p to NULL; NULL is fine.
void line_editor_destroy(line_editor_t **self_p);

//  As editor_read().
char *line_editor_read(line_editor_t *self, const char *prompt, bool *interrupted);

#endif
