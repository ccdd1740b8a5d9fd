//  ipc_silence_t: how long a process may be silent that lives, before the others act: in seconds as users write them.
#ifndef IPC_COMMON_SILENCE_H
#define IPC_COMMON_SILENCE_H

#include "common/error.h"

typedef struct ipc_silence {
    int suspect_ms;            // an engine gets no more work, 0: never for that
    int lose_ms;               // its tasks end, or run elsewhere, 0: never
} ipc_silence_t;

#define IPC_SUSPECT_AFTER "2"
#define IPC_LOSE_AFTER "5"
#define IPC_CONTROLLER_TIMEOUT "5"

//  Reads seconds such as "2" or "0.5", up to a day, "0" for never, into milliseconds. 0, or -1 with *error: ARGUMENT.
//      name       borrowed; of the option or variable, for the sentence
int ipc_seconds_read(int *milliseconds, const char *name, const char *text, ipc_error_t *error);

//  Whether a process of this host is stopped, by a signal or a debugger.
bool ipc_process_is_stopped(int pid);

//  Reads what --suspect-after and --lose-after say; NULL: the variables IPC_SUSPECT_AFTER and IPC_LOSE_AFTER of the
//  environment do, else the defaults above; an engine that is lost sooner is suspected sooner, too. 0, or -1 with
//  *error: ARGUMENT.
int ipc_silence_read(ipc_silence_t *self, const char *suspect_after, const char *lose_after, ipc_error_t *error);

#endif
