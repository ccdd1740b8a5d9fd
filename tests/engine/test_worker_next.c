//  The real ipengine-worker when one fake controller follows another.
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/run_suite.h"
#include "tests/engine/worker_cases.h"

static void change_controller(void)
{
    fake_close(&fake);
    fake_open(&fake);
    fake_await_registration(&fake);
    fake_accept(&fake);
}

START_TEST(a_new_controller_begins_with_its_own_functions)
{
    add_functions();
    add_span(1, TWICE, 1);
    fake_send(&fake);
    expect_done(1, 0, 1);
    change_controller();
    add_span(1, TWICE, 1); // before any function: not run
    fake_send(&fake);
    expect_nothing_more();
    open_gate(1);
    add_function(TWICE, "workertest.hold"); // numbers mean something else now
    add_span(2, TWICE, 1);
    fake_send(&fake);
    expect_done(2, 0, 1);
    ck_assert_uint_eq(fake.stage->started, 1);
}
END_TEST

//  The numbers of spans begin anew: a late result would be taken for that of another task.
START_TEST(a_busy_worker_registers_at_once_and_tells_nothing_of_before)
{
    start_hold(1, 1);
    add_span(3, TWICE, 1); // never run: its controller is gone
    fake_send(&fake);
    expect_nothing_more();
    change_controller();
    add_functions();
    add_span(2, TWICE, 1);
    fake_send(&fake);
    expect_nothing_more();
    open_gate(1);
    ipc_msg_t done = expect_done(2, 0, 1);
    ck_assert_int_eq(value_of(&done), 0);
    expect_nothing_more();
}
END_TEST

START_TEST(a_line_for_a_controller_that_is_gone_is_not_told_to_the_next)
{
    add_functions();
    add_span(1, SPEAK, 1);
    fake_send(&fake);
    fake.stage->asked = 1;
    fake_expect(&fake, IPC_MSG_OUTPUT);
    change_controller();
    fake.stage->asked = 2;
    add_functions();
    add_span(2, TWICE, 1);
    fake_send(&fake);
    while (fake.stage->said < 2) expect_nothing_more();
    open_gate(1);
    ipc_msg_t done = expect_done(2, 0, 1);
    ck_assert_uint_eq(output_size(&done), 0);
    expect_nothing_more();
}
END_TEST

static void accept_to_keep(void)
{
    fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_ACCEPTED, .accepted = {.pid = (uint32_t) fake.process, .keeps = 1}});
    fake_send(&fake);
}

//  Where controllers are succeeded. One that does not know the worker yet would take lines for nonsense.
START_TEST(lines_wait_until_the_next_controller_says_that_their_client_is_back)
{
    enum { JOB = 77, LINES = 50 };
    accept_to_keep();
    ck_assert_uint_eq(fake_expect(&fake, IPC_MSG_RUNS).runs.job, 0);
    add_functions();
    fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_JOB, .job = {.job = JOB}});
    add_span(1, SPEAK, 1);
    fake_send(&fake);
    fake.stage->asked = 1;
    size_t line = fake_expect(&fake, IPC_MSG_OUTPUT).output.text.size, size = 0;
    fake_close(&fake);
    fake_open(&fake);
    fake_await_registration(&fake);
    for (uint64_t i = 1; i <= LINES; i++)
        for (fake.stage->asked = 1 + i; fake.stage->said < 1 + i;) continue;
    accept_to_keep();
    const ipc_msg_t told = fake_expect(&fake, IPC_MSG_RUNS);
    ck_assert_uint_eq(told.runs.job, JOB);
    expect_nothing_more();
    fake_add(&fake, &told);
    fake_send(&fake);
    while (size < LINES * line) size += fake_expect(&fake, IPC_MSG_OUTPUT).output.text.size;
    open_gate(1);
    expect_done(1, 0, 1);
}
END_TEST

START_TEST(a_registration_that_nobody_answered_is_made_again)
{
    fake_close(&fake);
    fake_open(&fake);
    fake_await_registration(&fake);
    change_controller(); // that one died without a word
    add_functions();
    add_span(1, TWICE, 1);
    fake_send(&fake);
    expect_done(1, 0, 1);
}
END_TEST

//  Of a process that there is no more.
static uint32_t gone_pid(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return (uint32_t) pid;
}

//  The worker reads late what a controller sent that has died since. Nothing of it is done: the next one may have
//  given it to others.
START_TEST(an_acceptance_of_a_controller_that_is_gone_is_none)
{
    fake_close(&fake);
    fake_open(&fake);
    fake_await_registration(&fake);
    fake_add(&fake, &(ipc_msg_t){.type = IPC_MSG_ACCEPTED, .accepted = {.pid = gone_pid(), .keeps = 1}});
    add_functions();
    add_span(1, TWICE, 1);
    fake_send(&fake);
    fake_await_registration(&fake);
    fake_accept(&fake);
    add_functions();
    add_span(2, TWICE, 1);
    fake_send(&fake);
    expect_done(2, 0, 1);
}
END_TEST

int main(void)
{
    TCase *tests = worker_case("another controller");
    tcase_add_test(tests, a_new_controller_begins_with_its_own_functions);
    tcase_add_test(tests, a_busy_worker_registers_at_once_and_tells_nothing_of_before);
    tcase_add_test(tests, a_line_for_a_controller_that_is_gone_is_not_told_to_the_next);
    tcase_add_test(tests, lines_wait_until_the_next_controller_says_that_their_client_is_back);
    tcase_add_test(tests, a_registration_that_nobody_answered_is_made_again);
    tcase_add_test(tests, an_acceptance_of_a_controller_that_is_gone_is_none);
    return run_suite("worker", tests);
}
