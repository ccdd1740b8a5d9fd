#include "common/message.h"

#include <string.h>

#include "common/fail.h"

ipc_bytes_t ipc_bytes_of(const char *text)
{
    return (ipc_bytes_t){text ? text : "", text ? strlen(text) : 0};
}

char *ipc_bytes_text(ipc_bytes_t bytes)
{
    char *text = ipc_xalloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(text, bytes.data, bytes.size);
    return text;
}

ipc_object_t ipc_object_at(const ipc_objects_t *self, size_t i)
{
    ipc_object_t object;
    memcpy(&object, self->data + i * sizeof object, sizeof object);
    return object;
}

ipc_target_t ipc_target_at(ipc_bytes_t targets, size_t i)
{
    ipc_target_t target;
    memcpy(&target, targets.data + i * sizeof target, sizeof target);
    return target;
}

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

//  Bytes that are a row of elements of one size, at most limit of them.
static ipc_bytes_t get_row(ipc_reader_t *r, size_t element, size_t limit)
{
    ipc_bytes_t bytes = get(r);
    if (bytes.size % element || bytes.size / element > limit) {
        ipc_reader_refuse(r);
        bytes.size = 0;
    }
    return bytes;
}

static void put_objects(ipc_writer_t *w, ipc_objects_t objects)
{
    ipc_write_bytes(w, objects.data, objects.count * sizeof(ipc_object_t));
}

static ipc_objects_t get_objects(ipc_reader_t *r)
{
    ipc_bytes_t bytes = get_row(r, sizeof(ipc_object_t), IPC_MAX_OBJECTS);
    return (ipc_objects_t){bytes.data, bytes.size / sizeof(ipc_object_t)};
}

static void put_object(ipc_writer_t *w, ipc_object_t object)
{
    ipc_write_u64(w, object.owner);
    ipc_write_u64(w, object.number);
}

static ipc_object_t get_object(ipc_reader_t *r)
{
    ipc_object_t object;
    object.owner = ipc_read_u64(r);
    object.number = ipc_read_u64(r);
    return object;
}

static void pack_hello(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->hello.token);
    put(w, self->hello.name);
    ipc_write_u64(w, self->hello.uuid);
    ipc_write_u64(w, self->hello.pid);
}
static void unpack_hello(ipc_msg_t *self, ipc_reader_t *r)
{
    self->hello.token = get(r);
    self->hello.name = get(r);
    self->hello.uuid = ipc_read_u64(r);
    self->hello.pid = ipc_read_u32(r);
}

static void pack_welcome(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->welcome.client);
    ipc_write_u64(w, self->welcome.pid);
    ipc_write_u64(w, self->welcome.task_limit);
    ipc_write_u64(w, self->welcome.byte_limit);
    put(w, self->welcome.sanitizers);
}
static void unpack_welcome(ipc_msg_t *self, ipc_reader_t *r)
{
    self->welcome.client = ipc_read_u32(r);
    self->welcome.pid = ipc_read_u32(r);
    self->welcome.task_limit = ipc_read_u64(r);
    self->welcome.byte_limit = ipc_read_u64(r);
    self->welcome.sanitizers = get(r);
}

static void pack_refused(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->refused.code);
    put(w, self->refused.text);
}
static void unpack_refused(ipc_msg_t *self, ipc_reader_t *r)
{
    self->refused.code = ipc_read_u32(r);
    self->refused.text = get(r);
}

static void pack_engines(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->engines.ids);
    put(w, self->engines.ready);
}
static void unpack_engines(ipc_msg_t *self, ipc_reader_t *r)
{
    self->engines.ids = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
    self->engines.ready = get_row(r, 1, IPC_MAX_TARGETS);
    if (self->engines.ids.size != self->engines.ready.size * sizeof(uint32_t))
        ipc_reader_refuse(r);
}

static void pack_function(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->function.function);
    ipc_write_u64(w, self->function.kind);
    put(w, self->function.key);
    put(w, self->function.name);
    put(w, self->function.libraries);
}
static void unpack_function(ipc_msg_t *self, ipc_reader_t *r)
{
    self->function.function = ipc_read_u32(r);
    self->function.kind = ipc_read_u32(r);
    self->function.key = get(r);
    self->function.name = get(r);
    self->function.libraries = get(r);
    if (self->function.kind >= IPC_FUNCTION_KINDS)
        ipc_reader_refuse(r);
}

