//  The worker's side of the messages. Everything here is called with the lock held.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/frame.h"
#include "engine/state.h"

//  --- Work that waits --------------------------------------------------------------------------------------

static void parcel_release(parcel_t *parcel)
{
    if (--parcel->references > 0)
        return;
    zmq_msg_close(&parcel->frame);
    free(parcel);
}

void release_objects(worker_t *self, const ipc_objects_t *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        ipc_object_t object = ipc_object_at(objects, i);
        uint64_t count = holds_leave(self->holds, object);
        if (count > 0)
            link_send(self, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {object, count}});
    }
}

void work_free(worker_t *self, work_t *work)
{
    ipc_array_destroy(&work->rows);
    for (drop_t *drop = work->drops, *next; drop; drop = next) {
        next = drop->next;
        free(drop);
    }
    ipc_writer_destroy(&work->supplied);
    release_objects(self, &work->objects);
    parcel_release(work->parcel);
    free(self->spare);
    self->spare = work;
}

static void queue_remove(worker_t *self, work_t *work)
{
    *(work->previous ? &work->previous->next : &self->first) = work->next;
    *(work->next ? &work->next->previous : &self->last) = work->previous;
}

//  --- Messages out ----------------------------------------------------------------------------------------

//  A controller that has not accepted this engine yet understands nothing else of it, and refuses it then. Nothing that
//  it must know is lost: kept_send() keeps results, what a task writes and publishes waits, and it knows of no holds.
void link_send(worker_t *self, const ipc_msg_t *msg)
{
    if (self->accepted || msg->type == IPC_MSG_REGISTER)
        ipc_msg_pack(msg, &self->out);
}

static ipc_objects_t objects_of(const ipc_writer_t *writer)
{
    return (ipc_objects_t){writer->data ? writer->data : "", writer->size / sizeof(ipc_object_t)};
}

static ipc_bytes_t bytes_of(const ipc_writer_t *writer)
{
    return (ipc_bytes_t){writer->data, writer->size};
}

static ipc_bytes_t text_of(const worker_t *self, int stream)
{
    return (ipc_bytes_t){self->output.texts[stream].data, self->output.texts[stream].size};
}

//  Where tasks take less on average, each counts for an equal part of the time of all: finer than that, the clock and
//  what lies between tasks are what is seen.
enum { EVEN_NS = 1000 };

//  Sends the batch, with what the task wrote and the memory that it had when it is of one item that did.
static void send_batch(worker_t *self, bool with_output, uint64_t peak_memory)
{
    batch_t *batch = &self->batch;
    ipc_msg_t msg = {.type = IPC_MSG_DONE, .done = {.span = batch->span, .first = batch->first,
                                                    .count = batch->count, .started = batch->started,
                                                    .finished = batch->finished,
                                                    .objects = objects_of(&batch->objects),
                                                    .body = bytes_of(&batch->values),
                                                    .peak_memory = peak_memory}};
    bool long_enough = batch->finished - batch->started > (int64_t) batch->count * EVEN_NS;
    if (batch->count > 1 && long_enough)
        msg.done.durations = bytes_of(&batch->durations);
    if (with_output) {
        msg.done.out = text_of(self, 0);
        msg.done.err = text_of(self, 1);
    }
    kept_send(self, batch->job, &msg);
    batch->count = 0;
    ipc_writer_clear(&batch->values);
    ipc_writer_clear(&batch->durations);
    ipc_writer_clear(&batch->objects);
}

void link_close_batch(worker_t *self)
{
    if (self->batch.count > 0)
        send_batch(self, false, 0); // what was written belongs to the item that runs
}

static void report_failure(worker_t *self, work_t *work, uint64_t position, uint64_t peak_memory)
{
    outcome_t *outcome = &self->outcome;
    ipc_failure_t failure = {.code = (uint32_t) outcome->code,
                             .kind = ipc_bytes_of(outcome->kind),
                             .text = ipc_bytes_of(outcome->text),
                             .where = ipc_bytes_of(work_name(self, work)),
                             .trace = ipc_bytes_of(outcome->trace),
                             .out = text_of(self, 0),
                             .err = text_of(self, 1)};
    ipc_writer_t body = {0};
    ipc_failure_pack(&failure, &body);
    bool refused = strcmp(outcome->kind, IPC_REFUSAL_KIND) == 0;
    kept_send(self, work->job,
              &(ipc_msg_t){.type = IPC_MSG_DONE,
                           .done = {.failed = refused ? IPC_DONE_REFUSED : 1,
                                    .span = work->span,
                                    .first = position,
                                    .count = 1,
                                    .started = outcome->started,
                                    .finished = outcome->finished,
                                    .body = {body.data, body.size},
                                    .peak_memory = peak_memory}});
    ipc_writer_destroy(&body);
}

