//  What the cluster remembers of tasks, how its queues stand, and results that outlive their client.
#include "e2e_support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t i)) { return i * i; }
IPC_REMOTE(double, root, (double x))
{
    if (x < 0)
        ipc_raise("DomainError", "no real root of %g", x);
    return x;
}
//  Runs until somebody has opened the pipe of this name, so that what is running is known.
IPC_REMOTE(int, wait_for, (const char *path)) { gate_await(path); return ipc_engine_id() >= 0; }
IPC_REMOTE(int, touch, (const char *path)) { close(open(path, O_CREAT | O_WRONLY, 0600)); return 7; }
IPC_REMOTE(ipc_array_t *, ones, (int64_t n))
{
    size_t count = (size_t) n;
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, &count, NULL);
    for (size_t i = 0; i < count; i++) ipc_array_f64(x)[i] = 1;
    return x;
}
// clang-format on

START_TEST(a_task_is_remembered_with_all_that_is_known_of_it)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_with_sync(view_of(&s, "2"), &(ipc_options_t){.label = "one square"}, square, 12);
    assert_ok(r);
    ck_assert_uint_ne(ipc_result_id(r), 0);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.id = ipc_result_id(r)});
    ck_assert_uint_eq(ipc_history_count(history), 1);
    const ipc_task_t *task = ipc_history_at(history, 0);
    ck_assert_uint_eq(task->id, ipc_result_id(r));
    ck_assert_uint_eq(task->count, 1);
    ck_assert_int_eq(task->state, IPC_TASK_DONE);
    ck_assert_int_eq(task->engine, 2);
    ck_assert_int_eq(task->attempts, 1);
    ck_assert_str_eq(task->label, "one square");
    ck_assert_str_eq(task->error, "");
    ck_assert_int_eq(strncmp(task->function, "square", 6), 0);
    ck_assert(task->submitted > 1e9 && task->submitted <= task->accepted && task->accepted <= task->sent &&
              task->sent <= task->started && task->started <= task->finished && task->finished <= task->received);
    ck_assert_ptr_null(ipc_history_at(history, 1));
    ipc_history_destroy(&history);
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

START_TEST(tasks_are_found_by_what_is_asked)
{
    session_t s = session_open();
    ipc_result_t *good = ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "find-good"}, root, 4.0);
    assert_ok(good);
    ipc_result_t *bad = ipc_apply_with_sync(view_of(&s, "1"), &(ipc_options_t){.label = "find-bad"}, root, -1.0);
    ck_assert(!ipc_result_ok(bad));
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*"}), 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .state = IPC_TASK_FAILED}), 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .engine = "0"}), 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .engine = "3"}), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .function = "root"}), 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .function = "square"}), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .limit = 1}), 1);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "find-bad"});
    const ipc_task_t *task = ipc_history_at(history, 0);
    ck_assert_str_eq(task->error, "DomainError");
    double received = task->received, accepted = task->accepted;
    ipc_history_destroy(&history);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .since = received + 1}), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .since = accepted - 60}), 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "find-*", .until = accepted - 60}), 0);
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_ptr_null(ipc_client_history(s.client, &(ipc_history_query_t){.engine = "x"}, &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    session_close(&s);
}
END_TEST

//  As many entries as messages came back, which have all items between them.
START_TEST(a_large_map_takes_few_entries)
{
#ifdef __SANITIZE_THREAD__
    enum { ITEMS = 30000 }; // slow, each message has few of them
#else
    enum { ITEMS = 300000 };
#endif
    session_t s = session_open();
    ipc_result_t *r = ipc_map_with_sync(s.any, square, ipc_range(0, ITEMS), &(ipc_options_t){.label = "large"});
    assert_ok(r);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.id = ipc_result_id(r)});
    ck_assert_uint_lt(ipc_history_count(history), ITEMS / 5);
    uint64_t items = 0;
    for (size_t i = 0; i < ipc_history_count(history); i++) {
        const ipc_task_t *task = ipc_history_at(history, i);
        ck_assert_int_eq(task->state, IPC_TASK_DONE);
        ck_assert_str_eq(task->label, "large");
        ck_assert_uint_eq(task->first, items);
        items += task->count;
    }
    ck_assert_uint_eq(items, ITEMS);
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

