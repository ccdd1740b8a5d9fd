//  A module: functions that live on the engines, built apart from any client program.
//
//      cc -shared -fPIC statistics.c -o statistics.so $(pkg-config --cflags --libs ipclient)
//
//  and then, in a client, ipc_require(view, "./statistics.so"); see require.c.
#include <ipmodule.h>

//  Mean and variance of a float64 array, in one pass (B. P. Welford, Technometrics 4,
//  1962).
IPC_REMOTE(ipc_value_t, describe, (const ipc_array_t *x))
{
    const double *v = ipc_array_f64(x);
    if (!v)
        ipc_raise("TypeError", "describe takes a float64 array, not %s",
                  ipc_dtype_name(ipc_array_dtype(x)));
    double mean = 0, squares = 0;
    size_t n = ipc_array_count(x);
    for (size_t i = 0; i < n; i++) {
        double delta = v[i] - mean;
        mean += delta / (double) (i + 1);
        squares += delta * (v[i] - mean);
    }
    return ipc_give(ipc_dict("n", n, "mean", mean, "variance",
                             n > 1 ? squares / (double) (n - 1) : 0.0));
}

IPC_MODULE(statistics, NULL, NULL, describe)