//  Begins a batch, or goes on with it: of one span, positions in a row.
static batch_t *batch_for(worker_t *self, const work_t *work, uint64_t position, int64_t started)
{
    batch_t *batch = &self->batch;
    uint64_t span = work->span;
    if (batch->count > 0 && (batch->span != span || batch->job != work->job))
        link_close_batch(self);
    if (batch->count == 0) {
        batch->span = span;
        batch->job = work->job;
        batch->first = position;
        batch->started = started;
    }
    return batch;
}

static void batch_time(batch_t *batch, int64_t started, int64_t finished)
{
    float duration = (float) (finished - started);
    ipc_write_raw(&batch->durations, &duration, sizeof duration);
    batch->finished = finished;
    batch->count++;
}

void link_take_slice(worker_t *self)
{
    slice_t *slice = &self->slice;
    unsigned count = atomic_load_explicit(&slice->count, memory_order_acquire), from = slice->taken;
    if (from >= count)
        return;
    slice->taken = count;
    self->current->told = slice->first + count;
    if (self->current->span == 0 && self->current->job == 0) // nobody wants them
        return;
    const slice_item_t *items = slice->items;
    uint32_t begin = from ? items[from - 1].end : 0;
    batch_t *batch = batch_for(self, self->current, slice->first + from, items[from].started);
    ipc_write_raw(&batch->values, slice->values + begin, items[count - 1].end - begin);
    for (unsigned i = from; i < count; i++) batch_time(batch, items[i].started, items[i].finished);
    if (batch->values.size > IPC_INLINE_LIMIT)
        send_batch(self, false, 0);
}

void link_report(worker_t *self, work_t *work, uint64_t position)
{
    outcome_t *outcome = &self->outcome;
    if (self->published_count > 0) { // before the result, which ends the task for the client
        published_send(self);
        published_clear(self);
    }
    work->told = position + 1;
    if (work->span == 0 && work->job == 0) { // of a controller that is gone: nobody wants it
        ipc_objects_t objects = objects_of(&outcome->objects);
        for (size_t i = 0; i < objects.count; i++) ipc_store_freed(self->store, ipc_object_at(&objects, i));
        output_read(&self->output);
        output_clear(&self->output);
        return;
    }
    bool wrote = outcome->finished - outcome->started >= self->silent_ns && output_read(&self->output);
    wrote = wrote || self->output.texts[0].size + self->output.texts[1].size > 0;
    uint64_t peak = memory_measures(&self->memory, work->span, position) ? memory_peak(&self->memory) : 0;
    if (wrote || peak > 0 || outcome->failed)
        link_close_batch(self);
    if (outcome->failed) {
        report_failure(self, work, position, peak);
        output_clear(&self->output);
        return;
    }
    batch_t *batch = batch_for(self, work, position, outcome->started);
    ipc_write_raw(&batch->values, outcome->value.data, outcome->value.size);
    ipc_write_raw(&batch->objects, outcome->objects.data, outcome->objects.size);
    batch_time(batch, outcome->started, outcome->finished);
    if (wrote || peak > 0 || batch->objects.size > 0 || batch->values.size > IPC_INLINE_LIMIT) {
        send_batch(self, wrote, peak);
        output_clear(&self->output);
    }
}

void link_stream_output(worker_t *self)
{
    if (!self->accepted || !self->current || self->current->span == 0 || !output_read(&self->output) ||
        self->current->span == self->unclaimed)
        return;
    for (uint32_t i = 0; i < OUTPUT_STREAMS; i++) {
        output_text_t *text = &self->output.texts[i];
        if (text->size > 0)
            link_send(self, &(ipc_msg_t){.type = IPC_MSG_OUTPUT,
                                         .output = {.span = self->current->span,
                                                    .item = self->current->running,
                                                    .stream = i + 1,
                                                    .text = {text->data, text->size}}});
    }
    output_clear(&self->output);
}

void link_flush(worker_t *self)
{
    ipc_frame_send(&self->out, self->socket);
    self->flushed = clock_ns();
    link_receive(self);
}

//  --- Messages in ------------------------------------------------------------------------------------------

