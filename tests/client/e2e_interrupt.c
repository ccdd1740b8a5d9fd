//  Ctrl-C while a program waits: on a terminal, where it is typed, and in programs that catch it for every wait.
#include "e2e_support.h"

#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 10000, TEXT_MAX = 1 << 16 };

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, pass_gate, (const char *path)) { gate_await(path); return 7; }
static void *idle_thread(void *unused) { for (;;) pause(); return unused; }
IPC_REMOTE(int64_t, threaded, (const char *path)) // cannot be interrupted, and ends with its gate
{
    pthread_t thread;
    pthread_create(&thread, NULL, idle_thread, NULL);
    while (access(path, F_OK) == 0) usleep(1000);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    return 0;
}
// clang-format on

//  --- Programs on a terminal -----------------------------------------------------------------------------------

//  A terminal with a program that runs there.
typedef struct terminal {
    pid_t pid;
    int fd;
    char text[TEXT_MAX];               // that it has shown
    size_t size, seen;                 // of it, that was waited for
} terminal_t;

typedef void program_fn(session_t *session, gate_t *gate);

//  The program is a client like any other: it inherits nothing of this one.
static void terminal_run(terminal_t *self, program_fn *program, gate_t *gate)
{
    *self = (terminal_t){.fd = -1};
    self->pid = forkpty(&self->fd, NULL, NULL, &(struct winsize){.ws_row = 24, .ws_col = 120});
    ck_assert_int_ge(self->pid, 0);
    if (self->pid > 0)
        return;
    signal(SIGINT, SIG_DFL);
    ck_assert_ptr_nonnull(freopen("/dev/tty", "w", stdout)); // by lines, as on a terminal from the start
    session_t session = session_open();
    program(&session, gate);
    session_close(&session);
    _exit(0);
}

//  Reads until the program has written this, after what was awaited before.
static void terminal_await(terminal_t *self, const char *words)
{
    struct pollfd more = {.fd = self->fd, .events = POLLIN};
    char *found;
    while (!(found = strstr(self->text + self->seen, words))) {
        ck_assert_msg(poll(&more, 1, WAIT_MS) == 1, "no '%s' in '%s'", words, self->text + self->seen);
        ssize_t got = read(self->fd, self->text + self->size, TEXT_MAX - 1 - self->size);
        ck_assert_msg(got > 0, "no '%s' in '%s', and it has ended", words, self->text + self->seen);
        self->size += (size_t) got;
    }
    self->seen = (size_t) (found - self->text) + strlen(words);
}

static void terminal_type(const terminal_t *self, char key)
{
    ck_assert_int_eq(write(self->fd, &key, 1), 1);
}

static void type_ctrl_c(const terminal_t *self)
{
    terminal_type(self, 3);
}

//  Waits for the program's end: its exit status, or the signal that ended it, negative.
static int terminal_end(terminal_t *self)
{
    char rest[256];
    while (read(self->fd, rest, sizeof rest) > 0) continue; // else it may wait for a reader
    int status = 0;
    ck_assert_int_eq(waitpid(self->pid, &status, 0), self->pid);
    close(self->fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

//  Waits until a process catches SIGINT, or does not.
static void await_caught(pid_t pid, bool wanted)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int) pid);
    for (double end = now() + WAIT_MS / 1000; now() < end; usleep(1000)) {
        unsigned long long mask = 0;
        FILE *file = fopen(path, "r");
        ck_assert_ptr_nonnull(file);
        while (fgets(line, sizeof line, file) && sscanf(line, "SigCgt: %llx", &mask) != 1) continue;
        fclose(file);
        if ((mask >> (SIGINT - 1) & 1) == wanted)
            return;
    }
    ck_abort_msg("SIGINT is %scaught", wanted ? "not " : "");
}

static void wait_then_read(session_t *session, gate_t *gate)
{
    ipc_result_t *r = ipc_apply(session->all, pass_gate, (const char *) gate->path);
    puts(ipc_result_wait_interactive(r) ? "all is done" : "it goes on");
    ck_assert(!ipc_result_wait(r, 0));
    gate_open(gate);
    ck_assert(ipc_result_wait_interactive(r));
    ipc_result_print(r, stdout);
}

