//  Every message there and back; refused when cut, changed without harm, told from frames of other versions.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "common/message.h"
#include "tests/common/run_suite.h"

//  The fields of each message, in the words of message.h: a message without a row here does not compile.
//  N: a number, L: a number of this value, B: bytes, R: a row of elements of this size, O: objects, T: an object.
// clang-format off
#define FIELDS_hello(N, L, B, R, O, T)        B(token) B(name) N(uuid) N(pid)
#define FIELDS_welcome(N, L, B, R, O, T)      N(client) N(pid) N(task_limit) N(byte_limit) B(sanitizers) N(keeps)
#define FIELDS_refused(N, L, B, R, O, T)      N(code) B(text)
#define FIELDS_engines(N, L, B, R, O, T)      R(ids, 4) R(ready, 1)
#define FIELDS_function(N, L, B, R, O, T)     N(function) L(kind, IPC_FUNCTION_WRITE) B(key) B(name) B(libraries)
#define FIELDS_submit(N, L, B, R, O, T)       N(function) N(flags) L(items, IPC_ITEMS_ROWS) N(retries) N(chunk) \
    L(priority, -7) N(job) N(count) L(base, INT64_MIN) N(submitted) B(label) R(targets, 16) O(objects)          \
    B(arguments) R(places, 4) B(data)
#define FIELDS_task(N, L, B, R, O, T)         N(function) L(items, IPC_ITEMS_LIST) N(recallable) N(lone) N(span) N(first) \
    N(count) L(base, -1) O(objects) B(arguments) B(data)
#define FIELDS_done(N, L, B, R, O, T)         N(failed) N(span) N(first) N(count) L(started, INT64_MAX) N(finished) \
    O(objects) B(durations) B(out) B(err) B(body) N(peak_memory)
#define FIELDS_result(N, L, B, R, O, T)       N(failed) N(engine) N(attempts) N(job) N(first) N(count) N(accepted) \
    N(sent) N(started) N(finished) O(objects) B(durations) B(out) B(err) B(body) N(peak_memory)
#define FIELDS_output(N, L, B, R, O, T)       N(span) N(item) L(stream, 2) N(engine) B(text)
#define FIELDS_recall(N, L, B, R, O, T)       N(count)
#define FIELDS_gave(N, L, B, R, O, T)         N(span) N(first) N(count) N(last)
#define FIELDS_release(N, L, B, R, O, T)      T(object) N(count)
#define FIELDS_freed(N, L, B, R, O, T)        T(object)
#define FIELDS_registration(N, L, B, R, O, T) B(token) N(engine) N(epoch) N(pid) N(nanny) N(owner) N(death_epoch) \
    N(signal) N(status) N(stack_overflow) N(idle_deaths) N(span) N(item) N(done_span) N(done_item) N(address)     \
    B(trace) B(output) B(errors) N(verdict) B(has) B(host) B(host_has) N(peak_memory) \
    N(connection)
#define FIELDS_accepted(N, L, B, R, O, T)     N(engine) N(pid) N(keeps)
#define FIELDS_ping(N, L, B, R, O, T)         N(number)
#define FIELDS_pong(N, L, B, R, O, T)         N(number)
#define FIELDS_status(N, L, B, R, O, T)       N(number)
#define FIELDS_report(N, L, B, R, O, T)       N(number) B(text)
#define FIELDS_bye(N, L, B, R, O, T)          N(reason)
#define FIELDS_query(N, L, B, R, O, T)        N(number) N(kind) N(job) N(limit) N(since) \
    L(until, -5) B(label) B(function) N(states) N(client) L(submitted_from, -6) \
    L(submitted_before, INT64_MIN) R(engines, 4) R(jobs, 8) B(not_label) B(not_function)
#define FIELDS_answer(N, L, B, R, O, T)       N(number) N(count) N(code) B(text) B(body)
#define FIELDS_fetch(N, L, B, R, O, T)        N(number) N(job) N(count) N(again)
#define FIELDS_terms(N, L, B, R, O, T)        N(seen) N(after_mode) N(follow_mode) R(after, 32) R(follow, 32) B(needs) \
    R(arguments, 32)
