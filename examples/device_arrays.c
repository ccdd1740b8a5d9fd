//  A1 and A2 of the lecture: arrays on the host and on a GPU, and one call for both. The
//  same program runs where there is no device: linalg.asarray leaves the array on the host
//  then, and linalg.matvec computes where its operands are.
#include <ipclient.h>
#include <stdio.h>

enum { N = 512 };

//  Whether the engine has a device.
static bool has_device(ipc_view_t *view)
{
    ipc_result_t *info = ipc_apply_named(view, "linalg.info");
    bool has = ipc_value_count(ipc_value_get(ipc_result_value(info, 0), "devices")) > 1;
    ipc_result_destroy(&info);
    return has;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *one = client ? ipc_direct_view(client, "0", &error) : NULL;
    if (!one)
        return ipc_error_print(&error, stderr), 1;
    static double shift[N][N], x[N];
    for (int i = 0; i < N; i++) {
        shift[i][(i + 1) % N] = 1;
        x[i] = i;
    }
    fprintf(stderr, "computing on %s\n", has_device(one) ? "a CUDA device" : "the processor");
    ipc_apply_named(one, "linalg.asarray",
                    ipc_dict("a", ipc_view2(IPC_F64, shift, N, N), "keep", "shift"));
    ipc_apply_named(one, "linalg.asarray", ipc_dict("a", ipc_f64(x, N), "keep", "x"));
    for (int i = 0; i < 10; i++) // nothing moves between these
        ipc_apply_named(one, "linalg.matvec",
                        ipc_dict("a", ipc_ref("shift"), "x", ipc_ref("x"), "keep", "x"));
    ipc_result_t *back = ipc_apply_named(one, "linalg.get", ipc_dict("a", ipc_ref("x")));
    if (!ipc_result_ok(back))
        return ipc_error_print(ipc_result_error(back), stderr), 1;
    const double *shifted = ipc_array_f64(ipc_result_array(back, 0));
    printf("x[0] %g, x[511] %g\n", shifted[0], shifted[N - 1]);
    ipc_client_destroy(&client);
}
