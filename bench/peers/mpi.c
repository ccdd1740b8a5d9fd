//  Open MPI's part, for mpi_peer.py: 4 ranks. Says "ready 1" when all have met, waits for a line of input while its
//  memory is looked at, then measures.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/peers/figures.h"

enum { RANKS = 4, DOUBLES = 8 << 20, PART = DOUBLES / RANKS, REPEATS = 5, PINGS = 3000, WARM_UP = 200 };

static int rank;

static void give_up(const char *what)
{
    fprintf(stderr, "rank %d: %s\n", rank, what);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static double *new_array(size_t count)
{
    double *array = calloc(count, sizeof *array);
    if (!array)
        give_up("no memory");
    return array;
}

static void broadcast(double *all, double *part)
{
    (void) part;
    MPI_Bcast(all, DOUBLES, MPI_DOUBLE, 0, MPI_COMM_WORLD);
}

static void scatter(double *all, double *part)
{
    MPI_Scatter(all, PART, MPI_DOUBLE, part, PART, MPI_DOUBLE, 0, MPI_COMM_WORLD);
}

static void gather(double *all, double *part)
{
    MPI_Gather(part, PART, MPI_DOUBLE, all, PART, MPI_DOUBLE, 0, MPI_COMM_WORLD);
}

//  The median over the runs after the first one of the time until the last rank is through.
static void measure(const char *name, void (*move)(double *, double *), double *all, double *part)
{
    double times[REPEATS];
    for (int round = -1; round < REPEATS; round++) {
        if (rank == 0)
            for (size_t i = 0; i < DOUBLES; i++) all[i] = round;
        for (size_t i = 0; i < PART && move == gather; i++) part[i] = round;
        MPI_Barrier(MPI_COMM_WORLD);
        double start = figures_now(), last;
        move(all, part);
        double time = figures_now() - start;
        MPI_Reduce(&time, &last, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
        const double *end = move == scatter ? &part[PART - 1] : &all[DOUBLES - 1];
        if ((rank == 0 || move != gather) && *end != round)
            give_up("another array than was sent");
        if (round >= 0)
            times[round] = last;
    }
    if (rank == 0)
        figures_print(name, figures_percentile(times, REPEATS, 50));
}

static void measure_pings(void)
{
    static double times[PINGS];
    double word = 1;
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = -WARM_UP; i < PINGS && rank < 2; i++) {
        double start = figures_now();
        if (rank == 0)
            MPI_Send(&word, 1, MPI_DOUBLE, 1, 0, MPI_COMM_WORLD);
        MPI_Recv(&word, 1, MPI_DOUBLE, !rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (rank == 1)
            MPI_Send(&word, 1, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD);
        if (i >= 0)
            times[i] = figures_now() - start;
    }
    if (rank == 0)
        figures_print("pingpong", figures_percentile(times, PINGS, 50));
}

int main(int argc, char **argv)
{
    int ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (ranks != RANKS)
        give_up("this is for 4 ranks");
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0)
        figures_print("ready", 1);
    if (rank == 0 && getchar() == EOF)
        give_up("nobody wants figures");
    MPI_Barrier(MPI_COMM_WORLD);
    double *all = new_array(DOUBLES), *part = new_array(PART);
    measure_pings(); // the other ranks wait in the next barrier
    measure("push", broadcast, all, part);
    measure("scatter", scatter, all, part);
    measure("gather", gather, all, part);
    free(all);
    free(part);
    MPI_Finalize();
    return 0;
}