static void on_function(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    uint32_t number = msg->function.function;
    enum { FUNCTION_MAX = 1 << 20 };
    if (number >= FUNCTION_MAX)
        return;
    if (number >= self->function_count) {
        uint32_t count = number + 16;
        self->functions = ipc_xgrow(self->functions, self->function_count, count, sizeof self->functions[0]);
        self->function_count = count;
    }
    if (self->functions[number])
        return;
    engine_function_t *function = ipc_xalloc(sizeof *function);
    *function = (engine_function_t){.kind = msg->function.kind, .key = ipc_bytes_text(msg->function.key),
                                    .name = ipc_bytes_text(msg->function.name),
                                    .libraries = ipc_bytes_text(msg->function.libraries)};
    self->functions[number] = function;
}

static void on_task(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    if (msg->task.function >= self->function_count || !self->functions[msg->task.function])
        return; // the controller names functions first
    work_t *work = self->spare ? self->spare : ipc_xalloc(sizeof *work);
    self->spare = NULL;
    *work = (work_t){.span = msg->task.span, .job = self->next_job, .told = msg->task.first,
                     .first = msg->task.first, .range = msg->task.count << 32,
                     .function = self->functions[msg->task.function], .items = msg->task.items,
                     .recallable = msg->task.recallable, .lone = msg->task.lone, .base = msg->task.base,
                     .arguments = msg->task.arguments,
                     .list = ipc_reader(msg->task.data.data, msg->task.data.size),
                     .objects = msg->task.objects, .parcel = parcel, .previous = self->last,
                     .run_limit_ns = (int64_t) self->next_run_ms * 1000000, .supplied = self->next_supplied};
    self->next_run_ms = 0;
    self->next_job = 0;
    self->next_supplied = (ipc_writer_t){0};
    parcel->references++;
    for (size_t i = 0; i < work->objects.count; i++)
        holds_receive(self->holds, ipc_object_at(&work->objects, i));
    *(self->last ? &self->last->next : &self->first) = work;
    self->last = work;
}

static void on_job(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    self->next_job = msg->job.job;
}

//  The client of what runs since a former controller has come to this one: what was written meanwhile is for it.
static void on_runs(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (msg->runs.span != self->unclaimed)
        return;
    self->unclaimed = 0;
    link_stream_output(self);
}

static void on_safe(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    kept_safe(self, msg->safe.numbers);
}

static void on_supply(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    ipc_writer_clear(&self->next_supplied);
    ipc_write_raw(&self->next_supplied, msg->supply.body.data, msg->supply.body.size);
}

static void on_limits(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    self->next_run_ms = msg->limits.run_ms;
}

//  Gives back up to count items of a span that have not started: the last ones. Gives how many.
static uint64_t give_last(worker_t *self, work_t *work, uint64_t count)
{
    uint64_t range = atomic_load(&work->range), given, end;
    do {
        uint64_t next = range & UINT32_MAX;
        end = range >> 32;
        given = end - next < count ? end - next : count;
        if (given == 0)
            return 0;
        end -= given;
    } while (!atomic_compare_exchange_weak(&work->range, &range, end << 32 | (range & UINT32_MAX)));
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_GAVE,
                                 .gave = {.span = work->span, .first = work->first + end, .count = given}});
    return given;
}

static uint64_t give_back(worker_t *self, work_t *work, uint64_t count)
{
    return work->recallable ? give_last(self, work, count) : 0;
}

static work_t *find_work(worker_t *self, uint64_t span)
{
    work_t *work = self->current && self->current->span == span ? self->current : self->first;
    while (work && work->span != span) work = work->next;
    return work;
}

//  What is asked for again and again is noted once.
static bool is_dropped(const work_t *work, const ipc_msg_t *msg)
{
    uint64_t first = msg->drop.first, end = first + msg->drop.count;
    for (const drop_t *drop = work->drops; drop; drop = drop->next)
        if (drop->how >= msg->drop.how && drop->first <= first && drop->first + drop->count >= end)
            return true;
    return false;
}

//  The last items of a span go back if they have not started; those before others are passed over when it is their
//  turn, since results come in order. The one that runs: see interrupt_check().
static void on_drop(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    work_t *work = find_work(self, msg->drop.span);
    uint64_t first = msg->drop.first;
    if (!work || first < work->first)
        return;
    uint64_t end = work->first + (atomic_load(&work->range) >> 32);
    if (first < end && msg->drop.count >= end - first)
        give_last(self, work, end - first);
    if (work != self->current && work_left(work) == 0) {
        queue_remove(self, work);
        work_free(self, work);
        return;
    }
    if (msg->drop.how == IPC_DROP_WAITING || is_dropped(work, msg))
        return;
    drop_t *drop = ipc_xalloc(sizeof *drop);
    *drop = (drop_t){.first = first, .count = msg->drop.count, .how = msg->drop.how, .next = work->drops};
    atomic_store(&work->drops, drop);
}