static void pack_submit(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->submit.function);
    ipc_write_u64(w, self->submit.flags);
    ipc_write_u64(w, self->submit.items);
    ipc_write_u64(w, self->submit.retries);
    ipc_write_u64(w, self->submit.chunk);
    ipc_write_i64(w, self->submit.priority);
    ipc_write_u64(w, self->submit.job);
    ipc_write_u64(w, self->submit.count);
    ipc_write_i64(w, self->submit.base);
    ipc_write_i64(w, self->submit.submitted);
    put(w, self->submit.label);
    put(w, self->submit.targets);
    put_objects(w, self->submit.objects);
    put(w, self->submit.arguments);
    put(w, self->submit.places);
    put(w, self->submit.data);
}
static void unpack_submit(ipc_msg_t *self, ipc_reader_t *r)
{
    self->submit.function = ipc_read_u32(r);
    self->submit.flags = ipc_read_u32(r);
    self->submit.items = ipc_read_u32(r);
    self->submit.retries = ipc_read_u32(r);
    self->submit.chunk = ipc_read_u32(r);
    int64_t priority = ipc_read_i64(r);
    if (priority < INT32_MIN || priority > INT32_MAX)
        ipc_reader_refuse(r);
    self->submit.priority = (int32_t) priority;
    self->submit.job = ipc_read_u64(r);
    self->submit.count = ipc_read_u64(r);
    self->submit.base = ipc_read_i64(r);
    self->submit.submitted = ipc_read_i64(r);
    self->submit.label = get(r);
    self->submit.targets = get_row(r, sizeof(ipc_target_t), IPC_MAX_TARGETS);
    self->submit.objects = get_objects(r);
    self->submit.arguments = get(r);
    self->submit.places = get_row(r, sizeof(uint32_t), UINT32_MAX);
    self->submit.data = get(r);
    if (self->submit.items >= IPC_ITEMS_KINDS)
        ipc_reader_refuse(r);
}

static void pack_task(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->task.function);
    ipc_write_u64(w, self->task.items);
    ipc_write_u64(w, self->task.recallable);
    ipc_write_u64(w, self->task.lone);
    ipc_write_u64(w, self->task.span);
    ipc_write_u64(w, self->task.first);
    ipc_write_u64(w, self->task.count);
    ipc_write_i64(w, self->task.base);
    put_objects(w, self->task.objects);
    put(w, self->task.arguments);
    put(w, self->task.data);
}
static void unpack_task(ipc_msg_t *self, ipc_reader_t *r)
{
    self->task.function = ipc_read_u32(r);
    self->task.items = ipc_read_u32(r);
    self->task.recallable = ipc_read_u32(r);
    self->task.lone = ipc_read_u32(r);
    self->task.span = ipc_read_u64(r);
    self->task.first = ipc_read_u64(r);
    self->task.count = ipc_read_u64(r);
    self->task.base = ipc_read_i64(r);
    self->task.objects = get_objects(r);
    self->task.arguments = get(r);
    self->task.data = get(r);
    if (self->task.items >= IPC_ITEMS_KINDS)
        ipc_reader_refuse(r);
}

static void pack_done(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->done.failed);
    ipc_write_u64(w, self->done.span);
    ipc_write_u64(w, self->done.first);
    ipc_write_u64(w, self->done.count);
    ipc_write_i64(w, self->done.started);
    ipc_write_i64(w, self->done.finished);
    put_objects(w, self->done.objects);
    put(w, self->done.durations);
    put(w, self->done.out);
    put(w, self->done.err);
    put(w, self->done.body);
}
static void unpack_done(ipc_msg_t *self, ipc_reader_t *r)
{
    self->done.failed = ipc_read_u32(r);
    self->done.span = ipc_read_u64(r);
    self->done.first = ipc_read_u64(r);
    self->done.count = ipc_read_u64(r);
    self->done.started = ipc_read_i64(r);
    self->done.finished = ipc_read_i64(r);
    self->done.objects = get_objects(r);
    self->done.durations = get(r);
    self->done.out = get(r);
    self->done.err = get(r);
    self->done.body = get(r);
}

