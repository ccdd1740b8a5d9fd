//  What ipx is asked for: on its command line, and behind its magics.
#ifndef IPC_TOOLS_IPX_OPTIONS_H
#define IPC_TOOLS_IPX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/error.h"

//  Exit codes of every program here; what Ctrl-C ends, ends of its signal, which shells call 130.
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

typedef enum ipx_group { IPX_BY_TYPE, IPX_BY_ENGINE, IPX_BY_ORDER } ipx_group_t;

enum { IPX_NAME_MAX = 64, IPX_TARGETS_MAX = 256 };

//  How a cell is run: what %px, %%px and the command line take.
typedef struct ipx_flags {
    char targets[IPX_TARGETS_MAX];     // as ipc_direct_view() takes them
    char out[IPX_NAME_MAX];            // keeps the result under this name; ""
    bool block;                        // waits for the end
    bool local;                        // runs it here, too
    bool restore;                      // runs it again on an engine that starts again
    bool cuda;                         // it is CUDA C++
    bool stream;                       // shows lines as they come
    bool verbose;                      // says where it runs
    bool silent;                       // does not show its value: no word asks for it
    double progress_after;             // seconds until a bar is drawn; below 0: none is
    int signal;                        // that Ctrl-C sends to the engines; 0: none
    ipx_group_t group;                 // how what was written is put together when it is not streamed
} ipx_flags_t;

//  Where nothing is said: all engines, blocking, lines as they come if that is wanted.
ipx_flags_t ipx_flags_default(bool stream);

//  Whether a word looks like one of them. Code that begins so stands behind "--".
bool ipx_is_flag(const char *word);

//  Takes the flag that words begin with: gives how many words it took, or -1 with *error: ARGUMENT.
//      words   borrowed; count of them, count > 0
int ipx_flags_take(ipx_flags_t *self, const char *const *words, size_t count, ipc_error_t *error);

//  Prints what there is, a line for each.
void ipx_flags_help(FILE *stream);

typedef struct ipx_options {
    ipx_flags_t flags;
    const char *profile, *cluster_id;  // or NULL
    const char *file;                  // to run; NULL: none
    const char *code;                  // to run; NULL: none
} ipx_options_t;

//  Reads the command line; strings are lent by argv. True when there is something to do; else *exit_code is written
//  and help, the version or what is wrong has been printed.
bool ipx_options_read(ipx_options_t *self, int argc, char **argv, int *exit_code);

#endif