static ipc_queue_status_t *queues_of(session_t *s)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_queue_status_t *status = ipc_client_queue_status(s->client, 5000, &error);
    ck_assert_msg(status != NULL, "%s", error.text);
    ck_assert_uint_eq(status->count, ENGINES);
    return status;
}

START_TEST(queues_show_what_waits_what_runs_and_what_is_done)
{
    enum { BEHIND = 5 };
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_queue_status_t *before = queues_of(&s);
    ck_assert_uint_eq(before->unassigned, 0);
    ipc_result_t *first = ipc_apply_with(s.one, &(ipc_options_t){.label = "at the gate"}, wait_for,
                                         (const char *) gate.path);
    ipc_result_t *rest[BEHIND];
    for (int i = 0; i < BEHIND; i++) rest[i] = ipc_apply(s.one, square, i);
    ipc_queue_status_t *busy = queues_of(&s);
    while (busy->engines[0].running == 0) { // it is on its way
        ipc_queue_status_destroy(&busy);
        busy = queues_of(&s);
    }
    ck_assert_int_eq(busy->engines[0].engine, 0);
    ck_assert(busy->engines[0].ready);
    ck_assert_uint_eq(busy->engines[0].running, 1);
    ck_assert_uint_eq(busy->engines[0].queued, BEHIND);
    ck_assert_uint_eq(busy->engines[1].running + busy->engines[1].queued, 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.state = IPC_TASK_RUNNING, .label = "at the gate"}), 1);
    ipc_history_t *waiting = history_of(&s, &(ipc_history_query_t){.state = IPC_TASK_WAITING, .engine = "0"});
    uint64_t calls = 0;
    for (size_t i = 0; i < ipc_history_count(waiting); i++) calls += ipc_history_at(waiting, i)->count;
    ck_assert_uint_eq(calls, BEHIND);
    gate_pass_one(&gate);
    assert_ok(first);
    for (int i = 0; i < BEHIND; i++) assert_ok(rest[i]);
    ipc_queue_status_t *after = queues_of(&s);
    ck_assert_uint_eq(after->engines[0].running + after->engines[0].queued, 0);
    ck_assert_uint_eq(after->engines[0].finished, before->engines[0].finished + 1 + BEHIND);
    ipc_history_destroy(&waiting);
    ipc_queue_status_destroy(&before);
    ipc_queue_status_destroy(&busy);
    ipc_queue_status_destroy(&after);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(a_task_is_explained_while_it_waits_and_when_it_is_over)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_result_t *first = ipc_apply(s.one, wait_for, (const char *) gate.path);
    ipc_result_t *second = ipc_apply_with(s.one, &(ipc_options_t){.label = "alone"}, square, 3);
    while (task_count(&s, &(ipc_history_query_t){.id = ipc_result_id(first), .state = IPC_TASK_RUNNING}) == 0) {}
    char *text = ipc_client_explain(s.client, ipc_result_id(first), &error);
    ck_assert_msg(text != NULL, "%s", error.text);
    ck_assert_str_eq(text, "engine 0 runs it");
    free(text);
    text = ipc_client_explain(s.client, ipc_result_id(second), &error);
    ck_assert_msg(text != NULL, "%s", error.text);
    ck_assert_msg(strstr(text, "engine 0"), "%s", text);
    free(text);
    gate_pass_one(&gate);
    assert_ok(first);
    assert_ok(second);
    text = ipc_client_explain(s.client, ipc_result_id(second), &error);
    ck_assert_msg(text != NULL, "%s", error.text);
    ck_assert_msg(strstr(text, "over: 1 done"), "%s", text);
    free(text);
    ck_assert_ptr_null(ipc_client_explain(s.client, 12345, &error));
    ck_assert_int_eq(error.code, IPC_E_NAME);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  --- Detached -------------------------------------------------------------------------------------------------

