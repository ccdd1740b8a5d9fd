//  Results are kept until the controller says that they are safe with their clients. A controller that takes the place
//  of one that died is told them again, and which position was begun.
#include <stdlib.h>

#include "common/page.h"
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

static void keep(worker_t *self, kept_t *kept)
{
    *self->kept_end = kept;
    self->kept_end = &kept->next;
}

void kept_send(worker_t *self, uint64_t job, const ipc_msg_t *done)
{
    if (!self->keeps || job == 0) {
        link_send(self, done);
        return;
    }
    kept_t *kept = ipc_xalloc(sizeof *kept);
    kept->job = job;
    kept->note = self->page ? page_note(self->page, job, done->done.first, done->done.count) : NULL;
    ipc_msg_pack(done, &kept->frame);
    keep(self, kept);
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
    if (kept->note)
        kept->note->count = 0;
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

//  A result of positions that the worker before this one had begun.
static void pack_lost(const worker_t *self, const page_note_t *note, ipc_writer_t *frame)
{
    ipc_auto(ipc_writer_destroy) ipc_writer_t body = {0};
    char text[256];
    int engine = self->options.engine, code = note->ran ? IPC_E_CRASH : IPC_E_RESULT_LOST;
    if (note->ran)
        snprintf(text, sizeof text, "engine %d died while it ran this task, when there was no controller to tell of it",
                 engine);
    else
        snprintf(text, sizeof text, "this task finished on engine %d, but the engine died before the result was out",
                 engine);
    ipc_failure_pack(&(ipc_failure_t){.code = (uint32_t) code, .kind = ipc_bytes_of(ipc_code_kind(code)),
                                      .text = ipc_bytes_of(text)},
                     &body);
    ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_DONE,
                              .done = {.failed = 1, .first = note->first, .count = note->count,
                                       .body = {body.data, body.size}}},
                 frame);
}

void kept_inherit(worker_t *self)
{
    for (size_t i = 0; self->page && i < PAGE_NOTES; i++) {
        page_note_t *note = &self->page->notes[i];
        if (note->count == 0)
            continue;
        kept_t *kept = ipc_xalloc(sizeof *kept);
        *kept = (kept_t){.job = note->job, .note = note};
        pack_lost(self, note, &kept->frame);
        keep(self, kept);
    }
}

void kept_begin(worker_t *self, const work_t *work)
{
    if (!self->page)
        return;
    self->page->job = 0;
    self->page->told = self->page->begun = work->first;
    self->page->job = self->keeps ? work->job : 0;
}

void kept_mirror(worker_t *self, const work_t *work)
{
    const batch_t *batch = &self->batch;
    if (!self->page || self->page->job == 0)
        return;
    self->page->batch = (page_note_t){.job = batch->job, .first = batch->first,
                                      .count = batch->job ? batch->count : 0};
    self->page->told = work->told;
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
    self->unclaimed = runs ? work->span : 0;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_RUNS,
                                 .runs = {.job = runs ? work->job : 0,
                                          .first = runs ? work->told : 0,
                                          .count = runs ? begun - work->told : 0,
                                          .last = 1,
                                          .span = runs ? work->span : 0}});
}
