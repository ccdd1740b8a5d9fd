//  editor_t: asks somebody at a terminal for one C input after the other: line editing with history, completion
//  and colours where libedit is there and the terminal can do it, else plain lines.
#ifndef IPC_TOOLS_EDITOR_H
#define IPC_TOOLS_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct editor editor_t;

//  Gives the words that the word before the cursor can become, a NULL-terminated array, given, as its words
//  are; or NULL. They begin with what is there of the word; keywords of C need not be among them.
//      line       borrowed; the whole input so far
//      word_start where the word begins, in bytes: letters, digits and '_'; that of a magic behind its '%'
//      cursor     where it ends, for now
typedef char **(*editor_complete_fn)(void *context, const char *line, size_t word_start, size_t cursor);

typedef struct editor_options {
    const char *history_path;          // borrowed; NULL: none is kept
    editor_complete_fn complete;       // or NULL
    void *context;                     // handed to complete
} editor_options_t;

//  Gives an editor of standard input and output; also when that is no terminal. Sets the locale's characters
//  to those of the environment, or to UTF-8 where that names none. One at a time.
//      options    borrowed
editor_t *editor_new(const editor_options_t *options);

//  Frees the editor and sets *self_p to NULL; NULL is fine.
void editor_destroy(editor_t **self_p);

//  Asks for one input: a line, or several while brackets, comments or conditions are open, or (after a line
//  that begins with %%) up to an empty line; two empty lines end any. At a terminal it is then in the history.
//      prompt     borrowed; of one line; shown at a terminal only
//      interrupted   written; Ctrl-C dropped what was typed: "" is given
//  Given, without the last end of line; NULL: the end of the file, or Ctrl-D on an empty line, and
//  the terminal's cursor stays behind the prompt.
char *editor_read(editor_t *self, const char *prompt, bool *interrupted);

#endif
