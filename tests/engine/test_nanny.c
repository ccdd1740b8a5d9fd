//  The nanny with real workers (crashing_worker.c): what they die of stands on the page, and the next one has
//  it.
#include "common/fail.h"
#include "engine/nanny.h"
#include "common/page.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/run_suite.h"

enum { DEADLINE_MS = 20000, ID = 3 };

//  A nanny in a process of its own.
typedef struct fixture {
    char shm[64];              // a directory for the page
    int reports;               // each worker writes the page that it found here
    int reports_end;           // the other end
    pid_t nanny;
    int log;                   // the nanny's stderr
} fixture_t;

static fixture_t fixture;

static void set_up(void)
{
    snprintf(fixture.shm, sizeof fixture.shm, "/dev/shm/ipc-test-nanny-%d", (int) getpid());
    mkdir(fixture.shm, 0700);
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fixture.reports = ends[0];
    fixture.reports_end = ends[1];
    char number[16];
    snprintf(number, sizeof number, "%d", ends[1]);
    setenv("REPORT_FD", number, 1);
}

static void tear_down(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/" PAGE_NAME_FORMAT, fixture.shm, ID);
    unlink(path);
    rmdir(fixture.shm);
}

static void start_nanny_with(const char *crashes, const nanny_options_t *options)
{
    setenv("CRASHES", crashes, 1);
    int log[2];
    ck_assert_int_eq(pipe2(log, O_CLOEXEC), 0);
    fixture.nanny = fork();
    if (fixture.nanny == 0) {
        dup2(log[1], STDERR_FILENO);
        ipc_error_t error;
        nanny_t *nanny = nanny_new(options, &error);
        if (!nanny)
            fprintf(stderr, "%s\n", error.text);
        int code = nanny ? nanny_run(nanny) : 70;
        nanny_destroy(&nanny);
        _exit(code);
    }
    close(log[1]);
    fixture.log = log[0];
}

static nanny_options_t make_options(void)
{
    return (nanny_options_t){.directory = "/nonexistent",
                             .shm = fixture.shm,
                             .program = CRASHING_WORKER,
                             .id = ID,
                             .retry_ms = 300,
                             .orphan_ms = 300};
}

static void start_nanny(const char *crashes)
{
    nanny_options_t options = make_options();
    start_nanny_with(crashes, &options);
}

//  The page as the next worker to start has found it.
static page_t next_report(void)
{
    page_t page;
    for (size_t size = 0; size < sizeof page;) {
        struct pollfd readable = {.fd = fixture.reports, .events = POLLIN};
        ck_assert_msg(poll(&readable, 1, DEADLINE_MS) == 1, "no worker has reported");
        ssize_t n = read(fixture.reports, (char *) &page + size, sizeof page - size);
        ck_assert_int_gt(n, 0);
        size += (size_t) n;
    }
    return page;
}

//  The death of the first worker, which died as crash says.
static page_death_t death_by(const char *crash)
{
    char crashes[64];
    snprintf(crashes, sizeof crashes, "%s,wait", crash);
    start_nanny(crashes);
    ck_assert_uint_eq(next_report().death.epoch, 0);
    page_t page = next_report();
    ck_assert_uint_eq(page.epoch, 2);
    return page.death;
}

