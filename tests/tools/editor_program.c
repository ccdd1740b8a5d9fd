//  Shows what the editor reads: <input> for each, with \n in it as it is.
//
//      editor_program [HISTORY]
#include "tools/editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

static char **complete(void *context, const char *line, size_t start, size_t cursor)
{
    (void) context;
    static const char *const magics[] = {"px", "pxresult", NULL};
    static const char *const names[] = {"temperature", "temporary", "température", NULL};
    char **found = ipc_xalloc((sizeof names / sizeof names[0]) * sizeof *found);
    size_t count = 0;
    for (const char *const *word = start > 0 && line[start - 1] == '%' ? magics : names; *word; word++)
        if (strncmp(*word, line + start, cursor - start) == 0)
            found[count++] = ipc_xstrdup(*word);
    return found;
}

int main(int argc, char **argv)
{
    editor_t *editor = editor_new(&(editor_options_t){
        .history_path = argc > 1 ? argv[1] : NULL,
        .complete = complete,
    });
    bool interrupted;
    char prompt[32];
    for (int i = 1;; i++) {
        snprintf(prompt, sizeof prompt, "In [%d]: ", i);
        char *input = editor_read(editor, prompt, &interrupted);
        if (!input)
            break;
        if (interrupted)
            printf("interrupted %d\n", i);
        else
            printf("<%s> %d\n", input, i);
        free(input);
    }
    puts("\nend");
    editor_destroy(&editor);
}
