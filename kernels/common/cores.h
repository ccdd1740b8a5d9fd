//  How many threads a kernel should use: the cores that nobody of the same cluster computes
//  on. Engines of a host tell one another through a small file in the cluster's
//  shared-memory directory, IPC_SHM of the environment; without one, each takes all cores.
#ifndef KERNELS_COMMON_CORES_H
#define KERNELS_COMMON_CORES_H

//  A claim on some cores; it ends with kernel_cores_release(), or with the process.
typedef struct kernel_cores {
    int threads; // to use
    int file;    // the file of claims, -1 if there is none
    int slot;    // this process's place in it, -1 if none
} kernel_cores_t;

//  The cores that this process may run on, at most OMP_NUM_THREADS where that is set; at
//  least 1.
int kernel_cores_available(void);

//  Claims the given number of cores, or, for 0, all that are free, at least 1. Never fails:
//  without the file there is just no claim.
kernel_cores_t kernel_cores_claim(int threads);
void kernel_cores_release(kernel_cores_t *self);

#endif
