//  A program that needs nothing but itself: it starts its own cluster, and takes it away again.
#include <ipclient.h>

IPC_REMOTE(int, engine_of, (int64_t item))
{
    (void) item;
    return (int) ipc_engine_id();
}

int main(void)
{
    ipc_error_t error;
    ipc_cluster_t *cluster = ipc_cluster_start(&(ipc_cluster_options_t){.engines = 2}, &error);
    ipc_client_t *client = cluster ? ipc_cluster_client(cluster, &error) : NULL;
    if (!client) {
        ipc_error_print(&error, stderr);
        return 1;
    }
    ipc_view_t *all = ipc_direct_view(client, "all", &error);
    ipc_result_print(ipc_map_sync(all, engine_of, ipc_range(0, 6)), stdout);

    ipc_cluster_add(cluster, 1, &error);
    ipc_client_wait(client, 3, IPC_FOREVER, &error);
    ipc_result_print(ipc_map_sync(all, engine_of, ipc_range(0, 6)), stdout); // "all" is those there are now

    ipc_client_destroy(&client);
    ipc_cluster_stop(&cluster); // also when the program ends, however it ends
    return 0;
}
