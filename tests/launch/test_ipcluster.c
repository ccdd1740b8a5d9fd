//  The life of clusters, from start to nothing left, with programs that only pretend
//  (fakes/): the paths of ipcluster and of the supervisor behind it. argv[1] is ipcluster;
//  IPC_PROGRAM_PATH leads to the fakes.
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/connection.h"
#include "common/fail.h"
#include "launch/cluster.h"
#include "launch/supervisor.h"
#include "tests/common/run_suite.h"

enum { TEXT = 8192, DEADLINE_MS = 20 * 1000 };

static const char *ipcluster(void)
{
    return getenv("TEST_IPCLUSTER");
}

//  Runs a shell command, in which $C is ipcluster; gives its exit status and what it wrote,
//  stderr too.
static int run(char text[TEXT], const char *command)
{
    char line[2 * TEXT];
    snprintf(line, sizeof line, "C='%s'; exec 2>&1; %s", ipcluster(), command);
    FILE *pipe = popen(line, "r");
    size_t size = fread(text, 1, TEXT - 1, pipe);
    text[size] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(int status, const char *words, const char *command)
{
    char text[TEXT];
    int result = run(text, command);
    ck_assert_msg(result == status && strstr(text, words),
                  "%s: exit status %d, not %d with \"%s\":\n%s", command, result, status,
                  words, text);
}

static ipc_paths_t paths_of_default(void)
{
    ipc_paths_t paths;
    ck_assert_int_eq(ipc_paths_find(&paths, NULL, NULL, NULL), 0);
    return paths;
}

static record_t *running(void)
{
    ipc_error_t error;
    record_t *record = cluster_find(NULL, NULL, &error);
    ck_assert_msg(record != NULL, "%s", error.text);
    return record;
}

//  Waits until something in a directory is as wanted; looks again at each change in it.
typedef bool (*wanted_fn)(const void *context);
static void wait_for(const char *directory, wanted_fn wanted, const void *context)
{
    int events = inotify_init1(IN_CLOEXEC);
    ck_assert_int_ge(
        inotify_add_watch(events, directory, IN_MOVED_TO | IN_CREATE | IN_MODIFY), 0);
    while (!wanted(context)) {
        struct pollfd polled = {.fd = events, .events = POLLIN};
        ck_assert_msg(poll(&polled, 1, DEADLINE_MS) == 1, "nothing changed in %s",
                      directory);
        char dropped[4096];
        ck_assert_int_gt(read(events, dropped, sizeof dropped), 0);
    }
    close(events);
}

static void expect_nothing_left(const record_t *record)
{
    for (size_t i = 0; i < record->engines; i++)
        ck_assert(!process_lives(&record->nannies[i]));
    ck_assert(!process_lives(&record->controller));
    ck_assert(!process_lives(&record->supervisor));
    ck_assert(access(record->shm, F_OK));
    char text[TEXT];
    run(text, "find \"$XDG_RUNTIME_DIR/ipc\" -mindepth 1");
    ck_assert_str_eq(text, "");
}

static void stop_all(void)
{
    char text[TEXT];
    run(text, "$C stop --all; $C clean");
}

START_TEST(a_cluster_starts_and_stops_and_leaves_nothing)
{
    expect(0, "3 engines ready in 0.", "$C start -n 3 --daemonize");
    record_t *record = running();
    ipc_paths_t paths = paths_of_default();
    struct stat status;
    const char *privates[] = {paths.directory, paths.images, paths.logs, paths.shm};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(lstat(privates[i], &status), 0);
        ck_assert_int_eq(status.st_mode & 07777, 0700);
    }
    ipc_connection_t client, engine;
    ck_assert_int_eq(ipc_connection_find(&client, NULL, NULL), 0);
    ck_assert_int_eq(ipc_connection_read(&engine, paths.engine_file, NULL), 0);
    ck_assert_str_eq(client.role, "client");
    ck_assert_str_eq(client.endpoint + strlen("ipc://"), paths.client_socket);
    ck_assert_str_ne(client.token, engine.token);
    ck_assert_uint_eq(strlen(client.token), IPC_TOKEN_TEXT - 1);
    expect(0, "default  \"\"", "$C list");
    expect(0, "\"engines\": 3", "$C list --json");
    expect(0, "engine 2: ", "$C status");
    expect(0, "==> engine 2 <==", "$C logs");
    expect(1, "there is no log of \"3\"", "$C logs 3");
    expect(0, "stopped the cluster", "$C stop");
    expect_nothing_left(record);
    expect(0, "no cluster is running", "$C list");
    expect(1, "no cluster is running (profile default, cluster id \"\")", "$C status");
    record_destroy(&record);
}
END_TEST