START_TEST(a_detached_result_is_read_by_its_own_client_and_by_others)
{
    session_t s = session_open(), other = session_open();
    ipc_result_t *r = ipc_map_with(s.any, square, ipc_range(0, 1000), &(ipc_options_t){.detach = true});
    assert_ok(r);
    ck_assert_int_eq(ipc_result_i64(r, 999), 998001);
    for (int again = 0; again < 2; again++) {
        ipc_result_t *fetched = ipc_client_fetch(other.client, ipc_result_id(r));
        ck_assert_uint_eq(ipc_result_count(fetched), 1000);
        assert_ok(fetched);
        for (int64_t i = 0; i < 1000; i++) ck_assert_int_eq(ipc_result_i64(fetched, (size_t) i), i * i);
    }
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(a_bare_result_an_error_and_an_array_come_back_as_they_were)
{
    session_t s = session_open(), other = session_open();
    ipc_options_t detach = {.detach = true};
    ipc_result_t *bare = ipc_apply_with_sync(s.one, &detach, square, 5);
    ipc_result_t *list = ipc_apply_with_sync(s.all, &detach, square, 5);
    ipc_result_t *bad = ipc_apply_with_sync(s.any, &detach, root, -1.0);
    ipc_result_t *array = ipc_apply_with_sync(s.any, &detach, ones, (int64_t) 100000);
    ck_assert(!ipc_result_ok(bad));
    uint64_t ids[] = {ipc_result_id(bare), ipc_result_id(list), ipc_result_id(bad), ipc_result_id(array)};
    session_close(&s); // what it held is held for others
    assert_prints(ipc_client_fetch(other.client, ids[0]), "25");
    assert_prints(ipc_client_fetch(other.client, ids[1]), "[25, 25, 25, 25]");
    assert_fails(ipc_client_fetch(other.client, ids[2]), "root of -1");
    const ipc_array_t *x = ipc_result_array(ipc_client_fetch(other.client, ids[3]), 0);
    ck_assert_ptr_nonnull(x);
    ck_assert_uint_eq(ipc_array_count(x), 100000);
    ck_assert_double_eq(ipc_array_f64(x)[99999], 1);
    session_close(&other);
}
END_TEST

//  A program of its own that submits a task, which waits at a gate, and ends.
static uint64_t submit_and_die(const gate_t *gate, bool politely)
{
    int ends[2];
    uint64_t id = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        session_t s = session_open();
        ipc_result_t *r = ipc_apply_with(s.any, (&(ipc_options_t){.detach = true, .label = "orphan"}), wait_for,
                                         (const char *) gate->path);
        id = ipc_result_id(r);
        while (task_count(&s, &(ipc_history_query_t){.label = "orphan", .state = IPC_TASK_RUNNING}) == 0) {}
        if (write(ends[1], &id, sizeof id) != sizeof id)
            _exit(1);
        if (politely)
            session_close(&s);
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &id, sizeof id), sizeof id);
    close(ends[0]);
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    return id;
}

