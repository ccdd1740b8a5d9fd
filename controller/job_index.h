//  job_index_t: jobs of one client by their ids, for a client that aborts them one by one.
#ifndef IPC_CONTROLLER_JOB_INDEX_H
#define IPC_CONTROLLER_JOB_INDEX_H

#include "controller/scheduler.h"

typedef struct job_index job_index_t;

job_index_t *job_index_new(void);
void job_index_destroy(job_index_t **self_p);

void job_index_add(job_index_t *self, scheduler_job_t *job);
void job_index_remove(job_index_t *self, const scheduler_job_t *job); // nothing if it is not there
size_t job_index_count(const job_index_t *self);

//  The jobs of an id, one after another: 0 in *place begins, NULL ends. Nothing may be added or removed meanwhile.
scheduler_job_t *job_index_next(const job_index_t *self, uint64_t id, size_t *place);

#endif
