//  Where a cluster keeps its things: one private directory for its sockets, files and images, one under
//  /dev/shm for its shared memory. All are owned by the user and closed to others, or refused.
#ifndef IPC_COMMON_PATHS_H
#define IPC_COMMON_PATHS_H

#include "common/error.h"

enum {
    IPC_PATH_MAX = 256,
    IPC_SOCKET_PATH_MAX = 107,         // what sockaddr_un holds
    IPC_NAME_TEXT = 64                 // of profiles and cluster ids
};

//  The paths of one cluster, all absolute.
typedef struct ipc_paths {
    char profile[IPC_NAME_TEXT];       // the names that the paths are of
    char cluster_id[IPC_NAME_TEXT];
    char root[IPC_PATH_MAX];           // $XDG_RUNTIME_DIR/ipc, else /tmp/ipc-<uid>/ipc
    char directory[IPC_PATH_MAX];      // <root>/<12 hexadecimal digits of root, profile, id>
    char shm[IPC_PATH_MAX];            // /dev/shm/ipc-<uid>-<the same digits>
    char client_socket[IPC_PATH_MAX];  // <directory>/c
    char engine_socket[IPC_PATH_MAX];  // <directory>/e
    char client_file[IPC_PATH_MAX];    // <directory>/client.json
    char engine_file[IPC_PATH_MAX];    // <directory>/engine.json
    char cluster_file[IPC_PATH_MAX];   // <directory>/cluster.json: profile, id, pids (ipcluster's own)
    char lock[IPC_PATH_MAX];           // <directory>/lock, held by the supervisor while it lives
    char images[IPC_PATH_MAX];         // <directory>/images
    char logs[IPC_PATH_MAX];           // <directory>/log
} ipc_paths_t;

//  Finds the paths of a cluster; makes nothing. 0, or -1 with *error: ARGUMENT (a bad name: letters,
//  digits, '.', '_', '-', up to 63), PERMISSION, SYSTEM.
//      profile      borrowed; NULL: IPC_PROFILE of the environment, else "default"
//      cluster_id   borrowed; NULL: IPC_CLUSTER_ID of the environment, else ""
int ipc_paths_find(ipc_paths_t *self, const char *profile, const char *cluster_id,
                   ipc_error_t *error);

//  The same root, for `ipcluster list`, which looks at every cluster in it.
int ipc_paths_root(char root[IPC_PATH_MAX], ipc_error_t *error);

//  Makes a directory (and <root> itself) with mode 0700, or checks the one that is there: a directory, no
//  link, owned by this user, closed to others. 0, or -1 with *error: PERMISSION, SYSTEM.
int ipc_private_directory(const char *path, ipc_error_t *error);

//  Opens a file that must be this user's and closed to others: owner, mode & 077, regular, no link. Gives a
//  descriptor (close-on-exec), or -1 with *error: NAME (not there), PERMISSION, SYSTEM.
int ipc_private_open(const char *path, ipc_error_t *error);

//  Removes a directory and all that is in it; what is not there is fine.
void ipc_remove_tree(const char *path);

//  The file in a cluster's directory that has what an engine is to run again: its workers write it, the controller
//  removes it with the engine.
void ipc_restore_path(const char *directory, uint32_t engine, char path[IPC_PATH_MAX]);

//  The directory of the running program ("/usr/local/bin"), from /proc/self/exe.
int ipc_program_directory(char directory[IPC_PATH_MAX], ipc_error_t *error);

//  The path of one of our own programs, beside the running one or where the build folder has it:
//  "ipcd", "ipengine", "ipengine-worker", "ipcluster". 0, or -1 with *error: NAME.
int ipc_program_path(const char *program, char path[IPC_PATH_MAX], ipc_error_t *error);

#endif
