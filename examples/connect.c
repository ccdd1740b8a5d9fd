//  Finds the running cluster by itself and lists its engines.
//
//      ipcluster start -n 4 --daemonize
//      ./connect
#include <ipclient.h>
#include <stdio.h>

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client =
        ipc_client_new(NULL, &error); // IPC_PROFILE and IPC_CLUSTER_ID choose another
    if (!client)
        return ipc_error_print(&error, stderr), 1;

    // A client does not wait for engines: a program that needs some says how many.
    if (ipc_client_wait(client, 4, 10000, &error))
        return ipc_error_print(&error, stderr), 1;

    size_t count;
    const int *ids = ipc_client_ids(client, &count);
    printf("%zu engines:", count);
    for (size_t i = 0; i < count; i++) printf(" %d", ids[i]);
    printf("\n");

    ipc_client_destroy(&client);
}
