//  Names of files with places to fill in: "u-{alpha}.npy".
#ifndef IPC_TOOLS_IPHEAT_NAMES_H
#define IPC_TOOLS_IPHEAT_NAMES_H

#include "tools/ipheat_job.h"

//  Whether a name has such places.
bool ipheat_name_varies(const char *pattern);

//  Gives the name for one job, to be freed, or NULL with *error: ARGUMENT (it names what no
//  job has).
//      index, count   of the job, among all: {job} counts from 1, with as many digits as the
//                     last one has
char *ipheat_name_fill(const char *pattern, const ipheat_settings_t *settings, size_t index,
                       size_t count, ipc_error_t *error);

#endif
