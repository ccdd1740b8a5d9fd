//  accept4() for libzmq, which up to 4.3.4 at least ends the process when its listener on ipc:// finds no free
//  descriptor (errno EMFILE, ipc_listener.cpp). Here such a connection is closed instead, so that it does not wake the
//  listener again and again; the peer's libzmq tries again after a while. A program's own function goes before libc's.
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int accept4(int listener, void *address, unsigned *size, int flags);

static void say_so(unsigned long long limit)
{
    static _Atomic time_t said;        // one line a second: who is turned away comes back soon
    time_t now = time(NULL);
    if (atomic_exchange(&said, now) != now)
        fprintf(stderr,
                "error: ipcd may open %llu files and has none left: connections are closed. Raise the limit "
                "(ulimit -Hn) where the cluster is started\n",
                limit);
}

//  Takes the connection with a descriptor from between the soft limit and the hard one (ipcd.c keeps some there).
static void close_connection(int listener)
{
    struct rlimit limit, raised;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &raised);
    int peer = (int) syscall(SYS_accept4, listener, NULL, NULL, 0);
    setrlimit(RLIMIT_NOFILE, &limit);
    if (peer >= 0)
        close(peer);
    say_so(limit.rlim_max);
}

int accept4(int listener, void *address, unsigned *size, int flags)
{
    int peer = (int) syscall(SYS_accept4, listener, address, size, flags);
    if (peer >= 0 || errno != EMFILE)
        return peer;
    close_connection(listener);
    errno = ECONNABORTED;              // one that libzmq knows
    return -1;
}
