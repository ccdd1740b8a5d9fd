//  ipc_imap_t: a map whose items come from a generator, one after another and only as fast as they are worked off:
//  there may be any number of them, even without end. One thread at a time.
#ifndef IPC_CLIENT_IMAP_H
#define IPC_CLIENT_IMAP_H

#include "client/view.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ipc_imap ipc_imap_t;

//  Gives the next item: true with *item, which is copied before the next call; false when there are no more.
//  Called by ipc_imap() and ipc_imap_next(), on their thread.
//      context      as given to ipc_imap()
typedef bool ipc_imap_fn(void *context, ipc_value_t *item);

//  Every default is zero.
typedef struct ipc_imap_options {
    size_t outstanding;        // items taken from the generator and not yet given by ipc_imap_next(), at most;
                               //   0: eight for each engine that the view has at the start
    bool unordered;            // ipc_imap_next() gives what is done first
    ipc_options_t call;        // as for ipc_map_with()
    uint64_t reserved[8];      // room for later versions, zero
} ipc_imap_options_t;

//  ipc_imap(view, function, generator, context), ipc_imap_with(view, function, generator, context, options): begins
//  to map a function of one parameter over what the generator gives. Never NULL (given: ipc_imap_destroy()).
//      view         borrowed until it is destroyed
//      context      borrowed until it is destroyed
//      options      borrowed
#define ipc_imap(view, function, generator, context) \
    ipc_view_imap((view), &ipc_remote_##function, (generator), (context), NULL)
#define ipc_imap_with(view, function, generator, context, ...) \
    ipc_view_imap((view), &ipc_remote_##function, (generator), (context), (__VA_ARGS__))

//  The function behind the macros.
ipc_imap_t *ipc_view_imap(ipc_view_t *view, const ipc_remote_t *function, ipc_imap_fn *generator, void *context,
                          const ipc_imap_options_t *options);

//  The next result, waiting for it, in the order of the items unless unordered; NULL when there are no more. Its
//  index counts the items from 0. An item that failed has its error, and the map goes on; what could not be sent at
//  all has it too, and is the last. Lent until the next call.
ipc_item_t *ipc_imap_next(ipc_imap_t *self);

//  Takes no more items from the generator; ipc_imap_next() gives what is under way.
void ipc_imap_cancel(ipc_imap_t *self);

//  Frees it and sets *self_p to NULL; NULL is fine. Takes no more items; what is under way is aborted, as by
//  ipc_result_abort().
void ipc_imap_destroy(ipc_imap_t **self_p);

#ifdef __cplusplus
}
#endif
#endif
