//  Views: the engines that a program addresses as one. A bare number gives a bare value,
//  all else a list.
#include <ipclient.h>
#include <stdio.h>

IPC_REMOTE(int64_t, my_id, (void))
{
    return ipc_engine_id();
}

static void show(ipc_client_t *client, const char *targets)
{
    ipc_error_t error;
    printf("%-6s ", targets);
    ipc_view_t *view = ipc_direct_view(client, targets, &error);
    if (!view) { // an engine that is not there is told when the view is made
        ipc_error_print(&error, stdout);
        return;
    }
    ipc_result_t *ids = ipc_apply_sync(view, my_id);
    ipc_result_print(ids, stdout);
    ipc_result_destroy(&ids);
    ipc_view_destroy(&view);
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;

    const char *const targets[] = {"all", "0",    "-1",  "[0]", "0,2", "2,0",
                                   "::2", "::-1", "1:3", "-2:", "99"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) show(client, targets[i]);
    ipc_client_destroy(&client);
}
