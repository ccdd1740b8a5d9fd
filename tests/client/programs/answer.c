//  Prints what each engine answers; built twice, with two ANSWERs, as a program before and
//  after an edit.
#include <ipclient.h>

IPC_REMOTE(int, answer, (void))
{
    return ANSWER;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_result_t *r = ipc_apply_sync(ipc_direct_view(client, "all", &error), answer);
    ipc_result_print(r, stdout);
    bool ok = ipc_result_ok(r);
    if (!ok)
        ipc_error_print(ipc_result_error(r), stderr);
    ipc_client_destroy(&client);
    return ok ? 0 : 1;
}