START_TEST(detached_work_goes_on_when_its_client_is_gone)
{
    gate_t gate = gate_new();
    uint64_t id = submit_and_die(&gate, _i == 1);
    session_t s = session_open();
    ipc_result_t *fetched = ipc_client_fetch(s.client, id); // while it runs
    ck_assert_uint_eq(ipc_result_done(fetched), 0);
    gate_pass_one(&gate);
    assert_ok(fetched);
    ck_assert_int_eq(ipc_result_i64(fetched, 0), 1);
    ipc_result_t *again = ipc_client_fetch(s.client, id);
    ck_assert_int_eq(ipc_result_i64(again, 0), 1);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

static void *close_session(void *argument)
{
    session_close(argument);
    return NULL;
}

//  A process may end right after, and the controller hears of that before it has read all that came from it: work was
//  lost so.
START_TEST(detached_work_is_with_the_controller_before_its_client_goes)
{
    session_t s = session_open();
    pid_t controller = process_named("ipcd");
    pthread_t closer;
    struct timespec end;
    ck_assert_int_eq(kill(controller, SIGSTOP), 0);
    ipc_apply_with(s.any, (&(ipc_options_t){.detach = true}), square, 3);
    ck_assert_int_eq(pthread_create(&closer, NULL, close_session, &s), 0);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec++; // of the 5 s that it waits for at most
    ck_assert_int_eq(pthread_timedjoin_np(closer, NULL, &end), ETIMEDOUT);
    ck_assert_int_eq(kill(controller, SIGCONT), 0);
    ck_assert_int_eq(pthread_join(closer, NULL), 0);
}
END_TEST

//  What is not detached and waits goes with its client: the history says so.
START_TEST(work_that_is_not_detached_ends_with_its_client)
{
    session_t s = session_open(), gone = session_open();
    gate_t gate = gate_new();
    ipc_result_t *first = ipc_apply(s.all, wait_for, (const char *) gate.path);
    ipc_result_t *map = ipc_map_with(gone.any, square, ipc_range(0, 100000), &(ipc_options_t){.label = "dropped"});
    uint64_t id = ipc_result_id(map);
    while (task_count(&gone, &(ipc_history_query_t){.id = id}) == 0) {}
    session_close(&gone);
    while (task_count(&s, &(ipc_history_query_t){.id = id, .state = IPC_TASK_WAITING, .label = "dropped"}) > 0)
        gate_nudge(&gate);
    while (!ipc_result_wait(first, 1)) gate_nudge(&gate);
    assert_ok(first);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.id = id, .state = IPC_TASK_ABORTED});
    ck_assert_uint_gt(ipc_history_count(history), 0);
    ck_assert_str_eq(ipc_history_at(history, 0)->error, "TaskAborted");
    ipc_history_destroy(&history);
    assert_fails(ipc_client_fetch(s.client, id), "not kept");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(a_task_runs_again_with_what_it_was_given)
{
    session_t s = session_open(), other = session_open();
    ipc_result_t *r =
        ipc_map_with_sync(s.any, square, ipc_range(0, 100), &(ipc_options_t){.detach = true, .label = "twice"});
    assert_ok(r);
    double data[5000];
    for (int i = 0; i < 5000; i++) data[i] = i;
    ipc_result_t *rows = ipc_map_with_sync(s.any, root, ipc_f64(data, 5000), &(ipc_options_t){.detach = true});
    assert_ok(rows);
    uint64_t id = ipc_result_id(r), rows_id = ipc_result_id(rows);
    session_close(&s);
    ipc_result_t *again = ipc_client_resubmit(other.client, id);
    assert_ok(again);
    ck_assert_uint_ne(ipc_result_id(again), id);
    ck_assert_uint_eq(ipc_result_count(again), 100);
    ck_assert_int_eq(ipc_result_i64(again, 99), 9801);
    ipc_history_t *history = history_of(&other, &(ipc_history_query_t){.id = ipc_result_id(again)});
    ck_assert_str_eq(ipc_history_at(history, 0)->label, "twice");
    ipc_history_destroy(&history);
    again = ipc_client_resubmit(other.client, ipc_result_id(again)); // and once more
    ck_assert_int_eq(ipc_result_i64(again, 99), 9801);
    ipc_result_t *array = ipc_client_resubmit(other.client, rows_id);
    assert_ok(array);
    ck_assert_double_eq(ipc_result_f64(array, 4999), 4999);
    assert_fails(ipc_client_resubmit(other.client, 12345), "not kept");
    session_close(&other);
}
END_TEST

