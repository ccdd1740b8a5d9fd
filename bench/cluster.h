//  The benchmark's own cluster: in a private directory, under an id of its own, beside any
//  other.
#ifndef BENCH_CLUSTER_H
#define BENCH_CLUSTER_H

#include <sys/types.h>

#include "bench/bench.h"

enum { CLUSTER_MEMBERS_MAX = 64 };

//  A process of the cluster.
typedef struct member {
    pid_t pid;
    char program[32]; // "ipcluster", "ipcd", "ipengine", "ipengine-worker"
} member_t;

//  Makes this process, and those that it starts, use the benchmark's cluster and no other.
//  0 or -1.
int cluster_choose(const bench_t *bench, ipc_error_t *error);

//  The ipcluster to be measured: of the build folder or installation that this one lies in,
//  unless IPC_PROGRAM_PATH names the folder that has it. 0 or -1.
int cluster_program(char path[IPC_PATH_MAX], ipc_error_t *error);

//  Runs `ipcluster start -n 4 --daemonize` or `ipcluster stop`. 0, or -1 with *error, which
//  has its words.
int cluster_start(const bench_t *bench, ipc_error_t *error);
int cluster_stop(const bench_t *bench, ipc_error_t *error);

//  The cluster's processes, told by their environment. Returns how many.
size_t cluster_members(const bench_t *bench, member_t *members, size_t room);

//  Ends what an `ipcluster stop` left behind. Returns how many processes that were.
size_t cluster_kill(const bench_t *bench);

#endif
