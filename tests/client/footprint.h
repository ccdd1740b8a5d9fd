//  What a cluster has, as seen from outside: to check that nothing of it is left.
#ifndef IPC_TESTS_CLIENT_FOOTPRINT_H
#define IPC_TESTS_CLIENT_FOOTPRINT_H

#include <check.h>
#include <ipclient.h>

enum { PROCESSES_MAX = 64, PATH_BYTES = 512 };

//  What a cluster is made of, as seen from outside.
typedef struct footprint {
    char directory[PATH_BYTES], shm[PATH_BYTES], id[64];
    int handles[PROCESSES_MAX];        // a pidfd for each process
    size_t count;
} footprint_t;

footprint_t footprint_of(const ipc_cluster_t *cluster);

//  Waits until all that it had is gone.
void assert_nothing_left(footprint_t *self);

//  Fails the test unless all is gone by now.
void assert_nothing_is_left_now(footprint_t *self);

#endif
