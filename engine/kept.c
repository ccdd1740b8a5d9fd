//  Results are kept until the controller says that they are safe with their clients. A controller that takes the place
//  of one that died is told them again, and which position was begun.
#include <stdlib.h>

#include "engine/state.h"
#include "common/fail.h"

//  Appends a message as it was packed: a frame's header comes once.
static void send_frame(worker_t *self, const ipc_writer_t *frame)
{
    size_t header = self->out.size > 0 ? IPC_FRAME_HEADER : 0;
    ipc_write_raw(&self->out, frame->data + header, frame->size - header);
}

static void send_job(worker_t *self, uint64_t job)
{
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_JOB, .job = {.job = job}});
}

void kept_send(worker_t *self, uint64_t job, const ipc_msg_t *done)
{
    if (!self->keeps || job == 0) {
        link_send(self, done);
        return;
    }
    kept_t *kept = ipc_xalloc(sizeof *kept);
    kept->job = job;
    ipc_msg_pack(done, &kept->frame);
    *self->kept_end = kept;
    self->kept_end = &kept->next;
    if (!self->accepted)
        return; // kept_tell() will
    kept->number = ++self->done_number;
    send_frame(self, &kept->frame);
}

static void remove_kept(worker_t *self, kept_t **at)
{
    kept_t *kept = *at;
    *at = kept->next;
    if (!kept->next)
        self->kept_end = at;
    ipc_writer_destroy(&kept->frame);
    free(kept);
}

void kept_safe(worker_t *self, ipc_bytes_t numbers)
{
    kept_t **at = &self->kept;
    for (size_t i = 0; i < numbers.size / sizeof(uint64_t); i++) {
        uint64_t number;
        memcpy(&number, numbers.data + i * sizeof number, sizeof number);
        if (!*at || (*at)->number > number) // mostly they come in order
            at = &self->kept;
        while (*at && (*at)->number < number) at = &(*at)->next;
        if (*at && (*at)->number == number)
            remove_kept(self, at);
    }
}

void kept_clear(worker_t *self)
{
    while (self->kept) remove_kept(self, &self->kept);
}

void kept_tell(worker_t *self)
{
    const work_t *work = self->current;
    uint64_t begun = work ? work->first + (atomic_load(&work->range) & UINT32_MAX) : 0;
    self->done_number = 0;
    for (kept_t *kept = self->kept; kept; kept = kept->next) {
        kept->number = ++self->done_number;
        send_job(self, kept->job);
        send_frame(self, &kept->frame);
    }
    bool runs = work && work->job && work->told < begun;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_RUNS,
                                 .runs = {.job = runs ? work->job : 0,
                                          .first = runs ? work->told : 0,
                                          .count = runs ? begun - work->told : 0,
                                          .last = 1,
                                          .span = runs ? work->span : 0}});
}
