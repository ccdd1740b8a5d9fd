//  Processes that live and do not answer: a stopped worker, its nanny, the controller. Beside a cluster that suspects
//  engines after 0.1 s and loses them after 0.3 s.
#include "e2e_support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

//  Each run of a task leaves a line with its number.
static void leave_mark(const char *path, int number)
{
    char line[16];
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    (void) !write(file, line, (size_t) snprintf(line, sizeof line, "%d\n", number));
    close(file);
}

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int, my_pid, (void)) { return getpid(); }
IPC_REMOTE(int64_t, engine_at, (const char *marks, const char *gate))
{
    leave_mark(marks, (int) ipc_engine_id());
    gate_await(gate);
    return ipc_engine_id();
}
IPC_REMOTE(int, mark, (int number))
{
    leave_mark(ipc_value_str(ipc_ns_get("marks")), number);
    usleep(200);
    return number;
}
// clang-format on

static pid_t pid_of(session_t *s, const char *engine)
{
    return (pid_t) ipc_result_i64(ipc_apply_sync(view_of(s, engine), my_pid), 0);
}

static void send(pid_t pid, int signal)
{
    ck_assert_int_eq(kill(pid, signal), 0);
}

//  Waits until `ipcluster status` has a line with these words.
static void await_status(const char *words)
{
    double until = now() + 10;
    for (bool shown = false; !shown;) {
        char *text = ipcluster_prints(0, "status", NULL);
        shown = strstr(text, words) != NULL;
        ck_assert_msg(shown || now() < until, "no '%s' in\n%s", words, text);
        free(text);
    }
}

//  How often each number stands in a file of marks.
static void count_marks(const char *path, int *counts, int count)
{
    memset(counts, 0, (size_t) count * sizeof counts[0]);
    FILE *file = fopen(path, "r");
    for (int number; file && fscanf(file, "%d", &number) == 1;) counts[number]++;
    if (file)
        fclose(file);
}

//  Submits a task that waits at a gate, and waits until it runs; gives the engine.
static int begin_gated(ipc_view_t *view, uint32_t retries, const gate_t *gate, ipc_result_t **result)
{
    char path[80];
    int counts[ENGINES], engine = -1;
    snprintf(path, sizeof path, "%s/marks", gate->folder);
    *result = ipc_apply_with(view, &(ipc_options_t){.retries = retries}, engine_at, (const char *) path,
                             (const char *) gate->path);
    while (engine < 0) {
        count_marks(path, counts, ENGINES);
        for (int i = 0; i < ENGINES; i++) engine = counts[i] ? i : engine;
    }
    return engine;
}

static void end_gated(gate_t *gate)
{
    char path[80];
    snprintf(path, sizeof path, "%s/marks", gate->folder);
    unlink(path);
    gate_remove(gate);
}

//  The pid of the nanny of an engine.
static pid_t parent_of(pid_t worker)
{
    char path[64];
    pid_t parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int) worker);
    FILE *file = fopen(path, "r");
    ck_assert(file && fscanf(file, "%*d (%*[^)]) %*c %d", &parent) == 1);
    fclose(file);
    return parent;
}

START_TEST(an_engine_that_does_not_answer_gets_no_more_work)
{
    session_t s = session_open();
    ipc_push(s.all, "kept", 5);
    pid_t pid = pid_of(&s, "1");
    send(pid, SIGSTOP);
    await_status("suspected: it does not answer, its process is stopped");
    for (int i = 0; i < 20; i++) ck_assert_int_ne(ipc_result_i64(ipc_apply_sync(s.any, my_id), 0), 1);
    send(pid, SIGCONT);
    assert_prints(ipc_pull(s.all, "kept"), "[5, 5, 5, 5]");
    ck_assert_int_eq(pid_of(&s, "1"), pid);
    session_close(&s);
}
END_TEST