START_TEST(a_second_start_is_refused_and_another_id_is_not)
{
    expect(0, "2 engines ready", "$C start -n 2 --daemonize");
    expect(1, "a cluster runs already (profile default, cluster id \"\", 2 engines, pid ",
           "$C start -n 1");
    expect(1, "stop it with 'ipcluster stop' or give another --cluster-id",
           "$C start --daemonize");
    expect(0, "1 engine ready", "$C start -n 1 --daemonize --cluster-id other");
    expect(0, "default  other", "$C list");
    expect(0, "cluster id \"other\"", "IPC_CLUSTER_ID=other $C stop");
    expect(0, "stopped", "$C stop");
    expect(1, "no cluster is running", "$C stop");
    expect(1, "no cluster is running", "$C stop --all");
}
END_TEST

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

//  It heeds all of these, also where the tests themselves run under nohup.
static pid_t start_in_foreground(FILE **output)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        for (size_t i = 0; i < sizeof stop_signals / sizeof stop_signals[0]; i++) signal(stop_signals[i], SIG_DFL);
        execl(ipcluster(), ipcluster(), "start", "-n", "2", NULL);
        _exit(127);
    }
    close(ends[1]);
    *output = fdopen(ends[0], "r");
    return pid;
}

START_TEST(a_signal_stops_a_cluster_in_the_foreground)
{
    FILE *output;
    pid_t pid = start_in_foreground(&output);
    char line[256];
    ck_assert(fgets(line, sizeof line, output) && strstr(line, "2 engines ready in "));
    ck_assert(fgets(line, sizeof line, output));
    ck_assert_str_eq(line, "Ctrl-C stops the cluster\n");
    record_t *record = running();
    ck_assert_int_eq(record->supervisor.pid, pid);
    ck_assert_int_eq(kill(pid, stop_signals[_i]), 0);
    int status = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    expect_nothing_left(record);
    record_destroy(&record);
    fclose(output);
}
END_TEST

START_TEST(a_second_signal_ends_the_patience)
{
    ck_assert_int_eq(setenv("FAKE_IPCD", "stubborn", 1), 0);
    FILE *output;
    pid_t pid = start_in_foreground(&output);
    char line[256];
    ck_assert(fgets(line, sizeof line, output));
    record_t *record = running();
    int nanny = process_open(&record->nannies[0]);
    kill(pid, SIGINT);
    poll(&(struct pollfd){.fd = nanny, .events = POLLIN}, 1,
         DEADLINE_MS); // it is stopping now
    ck_assert(process_lives(&record->controller));
    kill(pid, SIGINT);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    expect_nothing_left(record);
    record_destroy(&record);
    close(nanny);
    fclose(output);
}
END_TEST

static void kill_everything(const record_t *record)
{
    process_kill(&record->supervisor);
    process_kill(&record->controller);
    for (size_t i = 0; i < record->engines; i++) process_kill(&record->nannies[i]);
}

