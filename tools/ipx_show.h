//  ipx_show_t: how results are shown: what tasks wrote, the values of cells, errors.
#ifndef IPC_TOOLS_IPX_SHOW_H
#define IPC_TOOLS_IPX_SHOW_H

#include "client/client.h"
#include "client/stream.h"
#include "tools/ipx_options.h"

typedef struct ipx_show {
    bool bare;                         // of the shell's own cell space: no engine is named
    bool colours;
} ipx_show_t;

//  With colours if standard output is a terminal that has some, and NO_COLOR is not set.
ipx_show_t ipx_show_of(bool bare);

//  What a task wrote to stdout and stderr goes to ours.
void ipx_show_line(const ipx_show_t *self, const ipc_line_t *line);

//  The values of a cell; the errors, to stderr.
void ipx_show_values(const ipx_show_t *self, ipc_result_t *result);
void ipx_show_errors(const ipx_show_t *self, ipc_result_t *result);

//  All of a result that is done: what was written, in groups, values and errors.
void ipx_show_result(const ipx_show_t *self, ipc_result_t *result, ipx_group_t group);

#endif