#define FIELDS_limits(N, L, B, R, O, T)       N(wait_ms) N(run_ms)
#define FIELDS_abort(N, L, B, R, O, T)        N(job) N(first) N(count) N(balanced) R(engines, 4)
#define FIELDS_drop(N, L, B, R, O, T)         N(span) N(first) N(count) L(how, IPC_DROP_KILL)
#define FIELDS_signal(N, L, B, R, O, T)       N(job) N(signal) R(engines, 4)
#define FIELDS_publish(N, L, B, R, O, T)      N(span) N(item) N(engine) B(name) B(value)
#define FIELDS_want(N, L, B, R, O, T)         N(job) N(first) N(count)
#define FIELDS_supply(N, L, B, R, O, T)       N(job) N(first) N(count) O(objects) B(body)
#define FIELDS_shutdown(N, L, B, R, O, T)     N(job) N(restart) R(engines, 4)
#define FIELDS_job(N, L, B, R, O, T)          N(job)
#define FIELDS_runs(N, L, B, R, O, T)         N(job) N(first) N(count) N(last) N(span)
#define FIELDS_safe(N, L, B, R, O, T)         R(numbers, 8)
#define FIELDS_seen(N, L, B, R, O, T)         N(count)
#define FIELDS_taken(N, L, B, R, O, T)        N(bytes)
#define FIELDS_resume(N, L, B, R, O, T)       R(missing, 16)
#define FIELDS_lapsed(N, L, B, R, O, T)       N(number)
// clang-format on

static const char row[96] = "\1\2\3\4 a row of elements \xff\xfe of three each \0 and more";

#define FILL_N(field) m->field = (__typeof__(m->field)) (0x9182736455647382u * ++n >> 1);
#define FILL_L(field, value) m->field = (value);
#define FILL_B(field) m->field = (ipc_bytes_t){#field "\0\xff", sizeof #field + 1};
#define FILL_R(field, size) m->field = (ipc_bytes_t){row, 3 * (size)};
#define FILL_O(field) m->field = (ipc_objects_t){row, 3};
#define FILL_T(field) m->field = (ipc_object_t){0x1111222233334444u, ++n};

#define SAME_BYTES(a, b) ((a).size == (b).size && memcmp((a).data, (b).data, (a).size) == 0)
#define SAME_N(field) ck_assert_msg(m->field == o->field, #field);
#define SAME_L(field, value) ck_assert_msg(m->field == (value), #field);
#define SAME_B(field) ck_assert_msg(SAME_BYTES(m->field, o->field), #field);
#define SAME_R(field, size) SAME_B(field)
#define SAME_O(field)                                                                         \
    ck_assert_msg(m->field.count == 3 && memcmp(m->field.data, o->field.data, 48) == 0, #field);
#define SAME_T(field)                                                                         \
    ck_assert_msg(m->field.owner == o->field.owner && m->field.number == o->field.number, #field);

#define DEFINE(code, field)                                                                   \
    static void fill_##field(ipc_msg_t *msg)                                                  \
    {                                                                                         \
        __typeof__(msg->field) *m = &msg->field;                                              \
        uint64_t n = 0;                                                                       \
        (void) n;                                                                             \
        FIELDS_##field(FILL_N, FILL_L, FILL_B, FILL_R, FILL_O, FILL_T)                        \
    }                                                                                         \
    static void check_##field(const ipc_msg_t *msg, const ipc_msg_t *other)                   \
    {                                                                                         \
        const __typeof__(msg->field) *m = &msg->field, *o = &other->field;                    \
        (void) o;                                                                             \
        FIELDS_##field(SAME_N, SAME_L, SAME_B, SAME_R, SAME_O, SAME_T)                        \
    }
IPC_MESSAGES(DEFINE)

static const struct {
    void (*fill)(ipc_msg_t *msg);
    void (*check)(const ipc_msg_t *msg, const ipc_msg_t *other);
} samples[IPC_MSG_COUNT] = {
#define SAMPLE(code, field) [IPC_MSG_##code] = {fill_##field, check_##field},
    IPC_MESSAGES(SAMPLE)};

static ipc_msg_t sample(int type)
{
    ipc_msg_t msg = {.type = (ipc_msg_type_t) type};
    samples[type].fill(&msg);
    return msg;
}

//  A copy of just these bytes, so that a sanitizer sees a read behind them.
static char *exactly(const char *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, size);
    return copy;
}

START_TEST(each_message_goes_there_and_back)
{
    ipc_msg_t msg = sample(_i), back = {0};
    ipc_writer_t frame = {0};
    ipc_reader_t reader;
    ipc_msg_pack(&msg, &frame);
    ck_assert_int_eq(ipc_frame_open(&reader, frame.data, frame.size, NULL), 0);
    ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), 1);
    ck_assert_int_eq(back.type, _i);
    samples[_i].check(&back, &msg);
    ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), 0);
    ipc_writer_destroy(&frame);
}
END_TEST

