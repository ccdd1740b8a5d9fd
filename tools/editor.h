//  editor_t: reads what a person types.
#ifndef IPC_TOOLS_EDITOR_H
#define IPC_TOOLS_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct editor editor_t;

typedef struct editor_options {
    const char *history_path;          // borrowed; NULL: none is kept
    //  Gives the words that can complete the word before the cursor (given, NULL-terminated array; free each and it),
    //  or NULL.
    char **(*complete)(void *context, const char *line, size_t word_start, size_t cursor);
    void *context;
} editor_options_t;

editor_t *editor_new(const editor_options_t *options);  // also when stdin is no terminal: then plain lines
void editor_destroy(editor_t **self_p);

//  One input: a line, or several while brackets, strings or comments are open, or (after a line that begins with %%) up
//  to an empty line. Given, without the last end of line; NULL: end of file. *interrupted: Ctrl-C dropped what was
//  typed; gives "".
char *editor_read(editor_t *self, const char *prompt, bool *interrupted);

#endif
