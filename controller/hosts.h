//  hosts_t: what tasks may need, who has it, and how much of it is in use.
//
//  What an engine was said to have (ipengine --has) is its own: it runs one task at a time, which may have all of that.
//  What its host has (cores, memory) the engines of the host share. Of that an engine holds the most that any of the
//  tasks needs that it was sent and has not done: so nothing that runs needs what there is not, and tasks of equal
//  needs can wait behind one another at no cost.
//
//  Some of its engines may share a thing in the same way, such as a GPU: each was said to have "gpu/0=1", of a name of
//  that thing behind the slash; tasks need it as gpu.
//
//  A task that needs much could be passed over for ever by others that need little. So the first job that found too
//  little is remembered; when it has waited for HOSTS_PATIENCE_NS, nothing else that takes of a host begins on one on
//  which it could run, until it has begun; and one engine there stands ready for it, or it could find those that it may
//  run on at long tasks that need nothing.
#ifndef IPC_CONTROLLER_HOSTS_H
#define IPC_CONTROLLER_HOSTS_H

#include <stdbool.h>

#include "common/needs.h"
#include "controller/scheduler.h"

enum {
    HOSTS_NAME = 128,                  // of a host, with its end
    HOSTS_USES = 4,                    // different needs that an engine has tasks of at a time
    HOSTS_PATIENCE_NS = 100000000
};
#define HOSTS_NONE UINT32_MAX

typedef struct host {
    char name[HOSTS_NAME];
    needs_t has;
    double taken[NEEDS_MAX];           // of each of these, by the engines
    uint32_t takers;                   // engines that hold something
    bool wanted;                       // something did not fit since the last time that some was given back
} host_t;

//  Tasks of equal needs at an engine.
typedef struct host_use {
    double amounts[NEEDS_MAX];         // of what the host has
    uint32_t spans;                    // 0: free for others
} host_use_t;

typedef struct host_engine {
    uint32_t host;
    needs_t own;
    double held[NEEDS_MAX];            // of what the host has
    host_use_t uses[HOSTS_USES];
} host_engine_t;

typedef struct hosts {
    host_t *all;
    uint32_t count;
    host_engine_t **engines;           // by id; NULL: it never said what it has
    uint32_t engine_count;
    scheduler_job_t *first;            // that found too little, or NULL
    int64_t since;                     // when it did
    uint32_t closed;                   // the host that is kept for it, or HOSTS_NONE
    uint32_t keeper;                   // an engine there that takes no other balanced work, or HOSTS_NONE
    uint64_t refusals;                 // ever
} hosts_t;

void hosts_free(hosts_t *self);

//  An engine is on a host of this name, which has so much in all, and has so much of its own: that goes before what the
//  host has of the same name. Copies are kept. True when it has less of something than it had before.
bool hosts_join(hosts_t *self, uint32_t engine, const char *host, const needs_t *of_host, const needs_t *own);

//  How much there is of something where an engine is, in all.
double hosts_amount(const hosts_t *self, uint32_t engine, const char *name);
//  Whether tasks with these needs can run on an engine at some time; whether one fits beside what runs now.
bool hosts_could(const hosts_t *self, uint32_t engine, const needs_t *needs);
bool hosts_fit(const hosts_t *self, uint32_t engine, const needs_t *needs);
//  What is too little now for an engine of this host that has nothing yet, and how much is free; NULL: nothing.
const need_t *hosts_short(const hosts_t *self, uint32_t engine, const needs_t *needs, double *free);
//  Whether a job could begin on an engine if another engine held no more than what these needs (NULL: none) ask for.
bool hosts_would_admit(const hosts_t *self, uint32_t engine, const scheduler_job_t *job, uint32_t other,
                       const needs_t *kept);

//  Whether the host of an engine is kept for another job than this one.
bool hosts_is_kept(const hosts_t *self, uint32_t engine, const scheduler_job_t *job);

//  Whether a job may begin on an engine now, as it fits and no other one has the turn; remembers one that does not.
bool hosts_admit(hosts_t *self, uint32_t engine, scheduler_job_t *job, int64_t now);
//  The job that has waited for long enough to go before all others; NULL: none has.
scheduler_job_t *hosts_passed_over(const hosts_t *self, int64_t now);
//  A job has begun, or waits no more. True when a host was kept for it that is open again.
bool hosts_forget(hosts_t *self, const scheduler_job_t *job);
//  Engines have gone: the host that is kept is chosen anew.
void hosts_reopen(hosts_t *self);

//  A span was sent that is admitted; it is done, or gone from the engine; all of the engine's are.
void hosts_take(hosts_t *self, uint32_t engine, const needs_t *needs);
void hosts_give(hosts_t *self, uint32_t engine, const needs_t *needs);
void hosts_clear(hosts_t *self, uint32_t engine);

//  The host of an engine, HOSTS_NONE where it is not known; true once if something was wanted there that may fit now.
uint32_t hosts_of(const hosts_t *self, uint32_t engine);
bool hosts_take_wanted(hosts_t *self, uint32_t engine);

#endif
