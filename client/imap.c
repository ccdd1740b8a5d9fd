//  Lazy maps: ordinary maps of some items each, made as room comes.
#include "client/imap.h"

#include <stdlib.h>

#include "client/control.h"
#include "client/results.h"
#include "client/views.h"
#include "common/fail.h"

enum { PER_ENGINE = 8, BATCHES = 4 };  // batches under way, when the engines keep up

//  Items that were submitted together.
typedef struct batch {
    ipc_result_t *result;
    size_t first;                      // index of its first item
    size_t given;                      // results that ipc_imap_next() has given
    struct batch *next;
} batch_t;

struct ipc_imap {
    ipc_view_t *view;
    const ipc_remote_t *function;
    ipc_imap_fn *generator;
    void *context;
    ipc_options_t options;
    bool unordered;
    bool ended;                        // the generator is not asked any more
    size_t limit, outstanding;
    size_t index;                      // of the next item
    batch_t *first, *last;             // in the order of items
    batch_t *spent;                    // all given; kept while its last result is lent
    ipc_value_t *values;               // limit of them: a batch while it is put together
    ipc_arena_t *arena;                // what they hold
    ipc_item_t item;                   // that is lent
};

//  Submits as many items as there is room for, if it is worth a message.
static void fill(ipc_imap_t *self)
{
    size_t room = self->limit - self->outstanding, count = 0, least = self->limit / BATCHES;
    if (self->ended || room == 0 || (room < least && self->outstanding > 0))
        return;
    while (count < room && count < (least ? least : 1)) {
        ipc_value_t item = ipc_none();
        if (!self->generator(self->context, &item)) {
            self->ended = true;
            break;
        }
        self->values[count++] = ipc_value_copy(item, self->arena);
    }
    if (count == 0)
        return;
    const ipc_call_t call = {.remote = self->function, .options = &self->options,
                             .options_size = sizeof self->options};
    batch_t *batch = ipc_xalloc(sizeof *batch);
    *batch = (batch_t){.result = ipc_view_map(self->view, &call, ipc_value_from_list(self->values, count)),
                       .first = self->index};
    ipc_arena_reset(self->arena);
    *(self->last ? &self->last->next : &self->first) = batch;
    self->last = batch;
    self->index += count;
    self->outstanding += ipc_result_count(batch->result);
    self->ended = self->ended || batch->result->refused; // so would be all that follow
}

static void fill_all(ipc_imap_t *self)
{
    size_t before;
    do {
        before = self->index;
        fill(self);
    } while (self->index > before);
}

ipc_imap_t *ipc_view_imap(ipc_view_t *view, const ipc_remote_t *function, ipc_imap_fn *generator, void *context,
                          const ipc_imap_options_t *options)
{
    ipc_imap_t *self = ipc_xalloc(sizeof *self);
    size_t engines = ipc_view_count(view);
    *self = (ipc_imap_t){.view = view, .function = function, .generator = generator, .context = context,
                         .limit = PER_ENGINE * (engines ? engines : 1), .arena = ipc_arena_new()};
    if (options) {
        self->options = options->call;
        self->unordered = options->unordered;
        self->limit = options->outstanding ? options->outstanding : self->limit;
    }
    self->values = ipc_xalloc((self->limit / BATCHES + 1) * sizeof self->values[0]);
    fill_all(self);
    return self;
}

static batch_t *ready_batch(const ipc_imap_t *self)
{
    batch_t *batch = self->first;
    while (batch && batch->result->next_run >= batch->result->run_count) batch = batch->next;
    return batch;
}

static bool has_ready(void *context)
{
    return ready_batch(context) != NULL;
}

//  The batch whose result is next, once it has one; NULL when the wait ended without.
static batch_t *wait_for_batch(ipc_imap_t *self)
{
    if (!self->unordered || !self->first)
        return self->first;
    ipc_client_t *client = self->view->client;
    pthread_mutex_lock(&client->lock);
    client_wait(client, has_ready, self, IPC_FOREVER);
    batch_t *batch = ready_batch(self);
    pthread_mutex_unlock(&client->lock);
    return batch;
}

static void batch_free(batch_t *batch)
{
    if (batch)
        ipc_result_destroy(&batch->result);
    free(batch);
}

static void spend(ipc_imap_t *self, batch_t *batch)
{
    batch_t **at = &self->first, *previous = NULL;
    for (; *at != batch; at = &(*at)->next) previous = *at;
    *at = batch->next;
    if (self->last == batch)
        self->last = previous;
    self->spent = batch;
}

ipc_item_t *ipc_imap_next(ipc_imap_t *self)
{
    batch_free(self->spent);
    self->spent = NULL;
    fill_all(self);
    batch_t *batch = wait_for_batch(self);
    const ipc_item_t *item = NULL;
    if (batch)
        item = self->unordered ? ipc_result_next(batch->result) : ipc_result_item(batch->result, batch->given);
    if (!item)
        return NULL;
    self->item = *item;
    self->item.index += batch->first;
    self->outstanding--;
    if (++batch->given == ipc_result_count(batch->result))
        spend(self, batch);
    return &self->item;
}

void ipc_imap_cancel(ipc_imap_t *self)
{
    self->ended = true;
}

void ipc_imap_destroy(ipc_imap_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ipc_imap_t *self = *self_p;
    *self_p = NULL;
    batch_free(self->spent);
    for (batch_t *batch = self->first, *next; batch; batch = next) {
        next = batch->next;
        ipc_result_abort(batch->result);
        batch_free(batch);
    }
    ipc_arena_destroy(&self->arena);
    free(self->values);
    free(self);
}
