//  ipx_site_t: where cells run: the engines, or the shell's own cell space. Waits there show what comes, and a bar
//  when it takes long; Ctrl-C goes to what runs there.
#ifndef IPC_TOOLS_IPX_CELL_H
#define IPC_TOOLS_IPX_CELL_H

#include "client/view.h"
#include "tools/ipx_show.h"

typedef struct ipx_site {
    ipc_client_t *client;              // borrowed
    ipx_show_t show;
    int interrupts;                    // a descriptor of ipx_interrupts_new(); -1: Ctrl-C is not looked at
} ipx_site_t;

//  Ctrl-C (SIGINT) does nothing from here on but to be read from this descriptor, in this thread and those that it
//  starts. -1 if there can be none.
int ipx_interrupts_new(void);

//  Engines by their ids, in the order of the positions of what they run.
typedef struct ipx_engines {
    size_t count;
    int ids[];
} ipx_engines_t;

//  Those of a view now; free() it. "engine 0" or "engines 0, 2, 3"; free() it.
ipx_engines_t *ipx_engines_of(ipc_view_t *view);
char *ipx_engines_text(const ipx_engines_t *self);

//  Waits for a result, and shows it: EXIT_DONE; EXIT_FAILED with the errors shown; EXIT_INTERRUPTED when Ctrl-C ended
//  it, or the wait for it. The first one sends the flags' signal to the engines that are not done, the second aborts
//  the work, the third leaves it. Without engines or a signal the first leaves it.
//      engines   borrowed: that run a cell; NULL: it is something else
int ipx_site_wait(const ipx_site_t *self, ipc_result_t *result, const ipx_engines_t *engines, const ipx_flags_t *flags);

#endif
