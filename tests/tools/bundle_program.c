//  A program for bundle.sh: a function of its own on every engine, and the heat equation by a module, which needs FFTW.
#include <ipclient.h>
#include <stdio.h>

IPC_REMOTE(int64_t, add, (int64_t a, int64_t b))
{
    return a + b;
}

static int fail(const ipc_error_t *error)
{
    ipc_error_print(error, stderr);
    return 1;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *all = client ? ipc_direct_view(client, "all", &error) : NULL;
    if (!all)
        return fail(&error);
    ipc_result_print(ipc_apply_sync(all, add, 1, 2), stdout);
    ipc_result_t *heat = ipc_apply_named_sync(all, "heat.solve", ipc_dict("n", 64, "steps", 10, "method", "fft"));
    const ipc_array_t *grid = ipc_result_array(heat, 0);
    if (!grid)
        return fail(ipc_result_error(heat));
    printf("heat: %zu x %zu\n", ipc_array_shape(grid)[0], ipc_array_shape(grid)[1]);
    static const char *const others[] = {"random", "linalg"};
    for (int i = 0; i < 2; i++) {
        ipc_result_t *loaded = ipc_require_sync(all, others[i]);
        if (!ipc_result_ok(loaded))
            return fail(ipc_result_error(loaded));
    }
    ipc_client_destroy(&client);
    return 0;
}
