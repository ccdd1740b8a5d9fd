//  site_t: the place on this host that one cluster lives in: its directories, and the lock
//  on them that says who may. What an earlier cluster left there when everything was killed
//  is removed when a new one moves in.
#ifndef IPC_LAUNCH_SITE_H
#define IPC_LAUNCH_SITE_H

#include "common/paths.h"
#include "launch/record.h"

typedef struct site {
    ipc_paths_t paths;
    int lock; // the descriptor that holds the lock, -1 if not open
} site_t;

//  Takes the lock, kills and removes leftovers, makes the cluster's directory. 0, or -1
//  with *error: BUSY when somebody holds the lock, PERMISSION, SYSTEM.
//      paths      borrowed
int site_open(site_t *self, const ipc_paths_t *paths, ipc_error_t *error);

//  Makes what a cluster starts from: its record, the directories for logs, images and shared memory,
//  and the connection files with new tokens. 0, or -1 with *error: PERMISSION, SYSTEM.
//      record     borrowed
int site_write_files(const site_t *self, const record_t *record, ipc_error_t *error);

//  Removes all that the cluster has on this host, and lets the lock go; harmless when not
//  open.
void site_close(site_t *self);

//  Kills and removes what a dead cluster left in a directory. True when there was something
//  to remove; false when its supervisor lives.
//      directory  borrowed; of one cluster, as in ipc_paths_t
bool site_clean(const char *directory);

#endif
