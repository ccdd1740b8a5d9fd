#include "controller/batch.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/rows.h"

batch_t *batch_new(void)
{
    return ipc_xalloc(sizeof(batch_t));
}

void batch_destroy(batch_t **self_p)
{
    batch_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipc_writer_destroy(&self->body);
    free(self->names);
    free(self);
}

static bool is_name(ipc_bytes_t one, ipc_bytes_t other)
{
    return one.size == other.size && (one.data == other.data || memcmp(one.data, other.data, one.size) == 0);
}

//  The number of a function's name, which is written behind it when it is new.
static void write_function(batch_t *self, ipc_bytes_t function)
{
    size_t i = self->name_count;
    while (i > 0 && !is_name(self->names[i - 1], function)) i--;
    ipc_write_u64(&self->body, i > 0 ? i - 1 : self->name_count);
    if (i > 0)
        return;
    ipc_write_string(&self->body, function.data, function.size);
    self->names = ipc_xrealloc(self->names, (self->name_count + 1) * sizeof self->names[0]);
    self->names[self->name_count++] = function;
}

static void pack_entry(const history_entry_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->state);
    ipc_write_u64(w, self->client);
    ipc_write_u64(w, self->job);
    ipc_write_u64(w, self->first);
    ipc_write_u64(w, self->count);
    ipc_write_u64(w, self->engine);
    ipc_write_u64(w, self->attempts);
    ipc_write_i64(w, self->submitted);
    ipc_write_i64(w, self->accepted);
    ipc_write_i64(w, self->sent);
    ipc_write_i64(w, self->started);
    ipc_write_i64(w, self->finished);
    ipc_write_i64(w, self->received);
    ipc_write_u64(w, self->peak_memory);
    ipc_write_bytes(w, self->label, strlen(self->label));
    ipc_write_bytes(w, self->error, strlen(self->error));
}
static void unpack_entry(history_entry_t *self, ipc_reader_t *r)
{
    ipc_bytes_t label, error;
    *self = (history_entry_t){0};
    self->state = ipc_read_u32(r);
    self->client = ipc_read_u64(r);
    self->job = ipc_read_u64(r);
    self->first = ipc_read_u64(r);
    self->count = ipc_read_u64(r);
    self->engine = ipc_read_u32(r);
    self->attempts = ipc_read_u32(r);
    self->submitted = ipc_read_i64(r);
    self->accepted = ipc_read_i64(r);
    self->sent = ipc_read_i64(r);
    self->started = ipc_read_i64(r);
    self->finished = ipc_read_i64(r);
    self->received = ipc_read_i64(r);
    self->peak_memory = ipc_read_u64(r);
    label.data = ipc_read_bytes(r, &label.size);
    error.data = ipc_read_bytes(r, &error.size);
    if (self->state == IPC_ROW_RUNNING || self->state >= IPC_ROW_STATES || self->count == 0 ||
        label.size >= sizeof self->label || error.size >= sizeof self->error)
        ipc_reader_refuse(r);
    if (r->bad)
        return;
    memcpy(self->label, label.data, label.size);
    memcpy(self->error, error.data, error.size);
}

void batch_add(batch_t *self, const history_entry_t *entry, ipc_bytes_t function)
{
    int64_t time = entry->state == IPC_ROW_WAITING ? entry->accepted : entry->received;
    if (self->entries == 0)
        self->first = time;
    self->last = time;
    self->entries++;
    write_function(self, function);
    pack_entry(entry, &self->body);
}

batch_reader_t batch_reader(const void *body, size_t size)
{
    return (batch_reader_t){.reader = ipc_reader(body, size)};
}

void batch_reader_free(batch_reader_t *self)
{
    free(self->names);
    *self = (batch_reader_t){0};
}

static ipc_bytes_t read_function(batch_reader_t *self)
{
    uint64_t number = ipc_read_u64(&self->reader);
    if (number == self->name_count && !self->reader.bad) {
        ipc_bytes_t name;
        name.data = ipc_read_string(&self->reader, &name.size);
        self->names = ipc_xrealloc(self->names, (self->name_count + 1) * sizeof self->names[0]);
        self->names[self->name_count++] = name;
    }
    if (number < self->name_count)
        return self->names[number];
    ipc_reader_refuse(&self->reader);
    return (ipc_bytes_t){"", 0};
}

int batch_next(batch_reader_t *self, history_entry_t *entry, ipc_bytes_t *function)
{
    if (ipc_read_type(&self->reader) == IPC_WIRE_END && !self->reader.bad)
        return 0;
    *function = read_function(self);
    unpack_entry(entry, &self->reader);
    return self->reader.bad ? -1 : 1;
}
