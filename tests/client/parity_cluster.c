//  The tests of IPython Parallel's clusters and programs, under their names there: docs/ipyparallel-parity.md. Those of
//  its client that need engines to come and go are here too.
#include "e2e_support.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 10000, PATH_BYTES = 512 };

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, my_pid, (void)) { return getpid(); }
IPC_REMOTE(int64_t, who, (int64_t item)) { return ipc_engine_id() + 0 * item; }
IPC_REMOTE(void, endless, (void)) { ipc_publish("begun", 1); for (volatile uint64_t i = 0; i < UINT64_MAX; i++) {} }
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

static void stop(ipc_cluster_t *cluster, ipc_client_t *client)
{
    ipc_client_destroy(&client);
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}

//  Waits until so many engines are known.
static void await_count(ipc_client_t *client, size_t wanted)
{
    size_t count = wanted + 1;
    for (double end = now() + WAIT_MS / 1000; count != wanted && now() < end;) ipc_client_ids(client, &count);
    ck_assert_uint_eq(count, wanted);
}

//  What ipcluster writes, of the cluster of this id or of all; the caller frees it.
static char *ipcluster(int wanted, const char *id, const char *command, const char *option, const char *value)
{
    char program[PATH_BYTES];
    int status = -1;
    snprintf(program, sizeof program, "%s/tools/ipcluster", getenv("BUILD_ROOT"));
    char *const of_one[] = {program,         (char *) command, "--cluster-id", (char *) id,
                            (char *) option, (char *) value,   NULL};
    char *const of_all[] = {program, (char *) command, (char *) option, (char *) value, NULL};
    char *text = output_of(id ? of_one : of_all, &status);
    ck_assert_msg(status == wanted, "%s: exit status %d: %s", command, status, text);
    return text;
}

//  --- The API ------------------------------------------------------------------------------------------------------

START_TEST(start_stop_cluster)
{
    ipc_cluster_t *cluster = start(2);
    char connection[PATH_BYTES];
    snprintf(connection, sizeof connection, "%s", ipc_cluster_connection(cluster));
    ck_assert_int_eq(access(connection, R_OK), 0);
    ipc_client_t *client = client_of(cluster);
    assert_prints(ipc_apply_sync(ipc_direct_view(client, "all", NULL), my_id), "[0, 1]");
    stop(cluster, client);
    ck_assert_int_ne(access(connection, F_OK), 0);
    ck_assert_ptr_null(ipc_client_new(connection, NULL));
}
END_TEST

//  A set of engines that comes and goes, beside the one that stays.
START_TEST(start_stop_engines)
{
    ipc_cluster_t *cluster = start(1);
    ipc_client_t *client = client_of(cluster);
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_int_eq(ipc_cluster_add(cluster, 2, &error), 0);
    ck_assert_int_eq(ipc_client_wait(client, 3, WAIT_MS, &error), 0);
    ck_assert_int_eq(ipc_cluster_remove(cluster, 1, &error), 0);
    ck_assert_int_eq(ipc_cluster_remove(cluster, 2, &error), 0);
    ck_assert_int_eq(ipc_cluster_remove(cluster, 2, &error), -1); // there is none any more
    assert_prints(ipc_apply_sync(ipc_direct_view(client, "0", NULL), my_id), "0");
    stop(cluster, client);
}
END_TEST

START_TEST(restart_engines)
{
    ipc_cluster_t *cluster = start(2);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL);
    ipc_result_t *before = ipc_apply_sync(all, my_pid);
    ck_assert_int_eq(ipc_cluster_restart(cluster, -1, NULL), 0);
    ipc_result_t *after = ipc_apply_sync(all, my_pid);
    for (size_t i = 0; i < 2; i++) ck_assert_int_ne(ipc_result_i64(before, i), ipc_result_i64(after, i));
    assert_prints(ipc_apply_sync(all, my_id), "[0, 1]"); // the ids stay
    stop(cluster, client);
}
END_TEST

//  By number, and by name.
START_TEST(signal_engines)
{
    ipc_cluster_t *cluster = start(1);
    ipc_client_t *client = client_of(cluster);
    for (int by_name = 0; by_name < 2; by_name++) {
        ipc_result_t *r = ipc_apply(ipc_direct_view(client, "0", NULL), endless);
        ck_assert(ipc_result_wait_published(r, WAIT_MS)); // it runs
        if (by_name)
            free(ipcluster(0, ipc_cluster_id(cluster), "signal", "INT", "0"));
        else
            ck_assert_int_eq(ipc_cluster_signal(cluster, -1, SIGINT, NULL), 0);
        ck_assert(ipc_result_wait(r, WAIT_MS));
        ck_assert_str_eq(ipc_result_error(r)->kind, "Interrupted");
    }
    stop(cluster, client);
}
END_TEST

START_TEST(get_output)
{
    ipc_cluster_t *cluster = start(1);
    ck_assert_ptr_nonnull(strstr(ipc_cluster_log(cluster, -1, NULL), "engine 0 is ready"));
    ck_assert_ptr_nonnull(ipc_cluster_log(cluster, 0, NULL));
    ck_assert_int_eq(ipc_cluster_stop(&cluster), 0);
}
END_TEST

