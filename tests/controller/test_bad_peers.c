//  Peers that have no right to speak, that do not keep up, and that die, beside real processes (witness.h).
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "e2e_support.h"
#include "raw_peer.h"
#include "witness.h"

enum { MEBIBYTE_OF_DOUBLES = 131072, NOBODY = 65534 };

// clang-format off
IPC_REMOTE(double, nap_with, (const ipc_array_t *x, int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    return ((const double *) ipc_array_data(x))[0];
}
IPC_REMOTE(ipc_array_t *, many_ones, (void))
{
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, (size_t[]){MEBIBYTE_OF_DOUBLES}, NULL);
    for (size_t i = 0; i < MEBIBYTE_OF_DOUBLES; i++) ipc_array_f64(x)[i] = 1;
    return x;
}
// clang-format on

//  --- Who may speak ------------------------------------------------------------------------------------------

START_TEST(a_wrong_token_is_refused_with_a_sentence)
{
    witness_t witness = witness_new();
    ipc_connection_t client = raw_connection("client.json"), engine = raw_connection("engine.json");
    const char *tokens[] = {"", "0", engine.token, "0000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        raw_peer_t peer = raw_open(&client, NULL);
        raw_add_hello(&peer, tokens[i]);
        raw_send(&peer);
        raw_await_refusal(&peer, "connection file");
        raw_close(&peer);
    }
    raw_peer_t peer = raw_open(&engine, NULL);
    raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_REGISTER,
                                .registration = {.token = ipc_bytes_of(client.token),
                                                 .trace = {"", 0}, .output = {"", 0}, .errors = {"", 0}}});
    raw_send(&peer);
    raw_await_refusal(&peer, "connection file");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

static bool is_answered(const ipc_connection_t *file, int timeout_ms)
{
    ipc_msg_t msg;
    raw_peer_t peer = raw_open(file, NULL);
    raw_add_hello(&peer, file->token);
    raw_send(&peer);
    bool answered = raw_next(&peer, &msg, timeout_ms);
    raw_close(&peer);
    return answered;
}

