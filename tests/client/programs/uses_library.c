//  Three ways to a library's functions: called by a remote function of the program; applied
//  as they are; the library's own remote function, which ships the library.
#include <math.h>

#include "shipped.h"

IPC_IMPORT(double, shipped_scale, (double x));
IPC_IMPORT(double, cbrt, (double x));

IPC_REMOTE(double, scale_twice, (double x))
{
    return shipped_scale(shipped_scale(x));
}

static int show(ipc_result_t *r)
{
    ipc_result_print(r, stdout);
    if (ipc_result_ok(r))
        return 0;
    ipc_error_print(ipc_result_error(r), stderr);
    return 1;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *view = ipc_direct_view(client, "0:2", &error);
    int failed = show(ipc_apply(view, scale_twice, 2)) |
                 show(ipc_apply(view, shipped_scale, 2)) | show(ipc_apply(view, cbrt, 27)) |
                 show(shipped_apply(view, 2));
    ipc_client_destroy(&client);
    return failed;
}
