//  Engines that a client ends or has run anew, and clusters that a client stops.
#include "e2e_support.h"
#include "footprint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

// clang-format off
IPC_REMOTE(int64_t, my_pid, (void)) { return getpid(); }
IPC_REMOTE(int64_t, my_id, (int64_t item)) { return ipc_engine_id() + 0 * item; }
IPC_REMOTE(int64_t, pass_gate, (const char *path)) { gate_await(path); return ipc_engine_id(); }
// clang-format on

enum { MARK_TEXT = 64 };

static void name_mark(int64_t pid, char path[MARK_TEXT])
{
    snprintf(path, MARK_TEXT, "/dev/shm/__KMP_REGISTERED_LIB_%d_%d", (int) pid, (int) getuid());
}

//  As the OpenMP of a program that clang has compiled does when it is first used.
IPC_REMOTE(int64_t, leave_mark, (void))
{
    char path[MARK_TEXT];
    name_mark(getpid(), path);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        ipc_raise("Failed", "cannot make %s", path);
    close(fd);
    return getpid();
}

//  A cluster of this test alone, with a client.
typedef struct site {
    ipc_cluster_t *cluster;
    footprint_t footprint;
    ipc_client_t *client;
    ipc_view_t *all, *one, *any;       // "all", "1", balanced
} site_t;

static site_t site_open(size_t engines)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    site_t self = {.cluster = ipc_cluster_start(&(ipc_cluster_options_t){.engines = engines}, &error)};
    ck_assert_msg(self.cluster != NULL, "%s", error.text);
    self.footprint = footprint_of(self.cluster);
    self.client = ipc_cluster_client(self.cluster, &error);
    ck_assert_msg(self.client != NULL, "%s", error.text);
    self.all = ipc_direct_view(self.client, "all", &error);
    self.one = ipc_direct_view(self.client, "1", &error);
    self.any = ipc_balanced_view(self.client, NULL, &error);
    ck_assert(self.all && self.one && self.any);
    return self;
}

static void site_close(site_t *self)
{
    ipc_client_destroy(&self->client);
    ck_assert_int_eq(ipc_cluster_stop(&self->cluster), 0);
    assert_nothing_left(&self->footprint);
}

static void assert_gone(int64_t pid)
{
    ck_assert_msg(kill((pid_t) pid, 0) == -1 && errno == ESRCH, "process %d is there", (int) pid);
}

static void assert_lost(ipc_result_t *result)
{
    const ipc_error_t *error = ipc_result_error(result);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(error->code == IPC_E_ENGINE_LOST && !strcmp(error->kind, "EngineLost"), "%s: %s", error->kind,
                  error->text);
}

START_TEST(an_engine_ends_for_good)
{
    site_t s = site_open(3);
    ipc_client_t *other = ipc_client_new(ipc_cluster_connection(s.cluster), NULL);
    int64_t pid = ipc_result_i64(ipc_apply(s.one, my_pid), 0);
    assert_prints(ipc_view_shutdown(s.one), "null");
    assert_gone(pid);
    assert_prints(ipc_map(s.all, my_id, ipc_range(0, 2)), "[0, 2]");
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_ptr_null(ipc_direct_view(s.client, "1", &error));
    ck_assert_int_eq(error.code, IPC_E_ENGINE_LOST);
    assert_lost(ipc_apply(s.one, my_pid));
    assert_lost(ipc_view_shutdown(s.one)); // no more than once
    assert_lost(ipc_view_restart(s.one));
    assert_prints(ipc_map(ipc_direct_view(other, "all", NULL), my_id, ipc_range(0, 2)), "[0, 2]");
    ck_assert_int_eq(ipc_cluster_add(s.cluster, 1, &error), 0);
    ck_assert_int_eq(ipc_client_wait(s.client, 3, WAIT_MS, &error), 0);
    assert_prints(ipc_map(s.all, my_id, ipc_range(0, 3)), "[0, 2, 3]");
    ipc_client_destroy(&other);
    site_close(&s);
}
END_TEST