//  In a child: says hello as nobody. Gives the child's exit status.
static int hello_of_nobody(const ipc_connection_t *file)
{
    enum { SILENT_MS = 700 };
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        const char *socket = strstr(file->endpoint, "://") + strlen("://");
        if (setgid(NOBODY) || setuid(NOBODY) || access(socket, R_OK | W_OK))
            _exit(2);
        _exit(is_answered(file, SILENT_MS));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

//  Even where the modes of the folders and of the socket would let it in.
START_TEST(a_client_of_another_user_gets_no_answer)
{
    if (geteuid() != 0)
        return; // only root can be somebody else
    ipc_connection_t file = raw_connection("client.json");
    char runtime[IPC_PATH_MAX];
    snprintf(runtime, sizeof runtime, "%s/ipc", getenv("XDG_RUNTIME_DIR"));
    const char *opened[] = {getenv("XDG_RUNTIME_DIR"), runtime, file.directory, strchr(file.endpoint, '/') + 2};
    enum { OPENED = sizeof opened / sizeof opened[0] };
    for (size_t i = 0; i < OPENED; i++) ck_assert_int_eq(chmod(opened[i], 0777), 0);
    int status = hello_of_nobody(&file);
    bool owner_answered = is_answered(&file, RAW_DEADLINE_MS);
    for (size_t i = 0; i < OPENED; i++) ck_assert_int_eq(chmod(opened[i], 0700), 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d: %s", status,
                  WEXITSTATUS(status) == 1 ? "it was answered" : "it could not even try");
    ck_assert(owner_answered);
    witness_t witness = witness_new();
    witness_end(&witness);
}
END_TEST

START_TEST(messages_on_the_wrong_socket_are_refused)
{
    static const ipc_msg_type_t clients_own[] = {IPC_MSG_HELLO,   IPC_MSG_FUNCTION, IPC_MSG_SUBMIT,
                                                 IPC_MSG_RELEASE, IPC_MSG_STATUS,   IPC_MSG_PING,
                                                 IPC_MSG_BYE,     IPC_MSG_QUERY,    IPC_MSG_FETCH,
                                                 IPC_MSG_TERMS,   IPC_MSG_LIMITS,   IPC_MSG_ABORT,
                                                 IPC_MSG_SIGNAL,  IPC_MSG_SUPPLY,   IPC_MSG_SHUTDOWN,
                                                 IPC_MSG_SEEN,    IPC_MSG_RESUME,   IPC_MSG_PONG,
                                                 IPC_MSG_TAKEN};
    witness_t witness = witness_new();
    ipc_connection_t engine = raw_connection("engine.json");
    for (ipc_msg_type_t type = 0; type < IPC_MSG_COUNT; type++) {
        bool is_clients = false;
        for (size_t i = 0; i < sizeof clients_own / sizeof clients_own[0]; i++)
            is_clients = is_clients || clients_own[i] == type;
        if (type == IPC_MSG_REGISTER || type == IPC_MSG_BYE)
            continue; // an engine's greeting; and a BYE ends whoever says it
        ipc_msg_t msg = {.type = type};
        if (type == IPC_MSG_OUTPUT)
            msg.output.stream = 1;
        if (!is_clients) {
            raw_peer_t peer = raw_open_client();
            raw_add(&peer, &msg);
            raw_send(&peer);
            raw_await_refusal(&peer, ipc_msg_name(type));
            raw_close(&peer);
        }
        raw_peer_t peer = raw_open(&engine, NULL);
        raw_add(&peer, &msg);
        raw_send(&peer);
        raw_await_refusal(&peer, ipc_msg_name(type));
        raw_close(&peer);
    }
    witness_end(&witness);
}
END_TEST

//  --- Objects --------------------------------------------------------------------------------------------------

//  The objects in the cluster's shared memory: how many; the first one's name in object.
static size_t objects_there(ipc_object_t *object)
{
    ipc_connection_t file = raw_connection("client.json");
    char pattern[IPC_PATH_MAX * 2];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/[0-9a-f]*-*", file.shm);
    size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    if (count > 0 && object) {
        char *end = NULL;
        object->owner = strtoull(strrchr(found.gl_pathv[0], '/') + 1, &end, 16);
        object->number = strtoull(end + 1, NULL, 16);
    }
    globfree(&found);
    return count;
}

static ipc_value_t ones(double *x)
{
    for (size_t i = 0; i < MEBIBYTE_OF_DOUBLES; i++) x[i] = 1;
    return ipc_f64(x, MEBIBYTE_OF_DOUBLES);
}

START_TEST(a_release_of_what_somebody_else_holds_frees_nothing)
{
    witness_t witness = witness_new();
    double *x = malloc(MEBIBYTE_OF_DOUBLES * sizeof *x);
    ipc_object_t object = {0};
    assert_ok(ipc_push_sync(witness.session.all, "kept", ones(x)));
    ck_assert_uint_gt(objects_there(&object), 0);
    raw_peer_t peer = raw_open_client();
    for (uint64_t count = 1; count; count = count << 7 | (count & 1)) {
        raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {object, count}});
        raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {{object.number, count}, count}});
        if (count >> 56)
            break;
    }
    raw_send(&peer);
    raw_await_any_answer(&peer);
    // A segment that was freed would hold these.
    for (int i = 0; i < 4; i++) {
        x[0] = 100 + i;
        assert_ok(ipc_push_sync(witness.session.all, "other", ipc_f64(x, MEBIBYTE_OF_DOUBLES)));
    }
    ipc_result_t *kept = ipc_pull_sync(witness.session.one, "kept");
    assert_ok(kept);
    const ipc_array_t *array = ipc_result_array(kept, 0);
    ck_assert_ptr_nonnull(array);
    ck_assert_double_eq(((const double *) ipc_array_data(array))[0], 1);
    free(x);
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

static unsigned long objects_reported(void)
{
    unsigned long count = 0;
    char *report = raw_report();
    const char *at = strstr(report, " records, ");
    ck_assert_msg(at && sscanf(at, " records, %lu objects", &count) == 1, "%s", report);
    free(report);
    return count;
}

//  The client says so at once: it does not wait until it has something else to say.
START_TEST(what_only_the_options_of_a_view_held_is_released_with_them)
{
    session_t s = session_open();
    unsigned long before = objects_reported();
    ipc_result_t *r = ipc_apply_sync(s.one, many_ones);
    ck_assert_ptr_nonnull(ipc_result_array(r, 0));
    ck_assert_int_eq(ipc_view_set_options(s.any, &(ipc_options_t){.after = ipc_after(r)}, NULL), 0);
    ipc_result_destroy(&r);
    ck_assert_uint_gt(objects_reported(), before);
    ck_assert_int_eq(ipc_view_set_options(s.any, NULL, NULL), 0);
    double end = now() + 10;
    while (objects_reported() > before && now() < end) poll(NULL, 0, 20);
    ck_assert_uint_eq(objects_reported(), before);
    session_close(&s);
}
END_TEST

//  --- Peers that do not keep up, and peers that die --------------------------------------------------------

static void await_no_jobs(void)
{
    for (double end = now() + 10; now() < end; poll(NULL, 0, 20)) {
        char *report = raw_report();
        bool idle = strstr(report, ": 0 jobs, 0 spans") != NULL;
        free(report);
        if (idle)
            return;
    }
    char *report = raw_report();
    ck_abort_msg("there are still jobs: %s", report);
}

