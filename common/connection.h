//  ipc_connection_t: what a connection file says: how to reach a cluster's controller, and in which role.
//  JSON, mode 0600; owner and mode are checked on reading, since whoever may write it runs our code.
#ifndef IPC_COMMON_CONNECTION_H
#define IPC_COMMON_CONNECTION_H

#include <sys/types.h>

#include "common/paths.h"

enum { IPC_TOKEN_TEXT = 65 };          // 256 bits as hexadecimal digits with the zero

typedef struct ipc_connection {
    int version;                       // of the file: 1
    char role[16];                     // "client" or "engine"
    char endpoint[IPC_PATH_MAX];       // "ipc:///run/user/1000/ipc/1f2e3d4c5b6a/c"
    char token[IPC_TOKEN_TEXT];        // of the role
    char profile[IPC_NAME_TEXT];
    char cluster_id[IPC_NAME_TEXT];
    char directory[IPC_PATH_MAX];      // the cluster's private directory
    char shm[IPC_PATH_MAX];            // its directory under /dev/shm
    pid_t supervisor;                  // its pid, and
    uint64_t supervisor_start;         // its start time (field 22 of /proc/PID/stat), against reuse of the pid
} ipc_connection_t;

//  Reads a connection file. 0, or -1 with *error: NAME (not there), PERMISSION (owner, mode), CONNECTION
//  (no JSON, a field missing, another version), each naming the file.
int ipc_connection_read(ipc_connection_t *self, const char *path, ipc_error_t *error);

//  Writes it with mode 0600, by a temporary name and a rename. 0, or -1 with *error: SYSTEM.
int ipc_connection_write(const ipc_connection_t *self, const char *path, ipc_error_t *error);

//  Finds and reads the file that a program means: path, else IPC_CONNECTION_FILE of the environment, else
//  the running cluster of IPC_PROFILE and IPC_CLUSTER_ID; checks that the supervisor lives. 0, or -1 with
//  *error: CONNECTION "no cluster is running: start one with 'ipcluster start -n 4'", and as above.
//      path      borrowed; may be NULL
int ipc_connection_find(ipc_connection_t *self, const char *path, ipc_error_t *error);

//  The start time of a process in clock ticks since boot, 0 if there is none.
uint64_t ipc_process_start(pid_t pid);

#endif
