//  dependencies_t: the jobs of one client that wait for others of its own, and what became of those lately.
//
//  Who names a task that it is to come after tells what it knows: its client reads results all the time and says of
//  each position whether it was done, and how many RESULT messages it had read by then. So only what was sent since
//  then is to be remembered here: a ring of messages, no table of finished tasks. A job that nobody waits for costs
//  one entry of the ring for each message; positions are not looked at.
#ifndef IPC_CONTROLLER_DEPENDENCIES_H
#define IPC_CONTROLLER_DEPENDENCIES_H

#include "common/message.h"

typedef struct dependencies dependencies_t;
typedef struct dependent dependent_t;  // one job that waits

//  One condition of a job: positions of others, ipc_parent_t each, and IPC_DEPEND_… bits.
typedef struct condition_terms {
    ipc_bytes_t parents;
    uint32_t mode;
} condition_terms_t;

typedef enum verdict {
    VERDICT_WAITS,
    VERDICT_READY,
    VERDICT_IMPOSSIBLE,        // the reason is a sentence
    VERDICT_INVALID            // likewise: it depends on what is not known
} verdict_t;

//  What is asked for the jobs that are given values of others. They must not call the dependencies.
typedef struct dependencies_actions {
    //  Values that it is to be given are in this message: count of them from its position offset on, as those from
    //  this number on.
    void (*take)(void *context, void *job, uint64_t number, const ipc_msg_t *result, uint64_t offset, uint64_t count);
    //  They were in messages before: their client has them, and sends them when asked.
    void (*want)(void *context, void *job, uint64_t id, uint64_t number, uint64_t count);
} dependencies_actions_t;

//  A job that was decided.
typedef struct decision {
    void *job;                 // the caller's
    verdict_t verdict;
    char reason[160];
    const uint32_t *engines;   // that it is to follow: on one of these; NULL: on any
    uint32_t engine_count;     // lent until the next call
} decision_t;

//      actions, context   borrowed for its life
dependencies_t *dependencies_new(const dependencies_actions_t *actions, void *context);
void dependencies_destroy(dependencies_t **self_p);

//  A RESULT message goes to the client.
void dependencies_note(dependencies_t *self, const ipc_msg_t *result);

//  Its client goes on with jobs of before, and has seen nothing yet: all that it is told from now on is remembered.
void dependencies_remember(dependencies_t *self);

//  Where a job of which a part has run already is to run what is left: engines as in decision_t, lent until the next
//  call; NULL: on any.
const uint32_t *dependencies_engines(dependencies_t *self, uint64_t id, const condition_terms_t *follow,
                                     uint32_t *count);

//  A job waits for others. It is decided later, perhaps at once: see dependencies_next(). Lent until then.
//      id        of the job; what it waits for came before it
//      seen        RESULT messages that the client had read when it told the parents' states
//      arguments   ipc_parent_t each: it is given their values, numbered in this order; the client sends those that it
//                  knew to be done
dependent_t *dependencies_add(dependencies_t *self, void *job, uint64_t id, uint64_t seen,
                              const condition_terms_t *after, const condition_terms_t *follow, ipc_bytes_t arguments);

//  The job of this id that waits, NULL if there is none (it was decided). So many values that it is to be given came
//  from its client.
dependent_t *dependencies_find(dependencies_t *self, uint64_t id, void **job);
void dependencies_supplied(dependencies_t *self, dependent_t *dependent, uint64_t count);

//  Takes the next job that was decided: true, or false when there is none.
bool dependencies_next(dependencies_t *self, decision_t *decision);

//  A job waits no more.
void dependencies_forget(dependencies_t *self, dependent_t *dependent);

//  What a job waits for, as a phrase.
void dependent_explain(const dependent_t *dependent, char *text, size_t size);

//  Whether dependencies_next() has something to give.
bool dependencies_has_next(const dependencies_t *self);

#endif
