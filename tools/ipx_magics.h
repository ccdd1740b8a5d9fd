//  What begins with %: a table of names and of what each does.
#ifndef IPC_TOOLS_IPX_MAGICS_H
#define IPC_TOOLS_IPX_MAGICS_H

#include "tools/ipx_shell.h"

//  Does what an input says that begins with %; gives its exit code.
int ipx_magic(ipx_shell_t *shell, const char *input);

//  The names of magics, in their order; NULL behind the last one.
const char *magic_name(size_t i);

//  tools/ipx_complete.c: an editor's complete(); the shell is the context.
char **ipx_complete(void *context, const char *line, size_t word_start, size_t cursor);

//  One call of a magic.
typedef struct magic_call {
    ipx_shell_t *shell;
    ipx_view_t *view;                  // of the suffix
    ipx_flags_t flags;                 // the view's, and what the line says
    bool has_flags;                    // the line says some
    char *rest;                        // of the line, behind its flags, without blanks around it
    const char *body;                  // the lines after it, of a cell; else ""
} magic_call_t;
typedef int magic_fn(magic_call_t *call);

//  Splits text, which is changed, into words: gives how many there are, and puts room of them into words.
size_t magic_words(char *text, char **words, size_t room);

//  Says in a sentence how the magic is wrongly used; gives EXIT_USAGE.
__attribute__((format(printf, 1, 2))) int magic_wrong(const char *format, ...);

//  tools/ipx_moves.c
magic_fn magic_who, magic_push, magic_pull;

#endif