static void pack_result(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->result.failed);
    ipc_write_u64(w, self->result.engine);
    ipc_write_u64(w, self->result.attempts);
    ipc_write_u64(w, self->result.job);
    ipc_write_u64(w, self->result.first);
    ipc_write_u64(w, self->result.count);
    ipc_write_i64(w, self->result.accepted);
    ipc_write_i64(w, self->result.sent);
    ipc_write_i64(w, self->result.started);
    ipc_write_i64(w, self->result.finished);
    put_objects(w, self->result.objects);
    put(w, self->result.durations);
    put(w, self->result.out);
    put(w, self->result.err);
    put(w, self->result.body);
}
static void unpack_result(ipc_msg_t *self, ipc_reader_t *r)
{
    self->result.failed = ipc_read_u32(r);
    self->result.engine = ipc_read_u32(r);
    self->result.attempts = ipc_read_u32(r);
    self->result.job = ipc_read_u64(r);
    self->result.first = ipc_read_u64(r);
    self->result.count = ipc_read_u64(r);
    self->result.accepted = ipc_read_i64(r);
    self->result.sent = ipc_read_i64(r);
    self->result.started = ipc_read_i64(r);
    self->result.finished = ipc_read_i64(r);
    self->result.objects = get_objects(r);
    self->result.durations = get(r);
    self->result.out = get(r);
    self->result.err = get(r);
    self->result.body = get(r);
}

static void pack_output(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->output.span);
    ipc_write_u64(w, self->output.item);
    ipc_write_u64(w, self->output.stream);
    ipc_write_u64(w, self->output.engine);
    put(w, self->output.text);
}
static void unpack_output(ipc_msg_t *self, ipc_reader_t *r)
{
    self->output.span = ipc_read_u64(r);
    self->output.item = ipc_read_u64(r);
    self->output.stream = ipc_read_u32(r);
    self->output.engine = ipc_read_u32(r);
    self->output.text = get(r);
    if (self->output.stream != 1 && self->output.stream != 2)
        ipc_reader_refuse(r);
}

static void pack_recall(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->recall.count);
}
static void unpack_recall(ipc_msg_t *self, ipc_reader_t *r)
{
    self->recall.count = ipc_read_u64(r);
}

static void pack_gave(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->gave.span);
    ipc_write_u64(w, self->gave.first);
    ipc_write_u64(w, self->gave.count);
    ipc_write_u64(w, self->gave.last);
}
static void unpack_gave(ipc_msg_t *self, ipc_reader_t *r)
{
    self->gave.span = ipc_read_u64(r);
    self->gave.first = ipc_read_u64(r);
    self->gave.count = ipc_read_u64(r);
    self->gave.last = ipc_read_u32(r);
}

static void pack_release(const ipc_msg_t *self, ipc_writer_t *w)
{
    put_object(w, self->release.object);
    ipc_write_u64(w, self->release.count);
}
static void unpack_release(ipc_msg_t *self, ipc_reader_t *r)
{
    self->release.object = get_object(r);
    self->release.count = ipc_read_u64(r);
}

static void pack_freed(const ipc_msg_t *self, ipc_writer_t *w)
{
    put_object(w, self->freed.object);
}
static void unpack_freed(ipc_msg_t *self, ipc_reader_t *r)
{
    self->freed.object = get_object(r);
}