//  A cluster by its name, which does not end with who found it so.
START_TEST(to_from_dict)
{
    ipc_cluster_t *cluster = start(1);
    ipc_cluster_t *same = ipc_cluster_attach(ipc_cluster_id(cluster), NULL);
    ck_assert_ptr_nonnull(same);
    ck_assert_str_eq(ipc_cluster_connection(same), ipc_cluster_connection(cluster));
    ipc_client_t *client = client_of(same);
    ipc_cluster_destroy(&same);
    assert_prints(ipc_apply_sync(ipc_direct_view(client, "all", NULL), my_id), "[0]");
    stop(cluster, client);
}
END_TEST

//  An engine that dies as it starts ends the wait, with its name and how it ended.
START_TEST(wait_for_engines_crash)
{
    char folder[] = "/tmp/ipc-crash-XXXXXX", path[PATH_BYTES];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ipengine", folder);
    ck_assert_int_eq(symlink("/bin/false", path), 0); // instead of the real one
    setenv("IPC_PROGRAM_PATH", folder, 1);
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_ptr_null(ipc_cluster_start(&(ipc_cluster_options_t){.engines = 2}, &error));
    ck_assert_msg(strstr(error.text, "ended with exit status 1 before the cluster was ready"), "%s", error.text);
    unsetenv("IPC_PROGRAM_PATH");
    unlink(path);
    rmdir(folder);
}
END_TEST

//  --- Engines that come ----------------------------------------------------------------------------------------------

START_TEST(ids)
{
    ipc_cluster_t *cluster = start(2);
    ipc_client_t *client = client_of(cluster);
    size_t count = 0;
    const int *known = ipc_client_ids(client, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(known[1], 1);
    ck_assert_int_eq(ipc_cluster_add(cluster, 1, NULL), 0);
    ck_assert_int_eq(ipc_client_wait(client, 3, WAIT_MS, NULL), 0);
    known = ipc_client_ids(client, &count);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(known[2], 2);
    stop(cluster, client);
}
END_TEST

//  "all" is looked up anew at each call; a list is not.
START_TEST(lazy_all_targets)
{
    ipc_cluster_t *cluster = start(1);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL), *fixed = ipc_direct_view(client, ":", NULL);
    ck_assert_int_eq(ipc_cluster_add(cluster, 1, NULL), 0);
    ck_assert_int_eq(ipc_client_wait(client, 2, WAIT_MS, NULL), 0);
    assert_prints(ipc_apply_sync(all, my_id), "[0, 1]");
    assert_prints(ipc_map_sync(all, who, ipc_range(0, 4)), "[0, 0, 1, 1]");
    assert_prints(ipc_apply_sync(fixed, my_id), "[0]");
    stop(cluster, client);
}
END_TEST

//  A wait for more engines than there will ever be ends with the cluster.
static void *stop_cluster(void *cluster)
{
    ck_assert_int_eq(ipc_cluster_stop(&(ipc_cluster_t *){cluster}), 0);
    return NULL;
}

START_TEST(wait_for_engines_stopped)
{
    ipc_cluster_t *cluster = start(1);
    ipc_client_t *client = client_of(cluster);
    ipc_error_t error = {.code = IPC_E_NONE};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_cluster, cluster), 0);
    ck_assert_int_eq(ipc_client_wait(client, 5, IPC_FOREVER, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_CONNECTION);
    pthread_join(thread, NULL);
    ipc_client_destroy(&client);
}
END_TEST

START_TEST(no_engines_registered)
{
    ipc_cluster_t *cluster = start(1);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL);
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_int_eq(ipc_cluster_remove(cluster, 0, NULL), 0);
    await_count(client, 0);
    assert_fails(ipc_apply_sync(all, my_id), "wait for them with ipc_client_wait()");
    ck_assert_ptr_null(ipc_direct_view(client, "0", &error));
    ck_assert_int_eq(error.code, IPC_E_ENGINE_LOST);
    ck_assert_ptr_nonnull(strstr(error.text, "no engine is ready yet"));
    stop(cluster, client);
}
END_TEST

//  An engine that is gone fails its own position of a list, and no other; nor is it in the queues any more.
START_TEST(dead_id_in_a_list)
{
    ipc_cluster_t *cluster = start(3);
    ipc_client_t *client = client_of(cluster);
    ipc_view_t *list = ipc_direct_view(client, "[0, 1, 2]", NULL);
    ck_assert_int_eq(ipc_cluster_remove(cluster, 1, NULL), 0);
    await_count(client, 2);
    ipc_result_t *r = ipc_apply_sync(list, my_id);
    ck_assert_int_eq(ipc_result_i64(r, 0), 0);
    ck_assert_int_eq(ipc_result_error_at(r, 1)->code, IPC_E_ENGINE_LOST);
    ck_assert_int_eq(ipc_result_i64(r, 2), 2);
    ipc_queue_status_t *status = ipc_client_queue_status(client, IPC_FOREVER, NULL);
    ck_assert_uint_eq(status->count, 2);
    ck_assert_int_eq(status->engines[1].engine, 2);
    ipc_queue_status_destroy(&status);
    stop(cluster, client);
}
END_TEST

