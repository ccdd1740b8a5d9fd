//  ipcbench-fftw: the seconds that FFTW's own plans take for a real field of 1024 x 1024,
//  there and back.
#include <fftw3.h>
#include <stdio.h>
#include <time.h>

enum { N = 1024, RUNS = 15 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

int main(void)
{
    double *field = fftw_alloc_real(N * N);
    fftw_complex *modes = fftw_alloc_complex(N * (N / 2 + 1));
    if (!field || !modes)
        return 1;
    fftw_plan there = fftw_plan_dft_r2c_2d(N, N, field, modes, FFTW_MEASURE);
    fftw_plan back = fftw_plan_dft_c2r_2d(N, N, modes, field, FFTW_MEASURE);
    for (int i = 0; i < N * N; i++) field[i] = 0;
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        double start = now();
        fftw_execute(there);
        fftw_execute(back);
        double time = now() - start;
        best = time < best ? time : best;
    }
    printf("%.9f\n", best);
    fftw_destroy_plan(there);
    fftw_destroy_plan(back);
    fftw_free(field);
    fftw_free(modes);
    return 0;
}
