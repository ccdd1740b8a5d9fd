//  ipc_dependency_t: what a task of a balanced view waits for, as the options after (when it may run) and follow
//  (when and where: on the engine that ran those).
#ifndef IPC_CLIENT_DEPENDENCY_H
#define IPC_CLIENT_DEPENDENCY_H

#include <stdbool.h>
#include <stddef.h>

#include "client/result.h"

#ifdef __cplusplus
extern "C" {
#endif

//  Each position of each result counts as one task. A task whose condition cannot come true any more ends at once with
//  ImpossibleDependency: when one of all failed, say, or when those that it is to follow ran on two engines.
typedef struct ipc_dependency {
    ipc_result_t *const *results;  // borrowed by the call; of the view's client, direct or balanced
    size_t count;
    bool any;                      // one of them is enough; else all
    bool success, failure;         // which ends count; neither: success. Both: any end, as for cleaning up
} ipc_dependency_t;

#ifdef __cplusplus
}
#else
//  .after = ipc_after(a, b): when both have succeeded; ipc_after_any(a, b): when one has.
//  .follow = ipc_follow(a): on the engine that ran a; ipc_follow_any(a, b): where one of them ran.
#define ipc_after(...) ipc_depend_on(false, __VA_ARGS__)
#define ipc_after_any(...) ipc_depend_on(true, __VA_ARGS__)
#define ipc_follow(...) ipc_depend_on(false, __VA_ARGS__)
#define ipc_follow_any(...) ipc_depend_on(true, __VA_ARGS__)
#define ipc_depend_on(one_is_enough, ...)                                                                  \
    (&(const ipc_dependency_t){.results = (ipc_result_t *const[]){__VA_ARGS__},                            \
                               .count = sizeof((ipc_result_t *[]){__VA_ARGS__}) / sizeof(ipc_result_t *), \
                               .any = (one_is_enough)})
#endif
#endif
