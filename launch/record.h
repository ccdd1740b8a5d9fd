//  record_t: what a supervisor notes in cluster.json, so that others can find, stop and
//  clean its cluster.
#ifndef IPC_LAUNCH_RECORD_H
#define IPC_LAUNCH_RECORD_H

#include "common/gpus.h"
#include "common/paths.h"
#include "common/scheme.h"
#include "launch/process.h"

enum { CLUSTER_ENGINES_MAX = 1024 };

typedef struct record {
    char profile[IPC_NAME_TEXT];
    char cluster_id[IPC_NAME_TEXT];
    char directory[IPC_PATH_MAX]; // as in ipc_paths_t
    char shm[IPC_PATH_MAX];
    process_t supervisor;
    process_t controller; // pid 0 while it does not run
    ipc_scheme_t scheme;  // of the balanced work
    uint32_t hwm;         // balanced tasks that an engine may have, 0: by its pace
    size_t engines;       // ever, those removed too
    gpus_t gpus;          // engine i owns device i modulo their count, where there are any; as they were at the start
    process_t nannies[CLUSTER_ENGINES_MAX]; // of engines 0 … engines-1; pid 0: removed, or not yet started
} record_t;

//  Reads a cluster.json and gives its record, or NULL with *error as of ipc_json_read().
record_t *record_read(const char *path, ipc_error_t *error);
void record_destroy(record_t **self_p);

//  The device that an engine owns (lent), or NULL.
const gpu_t *record_gpu(const record_t *self, size_t engine);

//  How many engines it has, without those removed.
size_t record_engines(const record_t *self);

//  Writes it. 0, or -1 with *error: SYSTEM.
int record_write(const record_t *self, const char *path, ipc_error_t *error);

#endif