START_TEST(after_a_kill_of_everything_the_next_start_cleans_up)
{
    expect(0, "2 engines ready", "$C start -n 2 --daemonize");
    record_t *record = running();
    char left[2 * IPC_PATH_MAX];
    snprintf(left, sizeof left, "%s/segment", record->shm);
    close(open(left, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    kill_everything(record);
    expect(0, "no cluster is running", "$C list");
    expect(0, "2 engines ready", "$C start -n 2 --daemonize");
    ck_assert(access(left, F_OK));
    expect(0, "stopped", "$C stop");
    expect_nothing_left(record);
    record_destroy(&record);
}
END_TEST

START_TEST(after_a_kill_of_the_supervisor_the_next_start_ends_its_children)
{
    ck_assert_int_eq(setenv("FAKE_IPCD", "stubborn", 1), 0);
    expect(0, "2 engines ready", "$C start -n 2 --daemonize");
    record_t *first = running();
    ck_assert(process_kill(&first->supervisor));
    ck_assert_int_eq(unsetenv("FAKE_IPCD"), 0);
    expect(0, "2 engines ready", "$C start -n 2 --daemonize");
    ck_assert(!process_lives(&first->controller));
    for (size_t i = 0; i < first->engines; i++)
        ck_assert(!process_lives(&first->nannies[i]));
    record_destroy(&first);
}
END_TEST

START_TEST(clean_removes_what_dead_clusters_left_and_nothing_else)
{
    expect(0, "ready", "$C start -n 2 --daemonize");
    record_t *dead = running();
    kill_everything(dead);
    expect(0, "ready", "$C start -n 1 --daemonize --cluster-id alive");
    expect(0, "removed what 1 dead cluster left", "$C clean");
    expect(0, "nothing to clean", "$C clean");
    expect(0, "alive", "$C list");
    expect(0, "stopped", "$C stop --all");
    expect_nothing_left(dead);
    record_destroy(&dead);
}
END_TEST

static bool is_whole_again(const void *context)
{
    const record_t *before = context;
    ipc_auto(record_destroy) record_t *now = cluster_find(NULL, NULL, NULL);
    return now && now->controller.pid != before->controller.pid &&
           now->nannies[1].pid != before->nannies[1].pid &&
           process_lives(&now->controller) && process_lives(&now->nannies[1]);
}

START_TEST(a_killed_engine_and_a_killed_controller_are_started_again)
{
    expect(0, "2 engines ready", "$C start -n 2 --daemonize");
    record_t *before = running();
    ck_assert(process_kill(&before->nannies[1]));
    ck_assert(process_kill(&before->controller));
    wait_for(before->directory, is_whole_again, before);
    record_t *after = running();
    ck_assert_int_eq(after->supervisor.pid, before->supervisor.pid);
    ck_assert_int_eq(after->nannies[0].pid, before->nannies[0].pid);
    expect(0, "stopped", "$C stop");
    expect_nothing_left(after);
    record_destroy(&before);
    record_destroy(&after);
}
END_TEST

static bool is_loop_told(const void *context)
{
    char text[TEXT];
    return run(text, "$C logs") == 0 &&
           strstr(text, "for the 5th time in a minute: trying again each 10 s");
}

static bool has_another_nanny(const void *context)
{
    const record_t *before = context;
    ipc_auto(record_destroy) record_t *now = cluster_find(NULL, NULL, NULL);
    return now && now->nannies[0].pid != before->nannies[0].pid;
}

START_TEST(an_engine_that_dies_again_and_again_is_told_once_and_tried_later)
{
    expect(0, "1 engine ready", "$C start -n 1 --daemonize");
    for (int death = 1; death <= 5; death++) {
        record_t *before = running();
        ck_assert(process_kill(&before->nannies[0]));
        if (death < 5)
            wait_for(before->directory, has_another_nanny, before);
        record_destroy(&before);
    }
    wait_for(paths_of_default().logs, is_loop_told, NULL);
    expect(0, "engine 0: down", "$C status");
    expect(0, "stopped", "$C stop");
}
END_TEST

static const struct failing {
    const char *environment, *words;
} failing[] = {
    {"FAKE_IPENGINE=die FAKE_IPENGINE_ID=1",
     "engine 1 ended with exit status 4 before the cluster was ready\nits last words:\n    engine 1 has no "
     "hands\n"},
    {"FAKE_IPCD=error", "the controller cannot start: the sockets are too long\n"},
    {"FAKE_IPCD=die",
     "the controller ended with exit status 3 before the cluster was ready\nits last words:\n"
     "    first line\n    the disk of the controller is full\n"},
};

START_TEST(a_start_that_fails_says_why_and_leaves_nothing)
{
    static const char *const ways[] = {"", "--daemonize"};
    for (size_t way = 0; way < 2; way++) {
        char command[TEXT];
        snprintf(command, sizeof command, "%s $C start -n 3 %s", failing[_i].environment,
                 ways[way]);
        expect(1, failing[_i].words, command);
        expect_nothing_left(&(record_t){.engines = 0, .shm = "/dev/shm/none"});
        ck_assert(access(paths_of_default().shm, F_OK));
    }
}
END_TEST

START_TEST(a_missing_program_is_named)
{
    expect(
        1, "cannot find the program ipcd, neither as /tmp/",
        "cp $C $XDG_RUNTIME_DIR/ipcluster; IPC_PROGRAM_PATH= $XDG_RUNTIME_DIR/ipcluster start -n 1");
}
END_TEST

START_TEST(a_program_that_cannot_run_is_named)
{
    expect(
        1, "cannot start ",
        "P=$XDG_RUNTIME_DIR/programs; mkdir $P; echo nonsense > $P/ipcd; chmod +x $P/ipcd; cp "
        "$IPC_PROGRAM_PATH/ipengine $P; IPC_PROGRAM_PATH=$P $C start -n 1");
    expect_nothing_left(&(record_t){.engines = 0, .shm = "/dev/shm/none"});
}
END_TEST

START_TEST(an_engine_that_is_never_ready_is_named_after_the_deadline)
{
    setenv("FAKE_IPENGINE", "silent", 1);
    setenv("FAKE_IPENGINE_ID", "1", 1);
    ipc_error_t error;
    supervisor_options_t options = {.engines = 3, .timeout_ms = 300};
    supervisor_t *supervisor = supervisor_new(&options, &error);
    ck_assert_msg(supervisor != NULL, "%s", supervisor ? "" : error.text);
    ck_assert_int_eq(supervisor_start(supervisor, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(error.text, "2 of 3 engines are ready"));
    ck_assert_ptr_nonnull(strstr(error.text, "engine 1 is not"));
    supervisor_destroy(&supervisor);
    ck_assert(access(paths_of_default().directory, F_OK));
    ck_assert(access(paths_of_default().shm, F_OK));
}
END_TEST

static bool is_recorded(const void *context)
{
    ipc_auto(record_destroy) record_t *record = cluster_find(NULL, NULL, NULL);
    return record && record->nannies[1].pid;
}

START_TEST(an_interrupted_start_leaves_nothing)
{
    setenv("FAKE_IPENGINE", "silent", 1);
    ipc_paths_t paths = paths_of_default();
    ck_assert_int_eq(ipc_private_directory(paths.directory, NULL), 0); // to be watched
    FILE *output;
    pid_t pid = start_in_foreground(&output);
    wait_for(paths.directory, is_recorded, NULL);
    record_t *record = running();
    kill(pid, SIGTERM);
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    expect_nothing_left(record);
    record_destroy(&record);
    fclose(output);
}
END_TEST

START_TEST(a_detached_start_that_nobody_waits_for_is_given_up)
{
    setenv("FAKE_IPENGINE", "silent", 1);
    ipc_paths_t paths = paths_of_default();
    ck_assert_int_eq(ipc_private_directory(paths.directory, NULL), 0);
    pid_t pid = fork();
    if (pid == 0) {
        execl(ipcluster(), ipcluster(), "start", "-n", "2", "--daemonize", NULL);
        _exit(127);
    }
    wait_for(paths.directory, is_recorded, NULL);
    record_t *record = running();
    ck_assert_int_ne(record->supervisor.pid, pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ck_assert(process_end(&record->supervisor, 0, DEADLINE_MS));
    expect_nothing_left(record);
    record_destroy(&record);
}
END_TEST

START_TEST(what_tasks_detached_is_ended_with_the_cluster)
{
    setenv("FAKE_IPENGINE", "child", 1);
    expect(0, "1 engine ready", "$C start -n 1 --daemonize");
    record_t *record = running();
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int) record->nannies[0].pid,
             (int) record->nannies[0].pid);
    FILE *file = fopen(path, "r");
    ck_assert(file && fgets(text, sizeof text, file));
    fclose(file);
    process_t detached = process_of((pid_t) strtol(text, NULL, 10));
    ck_assert(process_lives(&detached));
    expect(0, "stopped", "$C stop");
    ck_assert(!process_lives(&detached));
    expect_nothing_left(record);
    record_destroy(&record);
}
END_TEST

START_TEST(closed_standard_streams_do_no_harm)
{
    char text[TEXT];
    ck_assert_int_eq(run(text, "$C start -n 2 --daemonize <&- >&- 2>&-"), 0);
    expect(0, "engine 1: ", "$C status");
    expect(1, "cannot write to standard output", "$C list >/dev/full");
    expect(0, "stopped", "$C stop");
}
END_TEST

//  As of `ipcluster tasks | head`: the FIFO has no reader any more.
START_TEST(a_reader_that_has_seen_enough_is_told_nothing)
{
    char text[TEXT];
    ck_assert_int_eq(run(text, "f=$(mktemp -u) && mkfifo $f && exec 3<>$f 4>$f 3<&- && rm $f && $C --help >&4"), 1);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_directory_open_to_others_is_refused)
{
    expect(1, "is open to others (mode 0755): close it with 'chmod go= ",
           "export XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR/a; mkdir -m 700 $XDG_RUNTIME_DIR; "
           "mkdir -m 755 $XDG_RUNTIME_DIR/ipc; $C start -n 1");
    expect(1, "is no directory but a link",
           "export XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR/b; mkdir -m 700 $XDG_RUNTIME_DIR; "
           "ln -s / $XDG_RUNTIME_DIR/ipc; $C start -n 1");
}
END_TEST

START_TEST(a_cluster_can_be_started_from_a_program)
{
    expect(0, "", "P=$XDG_RUNTIME_DIR/all; mkdir $P; ln -s $C $IPC_PROGRAM_PATH/* $P");
    char programs[IPC_PATH_MAX];
    snprintf(programs, sizeof programs, "%s/all", getenv("XDG_RUNTIME_DIR"));
    setenv("IPC_PROGRAM_PATH", programs, 1);
    ipc_error_t error;
    int started = cluster_start("default", "mine", 2, &error);
    ck_assert_msg(started == 0, "%s", started ? error.text : "");
    ck_assert_int_eq(cluster_start("default", "mine", 2, &error), -1);
    ck_assert_ptr_nonnull(
        strstr(error.text, "a cluster runs already (profile default, cluster id \"mine\""));
    record_t *record = cluster_find("default", "mine", &error);
    ck_assert_int_eq(cluster_stop(record, &error), 0);
    expect_nothing_left(record);
    record_destroy(&record);
}
END_TEST

START_TEST(the_scheme_and_the_window_of_a_cluster_are_shown)
{
    expect(0, "1 engine ready", "$C start -n 1 --daemonize");
    expect(0, "scheduling: leastload, balanced tasks at an engine by its pace", "$C status");
    expect(0, "stopped", "$C stop");
    expect(0, "1 engine ready", "$C start -n 1 --daemonize --scheme twobin --hwm 1");
    expect(0, "scheduling: twobin, at most 1 balanced task at an engine", "$C status");
    expect(0, "\"scheme\": \"twobin\"", "$C status --json");
    expect(0, "\"hwm\": 1", "$C status --json");
    expect(0, "stopped", "$C stop");
}
END_TEST

static const struct usage {
    const char *arguments, *words;
} usages[] = {
    {"", "no command is given"},
    {"strat", "there is no command \"strat\"; the nearest is \"start\""},
    {"statsu", "the nearest is \"status\""},
    {"start -n 0", "-n takes a number of engines from 1 to 1024, not \"0\""},
    {"start -n 1025", "1024"},
    {"start -n 4x", "\"4x\""},
    {"start -n", "-n needs a value"},
    {"start --scheme lur", "--scheme takes leastload, lru, random, twobin or weighted, not \"lur\""},
    {"start --scheme", "--scheme needs a value"},
    {"start --hwm -1", "--hwm takes a number of tasks from 0 to 1000000, not \"-1\""},
    {"start --hwm 1000001", "\"1000001\""},
    {"start --hwm one", "\"one\""},
    {"stop --scheme lru", "'ipcluster stop' takes no"},
    {"start --foo", "there is no option --foo"},
    {"start 4", "'ipcluster start' takes no \"4\""},
    {"stop --json", "'ipcluster stop' takes no --json"},
    {"--profile x start", "the command comes first"},
    {"start --profile 'a b'", "the profile \"a b\" has characters other than letters"},
    {"stop --cluster-id ../../x",
     "the cluster id \"../../x\" has characters other than letters"},
};

START_TEST(wrong_usage_is_told_in_one_sentence)
{
    char command[TEXT], text[TEXT];
    snprintf(command, sizeof command, "$C %s", usages[_i].arguments);
    expect(2, usages[_i].words, command);
    run(text, command);
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

#define COUNT(array) ((int) (sizeof(array) / sizeof(array)[0]))

static TCase *make_tests(void)
{
    TCase *tests = tcase_create("ipcluster");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, stop_all);
    tcase_add_test(tests, a_cluster_starts_and_stops_and_leaves_nothing);
    tcase_add_test(tests, a_second_start_is_refused_and_another_id_is_not);
    tcase_add_loop_test(tests, a_signal_stops_a_cluster_in_the_foreground, 0,
                        COUNT(stop_signals));
    tcase_add_test(tests, a_second_signal_ends_the_patience);
    tcase_add_test(tests, after_a_kill_of_everything_the_next_start_cleans_up);
    tcase_add_test(tests, after_a_kill_of_the_supervisor_the_next_start_ends_its_children);
    tcase_add_test(tests, clean_removes_what_dead_clusters_left_and_nothing_else);
    tcase_add_test(tests, a_killed_engine_and_a_killed_controller_are_started_again);
    tcase_add_test(tests, an_engine_that_dies_again_and_again_is_told_once_and_tried_later);
    tcase_add_loop_test(tests, a_start_that_fails_says_why_and_leaves_nothing, 0,
                        COUNT(failing));
    tcase_add_test(tests, a_missing_program_is_named);
    tcase_add_test(tests, a_program_that_cannot_run_is_named);
    tcase_add_test(tests, an_engine_that_is_never_ready_is_named_after_the_deadline);
    tcase_add_test(tests, an_interrupted_start_leaves_nothing);
    tcase_add_test(tests, a_detached_start_that_nobody_waits_for_is_given_up);
    tcase_add_test(tests, what_tasks_detached_is_ended_with_the_cluster);
    tcase_add_test(tests, closed_standard_streams_do_no_harm);
    tcase_add_test(tests, a_reader_that_has_seen_enough_is_told_nothing);
    tcase_add_test(tests, a_directory_open_to_others_is_refused);
    tcase_add_test(tests, a_cluster_can_be_started_from_a_program);
    tcase_add_test(tests, the_scheme_and_the_window_of_a_cluster_are_shown);
    tcase_add_loop_test(tests, wrong_usage_is_told_in_one_sentence, 0, COUNT(usages));
    return tests;
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/ipc-test-XXXXXX";
    char *program = argc == 2 ? realpath(argv[1], NULL) : NULL;
    if (!program || !mkdtemp(directory))
        return 2;
    setenv("TEST_IPCLUSTER", program, 1);
    free(program);
    setenv("XDG_RUNTIME_DIR", directory, 1);
    unsetenv("IPC_PROFILE");
    unsetenv("IPC_CLUSTER_ID");
    unsetenv("IPC_CONNECTION_FILE");
    int failed = run_suite("launch", make_tests());
    ipc_remove_tree(directory);
    return failed;
}
