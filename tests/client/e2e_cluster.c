//  Clusters that programs start: they work, change while they run, and leave nothing, however the program ends.
#include "e2e_support.h"
#include "footprint.h"

#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_MS = 10000 };

// clang-format off
IPC_REMOTE(int, my_pid, (void)) { return getpid(); }
IPC_REMOTE(int, my_id, (int item)) { return (int) ipc_engine_id() + 0 * item; }
IPC_REMOTE(int, waits_at, (const char *gate)) { gate_await(gate); return (int) ipc_engine_id(); }
IPC_REMOTE(int, wait_long, (void)) { sleep(30); return 1; }
// clang-format on

static ipc_cluster_t *start(size_t engines)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_cluster_t *cluster = ipc_cluster_start(&(ipc_cluster_options_t){.engines = engines}, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    return cluster;
}

static ipc_client_t *client_of(ipc_cluster_t *cluster)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_client_t *client = ipc_cluster_client(cluster, &error);
    ck_assert_msg(client != NULL, "%s", error.text);
    return client;
}

START_TEST(a_program_has_a_cluster_of_its_own)
{
    ipc_cluster_t *cluster = start(2);
    footprint_t footprint = footprint_of(cluster);
    ck_assert_uint_ge(footprint.count, 4); // supervisor, controller, two engines
    ipc_client_t *client = client_of(cluster);
    size_t count = 0;
    ipc_client_ids(client, &count);
    ck_assert_uint_eq(count, 2);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL);
    assert_prints(ipc_map_sync(all, my_id, ipc_range(0, 4)), "[0, 0, 1, 1]");
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
    ck_assert_ptr_null(cluster);
    assert_nothing_left(&footprint);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

START_TEST(two_clusters_live_side_by_side)
{
    ipc_cluster_t *first = start(1), *second = start(2);
    ck_assert_str_ne(ipc_cluster_id(first), ipc_cluster_id(second));
    footprint_t one = footprint_of(first), two = footprint_of(second);
    ipc_client_t *a = client_of(first), *b = client_of(second);
    ipc_view_t *all_a = ipc_direct_view(a, "all", NULL), *all_b = ipc_direct_view(b, "all", NULL);
    ipc_result_t *x = ipc_apply(all_a, my_pid), *y = ipc_apply(all_b, my_pid);
    assert_ok(x);
    assert_ok(y);
    ck_assert_uint_eq(ipc_result_count(x), 1);
    ck_assert_uint_eq(ipc_result_count(y), 2);
    ck_assert_int_ne(ipc_result_i64(x, 0), ipc_result_i64(y, 0));
    ck_assert_int_ne(ipc_result_i64(x, 0), ipc_result_i64(y, 1));
    ck_assert_int_eq(ipc_cluster_stop(&first), 0);
    assert_nothing_left(&one);
    assert_fails(ipc_apply(all_a, my_pid), "there is no"); // and that one alone
    assert_ok(ipc_apply(all_b, my_pid));
    ipc_client_destroy(&a);
    ipc_client_destroy(&b);
    ck_assert_int_eq(ipc_cluster_stop(&second), 0);
    assert_nothing_left(&two);
}
END_TEST

//  Runs a program that starts a cluster, tells its id, and waits; gives its pid.
static pid_t fork_owner(bool detach, char id[64])
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        ipc_error_t error = {.code = IPC_E_NONE};
        ipc_cluster_t *cluster =
            ipc_cluster_start(&(ipc_cluster_options_t){.engines = 2, .detach = detach}, &error);
        const char *text = cluster ? ipc_cluster_id(cluster) : "";
        if (write(ends[1], text, strlen(text) + 1) < 0)
            _exit(1);
        for (;;) pause();
    }
    close(ends[1]);
    ck_assert_int_gt(read(ends[0], id, 64), 1);
    close(ends[0]);
    return pid;
}

static void kill_owner(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
}