START_TEST(ctrl_c_ends_the_wait_and_the_work_goes_on)
{
    gate_t gate = gate_new();
    terminal_t *terminal = malloc(sizeof *terminal);
    terminal_run(terminal, wait_then_read, &gate);
    terminal_await(terminal, "0/4");
    type_ctrl_c(terminal);
    terminal_await(terminal, "another Ctrl-C");
    terminal_await(terminal, "it goes on");
    terminal_await(terminal, "4/4");
    terminal_await(terminal, "[7, 7, 7, 7]");
    ck_assert_int_eq(terminal_end(terminal), 0);
    gate_remove(&gate);
    free(terminal);
}
END_TEST

static void wait_again(session_t *session, gate_t *gate)
{
    ipc_result_t *r = ipc_apply(session->all, pass_gate, (const char *) gate->path);
    while (!ipc_result_wait_interactive(r)) continue;
    ipc_result_print(r, stdout);
    ipc_result_print(ipc_apply(session->all, my_id), stdout);
}

START_TEST(a_second_ctrl_c_aborts_the_work)
{
    gate_t gate = gate_new();
    terminal_t *terminal = malloc(sizeof *terminal);
    terminal_run(terminal, wait_again, &gate);
    terminal_await(terminal, "0/4");
    type_ctrl_c(terminal);
    terminal_await(terminal, "another Ctrl-C");
    terminal_await(terminal, "0/4");
    type_ctrl_c(terminal);
    terminal_await(terminal, "4 failed");
    terminal_await(terminal, "[<TaskAborted>, <TaskAborted>, <TaskAborted>, <TaskAborted>]");
    terminal_await(terminal, "[0, 1, 2, 3]");
    ck_assert_int_eq(terminal_end(terminal), 0);
    gate_remove(&gate);
    free(terminal);
}
END_TEST

//  A reader waits for it the second time.
static void wait_then_display(session_t *session, gate_t *gate)
{
    ipc_result_t *r = ipc_apply(session->one, pass_gate, (const char *) gate->path);
    if (!ipc_result_wait_interactive(r))
        ipc_result_display(r, stdout);
}

START_TEST(readers_take_the_second_ctrl_c_too)
{
    gate_t gate = gate_new();
    terminal_t *terminal = malloc(sizeof *terminal);
    terminal_run(terminal, wait_then_display, &gate);
    terminal_await(terminal, "0/1");
    type_ctrl_c(terminal);
    terminal_await(terminal, "another Ctrl-C");
    await_caught(terminal->pid, true); // again
    type_ctrl_c(terminal);
    terminal_await(terminal, "TaskAborted");
    ck_assert_int_eq(terminal_end(terminal), 0);
    gate_remove(&gate);
    free(terminal);
}
END_TEST

static void wait_for_stubborn(session_t *session, gate_t *gate)
{
    ipc_result_t *r = ipc_apply(session->one, threaded, (const char *) gate->path);
    while (!ipc_result_wait_interactive(r)) continue;
    for (;;) pause();
}

START_TEST(a_third_ctrl_c_ends_the_program)
{
    gate_t gate = gate_new();
    terminal_t *terminal = malloc(sizeof *terminal);
    terminal_run(terminal, wait_for_stubborn, &gate);
    terminal_await(terminal, "0/1");
    type_ctrl_c(terminal);
    terminal_await(terminal, "another Ctrl-C");
    terminal_await(terminal, "0/1");
    type_ctrl_c(terminal);
    await_caught(terminal->pid, false);
    type_ctrl_c(terminal);
    ck_assert_int_eq(terminal_end(terminal), -SIGINT);
    gate_remove(&gate);
    free(terminal);
}
END_TEST

//  What is written to stderr goes on there; when the bar is full, Ctrl-C comes.
static ssize_t press_at_the_end(void *pressed, const char *text, size_t size)
{
    if (memmem(text, size, "4/4", 3) && !*(bool *) pressed) {
        *(bool *) pressed = true;
        raise(SIGINT);
    }
    return write(STDERR_FILENO, text, size);
}

static void wait_for_two(session_t *session, gate_t *gate)
{
    bool pressed = false;
    stderr = fopencookie(&pressed, "w", (cookie_io_functions_t){.write = press_at_the_end});
    ipc_result_t *first = ipc_apply(session->all, my_id);
    ck_assert(ipc_result_wait_interactive(first) && pressed);
    ipc_result_t *second = ipc_apply(session->all, pass_gate, (const char *) gate->path);
    ck_assert(!ipc_result_wait(second, 1)); // does not catch it
    puts(ipc_result_wait_interactive(second) ? "all is done" : "it goes on");
    gate_open(gate);
    ck_assert(ipc_result_wait_interactive(second));
    ipc_result_print(second, stdout);
}

