#include "client/resume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/given.h"
#include "client/kept.h"
#include "client/results.h"
#include "common/fail.h"
#include "common/frame.h"

enum { RESUME_S = 30, SEEN_MANY = 256 };

//  --- What is kept ---------------------------------------------------------------------------------------------

size_t resume_mark(ipc_client_t *self)
{
    group_close(self);
    return self->out.size > 0 ? self->out.size : IPC_FRAME_HEADER;
}

void resume_keep(ipc_client_t *self, ticket_t *ticket, size_t mark)
{
    if (self->keeps)
        ipc_write_raw(&ticket->kept, self->out.data + mark, self->out.size - mark);
}

bool resume_tell_seen(ipc_client_t *self, bool idle)
{
    uint64_t untold = self->results_seen - self->told_seen;
    if (!self->keeps || self->dead || self->resuming || untold == 0 ||
        (!idle && self->out.size == 0 && untold < SEEN_MANY))
        return false;
    self->told_seen = self->results_seen;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_SEEN, .seen = {.count = self->results_seen}});
    return true;
}

//  --- The next controller --------------------------------------------------------------------------------------

static int by_job(const void *one, const void *other)
{
    const ticket_t *a = *(ticket_t *const *) one, *b = *(ticket_t *const *) other;
    return a->job < b->job ? -1 : a->job > b->job;
}

//  Those that can go on, in the order of their submission; given, free() it.
static ticket_t **tickets_kept(const ipc_client_t *self, size_t *count)
{
    ticket_t **tickets = NULL;
    size_t room = 0;
    *count = 0;
    for (size_t i = 0; i < TICKET_BUCKETS; i++)
        for (ticket_t *ticket = self->tickets[i]; ticket; ticket = ticket->next) {
            if (ticket->kept.size == 0 || ticket->job >= self->resume_job)
                continue;
            if (*count == room) {
                room = room ? 2 * room : 64;
                tickets = ipc_xrealloc(tickets, room * sizeof tickets[0]);
            }
            tickets[(*count)++] = ticket;
        }
    if (*count > 0)
        qsort(tickets, *count, sizeof tickets[0], by_job);
    return tickets;
}

static void submit_again(ipc_client_t *self, ticket_t *ticket)
{
    ipc_ranges_t missing = {0};
    ipc_ranges_add(&missing, 0, ticket->calls ? ticket->count : ticket->total);
    for (size_t i = 0; i < ticket->got.count; i++)
        ipc_ranges_remove(&missing, ticket->got.ranges[i].first, ticket->got.ranges[i].count);
    ipc_bytes_t bytes = {(const char *) missing.ranges, missing.count * sizeof missing.ranges[0]};
    ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_RESUME, .resume = {bytes}}, &self->out);
    if (ticket->terms)
        kept_terms_say_again(self, ticket);
    ipc_write_raw(&self->out, ticket->kept.data, ticket->kept.size);
    ipc_ranges_free(&missing);
    for (size_t i = 0; i < ticket->unwanted.count; i++)
        link_send(self, &(ipc_msg_t){.type = IPC_MSG_ABORT,
                                     .abort = {.job = ticket->job, .first = ticket->unwanted.ranges[i].first,
                                               .count = ticket->unwanted.ranges[i].count, .engines = {"", 0}}});
    self->bytes -= ticket->supplied; // they are sent again
    ticket->bytes -= ticket->supplied;
    ticket->supplied = 0;
    if (ticket->given)
        given_send_known(self, ticket);
}

static void submit_all_again(ipc_client_t *self)
{
    size_t count;
    ticket_t **tickets = tickets_kept(self, &count);
    for (uint32_t i = 0; i < self->function_count; i++) {
        self->functions[i].told = false;
        functions_tell(self, i);
    }
    outcomes_sort(self);
    for (size_t i = 0; i < count; i++) {
        submit_again(self, tickets[i]);
        if (self->out.size > OUT_FULL)
            ipc_frame_send(&self->out, self->socket);
    }
    free(tickets);
}

//  The supervisor starts the next one: when that is gone too, there will be none.
static int watch_supervisor(const ipc_client_t *self)
{
    return self->connection.supervisor > 0 ? (int) syscall(SYS_pidfd_open, (pid_t) self->connection.supervisor, 0) : -1;
}

bool resume_begin(ipc_client_t *self)
{
    if (!self->keeps || self->resuming || self->refusal.code || self->stopping)
        return false;
    int supervisor_fd = watch_supervisor(self);
    if (supervisor_fd < 0)
        return false;
    group_close(self); // it is kept
    link_close(self);
    ipc_writer_clear(&self->out);
    self->controller_fd = supervisor_fd;
    self->resuming = true;
    self->resume_until = client_monotonic() + (int64_t) RESUME_S * 1000000000;
    self->welcome = self->unanswered = false;
    self->told_seen = 0;
    for (size_t i = 0; i < self->id_count; i++) self->ready[i] = false;
    self->resume_job = self->next_job;
    if (link_open(self, NULL))
        return false;
    ipc_frame_send(&self->out, self->socket); // the greeting
    link_receive(self); // a socket that was never read does not say through its descriptor that something has come
    return true;
}

void resume_end(ipc_client_t *self)
{
    self->resuming = false;
    if (self->controller_fd >= 0)
        close(self->controller_fd); // the supervisor's
    self->controller_fd = -1;
}

void resume_go_on(ipc_client_t *self)
{
    group_close(self); // it is younger
    ipc_writer_t younger = self->out;
    self->out = (ipc_writer_t){0};
    submit_all_again(self);
    if (self->out.size > 0)
        ipc_frame_send(&self->out, self->socket);
    ipc_writer_destroy(&self->out);
    self->out = younger;
    client_wake(self); // it may have to be sent now
}

int resume_wait_ms(const ipc_client_t *self, int timeout_ms)
{
    if (!self->resuming)
        return timeout_ms;
    int64_t left = (self->resume_until - client_monotonic()) / 1000000 + 1;
    left = left < 0 ? 0 : left;
    return timeout_ms < 0 || left < timeout_ms ? (int) left : timeout_ms;
}

bool resume_is_late(const ipc_client_t *self)
{
    return self->resuming && client_monotonic() >= self->resume_until;
}