START_TEST(an_empty_message_goes_there_and_back)
{
    ipc_msg_t msg = {.type = (ipc_msg_type_t) _i}, back = {0};
    if (_i == IPC_MSG_OUTPUT)
        msg.output.stream = 1;
    ipc_writer_t frame = {0};
    ipc_reader_t reader;
    ipc_msg_pack(&msg, &frame);
    ck_assert_int_eq(ipc_frame_open(&reader, frame.data, frame.size, NULL), 0);
    ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), 1);
    ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), 0);
    ipc_writer_destroy(&frame);
}
END_TEST

START_TEST(a_frame_holds_many_messages)
{
    ipc_writer_t frame = {0};
    ipc_reader_t reader;
    ipc_msg_t back;
    for (int round = 0; round < 3; round++)
        for (int type = 0; type < IPC_MSG_COUNT; type++) {
            ipc_msg_t msg = sample(type);
            ipc_msg_pack(&msg, &frame);
        }
    ck_assert_int_eq(ipc_frame_open(&reader, frame.data, frame.size, NULL), 0);
    for (int i = 0; i < 3 * IPC_MSG_COUNT; i++) {
        ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), 1);
        ipc_msg_t msg = sample(i % IPC_MSG_COUNT);
        ck_assert_int_eq(back.type, msg.type);
        samples[back.type].check(&back, &msg);
    }
    ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), 0);
    ipc_writer_destroy(&frame);
}
END_TEST

START_TEST(every_cut_message_is_refused)
{
    ipc_msg_t msg = sample(_i), back;
    ipc_writer_t frame = {0};
    ipc_msg_pack(&msg, &frame);
    for (size_t size = 0; size < frame.size; size++) {
        char *cut = exactly(frame.data, size);
        ipc_reader_t reader;
        ipc_error_t error = {0};
        int rc = ipc_frame_open(&reader, cut, size, &error);
        ck_assert_int_eq(rc, size < IPC_FRAME_HEADER ? -1 : 0);
        if (rc == 0 && size > IPC_FRAME_HEADER) {
            ck_assert_int_eq(ipc_msg_unpack(&back, &reader, &error), -1);
            ck_assert_ptr_nonnull(strstr(error.text, ipc_msg_name(msg.type)));
        }
        if (size != IPC_FRAME_HEADER)
            ck_assert_int_eq(error.code, IPC_E_PROTOCOL);
        free(cut);
    }
    ipc_writer_destroy(&frame);
}
END_TEST

START_TEST(left_over_bytes_are_refused)
{
    static const unsigned char odd[] = {0xc1, 0x7f, 0xff, 0xc0, IPC_MSG_COUNT};
    for (size_t i = 0; i < sizeof odd; i++) {
        ipc_msg_t msg = sample(_i), back;
        ipc_writer_t frame = {0};
        ipc_reader_t reader;
        ipc_msg_pack(&msg, &frame);
        ipc_write_raw(&frame, &odd[i], 1);
        ck_assert_int_eq(ipc_frame_open(&reader, frame.data, frame.size, NULL), 0);
        ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), 1);
        ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), -1);
        ipc_writer_destroy(&frame);
    }
}
END_TEST

//  Reads all of a frame and what its fields point at.
static void read_all(const char *data, size_t size)
{
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_error_t error = {0};
    int more = ipc_frame_open(&reader, data, size, &error) ? -1 : 1;
    uint64_t sum = 0;
    while (more > 0 && (more = ipc_msg_unpack(&msg, &reader, &error)) > 0) {
        if (msg.type == IPC_MSG_SUBMIT) {
            for (size_t i = 0; i < msg.submit.objects.count; i++)
                sum += ipc_object_at(&msg.submit.objects, i).owner;
            for (size_t i = 0; i < msg.submit.targets.size / sizeof(ipc_target_t); i++)
                sum += ipc_target_at(msg.submit.targets, i).engine;
        }
        if (msg.type == IPC_MSG_DONE && msg.done.body.size > 0)
            sum += (unsigned char) msg.done.body.data[msg.done.body.size - 1];
        ipc_writer_t again = {0}; // touches every byte of every field
        ipc_msg_pack(&msg, &again);
        ipc_writer_destroy(&again);
    }
    (void) sum;
    if (more != 0 && (error.code != IPC_E_PROTOCOL || !error.text[0]))
        ck_abort_msg("a refusal without a sentence");
}

