//  agent_t: does harm to the processes of the cluster and to its clients, by chance: kills, stops for a while, fills
//  /dev/shm. Never so often that the supervisor or a nanny lets an engine wait (five deaths in a minute).
#ifndef IPC_TESTS_CHAOS_AGENT_H
#define IPC_TESTS_CHAOS_AGENT_H

#include <sys/types.h>

#include "chance.h"

typedef enum harm {
    HARM_WORKER_KILL,
    HARM_WORKER_SEGV,
    HARM_WORKER_STOP,          // and goes on after a while, as all that are stopped
    HARM_NANNY_KILL,
    HARM_NANNY_STOP,
    HARM_CLIENT_KILL,
    HARM_CLIENT_STOP,
    HARM_CONTROLLER_STOP,
    HARM_CONTROLLER_KILL,      // with a journal only
    HARM_SHM_FULL,             // where /dev/shm is small
    HARMS
} harm_t;

extern const char *const harm_names[HARMS];

enum { AGENT_ENGINES = 4, AGENT_KILLS = 4, AGENT_CLIENTS = 8, AGENT_DEATHS = 256 };

typedef struct agent {
    chance_t chance;
    bool journal;              // the controller may be killed
    uint32_t done[HARMS];      // how often
    // When the last kills were, a ring for each worker, nanny and, last, the controller.
    int64_t kills[2 * AGENT_ENGINES + 1][AGENT_KILLS];
    uint32_t kills_count[2 * AGENT_ENGINES + 1];
    int64_t deaths[AGENT_DEATHS]; // when the controller was killed
    uint32_t deaths_count;
    int64_t client_killed;     // when last
    pid_t clients[AGENT_CLIENTS]; // that run; 0: none
} agent_t;

//  Does one harm that can be done now, and undoes what is not to last.
//      await_engines   called after the controller was killed, and before: waits until all engines are there, so that
//                      never an engine and the controller are gone at the same time
void agent_step(agent_t *self, void (*await_engines)(void *context), void *context);

#endif
