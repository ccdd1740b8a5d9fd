//  Peers that are many, or do nothing: connections that say nothing or half of what they should, a client that does not
//  read its results, an engine that does not answer. The controller stays small and answers others.
#include <dirent.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/client/e2e_support.h"

enum { SILENT = 1000, SPARE_FILES = 200, TEXT = 15000, TEXTS = 12000, UNREAD_MIB = 64, END_MS = 30000 };

//  What connections may need in libzmq, and how much more than its bytes a result may. A sanitizer's memory is another
//  matter.
#ifdef __SANITIZE_ADDRESS__
static const double MIB = 1048576, CROWD_MIB = 1000, SLACK = 20;
#else
static const double MIB = 1048576, CROWD_MIB = 48, SLACK = 2;
#endif

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int, engine_pid, (void)) { return getpid(); }
IPC_REMOTE(const char *, text_of, (int64_t x))
{
    char *text = ipc_task_alloc(TEXT + 1);
    memset(text, 'a' + (int) (x % 26), TEXT);
    text[TEXT] = 0;
    return text;
}
// clang-format on

static double resident(pid_t pid)
{
    char path[64], line[128];
    double kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int) pid);
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %lf", &kilobytes) == 1)
            break;
    fclose(file);
    return kilobytes * 1024;
}

static int descriptors(pid_t pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int) pid);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static void allow_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < 2 * SILENT)
        exit(0); // nobody here may have so many
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

//  Of three, one says nothing, one half of ZeroMQ's greeting, one the wrong thing.
static void connect_silently(int sockets[SILENT])
{
    static const char half[] = "\xff\0\0\0\0\0\0\0\1\x7f\3", wrong[] = "GET / HTTP/1.1\r\nHost: nobody\r\n\r\n";
    char pattern[200];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/ipc/*/c", getenv("XDG_RUNTIME_DIR"));
    ck_assert(glob(pattern, 0, NULL, &found) == 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", found.gl_pathv[0]);
    globfree(&found);
    for (int i = 0; i < SILENT; i++) {
        sockets[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(sockets[i], 0);
        ck_assert_int_eq(connect(sockets[i], (struct sockaddr *) &address, sizeof address), 0);
        if (i % 3)
            send(sockets[i], i % 3 == 1 ? half : wrong, i % 3 == 1 ? sizeof half - 1 : sizeof wrong - 1, MSG_NOSIGNAL);
    }
}

START_TEST(a_thousand_silent_connections_hold_nobody_up)
{
    allow_files();
    session_t early = session_open();
    pid_t controller = process_named("ipcd");
    double before = resident(controller);
    int files = descriptors(controller), sockets[SILENT];
    connect_silently(sockets);
    assert_prints(ipc_apply_sync(early.all, square, 3), "[9, 9, 9, 9]");
    session_t late = session_open();
    assert_prints(ipc_apply_sync(late.all, square, 4), "[16, 16, 16, 16]");
    ck_assert_double_lt(resident(controller) - before, CROWD_MIB * MIB);
    for (int i = 0; i < SILENT; i++) close(sockets[i]);
    for (double deadline = now() + END_MS * 1e-3; descriptors(controller) > files + SPARE_FILES;)
        ck_assert_double_lt(now(), deadline);
    assert_prints(ipc_apply_sync(early.all, square, 5), "[25, 25, 25, 25]");
    session_close(&late);
    session_close(&early);
}
END_TEST

//  A client that has stopped itself with its work under way; it ends with 0 when all has come in the end.
static pid_t start_stopped_client(void)
{
    pid_t pid = fork();
    if (pid > 0)
        return pid;
    session_t s = session_open();
    ipc_result_t *texts = ipc_map(s.any, text_of, ipc_range(0, TEXTS));
    ipc_result_wait_for(texts, IPC_FIRST_DONE, IPC_FOREVER);
    raise(SIGSTOP);
    bool right = ipc_result_ok(texts);
    for (size_t i = 0; right && i < TEXTS; i++)
        right = strlen(ipc_result_str(texts, i)) == TEXT && ipc_result_str(texts, i)[0] == 'a' + (int) (i % 26);
    _exit(right ? 0 : 1);
}

//  Nothing more is at an engine.
static bool is_quiet(session_t *s)
{
    ipc_queue_status_t *status = ipc_client_queue_status(s->client, END_MS, NULL);
    ck_assert_ptr_nonnull(status);
    uint64_t left = 0;
    for (size_t i = 0; i < status->count; i++) left += status->engines[i].queued + status->engines[i].running;
    ipc_queue_status_destroy(&status);
    return left == 0;
}

START_TEST(results_that_nobody_reads_are_not_gathered_without_limit)
{
    pid_t controller = process_named("ipcd");
    double before = resident(controller);
    pid_t client = start_stopped_client();
    int status = 0;
    ck_assert_int_eq(waitpid(client, &status, WUNTRACED), client);
    ck_assert(WIFSTOPPED(status));
    session_t s = session_open();
    assert_prints(ipc_apply_sync(s.all, square, 3), "[9, 9, 9, 9]");
    while (!is_quiet(&s)) {} // all has run, or waits until the client has read more
    double unread = (resident(controller) - before) / MIB;
    printf("%.0f MiB in the controller for %.0f MiB unread\n", unread, (double) TEXTS * TEXT / MIB);
    ck_assert_double_lt(unread, SLACK * UNREAD_MIB);
    ipc_result_t *map = ipc_map(s.any, square, ipc_range(0, 1000));
    ck_assert_int_eq(ipc_result_i64(map, 999), 999 * 999);
    kill(client, SIGCONT);
    ck_assert_int_eq(waitpid(client, &status, 0), client);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the stopped client ended with status %x", status);
    session_close(&s);
}
END_TEST

START_TEST(an_engine_that_does_not_answer_holds_up_its_own_work_alone)
{
    session_t s = session_open();
    pid_t worker = (pid_t) ipc_result_i64(ipc_apply_sync(s.one, engine_pid), 0);
    ck_assert_int_eq(kill(worker, SIGSTOP), 0);
    ipc_result_t *stuck = ipc_apply(s.one, square, 3);
    ipc_result_t *impatient = ipc_apply_with(s.one, &(ipc_options_t){.timeout_ms = 100}, square, 4);
    ipc_view_t *rest = view_of(&s, "1:");
    assert_prints(ipc_apply_sync(rest, square, 5), "[25, 25, 25]");
    ipc_result_t *map = ipc_map(rest, square, ipc_range(0, 1000));
    assert_ok(map);
    ck_assert(!ipc_result_wait(stuck, 200));
    ck_assert_int_eq(kill(worker, SIGCONT), 0);
    assert_prints(stuck, "9");
    ck_assert(ipc_result_wait(impatient, END_MS)); // in time, or not
    ipc_result_error(impatient);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_thousand_silent_connections_hold_nobody_up);
    tcase_add_test(tests, results_that_nobody_reads_are_not_gathered_without_limit);
    tcase_add_test(tests, an_engine_that_does_not_answer_holds_up_its_own_work_alone);
}

int main(void)
{
    return e2e_main("crowd", add);
}
