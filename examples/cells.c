//  C source that engines compile when it comes: what a cell declares lasts, its variables are names of the engine's
//  namespace, its last expression is its result.
#include <ipclient.h>

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *all = client ? ipc_direct_view(client, "all", &error) : NULL;
    if (!all) {
        ipc_error_print(&error, stderr);
        return 1;
    }
    ipc_execute(all, "#include <math.h>\n"
                     "double a = sqrt(2);\n"
                     "double scaled(double x) { return a * x; }");
    ipc_execute(all, "a *= 10;");
    ipc_result_print(ipc_apply_named(all, "scaled", 2.0), stdout);
    ipc_result_print(ipc_pull(all, "a"), stdout);

    double x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    ipc_scatter(all, "x", ipc_f64(x, 8)); // in a cell a pointer, and x_count
    ipc_result_display(ipc_execute(all, "double sum = 0;\n"
                                        "for (size_t i = 0; i < x_count; i++) sum += x[i];\n"
                                        "sum"), stdout);

    ipc_view_t *one = ipc_direct_view(client, "0", &error);
    ipc_error_print(ipc_result_error(ipc_execute(one, "double b = a + undeclared;")), stdout);
    ipc_client_destroy(&client); // frees the views and the results too
    return 0;
}
