#include "client/kept.h"

#include <stdlib.h>
#include <string.h>

#include "client/given.h"
#include "common/fail.h"

enum { OUTCOMES_MANY = 4096 };

//  What became of positions.
typedef struct outcome {
    uint64_t job, first, count;
    uint32_t engine;
    bool failed;
} outcome_t;

struct outcomes {
    outcome_t *all;
    size_t count, room;
    size_t dependents;                 // terms that are kept and wait for something
};

//  --- What is said ---------------------------------------------------------------------------------------------

static ipc_bytes_t bytes_of(const ipc_writer_t *writer)
{
    return (ipc_bytes_t){writer->data ? writer->data : "", writer->size};
}

//  What is left of the time for waiting: at least a little.
static uint32_t wait_left(const kept_terms_t *self)
{
    int64_t waited_ms = (client_now() - self->submitted) / 1000000;
    if (self->wait_ms == 0 || waited_ms <= 0)
        return self->wait_ms;
    return waited_ms < self->wait_ms ? self->wait_ms - (uint32_t) waited_ms : 1;
}

void kept_terms_send(ipc_client_t *client, const kept_terms_t *self, uint64_t seen, const ipc_writer_t *arguments)
{
    if (self->wait_ms > 0 || self->run_ms > 0)
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_LIMITS,
                                       .limits = {.wait_ms = wait_left(self), .run_ms = self->run_ms}});
    if (self->waits)
        link_send(client, &(ipc_msg_t){.type = IPC_MSG_TERMS,
                                       .terms = {.seen = seen,
                                                 .after_mode = self->after_mode,
                                                 .follow_mode = self->follow_mode,
                                                 .after = bytes_of(&self->after),
                                                 .follow = bytes_of(&self->follow),
                                                 .needs = ipc_bytes_of(self->needs),
                                                 .arguments = bytes_of(arguments)}});
}

void kept_terms_free(ipc_client_t *client, kept_terms_t **self_p)
{
    kept_terms_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->counts && --client->outcomes->dependents == 0)
        outcomes_free(client); // nobody will ask
    ipc_writer_destroy(&self->after);
    ipc_writer_destroy(&self->follow);
    free(self->needs);
    free(self);
}

//  --- What became of others ------------------------------------------------------------------------------------

static ipc_parent_t parent_at(const ipc_writer_t *parents, size_t i)
{
    ipc_parent_t parent;
    memcpy(&parent, parents->data + i * sizeof parent, sizeof parent);
    return parent;
}

static size_t parent_count(const ipc_writer_t *parents)
{
    return parents->size / sizeof(ipc_parent_t);
}

//  True when one of them has not ended: its ticket's outcomes are to be noted.
static bool await_all(ipc_client_t *client, const ipc_writer_t *parents)
{
    bool any = false;
    for (size_t i = 0; i < parent_count(parents); i++) {
        ipc_parent_t parent = parent_at(parents, i);
        ticket_t *ticket = parent.state == IPC_PARENT_AWAITED ? ticket_of(client, parent.job) : NULL;
        any = any || ticket;
        if (ticket)
            ticket->is_awaited = true;
    }
    return any;
}

void kept_terms_await(ipc_client_t *client, kept_terms_t *self, const ipc_writer_t *arguments)
{
    bool after = await_all(client, &self->after), follow = await_all(client, &self->follow);
    self->counts = await_all(client, arguments) || after || follow;
    if (!self->counts)
        return;
    if (!client->outcomes)
        client->outcomes = ipc_xalloc(sizeof *client->outcomes);
    client->outcomes->dependents++;
}

