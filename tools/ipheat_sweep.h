//  ipheat_axis_t: one setting and the values that it runs through. Jobs are the product of
//  several axes.
#ifndef IPC_TOOLS_IPHEAT_SWEEP_H
#define IPC_TOOLS_IPHEAT_SWEEP_H

#include "tools/ipheat_settings.h"

enum { IPHEAT_JOBS_MAX = 1024, IPHEAT_AXES_MAX = 5 };

typedef struct ipheat_axis {
    ipheat_key_t key;
    char **values;             // as options take them
    size_t count;              // at least 1
} ipheat_axis_t;

//  Reads "alpha=0.1:2:20", equal distances; "alpha=log:0.01:10:7", equal ratios; or
//  "boundary=fixed,periodic", a list. 0, or -1 with *error: ARGUMENT.
int ipheat_axis_read(ipheat_axis_t *self, const char *text, ipc_error_t *error);

//  Reads "fd,cn", "both" or "all" as an axis of methods.
int ipheat_axis_read_methods(ipheat_axis_t *self, const char *text, ipc_error_t *error);

void ipheat_axis_clear(ipheat_axis_t *self);

//  How many jobs axes make; more than IPHEAT_JOBS_MAX counts as one more than those.
size_t ipheat_axes_jobs(const ipheat_axis_t *axes, size_t count);

//  The place on axis k of a job; the last axis runs fastest.
size_t ipheat_axes_place(const ipheat_axis_t *axes, size_t count, size_t k, size_t job);

#endif
