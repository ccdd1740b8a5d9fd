//  ipheat_outputs_t: the files of one run of ipheat: arrays, pictures and animations, of each
//  job or of all together. Of what is only to be drawn it keeps no more than its pixels.
#ifndef IPC_TOOLS_IPHEAT_OUTPUTS_H
#define IPC_TOOLS_IPHEAT_OUTPUTS_H

#include "tools/ipheat_job.h"

typedef struct ipheat_outputs ipheat_outputs_t;

//  Reads the names of --out and tells before long work what cannot be written. NULL with
//  *error: ARGUMENT, SYSTEM.
//      options    borrowed for the life of self
ipheat_outputs_t *ipheat_outputs_new(ipheat_options_t *options, ipc_error_t *error);

//  Frees it and sets *self_p to NULL; NULL is fine.
void ipheat_outputs_destroy(ipheat_outputs_t **self_p);

//  Takes what a frame of a job shows, of which the field is there; the last one is the
//  solution. 0, or -1 with *error: MEMORY.
int ipheat_outputs_frame(ipheat_outputs_t *self, const ipheat_job_t *job, size_t frame,
                         ipc_error_t *error);

//  Writes the files of a job that is done, and adds them to it. 0, or -1 with *error:
//  SYSTEM, MEMORY.
int ipheat_outputs_job(ipheat_outputs_t *self, ipheat_job_t *job, ipc_error_t *error);

//  Writes the files of all jobs together, of those that are done; none if no job is. 0, or
//  -1 with *error.
int ipheat_outputs_all(ipheat_outputs_t *self, const ipheat_job_t *jobs, ipc_error_t *error);

//  File i of all jobs together that was written (lent); NULL behind the last one.
const char *ipheat_outputs_written(const ipheat_outputs_t *self, size_t i);

#endif
