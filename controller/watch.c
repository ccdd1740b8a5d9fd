//  Whether the processes of peers live: all their pidfds are in one epoll descriptor, so that the main loop polls one
//  descriptor, however many peers there are.
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fail.h"
#include "controller/state.h"

enum {
    DEATHS_PER_TURN = 256,
    FILES_KEPT = 32,                   // descriptors that peers do not get: to look at folders, to say why;
    KEPT_PART = 4                      //   or of a small limit this part
};

//  Whether a descriptor of this number, the lowest that was free, leaves what must be kept.
static bool leaves_room(int descriptor)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files))
        return true;
    rlim_t kept = files.rlim_cur / KEPT_PART < FILES_KEPT ? files.rlim_cur / KEPT_PART : FILES_KEPT;
    return (rlim_t) descriptor + kept < files.rlim_cur;
}

watch_t peer_watch(peer_t *peer, int pid)
{
    peer->pid = pid;
    if (pid <= 0)
        return WATCH_STARTED;
    int descriptor = (int) syscall(SYS_pidfd_open, pid, 0);
    if (descriptor < 0)
        return errno == ESRCH ? WATCH_DEAD : errno == EMFILE || errno == ENFILE ? WATCH_FULL : WATCH_STARTED;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    if (!leaves_room(descriptor) || epoll_ctl(peer->controller->deaths, EPOLL_CTL_ADD, descriptor, &event)) {
        close(descriptor);
        return WATCH_FULL;
    }
    peer->pidfd = descriptor;
    return WATCH_STARTED;
}

void peer_turn_away(peer_t *peer)
{
    struct rlimit files = {0};
    char text[160];
    getrlimit(RLIMIT_NOFILE, &files);
    snprintf(text, sizeof text,
             "ipcd may open %llu files and has none left for another peer: raise the limit (ulimit -Hn) where the "
             "cluster is started",
             (unsigned long long) files.rlim_max);
    peer_refuse(peer, IPC_E_LIMIT, text);
    peer->leaving = true;
}

void peer_unwatch(peer_t *peer)
{
    if (peer->pidfd < 0)
        return;
    close(peer->pidfd); // which also takes it out of the epoll descriptor
    peer->pidfd = -1;
}

static void peer_died(controller_t *self, peer_t *peer)
{
    if (peer->kind != PEER_ENGINE) {
        peer_drop(self, peer);
        return;
    }
    // An engine's last results may still be in the socket: they are read before it is called dead.
    peer_unwatch(peer);
    peer_disown(peer);
    engine_gone(self, peer);
    self->entries[peer->engine].former = peer;
}

void watch_serve(controller_t *self)
{
    // One by one: dropping a peer may drop another, whose event must not be in hand then.
    struct epoll_event event;
    for (int i = 0; i < DEATHS_PER_TURN && epoll_wait(self->deaths, &event, 1, 0) == 1; i++)
        peer_died(self, event.data.ptr);
}