START_TEST(every_changed_byte_is_read_without_harm)
{
    static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0x8f, 0x91, 0xa1, 0xc0, 0xc1, 0xc4, 0xc6, 0xc9,
                                           0xcb, 0xcc, 0xcf, 0xd3, 0xd8, 0xdb, 0xdd, 0xdf, 0xe0, 0xff};
    ipc_msg_t msg = sample(_i), following = sample((_i + 1) % IPC_MSG_COUNT);
    ipc_writer_t frame = {0};
    ipc_msg_pack(&msg, &frame);
    ipc_msg_pack(&following, &frame);
    char *changed = exactly(frame.data, frame.size);
    for (size_t at = 0; at < frame.size; at++) {
        for (size_t i = 0; i < sizeof values; i++) {
            changed[at] = (char) values[i];
            read_all(changed, frame.size);
            changed[at] = (char) (frame.data[at] ^ (char) values[i]);
            read_all(changed, frame.size);
        }
        changed[at] = frame.data[at];
    }
    free(changed);
    ipc_writer_destroy(&frame);
}
END_TEST

START_TEST(a_reader_allocates_nothing)
{
    ipc_msg_t msg = sample(_i), back;
    ipc_writer_t frame = {0};
    ipc_msg_pack(&msg, &frame);
    size_t taken = 0;
    for (size_t at = 0; at < frame.size; at++)
        for (int value = 0; value < 256; value++) {
            char was = frame.data[at];
            ipc_reader_t reader;
            frame.data[at] = (char) value;
            allocations_taken();
            if (ipc_frame_open(&reader, frame.data, frame.size, NULL) == 0)
                while (ipc_msg_unpack(&back, &reader, NULL) > 0) {
                }
            taken += allocations_taken();
            frame.data[at] = was;
        }
    ck_assert_uint_eq(taken, 0);
    ipc_writer_destroy(&frame);
}
END_TEST

START_TEST(a_frame_of_another_version_is_refused_with_both_named)
{
    ipc_reader_t reader;
    for (int version = 0; version < 256; version++) {
        const char frame[] = {'I', 'P', 'C', (char) version};
        ipc_error_t error = {0};
        char theirs[40], ours[40];
        snprintf(theirs, sizeof theirs, "version %d of", version);
        snprintf(ours, sizeof ours, "version %d:", IPC_PROTOCOL);
        int rc = ipc_frame_open(&reader, frame, sizeof frame, &error);
        ck_assert_int_eq(rc, version == IPC_PROTOCOL ? 0 : -1);
        if (rc == 0)
            continue;
        ck_assert_int_eq(error.code, IPC_E_PROTOCOL);
        ck_assert_ptr_nonnull(strstr(error.text, theirs));
        ck_assert_ptr_nonnull(strstr(error.text, ours));
    }
}
END_TEST

START_TEST(a_frame_that_is_not_ours_is_refused)
{
    static const char *const frames[] = {"", "I", "IPC", "ipc\1", "GET / HTTP/1.1\r\n", "IPX\1"};
    ipc_error_t error = {0};
    ipc_reader_t reader;
    ck_assert_int_eq(ipc_frame_open(&reader, frames[_i], strlen(frames[_i]), &error), -1);
    ck_assert_int_eq(error.code, IPC_E_PROTOCOL);
    ck_assert_int_eq(ipc_frame_open(&reader, frames[_i], (size_t) IPC_MAX_FRAME + 1, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "limit"));
}
END_TEST

//  A message with one field changed from the sample, which must be refused.
static void must_be_refused(const ipc_msg_t *msg)
{
    ipc_writer_t frame = {0};
    ipc_reader_t reader;
    ipc_msg_t back;
    ipc_msg_pack(msg, &frame);
    ck_assert_int_eq(ipc_frame_open(&reader, frame.data, frame.size, NULL), 0);
    ck_assert_int_eq(ipc_msg_unpack(&back, &reader, NULL), -1);
    ipc_writer_destroy(&frame);
}

