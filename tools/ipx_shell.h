//  ipx_shell_t: reads inputs, one after another, and does what each says: a magic, or C that runs in the shell's own
//  cell space, or, while %autopx is on, on the engines.
#ifndef IPC_TOOLS_IPX_SHELL_H
#define IPC_TOOLS_IPX_SHELL_H

#include "tools/ipx_session.h"

typedef struct ipx_shell {
    ipx_session_t *session;            // borrowed
    const ipx_view_t *automatic;       // whose engines run what is no magic; NULL: it runs here
    bool ended;                        // %quit
    char **inputs;                     // so far
    size_t input_count;
} ipx_shell_t;

//  Reads standard input to its end, or until %quit: EXIT_DONE; of a script, which is not a person's, EXIT_FAILED if
//  anything in it failed.
//      session   borrowed
int ipx_shell_run(ipx_session_t *session);

//  Does what one input says; gives its exit code.
int ipx_shell_input(ipx_shell_t *self, const char *input);

#endif
