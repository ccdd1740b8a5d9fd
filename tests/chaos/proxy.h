//  proxy_t: stands between a socket of the cluster and those that connect to it from now on, and does to their streams
//  what a bad network does. A thread of its own; failures of the proxy itself fail the test.
#ifndef IPC_TESTS_CHAOS_PROXY_H
#define IPC_TESTS_CHAOS_PROXY_H

#include <stdint.h>

typedef enum proxy_mode {
    PROXY_PASSES,
    PROXY_DELAYS,              // each piece by up to 5 ms
    PROXY_IS_DEAF,             // reads nothing, and cuts nothing: half open
    PROXY_CORRUPTS             // flips a bit of some pieces
} proxy_mode_t;

typedef struct proxy proxy_t;

//  Takes the place of a socket of this test's cluster in its directory: "c" is for clients, "e" for engines.
proxy_t *proxy_new(const char *name, uint64_t seed);

//  Puts the socket back, cuts what is connected and frees the proxy.
void proxy_destroy(proxy_t **self_p);

//  What it does from now on.
void proxy_set(proxy_t *self, proxy_mode_t mode);

//  Cuts all that is connected at the moment, and waits until that is done.
void proxy_cut(proxy_t *self);

//  How many connections there have been so far; bits that were flipped.
unsigned proxy_connections(const proxy_t *self);
unsigned proxy_flips(const proxy_t *self);

#endif
