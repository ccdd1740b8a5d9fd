//  Scatter deals an array out to the engines, gather collects it again, in order.
#include <ipclient.h>
#include <stdio.h>

IPC_REMOTE(double, sum, (const ipc_array_t *x))
{
    const double *v = ipc_array_f64(x);
    double total = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) total += v[i];
    return total;
}

//  Not const: the engine's own array, so the change stays.
IPC_REMOTE(void, number, (ipc_array_t *x))
{
    double *v = ipc_array_f64(x);
    for (size_t i = 0; i < ipc_array_count(x); i++)
        v[i] = (double) (10 * ipc_engine_id()) + (double) i;
}

static void show(const char *label, ipc_result_t *result)
{
    printf("%-8s ", label);
    ipc_result_print(result, stdout);
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *all = ipc_direct_view(client, "all", &error);

    double ones[16];
    for (int i = 0; i < 16; i++) ones[i] = 1;
    ipc_scatter(all, "a", ipc_f64(ones, 16)); // four for each of four engines
    show("parts", ipc_pull(all, "a"));
    show("sums", ipc_apply(all, sum, ipc_ref("a")));

    ipc_apply(all, number, ipc_ref("a"));
    ipc_result_t *back = ipc_gather(all, "a");
    show("gathered", back);
    const ipc_array_t *joined =
        ipc_result_joined(back); // one array of 16, lent by the result
    printf("last     %g of %zu\n", ipc_array_f64(joined)[15], ipc_array_count(joined));

    // Round robin: element i goes to engine i mod 4, and the gather puts them back in their order.
    const ipc_options_t in_turn = {.round_robin = true};
    ipc_scatter_with(all, "r", ipc_range(0, 10), &in_turn);
    show("in turn", ipc_pull(all, "r"));
    show("gathered", ipc_gather_with(all, "r", &in_turn));

    ipc_client_destroy(&client);
}
