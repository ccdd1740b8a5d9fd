//  Work that goes on when its client is gone: another one, perhaps of another program, fetches its results by the id,
//  and asks the history what became of it.
#include <inttypes.h>
#include <ipclient.h>

IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }

//  Submits, and goes. Gives the id, which a program would print or write to a file; 0 with *error.
static uint64_t submit(ipc_error_t *error)
{
    ipc_client_t *client = ipc_client_new(NULL, error);
    ipc_view_t *any = client ? ipc_balanced_view(client, NULL, error) : NULL;
    uint64_t id = 0;
    if (any)
        id = ipc_result_id(ipc_map_with(any, square, ipc_range(0, 8),
                                        &(ipc_options_t){.detach = true, .label = "overnight"}));
    ipc_client_destroy(&client);
    return id;
}

//  Waits for the results, and shows them.
static int fetch(uint64_t id, ipc_error_t *error)
{
    ipc_client_t *client = ipc_client_new(NULL, error);
    if (!client)
        return -1;
    ipc_result_print(ipc_client_fetch(client, id), stdout);
    ipc_history_t *history = ipc_client_history(client, &(ipc_history_query_t){.id = id}, error);
    uint64_t done = 0;
    for (size_t i = 0; history && i < ipc_history_count(history); i++)
        if (ipc_history_at(history, i)->state == IPC_TASK_DONE)
            done += ipc_history_at(history, i)->count;
    if (history)
        printf("%s: %" PRIu64 " done\n", ipc_history_at(history, 0)->label, done);
    int status = history ? ipc_client_purge(client, id, error) : -1;
    ipc_history_destroy(&history);
    ipc_client_destroy(&client);
    return status;
}

int main(void)
{
    ipc_error_t error;
    uint64_t id = submit(&error);
    if (id == 0 || fetch(id, &error))
        return ipc_error_print(&error, stderr), 1;
}
