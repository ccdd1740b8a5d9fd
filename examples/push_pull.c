//  Push binds a name on every engine, pull reads it back: one value from each.
#include <ipclient.h>
#include <stdio.h>

//  A remote function sees what was pushed by its name.
IPC_REMOTE(double, scaled_sum, (void))
{
    const ipc_array_t *x = ipc_value_array(ipc_ns_get("x"));
    const double *v = ipc_array_f64(x);
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) total += v[i];
    return total * ipc_value_f64(ipc_ns_get("scale"));
}

static void show(const char *label, ipc_result_t *result)
{
    printf("%-10s ", label);
    ipc_result_print(result, stdout);
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *all = ipc_direct_view(client, "all", &error);

    // Any value: numbers, strings, arrays, lists, dictionaries. No need to wait: what one client
    // sends to one engine runs there in that order.
    const double x[] = {1, 2, 3, 4};
    ipc_push(all, "scale", 10);
    ipc_push(all, "x", ipc_f64(x, 4));
    ipc_push(all, "title", "heat");

    show("scale", ipc_pull(all, "scale"));
    show("x", ipc_pull(all, "x"));
    show("title", ipc_pull(all, "title"));
    show("scaled_sum", ipc_apply(all, scaled_sum));

    ipc_client_destroy(&client);
}