START_TEST(fields_out_of_range_are_refused)
{
    ipc_msg_t msg = sample(IPC_MSG_FUNCTION);
    msg.function.kind = IPC_FUNCTION_KINDS;
    must_be_refused(&msg);
    msg = sample(IPC_MSG_SUBMIT);
    msg.submit.items = IPC_ITEMS_KINDS;
    must_be_refused(&msg);
    msg = sample(IPC_MSG_SUBMIT);
    msg.submit.targets.size--;
    must_be_refused(&msg);
    msg = sample(IPC_MSG_SUBMIT);
    msg.submit.places.size++;
    must_be_refused(&msg);
    msg = sample(IPC_MSG_TASK);
    msg.task.items = IPC_ITEMS_KINDS;
    must_be_refused(&msg);
    msg = sample(IPC_MSG_OUTPUT);
    msg.output.stream = 3;
    must_be_refused(&msg);
    msg = sample(IPC_MSG_ENGINES);
    msg.engines.ready.size--;
    must_be_refused(&msg);
}
END_TEST

START_TEST(too_many_objects_are_refused)
{
    ipc_msg_t msg = sample(IPC_MSG_DONE);
    char *objects = calloc(IPC_MAX_OBJECTS + 1, sizeof(ipc_object_t));
    msg.done.objects = (ipc_objects_t){objects, IPC_MAX_OBJECTS + 1};
    must_be_refused(&msg);
    free(objects);
}
END_TEST

START_TEST(a_failure_goes_there_and_back)
{
    ipc_failure_t failure = {.code = IPC_E_CRASH, .kind = ipc_bytes_of("SIGSEGV"), .text = ipc_bytes_of("a sentence"),
                             .where = ipc_bytes_of("f (a.c:1)"), .trace = ipc_bytes_of("frames"),
                             .last = ipc_bytes_of("lines"), .out = ipc_bytes_of("o"), .err = ipc_bytes_of(NULL)};
    ipc_failure_t back;
    ipc_writer_t body = {0};
    ipc_failure_pack(&failure, &body);
    ck_assert_int_eq(ipc_failure_unpack(&back, (ipc_bytes_t){body.data, body.size}), 0);
    ck_assert_uint_eq(back.code, IPC_E_CRASH);
    ck_assert(SAME_BYTES(back.kind, failure.kind) && SAME_BYTES(back.text, failure.text) &&
              SAME_BYTES(back.where, failure.where) && SAME_BYTES(back.trace, failure.trace) &&
              SAME_BYTES(back.last, failure.last) && SAME_BYTES(back.out, failure.out) && back.err.size == 0);
    for (size_t size = 0; size < body.size; size++) {
        char *cut = exactly(body.data, size);
        ck_assert_int_eq(ipc_failure_unpack(&back, (ipc_bytes_t){cut, size}), -1);
        free(cut);
    }
    ipc_write_nil(&body);
    ck_assert_int_eq(ipc_failure_unpack(&back, (ipc_bytes_t){body.data, body.size}), -1);
    ipc_writer_destroy(&body);
}
END_TEST

START_TEST(names_of_messages_are_readable)
{
    ck_assert_str_eq(ipc_msg_name(IPC_MSG_SUBMIT), "SUBMIT");
    ck_assert_str_eq(ipc_msg_name(IPC_MSG_COUNT), "unknown");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("message");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, each_message_goes_there_and_back, 0, IPC_MSG_COUNT);
    tcase_add_loop_test(tests, an_empty_message_goes_there_and_back, 0, IPC_MSG_COUNT);
    tcase_add_test(tests, a_frame_holds_many_messages);
    tcase_add_loop_test(tests, every_cut_message_is_refused, 0, IPC_MSG_COUNT);
    tcase_add_loop_test(tests, left_over_bytes_are_refused, 0, IPC_MSG_COUNT);
    tcase_add_loop_test(tests, every_changed_byte_is_read_without_harm, 0, IPC_MSG_COUNT);
    tcase_add_loop_test(tests, a_reader_allocates_nothing, 0, IPC_MSG_COUNT);
    tcase_add_test(tests, a_frame_of_another_version_is_refused_with_both_named);
    tcase_add_loop_test(tests, a_frame_that_is_not_ours_is_refused, 0, 6);
    tcase_add_test(tests, fields_out_of_range_are_refused);
    tcase_add_test(tests, too_many_objects_are_refused);
    tcase_add_test(tests, a_failure_goes_there_and_back);
    tcase_add_test(tests, names_of_messages_are_readable);
    return run_suite("message", tests);
}