START_TEST(one_that_comes_as_the_wait_is_over_ends_the_next)
{
    gate_t gate = gate_new();
    terminal_t *terminal = malloc(sizeof *terminal);
    terminal_run(terminal, wait_for_two, &gate);
    terminal_await(terminal, "it goes on");
    terminal_await(terminal, "[7, 7, 7, 7]");
    ck_assert_int_eq(terminal_end(terminal), 0);
    gate_remove(&gate);
    free(terminal);
}
END_TEST

static void wait_plainly(session_t *session, gate_t *gate)
{
    ipc_result_t *r = ipc_apply(session->all, pass_gate, (const char *) gate->path);
    puts("waits");
    ipc_result_wait(r, IPC_FOREVER);
}

START_TEST(other_waits_do_not_catch_it_unasked)
{
    gate_t gate = gate_new();
    terminal_t *terminal = malloc(sizeof *terminal);
    terminal_run(terminal, wait_plainly, &gate);
    terminal_await(terminal, "waits");
    type_ctrl_c(terminal);
    ck_assert_int_eq(terminal_end(terminal), -SIGINT);
    gate_open(&gate);
    gate_remove(&gate);
    free(terminal);
}
END_TEST

static volatile sig_atomic_t own_signals;

static void count_own(int number)
{
    (void) number;
    own_signals++;
    (void) !write(STDOUT_FILENO, "own\n", 4);
}

static void wait_with_own_handler(session_t *session, gate_t *gate)
{
    signal(SIGINT, count_own);
    ipc_client_catch_interrupts(session->client, true);
    ipc_result_t *r = ipc_apply(session->all, pass_gate, (const char *) gate->path);
    puts(ipc_result_wait_interactive(r) ? "all is done" : "it goes on");
    ipc_result_print(r, stdout);
}

START_TEST(a_program_with_a_handler_of_its_own_is_left_alone)
{
    gate_t gate = gate_new();
    terminal_t *terminal = malloc(sizeof *terminal);
    terminal_run(terminal, wait_with_own_handler, &gate);
    terminal_await(terminal, "0/4");
    type_ctrl_c(terminal);
    terminal_await(terminal, "own");
    terminal_await(terminal, "0/4");
    gate_open(&gate);
    terminal_await(terminal, "all is done");
    terminal_await(terminal, "[7, 7, 7, 7]");
    ck_assert_int_eq(terminal_end(terminal), 0);
    gate_remove(&gate);
    free(terminal);
}
END_TEST

//  --- Every wait of a client -----------------------------------------------------------------------------------

//  Sends SIGINT once that many threads wait: they sleep, and one of them has it caught.
typedef struct sender {
    pthread_t thread;
    pid_t waiters[2];
    atomic_int count;                  // of threads that are about to wait
    int wanted;
} sender_t;

static bool sleeps(pid_t thread)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int) thread);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    if (file)
        fclose(file);
    return state == 'S';
}

static bool all_wait(sender_t *self)
{
    if (atomic_load(&self->count) < self->wanted)
        return false;
    for (int i = 0; i < self->wanted; i++)
        if (!sleeps(self->waiters[i]))
            return false;
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    return action.sa_handler != SIG_DFL;
}

static void *send_signal(void *context)
{
    enum { LOOKS = 20 };               // that see the same: none sleeps on its way to the wait
    sender_t *self = context;
    for (int seen = 0; seen < LOOKS; usleep(1000)) seen = all_wait(self) ? seen + 1 : 0;
    kill(getpid(), SIGINT);
    return NULL;
}

//  One SIGINT, when that many threads wait.
static void sender_start(sender_t *self, int wanted)
{
    *self = (sender_t){.wanted = wanted};
    ck_assert_int_eq(pthread_create(&self->thread, NULL, send_signal, self), 0);
}

//  This thread will wait.
static void sender_await_me(sender_t *self, int place)
{
    self->waiters[place] = gettid();
    atomic_fetch_add(&self->count, 1);
}

//  One SIGINT during the wait that follows; sender_end() after it.
static void send_once(sender_t *self)
{
    sender_start(self, 1);
    sender_await_me(self, 0);
}

