#include "tools/ipx_local.h"

#include <stdlib.h>
#include <unistd.h>

#include "client/cluster.h"
#include "common/fail.h"

struct ipx_local {
    ipc_cluster_t *cluster;            // of one engine
    ipc_client_t *client;
    ipc_view_t *view;                  // the engine: bare values
    ipx_site_t site;
};

ipx_local_t *ipx_local_new(int interrupts, ipc_error_t *error)
{
    char id[32];
    snprintf(id, sizeof id, "ipx-%ld", (long) getpid());
    ipx_local_t *self = ipc_xalloc(sizeof *self);
    self->cluster = ipc_cluster_start(&(ipc_cluster_options_t){.engines = 1, .id = id}, error);
    self->client = self->cluster ? ipc_cluster_client(self->cluster, error) : NULL;
    self->view = self->client ? ipc_direct_view(self->client, "0", error) : NULL;
    if (!self->view)
        ipx_local_destroy(&self);
    else
        self->site = (ipx_site_t){.client = self->client, .show = ipx_show_of(true), .interrupts = interrupts};
    return self;
}

void ipx_local_destroy(ipx_local_t **self_p)
{
    ipx_local_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipc_view_destroy(&self->view);
    ipc_client_destroy(&self->client);
    ipc_cluster_stop(&self->cluster);
    free(self);
}

const ipx_site_t *ipx_local_site(const ipx_local_t *self)
{
    return &self->site;
}

ipc_view_t *ipx_local_view(ipx_local_t *self)
{
    return self->view;
}