START_TEST(a_task_runs_again_while_it_runs)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply_with(s.any, &(ipc_options_t){.detach = true}, wait_for, (const char *) gate.path);
    uint64_t id = ipc_result_id(r);
    while (task_count(&s, &(ipc_history_query_t){.id = id, .state = IPC_TASK_RUNNING}) == 0) {}
    ipc_result_t *again = ipc_client_resubmit(s.client, id);
    uint64_t other = ipc_result_id(again);
    while (task_count(&s, &(ipc_history_query_t){.id = other, .state = IPC_TASK_RUNNING}) == 0) {}
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.id = id, .state = IPC_TASK_RUNNING}), 1);
    while (!ipc_result_wait(r, 1) || !ipc_result_wait(again, 1)) gate_nudge(&gate);
    assert_ok(r);
    assert_ok(again);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(what_is_purged_is_gone)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_result_t *r = ipc_apply_with_sync(s.any, &(ipc_options_t){.detach = true}, square, 5);
    ipc_result_t *kept = ipc_apply_with_sync(s.any, &(ipc_options_t){.detach = true}, square, 6);
    ipc_result_t *running = ipc_apply_with(s.one, &(ipc_options_t){.detach = true}, wait_for, (const char *) gate.path);
    assert_ok(r);
    assert_ok(kept);
    ck_assert_int_eq(ipc_client_purge(s.client, ipc_result_id(r), &error), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.id = ipc_result_id(r)}), 0);
    assert_fails(ipc_client_fetch(s.client, ipc_result_id(r)), "not kept");
    assert_prints(ipc_client_fetch(s.client, ipc_result_id(kept)), "36");
    ck_assert_int_eq(ipc_client_purge(s.client, ipc_result_id(r), &error), -1);
    ck_assert_int_eq(error.code, IPC_E_NAME);
    ck_assert_int_eq(ipc_client_purge(s.client, ipc_result_id(running), &error), -1);
    ck_assert_int_eq(error.code, IPC_E_BUSY);
    ck_assert_int_eq(ipc_client_purge(s.client, 0, &error), 0);
    ck_assert_uint_eq(task_count(&s, NULL), 1); // the running one
    gate_pass_one(&gate);
    assert_ok(running);
    assert_ok(ipc_client_fetch(s.client, ipc_result_id(running)));
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Of 8 results of 10 MiB each 64 MiB hold 6: the first ones make room, as many as must, with a clear error.
START_TEST(the_oldest_results_make_room)
{
    enum { RESULTS = 8, BYTES = 10 << 20 };
    session_t s = session_open();
    char *text = malloc(BYTES + 1);
    memset(text, 'x', BYTES);
    text[BYTES] = 0;
    assert_ok(ipc_push_sync(s.one, "text", (const char *) text));
    uint64_t ids[RESULTS];
    for (int i = 0; i < RESULTS; i++) {
        ipc_result_t *r = ipc_pull_with_sync(s.one, "text", &(ipc_options_t){.detach = true});
        assert_ok(r);
        ids[i] = ipc_result_id(r);
        ipc_result_destroy(&r);
    }
    for (int i = 0; i < 2; i++) assert_fails(ipc_client_fetch(s.client, ids[i]), "not kept");
    for (int i = 2; i < RESULTS - 1; i++) {
        ipc_result_t *kept = ipc_client_fetch(s.client, ids[i]);
        assert_ok(kept);
        ipc_result_destroy(&kept);
    }
    ipc_result_t *last = ipc_client_fetch(s.client, ids[RESULTS - 1]);
    assert_ok(last);
    ck_assert_uint_eq(strlen(ipc_result_str(last, 0)), BYTES);
    ck_assert_int_eq(ipc_client_purge(s.client, 0, NULL), 0);
    free(text);
    session_close(&s);
}
END_TEST

//  Whoever reads its results may end it, for all; who aborts all work of a client, or goes, leaves it alone.
START_TEST(detached_work_ends_when_its_result_is_aborted)
{
    session_t s = session_open(), other = session_open();
    gate_t gate = gate_new();
    ipc_options_t options = {.detach = true, .label = "ended"};
    ipc_result_t *r = ipc_apply_with(s.any, &options, wait_for, (const char *) gate.path);
    ipc_result_t *kept = ipc_apply_with(s.any, (&(ipc_options_t){.detach = true}), square, 3);
    while (task_count(&s, &(ipc_history_query_t){.label = "ended", .state = IPC_TASK_RUNNING}) == 0) {}
    ipc_client_abort(s.client);
    assert_prints(kept, "9");
    ck_assert(!ipc_result_wait(r, 20));
    ipc_result_t *theirs = ipc_client_fetch(other.client, ipc_result_id(r));
    ipc_result_abort(theirs); // nobody opens the gate
    ck_assert(ipc_result_wait(theirs, 10000) && ipc_result_wait(r, 10000));
    ck_assert_str_eq(ipc_result_error(theirs)->kind, "TaskAborted");
    ck_assert_str_eq(ipc_result_error(r)->kind, "TaskAborted");
    gate_remove(&gate);
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(a_gather_cannot_be_detached)
{
    session_t s = session_open();
    assert_fails(ipc_gather_with_sync(s.all, "x", &(ipc_options_t){.detach = true}), "detach");
    session_close(&s);
}
END_TEST

//  --- ipcluster ------------------------------------------------------------------------------------------------

//  What ipcluster writes to stdout; the caller frees it.
static char *ipcluster(int wanted, const char *one, const char *two, const char *three, const char *four,
                       const char *five)
{
    char program[512];
    int status = -1;
    snprintf(program, sizeof program, "%s/tools/ipcluster", getenv("BUILD_ROOT"));
    char *const arguments[] = {program,        (char *) one,  (char *) two, (char *) three,
                               (char *) four, (char *) five, NULL};
    char *text = output_of(arguments, &status);
    ck_assert_msg(status == wanted, "exit status %d: %s", status, text);
    return text;
}

START_TEST(ipcluster_shows_tasks_and_explains_them)
{
    session_t s = session_open();
    ck_assert(!ipc_result_ok(ipc_apply_with_sync(view_of(&s, "3"), &(ipc_options_t){.label = "shown"}, root, -1.0)));
    ipc_result_t *r = ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "shown"}, square, 2);
    assert_ok(r);
    assert_shows(ipcluster(0, "tasks", "--label", "sh*", "--state", "failed"), "[shown]: DomainError");
    assert_shows(ipcluster(0, "tasks", "--label", "sh*", "--engine", "2"), "no task");
    assert_shows(ipcluster(0, "tasks", "--label", "sh*", "--since", "10m"), "root (");
    assert_shows(ipcluster(0, "tasks", "--function", "square", "--limit", "1"), "square (");
    assert_shows(ipcluster(0, "tasks", "--function", "square", "--limit", "1"), "s          -  "); // a time with its unit
    assert_shows(ipcluster(0, "tasks", "--json", "--label", "shown", NULL), "\"error\": \"DomainError\"");
    char id[32];
    snprintf(id, sizeof id, "%llu", (unsigned long long) ipc_result_id(r));
    assert_shows(ipcluster(0, "explain", id, NULL, NULL, NULL), "is over: 1 done, 0 failed");
    session_close(&s);
}
END_TEST

