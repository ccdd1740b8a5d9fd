#include "common/rows.h"

static void put(ipc_writer_t *w, ipc_bytes_t bytes)
{
    ipc_write_bytes(w, bytes.data, bytes.size);
}

static ipc_bytes_t get(ipc_reader_t *r)
{
    ipc_bytes_t bytes;
    bytes.data = ipc_read_bytes(r, &bytes.size);
    return bytes;
}

void ipc_task_row_pack(const ipc_task_row_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->client);
    ipc_write_u64(w, self->job);
    ipc_write_u64(w, self->first);
    ipc_write_u64(w, self->count);
    ipc_write_u64(w, self->state);
    ipc_write_u64(w, self->attempts);
    ipc_write_u64(w, self->engine);
    ipc_write_i64(w, self->submitted);
    ipc_write_i64(w, self->accepted);
    ipc_write_i64(w, self->sent);
    ipc_write_i64(w, self->started);
    ipc_write_i64(w, self->finished);
    ipc_write_i64(w, self->received);
    ipc_write_u64(w, self->peak_memory);
    put(w, self->function);
    put(w, self->label);
    put(w, self->error);
}
void ipc_task_row_unpack(ipc_task_row_t *self, ipc_reader_t *r)
{
    self->client = ipc_read_u64(r);
    self->job = ipc_read_u64(r);
    self->first = ipc_read_u64(r);
    self->count = ipc_read_u64(r);
    self->state = ipc_read_u32(r);
    self->attempts = ipc_read_u32(r);
    self->engine = ipc_read_u32(r);
    self->submitted = ipc_read_i64(r);
    self->accepted = ipc_read_i64(r);
    self->sent = ipc_read_i64(r);
    self->started = ipc_read_i64(r);
    self->finished = ipc_read_i64(r);
    self->received = ipc_read_i64(r);
    self->peak_memory = ipc_read_u64(r);
    self->function = get(r);
    self->label = get(r);
    self->error = get(r);
    if (self->state == IPC_ROW_ANY || self->state >= IPC_ROW_STATES)
        ipc_reader_refuse(r);
}

void ipc_queue_row_pack(const ipc_queue_row_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->engine);
    ipc_write_u64(w, self->ready);
    ipc_write_u64(w, self->pid);
    ipc_write_u64(w, self->restarts);
    ipc_write_u64(w, self->queued);
    ipc_write_u64(w, self->running);
    ipc_write_u64(w, self->finished);
}
void ipc_queue_row_unpack(ipc_queue_row_t *self, ipc_reader_t *r)
{
    self->engine = ipc_read_u32(r);
    self->ready = ipc_read_u32(r);
    self->pid = ipc_read_u32(r);
    self->restarts = ipc_read_u32(r);
    self->queued = ipc_read_u64(r);
    self->running = ipc_read_u64(r);
    self->finished = ipc_read_u64(r);
}
