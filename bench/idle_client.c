//  ipcbench-client: a client that has connected and does nothing, for its memory.
#include <unistd.h>

#include "client/ipclient.h"

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client || ipc_client_wait(client, 1, 10000, &error))
        return ipc_error_print(&error, stderr), 1;
    puts("ready");
    fflush(stdout);
    pause(); // until ipcbench ends it
    ipc_client_destroy(&client);
    return 0;
}
