//  Answers from the journal: its reader looks for them in a thread of its own, while the main loop goes on.
#include <stdlib.h>

#include "common/fail.h"
#include "controller/queries.h"

//  A query whose answer is being looked for.
typedef struct recorded {
    journal_work_t work;
    controller_t *controller;
    uint32_t client, number;           // who asks, as in peer_t
    parcel_t *parcel;                  // of the query
    ipc_msg_t query;
    search_t *search;                  // of tasks: the reader's meanwhile
    ipc_writer_t body;                 // and what it comes to
    size_t count;
    ended_t ended;                     // of the end of one task
} recorded_t;

//  The work comes first, so that one is the other.
_Static_assert(offsetof(recorded_t, work) == 0, "the work is the query's");

static recorded_t *recorded_new(controller_t *controller, const peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    recorded_t *self = ipc_xalloc(sizeof *self);
    self->controller = controller;
    self->client = peer->client;
    self->number = peer->number;
    self->parcel = parcel;
    self->query = *query;
    parcel->references++;
    return self;
}

static void recorded_free(recorded_t *self)
{
    search_destroy(&self->search);
    ipc_writer_destroy(&self->body);
    parcel_release(self->parcel);
    free(self->ended.function);
    free(self);
}

//  Who asked, if it is still there and there is an answer; an error is told.
static peer_t *asker(const recorded_t *self, const ipc_error_t *error)
{
    const controller_t *controller = self->controller;
    if (error->code == IPC_E_ABORTED) // there will be no more turn
        return NULL;
    peer_t *peer = self->client < controller->by_client_count ? controller->by_client[self->client] : NULL;
    if (!peer || peer->number != self->number)
        return NULL;
    if (!error->code)
        return peer;
    query_answer_text(peer, &self->query, error->code, error->text);
    return NULL;
}

static bool can_read(const controller_t *self)
{
    return self->journal && !journal_failure(self->journal);
}

//  --- Tasks ----------------------------------------------------------------------------------------------------

static bool visit_task(journal_work_t *work, const history_entry_t *entry, ipc_bytes_t function)
{
    recorded_t *self = (recorded_t *) work;
    search_add_entry(self->search, entry, function);
    return true;
}

static void pack_tasks(journal_work_t *work)
{
    recorded_t *self = (recorded_t *) work;
    self->count = search_pack(self->search, &self->body);
    if (self->body.size > IPC_MAX_FRAME - IPC_INLINE_LIMIT)
        ipc_fail(&work->error, IPC_E_LIMIT, "more tasks are found than one answer can have (%zu): ask for fewer, by a "
                                            "limit, a time or a label",
                 self->count);
}

static void tasks_done(journal_work_t *work, const ipc_error_t *error)
{
    recorded_t *self = (recorded_t *) work;
    peer_t *peer = asker(self, error);
    if (peer)
        query_answer(peer, &self->query, self->count, &self->body);
    recorded_free(self);
}

bool recorded_tasks(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    if (!can_read(self))
        return false;
    recorded_t *asked = recorded_new(self, peer, query, parcel);
    asked->work.visit = visit_task;
    asked->work.complete = pack_tasks;
    asked->work.done = tasks_done;
    asked->search = search_new(&asked->query);
    query_add_unfinished(self, asked->search);
    journal_read(self->journal, &asked->work);
    return true;
}

//  --- The end of a task ----------------------------------------------------------------------------------------

static bool visit_end(journal_work_t *work, const history_entry_t *entry, ipc_bytes_t function)
{
    recorded_t *self = (recorded_t *) work;
    ended_note(&self->ended, entry, function);
    return true;
}

static void end_done(journal_work_t *work, const ipc_error_t *error)
{
    recorded_t *self = (recorded_t *) work;
    peer_t *peer = asker(self, error);
    if (peer)
        query_answer_end(peer, &self->query, &self->ended);
    recorded_free(self);
}

bool recorded_end(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel)
{
    if (!can_read(self))
        return false;
    recorded_t *asked = recorded_new(self, peer, query, parcel);
    asked->work.visit = visit_end;
    asked->work.done = end_done;
    asked->ended.id = query->query.job;
    journal_read(self->journal, &asked->work);
    return true;
}

//  --- Purges ---------------------------------------------------------------------------------------------------

static void purge_done(journal_work_t *work, const ipc_error_t *error)
{
    recorded_t *self = (recorded_t *) work;
    peer_t *peer = asker(self, error);
    size_t count = work->id_count == 0 ? work->count : 0;
    for (size_t i = 0; i < work->id_count; i++) count += work->found[i];
    if (peer)
        purge_answer(peer, &self->query, count);
    recorded_free(self);
}

void recorded_purge(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel, uint64_t **ids,
                    bool **found, size_t count)
{
    recorded_t *asked = recorded_new(self, peer, query, parcel);
    asked->work.done = purge_done;
    asked->work.ids = *ids;
    asked->work.found = *found;
    asked->work.id_count = count;
    *ids = NULL;
    *found = NULL;
    journal_purge(self->journal, &asked->work);
}
