//  The real ipengine-worker with a fake controller: what it says, and when, whatever the running task does
//  (DESIGN.md 5). Times are printed beside the budget of 1 ms; what is asserted is the order of events.
#include <signal.h>
#include <string.h>
#include <time.h>

#include "common/codec.h"
#include "tests/common/run_suite.h"
#include "tests/engine/worker_cases.h"

enum { REPEATS = 20, BUDGET_US = 1000 };

//  --- Times -------------------------------------------------------------------------------------------------

static int64_t realtime_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, int64_t times[REPEATS])
{
    qsort(times, REPEATS, sizeof times[0], compare);
    printf("%-42s p50 %5.0f us, max %5.0f us (budget: on the way within %d us)\n", what,
           (double) times[REPEATS / 2] / 1e3, (double) times[REPEATS - 1] / 1e3, BUDGET_US);
}

//  --- While a task runs -------------------------------------------------------------------------------------

//  The second of two short tasks: the first one's result has just left when it ends, so its own waits for the
//  connection thread.
START_TEST(a_finished_result_leaves_while_the_next_task_runs)
{
    int64_t times[REPEATS];
    add_functions();
    for (uint64_t i = 0; i < REPEATS; i++) {
        uint64_t span = 3 * i + 1;
        add_span(span, TWICE, 1);
        add_span(span + 1, TWICE, 1);
        add_span(span + 2, HOLD, 1);
        fake_send(&fake);
        expect_done(span, 0, 1);
        ipc_msg_t done = expect_done(span + 1, 0, 1);
        times[i] = realtime_ns() - done.done.finished;
        open_gate(i + 1);
        expect_done(span + 2, 0, 1);
    }
    print_times("a finished result", times);
}
END_TEST

START_TEST(items_that_are_done_are_reported_while_the_next_one_runs)
{
    enum { ITEMS = 10 };
    open_gate(ITEMS - 1);
    start_hold(1, ITEMS);
    for (uint64_t done = 0; done < ITEMS - 1;) {
        ipc_msg_t msg = fake_expect(&fake, IPC_MSG_DONE);
        ck_assert_uint_eq(msg.done.span, 2);
        ck_assert_uint_eq(msg.done.first, done);
        done += msg.done.count;
    }
    expect_nothing_more();
    open_gate(ITEMS);
    expect_done(2, ITEMS - 1, 1);
}
END_TEST

//  The connection thread, which has the socket while the first one runs, learns of the results after it.
START_TEST(short_tasks_between_long_ones_are_reported_while_the_next_one_runs)
{
    start_hold(1, 1);
    add_ping(1); // answered by the connection thread, which waits from then on
    fake_send(&fake);
    expect_pong(1);
    for (uint64_t span = 3; span < 6; span++) add_span(span, TWICE, 1);
    add_span(6, HOLD, 1);
    fake_send(&fake);
    expect_nothing_more();
    open_gate(1);
    for (uint64_t span = 2; span < 6; span++) expect_done(span, 0, 1);
    open_gate(2);
    expect_done(6, 0, 1);
}
END_TEST

START_TEST(a_line_arrives_while_its_task_runs)
{
    static const char *const lines[SPEAK_WAYS] = {"a printed line\n", "a written line\n", "a line of a child\n"};
    static const char *const whats[SPEAK_WAYS] = {"a line of printf()", "a line of write(1)",
                                                  "a line of system(), its start included"};
    int64_t times[REPEATS];
    ipc_msg_t task = span_of(7, SPEAK, 1);
    task.task.base = _i;
    add_functions();
    fake_add(&fake, &task);
    fake_send(&fake);
    for (size_t i = 0; i < REPEATS; i++) {
        fake.stage->asked = i + 1;
        ipc_msg_t msg = fake_expect(&fake, IPC_MSG_OUTPUT);
        times[i] = fake_monotonic_ns() - fake.stage->said_ns;
        ck_assert_uint_eq(msg.output.span, 7);
        ck_assert_uint_eq(msg.output.item, 0);
        ck_assert_uint_eq(msg.output.stream, 1);
        ck_assert_uint_eq(msg.output.text.size, strlen(lines[_i]));
        ck_assert_mem_eq(msg.output.text.data, lines[_i], strlen(lines[_i]));
    }
    open_gate(1);
    expect_done(7, 0, 1);
    print_times(whats[_i], times);
}
END_TEST

START_TEST(a_heartbeat_is_answered_while_a_task_runs)
{
    int64_t times[REPEATS];
    start_hold(1, 1);
    for (uint64_t i = 0; i < REPEATS; i++) {
        int64_t before = fake_monotonic_ns();
        add_ping(i);
        fake_send(&fake);
        expect_pong(i);
        times[i] = fake_monotonic_ns() - before;
    }
    open_gate(1);
    expect_done(2, 0, 1);
    print_times("a heartbeat, there and back", times);
}
END_TEST

//  --- Order, recall -----------------------------------------------------------------------------------------