static void assert_no_mark(int64_t pid)
{
    char path[MARK_TEXT];
    name_mark(pid, path);
    ck_assert_msg(access(path, F_OK) != 0, "%s is there", path);
}

START_TEST(the_mark_of_openmp_goes_with_its_process)
{
    site_t s = site_open(3);
    ipc_result_t *pids = ipc_apply_sync(s.all, leave_mark);
    assert_ok(pids);
    assert_ok(ipc_view_restart(s.one));
    assert_no_mark(ipc_result_i64(pids, 1));
    ck_assert_int_eq(kill((pid_t) ipc_result_i64(pids, 2), SIGKILL), 0);
    while (ipc_result_i64(ipc_apply_sync(ipc_direct_view(s.client, "2", NULL), my_pid), 0) == ipc_result_i64(pids, 2))
        continue;
    assert_no_mark(ipc_result_i64(pids, 2));
    int64_t last = ipc_result_i64(pids, 0);
    site_close(&s);
    assert_no_mark(last);
}
END_TEST

START_TEST(its_end_overtakes_the_work_that_was_sent)
{
    site_t s = site_open(2);
    gate_t gate = gate_new();
    ipc_result_t *runs = ipc_apply(s.one, pass_gate, (const char *) gate.path), *waits = ipc_apply(s.one, my_pid);
    ipc_result_t *map = ipc_map(s.any, my_id, ipc_range(0, 100));
    assert_ok(ipc_view_shutdown(s.one));
    assert_lost(runs);
    assert_lost(waits);
    ck_assert_ptr_nonnull(strstr(ipc_result_error(runs)->text, "while it ran pass_gate"));
    assert_ok(map);
    for (size_t i = 0; i < 100; i++) ck_assert_int_eq(ipc_result_i64(map, i), 0);
    gate_remove(&gate);
    site_close(&s);
}
END_TEST

//  Of two that have an engine each, one has to run again.
START_TEST(what_runs_there_is_tried_again_elsewhere)
{
    site_t s = site_open(2);
    gate_t gate = gate_new();
    ipc_options_t again = {.retries = 1};
    ipc_result_t *tasks[2];
    for (int i = 0; i < 2; i++) tasks[i] = ipc_apply_with(s.any, &again, pass_gate, (const char *) gate.path);
    assert_ok(ipc_view_shutdown(s.one));
    gate_open(&gate);
    for (int i = 0; i < 2; i++) assert_prints(tasks[i], "0");
    gate_remove(&gate);
    site_close(&s);
}
END_TEST

START_TEST(a_restarted_engine_has_its_id_and_nothing_else)
{
    site_t s = site_open(2);
    gate_t gate = gate_new();
    assert_ok(ipc_push(s.all, "x", 1));
    ipc_result_t *before = ipc_apply_sync(s.all, my_pid);
    ipc_result_t *runs = ipc_apply(s.one, pass_gate, (const char *) gate.path), *waits = ipc_apply(s.one, my_pid);
    assert_prints(ipc_view_restart(s.one), "null");
    assert_gone(ipc_result_i64(before, 1));
    assert_lost(runs);
    assert_ok(waits);
    ipc_result_t *after = ipc_apply_sync(s.all, my_pid);
    assert_ok(after);
    ck_assert_int_eq(ipc_result_i64(after, 0), ipc_result_i64(before, 0));
    ck_assert_int_ne(ipc_result_i64(after, 1), ipc_result_i64(before, 1));
    ck_assert_int_eq(ipc_result_i64(after, 1), ipc_result_i64(waits, 0));
    ipc_result_t *names = ipc_pull_sync(s.all, "x");
    ck_assert_int_eq(ipc_result_i64(names, 0), 1);
    ck_assert_str_eq(ipc_result_error_at(names, 1)->kind, "NameError");
    assert_prints(ipc_view_restart(s.all), "[null, null]");
    assert_prints(ipc_map(s.all, my_id, ipc_range(0, 2)), "[0, 1]");
    (void) ipc_result_error(runs);
    gate_remove(&gate);
    site_close(&s);
}
END_TEST