//  --- The programs --------------------------------------------------------------------------------------------------

static void assert_says(char *text, const char *words, bool says)
{
    ck_assert_msg((strstr(text, words) != NULL) == says, "'%s' in '%s'?", words, text);
    free(text);
}

START_TEST(ipcluster_start_stop)
{
    setenv("IPC_CLUSTER_ID", "parity", 1);
    ck_assert_ptr_null(ipc_client_new(NULL, NULL));
    free(ipcluster(0, "parity", "start", "-n2", "--daemonize"));
    free(ipcluster(1, "parity", "start", "-n2", "--daemonize")); // it runs already
    ipc_client_t *client = ipc_client_new(NULL, NULL);
    ck_assert_ptr_nonnull(client);
    assert_prints(ipc_apply_sync(ipc_direct_view(client, "all", NULL), my_id), "[0, 1]");
    ipc_client_destroy(&client);
    free(ipcluster(0, "parity", "stop", NULL, NULL));
    free(ipcluster(1, "parity", "stop", NULL, NULL)); // nothing to stop
    ck_assert_ptr_null(ipc_client_new(NULL, NULL));
}
END_TEST

START_TEST(ipcluster_list)
{
    assert_says(ipcluster(0, NULL, "list", NULL, NULL), "parity", false);
    free(ipcluster(0, "parity", "start", "-n1", "--daemonize"));
    assert_says(ipcluster(0, NULL, "list", NULL, NULL), "parity", true);
    assert_says(ipcluster(0, NULL, "list", "--json", NULL), "\"cluster_id\": \"parity\"", true);
    free(ipcluster(0, "parity", "stop", NULL, NULL));
    assert_says(ipcluster(0, NULL, "list", "--json", NULL), "parity", false);
}
END_TEST

//  It removes nothing of a cluster that runs.
START_TEST(ipcluster_clean)
{
    setenv("IPC_CLUSTER_ID", "parity", 1);
    free(ipcluster(0, "parity", "start", "-n1", "--daemonize"));
    assert_says(ipcluster(0, NULL, "clean", NULL, NULL), "nothing to clean", true);
    ipc_client_t *client = ipc_client_new(NULL, NULL);
    ck_assert_ptr_nonnull(client);
    assert_prints(ipc_apply_sync(ipc_direct_view(client, "all", NULL), my_id), "[0]");
    ipc_client_destroy(&client);
    free(ipcluster(0, "parity", "stop", NULL, NULL));
    assert_says(ipcluster(0, NULL, "clean", NULL, NULL), "nothing to clean", true);
}
END_TEST

//  A stopped engine leaves the ids and cannot be indexed; then the whole cluster goes.
START_TEST(shutdown)
{
    ipc_cluster_t *cluster = ipc_cluster_start(&(ipc_cluster_options_t){.engines = 3}, NULL);
    ck_assert_ptr_nonnull(cluster);
    ipc_client_t *client = ipc_cluster_client(cluster, NULL);
    ck_assert_ptr_nonnull(client);
    ipc_view_t *all = ipc_direct_view(client, "all", NULL);
    ipc_error_t error = {.code = IPC_E_NONE};
    assert_ok(ipc_view_shutdown(ipc_direct_view(client, "1", NULL)));
    size_t count = 0;
    for (double end = now() + WAIT_MS / 1000; count != 2 && now() < end;) ipc_client_ids(client, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_ptr_null(ipc_direct_view(client, "1", &error));
    ck_assert_int_eq(error.code, IPC_E_ENGINE_LOST);
    assert_prints(ipc_apply_sync(all, my_id), "[0, 2]");
    ck_assert_int_eq(ipc_client_shutdown(client, WAIT_MS, &error), 0);
    ck_assert_int_ne(access(ipc_cluster_connection(cluster), F_OK), 0);
    ipc_client_destroy(&client);
    ipc_cluster_destroy(&cluster);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, start_stop_cluster);
    tcase_add_test(tests, start_stop_engines);
    tcase_add_test(tests, restart_engines);
    if (TASKS_ARE_STOPPED)
        tcase_add_test(tests, signal_engines);
    tcase_add_test(tests, get_output);
    tcase_add_test(tests, to_from_dict);
    tcase_add_test(tests, wait_for_engines_crash);
    tcase_add_test(tests, ids);
    tcase_add_test(tests, lazy_all_targets);
    tcase_add_test(tests, wait_for_engines_stopped);
    tcase_add_test(tests, no_engines_registered);
    tcase_add_test(tests, dead_id_in_a_list);
    tcase_add_test(tests, ipcluster_start_stop);
    tcase_add_test(tests, ipcluster_list);
    tcase_add_test(tests, ipcluster_clean);
    tcase_add_test(tests, shutdown);
}

int main(void)
{
    return e2e_main("parity_cluster", add_tests);
}
