//  Map: one call for each item, results in order. A direct view deals the items out in
//  contiguous blocks, so two engines and four items give two process ids, each twice.
#include <ipclient.h>
#include <stdio.h>
#include <unistd.h>

IPC_REMOTE(int, process_id, (int item))
{
    (void) item;
    return getpid();
}

static void show(ipc_client_t *client, const char *targets)
{
    ipc_error_t error;
    ipc_view_t *view = ipc_direct_view(client, targets, &error);
    if (!view) {
        ipc_error_print(&error, stderr);
        return;
    }
    ipc_result_t *pids = ipc_map_sync(view, process_id, ipc_range(0, 4));
    printf("%-4s ", targets);
    ipc_result_print(pids, stdout);
    ipc_result_destroy(&pids);
    ipc_view_destroy(&view);
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    show(client, "all");
    show(client, "::2");
    ipc_client_destroy(&client);
}