START_TEST(ipcluster_shows_the_queues_while_the_controller_answers)
{
    session_t s = session_open();
    assert_ok(ipc_apply_sync(s.all, square, 2));
    assert_shows(ipcluster(0, "status", NULL, NULL, NULL, NULL), ", 0 queued, 0 running, ");
    assert_shows(ipcluster(0, "status", "--json", NULL, NULL, NULL), "\"unassigned\": 0");
    pid_t controller = process_named("ipcd");
    ck_assert_int_gt(controller, 0);
    ck_assert_int_eq(kill(controller, SIGSTOP), 0);
    double begin = now();
    char *text = ipcluster(0, "status", NULL, NULL, NULL, NULL);
    double took = now() - begin;
    char *json = ipcluster(0, "status", "--json", NULL, NULL, NULL);
    ck_assert_int_eq(kill(controller, SIGCONT), 0);
    ck_assert_ptr_null(strstr(text, "queued"));
    ck_assert_ptr_nonnull(strstr(text, "engine 3: pid "));
    assert_shows(text, "queues are not known: ");
    assert_shows(json, "\"unassigned\": null");
    ck_assert_double_lt(took, 4);
    assert_ok(ipc_apply_sync(s.all, square, 2));
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_task_is_remembered_with_all_that_is_known_of_it);
    tcase_add_test(tests, tasks_are_found_by_what_is_asked);
    tcase_add_test(tests, a_large_map_takes_few_entries);
    tcase_add_test(tests, queues_show_what_waits_what_runs_and_what_is_done);
    tcase_add_test(tests, a_task_is_explained_while_it_waits_and_when_it_is_over);
    tcase_add_test(tests, a_detached_result_is_read_by_its_own_client_and_by_others);
    tcase_add_test(tests, a_bare_result_an_error_and_an_array_come_back_as_they_were);
    tcase_add_loop_test(tests, detached_work_goes_on_when_its_client_is_gone, 0, 2);
    tcase_add_test(tests, work_that_is_not_detached_ends_with_its_client);
    tcase_add_test(tests, detached_work_is_with_the_controller_before_its_client_goes);
    tcase_add_test(tests, a_task_runs_again_with_what_it_was_given);
    tcase_add_test(tests, a_task_runs_again_while_it_runs);
    tcase_add_test(tests, what_is_purged_is_gone);
    tcase_add_test(tests, the_oldest_results_make_room);
    tcase_add_test(tests, detached_work_ends_when_its_result_is_aborted);
    tcase_add_test(tests, a_gather_cannot_be_detached);
    tcase_add_test(tests, ipcluster_shows_tasks_and_explains_them);
    tcase_add_test(tests, ipcluster_shows_the_queues_while_the_controller_answers);
}

int main(void)
{
    return e2e_main("history", add);
}
