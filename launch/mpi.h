//  The launcher whose engines are the ranks of one MPI world: engine 0 is rank 0, and so on;
//  after engines were removed, the others in their order.
//
//  One mpiexec starts no engine but keeps the world's seats: for each rank a program that only
//  hands over what MPI told it in its environment, and waits (tools/ipcluster_seat.c). The
//  engines are started as local ones are, with their seat's environment, and so they can call
//  MPI_Init as if mpiexec had started them: the modules that need it do. A crash, a restart or
//  a kill is therefore handled as elsewhere; MPI does not take the others down.
//
//  An engine that has run anew cannot take its seat again, as MPI knows no second MPI_Init of a
//  rank: its world is broken, which its modules say. 'ipcluster restart' makes a new world. An
//  engine that was added has no seat before that.
//
//  The engines find in their environment:
//      IPC_MPI_WORLD   a directory of this world alone, where a rank's first MPI_Init is marked
//      IPC_MPI_RANK    0 … size - 1
//      IPC_MPI_SIZE
//      IPC_MPI_KEEPER  the pid of mpiexec, without which MPI ends the process that calls it
//  All is on this host; mpiexec is told to use shared memory and the loopback interface alone.
#ifndef IPC_LAUNCH_MPI_H
#define IPC_LAUNCH_MPI_H

#include "launch/launcher.h"

extern const launcher_t launcher_mpi;

#endif
