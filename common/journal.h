//  The journal of a cluster, as it is asked for and where it is: $XDG_STATE_HOME/ipclient/<profile>/journal.db, or
//  journal-<cluster id>.db, which lasts longer than the cluster. What it is: controller/journal.h.
#ifndef IPC_COMMON_JOURNAL_H
#define IPC_COMMON_JOURNAL_H

#include "common/paths.h"

enum { IPC_JOURNAL_TERMS_TEXT = 64 };

//  What "--journal=TERMS" says.
typedef struct ipc_journal_terms {
    bool sync;             // what is acknowledged survives a power cut, not only the death of any process
    uint64_t size;         // bytes that it may have: the oldest entries go
    uint64_t age_s;        // seconds that an entry is kept
    bool temporary;        // it goes with the cluster's regular end, unless it was there before
} ipc_journal_terms_t;

#define IPC_JOURNAL_TERMS_HELP "sync, size=N (K, M, G), age=N (h, d) and temporary"

//  Reads terms such as "sync,size=1G,age=30d"; what they do not say is as by default: no sync, 256 MiB, 90 days, lasting.
//  0, or -1 with *error: ARGUMENT.
//      text       borrowed; NULL or "": all by default
int ipc_journal_terms_read(ipc_journal_terms_t *self, const char *text, ipc_error_t *error);

//  The folder of all profiles' journals; the path of one. 0, or -1 with *error: SYSTEM (neither XDG_STATE_HOME nor
//  HOME says where), ARGUMENT.
int ipc_journal_root(char root[IPC_PATH_MAX], ipc_error_t *error);
int ipc_journal_path(const ipc_paths_t *paths, char path[IPC_PATH_MAX], ipc_error_t *error);

//  Makes the folder that a journal lies in, or checks it as ipc_private_directory() does.
int ipc_journal_make_folder(const char *path, ipc_error_t *error);

//  Removes a journal with the files beside it. 0, or -1 with *error: BUSY (a cluster has it), SYSTEM.
int ipc_journal_remove(const char *path, ipc_error_t *error);

//  Removes the journals of all clusters that do not run. 0 with their number in *count, or -1 with *error: SYSTEM.
int ipc_journals_clean(size_t *count, ipc_error_t *error);

#endif
