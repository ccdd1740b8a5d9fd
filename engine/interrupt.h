//  Stopping the item that runs: because its client does not want it any more, because it ran longer than it may, or
//  because somebody sent SIGINT. A function of a client's program is jumped out of where that is safe (DESIGN.md 5):
//  never within a library, whose locks and memory it would leave in disorder; there its return is awaited. What
//  cannot be stopped so within the grace (a module's function, one that has started threads) ends with its process.
#ifndef IPC_ENGINE_INTERRUPT_H
#define IPC_ENGINE_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

enum { INTERRUPT_GRACE_MS = 2000, INTERRUPT_RETRY_MS = 20 };

struct worker;
struct work;

//  Why an item is stopped.
typedef enum stop_reason { STOP_NONE, STOP_ABORTED, STOP_LATE, STOP_SIGNAL } stop_reason_t;

//  The item that is being stopped. With the worker's lock.
typedef struct interrupt {
    stop_reason_t reason;
    bool kill;                         // its process ends after the grace
    bool jump;                         // it can be jumped out of
    uint64_t span, position;
    int64_t since;                     // when that began
} interrupt_t;

//  Items of a span that are not to run.
typedef struct drop {
    uint64_t first, count;
    uint32_t how;                      // ipc_drop_t
    struct drop *next;
} drop_t;

//  Sets the handler of SIGINT, once. Cheap to set again, for user code may have replaced it.
void interrupt_install(struct worker *self);
void interrupt_reinstall(void);

//  A task that has started threads is not jumped out of. Those that a library has started since there were so many, as
//  the CUDA driver does, are no task's. With the worker's lock.
int interrupt_threads(void);
void interrupt_accept_threads(int before);

//  For the connection thread, with the lock: stops the item that runs if it is to be stopped. Gives in how many
//  milliseconds it is to be called again, -1: not before something happens.
int interrupt_check(struct worker *self);

//  True for an item that is not to run. It is reported instead: interrupt_skip() makes that its outcome.
bool interrupt_drops(const struct work *work, uint64_t position);
void interrupt_skip(struct worker *self, struct work *work);

#endif