//  What runs there ends with an error, what waits for it waits, and runs when it is back.
START_TEST(a_silent_engine_is_lost_and_comes_back_under_its_id)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_push(s.all, "kept", 5);
    pid_t pid = pid_of(&s, "1");
    ipc_view_t *one = view_of(&s, "1");
    ipc_result_t *runs, *waits;
    ck_assert_int_eq(begin_gated(one, 0, &gate, &runs), 1);
    waits = ipc_apply(one, my_id);
    send(pid, SIGSTOP);
    assert_fails(runs, "engine 1 has not answered for 0.3 s while it ran engine_at");
    ck_assert_int_eq(ipc_result_error(runs)->code, IPC_E_ENGINE_LOST);
    ck_assert_str_eq(ipc_result_error(runs)->kind, "EngineLost");
    await_status("lost: it does not answer, its process is stopped");
    char *sentence = ipc_client_explain(s.client, ipc_result_id(waits), NULL);
    ck_assert_ptr_nonnull(sentence);
    assert_shows(sentence, "it waits for engine 1, which is away");
    assert_prints(ipc_apply_sync(view_of(&s, "0,2,3"), my_id), "[0, 2, 3]");
    send(pid, SIGCONT);
    gate_open(&gate); // its result is late, and nobody's
    assert_prints(waits, "1");
    assert_prints(ipc_pull(one, "kept"), "5");
    ck_assert_int_eq(pid_of(&s, "1"), pid);
    end_gated(&gate);
    session_close(&s);
}
END_TEST

START_TEST(retries_run_on_another_engine_and_the_late_result_is_dropped)
{
    session_t s = session_open();
    pid_t processes[ENGINES];
    ipc_result_t *all = ipc_apply_sync(s.all, my_pid);
    for (size_t i = 0; i < ENGINES; i++) processes[i] = (pid_t) ipc_result_i64(all, i);
    gate_t gate = gate_new();
    char path[80], name[4];
    int counts[ENGINES];
    ipc_result_t *r;
    snprintf(path, sizeof path, "%s/marks", gate.folder);
    int first = begin_gated(s.any, 1, &gate, &r);
    pid_t pid = processes[first];
    send(pid, SIGSTOP);
    for (int begun = 1; begun < 2;) {
        count_marks(path, counts, ENGINES);
        begun = 0;
        for (int i = 0; i < ENGINES; i++) begun += counts[i];
    }
    send(pid, SIGCONT);
    gate_open(&gate);
    assert_ok(r);
    ck_assert_int_ne(ipc_result_i64(r, 0), first);
    snprintf(name, sizeof name, "%d", first);
    ck_assert_int_eq(ipc_result_i64(ipc_apply_sync(view_of(&s, name), my_id), 0), first);
    end_gated(&gate);
    session_close(&s);
}
END_TEST

//  In the midst of many small tasks: each is started once at most, however late the engine wakes.
START_TEST(no_task_of_a_silent_engine_is_started_twice)
{
    enum { TASKS = 4000 };
    static int counts[TASKS];
    session_t s = session_open();
    gate_t gate = gate_new();
    char path[80];
    snprintf(path, sizeof path, "%s/marks", gate.folder);
    ipc_push(s.all, "marks", (const char *) path);
    pid_t pid = pid_of(&s, "2");
    ipc_result_t *r = ipc_map_with(s.any, mark, ipc_range(0, TASKS), &(ipc_options_t){.chunk = 1});
    for (int done = 0; done < TASKS / 10;) {
        count_marks(path, counts, TASKS);
        done = 0;
        for (int i = 0; i < TASKS; i++) done += counts[i];
    }
    send(pid, SIGSTOP);
    ck_assert(ipc_result_wait(r, 20000));
    send(pid, SIGCONT);
    assert_prints(ipc_apply_sync(view_of(&s, "2"), my_id), "2");
    count_marks(path, counts, TASKS);
    int lost = 0;
    for (size_t i = 0; i < TASKS; i++) {
        const ipc_error_t *error = ipc_result_error_at(r, i);
        ck_assert_int_le(counts[i], 1);
        ck_assert(error || counts[i] == 1);
        ck_assert(!error || error->code == IPC_E_ENGINE_LOST || error->code == IPC_E_RESULT_LOST);
        lost += error != NULL;
    }
    printf("%d of %d tasks lost\n", lost, TASKS);
    unlink(path);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  A stopped nanny is not missed until its worker dies; then the engine is back when the nanny is.
START_TEST(a_stopped_nanny_does_no_harm)
{
    session_t s = session_open();
    pid_t worker = pid_of(&s, "3"), nanny = parent_of(worker);
    send(nanny, SIGSTOP);
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    ipc_result_t *r = ipc_apply(view_of(&s, "3"), my_pid);
    assert_ok(r);
    send(worker, SIGKILL);
    ipc_result_t *waits = ipc_apply(view_of(&s, "3"), my_pid);
    assert_prints(ipc_apply_sync(view_of(&s, ":3"), my_id), "[0, 1, 2]");
    ck_assert(!ipc_result_wait(waits, 0));
    send(nanny, SIGCONT);
    ck_assert_int_ne(ipc_result_i64(waits, 0), worker);
    session_close(&s);
}
END_TEST

START_TEST(a_killed_nanny_is_replaced_and_the_engine_keeps_its_id)
{
    session_t s = session_open();
    pid_t worker = pid_of(&s, "3"), nanny = parent_of(worker);
    gate_t gate = gate_new();
    ipc_result_t *runs, *waits;
    begin_gated(view_of(&s, "3"), 0, &gate, &runs);
    waits = ipc_apply(view_of(&s, "3"), my_pid);
    send(nanny, SIGKILL);
    ck_assert(!ipc_result_ok(runs));
    ck_assert_str_eq(ipc_result_error(runs)->kind, "SIGKILL");
    ck_assert_int_ne(ipc_result_i64(waits, 0), worker);
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]");
    end_gated(&gate);
    session_close(&s);
}
END_TEST

