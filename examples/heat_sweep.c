//  A parameter sweep: the heat equation for a row of diffusivities, each solved on
//  whichever engine is free, shown as the temperatures along the middle row. The solver is
//  the module "heat" of the engines.
#include <ipclient.h>
#include <stdio.h>

enum { N = 256, RUNS = 8, COLUMNS = 64 };

//  One character for each COLUMNS-th part of the middle row, from 0 (blank) to 1.
static void print_profile(const double *u)
{
    const char shades[] = " .:-=+*#%@";
    for (int c = 0; c < COLUMNS; c++) {
        double value = u[(N / 2) * N + c * N / COLUMNS];
        int shade = (int) (value * 9 + 0.5);
        fputc(shades[shade < 0 ? 0 : shade > 9 ? 9 : shade], stdout);
    }
}

static int report(double alpha, ipc_result_t *run)
{
    ipc_item_t *item = ipc_result_next(run); // waits
    if (!item || item->error) {
        ipc_error_print(ipc_result_error(run), stderr);
        return -1;
    }
    const double *u = ipc_array_f64(ipc_value_array(item->value));
    double heat = 0;
    for (int i = 0; i < N * N; i++) heat += u[i];
    printf("%5.2f  %6.0f  |", alpha, heat);
    print_profile(u);
    printf("|  engine %d, %.1f ms\n", item->engine, 1e3 * (item->finished - item->started));
    return 0;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *any = ipc_balanced_view(client, NULL, &error);

    // All are sent before the first is read: the engines solve them side by side.
    ipc_result_t *runs[RUNS];
    for (int i = 0; i < RUNS; i++)
        runs[i] = ipc_apply_named(
            any, "heat.solve",
            ipc_dict("n", N, "t", 100.0, "alpha", 0.25 * (1 << i), "method", "fft"));

    printf("alpha    heat   temperature along the middle row at t = 100\n");
    int failed = 0;
    for (int i = 0; i < RUNS; i++) failed |= report(0.25 * (1 << i), runs[i]);
    ipc_client_destroy(&client);
    return failed ? 1 : 0;
}
