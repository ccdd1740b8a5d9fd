//  ipheat_jobs_t: the jobs of one run of ipheat, one for each method and value of the
//  sweep, solved by heat.solve on whichever engines are free.
#ifndef IPC_TOOLS_IPHEAT_JOBS_H
#define IPC_TOOLS_IPHEAT_JOBS_H

#include "client/ipclient.h"
#include "tools/ipheat_options.h"

typedef struct ipheat_jobs ipheat_jobs_t;

//  Submits all jobs, or gives NULL with *error: CONNECTION, TIMEOUT (no engine is there).
//      client     borrowed for the life of the jobs
//      options    borrowed for the life of the jobs
ipheat_jobs_t *ipheat_jobs_new(ipc_client_t *client, const ipheat_options_t *options,
                               ipc_error_t *error);

//  Frees the jobs and sets *self_p to NULL; NULL is fine. What runs goes on.
void ipheat_jobs_destroy(ipheat_jobs_t **self_p);

//  Waits for the jobs and prints a table, one line for each as soon as it and those before
//  it are done. Errors go to stderr.
//      stream     borrowed
//      failed     written: the number of jobs that failed
//  True when all are done, false when Ctrl-C ended the wait: then those that are not done are aborted.
bool ipheat_jobs_print(ipheat_jobs_t *self, FILE *stream, size_t *failed);

//  Draws the solutions of the finished jobs: of one value the methods and their difference,
//  of a sweep one panel for each value. 0, or -1 with *error: ARGUMENT, MEMORY, SYSTEM.
//      path       borrowed; see picture_check()
int ipheat_jobs_draw(ipheat_jobs_t *self, const char *path, ipc_error_t *error);

#endif