//  Nobody fell silent while it was not there to listen.
START_TEST(a_controller_that_was_stopped_loses_no_engine)
{
    session_t s = session_open();
    ipc_push(s.all, "kept", 5);
    pid_t pid = process_named("ipcd");
    send(pid, SIGSTOP);
    usleep(500000); // longer than any engine may be silent; there is nothing to wait for
    send(pid, SIGCONT);
    ipc_result_t *r = ipc_pull(s.all, "kept");
    assert_prints(r, "[5, 5, 5, 5]");
    ipc_queue_status_t *status = ipc_client_queue_status(s.client, 10000, NULL);
    ck_assert_ptr_nonnull(status);
    for (size_t i = 0; i < status->count; i++) ck_assert(status->engines[i].ready);
    ipc_queue_status_destroy(&status);
    session_close(&s);
}
END_TEST

//  A wait for a controller that is there and does nothing.
START_TEST(waits_end_when_the_controller_does_not_answer)
{
    setenv("IPC_CONTROLLER_TIMEOUT", "0.2", 1);
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r, *other;
    begin_gated(s.one, 0, &gate, &r);
    other = ipc_apply(view_of(&s, "1:"), my_id); // nobody waits for this one
    ck_assert(!ipc_result_wait(r, 500)); // while it answers, waits may be long
    pid_t pid = process_named("ipcd");
    send(pid, SIGSTOP);
    double start = now();
    if (_i)
        while (!ipc_result_wait(r, 50)) ck_assert_double_lt(now() - start, 5); // many short waits are a long one
    assert_fails(r, "has not answered for 0.2 s: its process is stopped");
    ck_assert_double_lt(now() - start, 5);
    ck_assert_int_eq(ipc_result_error(r)->code, IPC_E_CONNECTION);
    ck_assert(ipc_result_wait(other, 0));
    send(pid, SIGCONT);
    gate_open(&gate);
    assert_prints(ipc_apply_sync(s.all, my_id), "[0, 1, 2, 3]"); // connected again
    end_gated(&gate);
    session_close(&s);
}
END_TEST

//  A program that waits for nothing learns of it too, once it has work under way; and one that was stopped itself hears
//  what came meanwhile.
START_TEST(the_library_listens_while_the_program_computes)
{
    setenv("IPC_CONTROLLER_TIMEOUT", "0.2", 1);
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r;
    begin_gated(s.one, 0, &gate, &r);
    int fd = ipc_result_fd(r);
    pid_t pid = process_named("ipcd");
    send(pid, SIGSTOP);
    struct pollfd done = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&done, 1, 5000), 1);
    send(pid, SIGCONT);
    assert_fails(r, "has not answered for 0.2 s");
    gate_open(&gate);
    end_gated(&gate);
    session_close(&s);
}
END_TEST

