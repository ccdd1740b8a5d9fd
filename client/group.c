#include "client/group.h"

#include <string.h>

#include "client/results.h"
#include "client/resume.h"

enum { CALLS_MAX = 8192 };

bool group_may_take(const ipc_msg_t *submission)
{
    bool direct = submission->submit.flags & IPC_SUBMIT_DIRECT;
    return submission->submit.items == IPC_ITEMS_NONE && submission->submit.count == 1 &&
           submission->submit.objects.count == 0 && submission->submit.label.size == 0 &&
           submission->submit.targets.size == (direct ? sizeof(ipc_target_t) : 0);
}

static uint32_t engine_of(const ipc_msg_t *submission)
{
    bool direct = submission->submit.flags & IPC_SUBMIT_DIRECT;
    return direct ? ipc_target_at(submission->submit.targets, 0).engine : 0;
}

static bool is_alike(const group_t *self, const ipc_msg_t *call)
{
    const ipc_msg_t *first = &self->first;
    return call->submit.function == first->submit.function && call->submit.flags == first->submit.flags &&
           call->submit.retries == first->submit.retries && call->submit.chunk == first->submit.chunk &&
           call->submit.priority == first->submit.priority && engine_of(call) == self->engine &&
           self->ticket->count < CALLS_MAX;
}

static void open_group(ipc_client_t *client, const ipc_msg_t *submission)
{
    group_t *self = &client->group;
    self->ticket = ticket_new(client, NULL, 0, 0);
    self->engine = engine_of(submission);
    self->first = *submission;
    self->first.submit.job = self->ticket->job;
}

static void add_place(group_t *self)
{
    uint32_t place = (uint32_t) self->data.size;
    ipc_write_raw(&self->places, &place, sizeof place);
}

void group_add(ipc_client_t *client, ipc_result_t *result, const ipc_msg_t *submission, size_t parameters)
{
    group_t *self = &client->group;
    if (self->ticket && !is_alike(self, submission))
        group_close(client);
    if (!self->ticket)
        open_group(client, submission);
    add_place(self);
    ipc_write_list(&self->data, parameters);
    ipc_write_raw(&self->data, submission->submit.arguments.data, submission->submit.arguments.size);
    ticket_add(client, self->ticket, result, submission->submit.arguments.size);
}

void group_close(ipc_client_t *client)
{
    group_t *self = &client->group;
    ticket_t *ticket = self->ticket;
    if (!ticket)
        return;
    add_place(self); // where the last one ends
    ipc_target_t target = {.engine = self->engine, .count = (uint32_t) ticket->count};
    ipc_msg_t *msg = &self->first;
    msg->submit.items = IPC_ITEMS_CALLS;
    msg->submit.count = ticket->count;
    msg->submit.targets.data = (const char *) &target;
    msg->submit.objects.data = "";
    msg->submit.arguments = (ipc_bytes_t){"", 0};
    msg->submit.label = (ipc_bytes_t){"", 0};
    msg->submit.data = (ipc_bytes_t){self->data.data, self->data.size};
    msg->submit.places = (ipc_bytes_t){self->places.data, self->places.size};
    self->ticket = NULL;
    size_t mark = resume_mark(client);
    ipc_msg_pack(msg, &client->out);
    resume_keep(client, ticket, mark);
    group_drop(self);
}

size_t group_size(const group_t *self)
{
    return self->data.size + self->places.size;
}

void group_drop(group_t *self)
{
    self->ticket = NULL;
    ipc_writer_clear(&self->data);
    ipc_writer_clear(&self->places);
}

void group_destroy(group_t *self)
{
    ipc_writer_destroy(&self->data);
    ipc_writer_destroy(&self->places);
}