static int await_nanny(void)
{
    int status;
    while (waitpid(fixture.nanny, &status, 0) < 0) ck_assert_int_eq(errno, EINTR);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int stop_nanny(void)
{
    kill(fixture.nanny, SIGTERM);
    return await_nanny();
}

static void read_log(char text[2048])
{
    size_t length = 0;
    for (ssize_t n; length < 2047 && (n = read(fixture.log, text + length, 2047 - length)) > 0;)
        length += (size_t) n;
    text[length] = 0;
}

//  The task's place, and the outermost frame that a trace may have.
static void check_task_death(const page_death_t *death)
{
    ck_assert_uint_eq(death->epoch, 1);
    ck_assert_uint_eq(death->span, 41);
    ck_assert_uint_eq(death->item, 1);
    ck_assert_uint_eq(death->done_span, 40);
    ck_assert_uint_eq(death->done_item, 7);
    ck_assert_uint_eq(death->idle_deaths, 0);
    ck_assert_ptr_null(strstr(death->trace, "ipc_task_enter"));
    ck_assert_ptr_null(strstr(death->trace, "\tmain\n"));
}

//  The order in which functions stand in the trace; the first one on the first line.
static void check_frames(const page_death_t *death, const char *const *names, size_t count)
{
#ifdef HAVE_LIBDW
    const char *at = death->trace;
    for (size_t i = 0; i < count; i++) {
        char field[64];
        snprintf(field, sizeof field, "\t%s\n", names[i]);
        const char *found = strstr(at, field);
        ck_assert_msg(found, "no %s in\n%s", names[i], death->trace);
        if (i == 0)
            ck_assert_ptr_eq(strchr(found, '\n'), strchr(death->trace, '\n'));
        at = found + 1;
    }
    ck_assert_uint_ge(death->frames, count);
#else
    ck_assert_uint_ge(death->frames, 1); // as far as there are frame pointers
#endif
}
#define CHECK_FRAMES(death, ...)                                                              \
    check_frames(death, (const char *const[]){__VA_ARGS__},                                   \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

START_TEST(a_bad_pointer_is_traced_to_its_function)
{
    page_death_t death = death_by("segv");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGSEGV);
    ck_assert_uint_eq(death.address, 0);
    ck_assert_uint_eq(death.stack_overflow, 0);
    CHECK_FRAMES(&death, "store_nowhere", "use_bad_pointer");
#ifdef HAVE_LIBDW
    ck_assert_uint_eq(death.frames, 2);
#endif
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(an_abort_is_traced_below_libc)
{
    page_death_t death = death_by("abort");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGABRT);
#ifdef HAVE_LIBDW
    ck_assert_ptr_nonnull(strstr(death.trace, "\tabort\n"));
    ck_assert_ptr_nonnull(strstr(death.trace, "\tcall_abort\n"));
#endif
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_division_by_zero_is_traced)
{
    page_death_t death = death_by("fpe");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGFPE);
    CHECK_FRAMES(&death, "divide");
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_call_of_null_is_traced_to_its_caller)
{
    page_death_t death = death_by("null");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGSEGV);
    ck_assert_uint_eq(death.address, 0);
    CHECK_FRAMES(&death, "call_null");
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_crash_in_a_callback_of_libc_is_traced_through_it)
{
    page_death_t death = death_by("qsort");
    check_task_death(&death);
    CHECK_FRAMES(&death, "compare", "crash_in_qsort");
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_stack_overflow_is_named_as_such)
{
    page_death_t death = death_by("overflow");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGSEGV);
    ck_assert_uint_eq(death.stack_overflow, 1);
    CHECK_FRAMES(&death, "recurse", "recurse", "recurse");
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(an_overflow_by_one_large_frame_is_named_as_such)
{
    page_death_t death = death_by("large");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGSEGV);
    ck_assert_uint_eq(death.stack_overflow, 1);
    CHECK_FRAMES(&death, "overflow_at_once");
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(an_exit_in_a_task_is_traced_and_its_output_kept)
{
    page_death_t death = death_by("exit");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, 0);
    ck_assert_int_eq(death.status, 3);
    ck_assert_str_eq(death.output, "before the end");
    ck_assert_ptr_nonnull(strstr(death.trace, "crashing_worker"));
#ifdef HAVE_LIBDW
    ck_assert_ptr_nonnull(strstr(death.trace, "\tcall_exit\n"));