//  A number behind these words in what `ipcluster status` says.
static long status_number(const char *words)
{
    char *text = ipcluster_prints(0, "status", NULL);
    const char *found = strstr(text, words);
    ck_assert_msg(found != NULL, "no '%s' in\n%s", words, text);
    long number = strtol(found + strlen(words), NULL, 10);
    free(text);
    return number;
}

//  A cluster of this test's own, of one engine.
static void start_another(const char *name)
{
    char id[32];
    snprintf(id, sizeof id, "%s%d", name, (int) getpid());
    setenv("IPC_CLUSTER_ID", id, 1);
    free(ipcluster_prints(0, "start", "-n", "1", "--daemonize", NULL));
}

static long await_another_worker(long before)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *one = ipc_direct_view(client, "0", &error);
    long pid = before;
    for (double until = now() + 10; pid == before;) {
        ck_assert_double_lt(now(), until);
        pid = (long) ipc_result_i64(ipc_apply_sync(one, my_pid), 0); // it waits while there is none
    }
    ipc_client_destroy(&client);
    return pid;
}

START_TEST(an_engine_that_dies_again_and_again_is_left_for_a_while_and_status_says_so)
{
    start_another("loop");
    long pid = await_another_worker(0);
    for (int i = 1; i < 5; i++) {
        send((pid_t) pid, SIGKILL);
        pid = await_another_worker(pid);
    }
    send((pid_t) pid, SIGKILL);
    await_status("engine 0: starting: its worker died 5 times in a minute with no task running (signal 9); it is tried "
                 "again each 10 s");
    free(ipcluster_prints(0, "stop", NULL));
}
END_TEST

//  Nobody takes over.
START_TEST(all_end_when_the_supervisor_is_killed)
{
    if (!getenv("IPC_LONG_TESTS"))
        return; // it takes ten seconds
    start_another("orphan");
    pid_t controller = (pid_t) status_number("controller: pid "), worker = (pid_t) status_number("engine 0: pid ");
    pid_t nanny = parent_of(worker);
    send((pid_t) status_number("supervisor: pid "), SIGKILL);
    double start = now();
    while (now() - start < 15 && (!kill(controller, 0) || !kill(worker, 0) || !kill(nanny, 0))) usleep(50000);
    ck_assert_double_lt(now() - start, 12);
    free(ipcluster_prints(0, "clean", NULL));
}
END_TEST

START_TEST(a_timeout_that_makes_no_sense_is_refused)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    setenv("IPC_CONTROLLER_TIMEOUT", "soon", 1);
    ck_assert_ptr_null(ipc_client_new(NULL, &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_str_eq(error.text, "IPC_CONTROLLER_TIMEOUT takes seconds from 0.001 to 86400, or 0 for never, not "
                                 "\"soon\"");
    free(ipcluster_prints(2, "start", "-n", "1", "--suspect-after", "3", "--lose-after", "2", NULL));
    assert_shows(ipcluster_prints(2, "start", "-n", "1", "--lose-after", "-1", NULL), "--lose-after takes seconds");
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_controller_that_was_stopped_loses_no_engine);
    tcase_add_test(tests, an_engine_that_does_not_answer_gets_no_more_work);
    tcase_add_test(tests, a_silent_engine_is_lost_and_comes_back_under_its_id);
    tcase_add_test(tests, retries_run_on_another_engine_and_the_late_result_is_dropped);
    tcase_add_test(tests, no_task_of_a_silent_engine_is_started_twice);
    tcase_add_test(tests, a_stopped_nanny_does_no_harm);
    tcase_add_loop_test(tests, waits_end_when_the_controller_does_not_answer, 0, 2);
    tcase_add_test(tests, the_library_listens_while_the_program_computes);
    tcase_add_test(tests, an_engine_that_dies_again_and_again_is_left_for_a_while_and_status_says_so);
    tcase_add_test(tests, all_end_when_the_supervisor_is_killed);
    tcase_add_test(tests, a_timeout_that_makes_no_sense_is_refused);
    tcase_add_test(tests, a_killed_nanny_is_replaced_and_the_engine_keeps_its_id);
}

int main(void)
{
    return e2e_main("silence", add);
}
