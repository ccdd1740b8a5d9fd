//  heat_mpi_t: what the MPI part of the module offers: one grid, solved by all engines of an
//  MPI world together.
#ifndef HEAT_MPI_PART_H
#define HEAT_MPI_PART_H

#include "kernels/heat/options.h"

//  Changes when the structs below or heat_options_t do: the two libraries may come from two
//  builds.
enum { HEAT_MPI_ABI = 1 };

//  What one engine has of the answer.
typedef struct heat_mpi_answer {
    ipc_array_t *rows; // given; its own rows, or the whole grid; NULL: it has none, or they
                       // are in a file
    double seconds;    // of the method, without reading and giving back
} heat_mpi_answer_t;

typedef struct heat_mpi {
    uint32_t abi;

    //  Solves together with the other engines of the world, and waits for them at most
    //  options->wait seconds. Every engine of the world calls it, on its task thread, those
    //  that refuse their keywords too, so that nobody waits for them.
    //      options    borrowed; or NULL: this engine refuses, for the reason in refusal
    //      wait       seconds
    //  0, or -1 with *error: WorldError (there is no world, it is broken, or not all its
    //  engines are there), or as of heat_run().
    int (*solve)(const heat_options_t *options, const ipc_error_t *refusal, double wait,
                 heat_mpi_answer_t *answer, ipc_error_t *error);
} heat_mpi_t;

//  The name under which heat_mpi.so exports a function of type heat_mpi_fn.
//      runtime    borrowed for ever; what the engine does for heat.so, and so for its part
#define HEAT_MPI_SYMBOL "heat_mpi_part"
typedef const heat_mpi_t *(*heat_mpi_fn)(const ipc_runtime_t *runtime);

#endif