static void pack_registration(const ipc_msg_t *self, ipc_writer_t *w)
{
    put(w, self->registration.token);
    ipc_write_u64(w, self->registration.engine);
    ipc_write_u64(w, self->registration.epoch);
    ipc_write_u64(w, self->registration.pid);
    ipc_write_u64(w, self->registration.nanny);
    ipc_write_u64(w, self->registration.owner);
    ipc_write_u64(w, self->registration.death_epoch);
    ipc_write_u64(w, self->registration.signal);
    ipc_write_u64(w, self->registration.status);
    ipc_write_u64(w, self->registration.stack_overflow);
    ipc_write_u64(w, self->registration.idle_deaths);
    ipc_write_u64(w, self->registration.span);
    ipc_write_u64(w, self->registration.item);
    ipc_write_u64(w, self->registration.done_span);
    ipc_write_u64(w, self->registration.done_item);
    ipc_write_u64(w, self->registration.address);
    put(w, self->registration.trace);
    put(w, self->registration.output);
    put(w, self->registration.errors);
    ipc_write_u64(w, self->registration.verdict);
    put(w, self->registration.has);
}
static void unpack_registration(ipc_msg_t *self, ipc_reader_t *r)
{
    self->registration.token = get(r);
    self->registration.engine = ipc_read_u32(r);
    self->registration.epoch = ipc_read_u32(r);
    self->registration.pid = ipc_read_u32(r);
    self->registration.nanny = ipc_read_u32(r);
    self->registration.owner = ipc_read_u64(r);
    self->registration.death_epoch = ipc_read_u32(r);
    self->registration.signal = ipc_read_u32(r);
    self->registration.status = ipc_read_u32(r);
    self->registration.stack_overflow = ipc_read_u32(r);
    self->registration.idle_deaths = ipc_read_u32(r);
    self->registration.span = ipc_read_u64(r);
    self->registration.item = ipc_read_u64(r);
    self->registration.done_span = ipc_read_u64(r);
    self->registration.done_item = ipc_read_u64(r);
    self->registration.address = ipc_read_u64(r);
    self->registration.trace = get(r);
    self->registration.output = get(r);
    self->registration.errors = get(r);
    self->registration.verdict = ipc_read_u32(r);
    self->registration.has = get(r);
}

static void pack_accepted(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->accepted.engine);
    ipc_write_u64(w, self->accepted.pid);
}
static void unpack_accepted(ipc_msg_t *self, ipc_reader_t *r)
{
    self->accepted.engine = ipc_read_u32(r);
    self->accepted.pid = ipc_read_u32(r);
}

static void pack_ping(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->ping.number);
}
static void unpack_ping(ipc_msg_t *self, ipc_reader_t *r)
{
    self->ping.number = ipc_read_u64(r);
}

static void pack_pong(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->pong.number);
}
static void unpack_pong(ipc_msg_t *self, ipc_reader_t *r)
{
    self->pong.number = ipc_read_u64(r);
}

static void pack_status(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->status.number);
}
static void unpack_status(ipc_msg_t *self, ipc_reader_t *r)
{
    self->status.number = ipc_read_u64(r);
}

static void pack_report(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->report.number);
    put(w, self->report.text);
}
static void unpack_report(ipc_msg_t *self, ipc_reader_t *r)
{
    self->report.number = ipc_read_u64(r);
    self->report.text = get(r);
}

static void pack_bye(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->bye.reason);
}
static void unpack_bye(ipc_msg_t *self, ipc_reader_t *r)
{
    self->bye.reason = ipc_read_u32(r);
}

static void pack_query(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->query.number);
    ipc_write_u64(w, self->query.kind);
    ipc_write_u64(w, self->query.state);
    ipc_write_u64(w, self->query.engine);
    ipc_write_u64(w, self->query.job);
    ipc_write_u64(w, self->query.limit);
    ipc_write_i64(w, self->query.since);
    ipc_write_i64(w, self->query.until);
    put(w, self->query.label);
    put(w, self->query.function);
}
static void unpack_query(ipc_msg_t *self, ipc_reader_t *r)
{
    self->query.number = ipc_read_u64(r);
    self->query.kind = ipc_read_u32(r);
    self->query.state = ipc_read_u32(r);
    self->query.engine = ipc_read_u32(r);
    self->query.job = ipc_read_u64(r);
    self->query.limit = ipc_read_u64(r);
    self->query.since = ipc_read_i64(r);
    self->query.until = ipc_read_i64(r);
    self->query.label = get(r);
    self->query.function = get(r);
}

static void pack_answer(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->answer.number);
    ipc_write_u64(w, self->answer.count);
    ipc_write_u64(w, self->answer.code);
    put(w, self->answer.text);
    put(w, self->answer.body);
}
static void unpack_answer(ipc_msg_t *self, ipc_reader_t *r)
{
    self->answer.number = ipc_read_u64(r);
    self->answer.count = ipc_read_u64(r);
    self->answer.code = ipc_read_u32(r);
    self->answer.text = get(r);
    self->answer.body = get(r);
}

