//  Where what is compiled is kept: a folder of the user's on this host, for all clusters, or one of the cluster's where
//  that cannot be. Its files are shared by all engines of the host, and go when they have not been used for long or
//  take too much room: what is loaded stays loaded.
#ifndef IPC_ENGINE_UNIT_CACHE_H
#define IPC_ENGINE_UNIT_CACHE_H

#include "common/paths.h"

enum { UNIT_CACHE_PATH = IPC_PATH_MAX * 2 };

//  Finds the folder, and makes it: $XDG_CACHE_HOME/ipclient/cells or ~/.cache/ipclient/cells if that is, or can be
//  made, this user's alone, and programs may be loaded from there; else the cluster's own, made when it is needed.
//      own     borrowed; the cluster's
//      path    written
void unit_cache_find(const char *own, char path[UNIT_CACHE_PATH]);

//  Notes that a file or folder of it is used: that keeps it, and is cheap.
void unit_cache_use(const char *path);

//  Removes what has not been used for max_age seconds, and of the rest what was used least lately until it has no more
//  than max_size bytes. Does nothing if that was done in the last hour, or is being done by another.
void unit_cache_trim(const char *directory, int64_t max_age, int64_t max_size);

#endif
