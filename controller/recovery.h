//  recovery_t: work that goes on when a controller with a journal dies and the supervisor starts another.
//
//  Whoever has something that the dead controller knew tells it to the new one:
//  - An engine goes on with the task that it runs. It keeps each result until it is safe: until the client has said
//    that it has it (SEEN), of which the engine hears (SAFE). To a new controller it tells all that it keeps (JOB,
//    DONE), and which position it has begun (RUNS). What it had not begun it forgets. What that one writes waits in the
//    engine until its client is back (RUNS).
//  - A client keeps what it submitted until all of it is there. It connects again by itself, as the same client, and
//    submits again what is missing, in the order of before (RESUME, SUBMIT), once it has an answer: so that it is not
//    heard over one connection that is cut, and again over the next. One that comes later than RECOVERY_CLIENTS_MS is
//    refused.
//  The new controller hears all engines first, and only then its clients, so that it knows of each position that is
//  missing whether it is done, begun, or neither: it hands on what is done, waits for what is begun, and queues the
//  rest. So nothing that was begun is begun again, nothing is lost, and no result comes twice: a client drops what it
//  has. All this is done only in a cluster with a journal; others pay nothing for it.
//
//  What runs is the scheduler's again (scheduler_adopt()): it can be aborted, and is lost with its engine as any task.
//  What a client's submissions wait for it says anew, as it knows it by then. An engine that dies while there is no
//  controller leaves a note of all that it had begun and was not safe (common/page.h): the next worker keeps an error for
//  each, as a result; it runs again if it has retries. Shared memory that was in use stays so until its owner ends.
#ifndef IPC_CONTROLLER_RECOVERY_H
#define IPC_CONTROLLER_RECOVERY_H

#include "common/ranges.h"
#include "controller/state.h"

enum { RECOVERY_ENGINES_MS = 4000, RECOVERY_CLIENTS_MS = 10000 };

//      engines    that are to tell what they have before clients are heard; 0: there was no controller before
recovery_t *recovery_new(controller_t *controller, uint32_t engines);
void recovery_destroy(recovery_t **self_p);

//  Whether clients may be heard: all engines have told what they have, or have taken too long.
bool recovery_is_ready(const recovery_t *self);

//  Whether no client may come with anything of before any more: what nobody has asked for is forgotten.
bool recovery_is_over(const recovery_t *self);
void recovery_end(recovery_t *self);

//  A submission of a client that was there before.
typedef struct resumption {
    peer_t *client;
    const ipc_msg_t *msg;              // SUBMIT
    uint32_t function;                 // the controller's number
    scheduler_job_t *job;              // that it has become
    ipc_writer_t *results;             // where what is handed on of detached work is put, a frame; or NULL
} resumption_t;

//  What the client misses of it: hands on what is done, and takes that out of missing, positions that it has no result
//  of. True when engines run some of it.
bool recovery_match(recovery_t *self, const resumption_t *resumption, ipc_ranges_t *missing);
//  Gives the scheduler what engines run of it, and takes that out.
void recovery_adopt(recovery_t *self, const resumption_t *resumption, ipc_ranges_t *missing);

//  The job of a former controller that a result of an engine is of, which it calls so; 0: the scheduler knows it.
uint64_t recovery_job(const recovery_t *self, peer_t *engine, uint64_t span);

//  A result of an engine, of a job that a former controller knew.
void recovery_done(recovery_t *self, peer_t *engine, uint64_t job, const ipc_msg_t *done);

//  The worker of an engine has died, and the next one has come.
void recovery_bury(recovery_t *self, uint32_t engine);

//  A result of an engine was told to its client, who will say that it has it; or needs to be told to nobody.
void recovery_told(recovery_t *self, const peer_t *engine, peer_t *client);
void recovery_safe(recovery_t *self, peer_t *engine);
void recovery_kept(recovery_t *self, const peer_t *engine); // or it will be safe when the journal has it

void recovery_flush(recovery_t *self);                 // at the end of a turn: tells engines what is safe
void recovery_forget(recovery_t *self, peer_t *peer);  // it is gone

handler_fn on_runs, on_engine_job, on_seen, on_resume;

#endif
