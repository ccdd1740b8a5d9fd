#include "proxy.h"

#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "chance.h"

enum { PAIRS = 64, PIECE = 16384, PATH = 100, DELAY_US_MAX = 5000, GREETING = 256, FLIPS_ONE_IN = 8, TICK_MS = 20 };

//  Two streams, one in each direction.
typedef struct pair {
    int near, far;             // who connected to us; the cluster's socket. -1: free
    size_t passed;             // bytes so far, both ways
} pair_t;

struct proxy {
    char path[PATH], real[PATH + 8]; // the socket's, and where it is meanwhile
    int listener, kick;
    pthread_t thread;
    chance_t chance;           // the thread's
    _Atomic int mode;          // proxy_mode_t
    _Atomic unsigned cuts_asked, cuts_done, connections, flips;
    _Atomic bool stops;
    pair_t pairs[PAIRS];       // the thread's
};

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(file, (struct sockaddr *) &address, sizeof address) == 0)
        return file;
    close(file);
    return -1;
}

static void close_pair(pair_t *pair)
{
    close(pair->near);
    close(pair->far);
    *pair = (pair_t){.near = -1, .far = -1};
}

static void accept_one(proxy_t *self)
{
    int near = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC), far = connect_to(self->real), i = 0;
    while (i < PAIRS && self->pairs[i].near >= 0) i++;
    if (near < 0 || far < 0 || i == PAIRS) {
        if (near >= 0)
            close(near);
        if (far >= 0)
            close(far);
        return;
    }
    self->pairs[i] = (pair_t){.near = near, .far = far};
    self->connections++;
}

//  The first bytes are the greeting of ZeroMQ, which is left as it is: it is libzmq's own matter.
static void spoil(proxy_t *self, pair_t *pair, uint8_t *bytes, size_t size)
{
    proxy_mode_t mode = self->mode;
    if (mode == PROXY_DELAYS)
        usleep(chance_below(&self->chance, DELAY_US_MAX));
    if (mode == PROXY_CORRUPTS && pair->passed > GREETING && chance_one_in(&self->chance, FLIPS_ONE_IN)) {
        bytes[chance_below(&self->chance, (uint32_t) size)] ^= (uint8_t) (1 << chance_below(&self->chance, 8));
        self->flips++;
    }
    pair->passed += size;
}

//  Takes a piece from one end to the other; false when there is nothing more to come.
static bool carry(proxy_t *self, pair_t *pair, int from, int to)
{
    uint8_t bytes[PIECE];
    ssize_t size = read(from, bytes, sizeof bytes);
    if (size <= 0)
        return false;
    spoil(self, pair, bytes, (size_t) size);
    for (ssize_t sent = 0; sent < size;) {
        ssize_t n = send(to, bytes + sent, (size_t) (size - sent), MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += n;
    }
    return true;
}

static void serve(proxy_t *self, struct pollfd *fds)
{
    bool deaf = self->mode == PROXY_IS_DEAF;
    for (int i = 0; i < PAIRS; i++) {
        const pair_t *pair = &self->pairs[i];
        fds[2 + 2 * i] = (struct pollfd){.fd = deaf ? -1 : pair->near, .events = POLLIN};
        fds[3 + 2 * i] = (struct pollfd){.fd = deaf ? -1 : pair->far, .events = POLLIN};
    }
    poll(fds, 2 + 2 * PAIRS, TICK_MS);
    uint64_t kicks;
    if (fds[1].revents)
        (void) !read(self->kick, &kicks, sizeof kicks);
    for (int i = 0; i < PAIRS; i++) {
        pair_t *pair = &self->pairs[i];
        bool near = pair->near >= 0 && fds[2 + 2 * i].revents, far = pair->near >= 0 && fds[3 + 2 * i].revents;
        if ((near && !carry(self, pair, pair->near, pair->far)) || (far && !carry(self, pair, pair->far, pair->near)))
            close_pair(pair);
    }
    if (fds[0].revents)
        accept_one(self);
}

static void cut_all(proxy_t *self)
{
    for (int i = 0; i < PAIRS; i++)
        if (self->pairs[i].near >= 0)
            close_pair(&self->pairs[i]);
}

static void *run(void *argument)
{
    proxy_t *self = argument;
    struct pollfd *fds = calloc(2 + 2 * PAIRS, sizeof fds[0]);
    fds[0] = (struct pollfd){.fd = self->listener, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = self->kick, .events = POLLIN};
    while (!self->stops) {
        unsigned asked = self->cuts_asked;
        if (asked != self->cuts_done)
            cut_all(self);
        self->cuts_done = asked;
        serve(self, fds);
    }
    cut_all(self);
    free(fds);
    return NULL;
}

static void find_socket(proxy_t *self, const char *name)
{
    char pattern[PATH];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/ipc/*/%s", getenv("XDG_RUNTIME_DIR"), name);
    ck_assert_msg(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1, "not one %s", pattern);
    snprintf(self->path, sizeof self->path, "%s", found.gl_pathv[0]);
    snprintf(self->real, sizeof self->real, "%s.real", self->path);
    globfree(&found);
}

proxy_t *proxy_new(const char *name, uint64_t seed)
{
    proxy_t *self = calloc(1, sizeof *self);
    find_socket(self, name);
    self->chance.state = seed;
    for (int i = 0; i < PAIRS; i++) self->pairs[i] = (pair_t){.near = -1, .far = -1};
    ck_assert_int_eq(rename(self->path, self->real), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, self->path);
    self->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(self->listener, (struct sockaddr *) &address, sizeof address), 0);
    ck_assert_int_eq(listen(self->listener, PAIRS), 0);
    self->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ck_assert_int_eq(pthread_create(&self->thread, NULL, run, self), 0);
    return self;
}

static void kick(proxy_t *self)
{
    (void) !write(self->kick, &(uint64_t){1}, sizeof(uint64_t));
}

void proxy_destroy(proxy_t **self_p)
{
    proxy_t *self = *self_p;
    *self_p = NULL;
    self->stops = true;
    kick(self);
    pthread_join(self->thread, NULL);
    close(self->listener);
    close(self->kick);
    ck_assert_int_eq(rename(self->real, self->path), 0);
    free(self);
}

void proxy_set(proxy_t *self, proxy_mode_t mode)
{
    self->mode = (int) mode;
    kick(self);
}

void proxy_cut(proxy_t *self)
{
    unsigned asked = ++self->cuts_asked;
    kick(self);
    while (self->cuts_done < asked) usleep(1000);
}

unsigned proxy_connections(const proxy_t *self)
{
    return self->connections;
}

unsigned proxy_flips(const proxy_t *self)
{
    return self->flips;
}
