#include "tools/interrupts.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

void interrupts_begin(interrupts_t *self)
{
    struct sigaction action;
    sigset_t interrupt;
    self->fd = -1;
    if (sigaction(SIGINT, NULL, &action) || action.sa_handler == SIG_IGN)
        return;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &self->before);
    self->fd = signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->fd < 0)
        pthread_sigmask(SIG_SETMASK, &self->before, NULL);
}

bool interrupts_came(const interrupts_t *self)
{
    struct signalfd_siginfo came;
    return self->fd >= 0 && read(self->fd, &came, sizeof came) == sizeof came;
}

void interrupts_end(interrupts_t *self)
{
    if (self->fd < 0)
        return;
    interrupts_came(self);
    pthread_sigmask(SIG_SETMASK, &self->before, NULL);
    close(self->fd);
    self->fd = -1;
}