START_TEST(a_cluster_may_be_without_engines_for_a_while)
{
    site_t s = site_open(2);
    ipc_error_t error = {.code = IPC_E_NONE};
    assert_prints(ipc_view_shutdown(s.all), "[null, null]");
    ck_assert_uint_eq(ipc_view_count(s.all), 0);
    assert_fails(ipc_apply(s.all, my_pid), "no engine");
    assert_fails(ipc_view_shutdown(s.all), "no engine");
    ck_assert_int_eq(ipc_cluster_add(s.cluster, 1, &error), 0);
    ck_assert_int_eq(ipc_client_wait(s.client, 1, WAIT_MS, &error), 0);
    assert_prints(ipc_map(s.all, my_id, ipc_range(0, 1)), "[2]");
    site_close(&s);
}
END_TEST

//  A call on all while an engine ends: it has a result of each, or the error says which is gone, and the next call is
//  not for that one. The end is asked for by another client, which is not waited for.
START_TEST(no_call_on_all_goes_to_an_engine_that_is_known_to_be_gone)
{
    enum { ROUNDS = 4 };
    site_t s = site_open(1 + ROUNDS);
    ipc_client_t *other = ipc_client_new(ipc_cluster_connection(s.cluster), NULL);
    ipc_view_t *all_of_other = ipc_direct_view(other, "all", NULL);
    for (size_t left = ROUNDS, count = 0; left > 0; left--) {
        ipc_view_t *last = ipc_direct_view(other, "-1", NULL);
        ipc_result_t *end = ipc_view_shutdown(last);
        while (count != left) { // as many as there are
            ipc_result_t *call = ipc_apply_sync(s.all, my_pid);
            count = ipc_result_count(call);
            ck_assert_uint_ge(count, left);
            if (ipc_result_ok(call))
                continue;
            assert_lost(call);
            ck_assert_int_eq(ipc_result_error(call)->engine, (int) left);
            ck_assert_uint_eq(ipc_result_count(ipc_apply(s.all, my_pid)), left);
        }
        assert_ok(ipc_apply(s.all, my_pid));
        assert_ok(end);
        ck_assert_uint_eq(ipc_result_count(ipc_apply(all_of_other, my_pid)), left);
        assert_ok(ipc_apply(all_of_other, my_pid));
    }
    ipc_client_destroy(&other);
    site_close(&s);
}
END_TEST

//  Starts an engine as a user would who knows the cluster's directory.
static pid_t engine_by_hand(const site_t *site, const char *id)
{
    char program[PATH_BYTES];
    snprintf(program, sizeof program, "%s/engine/ipengine", getenv("BUILD_ROOT"));
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        execl(program, "ipengine", "--id", id, "--directory", site->footprint.directory, (char *) NULL);
        _exit(127);
    }
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_msg(ipc_client_wait(site->client, 3, WAIT_MS, &error) == 0, "%s", error.text);
    return pid;
}

START_TEST(an_engine_that_was_started_by_hand_ends_too)
{
    site_t s = site_open(2);
    pid_t nanny = engine_by_hand(&s, "7");
    ipc_view_t *hand = ipc_direct_view(s.client, "7", NULL);
    ck_assert_ptr_nonnull(hand);
    assert_fails(ipc_view_restart(hand), "was not started by ipcluster");
    int64_t worker = ipc_result_i64(ipc_apply(hand, my_pid), 0);
    assert_ok(ipc_view_shutdown(hand));
    assert_gone(worker);
    int status = 0;
    ck_assert_int_eq(waitpid(nanny, &status, WNOHANG), nanny);
    assert_prints(ipc_map(s.all, my_id, ipc_range(0, 2)), "[0, 1]");
    site_close(&s);
}
END_TEST

