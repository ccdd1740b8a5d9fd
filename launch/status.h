//  What the engines of a cluster are doing, as far as this host's processes and shared
//  pages tell.
#ifndef IPC_LAUNCH_STATUS_H
#define IPC_LAUNCH_STATUS_H

#include "common/page.h"
#include "launch/record.h"

typedef struct engine_status {
    pid_t worker;      // 0: none
    const char *state; // "idle", "busy", "starting" or "down"; "suspected", as it does not answer, or "lost", and its
                       //   tasks ended or went to others (lent for ever)
    char why[160];     // of "suspected", "lost", "starting": a sentence, or ""
    char gpu_failure[PAGE_GPU]; // why its GPU takes no more tasks, or ""
} engine_status_t;

//  Reads the status of one engine of a running cluster.
engine_status_t engine_status(const record_t *record, size_t id);

#endif
