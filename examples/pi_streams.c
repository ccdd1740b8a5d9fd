//  Exercise 5 of the lecture with the module `random` of the engines: pi by Monte Carlo,
//  each engine with a stream of random numbers of its own (pi.c sends a function of its own
//  instead). The counts add up to those of one long experiment.
//
//      ./pi_streams             10^7 points
//      ./pi_streams 1e9         10^9 points
#include <ipclient.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    double wanted = argc > 1 ? strtod(argv[1], NULL) : 1e7;
    if (!(wanted >= 1 && wanted <= 1e15))
        return fprintf(stderr, "usage: %s [points, 1 to 1e15]\n", argv[0]), 2;

    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *all = client ? ipc_direct_view(client, "all", &error) : NULL;
    if (!all)
        return ipc_error_print(&error, stderr), 1;

    int64_t each = (int64_t) ceil(wanted / (double) ipc_view_count(all));
    ipc_result_t *parts =
        ipc_apply_named(all, "random.pi", ipc_dict("samples", each, "seed", 2026));
    if (!ipc_result_ok(parts))
        return ipc_error_print(ipc_result_error(parts), stderr), 1;

    double inside = 0, n = 0;
    for (size_t i = 0; i < ipc_result_count(parts); i++) {
        ipc_value_t part = ipc_result_value(parts, i);
        printf("engine %zu        %.6f\n", i, ipc_value_f64(ipc_value_get(part, "pi")));
        inside += ipc_value_f64(ipc_value_get(part, "inside"));
        n += ipc_value_f64(ipc_value_get(part, "samples"));
    }
    double exact = acos(-1), pi = 4 * inside / n;
    double deviation = sqrt(exact * (4 - exact) / n);
    printf("points          %.0f\n", n);
    printf("pi              %.6f\n", pi);
    printf("error           %.2e, expected %.2e\n", fabs(pi - exact), deviation);
    printf("time            %.3f s\n", ipc_result_wall_time(parts));
    ipc_client_destroy(&client);
    return fabs(pi - exact) < 4 * deviation ? 0 : 1;
}