START_TEST(tasks_run_in_the_order_in_which_they_came)
{
    enum { SPANS = 500, IN_A_FRAME = 7 };
    add_functions();
    for (uint64_t i = 0; i < SPANS; i++) {
        ipc_msg_t task = span_of(1000 - i, TWICE, 1);
        task.task.base = (int64_t) i;
        fake_add(&fake, &task);
        if (i % IN_A_FRAME == 0 || i + 1 == SPANS)
            fake_send(&fake);
    }
    for (uint64_t i = 0; i < SPANS; i++) {
        ipc_msg_t done = expect_done(1000 - i, 0, 1);
        ck_assert_int_eq(value_of(&done), 2 * (int64_t) i);
    }
}
END_TEST

START_TEST(control_overtakes_waiting_tasks)
{
    start_hold(1, 1);
    add_span(3, TWICE, 1);
    add_ping(1);
    add_recall(0);
    fake_send(&fake);
    expect_pong(1);
    expect_gave_all();
    open_gate(1);
    expect_done(2, 0, 1);
    expect_done(3, 0, 1);
}
END_TEST

START_TEST(the_untouched_rest_is_given_back_and_all_else_is_done)
{
    enum { ITEMS = 1000, DONE = 10, FIRST_CALL = 400 };
    open_gate(DONE);
    start_hold(1, ITEMS);
    for (uint64_t done = 0; done < DONE;) done += fake_expect(&fake, IPC_MSG_DONE).done.count;
    add_recall(FIRST_CALL);
    fake_send(&fake);
    expect_gave(2, ITEMS - FIRST_CALL, FIRST_CALL);
    expect_gave_all();
    add_recall(2 * ITEMS);
    fake_send(&fake);
    expect_gave(2, DONE + 1, ITEMS - FIRST_CALL - DONE - 1); // all but the one that runs
    expect_gave_all();
    open_gate(ITEMS);
    expect_done(2, DONE, 1);
    expect_nothing_more();
    ck_assert_uint_eq(fake.stage->started, DONE + 1);
}
END_TEST

START_TEST(the_youngest_tasks_are_given_back_first)
{
    ipc_msg_t direct = span_of(4, TWICE, 5);
    direct.task.recallable = 0;
    start_hold(1, 1);
    add_span(3, TWICE, 5);
    fake_add(&fake, &direct);
    add_span(5, TWICE, 5);
    add_recall(7);
    fake_send(&fake);
    expect_gave(5, 0, 5);
    expect_gave(3, 3, 2);
    expect_gave_all();
    open_gate(1);
    expect_done(2, 0, 1);
    expect_done(3, 0, 3);
    expect_done(4, 0, 5);
    expect_nothing_more();
}
END_TEST

START_TEST(an_idle_worker_has_nothing_to_give_back)
{
    add_recall(100);
    fake_send(&fake);
    expect_gave_all();
    expect_nothing_more();
}
END_TEST

static long resident_kb(void)
{
    char path[64], line[128];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int) fake.worker);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) && sscanf(line, "VmRSS: %ld", &kb) != 1) continue;
    fclose(file);
    return kb;
}

//  A sanitizer keeps what was freed for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLACK_KB = 1 << 20 };
#else
enum { SLACK_KB = 2048 };
#endif

//  Of a span whose first item runs on.
START_TEST(what_is_dropped_again_and_again_takes_no_more_memory)
{
    enum { FRAMES = 200, DROPS = 1000 };
    long before = 0;
    start_hold(1, 3);
    for (int i = 0; i < FRAMES; i++) {
        for (int k = 0; k < DROPS; k++)
            fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_DROP,
                                         .drop = {.span = 2, .first = 1, .count = 1, .how = IPC_DROP_STOP}});
        expect_nothing_more();
        before = i == FRAMES / 10 ? resident_kb() : before;
    }
    ck_assert_int_le(resident_kb(), before + SLACK_KB);
    open_gate(1);
    expect_done(2, 0, 1);
    expect_failure(2, "aborted");
}
END_TEST

//  --- The end -----------------------------------------------------------------------------------------------

START_TEST(an_idle_worker_ends_in_order)
{
    kill(fake.worker, SIGTERM);
    ck_assert_int_eq(fake_worker_status(&fake), 0);
}
END_TEST

START_TEST(a_busy_worker_ends_at_once)
{
    start_hold(1, 1);
    kill(fake.worker, SIGTERM);
    ck_assert_int_eq(fake_worker_status(&fake), 0);
}
END_TEST

START_TEST(a_refused_worker_says_so_and_does_not_come_back)
{
    if (_i == 1)
        start_hold(1, 1);
    fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_REFUSED, .refused = {IPC_E_LIMIT, ipc_bytes_of("enough engines")}});
    fake_send(&fake);
    ck_assert_int_eq(fake_worker_status(&fake), 97);
    ck_assert(fake_log_has(&fake, "the controller refuses this engine: enough engines"));
}
END_TEST

//  --- What makes no sense -----------------------------------------------------------------------------------