static int by_job(const void *one, const void *other)
{
    const outcome_t *a = one, *b = other;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

void outcomes_sort(ipc_client_t *client)
{
    if (client->outcomes && client->outcomes->count > 0)
        qsort(client->outcomes->all, client->outcomes->count, sizeof client->outcomes->all[0], by_job);
}

static void mark_wanted(struct outcomes *self, bool *wanted, const ipc_writer_t *parents)
{
    for (size_t i = 0; i < parent_count(parents); i++) {
        ipc_parent_t parent = parent_at(parents, i);
        size_t low = 0, high = self->count;
        while (low < high) { // the first of that job
            size_t middle = low + (high - low) / 2;
            if (self->all[middle].job < parent.job)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < self->count && self->all[low].job == parent.job; low++) wanted[low] = true;
    }
}

//  Those that no terms which are kept speak of are forgotten.
static void prune(ipc_client_t *client)
{
    struct outcomes *self = client->outcomes;
    bool *wanted = ipc_xalloc(self->count * sizeof wanted[0]);
    size_t kept = 0;
    outcomes_sort(client);
    for (size_t i = 0; i < TICKET_BUCKETS; i++)
        for (const ticket_t *ticket = client->tickets[i]; ticket; ticket = ticket->next)
            if (ticket->terms && ticket->terms->counts) {
                mark_wanted(self, wanted, &ticket->terms->after);
                mark_wanted(self, wanted, &ticket->terms->follow);
            }
    for (size_t i = 0; i < self->count; i++)
        if (wanted[i])
            self->all[kept++] = self->all[i];
    self->count = kept;
    free(wanted);
}

void outcomes_note(ipc_client_t *client, const ipc_msg_t *result)
{
    struct outcomes *self = client->outcomes;
    if (!self)
        return; // those that waited have ended
    if (self->count == self->room && self->room >= OUTCOMES_MANY)
        prune(client);
    if (self->count >= self->room / 2) {
        self->room = self->room ? 2 * self->room : 64;
        self->all = ipc_xrealloc(self->all, self->room * sizeof self->all[0]);
    }
    self->all[self->count++] = (outcome_t){.job = result->result.job, .first = result->result.first,
                                           .count = result->result.count, .engine = result->result.engine,
                                           .failed = result->result.failed != 0};
}

void outcomes_free(ipc_client_t *client)
{
    if (!client->outcomes)
        return;
    free(client->outcomes->all);
    free(client->outcomes);
    client->outcomes = NULL;
}

//  --- What is said again -----------------------------------------------------------------------------------------

//  Positions [first, end) of a parent, of which nothing is known here: they are waited for, or went with the dead
//  controller.
static void add_open(ipc_client_t *client, const ipc_parent_t *parent, uint64_t first, uint64_t end,
                     ipc_writer_t *parents)
{
    const ticket_t *ticket = ticket_of(client, parent->job);
    ipc_parent_t part = *parent;
    part.first = first;
    part.count = end - first;
    if (!ticket || ticket->kept.size == 0)
        part.state = IPC_PARENT_FAILED;
    if (part.count > 0)
        ipc_write_raw(parents, &part, sizeof part);
}

//  The outcomes are in order: those of the parent's job that are in it.
static void add_known(ipc_client_t *client, const ipc_parent_t *parent, ipc_writer_t *parents)
{
    const struct outcomes *self = client->outcomes;
    uint64_t next = parent->first, end = parent->first + parent->count;
    size_t low = 0, high = self ? self->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->all[middle].job < parent->job)
            low = middle + 1;
        else
            high = middle;
    }
    for (; self && low < self->count && self->all[low].job == parent->job; low++) {
        const outcome_t *outcome = &self->all[low];
        uint64_t from = outcome->first > next ? outcome->first : next, to = outcome->first + outcome->count;
        to = to < end ? to : end;
        if (from >= to)
            continue;
        add_open(client, parent, next, from, parents);
        ipc_parent_t part = {.count = to - from, .engine = outcome->engine,
                             .state = outcome->failed ? IPC_PARENT_FAILED : IPC_PARENT_DONE};
        ipc_write_raw(parents, &part, sizeof part);
        next = to;
    }
    add_open(client, parent, next, end, parents);
}

static void know(ipc_client_t *client, const ipc_writer_t *before, ipc_writer_t *now)
{
    for (size_t i = 0; i < parent_count(before); i++) {
        ipc_parent_t parent = parent_at(before, i);
        if (parent.state == IPC_PARENT_AWAITED)
            add_known(client, &parent, now);
        else
            ipc_write_raw(now, &parent, sizeof parent);
    }
}

void kept_terms_say_again(ipc_client_t *client, const ticket_t *ticket)
{
    kept_terms_t now = *ticket->terms;
    ipc_auto(ipc_writer_destroy) ipc_writer_t given = {0};
    ipc_auto(ipc_writer_destroy) ipc_writer_t arguments = {0};
    now.after = now.follow = (ipc_writer_t){0};
    given_parents(ticket->given, &given); // the values that are here stand in the slices
    for (size_t i = 0; i < parent_count(&given); i++) {
        ipc_parent_t parent = parent_at(&given, i);
        if (parent.state == IPC_PARENT_AWAITED)
            add_open(client, &parent, parent.first, parent.first + parent.count, &arguments);
        else
            ipc_write_raw(&arguments, &parent, sizeof parent);
    }
    know(client, &ticket->terms->after, &now.after);
    know(client, &ticket->terms->follow, &now.follow);
    kept_terms_send(client, &now, 0, &arguments);
    ipc_writer_destroy(&now.after);
    ipc_writer_destroy(&now.follow);
}
