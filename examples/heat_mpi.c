//  One grid on all engines: the plate of the heat equation, cut into rows, for a cluster that
//  was started with 'ipcluster start -n 4 --engines mpi'. No engine ever has the whole grid:
//  rows are dealt out, solved, kept where they are, solved on, and gathered at the end.
#include <ipclient.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 500 };

//  What one engine has of the grid: its rows, and the heat in them.
IPC_REMOTE(ipc_value_t, measure, (const ipc_array_t *u))
{
    double heat = 0;
    for (size_t i = 0; i < ipc_array_count(u); i++) heat += ipc_array_f64(u)[i];
    return ipc_give(ipc_dict("rows", ipc_array_shape(u)[0], "heat", heat));
}

//  A square of 1 in the middle of zeros.
static double *make_plate(void)
{
    double *u = calloc((size_t) N * N, sizeof *u);
    for (int row = N / 4; u && row < 3 * N / 4; row++)
        for (int column = N / 4; column < 3 * N / 4; column++) u[row * N + column] = 1;
    return u;
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
    double *plate = make_plate();
    if (!all || !plate)
        return fail(&error);

    ipc_scatter(all, "u", ipc_view2(IPC_F64, plate, N, N));
    for (int part = 0; part < 2; part++) { // 50 steps, twice; the rows stay on the engines as "u"
        ipc_result_t *solved = ipc_apply_named(all, "heat.solve",
            ipc_dict("decompose", true, "shape", ipc_list(N, N), "initial", ipc_ref("u"),
                     "boundary", "insulated", "dt", 0.2, "steps", 50, "keep", "u"));
        if (!ipc_result_ok(solved))
            return fail(ipc_result_error(solved));
    }
    ipc_result_t *parts = ipc_apply(all, measure, ipc_ref("u"));
    ipc_result_t *whole = ipc_gather(all, "u");
    if (!ipc_result_ok(parts) || !ipc_result_ok(whole))
        return fail(ipc_result_error(ipc_result_ok(parts) ? whole : parts));

    double heat = 0;
    for (size_t i = 0; i < ipc_result_count(parts); i++) {
        ipc_value_t part = ipc_result_value(parts, i);
        heat += ipc_value_f64(ipc_value_get(part, "heat"));
        printf("engine %zu has %d rows\n", i, (int) ipc_value_i64(ipc_value_get(part, "rows")));
    }
    const ipc_array_t *u = ipc_result_joined(whole);
    printf("no heat is lost: %.0f of %d\n", heat, N * N / 4);
    printf("in the middle %.4f, at a corner of the square %.4f\n",
           ipc_array_f64(u)[(N / 2) * N + N / 2], ipc_array_f64(u)[(N / 4) * N + N / 4]);
    free(plate);
    ipc_client_destroy(&client);
}