//  Of what was cut nobody knows what else there was: tasks, perhaps. The process ends, and is started again.
static const ipc_msg_t cut_messages[] = {
    {.type = IPC_MSG_FUNCTION, .function = {TWICE, IPC_FUNCTION_NAMED, {"a.b", 3}, {"a.b", 3}, {"", 0}}},
    {.type = IPC_MSG_TASK, .task = {.function = TWICE, .items = IPC_ITEMS_RANGE, .span = 1, .count = 10,
                                      .objects = {"", 0}, .arguments = {"", 0}, .data = {"", 0}}},
    {.type = IPC_MSG_RECALL, .recall = {1000}},
    {.type = IPC_MSG_FREED, .freed = {{UINT64_MAX, 1000}}},
    {.type = IPC_MSG_ACCEPTED, .accepted = {.pid = 100000}},
    {.type = IPC_MSG_REFUSED, .refused = {IPC_E_LIMIT, {"enough engines", 14}}},
    {.type = IPC_MSG_PING, .ping = {1000000}},
};
enum { CUT_MESSAGES = sizeof cut_messages / sizeof cut_messages[0], GARBAGE = 16 };

START_TEST(a_cut_message_ends_the_process_in_order)
{
    ipc_writer_t whole = {0};
    ipc_msg_pack(&cut_messages[_i], &whole);
    fake_send_bytes(&fake, whole.data, whole.size - 1);
    ck_assert_int_eq(fake_worker_status(&fake), 98);
    ck_assert(fake_log_has(&fake, "it starts again"));
    ipc_writer_destroy(&whole);
}
END_TEST

START_TEST(garbage_ends_the_process_in_order)
{
    enum { SIZE = 150 };
    static const unsigned char types[] = {IPC_MSG_FUNCTION, IPC_MSG_TASK, IPC_MSG_RECALL, IPC_MSG_FREED,
                                          IPC_MSG_PING,     IPC_MSG_DONE, IPC_MSG_COUNT,  0xc1};
    uint64_t seed = 88172645463325252u + (uint64_t) _i;
    unsigned char bytes[SIZE];
    for (int k = 0; k < SIZE; k++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes[k] = (unsigned char) (seed >> 32);
    }
    if (_i % 4) { // three of four have a header and a type
        memcpy(bytes, (char[]){'I', 'P', 'C', IPC_PROTOCOL}, IPC_FRAME_HEADER);
        bytes[IPC_FRAME_HEADER] = types[_i % (int) sizeof types];
    }
    fake_send_bytes(&fake, bytes, sizeof bytes);
    ck_assert_int_eq(fake_worker_status(&fake), 98);
}
END_TEST

START_TEST(a_call_that_makes_no_sense_fails_alone)
{
    ipc_msg_t list = span_of(1, TWICE, 3), malformed = span_of(2, TWICE, 1), nothing = span_of(5, TWICE, 0);
    list.task.items = IPC_ITEMS_LIST;
    list.task.data = (ipc_bytes_t){"\x05", 1}; // one item of three
    malformed.task.arguments = (ipc_bytes_t){"\xc1\xff", 2};
    add_functions();
    add_function(FUNCTIONS, "workertest.nothing");
    add_function(FUNCTIONS + 1, "nowhere.nothing");
    fake_add(&fake, &list);
    fake_add(&fake, &malformed);
    add_span(3, FUNCTIONS, 1);
    add_span(4, FUNCTIONS + 1, 1);
    add_span(6, 1000000, 1); // no such function: not run
    fake_add(&fake, &nothing);
    add_span(7, TWICE, 1);
    fake_send(&fake);
    expect_done(1, 0, 1);
    expect_failure(1, "");
    expect_failure(1, "");
    expect_failure(2, "");
    expect_failure(3, "module workertest has no function 'nothing'");
    expect_failure(4, "there is no module 'nowhere'");
    expect_done(7, 0, 1);
    expect_nothing_more();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_finished_result_leaves_while_the_next_task_runs,
        items_that_are_done_are_reported_while_the_next_one_runs,
        a_heartbeat_is_answered_while_a_task_runs,
        short_tasks_between_long_ones_are_reported_while_the_next_one_runs,
        tasks_run_in_the_order_in_which_they_came,
        control_overtakes_waiting_tasks,
        the_untouched_rest_is_given_back_and_all_else_is_done,
        the_youngest_tasks_are_given_back_first,
        an_idle_worker_has_nothing_to_give_back,
        what_is_dropped_again_and_again_takes_no_more_memory,
        an_idle_worker_ends_in_order,
        a_busy_worker_ends_at_once,
        a_call_that_makes_no_sense_fails_alone,
    };
    TCase *all = worker_case("worker");
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(all, tests[i]);
    tcase_add_loop_test(all, a_cut_message_ends_the_process_in_order, 0, CUT_MESSAGES);
    tcase_add_loop_test(all, garbage_ends_the_process_in_order, 0, GARBAGE);
    tcase_add_loop_test(all, a_line_arrives_while_its_task_runs, 0, SPEAK_WAYS);
    tcase_add_loop_test(all, a_refused_worker_says_so_and_does_not_come_back, 0, 2);
    return run_suite("worker", all);
}
