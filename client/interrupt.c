#include "client/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

//  What a signal does is a matter of the process, and so is this. The handler reads it at any time: it is changed so
//  that the list is whole at every step, and no member goes while a handler may be at it.
typedef struct caught {
    pthread_mutex_t lock;              // of those who begin and end
    interrupt_t *_Atomic first;        // of the waits
    struct sigaction before;           // what the signal did
    atomic_uint count;                 // of signals
    atomic_uint taken;                 // of these: up to that one some wait has taken them
    atomic_uint handlers;              // that run now
} caught_t;

static caught_t *caught(void)
{
    static caught_t self = {.lock = PTHREAD_MUTEX_INITIALIZER};
    return &self;
}

static void on_signal(int number)
{
    (void) number;
    int saved = errno;
    caught_t *self = caught();
    atomic_fetch_add(&self->handlers, 1);
    atomic_fetch_add(&self->count, 1);
    for (interrupt_t *wait = atomic_load(&self->first); wait; wait = atomic_load(&wait->next))
        (void) !write(wait->fd, &(uint64_t){1}, sizeof(uint64_t));
    atomic_fetch_sub(&self->handlers, 1);
    errno = saved;
}

static bool is_ours(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == on_signal;
}

//  False if it is the program's own.
static bool install_handler(caught_t *self)
{
    struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGINT, NULL, &self->before) || self->before.sa_flags & SA_SIGINFO ||
        self->before.sa_handler != SIG_DFL)
        return false;
    return !sigaction(SIGINT, &ours, NULL);
}

//  Unless the program has set another one meanwhile.
static void remove_handler(const caught_t *self)
{
    struct sigaction now;
    if (!sigaction(SIGINT, NULL, &now) && is_ours(&now))
        sigaction(SIGINT, &self->before, NULL);
}

void interrupt_begin(interrupt_t *self)
{
    caught_t *all = caught();
    pthread_mutex_lock(&all->lock);
    self->before = atomic_load(&all->count);
    self->seen = self->before - (self->before != atomic_load(&all->taken)); // of many left over the last
    self->begun = atomic_load(&all->first) || install_handler(all);
    if (self->begun) {
        atomic_store(&self->next, atomic_load(&all->first));
        atomic_store(&all->first, self);
    }
    if (self->begun && self->seen != atomic_load(&all->count)) // no handler will tell
        (void) !write(self->fd, &(uint64_t){1}, sizeof(uint64_t));
    pthread_mutex_unlock(&all->lock);
}

void interrupt_end(interrupt_t *self)
{
    if (!self->begun)
        return;
    caught_t *all = caught();
    pthread_mutex_lock(&all->lock);
    interrupt_t *_Atomic *at = &all->first;
    while (atomic_load(at) != self) at = &atomic_load(at)->next;
    atomic_store(at, atomic_load(&self->next));
    if (!atomic_load(&all->first))
        remove_handler(all);
    while (atomic_load(&all->handlers) > 0) sched_yield(); // in another thread, which may be at it
    self->begun = false;
    pthread_mutex_unlock(&all->lock);
}

//  Numbers of signals come round again: one is behind another by the sign of their distance.
static bool is_behind(unsigned number, unsigned other)
{
    return (int) (number - other) > 0;
}

bool interrupt_take(interrupt_t *self)
{
    caught_t *all = caught();
    if (!self->begun || self->seen == atomic_load(&all->count))
        return false;
    self->seen++;
    self->is_late = !is_behind(self->seen, self->before);
    unsigned taken = atomic_load(&all->taken);
    while (is_behind(self->seen, taken) && !atomic_compare_exchange_weak(&all->taken, &taken, self->seen)) continue;
    return true;
}
