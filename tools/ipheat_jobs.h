//  ipheat_jobs_t: the jobs of one run of ipheat, solved by heat.solve on whichever engines
//  are free. With an animation a job is solved from frame to frame, each beginning with the
//  state of the one before, while the other jobs go on.
#ifndef IPC_TOOLS_IPHEAT_JOBS_H
#define IPC_TOOLS_IPHEAT_JOBS_H

#include "tools/interrupts.h"
#include "tools/ipheat_outputs.h"

typedef struct ipheat_jobs ipheat_jobs_t;

//  Makes all jobs and submits them, or gives NULL with *error: CONNECTION, TIMEOUT (no engine
//  is there), ARGUMENT, MEMORY.
//      client, options, outputs   borrowed for the life of the jobs
ipheat_jobs_t *ipheat_jobs_new(ipc_client_t *client, ipheat_options_t *options,
                               ipheat_outputs_t *outputs, ipc_error_t *error);

//  Frees the jobs and sets *self_p to NULL; NULL is fine. What runs goes on.
void ipheat_jobs_destroy(ipheat_jobs_t **self_p);

//  Waits for the jobs; has the files of each written as soon as it is done, and its line of
//  the table printed as soon as those before it are.
//      interrupts borrowed; begun
//  True when all are done, false when Ctrl-C came: then those that are not done are aborted.
bool ipheat_jobs_run(ipheat_jobs_t *self, const interrupts_t *interrupts);

//  All jobs, lent.
const ipheat_job_t *ipheat_jobs_all(const ipheat_jobs_t *self, size_t *count);

#endif