static void pack_fetch(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->fetch.number);
    ipc_write_u64(w, self->fetch.job);
    ipc_write_u64(w, self->fetch.count);
    ipc_write_u64(w, self->fetch.again);
}
static void unpack_fetch(ipc_msg_t *self, ipc_reader_t *r)
{
    self->fetch.number = ipc_read_u64(r);
    self->fetch.job = ipc_read_u64(r);
    self->fetch.count = ipc_read_u64(r);
    self->fetch.again = ipc_read_u32(r);
}

static void pack_terms(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->terms.seen);
    ipc_write_u64(w, self->terms.after_mode);
    ipc_write_u64(w, self->terms.follow_mode);
    put(w, self->terms.after);
    put(w, self->terms.follow);
    put(w, self->terms.needs);
    put(w, self->terms.arguments);
}
static void unpack_terms(ipc_msg_t *self, ipc_reader_t *r)
{
    self->terms.seen = ipc_read_u64(r);
    self->terms.after_mode = ipc_read_u32(r);
    self->terms.follow_mode = ipc_read_u32(r);
    self->terms.after = get_row(r, sizeof(ipc_parent_t), IPC_MAX_TARGETS);
    self->terms.follow = get_row(r, sizeof(ipc_parent_t), IPC_MAX_TARGETS);
    self->terms.needs = get(r);
    self->terms.arguments = get_row(r, sizeof(ipc_parent_t), IPC_MAX_TARGETS);
}

static void pack_limits(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->limits.wait_ms);
    ipc_write_u64(w, self->limits.run_ms);
}
static void unpack_limits(ipc_msg_t *self, ipc_reader_t *r)
{
    self->limits.wait_ms = ipc_read_u32(r);
    self->limits.run_ms = ipc_read_u32(r);
}

static void pack_abort(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->abort.job);
    ipc_write_u64(w, self->abort.first);
    ipc_write_u64(w, self->abort.count);
    ipc_write_u64(w, self->abort.balanced);
    put(w, self->abort.engines);
}
static void unpack_abort(ipc_msg_t *self, ipc_reader_t *r)
{
    self->abort.job = ipc_read_u64(r);
    self->abort.first = ipc_read_u64(r);
    self->abort.count = ipc_read_u64(r);
    self->abort.balanced = ipc_read_u32(r);
    self->abort.engines = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
}

static void pack_drop(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->drop.span);
    ipc_write_u64(w, self->drop.first);
    ipc_write_u64(w, self->drop.count);
    ipc_write_u64(w, self->drop.how);
}
static void unpack_drop(ipc_msg_t *self, ipc_reader_t *r)
{
    self->drop.span = ipc_read_u64(r);
    self->drop.first = ipc_read_u64(r);
    self->drop.count = ipc_read_u64(r);
    self->drop.how = ipc_read_u32(r);
    if (self->drop.how >= IPC_DROPS)
        ipc_reader_refuse(r);
}

static void pack_signal(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->signal.job);
    ipc_write_u64(w, self->signal.signal);
    put(w, self->signal.engines);
}
static void unpack_signal(ipc_msg_t *self, ipc_reader_t *r)
{
    self->signal.job = ipc_read_u64(r);
    self->signal.signal = ipc_read_u32(r);
    self->signal.engines = get_row(r, sizeof(uint32_t), IPC_MAX_TARGETS);
}

static void pack_publish(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->publish.span);
    ipc_write_u64(w, self->publish.item);
    ipc_write_u64(w, self->publish.engine);
    put(w, self->publish.name);
    put(w, self->publish.value);
}
static void unpack_publish(ipc_msg_t *self, ipc_reader_t *r)
{
    self->publish.span = ipc_read_u64(r);
    self->publish.item = ipc_read_u64(r);
    self->publish.engine = ipc_read_u32(r);
    self->publish.name = get(r);
    self->publish.value = get(r);
}

static void pack_want(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->want.job);
    ipc_write_u64(w, self->want.first);
    ipc_write_u64(w, self->want.count);
}
static void unpack_want(ipc_msg_t *self, ipc_reader_t *r)
{
    self->want.job = ipc_read_u64(r);
    self->want.first = ipc_read_u64(r);
    self->want.count = ipc_read_u64(r);
}

