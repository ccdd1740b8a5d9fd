//  For tests that kill the controller of a cluster with a journal.
#ifndef IPC_TESTS_CLIENT_RESUME_SUPPORT_H
#define IPC_TESTS_CLIENT_RESUME_SUPPORT_H

#include "e2e_support.h"

//  Each run of a task leaves one byte in a file.
void leave_mark(const char *path);

//  The file of a gate's folder, and how many marks it has.
off_t marks(const gate_t *gate, char path[80]);

//  Kills it, and waits until it is gone.
void kill_controller(void);

//  Ends the cluster and starts it again: a supervisor that has counted no deaths does not wait between attempts.
void restart_cluster(void);

//  Until so many tasks of this label run, as the controller sees it.
void await_running(session_t *s, const char *label, size_t count);

#endif
