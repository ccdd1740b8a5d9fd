#include "tests/engine/worker_cases.h"

#include <signal.h>
#include <string.h>

#include "common/codec.h"

fake_t fake;

//  --- What the controller says ----------------------------------------------------------------------------

void add_function(uint32_t number, const char *key)
{
    fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_FUNCTION,
                                 .function = {number, IPC_FUNCTION_NAMED, ipc_bytes_of(key), ipc_bytes_of(key),
                                              ipc_bytes_of("")}});
}

void add_functions(void)
{
    add_function(TWICE, "workertest.twice");
    add_function(HOLD, "workertest.hold");
    add_function(SPEAK, "workertest.speak");
}

ipc_msg_t span_of(uint64_t span, uint32_t function, uint64_t count)
{
    return (ipc_msg_t){.type = IPC_MSG_TASK,
                       .task = {.function = function, .items = IPC_ITEMS_RANGE, .recallable = 1, .span = span,
                                .count = count, .objects = {"", 0}, .arguments = {"", 0}, .data = {"", 0}}};
}

void add_span(uint64_t span, uint32_t function, uint64_t count)
{
    ipc_msg_t msg = span_of(span, function, count);
    fake_add(&fake, &msg);
}

void add_ping(uint64_t number)
{
    fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_PING, .ping = {number}});
}

void add_recall(uint64_t count)
{
    fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_RECALL, .recall = {count}});
}

void open_gate(uint64_t number)
{
    fake.stage->gate = number;
}

//  --- What the worker says ----------------------------------------------------------------------------------

int64_t value_of(const ipc_msg_t *done)
{
    ipc_reader_t reader = ipc_reader(done->done.body.data, done->done.body.size);
    return ipc_read_i64(&reader);
}

size_t output_size(const ipc_msg_t *done)
{
    return done->done.out.size;
}

ipc_msg_t expect_done(uint64_t span, uint64_t first, uint64_t count)
{
    ipc_msg_t msg;
    for (uint64_t end = first + count; first < end; first += msg.done.count) {
        msg = fake_expect(&fake, IPC_MSG_DONE);
        ck_assert_uint_eq(msg.done.failed, 0);
        ck_assert_uint_eq(msg.done.span, span);
        ck_assert_uint_eq(msg.done.first, first);
        ck_assert_uint_ge(msg.done.count, 1);
        ck_assert_uint_le(msg.done.count, end - first);
    }
    return msg;
}

void expect_failure(uint64_t span, const char *words)
{
    ipc_failure_t failure;
    ipc_msg_t msg = fake_expect(&fake, IPC_MSG_DONE);
    ck_assert_uint_eq(msg.done.span, span);
    ck_assert_uint_eq(msg.done.failed, 1);
    ck_assert_int_eq(ipc_failure_unpack(&failure, msg.done.body), 0);
    ck_assert_msg(memmem(failure.text.data, failure.text.size, words, strlen(words)), "no '%s' in '%.*s'", words,
                  (int) failure.text.size, failure.text.data);
}

void expect_pong(uint64_t number)
{
    ck_assert_uint_eq(fake_expect(&fake, IPC_MSG_PONG).pong.number, number);
}

void expect_gave(uint64_t span, uint64_t first, uint64_t count)
{
    ipc_msg_t msg = fake_expect(&fake, IPC_MSG_GAVE);
    ck_assert_uint_eq(msg.gave.last, 0);
    ck_assert_uint_eq(msg.gave.span, span);
    ck_assert_uint_eq(msg.gave.first, first);
    ck_assert_uint_eq(msg.gave.count, count);
}

void expect_gave_all(void)
{
    ck_assert_uint_eq(fake_expect(&fake, IPC_MSG_GAVE).gave.last, 1);
}

void expect_nothing_more(void)
{
    enum { NUMBER = 4711 };
    add_ping(NUMBER);
    fake_send(&fake);
    expect_pong(NUMBER);
}

void start_hold(uint64_t span, uint64_t count)
{
    uint64_t before = fake.stage->started;
    add_functions();
    add_span(span, TWICE, 1);
    add_span(span + 1, HOLD, count);
    fake_send(&fake);
    expect_done(span, 0, 1);
    int64_t end = fake_monotonic_ns() + FAKE_DEADLINE_MS * INT64_C(1000000);
    while (fake.stage->started == before) ck_assert_int_lt(fake_monotonic_ns(), end); // microseconds away
}

//  --- The tests ---------------------------------------------------------------------------------------------

static void set_up(void)
{
    fake_open(&fake);
    fake_start_worker(&fake);
}

static void tear_down(void)
{
    if (fake.worker > 0) {
        kill(fake.worker, SIGKILL);
        fake_worker_status(&fake);
    }
    fake_close(&fake);
    ipc_writer_destroy(&fake.out);
}

static void make_directory(void) { fake_make_directory(&fake); }
static void remove_directory(void) { fake_remove_directory(&fake); }

TCase *worker_case(const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_unchecked_fixture(tests, make_directory, remove_directory);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    return tests;
}
