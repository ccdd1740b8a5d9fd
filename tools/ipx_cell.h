//  ipx_site_t: where cells run: the engines, or the shell's own cell space. Waits there show what comes, and a bar
//  when it takes long; Ctrl-C goes to what runs there.
#ifndef IPC_TOOLS_IPX_CELL_H
#define IPC_TOOLS_IPX_CELL_H

#include "client/client.h"
#include "tools/ipx_show.h"

typedef struct ipx_site {
    ipc_client_t *client;              // borrowed
    ipx_show_t show;
    int interrupts;                    // a descriptor of ipx_interrupts_new(); -1: Ctrl-C is not looked at
} ipx_site_t;

//  Ctrl-C (SIGINT) does nothing from here on but to be read from this descriptor, in this thread and those that it
//  starts. -1 if there can be none.
int ipx_interrupts_new(void);

//  Waits for a result of the engines in targets, and shows it: EXIT_DONE; EXIT_FAILED with the errors shown;
//  EXIT_INTERRUPTED when Ctrl-C ended it, or the wait for it, as the flags say: the first one sends their signal to the
//  engines that are not done, the second aborts it, the third leaves it. Without a signal the first leaves it.
int ipx_site_wait(const ipx_site_t *self, ipc_result_t *result, const ipx_flags_t *flags);

//  "engine 0" or "engines 0, 2, 3": those of targets; free() it.
char *ipx_site_engines(const ipx_site_t *self, const char *targets);

#endif
