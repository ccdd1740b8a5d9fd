//  A function with arguments, its results by position, and what a failure looks like.
#include <ipclient.h>
#include <stdio.h>

IPC_REMOTE(int64_t, add, (int64_t a, int64_t b))
{
    return a + b;
}

IPC_REMOTE(int64_t, divide, (int64_t a, int64_t b))
{
    if (b == 0)
        ipc_raise("ZeroDivisionError", "%lld divided by zero", (long long) a);
    return a / b;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *all = ipc_direct_view(client, "all", &error);

    ipc_result_t *sum = ipc_apply_sync(all, add, 1, 2);
    ipc_result_print(sum, stdout); // [3, 3, 3, 3]
    printf("the first is %lld\n", (long long) ipc_result_i64(sum, 0));

    ipc_result_t *bad = ipc_apply_sync(all, divide, 1, 0);
    if (!ipc_result_ok(bad))
        ipc_error_print(ipc_result_error(bad), stdout); // one for each engine

    ipc_result_t *wrong = ipc_apply_sync(all, add, 1); // found before anything is sent
    if (!ipc_result_ok(wrong))
        ipc_error_print(ipc_result_error(wrong), stdout);

    ipc_client_destroy(&client);
}
