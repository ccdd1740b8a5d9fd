//  A3 of the lecture: a matrix times a vector, n = 2048, float64, on the cores of one
//  engine. Both stay there, and so does the product; what is measured is the call.
#include <ipclient.h>
#include <stdio.h>

enum { N = 2048, RUNS = 20 };

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *one = client ? ipc_direct_view(client, "0", &error) : NULL;
    ipc_array_t *a = one ? ipc_array_new(IPC_F64, 2, (size_t[]){N, N}, &error) : NULL;
    if (!a)
        return ipc_error_print(&error, stderr), 1;
    double x[N];
    for (size_t i = 0; i < N; i++) {
        x[i] = 1.0 / N;
        for (size_t j = 0; j < N; j++) ipc_array_f64(a)[i * N + j] = (double) i;
    }
    ipc_push(one, "a", a);
    ipc_push(one, "x", ipc_f64(x, N));
    ipc_array_destroy(&a);

    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        ipc_result_t *y =
            ipc_apply_named(one, "linalg.matvec",
                            ipc_dict("a", ipc_ref("a"), "x", ipc_ref("x"), "keep", "y"));
        if (!ipc_result_ok(y))
            return ipc_error_print(ipc_result_error(y), stderr), 1;
        if (ipc_result_serial_time(y) < best)
            best = ipc_result_serial_time(y);
        ipc_result_destroy(&y);
    }
    ipc_result_t *y = ipc_pull(one, "y");
    printf("y[2047]  %g\n", ipc_array_f64(ipc_result_array(y, 0))[N - 1]);
    printf("time     %.3f ms\n", 1e3 * best);
    ipc_client_destroy(&client);
}
