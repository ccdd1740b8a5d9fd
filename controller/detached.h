//  detached_t: jobs that outlive their client, and what came of them, packed as it came, until somebody has fetched
//  it and room is needed. It also keeps what the jobs were given, so that they can run again.
#ifndef IPC_CONTROLLER_DETACHED_H
#define IPC_CONTROLLER_DETACHED_H

#include "controller/state.h"

enum {
    DETACHED_MAX = 10000,              // jobs
    FOLLOWERS_MAX = 1000,              // of one
    DETACHED_BYTES = 64 << 20          // of results, and of what jobs were given
};

//  One that reads along: a client, and what the job is called there.
typedef struct follower {
    uint32_t client, number;           // as in peer_t
    uint64_t job;
} follower_t;

typedef struct detached_job {
    scheduler_job_t job;               // what of it lasts; its deadline is a time after it was accepted
    const char *method;                // "apply", "map", …
    bool is_list;                      // its result shows a list, also of one
    bool over;                         // the scheduler has done with it; the payload is ours
    bool delivered;                    // somebody had all of it
    bool lost;                         // its results were too many
    uint64_t left;                     // positions without a result
    ipc_writer_t results;              // a frame of RESULT and OUTPUT messages
    size_t bytes;                      // that it counts for
    follower_t *followers;
    size_t follower_count;
    struct detached_job *next;         // younger
} detached_job_t;

//      controller   borrowed for its life
detached_t *detached_new(controller_t *controller);
void detached_destroy(detached_t **self_p);

//  False while DETACHED_MAX have not ended.
bool detached_has_room(detached_t *self);

//  A job of this client's, with its payload and terms, from now on belongs to nobody who could go, and is kept. There
//  must be room.
void detached_adopt(detached_t *self, peer_t *client, scheduler_job_t *job, bool is_list);

//  Gives a job that is to run it again what it was submitted with: engines allowed, needs, limits from now on.
void detached_terms(const detached_job_t *self, scheduler_job_t *job);

//  A RESULT or OUTPUT message of the job: kept, and told to those who follow.
void detached_take(detached_t *self, detached_job_t *job, const ipc_msg_t *msg);

//  What a former controller was told of it, a frame; and what has come since, likewise, which is news.
void detached_restore(detached_t *self, detached_job_t *job, const ipc_writer_t *frame, bool is_news);

//  The scheduler has done with it. Takes the payload.
void detached_end(detached_t *self, detached_job_t *job);

//  The job of an id, or NULL; the one that a client reads along as its own job of an id, while it is not over.
detached_job_t *detached_find(const detached_t *self, uint64_t id);
detached_job_t *detached_followed(const detached_t *self, const peer_t *client, uint64_t as);

//  Tells a client all that there is, as results of the job that it calls so, and what comes later. False, and tells
//  nothing, when FOLLOWERS_MAX wait for it.
bool detached_follow(detached_t *self, detached_job_t *job, peer_t *client, uint64_t as);

//  Forgets jobs that have ended, by ids in rising order, and notes in found which of them there were; no ids: all.
void detached_purge(detached_t *self, const uint64_t *ids, size_t count, bool *found);

#endif