static void sender_end(sender_t *self)
{
    pthread_join(self->thread, NULL);
}

static session_t catching_session(void)
{
    signal(SIGINT, SIG_DFL);
    session_t s = session_open();
    ipc_client_catch_interrupts(s.client, true);
    return s;
}

static void assert_interrupted(const ipc_error_t *error)
{
    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error->code, IPC_E_INTERRUPTED);
    ck_assert_str_eq(error->kind, "WaitInterrupted");
}

START_TEST(a_sync_call_returns_its_result_and_the_next_reader_waits)
{
    session_t s = catching_session();
    gate_t gate = gate_new();
    sender_t sender;
    send_once(&sender);
    ipc_result_t *r = ipc_apply_sync(s.all, pass_gate, (const char *) gate.path);
    sender_end(&sender);
    ck_assert(!ipc_result_wait(r, 0));
    ck_assert_uint_eq(ipc_result_done(r), 0);
    gate_open(&gate);
    assert_prints(r, "[7, 7, 7, 7]");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

static bool asks_ok(ipc_result_t *r) { return !ipc_result_ok(r); }
static bool asks_error(ipc_result_t *r) { return ipc_result_error(r)->code == IPC_E_INTERRUPTED; }
static bool asks_error_at(ipc_result_t *r) { return ipc_result_error_at(r, 1)->code == IPC_E_INTERRUPTED; }
static bool asks_i64(ipc_result_t *r) { return ipc_result_i64(r, 2) == 0; }
static bool asks_joined(ipc_result_t *r) { return !ipc_result_joined(r); }
static bool asks_next(ipc_result_t *r) { return !ipc_result_next(r); }
static bool asks_item(ipc_result_t *r) { return !ipc_result_item(r, 0); }
static bool asks_wall_time(ipc_result_t *r) { return ipc_result_wall_time(r) == 0; }
static bool asks_first(ipc_result_t *r) { return !ipc_result_wait_for(r, IPC_FIRST_DONE, IPC_FOREVER); }
static bool asks_any(ipc_result_t *r) { return ipc_wait_any(&r, 1, IPC_FOREVER) == -1; }
static bool asks_published(ipc_result_t *r) { return !ipc_result_wait_published(r, IPC_FOREVER); }
static bool asks_engine(ipc_result_t *r)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    return ipc_result_by_engine(r, 0, &error) == -1 && error.code == IPC_E_INTERRUPTED;
}

static bool shows(ipc_result_t *r, void (*show)(ipc_result_t *r, FILE *stream), const char *words)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    show(r, stream);
    fclose(stream);
    bool found = strstr(text, words);
    free(text);
    return found;
}

static bool asks_print(ipc_result_t *r)
{
    return shows(r, ipc_result_print, "[<WaitInterrupted>, <WaitInterrupted>, <WaitInterrupted>, <WaitInterrupted>]\n");
}

static bool asks_display(ipc_result_t *r) { return shows(r, ipc_result_display, "interrupted"); }
static bool asks_stream(ipc_result_t *r) { return shows(r, ipc_result_stream, "interrupted"); }

START_TEST(every_reader_gives_what_a_position_without_a_result_gives)
{
    static bool (*const readers[])(ipc_result_t *r) = {
        asks_ok,        asks_error, asks_error_at, asks_i64, asks_joined,    asks_next,   asks_item,
        asks_wall_time, asks_first, asks_any,      asks_published, asks_engine, asks_print, asks_display,
        asks_stream};
    session_t s = catching_session();
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        gate_t gate = gate_new();
        ipc_result_t *r = ipc_apply(s.all, pass_gate, (const char *) gate.path);
        sender_t sender;
        send_once(&sender);
        ck_assert_msg(readers[i](r), "reader %zu", i);
        sender_end(&sender);
        gate_open(&gate);
        assert_prints(r, "[7, 7, 7, 7]"); // what was read before is not what it stays
        ck_assert(ipc_result_ok(r));
        gate_remove(&gate);
    }
    session_close(&s);
}
END_TEST

