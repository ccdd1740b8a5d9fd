//  A balanced view: each task goes to whichever engine is free, and nobody chooses which.
//  Eight tasks, the first as long as all others together: it keeps one engine busy while
//  the others do the rest.
#define _DEFAULT_SOURCE // usleep
#include <ipclient.h>
#include <stdio.h>
#include <unistd.h>

IPC_REMOTE(int, work, (int item))
{
    usleep(item == 0 ? 210000 : 30000);
    return item * item;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *any = ipc_balanced_view(client, NULL, &error);

    ipc_result_t *squares = ipc_map(any, work, ipc_range(0, 8));
    for (ipc_item_t *item; (item = ipc_result_next(squares));) // as they complete
        printf("item %zu: %lld, engine %d, %.0f ms\n", item->index,
               (long long) ipc_value_i64(item->value), item->engine,
               1e3 * (item->finished - item->started));
    ipc_result_print(squares, stdout); // in the order of the items, however they were done
    printf("%.2f s of work in %.2f s\n", ipc_result_serial_time(squares),
           ipc_result_wall_time(squares));

    // One call is one task, and gives a bare value.
    ipc_result_print(ipc_apply(any, work, 7), stdout);
    ipc_client_destroy(&client);
}
