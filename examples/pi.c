//  Exercise 5 of the lecture: pi by Monte Carlo on all engines. A point in the unit square
//  lies within the quarter circle with probability pi/4; the error of n points shrinks as
//  1/sqrt(n).
//
//      ./pi             10^7 points
//      ./pi 1e9         10^9 points
#include <ipclient.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 1000000 }; // points of one task

//  The k-th of a sequence of random numbers, computed from k alone (SplitMix64: G. Steele,
//  D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). No
//  state: whoever takes other values of k has an independent stream, and the sum does not
//  depend on who did which.
static uint64_t random_at(uint64_t k)
{
    uint64_t z = (k + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

//  Of the points of one block: how many lie within the quarter circle. 31 bits for each
//  coordinate, taken at the middle of their cell, in integers, so that nothing is rounded.
IPC_REMOTE(int64_t, count_inside, (int64_t block))
{
    const uint64_t radius = UINT64_C(1) << 31;
    uint64_t first = (uint64_t) block * BLOCK;
    int64_t inside = 0;
    for (uint64_t k = first; k < first + BLOCK; k++) {
        uint64_t bits = random_at(k);
        uint64_t x = bits >> 33, y = (bits >> 2) & (radius - 1);
        inside += x * x + x + y * y + y < radius * radius; // (x + 1/2)² + (y + 1/2)² < r²
    }
    return inside;
}

int main(int argc, char **argv)
{
    double wanted = argc > 1 ? strtod(argv[1], NULL) : 1e7;
    if (!(wanted >= BLOCK && wanted <= 1e13))
        return fprintf(stderr, "usage: %s [points, 1e6 to 1e13]\n", argv[0]), 2;
    int64_t blocks = (int64_t) ceil(wanted / BLOCK);

    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *any = ipc_balanced_view(client, NULL, &error);

    ipc_result_t *counts = ipc_map(any, count_inside, ipc_range(0, blocks));
    ipc_result_wait_interactive(counts);
    if (!ipc_result_ok(counts))
        return ipc_error_print(ipc_result_error(counts), stderr), 1;
    int64_t inside = 0;
    for (size_t i = 0; i < ipc_result_count(counts); i++)
        inside += ipc_result_i64(counts, i);

    double n = (double) blocks * BLOCK;
    double exact = acos(-1), pi = 4 * (double) inside / n;
    double deviation =
        sqrt(exact * (4 - exact) / n); // of 4 times a mean of n ones and zeros
    printf("points          %.0f\n", n);
    printf("pi              %.8f\n", pi);
    printf("error           %.2e\n", fabs(pi - exact));
    printf("expected error  %.2e (1.64/sqrt(n))\n", deviation);
    printf("time            %.2f s, %.2f s of work\n", ipc_result_wall_time(counts),
           ipc_result_serial_time(counts));
    ipc_client_destroy(&client);
    return fabs(pi - exact) < 5 * deviation ? 0 : 1;
}