static void on_recall(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    uint64_t wanted = msg->recall.count;
    for (work_t *work = self->last, *previous; work && wanted > 0; work = previous) {
        previous = work->previous;
        wanted -= give_back(self, work, wanted);
        if (work_left(work) == 0) {
            queue_remove(self, work);
            work_free(self, work);
        }
    }
    if (self->current && wanted > 0)
        give_back(self, self->current, wanted);
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_GAVE, .gave = {.last = 1}});
}

static void on_freed(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    if (self->freed_count == self->freed_room) {
        self->freed_room = self->freed_room ? 2 * self->freed_room : 16;
        self->freed = ipc_xrealloc(self->freed, self->freed_room * sizeof self->freed[0]);
    }
    self->freed[self->freed_count++] = msg->freed.object;
}

static void on_ping(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_PONG, .pong = {.number = msg->ping.number}});
}

static void on_pong(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) msg;
    (void) parcel;
    self->answered = true;
}

static void drop_queued(worker_t *self)
{
    for (work_t *work; (work = self->first);) {
        queue_remove(self, work);
        work_free(self, work);
    }
}

void link_drop_work(worker_t *self)
{
    drop_queued(self);
    if (!self->current)
        return;
    self->current->recallable = true;
    give_back(self, self->current, UINT32_MAX);
    self->slice.taken = atomic_load(&self->slice.count);
}

static void on_accepted(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    contact_accepted(self, msg);
}

static void on_refused(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    contact_refused(self, msg);
}

//  What it had is others' now, or has ended. What runs goes on, and what is told of it is passed over there.
static void on_lapsed(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel)
{
    (void) parcel;
    drop_queued(self);
    if (self->current)
        work_forsake(self->current);
    contact_trust(self);
    link_send(self, msg);
}

typedef void handler_fn(worker_t *self, const ipc_msg_t *msg, parcel_t *parcel);

static handler_fn *const handlers[IPC_MSG_COUNT] = {
    [IPC_MSG_FUNCTION] = on_function, [IPC_MSG_TASK] = on_task,         [IPC_MSG_RECALL] = on_recall,
    [IPC_MSG_FREED] = on_freed,       [IPC_MSG_ACCEPTED] = on_accepted, [IPC_MSG_REFUSED] = on_refused,
    [IPC_MSG_PING] = on_ping,         [IPC_MSG_LIMITS] = on_limits,     [IPC_MSG_SUPPLY] = on_supply,
    [IPC_MSG_DROP] = on_drop,         [IPC_MSG_PONG] = on_pong,         [IPC_MSG_JOB] = on_job,
    [IPC_MSG_SAFE] = on_safe,         [IPC_MSG_LAPSED] = on_lapsed,
    [IPC_MSG_RUNS] = on_runs,
};

static void serve_frame(worker_t *self, parcel_t *parcel)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_error_t error = {0};
    const uint32_t connection = self->connections; // what is of one before is for nobody
    int more = ipc_frame_open(&reader, zmq_msg_data(&parcel->frame), zmq_msg_size(&parcel->frame), &error) ? -1 : 1;
    while (more == 1 && connection == self->connections && (more = ipc_msg_unpack(&msg, &reader, &error)) == 1)
        if (handlers[msg.type])
            handlers[msg.type](self, &msg, parcel);
    if (more < 0)
        contact_give_up(self, error.text);
}

void link_receive(worker_t *self)
{
    for (;;) {
        parcel_t *parcel = ipc_xalloc(sizeof *parcel);
        parcel->references = 1;
        zmq_msg_init(&parcel->frame);
        // A signal must not pass for "nothing has come".
        bool got = TEMP_FAILURE_RETRY(zmq_msg_recv(&parcel->frame, self->socket, ZMQ_DONTWAIT)) >= 0;
        if (got)
            serve_frame(self, parcel);
        parcel_release(parcel);
        if (!got)
            break;
    }
    if (self->out.size > 0) { // answers
        ipc_frame_send(&self->out, self->socket);
        link_receive(self);
    }
}
