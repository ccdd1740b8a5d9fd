//  A journal on a disk that runs full, or that is read-only: a sentence says so, no task is taken meanwhile, and what
//  was done is not lost. Beside a cluster whose journal is in a small folder: tests/with_small_shm --state.
#include "e2e_support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int, same, (int x)) { return x; }
IPC_REMOTE(int, wait_for, (const char *path)) { gate_await(path); return 1; }
// clang-format on

enum { TRIES = 5000 };

static char filler[300];

//  Takes all the room there is.
static void fill_disk(void)
{
    snprintf(filler, sizeof filler, "%s/filler", getenv("XDG_STATE_HOME"));
    int file = open(filler, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(file, 0);
    static const char bytes[4096];
    while (write(file, bytes, sizeof bytes) > 0) {}
    ck_assert_int_eq(errno, ENOSPC);
    close(file);
}

START_TEST(a_full_disk_is_told_and_no_task_is_taken_until_there_is_room)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_options_t options = {.label = "full"};
    assert_ok(ipc_apply_with_sync(s.one, &options, same, 1));
    ipc_result_t *running = ipc_apply_with(s.one, &(ipc_options_t){.label = "ran"}, wait_for, (const char *) gate.path);
    while (task_count(&s, &(ipc_history_query_t){.label = "ran", .state = IPC_TASK_RUNNING}) == 0) {}
    fill_disk();
    int taken = 0;
    ipc_result_t *r = NULL;
    ipc_view_t *other = view_of(&s, "1");
    while (taken < TRIES && ipc_result_ok(r = ipc_apply_with_sync(other, &options, same, taken))) taken++;
    ck_assert_int_lt(taken, TRIES);
    assert_fails(r, "the disk is full");
    assert_shows(ipcluster_prints(0, "status", NULL), "no task is taken: the journal /");
    assert_shows(ipcluster_prints(0, "status", "--json", NULL), "\"journal_fails\": true");
    ipc_error_t error = {.code = IPC_E_NONE};
    ck_assert_ptr_null(ipc_client_journal(s.client, IPC_FOREVER, &error));
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_int_eq(ipc_client_purge(s.client, 0, &error), -1);
    ck_assert_uint_gt(task_count(&s, NULL), 0); // of the last tasks, from memory
    gate_open(&gate);
    assert_ok(running); // what was taken goes on, and comes back
    ck_assert_int_eq(unlink(filler), 0);
    double deadline = now() + 20;
    char *sentence;
    while (!(sentence = ipc_client_journal(s.client, IPC_FOREVER, &error)) && now() < deadline) usleep(50000);
    ck_assert_msg(sentence != NULL, "%s", error.text);
    free(sentence);
    assert_ok(ipc_apply_with_sync(s.one, &options, same, 1));
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "full"}), (size_t) taken + 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "ran"}), 1);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  A cluster of another id, which needs a journal of its own.
START_TEST(a_place_that_cannot_be_written_is_refused_at_start)
{
    const char *state = getenv("XDG_STATE_HOME");
    setenv("IPC_CLUSTER_ID", "refused", 1);
    fill_disk();
    assert_shows(ipcluster_prints(1, "start", "-n", "1", "--daemonize", "--journal", NULL), "the disk is full");
    ck_assert_int_eq(unlink(filler), 0);
    if (mount(NULL, state, NULL, MS_REMOUNT | MS_RDONLY, NULL))
        return; // it takes root to try
    assert_shows(ipcluster_prints(1, "start", "-n", "1", "--daemonize", "--journal", NULL), "Read-only file system");
    ck_assert_int_eq(mount(NULL, state, NULL, MS_REMOUNT, NULL), 0);
    char path[400];
    snprintf(path, sizeof path, "%s/ipclient/default/journal-refused.db", state);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(file, "nonsense", 8), 8);
    close(file);
    assert_shows(ipcluster_prints(1, "start", "-n", "1", "--daemonize", "--journal", NULL), "is damaged");
    assert_shows(ipcluster_prints(0, "clean", "--journals", NULL), "removed 1 journal");
    assert_shows(ipcluster_prints(0, "start", "-n", "1", "--daemonize", "--journal", NULL), "1 engine ready");
    free(ipcluster_prints(0, "stop", NULL));
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_full_disk_is_told_and_no_task_is_taken_until_there_is_room);
    tcase_add_test(tests, a_place_that_cannot_be_written_is_refused_at_start);
}

int main(void)
{
    return e2e_main("journal full", add);
}