#endif
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_crash_of_another_thread_is_traced)
{
    page_death_t death = death_by("thread");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGSEGV);
    CHECK_FRAMES(&death, "store_nowhere", "run_thread");
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_killed_worker_leaves_its_task_but_no_trace)
{
    page_death_t death = death_by("kill");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGKILL);
    ck_assert_uint_eq(death.frames, 0);
    ck_assert_str_eq(death.trace, "");
    ck_assert_uint_eq(death.peak_memory, 0); // the worker had not begun to measure it
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_killed_worker_had_so_much_memory_when_its_task_was_measured)
{
    page_death_t death = death_by("fill");
    check_task_death(&death);
    ck_assert_int_eq(death.signal, SIGKILL);
    ck_assert_uint_ge(death.peak_memory, 64 << 20);
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(the_last_words_are_drained_from_both_pipes)
{
    static const char end[] = "xxx\nthe last words\n";
    page_death_t death = death_by("talk");
    size_t length = strlen(death.output);
    ck_assert_uint_eq(length, PAGE_TEXT - 1);
    ck_assert_str_eq(death.output + length - strlen(end), end);
    ck_assert_str_eq(death.errors, "and of stderr\n");
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(what_a_task_had_started_dies_with_its_worker)
{
    page_death_t death = death_by("leave");
    pid_t left = (pid_t) strtol(death.output, NULL, 10);
    ck_assert_int_gt(left, 1);
    int fd = pidfd_open(left, 0); // -1: it is gone already
    struct pollfd end = {.fd = fd, .events = POLLIN};
    ck_assert_msg(fd < 0 || poll(&end, 1, 10000) == 1, "process %d is still there", (int) left);
    if (fd >= 0)
        close(fd);
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(each_death_of_a_row_is_reported_once)
{
    start_nanny("segv,abort,kill,wait");
    ck_assert_uint_eq(next_report().death.epoch, 0);
    const int signals[] = {SIGSEGV, SIGABRT, SIGKILL};
    for (uint32_t i = 0; i < 3; i++) {
        page_t page = next_report();
        ck_assert_uint_eq(page.epoch, i + 2);
        ck_assert_uint_eq(page.death.epoch, i + 1);
        ck_assert_uint_eq(page.death.item, i + 1);
        ck_assert_int_eq(page.death.signal, signals[i]);
    }
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_death_that_was_not_reported_outlives_the_next_one)
{
    start_nanny("segv,early,early,wait");
    next_report();
    page_t page = next_report();
    ck_assert_uint_eq(page.epoch, 4);
    ck_assert_uint_eq(page.death.epoch, 1);
    ck_assert_int_eq(page.death.signal, SIGSEGV);
    ck_assert_uint_eq(page.death.span, 41);
    ck_assert_uint_eq(page.death.idle_deaths, 2);
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(five_idle_deaths_make_a_pause_and_a_line_in_the_log)
{
    start_nanny("idle,idle,idle,idle,idle,wait");
    for (uint32_t i = 0; i < 6; i++)
        ck_assert_uint_eq(next_report().death.idle_deaths, i);
    ck_assert_int_eq(stop_nanny(), 0);
    char log[2048];
    read_log(log);
    ck_assert_ptr_nonnull(strstr(log, "engine 3: its worker died 5 times in a minute with no "
                                      "task running (exit status 5; last words: no such library)"));
}
END_TEST

START_TEST(a_pausing_nanny_still_ends_at_once)
{
    nanny_options_t options = make_options();
    options.retry_ms = 1000 * DEADLINE_MS;
    start_nanny_with("idle", &options);
    for (int i = 0; i < 5; i++) next_report();
    char line[64];
    ck_assert_int_gt(read(fixture.log, line, sizeof line), 0); // it has said that it waits
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(a_refused_worker_ends_the_nanny_with_1)
{
    start_nanny("refused");
    ck_assert_int_eq(await_nanny(), 1);
}
END_TEST

START_TEST(a_worker_that_cannot_be_executed_ends_the_nanny_with_1)
{
    nanny_options_t options = make_options();
    options.program = "/nonexistent/ipengine-worker";
    start_nanny_with("wait", &options);
    ck_assert_int_eq(await_nanny(), 1);
    char log[2048];
    read_log(log);
    ck_assert_str_eq(log, "engine 3: cannot execute /nonexistent/ipengine-worker: "
                          "No such file or directory\n");
}
END_TEST

START_TEST(a_worker_that_ends_in_order_ends_the_nanny_with_0)
{
    start_nanny("end");
    ck_assert_int_eq(await_nanny(), 0);
}
END_TEST

START_TEST(a_user_signal_is_sent_on)
{
    start_nanny("segv,wait");
    next_report();
    page_t page = next_report();
    char path[128];
    snprintf(path, sizeof path, "%s/" PAGE_NAME_FORMAT, fixture.shm, ID);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    page_t *shared = page_map(fd, NULL);
    ck_assert_ptr_nonnull(shared);
    ck_assert_int_eq(page.engine, ID);
    shared->ready = 1; // as the worker is about to say itself
    kill(fixture.nanny, SIGUSR1);
    ck_assert_int_eq(await_nanny(), 0);
    ck_assert_int_eq(shared->pid, 0);
    page_close(&shared);
    close(fd);
}
END_TEST

START_TEST(a_worker_that_does_not_end_is_killed)
{
    start_nanny("stubborn");
    next_report();
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(without_a_supervisor_it_ends)
{
    pid_t supervisor = fork();
    if (supervisor == 0)
        for (;;) pause();
    nanny_options_t options = make_options();
    options.supervisor = supervisor;
    start_nanny_with("wait", &options);
    next_report();
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    ck_assert_int_eq(await_nanny(), 0);
}
END_TEST

START_TEST(a_second_nanny_of_one_engine_is_refused)
{
    start_nanny("wait");
    next_report();
    ipc_error_t error;
    nanny_options_t options = make_options();
    ck_assert_ptr_null(nanny_new(&options, &error));
    ck_assert_int_eq(error.code, IPC_E_BUSY);
    ck_assert_ptr_nonnull(strstr(error.text, "serves this engine already"));
    ck_assert_int_eq(stop_nanny(), 0);
}
END_TEST

START_TEST(the_worker_of_a_killed_nanny_is_reported_by_the_next_one)
{
    start_nanny("wait");
    page_t first = next_report();
    char path[128];
    snprintf(path, sizeof path, "%s/" PAGE_NAME_FORMAT, fixture.shm, ID);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    page_t *shared = page_map(fd, NULL);
    ck_assert_ptr_nonnull(shared);
    while (shared->pid == 0) poll(NULL, 0, 1); // its nanny has not come to it: what was never there is not buried
    shared->span = 99;                         // as if a task ran
    shared->running = 1;
    kill(fixture.nanny, SIGKILL);
    waitpid(fixture.nanny, NULL, 0);

    start_nanny("wait");
    page_t page = next_report();
    ck_assert_uint_eq(page.epoch, first.epoch + 1);
    ck_assert_uint_eq(page.death.epoch, first.epoch);
    ck_assert_int_eq(page.death.signal, SIGKILL);
    ck_assert_uint_eq(page.death.span, 99);
    ck_assert_int_eq(stop_nanny(), 0);
    page_close(&shared);
    close(fd);
}
END_TEST

START_TEST(a_page_that_others_may_read_is_refused)
{
    char path[128];
    snprintf(path, sizeof path, "%s/" PAGE_NAME_FORMAT, fixture.shm, ID);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    fchmod(fd, 0644);
    close(fd);
    ipc_error_t error;
    ck_assert_ptr_null(page_open(fixture.shm, ID, &fd, &error));
    ck_assert_int_eq(error.code, IPC_E_PERMISSION);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_bad_pointer_is_traced_to_its_function,
        an_abort_is_traced_below_libc,
        a_division_by_zero_is_traced,
        a_call_of_null_is_traced_to_its_caller,
        a_crash_in_a_callback_of_libc_is_traced_through_it,
        a_stack_overflow_is_named_as_such,
        an_overflow_by_one_large_frame_is_named_as_such,
        an_exit_in_a_task_is_traced_and_its_output_kept,
        a_crash_of_another_thread_is_traced,
        a_killed_worker_leaves_its_task_but_no_trace,
        a_killed_worker_had_so_much_memory_when_its_task_was_measured,
        the_last_words_are_drained_from_both_pipes,
        what_a_task_had_started_dies_with_its_worker,
        each_death_of_a_row_is_reported_once,
        a_death_that_was_not_reported_outlives_the_next_one,
        five_idle_deaths_make_a_pause_and_a_line_in_the_log,
        a_pausing_nanny_still_ends_at_once,
        a_refused_worker_ends_the_nanny_with_1,
        a_worker_that_cannot_be_executed_ends_the_nanny_with_1,
        a_worker_that_ends_in_order_ends_the_nanny_with_0,
        a_user_signal_is_sent_on,
        a_worker_that_does_not_end_is_killed,
        without_a_supervisor_it_ends,
        a_second_nanny_of_one_engine_is_refused,
        the_worker_of_a_killed_nanny_is_reported_by_the_next_one,
        a_page_that_others_may_read_is_refused,
    };
    TCase *all = tcase_create("nanny");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_set_timeout(all, 30);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(all, tests[i]);
    return run_suite("nanny", all);
}
