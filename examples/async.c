//  Asynchronous and synchronous calls: ipc_apply() returns at once, ipc_apply_sync() when
//  all have answered. Both give the same type, and whatever reads a result waits for what
//  it needs.
#define _DEFAULT_SOURCE // usleep
#include <ipclient.h>
#include <stdio.h>
#include <unistd.h>

IPC_REMOTE(int, nap, (int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    return 0;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *all = ipc_direct_view(client, "all", &error);

    ipc_result_t *later = ipc_apply(all, nap, 200);
    printf("sent: %zu of %zu done\n", ipc_result_done(later), ipc_result_count(later));
    while (!ipc_result_wait(later, 50)) // free to do something else between two looks
        ;
    printf("now:  %zu of %zu done, ", ipc_result_done(later), ipc_result_count(later));
    ipc_result_print(later, stdout);

    ipc_result_t *now = ipc_apply_sync(all, nap, 1);
    printf("sync: ");
    ipc_result_print(now, stdout);

    ipc_client_destroy(&client); // frees the view and the results, too
}
