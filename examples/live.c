//  A task seen while it runs: its lines as it writes them, and the values that it publishes.
#include <ipclient.h>
#include <math.h>

IPC_REMOTE(double, square_root, (double x))
{
    double y = x;
    for (int step = 1; fabs(y * y - x) > 1e-9; step++) {
        y = (y + x / y) / 2;
        ipc_publish("residual", fabs(y * y - x));
        printf("step %d: %.6f\n", step, y);
    }
    return y;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *one = client ? ipc_direct_view(client, "0", &error) : NULL;
    if (!one) {
        ipc_error_print(&error, stderr);
        return 1;
    }
    ipc_result_t *result = ipc_apply(one, square_root, 2.0);
    ipc_result_stream(result, stdout); // line by line, until the task is done
    printf("residual below 1e-9: %s\n",
           ipc_value_f64(ipc_result_published(result, 0, "residual")) < 1e-9 ? "yes" : "no");
    ipc_client_destroy(&client);
    return 0;
}