START_TEST(a_killed_program_leaves_nothing)
{
    char id[64];
    pid_t owner = fork_owner(false, id);
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_cluster_t *cluster = ipc_cluster_attach(id, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    footprint_t footprint = footprint_of(cluster);
    ipc_client_t *client = client_of(cluster); // another's client does not keep it
    ipc_result_t *r = ipc_apply(ipc_direct_view(client, "all", NULL), wait_long); // nor does a task
    kill_owner(owner);
    assert_nothing_left(&footprint);
    assert_fails(r, "gone");
    ipc_client_destroy(&client);
    ipc_cluster_destroy(&cluster);
    ck_assert_ptr_null(ipc_cluster_attach(id, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "no cluster is running"));
}
END_TEST

START_TEST(a_detached_cluster_stays_until_it_is_stopped)
{
    char id[64];
    kill_owner(fork_owner(true, id));
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_cluster_t *cluster = ipc_cluster_attach(id, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    footprint_t footprint = footprint_of(cluster);
    ipc_cluster_destroy(&cluster); // lets go: it runs on
    ck_assert_ptr_null(cluster);
    cluster = ipc_cluster_attach(id, &error);
    ck_assert_ptr_nonnull(cluster);
    ipc_client_t *client = client_of(cluster);
    assert_ok(ipc_apply(ipc_direct_view(client, "all", NULL), my_pid));
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
    assert_nothing_left(&footprint);
}
END_TEST

static bool has_count(ipc_client_t *client, size_t wanted)
{
    size_t count = 0;
    ipc_client_ids(client, &count);
    return count == wanted;
}

START_TEST(all_follows_engines_that_come_and_go)
{
    ipc_cluster_t *cluster = start(2);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL), *any = ipc_balanced_view(client, NULL, NULL);
    ipc_error_t error = {.code = IPC_E_NONE};
    assert_prints(ipc_map_sync(all, my_id, ipc_range(0, 4)), "[0, 0, 1, 1]");
    ck_assert_msg(ipc_cluster_add(cluster, 2, &error) == 0, "%s", error.text);
    ck_assert_int_eq(ipc_client_wait(client, 4, END_MS, &error), 0);
    ck_assert_uint_eq(ipc_view_count(all), 4);
    assert_prints(ipc_map_sync(all, my_id, ipc_range(0, 4)), "[0, 1, 2, 3]");
    ck_assert_msg(ipc_cluster_remove(cluster, 1, &error) == 0, "%s", error.text);
    for (double end = now() + 5; !has_count(client, 3) && now() < end;) ipc_result_wait(ipc_apply(any, my_pid), 100);
    ck_assert(has_count(client, 3));
    assert_prints(ipc_map_sync(all, my_id, ipc_range(0, 3)), "[0, 2, 3]");
    ck_assert_ptr_null(ipc_direct_view(client, "1", &error));
    ck_assert_int_eq(ipc_cluster_add(cluster, 1, &error), 0); // ids are not used again
    ck_assert_int_eq(ipc_client_wait(client, 4, END_MS, &error), 0);
    assert_prints(ipc_map_sync(all, my_id, ipc_range(0, 4)), "[0, 2, 3, 4]");
    ipc_client_t *second = client_of(cluster); // waits for those that there are
    ck_assert(has_count(second, 4));
    ipc_client_destroy(&second);
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

//  Without a wait that would read what the controller says.
START_TEST(a_call_on_all_is_for_engines_that_were_just_added)
{
    ipc_cluster_t *cluster = start(1);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL);
    size_t count = 0, engines = 1;
    ck_assert_int_eq(ipc_cluster_add(cluster, 1, NULL), 0);
    for (double end = now() + 10; count != 2 && now() < end;) count = ipc_result_count(ipc_apply(all, my_id));
    ck_assert_int_eq(ipc_cluster_add(cluster, 1, NULL), 0);
    for (double end = now() + 10; engines != 3 && now() < end;) engines = ipc_view_count(all);
    ck_assert_int_eq(ipc_cluster_add(cluster, 1, NULL), 0);
    ipc_view_t *last = NULL;
    for (double end = now() + 10; !last && now() < end;) last = ipc_direct_view(client, "3", NULL);
    ck_assert(count == 2 && engines == 3 && last);
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

START_TEST(work_of_a_removed_engine_ends_or_moves)
{
    ipc_cluster_t *cluster = start(2);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *one = ipc_direct_view(client, "1", NULL), *any = ipc_balanced_view(client, NULL, NULL);
    ipc_result_t *runs = ipc_apply(one, wait_long), *waits = ipc_apply(one, my_pid);
    ipc_result_t *map = ipc_map(any, my_id, ipc_range(0, 100));
    ck_assert_int_eq(ipc_cluster_remove(cluster, 1, NULL), 0);
    ck_assert(!ipc_result_ok(runs));
    assert_fails(waits, "gone");
    assert_ok(map);
    ck_assert_uint_eq(ipc_result_count(map), 100);
    for (size_t i = 0; i < 100; i++) ck_assert_int_eq(ipc_result_i64(map, i), 0);
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

START_TEST(restarted_engines_have_new_processes_and_old_ids)
{
    ipc_cluster_t *cluster = start(2);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL);
    ipc_push(all, "x", 1);
    ipc_result_t *before = ipc_apply_sync(all, my_pid);
    ck_assert_int_eq(ipc_cluster_restart(cluster, 1, NULL), 0);
    ipc_result_t *one = ipc_apply_sync(all, my_pid);
    assert_ok(one);
    ck_assert_int_eq(ipc_result_i64(one, 0), ipc_result_i64(before, 0));
    ck_assert_int_ne(ipc_result_i64(one, 1), ipc_result_i64(before, 1));
    assert_fails(ipc_pull(all, "x"), "x");
    ck_assert_int_eq(ipc_cluster_restart(cluster, -1, NULL), 0);
    ipc_result_t *both = ipc_apply_sync(all, my_pid);
    assert_ok(both);
    ck_assert_int_ne(ipc_result_i64(both, 0), ipc_result_i64(one, 0));
    ck_assert_int_ne(ipc_result_i64(both, 1), ipc_result_i64(one, 1));
    assert_prints(ipc_map_sync(all, my_id, ipc_range(0, 2)), "[0, 1]");
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

static volatile sig_atomic_t signals_seen;

static void on_usr1(int number)
{
    (void) number;
    signals_seen++;
}

IPC_REMOTE(void, catch_usr1, (void)) { signal(SIGUSR1, on_usr1); }
IPC_REMOTE(int, wait_for_usr1, (void))
{
    while (!signals_seen) usleep(1000);
    return signals_seen;
}

START_TEST(signals_reach_tasks_and_logs_are_read)
{
    ipc_cluster_t *cluster = start(1);
    ipc_client_t *client = client_of(cluster);
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_view_t *one = ipc_direct_view(client, "0", NULL);
    assert_ok(ipc_apply_sync(one, catch_usr1));
    ipc_result_t *r = ipc_apply(one, wait_for_usr1);
    ck_assert(!ipc_result_wait(r, 50));
    ck_assert_msg(ipc_cluster_signal(cluster, 0, SIGUSR1, &error) == 0, "%s", error.text);
    ck_assert(ipc_result_wait(r, END_MS));
    ck_assert_int_eq(ipc_result_i64(r, 0), 1);
    ipc_client_destroy(&client);
    const char *log = ipc_cluster_log(cluster, -1, &error);
    ck_assert_msg(log != NULL, "%s", error.text);
    ck_assert_ptr_nonnull(strstr(log, "engine 0 is ready"));
    ck_assert_ptr_nonnull(ipc_cluster_log(cluster, 0, &error));
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

//  What is wrong is told in one sentence, and nothing is started.
static void assert_not_started(const ipc_cluster_options_t *options, int code, const char *words)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_ptr_null(ipc_cluster_start(options, &error));
    ck_assert_int_eq(error.code, code);
    ck_assert_msg(strstr(error.text, words) != NULL, "no '%s' in '%s'", words, error.text);
    ck_assert_ptr_null(strchr(error.text, '\n'));
}

//  Calls one after the other: each goes to the engine that had work longest ago.
START_TEST(a_cluster_chooses_engines_by_its_scheme)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_cluster_t *cluster =
        ipc_cluster_start(&(ipc_cluster_options_t){.engines = 3, .scheme = "lru", .hwm = 1}, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *any = ipc_balanced_view(client, NULL, NULL);
    for (int i = 0; i < 9; i++) ck_assert_int_eq(ipc_result_i64(ipc_apply_sync(any, my_id, 0), 0), i % 3);
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

static void assert_unassigned(ipc_client_t *client, uint64_t least, uint64_t most)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_queue_status_t *status = ipc_client_queue_status(client, 5000, &error);
    ck_assert_msg(status != NULL, "%s", error.text);
    ck_assert_uint_ge(status->unassigned, least);
    ck_assert_uint_le(status->unassigned, most);
    ipc_queue_status_destroy(&status);
}

//  Of ten tasks an engine has three before it, though nothing is known of their pace.
START_TEST(an_engine_has_as_many_tasks_as_its_window_says)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_cluster_t *cluster = ipc_cluster_start(&(ipc_cluster_options_t){.engines = 1, .hwm = 3}, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *any = ipc_balanced_view(client, NULL, NULL);
    gate_t gate = gate_new();
    ipc_result_t *held[10];
    for (int i = 0; i < 10; i++) held[i] = ipc_apply(any, waits_at, gate.path);
    assert_unassigned(client, 7, 10); // the question may have come in one turn with tasks
    assert_unassigned(client, 7, 7);
    gate_open(&gate);
    for (int i = 0; i < 10; i++) assert_ok(held[i]);
    gate_remove(&gate);
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

START_TEST(what_a_cluster_with_a_journal_did_is_known_to_the_next_one)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    char id[32];
    snprintf(id, sizeof id, "journal-%d", (int) getpid());
    const ipc_cluster_options_t options = {.engines = 1, .id = id, .journal = "size=64M", .launcher = "local"};
    ipc_cluster_t *cluster = ipc_cluster_start(&options, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *any = ipc_balanced_view(client, NULL, NULL);
    assert_ok(ipc_apply_sync(any, my_id, 1));
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
    cluster = ipc_cluster_start(&options, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    client = client_of(cluster);
    ipc_history_t *history = ipc_client_history(client, &(ipc_history_query_t){.function = "my_id"}, &error);
    ck_assert_msg(history != NULL, "%s", error.text);
    ck_assert_uint_eq(ipc_history_count(history), 1);
    ipc_history_destroy(&history);
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

//  A file of the journal of a cluster is there.
static bool has_journal(const char *id)
{
    char pattern[256];
    glob_t found = {0};
    snprintf(pattern, sizeof pattern, "%s/ipclient/*/journal-%s.db*", getenv("XDG_STATE_HOME"), id);
    bool any = glob(pattern, 0, NULL, &found) == 0;
    globfree(&found);
    return any;
}

//  Nobody could find it again.
START_TEST(the_journal_of_a_cluster_without_a_name_goes_with_it)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    char id[64];
    const ipc_cluster_options_t options = {.engines = 1, .journal = _i ? "sync" : ""};
    ipc_cluster_t *cluster = ipc_cluster_start(&options, &error);
    ck_assert_msg(cluster != NULL, "%s", error.text);
    snprintf(id, sizeof id, "%s", ipc_cluster_id(cluster));
    ck_assert(has_journal(id));
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
    ck_assert(!has_journal(id));
}
END_TEST

//  It was there before.
START_TEST(a_journal_with_a_history_is_not_temporary)
{
    const char *const terms[] = {"", "temporary"};
    ipc_error_t error = {.code = IPC_E_NONE};
    char id[32];
    snprintf(id, sizeof id, "kept-%d", (int) getpid());
    for (size_t i = 0; i < 2; i++) {
        ipc_cluster_t *cluster = ipc_cluster_start(
            &(ipc_cluster_options_t){.engines = 1, .id = id, .journal = terms[i]}, &error);
        ck_assert_msg(cluster != NULL, "%s", error.text);
        ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
        ck_assert(has_journal(id));
    }
}
END_TEST

START_TEST(wrong_options_give_one_sentence)
{
    assert_not_started(&(ipc_cluster_options_t){.engines = 1, .launcher = "slurn"}, IPC_E_SYSTEM,
                       "not \"slurn\"");
    assert_not_started(&(ipc_cluster_options_t){.engines = 1, .journal = "big"}, IPC_E_SYSTEM, "big");
    assert_not_started(&(ipc_cluster_options_t){.engines = 1, .scheme = "lur"}, IPC_E_ARGUMENT,
                   "'lur': take leastload, lru, random, twobin or weighted");
    assert_not_started(&(ipc_cluster_options_t){.engines = 1, .hwm = 1000001}, IPC_E_ARGUMENT, "not 1000001");
    assert_not_started(&(ipc_cluster_options_t){.engines = 5000}, IPC_E_ARGUMENT, "1 to 1024 engines, not 5000");
    assert_not_started(&(ipc_cluster_options_t){.engines = 1, .id = "a b"}, IPC_E_ARGUMENT, "cluster id \"a b\"");
    assert_not_started(&(ipc_cluster_options_t){.engines = 1, .profile = ""}, IPC_E_ARGUMENT, "profile");
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_ptr_null(ipc_cluster_attach("nobody", &error));
    ck_assert_int_eq(error.code, IPC_E_BUSY);
    ipc_cluster_t *cluster = start(1);
    assert_not_started(&(ipc_cluster_options_t){.engines = 1, .id = ipc_cluster_id(cluster)}, IPC_E_BUSY, "runs already");
    ck_assert_int_eq(ipc_cluster_remove(cluster, 7, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "there is no engine 7"));
    ck_assert_int_eq(ipc_cluster_add(cluster, 0, &error), -1);
    ck_assert_int_eq(ipc_cluster_signal(cluster, -1, 9999, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_int_eq(ipc_cluster_restart(cluster, -2, &error), -1);
    ck_assert_ptr_null(ipc_cluster_log(cluster, 9, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "no log"));
    footprint_t footprint = footprint_of(cluster);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
    assert_nothing_left(&footprint);
}
END_TEST

START_TEST(programs_that_wait_for_no_child_can_start_clusters)
{
    signal(SIGCHLD, SIG_IGN);
    ipc_cluster_t *cluster = start(1);
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_int_eq(ipc_cluster_remove(cluster, 7, &error), -1);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
    signal(SIGCHLD, SIG_DFL);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_program_has_a_cluster_of_its_own);
    tcase_add_test(tests, two_clusters_live_side_by_side);
    tcase_add_test(tests, a_killed_program_leaves_nothing);
    tcase_add_test(tests, a_detached_cluster_stays_until_it_is_stopped);
    tcase_add_test(tests, all_follows_engines_that_come_and_go);
    tcase_add_test(tests, a_call_on_all_is_for_engines_that_were_just_added);
    tcase_add_test(tests, work_of_a_removed_engine_ends_or_moves);
    tcase_add_test(tests, restarted_engines_have_new_processes_and_old_ids);
    tcase_add_test(tests, signals_reach_tasks_and_logs_are_read);
    tcase_add_test(tests, a_cluster_chooses_engines_by_its_scheme);
    tcase_add_test(tests, an_engine_has_as_many_tasks_as_its_window_says);
    tcase_add_test(tests, what_a_cluster_with_a_journal_did_is_known_to_the_next_one);
    tcase_add_loop_test(tests, the_journal_of_a_cluster_without_a_name_goes_with_it, 0, 2);
    tcase_add_test(tests, a_journal_with_a_history_is_not_temporary);
    tcase_add_test(tests, wrong_options_give_one_sentence);
    tcase_add_test(tests, programs_that_wait_for_no_child_can_start_clusters);
}

int main(void)
{
    return e2e_main("cluster", add_tests);
}