START_TEST(a_client_that_never_reads_does_not_keep_others_waiting)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t msg = raw_submission();
    msg.submit.flags = 0;
    msg.submit.items = IPC_ITEMS_RANGE;
    msg.submit.count = 100000;
    msg.submit.targets.size = msg.submit.places.size = msg.submit.data.size = 0;
    raw_add(&peer, &raw_function);
    raw_add(&peer, &msg);
    raw_send(&peer);
    for (int i = 0; i < 20; i++) {
        double start = now();
        witness_assert_unharmed(&witness);
        ck_assert_double_lt(now() - start, 1);
    }
    await_no_jobs(); // all were run; nobody was told
    witness_assert_unharmed(&witness);
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  A child that queues work with arrays, and has shared memory that is free for reuse. Gives its pid once the
//  work is queued.
static pid_t start_working_child(void)
{
    enum { TIMES_LARGER = 8 };
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        session_t s = session_open();
        double *x = calloc(TIMES_LARGER * MEBIBYTE_OF_DOUBLES, sizeof *x);
        ipc_value_t large = ipc_f64(x, TIMES_LARGER * MEBIBYTE_OF_DOUBLES), small = ones(x);
        assert_ok(ipc_apply_sync(s.all, nap_with, large, 0));
        for (int i = 0; i < 50; i++) ipc_apply(s.all, nap_with, small, 200);
        usleep(100000); // until the first of them run, and the large segment has been let go
        ck_assert_int_eq(write(ends[1], "!", 1), 1);
        for (;;) pause();
    }
    close(ends[1]);
    char said = 0;
    ck_assert_int_eq(read(ends[0], &said, 1), 1);
    close(ends[0]);
    return child;
}

START_TEST(a_killed_client_drops_its_work)
{
    pid_t child = start_working_child(); // before this process has threads
    witness_t witness = witness_new();
    double start = now();
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    witness_assert_unharmed(&witness); // 50 tasks of 200 ms stood before this
    ck_assert_double_lt(now() - start, 3);
    await_no_jobs();
    witness_end(&witness);
}
END_TEST

START_TEST(a_killed_client_leaves_no_shared_memory)
{
    size_t before = objects_there(NULL), after = 0;
    pid_t child = start_working_child();
    ck_assert_uint_gt(objects_there(NULL), before);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    for (double end = now() + 5; (after = objects_there(NULL)) > before && now() < end;) poll(NULL, 0, 10);
    ck_assert_uint_le(after, before);
    witness_t witness = witness_new();
    witness_end(&witness);
}
END_TEST

enum { OWN_ENGINE = 40 };

//  An engine of this process, which ends with the test.
static raw_peer_t open_engine(void)
{
    ipc_connection_t file = raw_connection("engine.json");
    raw_peer_t engine = raw_open(&file, NULL);
    ipc_bytes_t none = {"", 0};
    raw_add(&engine, &(ipc_msg_t){.type = IPC_MSG_REGISTER,
                                  .registration = {.token = ipc_bytes_of(file.token), .engine = OWN_ENGINE, .epoch = 1,
                                                   .pid = (uint32_t) getpid(), .nanny = (uint32_t) getpid(),
                                                   .trace = none, .output = none, .errors = none, .has = none,
                                                   .host = none, .host_has = none}});
    raw_send(&engine);
    raw_await(&engine, IPC_MSG_ACCEPTED, IPC_MSG_ACCEPTED);
    return engine;
}

//  As a worker does that waits too long for an answer: nothing of what it was sent before has been read, or begun.
START_TEST(an_engine_that_registers_twice_gets_its_tasks_again)
{
    raw_peer_t first = open_engine(), client = raw_open_client();
    ipc_msg_t submission = raw_submission();
    ipc_target_t target = {.engine = OWN_ENGINE, .count = 2, .first = 0};
    submission.submit.targets = (ipc_bytes_t){(const char *) &target, sizeof target};
    raw_add(&client, &raw_function);
    raw_add(&client, &submission);
    raw_send(&client);
    raw_await(&first, IPC_MSG_TASK, IPC_MSG_TASK);
    raw_peer_t second = open_engine();
    ipc_msg_t task = raw_await(&second, IPC_MSG_TASK, IPC_MSG_TASK);
    ck_assert_uint_eq(task.task.first, 0);
    ck_assert_uint_eq(task.task.count, 2);
    raw_close(&second);
    raw_close(&first);
    raw_close(&client);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_wrong_token_is_refused_with_a_sentence);
    tcase_add_test(tests, a_client_of_another_user_gets_no_answer);
    tcase_add_test(tests, messages_on_the_wrong_socket_are_refused);
    tcase_add_test(tests, a_release_of_what_somebody_else_holds_frees_nothing);
    tcase_add_test(tests, what_only_the_options_of_a_view_held_is_released_with_them);
    tcase_add_test(tests, a_client_that_never_reads_does_not_keep_others_waiting);
    tcase_add_test(tests, a_killed_client_drops_its_work);
    tcase_add_test(tests, a_killed_client_leaves_no_shared_memory);
    tcase_add_test(tests, an_engine_that_registers_twice_gets_its_tasks_again);
}

int main(void)
{
    return e2e_main("bad peers", add_tests);
}
