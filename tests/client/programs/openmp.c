//  A parallel loop within a remote function.
#include <ipclient.h>

IPC_REMOTE(int64_t, sum_up, (int64_t n))
{
    int64_t sum = 0;
#pragma omp parallel for reduction(+ : sum) num_threads(3)
    for (int64_t i = 1; i <= n; i++) sum += i;
    return sum;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_result_t *r = ipc_apply_sync(ipc_direct_view(client, "all", &error), sum_up, 1000);
    ipc_result_print(r, stdout);
    ipc_client_destroy(&client);
}
