//  controller_t: the one process that clients and engines talk to: it registers them, keeps the queues (the
//  scheduler), and passes tasks and results on without looking into them.
#ifndef IPC_CONTROLLER_CONTROLLER_H
#define IPC_CONTROLLER_CONTROLLER_H

#include "common/connection.h"
#include "common/journal.h"
#include "common/scheme.h"

typedef struct controller controller_t;

typedef struct controller_options {
    const char *directory;             // the cluster's, with client.json and engine.json
    int ready_fd;                      // lines about readiness go there; -1: nowhere
    int supervisor;                    // its pid, 0: none to watch
    ipc_scheme_t scheme;               // of the balanced work
    uint32_t hwm;                      // balanced tasks that an engine may have before it; 0: by the measured pace
    int suspect_ms, lose_ms;           // an engine that does not answer for so long is suspected, lost; 0: never
    const char *journal;               // its path (controller/journal.h), NULL: none
    ipc_journal_terms_t journal_terms;
    uint32_t successor;                // engines that a controller had which died, and which this one is the next of
} controller_options_t;

//  Reads the connection files, opens the journal, and binds both sockets. NULL with *error: as ipc_connection_read()
//  and journal_new() have it, SYSTEM.
controller_t *controller_new(const controller_options_t *options, ipc_error_t *error);
void controller_destroy(controller_t **self_p);

//  Serves until SIGTERM or SIGINT, or until the supervisor has been gone for 10 s.
void controller_run(controller_t *self);

#endif