//  One that is started under its number later does not run it.
START_TEST(what_a_cell_left_to_be_run_again_ends_with_its_engine)
{
    site_t s = site_open(2);
    for (int i = 0; i < 2; i++) {
        pid_t nanny = engine_by_hand(&s, "7");
        ipc_view_t *hand = ipc_direct_view(s.client, "7", NULL);
        ck_assert_ptr_nonnull(hand);
        assert_fails(ipc_pull(hand, "left"), "name 'left' is not defined");
        assert_ok(ipc_execute_with(hand, "int left = 1;", &(ipc_options_t){.restore = true}));
        assert_ok(ipc_view_shutdown(hand));
        ck_assert_int_eq(waitpid(nanny, NULL, 0), nanny);
    }
    site_close(&s);
}
END_TEST

START_TEST(a_client_stops_the_whole_cluster)
{
    site_t s = site_open(2);
    gate_t gate = gate_new();
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_result_t *done = ipc_map_sync(s.all, my_id, ipc_range(0, 2));
    ipc_result_t *runs = ipc_apply(s.all, pass_gate, (const char *) gate.path);
    ck_assert_msg(ipc_client_shutdown(s.client, IPC_FOREVER, &error) == 0, "%s", error.text);
    assert_nothing_is_left_now(&s.footprint);
    ck_assert(ipc_result_wait(runs, 0));
    ck_assert_int_eq(ipc_result_error(runs)->code, IPC_E_CONNECTION);
    assert_prints(done, "[0, 1]"); // what was there stays
    ck_assert_int_eq(ipc_client_shutdown(s.client, WAIT_MS, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_CONNECTION); // its connection file is gone
    ipc_client_destroy(&s.client);
    ipc_cluster_destroy(&s.cluster);
    gate_remove(&gate);
}
END_TEST

START_TEST(who_does_not_wait_for_its_end_is_told)
{
    site_t s = site_open(1 + 1);
    gate_t gate = gate_new();
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_result_t *runs = ipc_apply(s.all, pass_gate, (const char *) gate.path);
    if (ipc_client_shutdown(s.client, 20, &error) == -1) // it may be as fast as that
        ck_assert_int_eq(error.code, IPC_E_TIMEOUT);
    ck_assert(ipc_result_wait(runs, WAIT_MS));
    ck_assert(!ipc_result_ok(runs));
    assert_nothing_left(&s.footprint);
    ipc_client_destroy(&s.client);
    ipc_cluster_destroy(&s.cluster);
    gate_remove(&gate);
}
END_TEST

START_TEST(a_balanced_view_has_no_engines_to_end)
{
    session_t s = session_open(); // of the cluster that all these tests run beside
    assert_fails(ipc_view_shutdown(s.any), "argument");
    assert_fails(ipc_view_restart(s.any), "argument");
    assert_prints(ipc_view_restart(s.all), "[null, null, null, null]");
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, an_engine_ends_for_good);
    tcase_add_test(tests, the_mark_of_openmp_goes_with_its_process);
    tcase_add_test(tests, its_end_overtakes_the_work_that_was_sent);
    tcase_add_test(tests, what_runs_there_is_tried_again_elsewhere);
    tcase_add_test(tests, a_restarted_engine_has_its_id_and_nothing_else);
    tcase_add_test(tests, a_cluster_may_be_without_engines_for_a_while);
    tcase_add_test(tests, no_call_on_all_goes_to_an_engine_that_is_known_to_be_gone);
    tcase_add_test(tests, an_engine_that_was_started_by_hand_ends_too);
    tcase_add_test(tests, what_a_cell_left_to_be_run_again_ends_with_its_engine);
    tcase_add_test(tests, a_client_stops_the_whole_cluster);
    tcase_add_test(tests, who_does_not_wait_for_its_end_is_told);
    tcase_add_test(tests, a_balanced_view_has_no_engines_to_end);
}

int main(void)
{
    return e2e_main("shutdown", add_tests);
}
