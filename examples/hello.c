//  Hello: a function of this file, run on every engine. Nothing is printed here until we ask for it.
#include <ipclient.h>
#include <stdio.h>
#include <unistd.h>

IPC_REMOTE(void, say_hi, (void))
{
    printf("Hi from process %d\n", getpid());
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);      // the running cluster of the default profile
    if (!client)
        return ipc_error_print(&error, stderr), 1;            // "no cluster is running: start one with 'ipcluster start -n 4'"
    ipc_view_t *all = ipc_direct_view(client, "all", &error);

    ipc_result_t *hello = ipc_apply(all, say_hi);             // returns at once; prints nothing here
    ipc_result_display(hello, stdout);                        // waits; [stdout:0] Hi from process 10557 … one for each engine

    ipc_result_destroy(&hello);
    ipc_view_destroy(&all);
    ipc_client_destroy(&client);
}
