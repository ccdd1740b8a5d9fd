//  ipc_scheme_t: which of the engines that have room and may take it gets the next balanced work of a cluster.
#ifndef IPC_COMMON_SCHEME_H
#define IPC_COMMON_SCHEME_H

typedef enum ipc_scheme {
    IPC_SCHEME_LEASTLOAD,              // by measured pace; where a window is fixed, the one with the fewest tasks
    IPC_SCHEME_LRU,                    // the one that took work longest ago
    IPC_SCHEME_RANDOM,
    IPC_SCHEME_TWOBIN,                 // of two at random the one that took work longer ago
    IPC_SCHEME_WEIGHTED,               // of two, drawn the likelier the less they have, the one that has less
    IPC_SCHEMES
} ipc_scheme_t;

enum { IPC_HWM_MAX = 1000000 };        // the largest window of tasks that can be asked for

#define IPC_SCHEME_NAMES "leastload, lru, random, twobin or weighted"

//  Its name, lent for ever; the scheme of a name, IPC_SCHEMES when there is none of that name.
const char *ipc_scheme_name(ipc_scheme_t scheme);
ipc_scheme_t ipc_scheme_find(const char *name);

#endif
