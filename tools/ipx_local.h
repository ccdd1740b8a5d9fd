//  ipx_local_t: the cell space of the shell itself: an engine of its own, so that what crashes there, or never ends,
//  takes nothing with it. It ends with the shell, however that ends.
#ifndef IPC_TOOLS_IPX_LOCAL_H
#define IPC_TOOLS_IPX_LOCAL_H

#include "client/view.h"
#include "tools/ipx_cell.h"

typedef struct ipx_local ipx_local_t;

//  Starts it, in some tens of milliseconds; NULL with *error: as ipc_cluster_start().
//      interrupts   for its waits
ipx_local_t *ipx_local_new(int interrupts, ipc_error_t *error);
void ipx_local_destroy(ipx_local_t **self_p);

//  The site of its cells, and its view of the one engine; lent.
const ipx_site_t *ipx_local_site(const ipx_local_t *self);
ipc_view_t *ipx_local_view(ipx_local_t *self);

#endif
