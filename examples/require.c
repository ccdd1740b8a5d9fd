//  A module of one's own (statistics.c), sent to the engines and called by name.
#include <ipclient.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const char *module = argc > 1 ? argv[1] : "./statistics.so";
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *all = ipc_direct_view(client, "all", &error);

    ipc_result_t *loaded = ipc_require_sync(all, module);
    if (!ipc_result_ok(loaded))
        return ipc_error_print(ipc_result_error(loaded), stderr), 1;

    double x[12];
    for (int i = 0; i < 12; i++) x[i] = i;
    ipc_scatter(all, "x", ipc_f64(x, 12));
    ipc_result_t *parts = ipc_apply_named(all, "statistics.describe", ipc_ref("x"));
    for (size_t i = 0; i < ipc_result_count(parts); i++) {
        ipc_value_t part = ipc_result_value(parts, i);
        printf("part %zu: n %lld, mean %g, variance %g\n", i,
               (long long) ipc_value_i64(ipc_value_get(part, "n")),
               ipc_value_f64(ipc_value_get(part, "mean")),
               ipc_value_f64(ipc_value_get(part, "variance")));
    }
    ipc_client_destroy(&client);
}
