#include "controller/outlast.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "controller/recovery.h"

void outlast_keep(controller_t *self, const peer_t *peer, const ipc_msg_t *submission, const scheduler_limits_t *limits,
                  const ipc_msg_t *terms)
{
    const function_t *function = functions_at(self->functions, peer->functions[submission->submit.function] - 1);
    ipc_auto(ipc_writer_destroy) ipc_writer_t frame = {0};
    ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_HELLO,
                              .hello = {.token = {"", 0}, .name = {"", 0}, .uuid = peer->owner}},
                 &frame);
    ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_FUNCTION,
                              .function = {.function = submission->submit.function, .kind = function->kind,
                                           .key = ipc_bytes_of(function->key), .name = ipc_bytes_of(function->name),
                                           .libraries = ipc_bytes_of(function->libraries)}},
                 &frame);
    if (limits)
        ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_LIMITS,
                                  .limits = {.wait_ms = limits->deadline
                                                            ? (uint32_t) ((limits->deadline - self->now) / 1000000)
                                                            : 0,
                                             .run_ms = limits->run_ms}},
                     &frame);
    if (terms)
        ipc_msg_pack(terms, &frame);
    ipc_msg_pack(submission, &frame);
    journal_keep(self->journal, submission->submit.job, &frame);
}

//  --- Again ------------------------------------------------------------------------------------------------------

//  A job as it was kept.
typedef struct outlasting {
    uint64_t job;
    ipc_writer_t submission, results;  // frames
    struct outlasting *next;
} outlasting_t;

typedef struct outlastings {
    outlasting_t *first, **end;
} outlastings_t;

//  The header of a frame stands once in front of all results.
static void add_frame(outlasting_t *self, ipc_bytes_t frame)
{
    bool more = self->results.size > 0 && frame.size > IPC_FRAME_HEADER;
    if (self->submission.size == 0)
        ipc_write_raw(&self->submission, frame.data, frame.size);
    else
        ipc_write_raw(&self->results, frame.data + (more ? IPC_FRAME_HEADER : 0),
                      frame.size - (more ? IPC_FRAME_HEADER : 0));
}

static void visit_kept(void *context, uint64_t job, ipc_bytes_t frame)
{
    outlastings_t *self = context;
    outlasting_t *kept = self->first;
    while (kept && kept->job != job) kept = kept->next;
    if (!kept) {
        kept = ipc_xalloc(sizeof *kept);
        kept->job = job;
        *self->end = kept;
        self->end = &kept->next;
    }
    add_frame(kept, frame);
}

//  Positions without a result among those kept.
static void find_missing(const outlasting_t *self, ipc_ranges_t *missing)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_ranges_add(missing, 0, UINT64_MAX);
    if (self->results.size == 0 || ipc_frame_open(&reader, self->results.data, self->results.size, NULL))
        return;
    while (ipc_msg_unpack(&msg, &reader, NULL) == 1)
        if (msg.type == IPC_MSG_RESULT)
            ipc_ranges_remove(missing, msg.result.first, msg.result.count);
}

//  A client that is not there says what was kept.
static peer_t *ghost_new(controller_t *self)
{
    uint32_t name = self->peer_number;
    peer_t *peer = peer_new(self, NULL, &name, sizeof name);
    client_join(self, peer);
    return peer;
}

static void ghost_drop(controller_t *self, peer_t *peer)
{
    client_gone(self, peer);
    peer->kind = PEER_NEW; // it has no memory that goes with it
    peer_drop(self, peer);
}

static void submit_again(controller_t *self, outlasting_t *kept)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    parcel_t *parcel = ipc_xalloc(sizeof *parcel);
    parcel->references = 1;
    zmq_msg_init_size(&parcel->frame, kept->submission.size);
    memcpy(zmq_msg_data(&parcel->frame), kept->submission.data, kept->submission.size);
    peer_t *peer = ghost_new(self);
    find_missing(kept, &peer->missing);
    self->outlasting = &kept->results;
    int more = ipc_frame_open(&reader, zmq_msg_data(&parcel->frame), zmq_msg_size(&parcel->frame), NULL) ? 0 : 1;
    while (more == 1 && (more = ipc_msg_unpack(&msg, &reader, NULL)) == 1) {
        if (msg.type == IPC_MSG_HELLO)
            peer->owner = msg.hello.uuid;
        peer->resumes = msg.type == IPC_MSG_SUBMIT;
        if (msg.type != IPC_MSG_HELLO && client_handlers[msg.type])
            client_handlers[msg.type](self, peer, &msg, parcel);
    }
    self->outlasting = NULL;
    parcel_release(parcel);
    ghost_drop(self, peer);
}

void outlast_begin(controller_t *self, bool goes_on)
{
    outlastings_t all = {.end = &all.first};
    ipc_error_t error = {0};
    if (journal_kept(self->journal, visit_kept, &all, &error))
        fprintf(stderr, "error: detached work is lost: %s\n", error.text);
    for (outlasting_t *kept = all.first, *next; kept; kept = next) {
        next = kept->next;
        if (goes_on)
            submit_again(self, kept);
        else
            journal_keep_no_more(self->journal, kept->job);
        ipc_writer_destroy(&kept->submission);
        ipc_writer_destroy(&kept->results);
        free(kept);
    }
}