static void pack_supply(const ipc_msg_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->supply.job);
    ipc_write_u64(w, self->supply.first);
    ipc_write_u64(w, self->supply.count);
    put_objects(w, self->supply.objects);
    put(w, self->supply.body);
}
static void unpack_supply(ipc_msg_t *self, ipc_reader_t *r)
{
    self->supply.job = ipc_read_u64(r);
    self->supply.first = ipc_read_u64(r);
    self->supply.count = ipc_read_u64(r);
    self->supply.objects = get_objects(r);
    self->supply.body = get(r);
}

#define MESSAGE_ROW(name, field) [IPC_MSG_##name] = {#name, pack_##field, unpack_##field},
static const struct {
    const char *name;
    void (*pack)(const ipc_msg_t *self, ipc_writer_t *w);
    void (*unpack)(ipc_msg_t *self, ipc_reader_t *r);
} messages[] = {IPC_MESSAGES(MESSAGE_ROW)};
#undef MESSAGE_ROW

static const char frame_header[IPC_FRAME_HEADER] = {'I', 'P', 'C', IPC_PROTOCOL};

void ipc_msg_pack(const ipc_msg_t *self, ipc_writer_t *frame)
{
    if (frame->size == 0)
        ipc_write_raw(frame, frame_header, sizeof frame_header);
    ipc_write_u64(frame, self->type);
    messages[self->type].pack(self, frame);
}

int ipc_frame_open(ipc_reader_t *frame, const void *data, size_t size, ipc_error_t *error)
{
    if (size > IPC_MAX_FRAME)
        return ipc_fail(error, IPC_E_PROTOCOL, "a message of %zu bytes, the limit is %d", size,
                        IPC_MAX_FRAME);
    if (size < IPC_FRAME_HEADER || memcmp(data, frame_header, IPC_FRAME_HEADER - 1) != 0)
        return ipc_fail(error, IPC_E_PROTOCOL, "a message that is not of this system");
    unsigned version = ((const unsigned char *) data)[IPC_FRAME_HEADER - 1];
    if (version != IPC_PROTOCOL)
        return ipc_fail(error, IPC_E_PROTOCOL,
                        "the peer speaks version %u of the protocol, this program version %d: install the "
                        "same version of both",
                        version, IPC_PROTOCOL);
    *frame = ipc_reader((const char *) data + IPC_FRAME_HEADER, size - IPC_FRAME_HEADER);
    return 0;
}

int ipc_msg_unpack(ipc_msg_t *self, ipc_reader_t *frame, ipc_error_t *error)
{
    if (frame->at == frame->end && !frame->bad)
        return 0;
    uint64_t type = ipc_read_u64(frame);
    if (type >= IPC_MSG_COUNT || frame->bad)
        return ipc_fail(error, IPC_E_PROTOCOL, "a message of unknown type");
    self->type = (ipc_msg_type_t) type;
    messages[type].unpack(self, frame);
    if (frame->bad)
        return ipc_fail(error, IPC_E_PROTOCOL, "a malformed %s message", messages[type].name);
    return 1;
}

const char *ipc_msg_name(ipc_msg_type_t type)
{
    return (unsigned) type < IPC_MSG_COUNT ? messages[type].name : "unknown";
}

void ipc_failure_pack(const ipc_failure_t *self, ipc_writer_t *w)
{
    ipc_write_u64(w, self->code);
    put(w, self->kind);
    put(w, self->text);
    put(w, self->where);
    put(w, self->trace);
    put(w, self->last);
    put(w, self->out);
    put(w, self->err);
}

int ipc_failure_unpack(ipc_failure_t *self, ipc_bytes_t body)
{
    ipc_reader_t r = ipc_reader(body.data, body.size);
    self->code = ipc_read_u32(&r);
    self->kind = get(&r);
    self->text = get(&r);
    self->where = get(&r);
    self->trace = get(&r);
    self->last = get(&r);
    self->out = get(&r);
    self->err = get(&r);
    return ipc_reader_ok(&r) ? 0 : -1;
}
