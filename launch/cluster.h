//  What other processes do with clusters of this user: find, list, start, stop and clean
//  them.
#ifndef IPC_LAUNCH_CLUSTER_H
#define IPC_LAUNCH_CLUSTER_H

#include "launch/record.h"

//  The record of the running cluster of these names, or NULL with *error: BUSY (none is
//  running), ARGUMENT, PERMISSION.
//      profile, cluster_id  borrowed; NULL as in ipc_paths_find()
record_t *cluster_find(const char *profile, const char *cluster_id, ipc_error_t *error);

//  Gives the records of all running clusters, ordered by profile and id; destroy with
//  cluster_list_destroy(). 0, or -1 with *error: PERMISSION, SYSTEM.
typedef struct cluster_list {
    record_t **records;
    size_t count;
} cluster_list_t;
int cluster_list(cluster_list_t *list, ipc_error_t *error);
void cluster_list_destroy(cluster_list_t *list);

//  Starts a cluster with a supervisor of its own, which stays when this process ends, and
//  waits until all engines are ready. 0, or -1 with *error: NAME (ipcluster is missing),
//  SYSTEM, with ipcluster's own words.
int cluster_start(const char *profile, const char *cluster_id, size_t engines,
                  ipc_error_t *error);

//  Stops a cluster: asks its supervisor, waits at most 15 s, then kills all and cleans. 0,
//  or -1 with *error: SYSTEM when something could not be killed.
int cluster_stop(const record_t *record, ipc_error_t *error);

//  Removes what dead clusters left. 0 with their number in *count, or -1 with *error:
//  PERMISSION, SYSTEM.
int cluster_clean(size_t *count, ipc_error_t *error);

#endif