START_TEST(waits_of_no_result_end_with_an_error_each_time)
{
    session_t s = catching_session();
    for (int i = 0; i < 3; i++) {
        ipc_error_t error = {.code = IPC_E_NONE};
        sender_t sender;
        send_once(&sender);
        ck_assert_int_eq(ipc_client_wait(s.client, 99, IPC_FOREVER, &error), -1);
        sender_end(&sender);
        assert_interrupted(&error);
    }
    assert_prints(ipc_apply(s.all, my_id), "[0, 1, 2, 3]");
    session_close(&s);
}
END_TEST

START_TEST(results_of_several_clients_are_waited_for_until_it)
{
    session_t s = catching_session(), other = session_open();
    gate_t gate = gate_new();
    ipc_result_t *results[] = {ipc_apply(s.one, pass_gate, (const char *) gate.path),
                               ipc_apply(view_of(&other, "1"), pass_gate, (const char *) gate.path)};
    sender_t sender;
    send_once(&sender);
    ck_assert_int_eq(ipc_wait_any(results, 2, IPC_FOREVER), -1);
    sender_end(&sender);
    gate_open(&gate);
    ck_assert_int_ge(ipc_wait_any(results, 2, IPC_FOREVER), 0);
    for (int i = 0; i < 2; i++) assert_prints(results[i], "7");
    gate_remove(&gate);
    session_close(&other);
    session_close(&s);
}
END_TEST

//  A thread that waits for a result.
typedef struct waiter {
    pthread_t thread;
    sender_t *sender;
    int place;
    ipc_result_t *result;
    bool met;
} waiter_t;

static void *wait_in_thread(void *context)
{
    waiter_t *self = context;
    sender_await_me(self->sender, self->place);
    self->met = ipc_result_wait(self->result, IPC_FOREVER);
    return NULL;
}

//  One of them is at the socket, the other waits for it.
START_TEST(one_ctrl_c_ends_the_waits_of_all_threads)
{
    session_t s = catching_session();
    gate_t gate = gate_new();
    sender_t sender;
    waiter_t waiters[2];
    sender_start(&sender, 2);
    for (int i = 0; i < 2; i++) {
        waiters[i] = (waiter_t){.sender = &sender, .place = i,
                                .result = ipc_apply(view_of(&s, i ? "1" : "0"), pass_gate, (const char *) gate.path)};
        ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL, wait_in_thread, &waiters[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(waiters[i].thread, NULL);
        ck_assert(!waiters[i].met);
        ck_assert(!ipc_result_wait(waiters[i].result, 0));
    }
    sender_end(&sender);
    gate_open(&gate);
    for (int i = 0; i < 2; i++) assert_prints(waiters[i].result, "7");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(the_second_for_one_result_aborts_it)
{
    session_t s = catching_session();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply(s.all, pass_gate, (const char *) gate.path);
    ipc_result_t *part = ipc_result_slice(r, 0, 2);
    sender_t sender;
    send_once(&sender);
    ck_assert(!ipc_result_wait(part, IPC_FOREVER));
    sender_end(&sender);
    send_once(&sender);
    ck_assert_str_eq(ipc_result_error_at(part, 1)->kind, "TaskAborted");
    sender_end(&sender);
    ck_assert(!ipc_result_wait(r, 0)); // and that part alone
    gate_open(&gate);
    ck_assert_int_eq(ipc_result_i64(r, 3), 7);
    ck_assert(!ipc_result_ok(r));
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, ctrl_c_ends_the_wait_and_the_work_goes_on);
    tcase_add_test(tests, a_second_ctrl_c_aborts_the_work);
    tcase_add_test(tests, readers_take_the_second_ctrl_c_too);
    tcase_add_test(tests, a_third_ctrl_c_ends_the_program);
    tcase_add_test(tests, one_that_comes_as_the_wait_is_over_ends_the_next);
    tcase_add_test(tests, other_waits_do_not_catch_it_unasked);
    tcase_add_test(tests, a_program_with_a_handler_of_its_own_is_left_alone);
    tcase_add_test(tests, a_sync_call_returns_its_result_and_the_next_reader_waits);
    tcase_add_test(tests, every_reader_gives_what_a_position_without_a_result_gives);
    tcase_add_test(tests, waits_of_no_result_end_with_an_error_each_time);
    tcase_add_test(tests, results_of_several_clients_are_waited_for_until_it);
    tcase_add_test(tests, one_ctrl_c_ends_the_waits_of_all_threads);
    tcase_add_test(tests, the_second_for_one_result_aborts_it);
}

int main(void)
{
    return e2e_main("interrupt", add_tests);
}
